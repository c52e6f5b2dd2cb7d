"""From a request that was let in to the end of its answer: credential, relay, what came of it, and the events."""

import asyncio
from collections.abc import Callable

from devgw.events import Bus
from devgw.events.taxonomy import FailureOrigin, McpCapabilityCompleted, McpCapabilityInvoked, Outcome
from devgw.events.trace import CLIENT_LEFT
from devgw.gateway.capability import LIST_STREAMS, AnswerRewriter, Capabilities
from devgw.gateway.capability_filter import hidden_by_claims
from devgw.gateway.forwarding import header_of, is_event_stream
from devgw.gateway.open_answers import OpenAnswers
from devgw.gateway.patience import Patience
from devgw.gateway.transport import StreamedAnswer, UpstreamTransport
from devgw.gateway.upstream import UpstreamCredential, UpstreamCredentials
from devgw.limits import Limits
from devgw.mcp.attribution import UnansweredIds
from devgw.problems import Problem, Refused
from devgw.problems.front import GatewayStops
from devgw.problems.token_shape import TokenShape, TokenUnknown
from devgw.problems.upstream_answer import UpstreamAnswerForeign, UpstreamResponseMalformed
from devgw.settings import Settings
from devgw.web import awaited
from devgw.web.answers import verdict_on
from devgw.web.attribution import MiscodedRefused
from devgw.web.call import McpCall
from devgw.web.judgement import SESSION, judged, note_outcome, refused_in_another_coding
from devgw.web.recorder import ClientLeft
from devgw.web.relay import relay
from devgw.web.sending import Sender
from devgw.web.sessions import BegunSessions, Session
from devgw.web.watch import GRACE, AnswerWatch, TokenEnded

_WRONG_PLACE = frozenset({404, 405})


