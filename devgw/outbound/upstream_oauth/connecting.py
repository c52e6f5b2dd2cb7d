"""The browser's way to an upstream's authorization server.

Source: OAuth 2.1 §4.1.1; RFC 7636; RFC 8707 §2; SEP-2350 (step-up); SEP-2207 (offline_access).
"""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from devgw.clock import Clock
from devgw.config.project import Route, TokenExchange
from devgw.entropy import digest, token
from devgw.events import Bus
from devgw.events.taxonomy import McpAuthUpstreamConnectionBegun
from devgw.events.upstream import LookAtLogin
from devgw.foreign.challenge import Challenge
from devgw.gateway.connecting import Begun, Ticket, cookie_name_of
from devgw.gateway.connection import (
    SHARED,
    ConnectionStore,
    PendingConnection,
    UpstreamClient,
    UpstreamSecrets,
)
from devgw.ids import SubjectId
from devgw.limits import Limits
from devgw.oauth.authorization_url import authorization_url
from devgw.oauth.client_document import client_metadata_document
from devgw.oauth.discovery import OFFLINE_ACCESS, ChosenScope, choose_scope
from devgw.oauth.pkce import challenge_of
from devgw.oauth.urls import CanonicalUrls
from devgw.outbound.guard import check_page
from devgw.outbound.upstream_oauth.discovering import Discovered, Discovering
from devgw.outbound.upstream_oauth.fetching import Errand, Fetching
from devgw.outbound.upstream_oauth.registering import Registering, document_unfit
from devgw.problems import Refused
from devgw.problems.upstream import AddressForbidden

PENDING_LIFETIME = timedelta(minutes=10)


def subject_of(exchange: TokenExchange, subject_id: SubjectId) -> SubjectId:
    """Return whose connection it is: the person's own, or everybody's."""
    return SHARED if exchange.auth_mode == "shared-oauth" else subject_id


