"""What a leg tells the flow of its client: one step further, or a refusal in the server's own words."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

from devgw.events import refusal
from devgw.events.taxonomy import Outcome, WatchedStepTaken
from devgw.foreign.coding import miscoding_of
from devgw.foreign.retry_after import read_wait
from devgw.foreign.urls import UrlRefused, read_url
from devgw.foreign.words import excerpt, reason_in
from devgw.gateway.forwarding import read_headers
from devgw.gateway.watched.documents import read_document
from devgw.gateway.watched.legs import Leg
from devgw.monitor.flow_moves import FlowMove
from devgw.monitor.masking import mask
from devgw.monitor.secret_names import is_partly_secret, is_secret_parameter
from devgw.problems import Problem
from devgw.problems.endpoint import EndpointKind
from devgw.problems.endpoint_answer import EndpointAnswer
from devgw.problems.upstream_answered import CallFacts
from devgw.problems.upstream_by_status import stood_before
from devgw.problems.upstream_refusal import UpstreamRefusal
from devgw.web.watched.sending import WholeAnswer
from devgw.web.watched.watched import WatchedCall

KINDS = {
    Leg.REGISTER: EndpointKind.REGISTRATION,
    Leg.AUTHORIZE: EndpointKind.AUTHORIZATION,
    Leg.CALLBACK: EndpointKind.AUTHORIZATION,
    Leg.TOKEN: EndpointKind.TOKEN,
    Leg.PUSHED: EndpointKind.PUSHED,
}
"""The endpoints whose refusals a flow is told of; our callback brings an answer of the authorization endpoint."""
_CODE = re.compile(r"[A-Za-z0-9_-]{1,64}")
SAID = 200
"""Characters of the server's own words that are repeated."""
_SHORTEST = 6
"""Characters of a secret: what is shorter stands in any sentence."""


def tell(call: WatchedCall, seen: FlowMove, words: str, **facts: Any) -> None:
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


def tell_refusal(call: WatchedCall, seen: FlowMove, problem: Problem, **facts: Any) -> None:
    """Publish that the server refused a step, and write down what its answer is."""
    call.trace.refuse(problem, Outcome.DENIED)
    tell(call, seen, problem.explain(), outcome=Outcome.DENIED, **refusal(problem), **facts)


def endpoint_answer(call: WatchedCall, answer: WholeAnswer, **known: Any) -> EndpointAnswer:
    """Return an answer of an OAuth endpoint with what is known of its request."""
    document = read_document(answer.body)
    code, said = (document.get("error"), document.get("error_description")) if document else ("", "")
    if not isinstance(said, str) or not said:
        said = reason_in(answer.body)
        said = "" if said == code else said
    endpoint = call.url.partition("?")[0]
    return EndpointAnswer(
        KINDS[call.leg],
        authorization_server(call, endpoint),
        endpoint,
        answer.status,
        error_code=code if isinstance(code, str) and _CODE.fullmatch(code) else "",
        said=said_to(call, said) if isinstance(said, str) else "",
        media_type=_header(answer, b"content-type").partition(";")[0].strip().lower(),
        is_json=document is not None,
        miscoded=miscoding_of(answer.body),
        location=_header(answer, b"location"),
        wait=read_wait(read_headers(answer.headers)),
        is_named=call.watched.legs.is_learnt(call.origin, endpoint.removeprefix(call.origin)),
        stood_before=_stood_before(call, answer, endpoint),
        is_new_client=is_new_client(call, endpoint),
        is_swapped=call.watched.origins.swaps,
        **known,
    )


def is_new_client(call: WatchedCall, endpoint: str) -> bool:
    """Tell whether the client of this request was seen to register a moment before at the server of this endpoint."""
    watched, read = call.watched, read_url(endpoint)
    issuer = watched.legs.issuer_at(read.origin, read.path)
    return watched.clients.is_new(issuer, str(call.trace.client_id or ""), watched.clock.now())


def _stood_before(call: WatchedCall, answer: WholeAnswer, endpoint: str) -> Problem | None:
    """Return who answered in an endpoint's place; whether a browser gets past it, that shows itself."""
    if KINDS[call.leg] is EndpointKind.AUTHORIZATION:
        return None
    whose = authorization_server(call, endpoint)
    caller = CallFacts(f"the {KINDS[call.leg]} of {whose}", written_in=f"the metadata of {whose}")
    found = stood_before(endpoint, answer.status, read_headers(answer.headers), answer.body, caller)
    return replace(found, beginning=said_to(call, found.beginning)) if isinstance(found, UpstreamRefusal) else found


def authorization_server(call: WatchedCall, endpoint: str) -> str:
    """Return whose endpoint this is, with its host."""
    read = read_url(endpoint)
    issuer = call.watched.legs.issuer_at(read.origin, read.path)
    try:
        return f"the authorization server at {read_url(issuer).origin}"
    except UrlRefused:
        return f"the authorization server at {read.origin}"


def _header(answer: WholeAnswer, name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in answer.headers if key == name), "")


def said_to(call: WatchedCall, text: str) -> str:
    """Return the beginning of the server's own words, without the secrets of the request that they answer.

    Servers quote what they refuse, and a short code has no shape by which anybody would know it for one.
    """
    for secret in sorted(set(_secrets_of(call)), key=len, reverse=True):
        text = text.replace(secret, mask(secret))
    return excerpt(text.encode("utf-8", "replace"))[:SAID].rstrip(". ")


def _secrets_of(call: WatchedCall) -> Iterator[str]:
    """Yield what the query, the form and the credential of a request hold that nobody is shown."""
    trace = call.trace
    sent = (call.target.partition("?")[2], trace.query.decode("latin-1"), call.body.decode("latin-1"))
    for name, value in (pair for text in sent for pair in parse_qsl(text)):
        if len(value) >= _SHORTEST and (is_secret_parameter(name) or is_partly_secret(name)):
            yield value
    credential = trace.header(b"authorization").partition(" ")[2].strip()
    if len(credential) >= _SHORTEST:
        yield credential
