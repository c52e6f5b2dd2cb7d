"""Is what came to `initialize` its response, and one that MCP clients read?"""

import re

from devgw.diagnosis.verdicts.check import Answer
from devgw.foreign.json import AN_OBJECT
from devgw.mcp.answer import responses_in
from devgw.mcp.attribution import UnansweredIds, shown_ids
from devgw.mcp.well_formed import find_malformed
from devgw.problems.upstream_answer import UpstreamAnsweredInArray, UpstreamAnswerForeign, UpstreamAnswerUnreadable
from devgw.problems.upstream_status import MEDIA_TYPES

_WRAPPED = re.compile(rb"[\s\S]{0,2000}?(?:\A|data:)[\xef\xbb\xbf\s]*\[\s*\{[\s\S]*\"jsonrpc\"")
"""An array of messages, as a body or as an event."""
_REDIRECTS, _REFUSALS = 300, 400
ASKED_ID = 1
"""Of the messages that are sent (`outbound.probes`)."""


def foreign_answer(url: str, answer: Answer, owner: str = "") -> UpstreamAnswerForeign:
    """Return that `initialize` got the answer to another request."""
    id_ = answer.message.get("id")
    got = shown_ids([id_] if isinstance(id_, str | int | float) or "id" in answer.message else [])
    got = _beside(answer) or got
    return UpstreamAnswerForeign(url, got, shown_ids([ASKED_ID]), owner)


def is_foreign(answer: Answer) -> bool:
    """Tell whether a response is another request's; a value of another type is another id (JSON-RPC 2.0 §5)."""
    message = answer.message
    id_ = message.get("id")
    is_own = isinstance(id_, int | float) and not isinstance(id_, bool) and id_ == ASKED_ID
    is_open = id_ is None and "error" in message  # what refuses a request before it is read
    is_other = "jsonrpc" in message and bool({"result", "error"} & message.keys()) and not (is_own or is_open)
    return is_other or bool(_beside(answer))


def _beside(answer: Answer) -> str:
    """Return the id of a response that came in a stream beside the one that was asked for; empty where none did."""
    is_stream = answer.media_type == "text/event-stream"
    responses = responses_in(answer.body, is_stream=True) if is_stream else None
    return UnansweredIds([ASKED_ID]).foreign(responses or [])


def in_array(answer: Answer, url: str, owner: str = "") -> UpstreamAnsweredInArray | None:
    """Return that `initialize` was answered with an array of messages; None where it was not."""
    if answer.media_type not in MEDIA_TYPES or not _WRAPPED.match(answer.body):
        return None
    return UpstreamAnsweredInArray(url, "initialize", answer.media_type == "text/event-stream", owner)


def malformed(answer: Answer) -> str:
    """Return why no MCP client reads a response, empty where they do, and where it is none."""
    if answer.status >= _REFUSALS or answer.media_type not in MEDIA_TYPES or not answer.body.strip():
        return ""
    return find_malformed(answer.body, is_stream=answer.media_type == "text/event-stream")


def is_misnamed(answer: Answer) -> bool:
    """Tell whether a response has a media type by which no client knows it for one."""
    is_known = answer.media_type in MEDIA_TYPES or answer.media_type.endswith("+json")
    return answer.status < _REDIRECTS and not is_known and bool({"result", "error"} & answer.message.keys())


def unreadable(answer: Answer, url: str, owner: str = "") -> UpstreamAnswerUnreadable | None:
    """Return that JSON came which two readers may read differently, or which is too much; None where it did not."""
    refused = answer.refused if answer.status < _REFUSALS and answer.media_type == "application/json" else None
    is_read_by_others = refused is not None and not refused.is_broken and refused.wanted != AN_OBJECT
    return UpstreamAnswerUnreadable(url, str(refused), owner) if is_read_by_others else None
