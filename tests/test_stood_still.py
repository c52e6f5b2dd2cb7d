"""A process that was stopped and goes on: nobody is said to be late whose words came meanwhile.

The loop is held up for longer than a limit, as SIGSTOP would; what a client or server says meanwhile comes into the
kernel. uvloop runs its timers first then, and reads afterwards.
"""

import asyncio
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress

import pytest
import uvloop

from devgw.clock import SystemClock
from devgw.gateway.patience import Patience
from devgw.gateway.transport import Timing, TransportSettings, UpstreamRequest
from devgw.outbound.client import Bounds, http_client
from devgw.outbound.proxy import ProxyClient
from devgw.problems import Refused
from devgw.problems.limit import AnswerUnfinished
from devgw.tasks import Allowance, PatientTimeout, stood_still
from devgw.web.client_connection import ClientConnection

LIMIT = 4.0
"""Seconds that a busy machine does not take for what is said here."""
STILL = 6.0
"""For which nothing goes on: more than any limit here."""
LOOPS = [asyncio.run, uvloop.run]
HEAD = b"POST /%s HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n"
BODY = b'{"a":1}'
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 7\r\n\r\n"


def stand_still() -> None:
    """Hold up the loop."""
    time.sleep(STILL)


class Server:
    """A server in a thread of its own: it reads a request, says a part of its answer, and the rest when it is told."""

    def __init__(self, first: bytes, rest: bytes) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/mcp"
        self.has_begun, self.go_on = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._serve, args=(first, rest))
        self._thread.start()

    def _serve(self, first: bytes, rest: bytes) -> None:
        connection, _ = self._listener.accept()
        connection.settimeout(60)
        with connection, suppress(OSError):
            connection.recv(65_536)
            connection.sendall(first)
            self.has_begun.set()
            self.go_on.wait(60)
            connection.sendall(rest)

    def close(self) -> None:
        self.go_on.set()
        self._listener.close()
        self._thread.join(60)


async def through_the_proxy(url: str) -> bytes:
    """Ask as a client's call is passed on."""
    limits = TransportSettings(LIMIT, LIMIT, silence_timeout=LIMIT, whole_timeout=2 * LIMIT)
    client = ProxyClient(SystemClock(), limits)
    answer = await client.open(UpstreamRequest("POST", url, [(b"host", b"x")], b"{}"), Timing())
    content = b""
    while piece := await answer.read_in_time():
        content += piece
    answer.abort()
    return content


async def as_our_own(url: str) -> bytes:
    """Ask as for a document of ours."""
    async with http_client(Bounds(seconds=LIMIT, silence=LIMIT)) as client:
        return (await client.get(url)).content


async def until_begun(servers: list[Server]) -> None:
    async with asyncio.timeout(60):
        while not all(each.has_begun.is_set() for each in servers):
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)  # so that what they said is read


@pytest.mark.parametrize("loop", LOOPS, ids=["asyncio", "uvloop"])
def test_an_answer_that_came_while_nothing_went_on_is_taken(loop: Callable[..., list[bytes]]) -> None:
    """Whether its head had come, a part of its body, or nothing."""
    whole, cuts = ANSWER + BODY, (0, len(ANSWER), len(ANSWER) + 3)
    servers = [Server(whole[:cut], whole[cut:]) for cut in cuts * 2]
    asks = [through_the_proxy] * len(cuts) + [as_our_own] * len(cuts)

    async def main() -> list[bytes]:
        asking = asyncio.gather(*(ask(server.url) for ask, server in zip(asks, servers, strict=True)))
        await until_begun(servers)
        for server in servers:
            server.go_on.set()
        stand_still()
        return await asking

    try:
        assert loop(main()) == [BODY] * len(servers)
    finally:
        for server in servers:
            server.close()


def test_an_answer_that_does_not_come_then_either_is_unfinished() -> None:
    server = Server(ANSWER, b"")

    async def main() -> None:
        asking = asyncio.ensure_future(through_the_proxy(server.url))
        await until_begun([server])
        stand_still()
        with pytest.raises(Refused) as refused:
            await asking
        assert refused.value.problem == AnswerUnfinished(server.url, LIMIT, 0, is_silent=True)

    try:
        uvloop.run(main())
    finally:
        server.close()


