"""What the MCP server's answer to a call means for the flow of its client: by status, type and what the token is."""

from dataclasses import replace

from devgw.clock import epoch
from devgw.events.taxonomy import FailureOrigin, Outcome
from devgw.foreign.challenge import Challenge, bearer_challenge
from devgw.gateway.forwarding import encoding_of, header_of, is_event_stream, is_json, read_headers
from devgw.gateway.transport import StreamedAnswer
from devgw.gateway.watched.legs import Leg
from devgw.gateway.watched.tokens import TokenHolder, WatchedTokens
from devgw.limits import Limits
from devgw.mcp.answer import failure_in, is_jsonrpc, responses_in
from devgw.mcp.attribution import UnansweredIds, shown_ids
from devgw.mcp.response import Message
from devgw.mcp.well_formed import find_malformed
from devgw.monitor.flow_moves import FlowMove
from devgw.oauth.token_claims import read_claims
from devgw.problems import Problem, Refused
from devgw.problems.foreign_token import TokenKnown
from devgw.problems.limit import AnswerUnpacksTooLong
from devgw.problems.proxy import GIVEN_URL
from devgw.problems.upstream_answer import UpstreamAnswerForeign, UpstreamEncodingUnreadable, UpstreamResponseMalformed
from devgw.problems.upstream_answered import Answered, CallFacts, read_answer
from devgw.problems.upstream_by_status import no_answer_in
from devgw.web.decoding import Decoder, decoder_of
from devgw.web.watched.initializing import find_refused_initialize
from devgw.web.watched.telling import said_to, tell, tell_refusal
from devgw.web.watched.watched import WatchedCall

_READ_HERE = frozenset({"", "gzip", "x-gzip", "deflate"})
"""How a body may be packed that is looked into; else the client alone may know how."""
_OK, _REDIRECTS, _REFUSES, _UNAUTHORIZED, _FORBIDDEN = 200, 300, 400, 401, 403
_SEEN = {_UNAUTHORIZED: FlowMove.CALL_REFUSED, _FORBIDDEN: FlowMove.CALL_FORBIDDEN}


def is_refusal(call: WatchedCall, answer: StreamedAnswer) -> bool:
    """Tell whether a call was not answered with MCP: a page under 200 is that of a portal before the server."""
    if call.trace.method == "OPTIONS":
        return False
    if answer.status >= _REFUSES or call.trace.method != "POST":
        return answer.status >= _REFUSES
    kind = header_of(answer.headers, b"content-type")
    is_page = answer.status == _OK and not (is_json(kind) or is_event_stream(kind))
    return is_page or answer.status >= _REDIRECTS


def judge_success(call: WatchedCall, answer: StreamedAnswer) -> None:
    """Tell what a success means for the flow, once it was given: something where it does not answer what was asked."""
    try:
        content = _whole(call, answer)
    except Refused as refused:
        tell_refusal(call, FlowMove.CALL_FAILED, refused.problem)
        return
    if content is None:
        return
    responses = responses_in(content, is_stream=_is_stream(answer))
    if (malformed := _find_malformed(call, answer, content)) is not None:
        tell_refusal(call, FlowMove.CALL_FAILED, malformed)
    elif responses == [] if _is_stream(answer) else not is_jsonrpc(content):
        judge(call, answer)
    elif (found := _find_foreign(call, answer, responses or [])) is not None or (
        found := _find_refused(call, answer, content)
    ) is not None:
        tell_refusal(call, FlowMove.CALL_FAILED, found)


def _whole(call: WatchedCall, answer: StreamedAnswer) -> bytes | None:
    """Return the body of the answer to a request, unpacked; None where not all of it is here to be read, or is none.

    Raises:
        Refused: with `UpstreamEncodingUnreadable`, where it is not packed as it says.
    """
    body, most = call.trace.response_body, Limits.ANSWER_BYTES
    if not _is_request(call) or encoding_of(answer.headers) not in _READ_HERE:
        return None
    decoder = decoder_of(answer.headers, call.url.partition("?")[0], most)
    content = body.content[:most] if decoder is None else _unpacked(decoder, body.content[:most])
    if content is None or body.truncated or len(body.content) > most:
        return None
    if decoder is not None and decoder.is_cut and not _is_stream(answer):
        raise Refused(UpstreamEncodingUnreadable(call.url.partition("?")[0], decoder.encoding, is_broken=True))
    return content


def _unpacked(decoder: Decoder, content: bytes) -> bytes | None:
    """Return what a body comes to; None where that is more than is looked into."""
    try:
        return b"".join(decoder.feed(content))
    except Refused as refused:
        if isinstance(refused.problem, AnswerUnpacksTooLong):
            return None
        raise


