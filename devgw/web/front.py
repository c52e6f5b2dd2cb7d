"""The raw ASGI app that every request passes: record, Host, Origin, CORS, then the MCP routes or the Quart app.

    front = Front(settings=…, clock=…, bus=…, pages=quart_app, client=ProxyClient(clock))
    front.serve(gateway)          # again after each reload; a running request keeps the generation it began with

What later handlers find in the scope: `devgw.trace` (the record of this exchange, to be filled in) and `devgw.origin`
(the origin under which the client asked). Every body is read to its end before an answer begins (`recorder`).
"""

import asyncio
from collections.abc import Callable
from typing import Protocol
from urllib.parse import quote_from_bytes

from devgw.clock import Clock
from devgw.config.project import Project
from devgw.events import Bus, refusal
from devgw.events.taxonomy import Outcome, RequestTurnedAway
from devgw.events.unseen import UNSEEN, Unseen
from devgw.foreign.held import HeldTogether
from devgw.gateway.admission import Admission
from devgw.gateway.capability import LIST_STREAMS, Capabilities, FilteredCapabilities
from devgw.gateway.forwarding import header_of
from devgw.gateway.open_answers import OpenAnswers
from devgw.gateway.transport import UpstreamTransport
from devgw.gateway.upstream import UpstreamCredentials
from devgw.limits import Limits
from devgw.oauth.urls import below_base, is_alias
from devgw.problems import Problem, Refused
from devgw.problems.front import RequestTooLarge
from devgw.problems.incoming import RequestUnfinished
from devgw.settings import Settings
from devgw.web.answers import NO_STORE, answer_problem
from devgw.web.call import McpRoute
from devgw.web.cors import ANSWER_HEADERS, CORS_POLICIES, answer_preflight, by_policy, is_preflight, note_unmet
from devgw.web.endings import answer_fault, cut_off
from devgw.web.forward import Forwarder
from devgw.web.hosts import Hosts
from devgw.web.http1 import is_absolute
from devgw.web.mcp import McpRoutes
from devgw.web.paths import ENDPOINTS, NOWHERE, PathRules, place_of
from devgw.web.recorder import (
    CURRENT_TRACE,
    App,
    BodyTooLarge,
    BodyUnfinished,
    ClientLeft,
    Receive,
    Recording,
    Scope,
    Send,
)
from devgw.web.sessions import BegunSessions

_PRINTABLE = "".join(map(chr, range(0x21, 0x7F)))
_METHODS = b"GET, POST, OPTIONS"
"""What a page of another site may send to an endpoint that is for scripts."""


class Generation(Protocol):
    """What the front needs of one generation of the gateway."""

    project: Project
    admission: Admission
    credentials: UpstreamCredentials


