"""Who watches is judged by what it did, and not by what the machine gave it."""

import asyncio
import os
import signal
import sys
import threading
import time
from collections.abc import Callable

import pytest

from devgw.clock import Clock, SystemClock, ThreadTime
from devgw.events import Bus
from devgw.events.taxonomy import McpAuthConsentDenied

SECONDS = 0.15
"""Longer than what counts as slow."""


def sleeps(_clock: Clock) -> None:
    time.sleep(SECONDS)


def computes(clock: Clock) -> None:
    until = clock.thread_time().computed + SECONDS * 1e9
    while clock.thread_time().computed < until:
        pass


def waits_for_nothing(_clock: Clock) -> None:
    threading.Event().wait(SECONDS)


def waits_for_a_lock(_clock: Clock) -> None:
    lock = threading.Lock()
    lock.acquire()
    threading.Timer(SECONDS, lock.release).start()
    lock.acquire()


@pytest.mark.parametrize("slow", [sleeps, computes, waits_for_nothing, waits_for_a_lock])
def test_who_holds_up_the_loop_again_and_again_is_set_aside(slow: Callable[[Clock], None]) -> None:
    clock, seen = SystemClock(), list[int]()
    bus = Bus(clock)

    def observer(_published: object) -> None:
        seen.append(0)
        slow(clock)

    bus.listen(observer, "painter")
    for _ in range(12):
        bus.publish(McpAuthConsentDenied())
        bus.drain()
    assert list(bus.fitness.set_aside) == ["observer painter"]
    assert 3 <= len(seen) < 12, "more only where the system tells of a wait that there was not"


@pytest.mark.skipif(sys.platform != "linux", reason="others do not tell who waits for a processor")
@pytest.mark.parametrize("how", ["queued", "stopped"])
async def test_who_was_given_no_processor_is_not_set_aside(how: str) -> None:
    """A busy machine, a quota, SIGSTOP: else nobody would watch for the rest of the gateway's life."""
    command = [sys.executable, "-m", "tests.events.starved", how]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    async with asyncio.timeout(60):
        waking = asyncio.ensure_future(_wake(process.pid))
        told = await process.communicate()
        waking.cancel()
    assert told[0].decode().strip() == "set aside: nobody"


async def _wake(pid: int) -> None:
    """Let a process go on each time it has been stopped for a while."""
    while True:
        await asyncio.sleep(SECONDS)
        os.kill(pid, signal.SIGCONT)


MILLISECOND = 1_000_000
BEFORE = ThreadTime(computed=5 * MILLISECOND, others=7 * MILLISECOND, queued=9 * MILLISECOND, pauses=3)


@pytest.mark.parametrize(
    ("computed", "others", "queued", "pauses", "own"),
    [
        (150, 0, 0, 0, 150),
        (30, 0, 120, 0, 30),
        (30, 0, 0, 0, 30),
        (1, 0, 0, 1, 150),
        (1, 0, 140, 1, 10),
        (30, 115, 0, 9, 35),
        (120, 80, 50, 9, 120),
        (170, 0, 0, 1, 150),
    ],
    ids=[
        *("computes", "preempted", "taken by the machine below", "sleeps", "sleeps a little on a busy machine"),
        *("waits for other threads", "computes beside others", "no more than what passed"),
    ],
)
def test_what_is_a_threads_own_of_the_time_that_passed(
    computed: int, others: int, queued: int, pauses: int, own: int
) -> None:
    after = ThreadTime(
        BEFORE.computed + computed * MILLISECOND,
        BEFORE.others + others * MILLISECOND,
        BEFORE.queued + queued * MILLISECOND,
        3 + pauses,
    )
    assert after.own_since(BEFORE, 150 * MILLISECOND) == own * MILLISECOND


def test_where_the_system_tells_nothing_all_time_is_ones_own() -> None:
    assert ThreadTime(computed=1).own_since(ThreadTime(), 150) == 150
