"""Helpers may die; they are started again, Health says how they are, and nothing else notices."""

import asyncio
import contextlib
import errno
import os
import socket
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx2
import pytest

from devgw.clock import SystemClock
from devgw.entropy import token
from devgw.events import Bus
from devgw.events.taxonomy import HelperStateChanged
from devgw.files import FileRefused
from devgw.monitor.book import Count
from devgw.monitor.event_words import sentence
from devgw.monitor.health import Health
from devgw.monitor.monitor import Monitor
from devgw.monitor.views import CheckRow
from devgw.monitor.watching import Watching
from devgw.platforms.here import here
from devgw.settings import Settings
from devgw.wiring.cause import cause_of
from devgw.wiring.companions import WORKOS
from devgw.wiring.stopping import EssentialEnded
from devgw.wiring.supervisor import RestartPace, Supervisor
from tests.support.gateway import running_gateway
from tests.support.heard import Heard

QUICK = RestartPace(first=0.01, longest=0.04, settles=0.05)


class Bench:
    """A supervisor whose Health and events can be looked at."""

    def __init__(self) -> None:
        clock = SystemClock()
        bus = Bus(clock)
        self.health = Health(Count())
        self.heard = Heard(bus)
        self.supervisor = Supervisor(bus, clock, self.health, QUICK)

    def row(self, name: str) -> CheckRow | None:
        return next((each for each in self.health.look().checks if each.name == name), None)

    def state(self, name: str) -> str:
        row = self.row(name)
        return row.state if row else "not there"

    @property
    def told(self) -> list[HelperStateChanged]:
        return [each for each in self.heard.events if isinstance(each, HelperStateChanged)]

    def states(self) -> list[str]:
        return [each.state for each in self.told]


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    bench = Bench()
    yield bench
    await bench.supervisor.close()