class Front:
    """Everything that reaches the public port."""

    def __init__(
        self,
        *,
        settings: Settings,
        clock: Clock,
        bus: Bus,
        pages: App,
        client: UpstreamTransport,
        hide: Callable[[str], str] = str,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._bus = bus
        bus.current_trace = CURRENT_TRACE.get
        self._pages = pages
        self._client = client
        self._hide = hide
        self._limit = settings.traces.body_limit
        self._hosts = Hosts(settings)
        self._runs_cors_policies = not CORS_POLICIES.is_made(settings)
        self._answers_aliases = ENDPOINTS.is_made(settings)
        self._mcp: McpRoutes | None = None
        self._bodies = HeldTogether(Limits.BODIES_TOGETHER_BYTES, Limits.BODY_UNCOUNTED_BYTES)
        self._under_way: dict[int, Recording] = {}
        self._sessions = BegunSessions()
        self.open_answers = OpenAnswers()
        """For who ends tokens: their answers end with them."""
        self.unseen = Unseen()
        """For who examines this gateway: its requests are no client's."""
        self._base_path = "/"

    def serve(self, generation: Generation, capabilities: Capabilities | None = None) -> None:
        """Answer every later request with `generation`."""
        self._base_path = generation.project.base_path
        filters_streams = LIST_STREAMS.is_made(self._settings)
        capabilities = capabilities or FilteredCapabilities(self._bus, filters_streams=filters_streams)
        forwarder = Forwarder(
            self._client,
            generation.credentials,
            capabilities,
            settings=self._settings,
            bus=self._bus,
            open_answers=self.open_answers,
            sessions=self._sessions,
        )
        self._mcp = McpRoutes(
            generation.project,
            generation.admission,
            capabilities,
            forwarder,
            settings=self._settings,
            bus=self._bus,
        )

    def under_way(self) -> list[Recording]:
        """Return the exchanges that have begun and not ended, oldest first."""
        return list(self._under_way.values())

    def turned_away(self, problem: Problem, peer: str) -> None:
        """Tell that the client at `peer` was turned away before there was a request."""
        self._bus.publish(
            RequestTurnedAway(
                status=problem.status,
                peer=peer,
                outcome=Outcome.DENIED,
                **refusal(problem),
            )
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; the lifespan is the Quart app's."""
        if scope["type"] == "lifespan":
            await self._pages(scope, receive, send)
            return
        recording = Recording(
            scope, receive, send, clock=self._clock, limit=self._limit, bodies=self._bodies, hide=self._hide
        )
        if self.unseen.is_meant(recording.trace.request_headers):
            recording.trace.id = UNSEEN
        scope["devgw.trace"] = recording.trace
        CURRENT_TRACE.set(recording.trace.id)
        self._under_way[id(recording)] = recording
        try:
            await self._answer_or_refuse(scope, recording)
        except ClientLeft:
            recording.trace.outcome = Outcome.CANCELLED
        except asyncio.CancelledError:
            await cut_off(recording)
        finally:
            del self._under_way[id(recording)]
            recording.finish(self._bus)

    async def _answer_or_refuse(self, scope: Scope, recording: Recording) -> None:
        """Answer in any case.

        Raises:
            ClientLeft: before there was an answer, or while what is left of a refused request was read.
        """
        try:
            await self._answer(scope, recording)
        except ClientLeft:
            raise
        except BodyUnfinished as late:
            problem = RequestUnfinished("body", late.seconds)
            recording.trace.refuse(problem, Outcome.DENIED)
            await answer_problem(recording, problem, (b"connection", b"close"))
        except Refused as refused:
            recording.trace.refuse(refused.problem, Outcome.DENIED)
            await recording.drain(Limits.OAUTH_BODY_BYTES)
            await answer_problem(recording, refused.problem)
        except Exception as error:  # noqa: BLE001  the last one who can answer the client at all
            await answer_fault(recording, self._bus, error)

    async def _answer(self, scope: Scope, recording: Recording) -> None:
        """Apply the rules of the place, then hand over.

        Raises:
            Refused: with a problem of `problems.front`.
        """
        trace = recording.trace
        headers = trace.request_headers
        place = self._mcp.at(trace.path) if self._mcp else None
        if place is not None:
            trace.kind = "mcp"
        peer = scope.get("client") or ("",)
        origin = self._hosts.origin_of(headers, trace.scheme, peer[0], is_absolute=is_absolute(scope))
        scope["devgw.origin"] = origin
        trace.host = origin.partition("://")[2]
        if place is not None and self._mcp is not None:
            await self._answer_mcp(self._mcp, place, scope, recording, origin)
        elif trace.path == "*":  # asked of the server and no place in it (RFC 9110 §9.3.7)
            await recording.drain(Limits.OAUTH_BODY_BYTES)
            taken = {"GET", "HEAD", "POST", "OPTIONS", *(self._mcp.methods if self._mcp else ())}
            await recording.answer(200, [(b"allow", ", ".join(sorted(taken)).encode())])
        else:
            await self._answer_page(scope, recording, origin)

    async def _answer_mcp(
        self, mcp: McpRoutes, place: McpRoute, scope: Scope, recording: Recording, origin: str
    ) -> None:
        """Check the page that calls, answer its preflight, or go on to the route; a browser itself gets a page."""
        headers = recording.trace.request_headers
        if _opens_page(recording):
            recording.trace.notes.append("A browser opened the route's URL, and was told what it is for.")
            await recording.drain(Limits.OAUTH_BODY_BYTES)
            scope = {**scope, "path": NOWHERE, "raw_path": NOWHERE.encode(), "devgw.route": place.route}
            await self._pages({**scope, "devgw.methods": ", ".join(mcp.methods)}, recording.replay(b""), recording.send)
            return
        caller = header_of(headers, b"origin")
        if caller:
            self._hosts.check_caller(caller.decode("latin-1"), origin)
            asks = is_preflight(recording.trace.method, headers)
            if self._runs_cors_policies:
                policy = place.route.cors
                recording.extra_headers = by_policy(policy, caller.decode("latin-1"), asks=asks)
                if asks:
                    note_unmet(recording.trace, policy.methods if policy else (), policy)
                    await recording.drain(Limits.OAUTH_BODY_BYTES)
                    await recording.answer(200, [])
                    return
            elif asks:
                await answer_preflight(recording, mcp.methods, ", ".join((*mcp.methods, "OPTIONS")).encode())
                return
            else:
                recording.extra_headers = ANSWER_HEADERS
        await mcp.answer(place, recording, origin)

    async def _answer_page(self, scope: Scope, recording: Recording, origin: str) -> None:
        """Answer a preflight, move the browser to the canonical origin, or go on to the Quart app."""
        trace = recording.trace
        place = place_of(trace.path, self._base_path)
        trace.kind = place.kind
        if place.is_for_scripts and header_of(trace.request_headers, b"origin"):
            recording.extra_headers = ANSWER_HEADERS
            if is_preflight(trace.method, trace.request_headers):
                await answer_preflight(recording, place.methods, _METHODS)
                return
        if await self._is_moved(place, scope, recording, origin):
            return
        try:
            body = await recording.read_body(Limits.OAUTH_BODY_BYTES)
        except BodyTooLarge:
            raise Refused(RequestTooLarge(Limits.OAUTH_BODY_BYTES)) from None
        recording.wait(place.waits_for)
        path = below_base(trace.path, self._base_path)
        if not self._answers_aliases and is_alias(trace.path, self._base_path):
            path = NOWHERE
        if path != trace.path:
            scope = {**scope, "path": path, "raw_path": path.encode()}
        if not trace.query.isascii():  # written by no URL, but by some programs; Quart would fall over it
            scope = {**scope, "query_string": quote_from_bytes(trace.query, safe=_PRINTABLE).encode()}
        await self._pages(scope, recording.replay(body), recording.send)

    async def _is_moved(self, place: PathRules, scope: Scope, recording: Recording, origin: str) -> bool:
        """Move a browser that came under another loopback name, before a cookie is set there."""
        canonical = self._hosts.canonical_form(origin) if place.is_for_browsers else None
        if canonical is None or recording.trace.method != "GET":
            return False
        target = scope.get("raw_path") or recording.trace.path.encode()
        if recording.trace.query:
            target += b"?" + recording.trace.query
        recording.trace.notes.append(f"Moved from {origin} to {canonical}, where the gateway's cookies live.")
        await recording.drain(Limits.OAUTH_BODY_BYTES)
        await recording.answer(302, [(b"location", canonical.encode() + target), NO_STORE])
        return True


def _opens_page(recording: Recording) -> bool:
    """Tell whether a person's browser opens the URL: it wants a page, and no client of MCP takes one."""
    trace = recording.trace
    if trace.method != "GET":
        return False
    accept = (header_of(trace.request_headers, b"accept") or b"").lower()
    return b"text/html" in accept and b"text/event-stream" not in accept
