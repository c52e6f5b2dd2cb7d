"""Raw bytes at our own server: `async with served(app) as port:`, then `say(port, bytes)`."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from devgw.web.listening import listen, serve

SECONDS = 20.0
"""Beyond this a test has failed."""


@dataclass
class Echo:
    """An app that reads a request whole, says which it was, and remembers what it saw."""

    seen: list[str] = field(default_factory=list)
    left: int = 0
    """Requests whose client was gone before their body had come."""
    gate: asyncio.Event | None = None
    """Waited for before an answer, where there is one."""
    answer_bytes: int = 0
    """Length of a body that is sent after the line."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
            return
        body, more = b"", True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.left += 1
                return
            body, more = body + message["body"], message.get("more_body", False)
        line = f"{scope['method']} {scope['path']} {body.decode()}".strip()
        self.seen.append(line)
        if self.gate is not None:
            await self.gate.wait()
        length = len(line) + self.answer_bytes
        headers = [(b"content-length", b"%d" % length)]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": line.encode() + b"x" * self.answer_bytes})


@asynccontextmanager
async def served(app: Any) -> AsyncIterator[int]:
    """Serve `app` as the gateway is served, and yield the port."""
    listeners, stopping = listen("127.0.0.1", 0), asyncio.Event()
    port = listeners.port
    async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
        tasks.create_task(serve(app, listeners, stopping))
        try:
            yield port
        finally:
            stopping.set()


async def say(port: int, data: bytes) -> bytes:
    """Send bytes and return everything that comes until the server closes."""
    async with asyncio.timeout(SECONDS):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(data)
        answer = await reader.read()
        writer.close()
    return answer


async def until(app: Echo, seen: int) -> None:
    """Wait until an app has seen so many requests."""
    async with asyncio.timeout(SECONDS):
        while len(app.seen) < seen:
            await asyncio.sleep(0.01)


async def drip(port: int, begin: bytes) -> bytes:
    """Send a beginning, then a byte every tenth of a second, and return what comes until the server closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(begin)
    reading = asyncio.ensure_future(reader.read())
    while not reading.done():
        writer.write(b"x")
        await asyncio.wait({reading}, timeout=0.1)
    writer.close()
    return reading.result()


def open_descriptors() -> int:
    """Return how many files and sockets this process has open."""
    return sum(1 for _ in Path("/proc/self/fd").iterdir())
