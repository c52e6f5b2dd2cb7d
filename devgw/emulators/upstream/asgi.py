"""ASGI in three aliases, and the two shortest ways to answer."""

import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


async def answer(send: Send, status: int, content_type: str, body: bytes) -> None:
    """Send one whole answer."""
    headers = [(b"content-type", content_type.encode()), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def answer_text(send: Send, status: int, text: str) -> None:
    """Send `text` as plain text."""
    await answer(send, status, "text/plain; charset=utf-8", text.encode())


async def answer_error(send: Send, status: int, message: str) -> None:
    """Send a JSON-RPC error without an id, as the transport asks of an HTTP error."""
    error = {"jsonrpc": "2.0", "id": None, "error": {"code": -32603, "message": message}}
    await answer(send, status, "application/json", json.dumps(error).encode())


async def read_body(receive: Receive) -> bytes:
    """Return the whole request body: Hypercorn closes a connection that was answered before its body had come."""
    body = b""
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message["type"] == "http.request" and message.get("more_body", False)
    return body