class Forwarder:
    """Sends requests up and answers down."""

    def __init__(
        self,
        client: UpstreamTransport,
        credentials: UpstreamCredentials,
        capabilities: Capabilities,
        *,
        settings: Settings,
        bus: Bus,
        open_answers: OpenAnswers,
        sessions: BegunSessions,
    ) -> None:
        self._open_answers = open_answers
        self._sessions = sessions
        self._sender = Sender(client, credentials)
        self._credentials = credentials
        self._capabilities = capabilities
        self._is_stateful = settings.proxy.stateful
        self._filters_streams = LIST_STREAMS.is_made(settings)
        self._with_sessions: set[str] = set()
        """The paths of routes whose upstream has begun a session."""
        self._bus = bus
        self._patience = Patience(GRACE, GRACE)

    async def forward(self, call: McpCall, why_ended: Callable[[McpCall], Problem | None]) -> None:
        """Answer `call` with what its upstream says.

        Args:
            call: what was let in.
            why_ended: says why its token works no more; None where it does.

        Raises:
            Refused: where there is no credential, no answer, none that a client could understand, or none for this
                client any more.
        """
        watch = AnswerWatch(call.recording.receive, self._patience)
        number = self._open_answers.enter(call.admitted, call.route, watch.end)
        try:
            await self._answer(call, watch, why_ended)
        finally:
            self._open_answers.leave(number)

    async def _answer(self, call: McpCall, watch: AnswerWatch, why_ended: Callable[[McpCall], Problem | None]) -> None:
        began = call.recording.wait(awaited.CREDENTIAL)
        credential = await self._credentials.obtain(call.route, call.admitted, call.origin)
        call.recording.phase("credential", began)
        if call.is_capability:
            invoked = McpCapabilityInvoked(mcp_method=call.method or "", capability=call.capability, **call.known)
            self._bus.publish(invoked)
        streamed = False
        try:
            with watch:
                streamed = await self._exchange(call, credential)
            self._note_sessions(call)
            keeps_sessions = not self._is_stateful and call.route.path in self._with_sessions
            note_outcome(call, streamed=streamed, keeps_sessions=keeps_sessions)
        except ClientLeft:
            _note_departure(call)
        except TokenEnded:
            raise _noted(call, why_ended(call) or await self._why_disconnected(call)) from None
        except asyncio.CancelledError:  # nothing else cuts a request that was let in
            raise _noted(call, GatewayStops()) from None
        except Refused as refused:
            raise _noted(call, refused.problem) from refused
        finally:
            if call.is_capability:
                self._publish_completed(call, streamed=streamed)

    async def _why_disconnected(self, call: McpCall) -> Problem:
        """Return what the next call would be told where it is not the token that went, but the connection."""
        try:
            await self._credentials.obtain(call.route, call.admitted, call.origin)
        except Refused as refused:
            return refused.problem
        return TokenUnknown(TokenShape.OURS)  # it came back in this moment

    async def _exchange(self, call: McpCall, credential: UpstreamCredential) -> bool:
        """Send the request up and its answer down; tell whether that was a stream."""
        rewriter = self._rewriter(call)
        if call.recording.body.size > Limits.BODY_UNCOUNTED_BYTES:
            call.messages = call.messages.without_params()
        answer = await self._sender.send(call, credential, wants_identity=rewriter is not None)
        try:
            if answer.status in _WRONG_PLACE and call.trace.method == "POST":
                call.speaks_legacy_sse = await self._sender.offers_event_stream(call, credential)
            streamed = await self._pass_on(call, answer, credential, rewriter)
            if streamed and rewriter is not None:
                self._note_list_stream(call)
        except Refused as refused:
            if isinstance(refused.problem, UpstreamAnswerForeign | UpstreamResponseMalformed):
                answer.distrust()
            raise Refused(_told(call, answer, refused)) from refused
        finally:
            self._note_in_session(call, answer)
            answer.abort()
        return streamed

    def _rewriter(self, call: McpCall) -> AnswerRewriter | None:
        """Return what the client may see of the answer; None where that is everything."""
        if call.route.capability_filter is None:
            return None
        rewriter = self._capabilities.rewriter(call.route, call.admitted, call.messages.items)
        if rewriter is not None and (note := hidden_by_claims(call.route.capability_filter, call.admitted)):
            call.trace.notes.append(note)
        return rewriter

    async def _pass_on(
        self, call: McpCall, answer: StreamedAnswer, credential: UpstreamCredential, rewriter: AnswerRewriter | None
    ) -> bool:
        """Judge an answer and send it down; tell whether it was a stream.

        The time is laid to the upstream, however that ends, unless all was there already.
        """
        recording = call.recording
        was_complete, began = answer.is_complete, recording.ticks()
        try:
            answer = await judged(call, answer, credential)
            call.body = b""
            recording.body.let_go()
            self._note_in_session(call, answer)
            streamed = await relay(recording, answer, call.place.forwarding, self._asked(call), rewriter)
            if was_complete:
                recording.phase("send", began)
            return streamed
        finally:
            if not was_complete:
                recording.phase("stream", began)
                call.trace.upstream_ms += (recording.ticks() - began) / 1e6

    def _note_list_stream(self, call: McpCall) -> None:
        """Say where this gateway and the deployed one part: lists in event streams."""
        call.trace.notes.append(
            "The list came as an event stream and was filtered; the deployed gateway is documented to filter JSON "
            "answers alone."
            if self._filters_streams
            else "The list came as an event stream and was not filtered, as in the deployed gateway ([deployed] in "
            "devgw.toml); calls of what the filter hides are refused."
        )

    def _asked(self, call: McpCall) -> UnansweredIds | None:
        """Return whose answer comes; None for a stream that is resumed in a session of which that is not known.

        A GET asks nothing: a response on its stream must answer what was asked in one that broke off, and only where
        the client says with `Last-Event-ID` how far it had that. Source: MCP 2025-11-25, Listening for Messages from
        the Server.
        """
        if call.trace.method == "GET" and call.header(b"last-event-id"):
            return self._sessions.resumed(_session_of(call))
        return UnansweredIds(call.messages.request_ids)

    def _note_in_session(self, call: McpCall, answer: StreamedAnswer) -> None:
        """Write down in the call's session where it is answered by a stream, as that begins and as it ends."""
        if not self._is_stateful or call.trace.method != "POST":
            return
        if begun := header_of(answer.headers, SESSION):
            self._sessions.begin(_session_of(call, begun.decode("latin-1")))
        if is_event_stream(header_of(answer.headers, b"content-type")):
            self._sessions.note(_session_of(call), tuple(call.messages.request_ids))

    def _note_sessions(self, call: McpCall) -> None:
        """Say where this gateway and the deployed one part: sessions."""
        trace = call.trace
        began = bool(header_of(trace.upstream_headers, SESSION))
        if began:
            self._with_sessions.add(call.route.path)
        has_session = began or bool(call.header(SESSION))
        if self._is_stateful and (has_session or trace.method != "POST"):
            trace.notes.append(
                "[proxy] stateful = true: the deployed gateway forwards neither GET, DELETE nor sessions."
            )
        elif has_session:
            trace.notes.append(
                "The upstream uses Mcp-Session-Id, which the gateway does not pass on, as the deployed one does not. "
                "Make the upstream stateless, or set [proxy] stateful = true in devgw.toml to go on here."
            )

    def _publish_completed(self, call: McpCall, *, streamed: bool) -> None:
        trace = call.trace
        self._bus.publish(
            McpCapabilityCompleted(
                mcp_method=call.method or "",
                capability=call.capability,
                status=trace.status or trace.upstream_status or 0,
                gateway_ms=max(0.0, call.recording.elapsed_ms() - trace.upstream_ms),
                upstream_ms=trace.upstream_ms,
                streamed=streamed,
                **trace.ending(),
                **call.known,
            )
        )


def _told(call: McpCall, answer: StreamedAnswer, refused: Refused) -> Problem:
    """Return why an answer is refused; of one in another coding, what it says where that is a refusal itself."""
    said = None
    if isinstance(refused, MiscodedRefused):
        said = refused_in_another_coding(call, answer, refused.beginning)
    return said or refused.problem


def _noted(call: McpCall, problem: Problem) -> Refused:
    """Write down how the request ends, and return that as what is raised."""
    call.trace.refuse(problem, *verdict_on(problem))
    return Refused(problem)


def _note_departure(call: McpCall) -> None:
    trace = call.trace
    if not call.recording.has_begun:
        trace.status = CLIENT_LEFT
    trace.outcome = Outcome.CANCELLED
    trace.failure_origin = FailureOrigin.CLIENT
    trace.reason_code = "client_left"
    trace.explanation = "The client closed the connection; the upstream's was closed with it."


def _session_of(call: McpCall, begun: str = "") -> Session:
    """Return the session of a call, or the one that its answer begins."""
    return call.route.path, call.admitted.subject_id, begun or call.header(SESSION)
