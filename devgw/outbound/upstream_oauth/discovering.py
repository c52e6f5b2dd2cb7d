"""Finds out who protects an upstream, in the order that the MCP revisions ask for.

Challenge (`resource_metadata`), else RFC 9728 with the path inserted, else at the root; then the issuer's metadata:
OAuth inserted, OpenID inserted, OpenID appended. Where an upstream publishes nothing, the rules of 2025-03-26.

Source: MCP 2026-07-28 §Authorization Server Discovery; `spec.md` GW-17.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urljoin

from devgw.config.project import Route, TokenExchange
from devgw.foreign.challenge import Challenge, bearer_challenge
from devgw.foreign.urls import read_url
from devgw.foreign.words import excerpt
from devgw.oauth.discovery import (
    AuthorizationServer,
    ResourceMetadata,
    authorization_server_urls,
    check_endpoint,
    default_endpoints,
    read_authorization_server,
    read_resource_metadata,
    resource_metadata_urls,
)
from devgw.oauth.resource import origin_of
from devgw.outbound.upstream_oauth.fetching import Errand, FetchedAnswer, Fetching
from devgw.problems import Problem, Refused
from devgw.problems.limit import limit_id
from devgw.problems.proxy import NAMING_DOCUMENT
from devgw.problems.upstream import (
    KEPT,
    AuthorizationServerMetadataMissing,
    MetadataUnreadable,
    UpstreamOpen,
)
from devgw.problems.upstream_document import DEVGW_TOML, DocumentProblem, IssuerMismatch
from devgw.problems.upstream_error import is_passing
from devgw.settings import UpstreamSettings

MOST_SERVERS = 4
"""Of those that a resource names: each may cost three requests."""
PROBE = {"jsonrpc": "2.0", "id": 0, "method": "ping"}
PROBE_HEADERS = {"accept": "application/json, text/event-stream"}


@dataclass(frozen=True, slots=True)
class Discovered:
    """Who protects an upstream."""

    resource: ResourceMetadata
    server: AuthorizationServer
    challenge: Challenge
    """The upstream's own; an empty one where it sent none."""


@dataclass(slots=True)
class _Search:
    """What was tried for one document, and the first answer that was there but no metadata."""

    tried: list[str]
    unreadable: MetadataUnreadable | None = None
    is_failing: bool = False
    """Whether a place cannot answer now."""
    kept: str = ""
    """The first place that refuses to be read, which says nothing of what is there."""
    led: str = ""
    """The first place that leads elsewhere, where nobody looked."""
    stood_before: Problem | None = None
    """Who answered in the place of one, so that the document may be there."""

    def note(self, answer: FetchedAnswer) -> None:
        """Remember a place that did not have the document."""
        where = f"→ {answer.headers['location']}" if "location" in answer.headers else answer.content_type
        self.tried.append(f"{answer.url} ({answer.status} {where})".replace(" )", ")"))
        self.is_failing = self.is_failing or is_passing(answer.status, "")
        self.kept = self.kept or (answer.url if answer.status in KEPT else "")
        self.led = self.led or (answer.url if "location" in answer.headers and 300 <= answer.status < 400 else "")
        self.stood_before = self.stood_before or answer.stood_before(NAMING_DOCUMENT, is_document=True)
        if answer.status == 200 and self.unreadable is None:
            self.unreadable = _unreadable(answer)

    def check_refused(self) -> None:
        """Refuse to go on as if there were no document, where there is one, an object of JSON that is not taken.

        Raises:
            Refused: with `MetadataUnreadable`.
        """
        if self.unreadable and self.unreadable.why and self.unreadable.answer.startswith("{"):
            raise Refused(self.unreadable)


