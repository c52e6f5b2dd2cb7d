"""From when on each time of a connection counts, and what is told at its end."""

import asyncio
import contextlib
import socket
from typing import Any

import pytest

from devgw.limits import Limits
from devgw.web.recorder import LATE
from tests.web.incoming import Echo, drip, open_descriptors, say, served, until

HEAD = b"POST /one HTTP/1.1\r\nHost: localhost\r\n"
GET = b"GET /one HTTP/1.1\r\nHost: localhost\r\n\r\n"
LAST = GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
LOOK = 1.2
"""Seconds within which every connection is looked at."""


class Listening(Echo):
    """Reads one body, and keeps what it is told from then on; it answers nothing."""

    def __init__(self) -> None:
        super().__init__(gate=asyncio.Event())
        self.told: list[Any] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await super().__call__(scope, receive, send)
            return
        while not self.told:
            message = await receive()
            self.seen += [scope["path"]] if not message.get("more_body") else []
            self.told += [message] if message["type"] == "http.disconnect" else []
        assert self.gate is not None
        await self.gate.wait()


async def test_the_idle_time_begins_anew_with_each_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Limits, "IDLE_SECONDS", 1.5)
    async with served(Echo()) as port, asyncio.timeout(20):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(5):
            writer.write(GET)
            assert b"GET /one" in await reader.readuntil(b"GET /one")
            await asyncio.sleep(0.7)
        assert await reader.read() == b""
        writer.close()


async def test_a_client_that_does_not_close_after_us_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Limits, "LINGER_SECONDS", 0.5)
    async with served(Echo()) as port, asyncio.timeout(10):
        before = open_descriptors()
        client = await asyncio.to_thread(socket.create_connection, ("127.0.0.1", port))
        client.sendall(LAST)
        while await asyncio.to_thread(client.recv, 65_536):
            pass
        while open_descriptors() > before + 1:  # the client's own
            await asyncio.sleep(0.05)
        client.close()


async def test_the_time_for_a_head_counts_from_its_own_first_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Limits, "HEAD_SECONDS", 2.5)
    async with served(Echo()) as port, asyncio.timeout(20):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(3):
            writer.write(GET[:20])
            await asyncio.sleep(LOOK)
            writer.write(GET[20:])
            assert await reader.readuntil(b"GET /one") != b""
        writer.close()


async def test_the_silence_before_a_body_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request that was sent ahead waits for the answer before it; its client had nothing to say meanwhile."""
    monkeypatch.setattr(Limits, "SILENCE_SECONDS", 2.5)
    app = Echo(gate=asyncio.Event())
    assert app.gate is not None
    async with served(app) as port, asyncio.timeout(20):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(GET + HEAD + b"Content-Length: 4\r\n\r\nbo")
        await until(app, 1)
        await asyncio.sleep(2.6)
        app.gate.set()
        await reader.readuntil(b"GET /one")
        await asyncio.sleep(LOOK)
        writer.write(b"dy")
        await reader.readuntil(b"POST /one body")
        writer.close()


async def test_a_body_that_we_do_not_read_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is in the way then is our own side."""
    monkeypatch.setattr(Limits, "SILENCE_SECONDS", 0.5)
    gate = asyncio.Event()
    inner = Echo()

    async def late(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await gate.wait()
        await inner(scope, receive, send)

    body = b"x" * 8_000_000
    async with served(late) as port, asyncio.timeout(20):
        request = HEAD + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body
        asking = asyncio.ensure_future(say(port, request))
        await asyncio.sleep(2 * LOOK + 1)
        gate.set()
        assert (await asking).startswith(b"HTTP/1.1 200 ")


async def test_a_slow_reader_that_takes_something_now_and_then_keeps_its_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Limits, "UNREAD_SECONDS", 1.5)
    size = 40_000_000
    async with served(Echo(answer_bytes=size)) as port, asyncio.timeout(20):
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=65_536)
        writer.write(GET)
        got = 0
        for _ in range(8):
            for _ in range(8):
                got += len(await reader.readexactly(400_000))
            await asyncio.sleep(0.6)
        assert got + len(await reader.readexactly(size - got)) == size
        writer.close()


async def test_an_app_that_goes_on_after_it_was_told_loses_its_client(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Limits, "SILENCE_SECONDS", 0.5)
    app = Listening()
    async with served(app) as port, asyncio.timeout(10):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HEAD + b"Content-Length: 4\r\n\r\nbo")
        with contextlib.suppress(ConnectionResetError):
            assert await reader.read() == b""
        writer.close()
        assert [each[LATE] for each in app.told] == [0.5]


async def test_the_time_that_ran_out_is_the_one_that_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Limits, "SILENCE_SECONDS", 5.0)
    monkeypatch.setattr(Limits, "BODY_SECONDS", 1.0)
    app = Listening()
    async with served(app) as port, asyncio.timeout(10):
        with contextlib.suppress(ConnectionError):
            await drip(port, HEAD + b"Content-Length: 99\r\n\r\n")
        assert [each[LATE] for each in app.told] == [1.0]


async def test_an_app_is_told_at_once_that_its_client_left() -> None:
    """Nobody waits for its answer, and an upstream need not make it."""
    app = Listening()
    async with served(app) as port, asyncio.timeout(10):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(GET)
        await until(app, 1)
        writer.close()
        while not app.told:
            await asyncio.sleep(0.01)
        assert LATE not in app.told[0]