async def until(is_so: Callable[[], bool], seconds: float = 20.0) -> None:
    """Wait until something is so, or fail."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.005)


async def test_what_fails_is_started_again_and_recovery_clears_it(bench: Bench) -> None:
    attempts = 0

    async def begin() -> None:
        nonlocal attempts
        attempts += 1
        if attempts < 3:
            raise OSError(errno.ENOSPC, "No space left on device", "/x/devgw.db")
        await asyncio.Event().wait()

    bench.supervisor.start("one", begin)
    assert bench.state("one") == "ok"
    await until(lambda: bench.state("one") == "warning")
    row = bench.row("one")
    assert row is not None
    assert row.text == "is started again: No space left on device (/x/devgw.db)"
    assert row.fix.startswith("Free space")
    await until(lambda: bench.state("one") == "ok")
    assert (attempts, bench.states()) == (3, ["waiting", "running"])


async def test_what_fails_again_and_again_is_down_is_told_once_and_still_tried(bench: Bench) -> None:
    attempts = 0

    async def begin() -> None:
        nonlocal attempts
        attempts += 1
        raise ValueError("no such thing")

    bench.supervisor.start("one", begin)
    await until(lambda: attempts > 5)
    assert bench.states() == ["waiting", "down"]
    assert bench.state("one") == "bad"
    assert "ValueError at tests.wiring.test_supervisor:" in (bench.told[1].explanation or "")


async def test_one_that_runs_well_and_fails_now_and_then_is_never_down(bench: Bench) -> None:
    """What was wrong before it settled counts no more: it is started again as soon as at the first time."""
    attempts = 0

    async def begin() -> None:
        nonlocal attempts
        attempts += 1
        await asyncio.sleep(QUICK.settles * 2)
        raise ValueError

    bench.supervisor.start("one", begin)
    await until(lambda: attempts > 5)
    assert bench.states()[:8] == ["waiting", "running"] * 4


async def test_one_that_works_with_a_limit_keeps_it_until_it_is_told_that_it_is_over(bench: Bench) -> None:
    bench.supervisor.start("one", asyncio.Event().wait)  # type: ignore[arg-type]  # what it returns is looked at by nobody
    bench.supervisor.limit("one", cause_of(OSError(errno.EMFILE, "Too many open files")))
    await asyncio.sleep(QUICK.settles * 3)
    assert (bench.states(), bench.state("one")) == (["limited"], "warning")
    bench.supervisor.limit("one", None)
    assert (bench.states(), bench.state("one")) == (["limited", "running"], "ok")


async def test_waits_double_up_to_the_longest() -> None:
    pace = RestartPace(first=1, longest=10)
    assert [pace.wait(each) for each in (1, 2, 3, 4, 5, 500)] == [1, 2, 4, 8, 10, 10]


@pytest.mark.parametrize(
    "error", [RuntimeError(), SystemExit(3), asyncio.CancelledError(), ExceptionGroup("", [OSError()])]
)
async def test_whatever_a_helper_raises_concerns_nobody_else(bench: Bench, error: BaseException) -> None:
    async def begin() -> None:
        raise error

    async def other() -> None:
        await asyncio.Event().wait()

    bench.supervisor.start("two", other)
    bench.supervisor.start("one", begin)
    await until(lambda: bench.state("one") == "bad")
    assert bench.state("two") == "ok"


async def test_one_whose_task_somebody_cancelled_is_started_again(bench: Bench) -> None:
    begun: list[asyncio.Task[None] | None] = []

    async def begin() -> None:
        begun.append(asyncio.current_task())
        await asyncio.Event().wait()

    bench.supervisor.start("one", begin)
    await until(lambda: len(begun) == 1)
    assert begun[0] is not None
    begun[0].cancel()
    await until(lambda: bench.state("one") == "warning")
    await until(lambda: len(begun) == 2)
    await until(lambda: bench.state("one") == "ok")
    await bench.supervisor.close()
    await asyncio.sleep(QUICK.longest * 2)
    assert len(begun) == 2


async def test_watching_of_which_one_half_ended_ends_as_a_whole_so_that_it_is_started_again(bench: Bench) -> None:
    clock = SystemClock()
    bus = Bus(clock)
    before = asyncio.all_tasks()
    watching = asyncio.ensure_future(Watching(bus, Monitor(clock, Settings(), bus)).run())
    await asyncio.sleep(0)
    half, other = asyncio.all_tasks() - before - {watching}
    half.cancel()
    with pytest.raises(RuntimeError, match="half"):
        await asyncio.wait_for(watching, 5)
    assert other.done()


async def test_one_that_came_to_its_end_is_out_of_health_and_one_that_is_stopped_too(bench: Bench) -> None:
    async def brief() -> None:
        await asyncio.sleep(0)

    async def failing() -> None:
        raise OSError

    bench.supervisor.start("brief", brief)
    await until(lambda: bench.state("brief") == "not there")
    bench.supervisor.start("failing", failing)
    await until(lambda: bench.state("failing") == "bad")
    await bench.supervisor.stop("failing")
    assert bench.state("failing") == "not there"
    assert bench.states()[-1] == "stopped"
    bench.supervisor.start("failing", brief)  # the name is free again


async def test_one_that_ignores_its_cancellation_does_not_hold_up_the_end() -> None:
    bench, stubborn = Bench(), True

    async def begin() -> None:
        while stubborn:
            try:
                await asyncio.sleep(0.05)
            except asyncio.CancelledError:
                continue

    bench.supervisor.start("stubborn", begin)
    await asyncio.sleep(0)
    began = time.monotonic()
    assert await bench.supervisor.close(within=0.1) == ("stubborn",)
    assert time.monotonic() - began < 1
    stubborn = False


async def test_one_piece_of_work_that_fails_stands_in_health_until_the_next_succeeds(bench: Bench) -> None:
    async def work(error: Exception | None) -> None:
        await asyncio.sleep(0)
        if error:
            raise error

    bench.supervisor.once("work", work(KeyError("x")))
    await until(lambda: bench.state("work") == "warning")
    bench.supervisor.once("work", work(KeyError("x")))
    bench.supervisor.once("work", work(ZeroDivisionError()))
    await until(lambda: "ZeroDivisionError" in bench.row("work").text)  # type: ignore[union-attr]
    assert bench.states() == ["failed", "failed"], "the same failure is told once, another one anew"
    bench.supervisor.once("work", work(None))
    await until(lambda: bench.state("work") == "not there")
    assert bench.states() == ["failed", "failed", "done"]


@pytest.mark.parametrize(
    ("error", "fix"),
    [
        (OSError(errno.ENOSPC, "full"), "Free space on that disk."),
        (OSError(errno.EMFILE, "too many"), here().how_to_open_more()),
        (OSError(errno.EIO, "broken"), ""),
        (FileRefused(Path("x"), "it is a link"), "Move it away."),
        (KeyError("x"), "This is a defect of devgw: report it with the words beside it."),
    ],
    ids=lambda each: type(each).__name__,
)
async def test_nobody_says_that_work_which_is_done_once_is_tried_again(
    bench: Bench, error: Exception, fix: str
) -> None:
    async def work() -> None:
        raise error

    bench.supervisor.once("work", work())
    await until(lambda: bench.state("work") == "warning")
    (told,) = bench.told
    row = bench.row("work")
    assert row is not None
    assert (row.fix, told.hint or "") == (fix, fix)
    assert "again" not in sentence(told)


def test_a_reason_names_the_file_and_no_secret() -> None:
    loop = OSError(errno.ELOOP, "Too many levels of symbolic links", "config/a\x1b[2J")
    assert cause_of(loop).reason == "Too many levels of symbolic links (config/a\\u{1b}[2J)"
    assert "remove it" in cause_of(loop).fix
    linked = cause_of(FileRefused(Path("gateway.log"), "it is a symbolic link"))
    assert (linked.reason, linked.fix) == (
        "it is a symbolic link (gateway.log)",
        "Move it away; it goes on by itself then.",
    )
    secret = token("at_")
    assert secret not in cause_of(ValueError(f"not {secret}")).reason


def take_no_more(origin: str) -> None:
    """Let the listening sockets of this process at `origin` take no more connections."""
    port = int(origin.rpartition(":")[2])
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208
        with contextlib.suppress(OSError), socket.socket(fileno=os.dup(int(name))) as copy:
            is_listening = copy.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
            if is_listening and copy.family in {socket.AF_INET, socket.AF_INET6} and copy.getsockname()[1] == port:
                copy.shutdown(socket.SHUT_RDWR)


async def test_a_gateway_whose_listener_ends_says_so_and_ends() -> None:
    async def until_its_listener_ends() -> None:
        async with running_gateway() as gateway:
            take_no_more(gateway.origin)
            await asyncio.wait_for(gateway.runtime.stopping.wait(), 5)

    with pytest.raises(ExceptionGroup) as raised:
        await until_its_listener_ends()
    (ended,) = raised.value.exceptions
    assert isinstance(ended, EssentialEnded)
    assert str(ended).startswith("devgw ends, because the public listener has ended: ")


async def test_an_emulator_that_dies_is_served_again_on_its_port() -> None:
    async with httpx2.AsyncClient() as http, running_gateway() as gateway:
        origin = gateway.runtime.companions.workos.origin
        assert (await http.get(origin)).status_code < 500
        take_no_more(origin)
        health = gateway.runtime.monitor.health

        def states() -> list[str]:
            return [each.state for each in gateway.events(HelperStateChanged) if each.helper == WORKOS]

        await until(lambda: states() == ["waiting", "running"], 10)
        assert [each.state for each in health.look().checks if each.name == WORKOS] == ["ok"]
        assert (await http.get(origin)).status_code < 500
        assert (await http.get(f"{gateway.origin}/")).status_code == 200
