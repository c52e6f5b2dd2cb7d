"""From an authorization request to a pending authorization, and to whatever has to happen next.

Before the destination is proven (client known, redirect URI registered) a refusal is a page; after it, a redirect with
`state` and `iss`. Source: OAuth 2.1 §4.1, RFC 8707, RFC 9207.
"""

from dataclasses import dataclass, replace

from devgw.clock import Clock
from devgw.config.project import Project, Route
from devgw.entropy import short_id
from devgw.events import Bus, Outcome, refusal
from devgw.events.taxonomy import McpAuthAuthorizationBegun, McpAuthAuthorizationRefused
from devgw.gateway.authorization_request import check_request
from devgw.gateway.clients import Clients
from devgw.gateway.mangled_request import mismatch_of, told_by_the_query
from devgw.gateway.records import Client, PendingAuthorization
from devgw.gateway.resources import Resources
from devgw.gateway.store import Store
from devgw.ids import ClientId, TransactionId
from devgw.limits import Limits
from devgw.oauth.metadata import SCOPE
from devgw.oauth.parameters import Parameters
from devgw.oauth.redirect_uri import RedirectKind, check_redirect_uri, find_fitting, kind_of
from devgw.oauth.urls import Urls
from devgw.problems import Problem, Refused
from devgw.problems.consent import TransactionExpired, TransactionFinished, TransactionUnknown
from devgw.problems.incoming import AuthorizationsTooMany
from devgw.problems.login import RouteGone
from devgw.problems.parameters import ParameterMissing


@dataclass(frozen=True, slots=True)
class Destination:
    """Client, redirect URI and state, proven to belong together: only there may an error be redirected."""

    client: Client
    redirect_uri: str
    state: str | None
    issuer: str

    @property
    def is_told_at_once(self) -> bool:
        """Tell whether an error goes there before the person agreed to anything.

        A site or an app that registered itself gets none: the gateway would send any browser to any address. A native
        client waits on loopback for its answer, and that leads nobody away from this machine (OAuth 2.1 §7.13.2).
        """
        return self.client.registered_by == "configured" or kind_of(self.redirect_uri) is RedirectKind.LOOPBACK


class SentBack(Refused):
    """A refusal that goes to the client's redirect URI: at once, or by a link on the page that says it.

    Attributes:
        is_by_the_person: whether somebody who is signed in said this no on our own page.
    """

    def __init__(self, problem: Problem, destination: Destination, *, is_by_the_person: bool = False) -> None:
        super().__init__(problem)
        self.destination = destination
        self.is_by_the_person = is_by_the_person


