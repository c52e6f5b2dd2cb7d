"""Why a server refuses `initialize` with an error of JSON-RPC, though its status says that all is well."""

from devgw.foreign.text import clean
from devgw.limits import Limits
from devgw.mcp.answer import code_in, events_in, is_answer_to, names_its_meaning, supported_in
from devgw.mcp.message import read_messages
from devgw.mcp.revision import revision_of
from devgw.problems import Problem
from devgw.problems.proxy import GIVEN_URL
from devgw.problems.upstream_answered import read_answer
from devgw.problems.upstream_refusal import UpstreamRefusedCall
from devgw.problems.upstream_request import RevisionUnsupported
from devgw.web.watched.telling import said_to
from devgw.web.watched.watched import WatchedCall

_METHOD_NOT_FOUND = -32601
"""Said by who knows no handshake; its client goes on without one (MCP 2026-07-28 basic/versioning)."""
_SHOWN, _MOST_SHOWN = 120, 20


def find_refused_initialize(call: WatchedCall, status: int, content: bytes, *, is_stream: bool) -> Problem | None:
    """Return why `initialize` was refused in a whole answer; None where it was not, or where clients go on after it."""
    if call.trace.mcp_method != "initialize":
        return None
    for text in events_in(content) if is_stream else [content]:
        if is_answer_to(text, call.messages.request_ids) and not _goes_on_after(text):
            return _refused(call, status, text)
    return None


def _goes_on_after(text: bytes) -> bool:
    return code_in(text) == _METHOD_NOT_FOUND or names_its_meaning(text)


def _refused(call: WatchedCall, status: int, text: bytes) -> Problem:
    url, owner = call.url.partition("?")[0], f"the MCP server at {call.origin}"
    said = said_to(call, read_answer(url, status, {}, text, speaks_mcp=True).said)
    if not (supported := supported_in(text)):
        return UpstreamRefusedCall(url, status, said, owner=owner, asked="initialize", written_in=GIVEN_URL)
    offered = revision_of("", read_messages(call.body, most_values=Limits.ANSWER_VALUES)) or ""
    shown = tuple(said_to(call, clean(each, _SHOWN)) for each in supported[:_MOST_SHOWN])
    return RevisionUnsupported(url, status, said, clean(offered, _SHOWN), shown, owner=owner, asked="initialize")
