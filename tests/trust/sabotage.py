"""A server of the login that goes wrong: an ASGI app around it that answers one path in a hostile way when armed."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from tests.trust.hostile_answers import FOR_EVER, bomb

Send = Callable[[dict[str, Any]], Awaitable[None]]
_JSON = [(b"content-type", b"application/json")]
_MOST = 400_000_000

BODIES: dict[str, bytes] = {
    "deep arrays": b"[" * 100_000,
    "deep objects": b'{"a":' * 900 + b"1" + b"}" * 900,
    "members twice": b'{"issuer":"http://a","issuer":"http://b","keys":[],"access_token":"a","access_token":"b"}',
    "a huge number": b'{"expires_in":' + b"9" * 6_000 + b',"access_token":"a","token_type":"bearer"}',
    "wrong types": b'{"issuer":7,"keys":7,"authorization_servers":"x","access_token":[],"user":7,"client_id":{}}',
    "text in brackets": b'["\\u001b]52;c;eA==\\u0007\\u202e"]',
    "no JSON": b"<html>no</html>",
    "nothing": b"",
    "null": b"null",
    "not UTF-8": b'{"issuer":"\xff"}',
    "300,000 keys": b'{"keys":[' + b"{}," * 299_999 + b"{}]}",
    "nested keys": b'{"keys":[' + (b"[" * 32 + b"]" * 32 + b",") * 14_000 + b"1]}",
    "a long document": b'{"issuer":"http://a","error":"x","pad":"' + b"x" * 1_000_000 + b'"}',
    "long and broken": b'{"issuer":"' + b"x" * 1_000_000,
    "a long string": b'{"issuer":"' + b"x" * 3_000_000 + b'"}',
}
_PLACES = {"redirect to itself": b"", "redirect to nonsense": b"http://[::1", "redirect to a script": b"javascript:x"}
_ACTS = (
    "endless",
    "endless spaces",
    "gzip bomb",
    "header flood",
    "hangs at once",
    "hangs after the head",
    "drop by drop",
)
KINDS = (*BODIES, *_ACTS, *_PLACES, "500", "429")


@dataclass
class Sabotage:
    """The app, and what goes wrong."""

    app: Any
    path: str = ""
    """The beginning of the path that is answered in a hostile way; none where empty."""
    kind: str = ""
    struck: int = 0
    """How often it was."""

    async def __call__(self, scope: Any, receive: Any, send: Send) -> None:
        """Answer as the app does, or not."""
        if scope["type"] != "http" or not self.path or not scope["path"].startswith(self.path):
            await self.app(scope, receive, send)
            return
        self.struck += 1
        while (await receive()).get("more_body"):
            pass
        if self.kind in BODIES:
            await _answer(send, 200, BODIES[self.kind])
        else:
            await self._misbehave(scope, send)

    async def _misbehave(self, scope: Any, send: Send) -> None:
        match self.kind:
            case "endless" | "endless spaces" | "drop by drop":
                await self._pour(send)
            case "hangs at once":
                await asyncio.sleep(FOR_EVER)
            case "hangs after the head":
                await send({"type": "http.response.start", "status": 200, "headers": _JSON})
                await send({"type": "http.response.body", "body": b"{", "more_body": True})
                await asyncio.sleep(FOR_EVER)
            case "gzip bomb":
                await _answer(send, 200, bomb(300), (b"content-encoding", b"gzip"))
            case "header flood":
                await _answer(send, 200, b"{}", *[(b"x-%d" % n, b"y" * 100) for n in range(3_000)])
            case kind if kind in _PLACES:
                await _answer(send, 302, b"", (b"location", _PLACES[kind] or scope["path"].encode()))
            case status:
                await _answer(send, int(status), json.dumps({"error": "\x1b[2Jno"}).encode(), (b"retry-after", b"x"))

    async def _pour(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": _JSON})
        piece = {"endless": b'["' + b"x" * 65_536 + b'"],', "endless spaces": b" " * 65_536}.get(self.kind, b" ")
        for _ in range(_MOST // len(piece)):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            await asyncio.sleep(0 if len(piece) > 1 else 0.3)


async def _answer(send: Send, status: int, body: bytes, *headers: tuple[bytes, bytes]) -> None:
    await send({"type": "http.response.start", "status": status, "headers": [*_JSON, *headers]})
    await send({"type": "http.response.body", "body": body})
