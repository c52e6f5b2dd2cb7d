"""What an answer says about itself: did the call work, and is it JSON-RPC at all?"""

import re
from codecs import BOM_UTF8
from collections.abc import Iterable
from typing import Any

from devgw.foreign.json import JsonRefused, read_json
from devgw.limits import Limits
from devgw.mcp.event_stream import EventReader
from devgw.mcp.message import RequestId
from devgw.mcp.response import Message, ResponseReader

_SUSPICIOUS = re.compile(rb'"error"\s*:|"isError"\s*:\s*true')
_HAS_IDS = re.compile(rb"(?:^|[\r\n])id:[ ]?[^\s]")
_SHOWN = 160
_INVALID_PARAMS = -32602
_OF_MCP = frozenset({-32020, -32021, -32022, -32042})
"""Codes that say by themselves what they mean, with or without an id (MCP 2026-07-28, Error Codes; 2025-11-25)."""


def failure_in(content: bytes, *, is_stream: bool) -> tuple[str, str] | None:
    """Return what an MCP answer says went wrong: `jsonrpc_error` or `tool_error`, and its words; None if nothing."""
    if not _SUSPICIOUS.search(content):
        return None
    for text in events_in(content) if is_stream else [content]:
        try:
            value = read_json(text)
        except JsonRefused:
            continue
        for message in value if isinstance(value, list) else [value]:
            if isinstance(message, dict) and (found := _failure(message)):
                return found
    return None


def is_answer_to(content: bytes, ids: Iterable[RequestId]) -> bool:
    """Tell whether a JSON-RPC error answers one of these requests, or has a meaning of MCP's own.

    One that names no request is the transport's refusal: nothing was done with what was asked.
    """
    error = _refusal_in(content)
    return error is not None and (error.get("id") in tuple(ids) or names_its_meaning(content))


def names_its_meaning(content: bytes) -> bool:
    """Tell whether the code of a JSON-RPC error is one of MCP's own, which says by itself what is wrong."""
    return code_in(content) in _OF_MCP


def code_in(content: bytes) -> int | None:
    """Return the code of a JSON-RPC error; None where it has none that is an integer, and where it is no error."""
    code = (_refusal_in(content) or {"error": {}})["error"].get("code")
    return code if isinstance(code, int) else None


def supported_in(content: bytes) -> tuple[str, ...]:
    """Return the revisions that a refused `initialize` says the server speaks; none where it is no such refusal.

    Source: MCP 2025-11-25 §Lifecycle, Error Handling (-32602 with `supported` and `requested`).
    """
    error = (_refusal_in(content) or {}).get("error", {})
    told = error.get("data") if error.get("code") == _INVALID_PARAMS else None
    supported = told.get("supported") if isinstance(told, dict) else None
    return tuple(each for each in supported if isinstance(each, str)) if isinstance(supported, list) else ()


def _refusal_in(content: bytes) -> dict[str, Any] | None:
    """Return the JSON-RPC error of an answer that is no stream; None where it is none."""
    try:
        value = read_json(content)
    except JsonRefused:
        return None
    return value if isinstance(value, dict) and isinstance(value.get("error"), dict) else None


def _failure(message: dict[str, Any]) -> tuple[str, str] | None:
    error = message.get("error")
    if isinstance(error, dict) and "code" in error:
        return "jsonrpc_error", f"{str(error['code'])[:_SHOWN]}: {_quoted(str(error.get('message', '')))}"
    result = message.get("result")
    if isinstance(result, dict) and result.get("isError") is True:
        texts = [each.get("text") for each in result.get("content") or () if isinstance(each, dict)]
        said = " ".join(text for text in texts if isinstance(text, str))
        return "tool_error", _quoted(said) if said else "the tool reports an error"
    return None


def _quoted(said: str) -> str:
    """Return somebody's words as a sentence has them: between quotation marks, by which they are known as theirs."""
    return f"“{said[: Limits.FACT_CHARACTERS]}”"


def events_in(content: bytes) -> list[bytes]:
    """Return the data of each event of a stream; an event of several data lines is one."""
    events, lines = [], []
    for line in content.removeprefix(BOM_UTF8).splitlines():
        if line.startswith(b"data:"):
            lines.append(line[5:])
        elif not line and lines:
            events.append(b"\n".join(lines))
            lines = []
    return [*events, b"\n".join(lines)]


def responses_in(content: bytes, *, is_stream: bool) -> list[Message] | None:
    """Return the responses of an answer that has ended; None where it is not read, or goes on in another stream.

    A stream whose events have ids may be taken up again where it broke off (MCP 2025-11-25 §Resumability).
    """
    if is_stream and _HAS_IDS.search(content):
        return None
    try:
        if is_stream:
            messages = EventReader().feed(content)[1]
        else:
            reader = ResponseReader()
            messages = [*reader.feed(content), *reader.close()]
    except ValueError:  # a `ResponseUnreadable` is one
        return None
    return [each for each in messages if each.is_response]


def breaks_off(content: bytes) -> bool:
    """Tell whether a stream ends in an event that holds a whole response, and is ended by no blank line."""
    reader = EventReader()
    try:
        reader.feed(content)
    except ValueError:  # a `ResponseUnreadable` is one
        return False
    return reader.has_open_response and not _HAS_IDS.search(content)


def is_jsonrpc(content: bytes) -> bool:
    """Tell whether a JSON body looks like JSON-RPC, without reading all of it."""
    return b'"jsonrpc"' in content
