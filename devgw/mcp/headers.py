"""Do the headers that mirror a body agree with it?

Whoever acts on the body has to check (MCP 2026-07-28, transports, Server Validation), or a policy could be led past.
"""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from devgw.foreign.text import clean
from devgw.mcp.message import capability_of

HEADER_MISMATCH = -32020
"""The JSON-RPC code of a header that contradicts the body; HTTP 400."""
_NAMED = frozenset({"tools/call", "prompts/get", "resources/read"})
_SHOWN = 120
_PREFIX, _SUFFIX = "=?base64?", "?="


def decoded(value: str) -> str | None:
    """Return a mirrored header's value, out of its Base64 wrapping where it has one; None where that is broken."""
    if not (value.startswith(_PREFIX) and value.endswith(_SUFFIX)):
        return value
    try:
        return base64.b64decode(value[len(_PREFIX) : -len(_SUFFIX)], validate=True).decode()
    except (binascii.Error, ValueError):
        return None


def mismatch(method_header: str, name_header: str, message: Mapping[str, Any]) -> str | None:
    """Say how Mcp-Method or Mcp-Name contradicts `message`; None where both agree. An absent header is empty."""
    method = message.get("method")
    if method_header and method_header != method:
        return f"Mcp-Method is {method_header}, but the body says {clean(str(method), _SHOWN)}"
    name = capability_of(message) if method in _NAMED else None
    if name_header and name is not None and decoded(name_header) != name:
        return f"Mcp-Name is {name_header}, but the body says {clean(name, _SHOWN)}"
    return None


def missing(method_header: str, name_header: str, message: Mapping[str, Any]) -> str | None:
    """Say which header a request of the modern era lacks; None where none does."""
    if not method_header:
        return "Mcp-Method is missing"
    if not name_header and message.get("method") in _NAMED:
        return f"Mcp-Name is missing on {message['method']}"
    return None