class Authorization:
    """Checks authorization requests and keeps them pending."""

    def __init__(self, project: Project, clients: Clients, store: Store, bus: Bus, clock: Clock) -> None:
        self._project = project
        self._clients = clients
        self._store = store
        self._bus = bus
        self._clock = clock

    async def who_asks(self, parameters: Parameters, *, by_page_of_elsewhere: bool = False) -> Client:
        """Return the client of an authorization request, whose metadata document may have to be fetched for it.

        Args:
            parameters: the query of the authorization endpoint.
            by_page_of_elsewhere: whether a page of another site opened it; it makes us fetch no document from this
                machine.

        Raises:
            Refused: answered with a page.
        """
        try:
            client_id = parameters.require("client_id")
            return await self._clients.resolve(client_id, loopback_allowed=not by_page_of_elsewhere)
        except Refused as first:
            raise self._refused(parameters, first, None) from first

    def begin(
        self,
        client: Client,
        parameters: Parameters,
        route: Route | None,
        urls: Urls,
        *,
        by_page_of_elsewhere: bool = False,
    ) -> PendingAuthorization:
        """Return the pending authorization that this request asks for. The same request may come twice.

        Args:
            client: who asks, as `who_asks` found it.
            parameters: the query of the authorization endpoint.
            route: the route in the endpoint's path, None at the gateway-wide endpoint.
            urls: of the origin under which the client discovered us.
            by_page_of_elsewhere: whether a page of another site opened it; it shuts nobody else out.

        Raises:
            SentBack: where the destination is proven.
            Refused: where it is not; answered with a page.
        """
        destination: Destination | None = None
        try:
            destination = self._find_destination(client, parameters, urls, route)
            self._check_room(by_page_of_elsewhere=by_page_of_elsewhere)
            return self._accept(parameters, route, urls, destination)
        except Refused as first:
            raise self._refused(parameters, first, destination) from first

    def _refused(self, parameters: Parameters, first: Refused, destination: Destination | None) -> Refused:
        """Tell of a refusal; return it as whoever asks gets it."""
        refused = told_by_the_query(parameters, first)
        self._publish_refusal(parameters, refused.problem, destination)
        if destination and not isinstance(refused, SentBack):
            return SentBack(refused.problem, destination)
        return refused

    def _find_destination(self, client: Client, parameters: Parameters, urls: Urls, route: Route | None) -> Destination:
        self._clients.check_documents(client.id)
        redirect_uri = parameters.get("redirect_uri")
        if redirect_uri is None:
            if len(client.redirect_uris) != 1:
                raise Refused(ParameterMissing("redirect_uri"))
            redirect_uri = client.redirect_uris[0]
        elif find_fitting(client.redirect_uris, redirect_uri) is None:
            raise Refused(mismatch_of(client, redirect_uri, urls.callback))
        check_redirect_uri(redirect_uri)  # it may have been registered under older rules, or configured
        return Destination(client, redirect_uri, parameters.first("state"), urls.issuer(route))

    def begin_for_link(
        self, route: Route, link: str, urls: Urls, *, by_page_of_elsewhere: bool = False
    ) -> PendingAuthorization:
        """Return a pending sign-in that no client asked for: its browser goes on at a connect link for `route`.

        Raises:
            Refused: with `AuthorizationsTooMany`.
        """
        assert route.token_exchange is not None
        self._check_room(by_page_of_elsewhere=by_page_of_elsewhere)
        now = self._clock.now()
        login = self._project.oauth.login if self._project.oauth else None
        pending = PendingAuthorization(
            id=TransactionId(short_id("t-", 20)),
            client_id=ClientId(""),
            client_name="a connect link",
            redirect_uri=urls.connected(route.token_exchange.id),
            operation_id=route.operation_id,
            resource=urls.resource(route),
            scope="",
            issuer=urls.issuer(route),
            parameters={},
            created_at=now,
            expires_at=now + login.state_ttl if login else now,
            connect_link=link,
        )
        self._store.save_pending(pending)
        return pending

    def _check_room(self, *, by_page_of_elsewhere: bool) -> None:
        """Refuse one more than may be open.

        Raises:
            Refused: with `AuthorizationsTooMany`.
        """
        most = Limits.AUTHORIZATIONS_OPEN // (Limits.SHARE_OF_PAGES if by_page_of_elsewhere else 1)
        if self._store.count_open_pending(self._clock.now()) >= most:
            raise Refused(AuthorizationsTooMany(most))

    def _accept(
        self, parameters: Parameters, route: Route | None, urls: Urls, destination: Destination
    ) -> PendingAuthorization:
        parameters.check_none_repeated("resource")
        check_request(parameters)
        resources = Resources(self._project, urls)
        route, resource = resources.at_authorization(parameters.first("resource"), route)
        now = self._clock.now()
        login = self._project.oauth.login if self._project.oauth else None
        pending = PendingAuthorization(
            id=TransactionId(short_id("t-", 20)),
            client_id=destination.client.id,
            client_name=destination.client.name,
            redirect_uri=destination.redirect_uri,
            operation_id=route.operation_id,
            resource=resource,
            scope=SCOPE,
            issuer=destination.issuer,
            parameters=parameters.as_dict(),
            created_at=now,
            expires_at=now + login.state_ttl if login else now,
            state=destination.state,
            prompt=parameters.get("prompt"),
        )
        self._store.save_pending(pending)
        self._bus.publish(
            McpAuthAuthorizationBegun(
                transaction_id=pending.id,
                client_id=pending.client_id,
                client_name=pending.client_name,
                operation_id=pending.operation_id,
                redirect_uri=pending.redirect_uri,
                resource=pending.resource,
                scope=pending.scope,
                issuer=pending.issuer,
                kept_copy=destination.client.kept_copy,
            )
        )
        return pending

    def known(self, transaction_id: str | None) -> PendingAuthorization | None:
        """Return the authorization under this id, over or not; None where there is none."""
        return self._store.find_pending(TransactionId(transaction_id or ""))

    def find(self, transaction_id: str | None) -> PendingAuthorization:
        """Return the authorization that is still pending under this id.

        Raises:
            Refused: with `TransactionUnknown`, `TransactionExpired`, `TransactionFinished` or `RouteGone`.
        """
        pending = self.known(transaction_id)
        if pending is None:
            raise Refused(TransactionUnknown())
        if pending.decided_at:
            raise Refused(TransactionFinished(pending.client_name, pending.decided_at))
        if pending.ended_with_route:
            raise Refused(RouteGone(pending.client_name, pending.resource, pending.operation_id, pending.expires_at))
        if pending.expires_at <= self._clock.now():
            raise Refused(TransactionExpired(pending.client_name, pending.expires_at))
        return pending

    def find_to_decide(self, transaction_id: str | None) -> PendingAuthorization:
        """Return the same, or one that was decided: whoever double-clicks sends the form twice.

        Raises:
            Refused: as `find` does for any other; with `TransactionUnknown` for a sign-in that no client asked for.
        """
        pending = self.known(transaction_id)
        if pending and pending.connect_link:
            raise Refused(TransactionUnknown())
        return pending if pending and pending.decided_at else self.find(transaction_id)

    def find_open(self, transaction_id: str | None) -> PendingAuthorization | None:
        """Return what `find` does, None where that would refuse."""
        try:
            return self.find(transaction_id)
        except Refused:
            return None

    def switch_account(self, pending: PendingAuthorization) -> PendingAuthorization:
        """Return `pending` with the wish that the identity provider asks who it is, however well it remembers."""
        switched = replace(pending, prompt="login", session_id=None)
        self._store.save_pending(switched)
        return switched

    def _publish_refusal(self, parameters: Parameters, problem: Problem, destination: Destination | None) -> None:
        client_id = parameters.first("client_id")
        client = destination.client if destination else self._store.find_client(ClientId(client_id or ""))
        self._bus.publish(
            McpAuthAuthorizationRefused(
                client_id=client.id if client else ClientId(client_id) if client_id else None,
                client_name=client.name if client else None,
                redirect_uri=parameters.first("redirect_uri"),
                resource=parameters.first("resource"),
                redirected=destination is not None and destination.is_told_at_once,
                outcome=Outcome.FAILURE,
                **refusal(problem),
            )
        )
