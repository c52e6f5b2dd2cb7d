"""A session of the built-in client at an MCP route: what tools there are, and a call (MCP 2025-11-25)."""

import itertools
import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from devgw import __version__
from devgw.foreign.json import JsonRefused, read_object
from devgw.foreign.words import reason_in
from devgw.outbound.built_in.login import NAME, StepRefused

if TYPE_CHECKING:
    import httpx2

PROTOCOL_VERSION = "2025-11-25"
_REDIRECT = 300
_MOST_PAGES = 50
"""Of a list of tools: a server that names a next page for ever is left there."""


class McpSession:
    """Calls one route with one access token."""

    def __init__(self, http: "httpx2.AsyncClient", url: str, access_token: str) -> None:  # noqa: TID251  one that is given
        """Begin nothing yet; where the route wants no login `access_token` is empty."""
        self.access_token = access_token
        self._http = http
        self._url = url
        self._headers = {"accept": "application/json, text/event-stream"}
        if access_token:
            self._headers["authorization"] = f"Bearer {access_token}"
        self._numbers = itertools.count(1)

    async def open(self) -> None:
        """Begin the session.

        Raises:
            StepRefused: with the status of the answer.
        """
        about = {
            "protocolVersion": PROTOCOL_VERSION,
            "capabilities": {},
            "clientInfo": {"name": NAME, "version": __version__},
        }
        result = await self._ask("initialize", about)
        version = result.get("protocolVersion")
        self._headers["mcp-protocol-version"] = version if isinstance(version, str) else PROTOCOL_VERSION
        await self._http.post(
            self._url, json={"jsonrpc": "2.0", "method": "notifications/initialized"}, headers=self._headers
        )

    async def tools(self) -> list[dict[str, Any]]:
        """Return the tools as the server lists them.

        Raises:
            StepRefused: with the status of the answer, or the server's error.
        """
        found, cursor = list[dict[str, Any]](), dict[str, str]()
        for _ in range(_MOST_PAGES):
            page = await self._ask("tools/list", cursor)
            listed = page.get("tools")
            found += [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
            if not isinstance(page.get("nextCursor"), str):
                break
            cursor = {"cursor": page["nextCursor"]}
        return found

    async def call(self, tool: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return the result of a tool, which may say that it failed (`isError`).

        Raises:
            StepRefused: with the status of the answer, or the server's error.
        """
        return await self._ask("tools/call", {"name": tool, "arguments": dict(arguments)})

    async def _ask(self, method: str, params: Mapping[str, Any]) -> dict[str, Any]:
        number = next(self._numbers)
        message = {"jsonrpc": "2.0", "id": number, "method": method, "params": dict(params)}
        content = json.dumps(
            message
        ).encode()  # in ASCII: what is no letter, such as half a pair, is the server's to say
        headers = self._headers | {"content-type": "application/json"}
        answer = await self._http.post(self._url, content=content, headers=headers)
        if answer.status_code >= _REDIRECT:
            raise StepRefused(method, reason_in(answer.content), answer.status_code)
        if given := answer.headers.get("mcp-session-id"):
            self._headers["mcp-session-id"] = given
        is_stream = answer.headers.get("content-type", "").startswith("text/event-stream")
        for found in _messages(answer.content, is_stream=is_stream):
            if found.get("id") != number:
                continue
            result: Any = found.get("result")
            if isinstance(result, dict):
                return result
            raise StepRefused(method, _error(found), answer.status_code)
        raise StepRefused(method, "no answer to it came", answer.status_code)


def _messages(content: bytes, *, is_stream: bool) -> Iterator[dict[str, Any]]:
    """Give the messages of an answer: its body, or the data of its events (one object each)."""
    texts = [content]
    if is_stream:
        events = content.replace(b"\r\n", b"\n").split(b"\n\n")
        texts = [b"\n".join(_data(event)) for event in events]
    for text in texts:
        try:
            yield read_object(text)
        except JsonRefused:
            continue


def _data(event: bytes) -> Iterator[bytes]:
    """Give the lines of an event that carry data (HTML Living Standard §9.2.6)."""
    for line in event.split(b"\n"):
        name, _, value = line.partition(b":")
        if name == b"data":
            yield value.removeprefix(b" ")


def _error(found: Mapping[str, Any]) -> str:
    error = found.get("error")
    message = error.get("message") if isinstance(error, dict) else None
    return message if isinstance(message, str) else "it has neither a result nor an error"
