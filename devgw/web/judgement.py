"""What an upstream's answer means here: one for the client, one that is to be named beside it, or none at all."""

import zlib
from collections.abc import Mapping
from typing import Any

from devgw.departure import Departure
from devgw.events.taxonomy import FailureOrigin, Outcome
from devgw.events.trace import Headers
from devgw.foreign.challenge import said_in_challenge
from devgw.foreign.json import kind_of
from devgw.foreign.text import clean
from devgw.foreign.words import beginning_of
from devgw.gateway.forwarding import encoding_of, header_of, is_event_stream, is_json, read_headers
from devgw.gateway.transport import StreamedAnswer
from devgw.gateway.upstream import UpstreamCredential
from devgw.mcp.answer import failure_in, is_answer_to, is_jsonrpc, names_its_meaning
from devgw.mcp.attribution import shown_ids
from devgw.problems import Problem, Refused
from devgw.problems.proxy import GIVEN_URL, REWRITE_PATTERN
from devgw.problems.redirect import RedirectWantsCredential
from devgw.problems.upstream_answered import Answered, CallFacts, read_answer
from devgw.problems.upstream_by_status import no_answer_in, refusal_of, stood_in
from devgw.problems.upstream_credential import CHALLENGE_SHOWN, Shown, UpstreamCredentialRefused
from devgw.problems.upstream_no_mcp import IntermediaryAnswered
from devgw.problems.upstream_request import RequestNotMcp, RequestOffRevision, UpstreamKeepsSessions
from devgw.problems.upstream_status import UpstreamSpeaksLegacySse
from devgw.web.call import McpCall
from devgw.web.off_revision import off_revision, unsupported
from devgw.web.relay import WHOLE
from devgw.web.sending import keep

UPSTREAM_ANSWERS = Departure(
    name="upstream-answers",
    here="An upstream's answer that no MCP client can read, that breaks off, that is another request's or that passes "
    "a limit becomes a JSON-RPC error which names the fault; the trace keeps what the upstream said.",
    deployed="Answers pass as Zuplo's URL rewrite gives them; what becomes of each fault is not documented.",
    why="Naming the fault is what devgw is for.",
    source="https://zuplo.com/docs/mcp-gateway/code-config/mcp-proxy-handler",
    cannot="No setting can imitate what is not documented: rely on no particular error for a broken upstream.",
)
_UNAUTHORIZED, _FORBIDDEN, _REFUSALS, _BAD_REQUEST, _FAILURES = 401, 403, 400, 400, 500
_WITH_BATCHES = "2025-03-26"
"""The one revision that has them (MCP 2025-06-18, Key Changes)."""
_NOT_READ = frozenset({400, 415, 422})
_SAID_BY_JSON_RPC = frozenset({400, 404, 500})
"""Statuses under which a JSON-RPC error of the upstream's says more than they do (MCP 2026-07-28, Error Codes)."""
_SESSION_GONE = frozenset({400, 404})
_SESSION_WANTED = frozenset({400, 404, 409, 422})
"""What servers with sessions answer to a call that comes without one; the standard has 400 and 404."""
SESSION = b"mcp-session-id"
_GZIP_OR_DEFLATE = 47


class HeldAnswer:
    """An answer that was read to its end before it is relayed."""

    is_complete = True

    def __init__(self, answer: StreamedAnswer, body: bytes) -> None:
        self.status = answer.status
        self.headers: Headers = answer.headers
        self.reason = answer.reason
        self.peer = answer.peer
        self.received = len(body)
        self._answer = answer
        self._body = body

    async def read(self) -> bytes:
        """Return the body, then nothing."""
        body, self._body = self._body, b""
        return body

    read_in_time = read

    def hold(self, size: int, *, is_leaving: bool = False) -> None:
        """Do nothing: it is as short as what is held uncounted."""

    def abort(self) -> None:
        """Do nothing: the answer has ended."""

    def distrust(self) -> None:
        """Close the connection over which it came."""
        self._answer.distrust()


