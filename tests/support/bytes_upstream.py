"""An upstream of plain bytes: each request is answered by a coroutine that writes to the socket itself.

For answers that no framework would give: cut off, malformed, one byte at a time. `async with bytes_upstream(answer)`.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field


@dataclass
class Seen:
    """One request as it came over the wire."""

    line: str
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        """Return a header's value by its lower-case name."""
        return next((value for key, value in self.headers if key == name), None)


Answer = Callable[[Seen, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class BytesUpstream:
    """What was asked, over how many connections, and how many of those have ended."""

    url: str = ""
    seen: list[Seen] = field(default_factory=list)
    connections: int = 0
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a connection was closed by the other side."""
    closed: int = 0
    """How many were."""


def response(body: bytes, *, status: str = "200 OK", content_type: str = "application/json", more: str = "") -> bytes:
    """Return an ordinary answer."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n{more}\r\n"
    return head.encode() + body


@asynccontextmanager
async def bytes_upstream(answer: Answer, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[BytesUpstream]:
    """Serve `answer` on a free port while the block runs."""
    upstream = BytesUpstream()
    tasks: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        upstream.connections += 1
        inbox = asyncio.StreamReader()
        pump = asyncio.ensure_future(_pump(reader, inbox, upstream))
        # A task that ends cancelled is reported by asyncio's streams as a failure, on 3.11.
        with suppress(asyncio.IncompleteReadError, asyncio.CancelledError):
            try:
                while not writer.is_closing():
                    seen = await _read(inbox)
                    upstream.seen.append(seen)
                    await answer(seen, writer)
            except ConnectionError:  # met while writing, which may be before the pump sees it
                upstream.ended.set()
        writer.close()
        pump.cancel()

    server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=tls)
    upstream.url = f"http{'s' if tls else ''}://127.0.0.1:{server.sockets[0].getsockname()[1]}/mcp"
    try:
        yield upstream
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _read(reader: asyncio.StreamReader) -> Seen:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    line, *lines = head.removesuffix("\r\n\r\n").split("\r\n")
    headers = [(name.lower(), value.strip()) for name, _, value in (each.partition(":") for each in lines)]
    length = int(next((value for name, value in headers if name == "content-length"), "0"))
    return Seen(line, headers, await reader.readexactly(length))


async def _pump(reader: asyncio.StreamReader, inbox: asyncio.StreamReader, upstream: BytesUpstream) -> None:
    """Read all the time, so that a connection that is closed in the middle of an answer is noticed."""
    with suppress(ConnectionError):
        while piece := await reader.read(65_536):
            inbox.feed_data(piece)
    upstream.ended.set()
    upstream.closed += 1
    inbox.feed_eof()
