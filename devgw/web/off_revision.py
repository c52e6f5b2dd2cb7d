"""What in a refused request does not fit the revision of MCP that it names: seen in the request, not in the answer."""

from collections.abc import Mapping
from typing import Any

from devgw.foreign.text import clean
from devgw.mcp.answer import supported_in
from devgw.mcp.headers import mismatch
from devgw.mcp.revision import META_CAPABILITIES, META_VERSION, REVISIONS, is_modern, meta_of
from devgw.problems.upstream_request import (
    EnvelopeMissing,
    MirrorWrong,
    RequestOffRevision,
    RevisionUnknown,
    RevisionUnsupported,
)
from devgw.web.call import McpCall

_SHOWN = 120
_MOST_SHOWN = 20


def off_revision(call: McpCall, said: str) -> RequestOffRevision | None:
    """Return the first fault of the message against its headers; None where it has none that can be seen."""
    url, status, revision = call.answering_url, call.trace.status, call.header(b"mcp-protocol-version")
    if revision and revision not in REVISIONS:
        return RevisionUnknown(url, status, said, clean(revision, _SHOWN), REVISIONS)
    if len(call.messages.items) != 1:
        return None
    message = call.messages.items[0]
    method, name = (clean(call.header(each), _SHOWN) for each in (b"mcp-method", b"mcp-name"))
    if difference := mismatch(method, name, message):
        return MirrorWrong(url, status, said, difference)
    lacks = _lacks(message) if is_modern(revision) else ()
    return EnvelopeMissing(url, status, said, revision, lacks) if lacks else None


def unsupported(call: McpCall, content: bytes, said: str) -> RevisionUnsupported | None:
    """Return that `initialize` was refused for its revision, where the upstream names those that it speaks."""
    if call.method != "initialize" or not (supported := supported_in(content)):
        return None
    params = call.messages.items[0].get("params") if call.messages.items else None
    offered = params.get("protocolVersion") if isinstance(params, dict) else None
    got = clean(offered, _SHOWN) if isinstance(offered, str) else ""
    shown = tuple(clean(each, _SHOWN) for each in supported[:_MOST_SHOWN])
    return RevisionUnsupported(call.answering_url, call.trace.status, said, got, shown)


def _lacks(message: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what `params._meta` has to say in the era without handshake, and does not."""
    params = message.get("params")
    said = meta_of(params) if isinstance(params, dict) else {}
    return tuple(each for each in (META_VERSION, META_CAPABILITIES) if each not in said)
