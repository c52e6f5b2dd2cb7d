"""The MCP endpoint, and whatever else a watched origin answers: as it comes, with the bearer where it was meant for."""

from devgw.events.taxonomy import FailureOrigin, Outcome
from devgw.foreign.text import clean
from devgw.gateway.forwarding import header_of, is_event_stream, is_json
from devgw.gateway.transport import UpstreamAnswer
from devgw.gateway.watched.headers import metadata_hint
from devgw.gateway.watched.legs import Leg
from devgw.gateway.watched.tokens import token_id
from devgw.limits import Limits
from devgw.mcp.message import read_messages
from devgw.monitor.flow_moves import Seen
from devgw.web.watched.sending import give_as_it_comes, send
from devgw.web.watched.telling import tell, tell_refusal
from devgw.web.watched.watched import WatchedCall

_TOKENS = frozenset({"bearer", "dpop"})
"""Schemes by which an access token is shown (RFC 6750 §2.1, RFC 9449 §7.1)."""
_OK, _UNAUTHORIZED, _FORBIDDEN = 200, 401, 403


async def answer_plain(call: WatchedCall) -> None:
    """Send a request on and give its answer as it comes.

    Raises:
        Refused: where nothing came, or the answer breaks off.
    """
    if call.leg is Leg.MCP:
        _read_call(call)
    method = "GET" if call.trace.method == "HEAD" else ""  # the transport would wait for a body that never comes
    answer = await send(call, call.body, method=method)
    try:
        if call.leg is Leg.MCP:
            await _meet_hint(call, answer)
            _judge(call, answer)
        await give_as_it_comes(call, answer)
    finally:
        answer.abort()


def _read_call(call: WatchedCall) -> None:
    """Write down whose call it is and what it asks."""
    trace = call.trace
    if call.body and len(call.body) <= Limits.ANSWER_BYTES:
        messages = read_messages(call.body)
        trace.mcp_method = (messages.method or "")[: Limits.NAME_CHARACTERS] or None
        trace.capability = (messages.capability or "")[: Limits.NAME_CHARACTERS] or None
    trace.protocol_version = trace.header(b"mcp-protocol-version")[: Limits.NAME_CHARACTERS] or None
    scheme, _, token = trace.header(b"authorization").partition(" ")
    if scheme.lower() not in _TOKENS:
        return
    trace.token_id = token_id("at", token)
    if (holder := call.watched.tokens.find(token)) is not None:
        trace.grant_id, trace.client_id, trace.client_name = holder.grant_id, holder.client_id, holder.client_name


async def _meet_hint(call: WatchedCall, answer: UpstreamAnswer) -> None:
    """Open the origin to which a challenge leads, and remember that the resource's metadata is there."""
    if hint := metadata_hint(answer.headers):
        for refused in await call.watched.origins.meet([hint]):
            call.trace.notes.append(f"Left as it is: {refused.explain()}")
        call.watched.legs.learn(hint, Leg.RESOURCE_METADATA)
        call.watched.keep()


def _judge(call: WatchedCall, answer: UpstreamAnswer) -> None:
    """Tell what a refusal means for the flow; what is answered well tells itself."""
    trace = call.trace
    status, has_token = answer.status, trace.token_id is not None
    if status == _UNAUTHORIZED and not has_token:
        trace.outcome = Outcome.DENIED
        tell(call, Seen.CHALLENGED, "challenged, waiting for the client to discover")
        return
    if trace.method == "OPTIONS":
        return
    if status < 400:
        _judge_type(call, answer)
        return
    trace.outcome, trace.failure_origin = Outcome.DENIED, FailureOrigin.UPSTREAM
    if trace.method == "GET" and not has_token:
        return
    said = f"The server answered {status} to {trace.mcp_method or trace.method}"
    said += " with a token." if has_token else "."
    if status in {_UNAUTHORIZED, _FORBIDDEN}:
        seen = Seen.CALL_FORBIDDEN if status == _FORBIDDEN else Seen.CALL_REFUSED
        tell_refusal(call, seen, f"status_{status}", said)
    elif trace.method == "POST":
        tell_refusal(call, Seen.CALL_FAILED, f"status_{status}", said)


def _judge_type(call: WatchedCall, answer: UpstreamAnswer) -> None:
    """Tell of an answer under 200 that no client takes for one: a page of login, as of a portal before the server."""
    kind = header_of(answer.headers, b"content-type")
    if call.trace.method != "POST" or answer.status != _OK or is_json(kind) or is_event_stream(kind):
        return
    asked, named = call.trace.mcp_method or "POST", clean(kind.decode("latin-1"), 80) or "no content-type"
    said = f"The server answered 200 to {asked} with {named}, which is neither JSON nor an event stream."
    tell_refusal(call, Seen.CALL_FAILED, "no_mcp_answer", said)
