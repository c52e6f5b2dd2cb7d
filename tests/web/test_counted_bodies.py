"""Many long requests to the emulators at once: what is held of all of them has the gateway's limit."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest

from devgw.clock import SystemClock
from devgw.config.sample import sample_root
from devgw.emulators.upstream import create_app as create_upstream
from devgw.emulators.upstream.asgi import BODY_LIMIT
from devgw.emulators.upstream_auth import create_app as create_with_oauth
from devgw.emulators.workos import Emulator, read_seed
from devgw.emulators.workos import create_app as create_workos
from devgw.foreign.held import HeldTogether
from devgw.limits import Limits
from devgw.web.counted_bodies import CountedBodies
from devgw.wiring.companions import MOST_BODY_BYTES, Companion, Recipe
from devgw.wiring.kept_port import KeptPort
from tests.support.serving import listen, origin_of, serve
from tests.trust.client import ACCEPT

SECONDS = 20.0
MB = 1_000_000
PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}


async def half(origin: str, path: str, size: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Send a request of `size` bytes but for its last one."""
    port = int(origin.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2 * MB)
    head = f"POST {path} HTTP/1.1\r\nHost: localhost:{port}\r\nContent-Type: application/json\r\n"
    writer.write(f"{head}Accept: */*\r\nContent-Length: {size}\r\n\r\n".encode() + b" " * (size - 1))
    return reader, writer


async def until(holds: Any) -> None:
    async with asyncio.timeout(SECONDS):
        while not holds():
            await asyncio.sleep(0.01)


@asynccontextmanager
async def counted(
    app: Any, most: int, uncounted: int = Limits.BODY_UNCOUNTED_BYTES
) -> AsyncIterator[tuple[str, HeldTogether]]:
    among = HeldTogether(most, uncounted)
    socket = listen()
    origin = origin_of(socket, "localhost")
    async with serve(CountedBodies(app, among, MOST_BODY_BYTES), on=socket):
        yield origin, among


def workos() -> Any:
    seed = read_seed(sample_root() / "emulators" / "workos.json")
    return create_workos(Emulator(seed, "http://localhost:9001"))


APPS: dict[str, tuple[Callable[[], Any], str, int]] = {
    "sample server": (lambda: create_upstream(SystemClock()), "/mcp", MB),
    "OAuth sample": (lambda: create_with_oauth(SystemClock(), "http://localhost:9003"), "/mcp", MB),
    "its server": (lambda: create_with_oauth(SystemClock(), "http://localhost:9003"), "/register", 65_000),
    "WorkOS emulator": (workos, "/user_management/authenticate", 65_000),
}


@pytest.mark.parametrize("name", APPS)
async def test_of_many_long_requests_the_longest_gives_way_by_name_and_the_others_are_answered(name: str) -> None:
    make, path, size = APPS[name]
    async with counted(make(), 3 * size, 1_000) as (origin, among):
        sent = [await half(origin, path, size - each) for each in range(8)]
        first = [asyncio.ensure_future(reader.readuntil(b"\r\n\r\n")) for reader, _ in sent]
        await until(lambda: sum(each.done() for each in first) == 5)
        assert all(each.result().startswith(b"HTTP/1.1 503") for each in first if each.done())
        assert among.total <= 3 * size
        for _, writer in sent:
            writer.write(b" ")
        heads = await asyncio.wait_for(asyncio.gather(*first), SECONDS)
        assert sum(b" 503 " in head.split(b"\r\n")[0] for head in heads) == 5
        for _, writer in sent:
            writer.close()
        await until(lambda: among.total == 0)


async def test_who_gives_way_is_told_the_limits_page_and_to_come_again() -> None:
    async with counted(create_upstream(SystemClock()), MB) as (origin, _):
        sent = [await half(origin, "/mcp", MB - 10) for _ in range(2)]
        reader = await _first_answered(sent)
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), SECONDS)
        length = int(head.lower().partition(b"content-length:")[2].split()[0])
        told = json.loads(await reader.readexactly(length))
        assert (told["status"], told["diagnosis"]) == (503, "LIMIT-41")
        assert "1,000,000" not in told["detail"]
        for _, writer in sent:
            writer.close()


async def _first_answered(sent: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]]) -> asyncio.StreamReader:
    async with asyncio.timeout(SECONDS):
        while True:
            for reader, _ in sent:
                if len(reader._buffer):  # type: ignore[attr-defined]
                    return reader
            await asyncio.sleep(0.01)


async def test_short_requests_go_on_while_others_fill_it() -> None:
    async with counted(create_upstream(SystemClock()), MB) as (origin, among), httpx2.AsyncClient(timeout=5) as http:
        sent = [await half(origin, "/mcp", MB - 10) for _ in range(4)]
        await until(lambda: among.total > MB // 2)
        for _ in range(20):
            answer = await http.post(f"{origin}/mcp", json=PING, headers=ACCEPT)
            assert answer.status_code == 200, answer.text
        for _, writer in sent:
            writer.close()


async def test_one_that_is_longer_than_any_is_told_so_by_the_emulator_itself() -> None:
    assert MOST_BODY_BYTES == BODY_LIMIT
    async with counted(create_upstream(SystemClock()), 2 * BODY_LIMIT) as (origin, _), httpx2.AsyncClient() as http:
        headers = {**ACCEPT, "content-type": "application/json"}
        answer = await http.post(f"{origin}/mcp", content=b" " * (3 * BODY_LIMIT), headers=headers)
        assert answer.status_code == 413


async def test_the_emulators_of_a_gateway_are_counted_together() -> None:
    among = HeldTogether(2 * MB, Limits.BODY_UNCOUNTED_BYTES)
    recipe = Recipe("sample server", 0, None, lambda _: create_upstream(SystemClock()), "")
    both = [Companion(recipe, KeptPort(0), among) for _ in range(2)]
    serving = [asyncio.ensure_future(each.serve()) for each in both]
    sent = [await half(each.place.origin, "/mcp", MB - 10) for each in both for _ in range(2)]
    await asyncio.wait_for(_first_answered(sent), SECONDS)
    assert among.total <= 2 * MB
    for _, writer in sent:
        writer.close()
    for each in both:
        each.close()
        each.end()
    await asyncio.gather(*serving)


async def test_a_request_that_gave_way_while_all_are_ended_is_ended_and_not_answered() -> None:
    """A server that stops cancels its requests; one that swallows that is waited for."""
    among, sent = HeldTogether(MB, 1_000), []
    coming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def hangs(_scope: Any, receive: Any, _send: Any) -> None:
        while True:
            await receive()

    async def send(message: Any) -> None:
        sent.append(message)

    request = asyncio.ensure_future(CountedBodies(hangs, among, MB)({"type": "http"}, coming.get, send))
    coming.put_nowait({"type": "http.request", "body": b" " * 600_000, "more_body": True})
    await until(lambda: among.total == 600_000)
    among.note(Nobody(), 500_000)
    request.cancel()
    with pytest.raises(asyncio.CancelledError):
        await request
    assert (sent, among.total) == ([], 500_000)


class Nobody:
    """A body that is never asked to give way."""

    def give_way(self) -> None:
        raise AssertionError
