"""Is a response one that MCP clients read: JSON by its grammar, and JSON-RPC 2.0 in its outermost members?

What is short is read; of what is long, only what costs next to nothing is looked at, and it is read where that makes
one doubt. Source: RFC 8259; JSON-RPC 2.0 §5; MCP schema, JSONRPCResultResponse and JSONRPCErrorResponse.
"""

import re
from typing import Any

from devgw.foreign.coding import miscoding_of
from devgw.foreign.json import JsonRefused, check_grammar
from devgw.foreign.text import clean
from devgw.mcp.answer import breaks_off, events_in

_SHORT = 4_096
"""Bytes that are read with each answer: a hundredth of what the call takes."""
_VERSION = re.compile(rb'"jsonrpc"[ \t\r\n]*:[ \t\r\n]*"2\.0"')
_NO_NUMBER = re.compile(rb"[:,\[][ \t\r\n]*+-?(?:NaN|Infinity)")
_ENDS = (b"}", b"]")
_RESPONSE = re.compile(rb'"(?:result|error)"')
_SHOWN = 200
NOT_ENDED = "no blank line ends its event, so that it counts for nothing"


class ResponseMalformed(ValueError):  # noqa: N818  it reads as what happened
    """No MCP client reads it; the message says why."""


def check_well_formed(text: bytes) -> None:
    """Refuse what no MCP client takes for the response that it is.

    Raises:
        ResponseMalformed: where it is no JSON, or a response in it lacks what JSON-RPC asks for.
    """
    if miscoded := miscoding_of(text):
        raise ResponseMalformed(miscoded)
    if len(text) > _SHORT and not _is_doubtful(text):
        return
    try:
        value = check_grammar(text)
    except JsonRefused as refused:
        raise ResponseMalformed(str(refused)) from refused
    for message in value if isinstance(value, list) else [value]:
        if isinstance(message, dict) and ("result" in message or {"error", "jsonrpc"} <= message.keys()):
            _check_response(message)


def find_malformed(content: bytes, *, is_stream: bool) -> str:
    """Return why no MCP client reads a whole answer to a request; empty where they do, and where it is no response."""
    if miscoded := miscoding_of(content):
        return miscoded
    try:
        for text in events_in(content) if is_stream else [content]:
            if not is_stream or _RESPONSE.search(text):
                check_well_formed(text)
    except ResponseMalformed as malformed:
        return clean(str(malformed), _SHOWN)
    return NOT_ENDED if is_stream and breaks_off(content) else ""


def _is_doubtful(text: bytes) -> bool:
    """Tell whether a long text shows, without being read, that something may be wrong with it."""
    try:
        text.decode()
    except UnicodeDecodeError:
        return True
    if text.count(b'"jsonrpc"') > 1:  # as in two documents, one behind the other
        return True
    return not text.rstrip().endswith(_ENDS) or _VERSION.search(text) is None or _NO_NUMBER.search(text) is not None


def _check_response(message: dict[str, Any]) -> None:
    if message.get("jsonrpc") != "2.0":
        found = repr(message["jsonrpc"])[:40] if "jsonrpc" in message else "none"
        raise ResponseMalformed(f'its `jsonrpc` has to be "2.0", and it has {found}')
    if "result" in message and "error" in message:
        raise ResponseMalformed("it has both `result` and `error`")
    if "result" in message and not isinstance(message["result"], dict):
        raise ResponseMalformed(f"its `result` has to be an object, and is {_kind(message['result'])}")
    if "error" in message:
        _check_error(message["error"])


def _check_error(error: Any) -> None:
    if not isinstance(error, dict):
        raise ResponseMalformed(f"its `error` has to be an object, and is {_kind(error)}")
    code = error.get("code")
    if isinstance(code, bool) or not isinstance(code, int):
        raise ResponseMalformed("the `code` of its `error` has to be an integer")
    if not isinstance(error.get("message"), str):
        raise ResponseMalformed("the `message` of its `error` has to be a string")


def _kind(value: Any) -> str:
    names = {list: "an array", dict: "an object", str: "a string", bool: "true or false"}
    return "null" if value is None else names.get(type(value), "a number")
