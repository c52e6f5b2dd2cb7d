"""The MCP routes: from a request whose host and caller are known to what is sent to its upstream, or a refusal.

Raw ASGI: a Quart route costs more than all of this. One `McpRoutes` serves one generation, with its requests.
"""

import asyncio
from contextlib import suppress

from devgw.config.project import Project, Route
from devgw.departure import Departure
from devgw.events import Bus
from devgw.events.taxonomy import FailureOrigin, McpRequestAccepted, McpRequestRejected, Outcome
from devgw.foreign.json import JsonRefused
from devgw.foreign.text import clean
from devgw.gateway.admission import Admission
from devgw.gateway.capability import Capabilities
from devgw.gateway.connect_required import CONNECT_ERRORS, WITH_URL_ELICITATION
from devgw.gateway.forwarding import encoding_of, forwarding_of
from devgw.gateway.misplaced_token import find_elsewhere
from devgw.limits import Limits
from devgw.mcp.headers import mismatch, missing
from devgw.mcp.message import find_lookalike, read_messages
from devgw.mcp.revision import is_modern, revision_of
from devgw.problems import Problem, Refused
from devgw.problems.bearer import SubjectMissing, TokenMissing
from devgw.problems.front import BodyUnreadable, HeaderMismatch, MethodNotOffered, RequestTooLarge
from devgw.problems.limit import BatchTooLong, BodyTooDeep
from devgw.settings import Settings
from devgw.web.answers import answer_bearer, answer_problem, answer_rpc, events_of, verdict_on
from devgw.web.call import NOBODY, McpCall, McpRoute
from devgw.web.forward import Forwarder
from devgw.web.paths import ENDPOINTS
from devgw.web.recorder import BodyTooLarge, Recording
from devgw.web.relay import end_broken_stream

_UNAUTHORIZED = 401
_SESSION_METHODS = frozenset({"GET", "DELETE"})
SESSIONS = Departure(
    name="sessions",
    here="With `[proxy] stateful = true` GET, DELETE and Mcp-Session-Id are forwarded.",
    deployed="A route takes POST alone and keeps no session: GET and DELETE are 405, Mcp-Session-Id stops there.",
    why="A server that needs sessions can be worked on before it is made stateless. Without the setting devgw does as "
    "the deployed gateway does.",
    source="https://zuplo.com/docs/mcp-gateway/code-config/mcp-proxy-handler",
    setting="[proxy]\nstateful = false",
    is_made=lambda settings: settings.proxy.stateful,
)
_LONG = 131_072
"""Bytes of a body beyond which it is read beside the loop: many small values in it take seconds."""