class Discovering:
    """Asks an upstream, and whoever it names, for their metadata."""

    def __init__(self, fetching: Fetching, upstreams: Mapping[str, UpstreamSettings]) -> None:
        self._fetching = fetching
        self._upstreams = upstreams

    def _overlay(self, errand: Errand) -> UpstreamSettings:
        """Return what the user mends of this upstream's documents."""
        return self._upstreams.get(errand.upstream_server_id, UpstreamSettings())

    async def probe(self, route: Route, errand: Errand) -> Challenge | None:
        """Return the challenge with which the upstream answers a request without credentials.

        An empty one where it refuses without saying how; None where it does not refuse at all.
        """
        url = route.upstream_url
        for _ in range(2):
            answer = await self._fetching.ask(
                errand, "challenge", url, document=PROBE, headers=PROBE_HEADERS, configured=True
            )
            # /mcp and /mcp/ often redirect to one another; elsewhere is another server's business.
            onward = _onward(url, answer.headers.get("location", url))
            if answer.status not in {301, 302, 307, 308} or origin_of(onward) != origin_of(url):
                break
            url = onward
        found = bearer_challenge(answer.headers.get_list("www-authenticate"))
        return found or (None if answer.status == 200 and answer.json_object() else Challenge())

    async def last_said(self, route: Route, errand: Errand, challenge: Challenge | None) -> Challenge | None:
        """Return the upstream's `challenge`, or what a probe brings: where it is too little, or came from anywhere."""
        is_good = challenge is not None and challenge.parameters and not errand.near_name
        return challenge if is_good else await self.probe(route, errand)

    async def discover(self, route: Route, errand: Errand, said: Challenge | None) -> Discovered:
        """Return the protected resource and its authorization server; `said` is what a probe brought.

        Raises:
            Refused: with a problem of `problems.upstream`.
        """
        try:
            return await self._discover(route, errand, said)
        except Refused as refused:
            if isinstance(refused.problem, DocumentProblem):
                raise Refused(replace(refused.problem, upstream_server_id=errand.upstream_server_id)) from refused
            raise

    async def _discover(self, route: Route, errand: Errand, said: Challenge | None) -> Discovered:
        exchange = route.token_exchange
        assert exchange is not None
        challenge = said or Challenge()
        resource = await self.resource(route, exchange, errand, challenge)
        if resource.url is None and said is None:
            raise Refused(UpstreamOpen(upstream_url=route.upstream_url, policy=exchange.name))
        if resource.url is None:
            return Discovered(resource, await self._legacy_server(errand, origin_of(route.upstream_url)), challenge)
        named = resource.authorization_servers or (origin_of(route.upstream_url),)
        return Discovered(resource, await self._one_of(errand, named[:MOST_SERVERS], resource.url), challenge)

    async def _one_of(self, errand: Errand, issuers: Sequence[str], url: str) -> AuthorizationServer:
        """Return the first of the servers that a resource names which will do (RFC 9728 §7.6: the client chooses).

        Raises:
            Refused: with why the first one will not do, where none does.
        """
        problems: list[Problem] = []  # no exceptions: each holds this frame, and would wait for the collector with it
        for issuer in issuers:
            try:
                check_endpoint(issuer, "authorization_servers", url, local_allowed=errand.local_allowed)
                return await self._server(errand, issuer)
            except Refused as refused:
                problems.append(refused.problem)
        raise Refused(problems[0])

    async def resource(
        self, route: Route, exchange: TokenExchange, errand: Errand, challenge: Challenge
    ) -> ResourceMetadata:
        """Return the upstream's own metadata; what 2025-03-26 assumes where it has none.

        Raises:
            Refused: with `ResourceMetadataForeign`, `MetadataUnreadable` where what is there is JSON that is not
                taken, or where nothing answers.
        """
        overlay = self._overlay(errand).protected_resource_metadata
        search = _Search([])
        for url, is_configured in _resource_places(route, exchange, challenge):
            answer = await self._fetching.ask(errand, "resource metadata", url, configured=is_configured)
            document = answer.json_object() if answer.status == 200 else None
            if document is not None:
                return read_resource_metadata(document, url, route.upstream_url, overlay)
            search.note(answer)
        if overlay:
            return read_resource_metadata(overlay, DEVGW_TOML, route.upstream_url)
        search.check_refused()
        origin = origin_of(route.upstream_url)
        return ResourceMetadata(None, route.upstream_url, (origin,), challenge.scopes)

    async def _server(self, errand: Errand, issuer: str) -> AuthorizationServer:
        """Return the metadata of `issuer`, from the first of its places that has any.

        Raises:
            Refused: with `AuthorizationServerMetadataMissing`, `MetadataUnreadable`, or why it will not do.
        """
        search, overlay = _Search([]), self._overlay(errand).authorization_server_metadata
        expected = overlay.get("issuer", issuer)
        found = await self._first(errand, issuer, search)
        if found:
            return read_authorization_server(found[0], expected, found[1], overlay, local_allowed=errand.local_allowed)
        if overlay:
            return read_authorization_server({}, expected, DEVGW_TOML, overlay)
        tried = tuple(search.tried)
        missing = AuthorizationServerMetadataMissing(issuer, tried, search.is_failing, search.kept, search.led)
        raise Refused(search.stood_before or search.unreadable or missing)

    async def _first(self, errand: Errand, issuer: str, search: _Search) -> tuple[dict[str, Any], str] | None:
        """Return the first document found for `issuer`, and where."""
        for url in authorization_server_urls(issuer):
            answer = await self._fetching.ask(errand, "server metadata", url)
            document = answer.json_object() if answer.status == 200 else None
            if document is not None:
                return document, url
            search.note(answer)
        return None

    async def _legacy_server(self, errand: Errand, origin: str) -> AuthorizationServer:
        """Return the server at the upstream's own origin, by its metadata or by default paths (2025-03-26)."""
        overlay = self._overlay(errand).authorization_server_metadata
        search = _Search([])
        found = await self._first(errand, origin, search)
        if found is None and not overlay:
            search.check_refused()
        if found is None:
            server = default_endpoints(origin)
            return replace(server, **_known(overlay)) if overlay else server
        document, url = found
        # The origin was guessed and not named, so that a slash at its end decides nothing.
        named = document.get("issuer")
        expected = named if isinstance(named, str) and named.rstrip("/") == origin else origin
        expected = overlay.get("issuer", expected)
        try:
            return read_authorization_server(document, expected, url, overlay, local_allowed=errand.local_allowed)
        except Refused as refused:
            if isinstance(refused.problem, IssuerMismatch):
                raise Refused(replace(refused.problem, is_named=False)) from refused
            raise


