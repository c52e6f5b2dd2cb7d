"""ASGI in five aliases, the shortest ways to answer, and a hold on requests that may last for ever."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


BODY_LIMIT = 4 * 1024 * 1024
"""Bytes of a request body beyond which none is read."""
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
Header = tuple[bytes, bytes]


class OpenRequests:
    """The requests being answered, so that all can be ended at once: an endless stream holds up a server's stop."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()
        self.is_closing = False

    async def hold(self, answering: Awaitable[None]) -> None:
        """Wait for one answer; when `close` ends it, its stream just stops."""
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await answering
        except asyncio.CancelledError:
            # Ours, if we are closing. Else it is the host's, and it must see it.
            if not self.is_closing:
                raise
        finally:
            self._tasks.discard(task)

    def close(self) -> None:
        """End every request at once."""
        self.is_closing = True
        for task in self._tasks:
            task.cancel()


async def answer(send: Send, status: int, content_type: str, body: bytes, extra: Iterable[Header] = ()) -> None:
    """Send one whole answer."""
    length = str(len(body)).encode()
    headers = [(b"content-type", content_type.encode()), (b"content-length", length), *extra]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def answer_text(send: Send, status: int, text: str) -> None:
    """Send `text` as plain text."""
    await answer(send, status, "text/plain; charset=utf-8", text.encode())


def is_for_loopback(scope: Scope) -> bool:
    """Tell whether a request names this machine in `Host`: a rebound name must not reach an emulator."""
    return is_loopback(f"//{header(scope, b'host')}")


def is_loopback(url: str) -> bool:
    """Tell whether a URL names this machine."""
    try:
        return urlsplit(url).hostname in LOOPBACK
    except ValueError:  # such as half an IPv6 address
        return False


def header(scope: Scope, name: bytes) -> str:
    """Return the first header of a name (in lower case), empty for none."""
    return next((value for each, value in scope["headers"] if each == name), b"").decode("latin-1")


async def drain(receive: Receive) -> None:
    """Read the request body away: Hypercorn closes a connection that was answered before its body had come."""
    await read_body(receive)


async def read_body(receive: Receive) -> bytes:
    """Return the request body, cut where it is longer than `BODY_LIMIT`; all of it is read."""
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"") if len(body) <= BODY_LIMIT else b""
        more = message["type"] == "http.request" and message.get("more_body", False)
    return body