class Connecting:
    """Takes a browser to an upstream's authorization server."""

    def __init__(
        self,
        fetching: Fetching,
        discovering: Discovering,
        registering: Registering,
        store: ConnectionStore,
        clock: Clock,
        bus: Bus,
        urls: CanonicalUrls,
    ) -> None:
        self._fetching = fetching
        self._discovering = discovering
        self._registering = registering
        self._store = store
        self._clock = clock
        self._bus = bus
        self._urls = urls

    def redirect_uri(self, exchange: TokenExchange) -> str:
        """Return where an upstream sends the browser back: the same for every browser and route."""
        return self._urls.now.connected(exchange.id)

    def document_url(self, exchange: TokenExchange) -> str:
        """Return where our own client metadata document for this upstream stands."""
        return self._urls.now.client_document(exchange.id)

    def document_of(self, exchange: TokenExchange) -> dict[str, Any]:
        """Return our client metadata document towards an upstream, under the URL by which that knows it."""
        url = self._registering.document_url(exchange, self.document_url(exchange))
        return client_metadata_document(url, exchange.display_name, self.redirect_uri(exchange))

    async def begin(
        self, route: Route, ticket: Ticket, errand: Errand, challenge: Challenge | None = None, *, anew: bool = False
    ) -> Begun:
        """Return where to send the browser. `challenge` is what the upstream said last, if it was asked already.

        `anew` drops what was registered: for upstreams that forgot their clients.

        Raises:
            Refused: with a problem of `problems.upstream` or `problems.upstream_connection`.
        """
        exchange = route.token_exchange
        assert exchange is not None
        subject = subject_of(exchange, ticket.subject_id)
        said = await self._discovering.last_said(route, errand, challenge)
        found = await self._discovering.discover(route, errand, said)
        if anew:
            self._registering.forget(found.server.issuer, exchange)
        check_page(found.server.authorization_endpoint, local_allowed=errand.local_allowed)
        scope = self._scope(exchange, subject, found)
        client = await self._client(exchange, found, scope, errand)
        mine = replace(ticket, subject_id=subject)
        return self._sent(route, exchange, mine, found, client, scope, errand)

    async def _client(
        self, exchange: TokenExchange, found: Discovered, scope: ChosenScope, errand: Errand
    ) -> UpstreamClient:
        """Return the gateway's client, registered anew where the server has forgotten the one that was kept.

        Development servers forget with every restart, and say so on a page that only the person would see (REG-02).
        """
        redirect_uri, document_url = self.redirect_uri(exchange), self.document_url(exchange)
        kept = self._store.find_upstream_client(found.server.issuer, exchange.id, redirect_uri)
        client = await self._registering.client_for(exchange, found.server, redirect_uri, document_url, errand)
        if client.registered_by == "cimd" and urlsplit(client.client_id).scheme == "http":
            await self._check_document(exchange, found, client, scope, errand)
        if client != kept or await self._is_known(exchange, found, client, scope, errand):
            return client
        self._registering.forget(found.server.issuer, exchange)
        return await self._registering.client_for(exchange, found.server, redirect_uri, document_url, errand)

    async def _check_document(
        self, exchange: TokenExchange, found: Discovered, client: UpstreamClient, scope: ChosenScope, errand: Errand
    ) -> None:
        """Refuse to go on with a document over http that the server does not take: only the person would see why.

        Raises:
            Refused: with `ClientDocumentUnfit`.
        """
        if not await self._is_known(exchange, found, client, scope, errand):
            why = "its authorization endpoint refuses a client id that is a URL with http on this machine"
            raise Refused(document_unfit(exchange, found.server, client.redirect_uri, client.client_id, why))

    async def _is_known(
        self, exchange: TokenExchange, found: Discovered, client: UpstreamClient, scope: ChosenScope, errand: Errand
    ) -> bool:
        """Tell whether the authorization endpoint knows a client, by asking once without a browser's cookies."""
        url = _authorization_url(exchange, found, client, scope, token("st_"), token(""))
        try:
            answer = await self._fetching.ask(errand, "client check", url)
        except Refused:
            return True
        onward = answer.headers.get("location", "")
        says_no = "error=invalid_client" in onward or "error=unauthorized_client" in onward
        return answer.status not in {400, 401, 403, 404} and not says_no

    def _scope(self, exchange: TokenExchange, subject: SubjectId, found: Discovered) -> ChosenScope:
        """Return what to ask for; a step-up adds to what was granted before (SEP-2350)."""
        chosen = choose_scope(exchange.scopes, found.challenge.scopes, found.resource, found.server)
        kept = self._store.find_connection(subject, exchange.id)
        if chosen.source != "challenge" or found.challenge.error != "insufficient_scope" or kept is None:
            return chosen
        before = kept.scope.split(exchange.scope_delimiter) if kept.scope else []
        return ChosenScope(tuple(dict.fromkeys([*before, *chosen.scopes])), "challenge")

    def _sent(
        self,
        route: Route,
        exchange: TokenExchange,
        ticket: Ticket,
        found: Discovered,
        client: UpstreamClient,
        scope: ChosenScope,
        errand: Errand,
    ) -> Begun:
        """Store what must be there when the browser comes back, and return where it goes."""
        state, cookie, verifier = token("st_"), token("cb_"), token("")
        url = _authorization_url(exchange, found, client, scope, state, verifier)
        if len(url) > Limits.URL_BYTES:  # of scopes or a resource that the upstream's documents name
            why = f"the authorization request has more than {Limits.URL_BYTES:,} characters"
            raise Refused(AddressForbidden(url=found.server.authorization_endpoint, why=why))
        now = self._clock.now()
        asked = exchange.scope_delimiter.join(scope.scopes)
        self._store.save_pending_connection(
            PendingConnection(
                state_digest=digest(state),
                browser_digest=digest(cookie),
                subject_id=ticket.subject_id,
                upstream_server_id=exchange.id,
                operation_id=route.operation_id,
                upstream_url=route.upstream_url,
                resource=found.resource.resource,
                issuer=found.server.issuer,
                sends_issuer=found.server.sends_issuer,
                token_endpoint=found.server.token_endpoint,
                revocation_endpoint=found.server.revocation_endpoint,
                client_id=client.client_id,
                token_endpoint_auth_method=client.token_endpoint_auth_method,
                redirect_uri=client.redirect_uri,
                scope=asked,
                scope_source=scope.source,
                return_to=ticket.return_to,
                begun_at=now,
                expires_at=now + PENDING_LIFETIME,
                secrets=UpstreamSecrets(access_token=verifier, client_secret=client.secrets.client_secret),
            )
        )
        self._bus.publish(
            McpAuthUpstreamConnectionBegun(
                operation_id=route.operation_id,
                subject_id=ticket.subject_id,
                upstream_server_id=exchange.id,
                authorization_server=found.server.issuer,
                scope=asked,
                scope_source=scope.source,
                registered_by=client.registered_by,
                overlaid=found.server.overlaid,
                look=LookAtLogin(
                    _authorization_url(exchange, found, client, scope, token("st_"), token("")),
                    client.redirect_uri,
                    errand.local_allowed,
                    errand.near_name,
                ),
            )
        )
        return Begun(url, cookie_name_of(state), cookie, scope, found.server.issuer)


def _authorization_url(
    exchange: TokenExchange, found: Discovered, client: UpstreamClient, scope: ChosenScope, state: str, verifier: str
) -> str:
    """Return the authorization request."""
    asked = exchange.scope_delimiter.join(scope.scopes)
    query = {
        "response_type": "code",
        "client_id": client.client_id,
        "redirect_uri": client.redirect_uri,
        "state": state,
        "code_challenge": challenge_of(verifier),
        "code_challenge_method": "S256",
        "resource": found.resource.resource,
    }
    query |= {"scope": asked} if asked else {}
    return authorization_url(found.server.authorization_endpoint, query | _prompt(exchange, scope))


def _prompt(exchange: TokenExchange, scope: ChosenScope) -> dict[str, str]:
    """Return the `prompt` to send: the policy's, none where it says false, `consent` for offline access by default."""
    if exchange.prompt is False:
        return {}
    if exchange.prompt:
        return {"prompt": exchange.prompt}
    return {"prompt": "consent"} if OFFLINE_ACCESS in scope.scopes else {}
