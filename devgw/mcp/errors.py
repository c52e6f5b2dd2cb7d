"""JSON-RPC error bodies, as the gateway itself answers them.

A request is answered with HTTP 200 and an error in it, because that is what every client of both eras hands to its
caller: Python `mcp` 1.x loses the body of any 4xx and 5xx, TypeScript 2.x reads one at 400 alone. The codes are those
of HTTP (502, 504): -32099..-32000 is reserved by MCP 2026-07-28 (basic, Error Codes), and a positive code tells at once
that no MCP server said it.
"""

import json
from collections.abc import Iterable
from typing import Any

from devgw.mcp.message import Messages, RequestId


def error(request_id: RequestId | None, code: int, message: str, details: Any = None) -> dict[str, Any]:
    """Return one JSON-RPC error response."""
    body: dict[str, Any] = {"code": code, "message": message}
    if details is not None:
        body["data"] = details
    return {"jsonrpc": "2.0", "id": request_id, "error": body}


def answer_to(messages: Messages, code: int, message: str, details: Any = None) -> bytes | None:
    """Return the body that answers every request in `messages` with the same error; None where none wants an answer."""
    answers = [error(each, code, message, details) for each in messages.request_ids]
    if not answers:
        return None
    return json.dumps(answers if messages.is_batch else answers[0]).encode()


def as_sse_event(messages: Messages, code: int, message: str, details: Any = None) -> bytes:
    """Return the same answers as events of a stream that has begun already."""
    return as_events([error(each, code, message, details) for each in messages.request_ids])


def as_events(answers: Iterable[object]) -> bytes:
    """Return answers as events of a stream."""
    return b"".join(b"event: message\ndata: " + json.dumps(each).encode() + b"\n\n" for each in answers)