async def test_a_request_whose_rest_came_while_the_process_was_stopped_is_answered() -> None:
    halves = {
        "head": ((HEAD % b"head")[:20], (HEAD % b"head")[20:] + b"\r\nabcd"),
        "body": (HEAD % b"body" + b"\r\nab", b"cd"),
        "idle": (b"", HEAD % b"idle" + b"\r\nabcd"),
    }
    command = [sys.executable, "-m", "tests.support.short_limits", str(STILL)]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    async with asyncio.timeout(90):
        port = int(await process.stdout.readline())
        clients = {name: await asyncio.open_connection("127.0.0.1", port) for name in halves}
        for name, (_, writer) in clients.items():
            writer.write(halves[name][0])
        await asyncio.sleep(1.3)  # so that they are read, and looked at
        process.send_signal(signal.SIGSTOP)
        await asyncio.sleep(STILL)
        for name, (_, writer) in clients.items():
            writer.write(halves[name][1])
        await asyncio.sleep(0.5)
        process.send_signal(signal.SIGCONT)
        for name, (reader, writer) in clients.items():
            assert (await reader.readline()).startswith(b"HTTP/1.1 200"), name
            writer.close()
        process.terminate()
        await process.wait()


# --- the parts ---


class Moments:
    """The part of a loop that tells the time."""

    now = 100.0

    def time(self) -> float:
        return self.now


def test_a_connection_counts_for_nothing_what_passed_and_not_what_began_since() -> None:
    """Else what it waits for could last once more as long as nothing went on."""
    loop = Moments()
    connection = ClientConnection(None, loop, None, None, {}, None, None)
    connection.forgive(3_599.0, 3_700.0)
    assert (connection.idle_since, connection.heard_at) == (3_699.0, 3_699.0)

    loop.now = connection.heard_at = connection.idle_since = 3_700.0
    fresh = ClientConnection(None, loop, None, None, {}, None, None)
    for each in (connection, fresh):
        each.forgive(3_599.0, 3_700.5)
        moments = [value for name, value in vars(each).items() if name.endswith(("_at", "_since", "_seen"))]
        assert len(moments) == 6
        assert max(moments) == 3_700.5
    assert (fresh.idle_since, fresh.heard_at) == (3_700.5, 3_700.5)


@pytest.mark.parametrize(("begun", "counts_from"), [(150.0, 150.0), (250.0, 3_700.0)])
def test_of_heads_only_the_one_that_was_coming_gets_that_time_back(begun: float, counts_from: float) -> None:
    """One of a request before, whose answer has ended since, is of none that may still come."""
    connection = ClientConnection(None, Moments(), None, None, {}, None, None)
    connection.idle_since, connection._head_seen = 200.0, begun
    connection.forgive(3_590.0, 3_700.0)
    assert connection._head_seen == counts_from


async def test_a_wait_ends_once_its_shortest_allowance_is_spent() -> None:
    short, long = Allowance(0.05), Allowance(60)
    with pytest.raises(TimeoutError):
        async with PatientTimeout(short, long):
            await asyncio.Event().wait()
    assert (short.is_spent, long.is_spent) == (True, False)
    with pytest.raises(TimeoutError):
        async with PatientTimeout(short):
            await asyncio.Event().wait()


async def test_waits_that_share_an_allowance_spend_it_together() -> None:
    whole, waits = Allowance(0.3), 0
    with suppress(TimeoutError):
        while waits < 100:
            async with PatientTimeout(Allowance(60), whole):
                await asyncio.sleep(0.05)
            waits += 1
    assert 0 < waits <= 6


async def test_a_wait_that_is_cancelled_is_no_late_one() -> None:
    async def wait() -> None:
        async with PatientTimeout(Allowance(60)):
            await asyncio.Event().wait()

    waiting = asyncio.ensure_future(wait())
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_a_fault_in_a_wait_is_that_fault() -> None:
    with pytest.raises(LookupError):
        async with PatientTimeout(Allowance(60)):
            raise LookupError


async def test_a_reminder_comes_later_by_as_long_as_nothing_went_on() -> None:
    patience, called = Patience(1.0, 0.25), asyncio.Event()
    loop = asyncio.get_running_loop()
    began = loop.time()
    patience.remind(loop, called.set)
    await asyncio.sleep(0.25)
    time.sleep(1.5)  # noqa: ASYNC251  so that the loop stands still
    async with asyncio.timeout(20):
        await called.wait()
    assert loop.time() - began >= 1.5 + 0.75


@pytest.mark.parametrize(("late", "still"), [(0.0, 0.0), (-1.0, 0.0), (0.4, 0.0), (0.6, 0.6), (60.0, 60.0)])
def test_a_timer_that_is_a_little_late_tells_of_a_busy_machine_alone(late: float, still: float) -> None:
    assert stood_still(late) == still
