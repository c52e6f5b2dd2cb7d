"""ASGI in five aliases, the shortest ways to answer, and a hold on requests that may last for ever."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


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


async def answer_error(send: Send, status: int, message: str) -> None:
    """Send a JSON-RPC error without an id, as the transport asks of an HTTP error."""
    error = {"jsonrpc": "2.0", "id": None, "error": {"code": -32603, "message": message}}
    await answer(send, status, "application/json", json.dumps(error).encode())


def is_for_loopback(scope: Scope) -> bool:
    """Tell whether a request names this machine in `Host`: a rebound name must not reach an emulator."""
    host = next((value for name, value in scope["headers"] if name == b"host"), b"").decode("latin-1")
    try:
        return urlsplit(f"//{host}").hostname in LOOPBACK
    except ValueError:  # such as half an IPv6 address
        return False


async def drain(receive: Receive) -> None:
    """Read the request body away: Hypercorn closes a connection that was answered before its body had come."""
    message = await receive()
    while message["type"] == "http.request" and message.get("more_body", False):
        message = await receive()
