"""Servers that mean no good, byte by byte: `async with hostile(answer) as served:`."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

Speak = Callable[[asyncio.StreamWriter], Awaitable[None]]
OK = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"


@dataclass
class Hostile:
    """A server, and what it was sent."""

    origin: str
    connections: int = 0
    received: bytes = b""
    writers: list[asyncio.StreamWriter] = field(default_factory=list)


@asynccontextmanager
async def hostile(speak: Speak, host: str = "127.0.0.1") -> AsyncIterator[Hostile]:
    """Answer each request by `speak`, as long as the block runs and the other side listens."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served.connections += 1
        served.writers.append(writer)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            served.received += await reader.readuntil(b"\r\n\r\n")
            await speak(writer)
            await writer.drain()
            writer.close()

    server = await asyncio.start_server(answer, host, 0)
    name = f"[{host}]" if ":" in host else host
    served = Hostile(f"http://{name}:{server.sockets[0].getsockname()[1]}")
    try:
        yield served
    finally:
        server.close()
        for writer in served.writers:
            writer.transport.abort()


def says(content: bytes) -> Speak:
    """Return what sends `content` and closes."""

    async def speak(writer: asyncio.StreamWriter) -> None:
        writer.write(content)

    return speak


def repeats(first: bytes, again: bytes, every: float = 0.0) -> Speak:
    """Return what sends `first`, and then `again` for ever, waiting `every` seconds between."""

    async def speak(writer: asyncio.StreamWriter) -> None:
        writer.write(first)
        while True:
            await writer.drain()
            await asyncio.sleep(every)
            writer.write(again)

    return speak


def hangs(first: bytes = b"") -> Speak:
    """Return what sends `first`, and then nothing, without closing."""
    return repeats(first, b"", 3600)
