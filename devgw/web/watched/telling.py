"""What a leg tells the flow of its client: one step further, or a refusal in the server's own words."""

import re
from typing import Any

from devgw.events.taxonomy import FailureOrigin, Outcome, WatchedStepTaken
from devgw.gateway.watched.documents import read_document
from devgw.mcp.answer import beginning_of
from devgw.monitor.flow_moves import Seen
from devgw.oauth.token_answer import excerpt
from devgw.web.watched.sending import WholeAnswer
from devgw.web.watched.watched import WatchedCall

_CODE = re.compile(r"[A-Za-z0-9_-]{1,64}")
SAID = 200
"""Characters of the server's own words that are repeated."""


def tell(call: WatchedCall, seen: Seen, words: str, **facts: Any) -> None:
    """Publish that a client came one step further."""
    trace = call.trace
    trace.client_id = facts.get("client_id") or trace.client_id
    trace.client_name = facts.get("client_name") or trace.client_name
    trace.transaction_id = facts.get("transaction_id") or trace.transaction_id
    known: dict[str, Any] = {
        "client_id": trace.client_id,
        "client_name": trace.client_name,
        "transaction_id": trace.transaction_id,
        "grant_id": trace.grant_id,
        "operation_id": trace.operation_id,
        "trace_id": trace.id,
    }
    call.watched.bus.publish(WatchedStepTaken(step=str(seen), words=words, **(known | facts)))


def tell_refusal(call: WatchedCall, seen: Seen, reason: str, said: str, **facts: Any) -> None:
    """Publish that the server refused a step: why as it says itself."""
    trace = call.trace
    trace.outcome, trace.failure_origin = Outcome.DENIED, FailureOrigin.UPSTREAM
    trace.reason_code, trace.explanation = reason, said
    ending: dict[str, Any] = {
        "outcome": Outcome.DENIED,
        "failure_origin": FailureOrigin.UPSTREAM,
        "reason_code": reason,
        "explanation": said,
    }
    tell(call, seen, said, **ending, **facts)


def refusal_of(call: WatchedCall, answer: WholeAnswer) -> tuple[str, str]:
    """Return the server's error code, or its status, and a sentence with what it said."""
    document = read_document(answer.body)
    code, said = (document.get("error"), document.get("error_description")) if document else ("", "")
    if document is None:
        said = beginning_of(answer.body)
    code = code if isinstance(code, str) and _CODE.fullmatch(code) else ""
    words = f"{call.url.partition('?')[0]} answered {answer.status}{f' {code}' if code else ''}"
    told = excerpt(said.encode())[:SAID].rstrip(". ") if isinstance(said, str) else ""
    return code or f"status_{answer.status}", f"{words}: {told}." if told else f"{words}."
