"""A redirect URI on this machine: a listener that lives until the browser came back with what it was sent for."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from urllib.parse import parse_qs, urlsplit

_HEAD_SECONDS = 10.0
_HEAD = (
    "HTTP/1.1 {} {}\r\ncontent-type: text/html; charset=utf-8\r\nconnection: close\r\ncache-control: no-store\r\n"
    "content-security-policy: default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'\r\n"
    "referrer-policy: no-referrer\r\nx-content-type-options: nosniff\r\n\r\n"
)
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{0}</title>
<style>{2}</style>
</head>
<body>
<main>
<h1>{0}</h1>
<p role="status">{1}</p>
</main>
<footer><p>devgw: your local MCP gateway</p></footer>
</body>
</html>
"""
_ARRIVED = (
    "✓ The answer has arrived: you can close this page. The dashboard shows each step; <code>devgw flows</code> too."
)
_NOTHING = "Nothing waits for an answer at this address, or not for this one."
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
        from devgw.web.pages import style_sheet  # noqa: PLC0415  a command that examines a server has no pages

        with contextlib.suppress(*_NO_REQUEST):
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), _HEAD_SECONDS)
            is_taken = self._keep(head.split(b"\r\n", 1)[0].decode("latin-1").split(" ")[1])
            title, text = (self.title, _ARRIVED) if is_taken else ("Nothing here", _NOTHING)
            writer.write((_HEAD.format(*((200, "OK") if is_taken else (404, "Not Found")))).encode())
            writer.write(_PAGE.format(title, text, style_sheet()).encode())
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