def _find_malformed(call: WatchedCall, answer: StreamedAnswer, content: bytes) -> Problem | None:
    """Return why no client reads a whole answer as the response that it is; None where they do."""
    failure = find_malformed(content, is_stream=_is_stream(answer)) if content.strip() else ""
    owner = f"the MCP server at {call.origin}"
    return UpstreamResponseMalformed(call.url.partition("?")[0], failure, owner) if failure else None


def _find_foreign(call: WatchedCall, answer: StreamedAnswer, responses: list[Message]) -> Problem | None:
    """Return that one request got the answer to another, or its own twice; None where not, or where nobody can tell."""
    ids = call.messages.request_ids
    if len(ids) != 1 or answer.status != _OK:
        return None
    got = UnansweredIds(ids).foreign(responses)
    owner = f"the MCP server at {call.origin}"
    return UpstreamAnswerForeign(call.url.partition("?")[0], got, shown_ids(ids), owner) if got else None


def _find_refused(call: WatchedCall, answer: StreamedAnswer, content: bytes) -> Problem | None:
    return find_refused_initialize(call, answer.status, content, is_stream=_is_stream(answer))


def _is_request(call: WatchedCall) -> bool:
    """Tell whether what was asked, as far as it was read, wants an answer."""
    return not (call.trace.mcp_method or "notifications/").startswith("notifications/")


def _is_stream(answer: StreamedAnswer) -> bool:
    return is_event_stream(header_of(answer.headers, b"content-type"))


def judge(call: WatchedCall, answer: StreamedAnswer) -> None:
    """Tell what a refusal means for the flow, once it was given; what is answered well tells itself."""
    trace = call.trace
    status, has_token = answer.status, trace.token_id is not None
    if status == _UNAUTHORIZED and not has_token and _answered(call, answer).intermediary is None:
        trace.outcome = Outcome.DENIED
        tell(call, FlowMove.CHALLENGED, "challenged, waiting for the client to discover")
    elif trace.method != "POST" and not (has_token and status in _SEEN):
        trace.outcome, trace.failure_origin = Outcome.DENIED, FailureOrigin.UPSTREAM
    else:
        tell_refusal(call, _SEEN.get(status, FlowMove.CALL_FAILED), _refusal(call, answer))


def _refusal(call: WatchedCall, answer: StreamedAnswer) -> Problem:
    """Return what it is that came instead of MCP."""
    trace, challenge = call.trace, _challenge(answer)
    answered = _answered(call, answer)
    said = challenge.parameters.get("error_description") or challenge.error or answered.said
    asked = trace.mcp_method or trace.method
    has_token = trace.token_id is not None
    caller = CallFacts(
        f"the MCP server at {call.origin}",
        asked,
        GIVEN_URL if call.leg is Leg.MCP else "the client's URL",
        credential="the client's token" if has_token else "",
        token=_token_known(call) if has_token else None,
        scope=" ".join(challenge.scopes) if challenge.error == "insufficient_scope" else None,
        page=trace.header(b"origin"),
        accept=trace.header(b"accept"),
        has_session=bool(trace.header(b"mcp-session-id")),
        is_swapped=call.watched.origins.swaps,
    )
    return no_answer_in(replace(answered, said=said_to(call, said)), asked, caller)


def _answered(call: WatchedCall, answer: StreamedAnswer) -> Answered:
    """Return what the answer tells, as far as its body was kept."""
    body, url = call.trace.response_body.content, call.url.partition("?")[0]
    speaks_mcp = failure_in(body, is_stream=False) is not None
    headers = read_headers(answer.headers)
    return read_answer(url, answer.status, headers, body, speaks_mcp=speaks_mcp, asked_url=call.url)


def _challenge(answer: StreamedAnswer) -> Challenge:
    challenges = [value.decode("latin-1") for key, value in answer.headers if key == b"www-authenticate"]
    return bearer_challenge(challenges) or Challenge()


def _token_known(call: WatchedCall) -> TokenKnown:
    """Return what is known of the token of a call: by what gave it, and by what it says itself."""
    watched = call.watched
    token = call.trace.header(b"authorization").partition(" ")[2].strip()
    holder, claims, now = watched.tokens.find(token), read_claims(token), watched.clock.now()
    ends = epoch(holder.ends) if holder is not None and holder.ends is not None else claims.ends
    old = _why_old(watched.tokens, token, holder, is_over=ends is not None and ends <= epoch(now))
    return TokenKnown(
        is_fresh=not old,
        old=old,
        issuer=holder.issuer if holder is not None else claims.issuer,
        named=watched.named,
        audience=claims.audience,
    )


def _why_old(tokens: WatchedTokens, token: str, holder: TokenHolder | None, *, is_over: bool) -> str:
    """Return what is known of a token that was not just given, as the end of a sentence; empty for one that was."""
    if is_over:
        return "has ended"
    if holder is None:
        return "was not seen to be given here"
    if tokens.has_ended(holder):
        return "belongs to a login whose refresh was refused"
    return "was taken before, and was revoked or ended since" if tokens.was_taken(token) else ""