class McpRoutes:
    """The MCP routes of one generation."""

    def __init__(
        self,
        project: Project,
        admission: Admission,
        capabilities: Capabilities,
        forwarder: Forwarder,
        *,
        settings: Settings,
        bus: Bus,
    ) -> None:
        self._admission = admission
        self._capabilities = capabilities
        self._forwarder = forwarder
        self._limit = settings.proxy.request_limit
        self._is_stateful = SESSIONS.is_made(settings)
        self._takes_slashes = ENDPOINTS.is_made(settings)
        self._tells_by_revision = CONNECT_ERRORS.is_made(settings)
        self._bus = bus
        self._reading_long = asyncio.Lock()
        """One at a time: as objects, such a body takes a hundred times its memory."""
        self._places = {
            route.path: McpRoute(
                route,
                forwarding_of(route, is_stateful=self._is_stateful),
                str(project.root / route.mtls_certificate) if route.mtls_certificate else None,
            )
            for route in project.routes
        }

    def at(self, path: str) -> McpRoute | None:
        """Return the route at `path`, with or without a trailing slash where that does not matter."""
        found = self._places.get(path)
        return found or (self._places.get(path.rstrip("/")) if self._takes_slashes else None)

    @property
    def methods(self) -> tuple[str, ...]:
        """Return what a route takes."""
        return ("POST", "GET", "DELETE") if self._is_stateful else ("POST",)

    async def answer(self, place: McpRoute, recording: Recording, origin: str) -> None:
        """Answer one request on `place`."""
        call = McpCall(recording, place, origin)
        call.known = {"trace_id": recording.trace.id, "operation_id": place.route.operation_id}
        recording.trace.operation_id = place.route.operation_id
        if not await self._is_taken(call):
            return
        try:
            self._check_policies(call)
            await self._forwarder.forward(call, self._why_ended)
        except Refused as refused:
            await self._fail(call, refused.problem)

    async def _is_taken(self, call: McpCall) -> bool:
        """Read the request and let it in, or refuse it; the body is read to its end before any answer.

        A long one is read for nobody who is refused by the head, and what that says is looked at again afterwards.
        """
        recording, trace = call.recording, call.trace
        is_offered = trace.method == "POST" or (self._is_stateful and trace.method in _SESSION_METHODS)
        try:
            if recording.is_long and not (is_offered and self._is_welcome(call)):
                await recording.drain(self._limit)
            else:
                call.body = await recording.read_body(self._limit)
        except BodyTooLarge:
            self._note_caller(call)
            await self._turn_away(call, RequestTooLarge(self._limit, "[proxy] request_limit"))
            return False
        except Refused as refused:
            self._note_caller(call)
            await self._turn_away(call, refused.problem)
            return False
        await self._read(call)
        if not is_offered:
            await self._turn_away(call, MethodNotOffered.asked(trace.method, trace.path, trace.request_headers))
            return False
        began = recording.ticks()
        try:
            self._admit(call)
        except Refused as refused:
            problem = _looked_for(call) if type(refused.problem) is TokenMissing else refused.problem
            self._publish_rejected(call, problem, problem.status)
            challenge = self._admission.challenge(call.route, problem, call.origin)
            await answer_bearer(recording, problem, challenge)
            return False
        recording.phase("admit", began)
        return True

    async def _read(self, call: McpCall) -> None:
        """Read which method and capability are meant, for events, policies and traces."""
        if len(call.body) > _LONG:
            async with self._reading_long:
                call.messages = await asyncio.to_thread(read_messages, call.body)
        elif call.body:
            call.messages = read_messages(call.body)
        trace, messages = call.trace, call.messages
        trace.mcp_method = call.method = _told(messages.method)
        trace.capability = call.capability = _told(messages.capability)
        revision = revision_of(call.header(b"mcp-protocol-version"), messages)
        trace.protocol_version = call.revision = _told(revision)

    def _admit(self, call: McpCall) -> None:
        """Look the token up.

        Raises:
            Refused: with a problem of `problems.bearer`.
        """
        if call.route.protected:
            call.admit(self._admission.admit(*_asked(call)))
        elif call.route.token_exchange:
            raise Refused(SubjectMissing(call.route.path, call.route.token_exchange.display_name))
        else:
            call.trace.notes.append("No MCP OAuth policy is attached to this route: anybody may call it.")
        if call.admitted is not NOBODY:
            accepted = McpRequestAccepted(token_id=call.admitted.token_id, mcp_method=call.method, **call.known)
            self._bus.publish(accepted)

    def _note_caller(self, call: McpCall) -> None:
        """Write into the trace whose request it was of which no body was taken, so that it is told of its own way."""
        if call.route.protected:
            with suppress(Refused):
                call.admit(self._admission.admit(*_asked(call)))

    def _is_welcome(self, call: McpCall) -> bool:
        """Tell by the head whether `_admit` would let a request in."""
        if call.route.protected:
            return self._admission.find_refusal(*_asked(call)) is None
        return not call.route.token_exchange

    def _why_ended(self, call: McpCall) -> Problem | None:
        """Return why the token opens nothing any more; None where it does."""
        return self._admission.find_refusal(*_asked(call)) if call.route.protected else None

    def _check_policies(self, call: McpCall) -> None:
        """Let the messages pass the route's capability filter.

        Raises:
            Refused: with `CapabilityHidden` or `HeaderMismatch`, or where the body could be read in two ways.
        """
        is_filtered = call.route.capability_filter is not None
        _check_readable(call, is_filtered=is_filtered)
        self._compare_headers(call)
        if is_filtered:
            self._capabilities.check(call.route, call.admitted, call.messages.items)

    def _compare_headers(self, call: McpCall) -> None:
        """Note where a mirrored header contradicts the body; refuse it where a policy acts on the body."""
        items = call.messages.items
        if not items or not is_modern(call.revision) or call.method is None:
            return
        method, name = call.header(b"mcp-method"), call.header(b"mcp-name")
        difference = mismatch(method, name, items[0])
        if difference is None and (absent := missing(method, name, items[0])):
            difference = absent
        if difference is None:
            return
        call.trace.notes.append(f"{difference}.")
        if call.route.capability_filter is not None:
            raise Refused(HeaderMismatch(difference))

    async def _turn_away(self, call: McpCall, problem: Problem) -> None:
        """Refuse what is no request for MCP at all."""
        self._publish_rejected(call, problem, problem.status)
        await answer_problem(call.recording, problem, (b"allow", ", ".join(self.methods).encode()))

    async def _fail(self, call: McpCall, problem: Problem) -> None:
        """Answer a request that was let in but cannot be served."""
        if call.recording.has_begun:
            events = events_of(call.recording, problem, call.messages, self._revision(call))
            may_resume = self._is_stateful and problem.status != _UNAUTHORIZED
            await end_broken_stream(call.recording, problem, events, may_resume=may_resume)
            return
        if problem.status == _UNAUTHORIZED:
            challenge = self._admission.challenge(call.route, problem, call.origin)
            await answer_bearer(call.recording, problem, challenge)
            return
        if call.trace.upstream_url is None:
            status = 200 if call.messages.request_ids else problem.status
            self._publish_rejected(call, problem, status, *verdict_on(problem))
        await answer_rpc(call.recording, problem, call.messages, self._revision(call))

    def _revision(self, call: McpCall) -> str | None:
        """Return by which revision it is said that something has to be connected."""
        return call.revision if self._tells_by_revision else WITH_URL_ELICITATION

    def _publish_rejected(
        self,
        call: McpCall,
        problem: Problem,
        status: int,
        outcome: Outcome = Outcome.DENIED,
        origin: FailureOrigin = FailureOrigin.CLIENT,
    ) -> None:
        call.trace.refuse(problem, outcome, origin)
        self._bus.publish(
            McpRequestRejected(
                status=status,
                token_id=call.admitted.token_id or None,
                mcp_method=call.method,
                had_credentials=bool(call.header(b"authorization")),
                **call.trace.ending(),
                **call.known,
            )
        )