def _unreadable(answer: FetchedAnswer) -> MetadataUnreadable:
    """Return what is wrong with an answer where a document should be."""
    got, refused = answer.content_type or "no content type", answer.refused
    problem = MetadataUnreadable(url=answer.url, status_code=answer.status, got=got, answer=excerpt(answer.body))
    if refused is None:
        return problem
    return replace(problem, why=str(refused), wanted=refused.wanted, passes=limit_id(refused.limit))


def _onward(url: str, location: str) -> str:
    """Return where a redirect leads; empty where that is no place to go."""
    try:
        return read_url(urljoin(url, location).partition("#")[0]).text
    except ValueError:  # a `UrlRefused` is one
        return ""


def _known(overlay: Mapping[str, Any]) -> dict[str, Any]:
    """Return those members of an overlay that a server has under the same name."""
    names = ("issuer", "authorization_endpoint", "token_endpoint", "registration_endpoint", "revocation_endpoint")
    return {name: overlay[name] for name in names if name in overlay} | {"overlaid": tuple(overlay)}


def _resource_places(route: Route, exchange: TokenExchange, challenge: Challenge) -> list[tuple[str, bool]]:
    """Return where the resource's metadata may be, in order, and whether the user wrote the URL."""
    if exchange.protected_resource_metadata_url:
        return [(exchange.protected_resource_metadata_url, True)]
    derived = [(url, True) for url in resource_metadata_urls(route.upstream_url)]
    named = challenge.resource_metadata
    if named is None:
        return derived
    return [(named, False), *(place for place in derived if place[0] != named)]
