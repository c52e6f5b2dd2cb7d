"""A redirect URI on this machine: a listener that lives until the browser came back with what it was sent for."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from urllib.parse import parse_qs, urlsplit

_HEAD_SECONDS = 10.0
_PAGE = (
    "HTTP/1.1 {} OK\r\ncontent-type: text/html; charset=utf-8\r\nconnection: close\r\n\r\n"
    "<!doctype html><html lang=en><title>devgw</title><h1>{}</h1><p>{}"
)
_NO_REQUEST = (
    OSError,
    ValueError,
    IndexError,
    TimeoutError,
    asyncio.IncompleteReadError,
    asyncio.LimitOverrunError,
)
"""What comes of bytes that are no request, or one without end: any program of this machine may send them."""
Answer = dict[str, str]


class BrowserCallback:
    """Takes what a browser brings to one path, the first that is wanted; everything else is answered and forgotten."""

    def __init__(self) -> None:
        self.port = 0
        self.path = "/callback"
        self.title = "Back at devgw"
        self.wants: Callable[[Answer], bool] = bool
        """Tells whether an answer is the one that is waited for; another page may send any."""
        self._arrived: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()

    async def answer(self, seconds: float) -> Answer:
        """Return what the browser brought.

        Raises:
            TimeoutError: where it did not come back in time.
        """
        return await asyncio.wait_for(asyncio.shield(self._arrived), seconds)

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request."""
        with contextlib.suppress(*_NO_REQUEST):
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), _HEAD_SECONDS)
            is_taken = self._keep(head.split(b"\r\n", 1)[0].decode("latin-1").split(" ")[1])
            words = (200, self.title, "The answer has arrived; you can close this window.")
            writer.write(_PAGE.format(*(words if is_taken else (404, "Nothing here", ""))).encode())
            await writer.drain()
        writer.close()

    def _keep(self, target: str) -> bool:
        parts = urlsplit(target)
        found = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.path != self.path or not self.wants(found):
            return False
        if not self._arrived.done():
            self._arrived.set_result(found)
        return True


@asynccontextmanager
async def browser_callback() -> AsyncIterator[BrowserCallback]:
    """Listen on a free port of both loopback families, as far as there are two, while the block runs."""
    callback = BrowserCallback()
    async with contextlib.AsyncExitStack() as servers:
        server = await servers.enter_async_context(await asyncio.start_server(callback.take, "127.0.0.1", 0))
        callback.port = server.sockets[0].getsockname()[1]
        with contextlib.suppress(OSError):  # localhost may be either of the two to a browser
            await servers.enter_async_context(await asyncio.start_server(callback.take, "::1", callback.port))
        yield callback