async def judged(call: McpCall, answer: StreamedAnswer, credential: UpstreamCredential) -> StreamedAnswer:
    """Return the answer if a client can understand it; 4xx are always relayed, clients tell eras by their bodies.

    Raises:
        Refused: with `UpstreamCredentialRefused`, `RedirectWantsCredential`, `UpstreamAnswerNotMcp`, `UpstreamFailed`
            or `UpstreamGaveNoAnswer`.
    """
    status, url = answer.status, call.answering_url
    content_type = header_of(answer.headers, b"content-type")
    if status == _UNAUTHORIZED and call.is_bare:
        await keep(call, answer)
        raise Refused(RedirectWantsCredential(url, call.route.upstream_url, status))
    if status == _UNAUTHORIZED:
        raise Refused(
            _unauthorized(call, _answered(call, status, await keep(call, answer), answer.headers), credential)
        )
    if _REFUSALS <= status < _FAILURES or (status < 300 and not call.messages.request_ids):
        return answer
    if status < 300 and (is_json(content_type) or is_event_stream(content_type)):
        return answer
    if not is_json(content_type):
        raise Refused(_no_answer(call, answer, await keep(call, answer)))
    body = await keep(call, answer, WHOLE)
    if not answer.is_complete or not is_jsonrpc(body):
        raise Refused(_no_answer(call, answer, body))
    call.trace.upstream_body = None
    return HeldAnswer(answer, body)


def _no_answer(call: McpCall, answer: StreamedAnswer, body: bytes) -> Problem:
    """Return what it is that came instead of MCP."""
    answered = _answered(call, answer.status, body, answer.headers)
    return no_answer_in(answered, shown_ids(call.messages.request_ids), _caller(call))


def refused_in_another_coding(call: McpCall, answer: StreamedAnswer, beginning: bytes) -> Problem | None:
    """Return which refusal it is whose text no client reads, by its words; None where it is none."""
    if answer.status < _REFUSALS:
        return None
    return refusal_of(_answered(call, answer.status, beginning, answer.headers), _caller(call))


def _unauthorized(call: McpCall, answered: Answered, credential: UpstreamCredential) -> Problem:
    """Return who wants a credential: the upstream, or who stands before it."""
    if (found := stood_in(answered, _caller(call))) is not None:
        return found
    challenge, shown = answered.short("www-authenticate", CHALLENGE_SHOWN), _shown(call, credential)
    said = answered.said or said_in_challenge(challenge)
    return UpstreamCredentialRefused(answered.url, challenge, said, shown, call.route.protected)


def _answered(call: McpCall, status: int, body: bytes, headers: Headers, *, speaks_mcp: bool = False) -> Answered:
    return read_answer(call.answering_url, status, read_headers(headers), body, speaks_mcp=speaks_mcp)


def _shown(call: McpCall, credential: UpstreamCredential) -> Shown:
    """Return what the route shows to its upstream."""
    exchange = call.route.token_exchange
    if credential.headers:
        return Shown.ASSERTION if exchange and exchange.auth_mode == "id-jag" else Shown.CONNECTION
    return Shown.HEADER if any(edits.set for edits in call.route.header_edits) else Shown.NOTHING


def note_outcome(call: McpCall, *, streamed: bool, keeps_sessions: bool) -> None:
    """Write down how a call ended whose answer was relayed, as far as the answer tells."""
    trace = call.trace
    content = _plain(call)
    found = failure_in(content, is_stream=streamed) if content else None
    if found and not streamed and (off := unsupported(call, content, beginning_of(content))):
        trace.refuse(off)
        return
    is_word = found is not None and (trace.status < _REFUSALS or _is_said_of_the_call(call, content))
    is_session_gone = trace.status in _SESSION_GONE and bool(call.header(SESSION)) and not keeps_sessions
    if trace.status >= _REFUSALS and trace.method == "POST" and not is_session_gone:
        problem = _refusal(call, content, keeps_sessions=keeps_sessions, speaks_mcp=found is not None)
        if not is_word or isinstance(problem, UpstreamKeepsSessions | RequestOffRevision | IntermediaryAnswered):
            trace.refuse(problem)
            return
    if found:
        trace.outcome = Outcome.APPLICATION_ERROR
        trace.reason_code, trace.explanation = found
    elif trace.status >= _REFUSALS:
        trace.outcome = Outcome.FAILURE
        trace.reason_code = f"upstream_status_{trace.status}"
        trace.explanation = f"The upstream answered {trace.status}: {beginning_of(content)}"
    if trace.outcome != Outcome.SUCCESS:
        trace.failure_origin = FailureOrigin.UPSTREAM


