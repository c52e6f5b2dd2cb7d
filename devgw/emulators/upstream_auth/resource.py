"""The protected resource: a bearer token is asked for, and the faults of the MCP side strike, in front of the tools."""

import asyncio
import json
from typing import Any

from devgw.emulators.reader import read_json
from devgw.emulators.upstream.asgi import App, Header, Message, Receive, Scope, Send, answer, drain, header, read_body
from devgw.emulators.upstream_auth.breakage import HTML_ERROR, compressed, cut, endless, silent
from devgw.emulators.upstream_auth.faults import SampleFault, SetFaults
from devgw.emulators.upstream_auth.metadata import SCOPES, Metadata
from devgw.emulators.upstream_auth.records import PEOPLE, SampleAccessToken, SampleRecords

WRITING_TOOLS = frozenset({"add_note", "delete_note"})


class ProtectedResource:
    """An ASGI app around the MCP server that lets good tokens through and breaks where a fault says so."""

    def __init__(self, inner: App, records: SampleRecords, metadata: Metadata, faults: SetFaults) -> None:
        self._inner = inner
        self._records = records
        self._metadata = metadata
        self._faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request on the MCP path."""
        if self._faults.is_set(SampleFault.MCP_REDIRECT_SLASH) and not scope["path"].endswith("/"):
            await self._redirect(receive, send)
            return
        presented = _bearer(scope)
        token = self._records.live_access_token(presented) if presented else None
        if token is None:
            await self._refuse(receive, send, is_presented=bool(presented))
        elif self._faults.strikes(SampleFault.MCP_UNAUTHORIZED):
            await self._refuse(receive, send, is_presented=True)
        elif not await self._broke(receive, send):
            await self._pass(scope, receive, send, token)

    async def _pass(self, scope: Scope, receive: Receive, send: Send, token: SampleAccessToken) -> None:
        body = await read_body(receive)
        if self._faults.strikes(SampleFault.MCP_FORBIDDEN) or (_writes(body) and SCOPES[1] not in token.scope.split()):
            await self._forbid(send)
            return
        inner = {**scope, "devgw.identity": _identity(token)}
        if self._faults.strikes(SampleFault.MCP_GZIP):
            send = compressed(send)
        await self._inner(inner, _again(body, receive), send)

    async def _broke(self, receive: Receive, send: Send) -> bool:
        """Tell whether a fault answered instead of the MCP server."""
        if self._faults.is_set(SampleFault.MCP_SLOW):
            pause = self._faults.seconds(SampleFault.MCP_SLOW)
            self._faults.strikes(SampleFault.MCP_SLOW)
            await asyncio.sleep(pause)
        pause = self._faults.seconds(SampleFault.MCP_ENDLESS)
        if self._faults.strikes(SampleFault.MCP_HTML):
            await drain(receive)
            await answer(send, 502, "text/html; charset=utf-8", HTML_ERROR.encode())
        elif self._faults.strikes(SampleFault.MCP_SILENT):
            await silent(receive)
        elif self._faults.strikes(SampleFault.MCP_DEAD):
            await endless(receive, send, pause=None)
        elif self._faults.strikes(SampleFault.MCP_ENDLESS):
            await endless(receive, send, pause=pause)
        elif self._faults.strikes(SampleFault.MCP_CUT):
            await cut(receive, send)
        else:
            return False
        return True

    async def _redirect(self, receive: Receive, send: Send) -> None:
        await drain(receive)
        await answer(send, 307, "text/plain", b"", [(b"location", f"{self._metadata.resource}/".encode())])

    async def _refuse(self, receive: Receive, send: Send, *, is_presented: bool) -> None:
        await drain(receive)
        why = "The token is unknown, expired or revoked." if is_presented else "No token came."
        shown = [("error", "invalid_token"), ("error_description", why)] if is_presented else []
        await self._challenge(send, 401, "invalid_token", why, shown)

    async def _forbid(self, send: Send) -> None:
        why = "Changing notes needs the scope notes:write."
        shown = [("error", "insufficient_scope"), ("error_description", why), ("scope", " ".join(SCOPES))]
        await self._challenge(send, 403, "insufficient_scope", why, shown)

    async def _challenge(self, send: Send, status: int, error: str, why: str, shown: list[tuple[str, str]]) -> None:
        challenge = self._metadata.challenge(*shown)
        extra: list[Header] = [(b"www-authenticate", challenge.encode())] if challenge else []
        body = json.dumps({"error": error, "error_description": why}).encode()
        await answer(send, status, "application/json", body, extra)


def _bearer(scope: Scope) -> str | None:
    scheme, _, presented = header(scope, b"authorization").partition(" ")
    return presented.strip() if scheme.lower() == "bearer" else None


def _identity(token: SampleAccessToken) -> dict[str, str]:
    return {
        "subject": token.grant.subject,
        "name": PEOPLE.get(token.grant.subject, token.grant.subject),
        "clientId": token.grant.client_id,
        "scope": token.scope,
        "audience": token.grant.resource,
        "expiresAt": token.expires_at.isoformat(),
    }


def _writes(body: bytes) -> bool:
    """Tell whether a body calls a tool that changes something."""
    try:
        message = read_json(body or b"null")
    except ValueError:
        return False
    params = message.get("params") if isinstance(message, dict) else None
    return isinstance(params, dict) and message.get("method") == "tools/call" and params.get("name") in WRITING_TOOLS


def _again(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that gives the body once more, and then what really comes: the client's leaving."""
    told: list[Any] = []

    async def receive_again() -> Message:
        if told:
            return await receive()
        told.append(body)
        return {"type": "http.request", "body": body, "more_body": False}

    return receive_again