def _told(name: str | None) -> str | None:
    """Return a name of the client's as events and traces keep it, however long it is."""
    return name and name[: Limits.NAME_CHARACTERS]


def _asked(call: McpCall) -> tuple[Route, str | None, bytes, str]:
    """Return what `Admission` is asked about a request."""
    # Several lines of one header are one list (RFC 9110 §5.3), which holds more than one token.
    sent = b", ".join(value for name, value in call.trace.request_headers if name == b"authorization")
    return call.route, sent.decode("latin-1") or None, call.trace.query, call.origin


def _looked_for(call: McpCall) -> Problem:
    """Return where else a request without an Authorization header has a token, if it has one."""
    return find_elsewhere(call.trace.request_headers, call.trace.query, call.body)


def _check_readable(call: McpCall, *, is_filtered: bool) -> None:
    """Refuse what we cannot read and the upstream might; where a filter decides, also what it may read otherwise.

    An upstream that acted on it would answer to an id that we do not know: the answer could be given to nobody.

    Raises:
        Refused: with `BodyTooDeep` or `BodyUnreadable`.
    """
    refused = call.messages.refused
    if refused is not None and (is_filtered or not refused.is_broken):
        raise Refused(_unreadable(refused, clean(encoding_of(call.trace.request_headers), 40)))
    for item in call.messages.items if is_filtered else ():
        if lookalike := find_lookalike(item):
            raise Refused(BodyUnreadable(f"its member {clean(lookalike, 40)!r} may be taken for another"))


def _unreadable(refused: JsonRefused, encoding: str) -> Problem:
    """Return what it comes to that a body was not read."""
    if refused.limit == "JSON_DEPTH":
        return BodyTooDeep(Limits.JSON_DEPTH)
    if refused.limit == "BATCH_MESSAGES":
        return BatchTooLong(Limits.BATCH_MESSAGES)
    return BodyUnreadable(str(refused), encoding)