def _is_said_of_the_call(call: McpCall, content: bytes) -> bool:
    """Tell whether the JSON-RPC error of a refusal says more than its status: it answers what was asked."""
    return call.trace.status in _SAID_BY_JSON_RPC and is_answer_to(content, call.messages.request_ids)


def _plain(call: McpCall) -> bytes:
    """Return the answer as far as it was kept, unpacked; nothing where it was cut or cannot be read."""
    kept = call.trace.response_body
    encoding = encoding_of(call.trace.response_headers)
    if kept.truncated:
        return b""
    if not encoding:
        return kept.content
    try:
        return zlib.decompressobj(_GZIP_OR_DEFLATE).decompress(kept.content, WHOLE)
    except zlib.error:
        return b""


def _refusal(call: McpCall, body: bytes, *, keeps_sessions: bool, speaks_mcp: bool) -> Problem:
    """Return what a status that was relayed means here; who answers by JSON-RPC is there, and is an MCP server."""
    status, url = call.trace.status, call.answering_url
    answered = _answered(call, status, body, call.trace.upstream_headers, speaks_mcp=speaks_mcp)
    said = answered.said
    if (found := stood_in(answered, _caller(call))) is not None:
        return found
    if status in _SESSION_WANTED and keeps_sessions:
        return UpstreamKeepsSessions(url, status, said)
    if call.speaks_legacy_sse:
        return UpstreamSpeaksLegacySse(url, status, said, written_in=_caller(call).written_in)
    if status == _FORBIDDEN and call.is_bare:
        return RedirectWantsCredential(url, call.route.upstream_url, status)
    of_request = _of_the_request(call, body, said) if status in _NOT_READ else None
    return of_request or refusal_of(answered, _caller(call))


def _of_the_request(call: McpCall, body: bytes, said: str) -> Problem | None:
    """Return what is wrong with a refused request, where that can be seen in the request itself."""
    if what := _no_message(call):
        return RequestNotMcp(call.answering_url, call.trace.status, said, what)
    if call.trace.status == _BAD_REQUEST and not names_its_meaning(body):
        return off_revision(call, said)
    return None


def _caller(call: McpCall) -> CallFacts:
    """Return what is known of the request."""
    sent = ""
    if call.route.token_exchange:
        sent = "the credential of the route's token exchange"
    elif any(edits.set for edits in call.route.header_edits):
        sent = "the header that a policy of the route sets"
    where = GIVEN_URL if call.route.is_given else REWRITE_PATTERN
    return CallFacts(written_in=where, credential=sent, page=call.header(b"origin"), accept=call.header(b"accept"))


def _no_message(call: McpCall) -> str:
    """Return what makes a request no MCP message; empty where it is one."""
    sent = call.header(b"content-type")
    if not is_json(sent.encode("latin-1", "replace")):
        content_type = clean(sent, 100)
        return f"its Content-Type is {content_type}" if content_type else "it has no Content-Type"
    if not call.messages.items:
        return "its body is no JSON object" if call.trace.request_body.size else "it has no body"
    if call.messages.is_batch and call.header(b"mcp-protocol-version") != _WITH_BATCHES:
        return f"it is a batch, which MCP had in {_WITH_BATCHES} alone"
    versions = {each.get("jsonrpc") for each in call.messages.items if isinstance(each.get("jsonrpc"), str)}
    if versions != {"2.0"}:
        return 'it has no "jsonrpc": "2.0"'
    return next(filter(None, map(_odd_member, call.messages.items)), "")


def _odd_member(message: Mapping[str, Any]) -> str:
    """Return which member no JSON-RPC message has so (JSON-RPC 2.0 §4; MCP: an id is a string or a number)."""
    if "method" not in message:
        return "" if {"result", "error"} & message.keys() else 'it has no "method"'
    if not isinstance(message["method"], str):
        return f'its "method" is {kind_of(message["method"])}, not a string'
    if "id" in message and (isinstance(message["id"], bool) or not isinstance(message["id"], str | int)):
        return f'its "id" is {kind_of(message["id"])}, not a string or an integer'
    if "params" in message and not isinstance(message["params"], dict | list):
        return f'its "params" is {kind_of(message["params"])}, not an object'
    return ""
