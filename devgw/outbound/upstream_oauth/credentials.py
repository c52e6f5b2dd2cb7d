"""What the proxy shows upstreams, and what the pages ask about connections.

Source: `gateway.md` §6.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from devgw.clock import Clock
from devgw.config.project import Route, TokenExchange
from devgw.foreign.challenge import Challenge, bearer_challenge
from devgw.gateway.connecting import Begun, Finished, Ticket
from devgw.gateway.connection import CONNECTED, ConnectionStore, Standing, UpstreamConnection
from devgw.gateway.consent import ConnectionState
from devgw.gateway.upstream import Admitted, UpstreamCredential
from devgw.ids import SubjectId, UpstreamServerId
from devgw.outbound.upstream_oauth.connecting import Connecting, subject_of
from devgw.outbound.upstream_oauth.discovering import Discovering
from devgw.outbound.upstream_oauth.fetching import Errand, errand_for
from devgw.outbound.upstream_oauth.finishing import Finishing
from devgw.outbound.upstream_oauth.id_jag import CrossAppAccess
from devgw.outbound.upstream_oauth.keeping import EARLY, Keeping, Key, covers_route
from devgw.outbound.upstream_oauth.tickets import Tickets
from devgw.problems import Problem, Refused
from devgw.problems.bearer import SubjectMissing
from devgw.problems.upstream import ConnectRequired
from devgw.problems.upstream_connection import AuthorizationServerChanged, ScopeNotGranted, ScopeStillInsufficient


class UpstreamOAuth:
    """Holds the credentials of all routes; the proxy's `UpstreamCredentials`, and what the pages ask."""

    def __init__(
        self,
        store: ConnectionStore,
        connecting: Connecting,
        finishing: Finishing,
        discovering: Discovering,
        keeping: Keeping,
        tickets: Tickets,
        cross_app: CrossAppAccess,
        clock: Clock,
    ) -> None:
        self._store = store
        self._connecting = connecting
        self._finishing = finishing
        self._discovering = discovering
        self._keeping = keeping
        self._tickets = tickets
        self._cross_app = cross_app
        self._clock = clock
        self._challenges: dict[Key, Challenge] = {}
        """What an upstream said last to a credential, for the scope of the next authorization."""
        self._agreed: dict[Key, frozenset[str]] = {}
        """The scopes for which a connection was made anew because the upstream asked for them."""

    # --- the proxy's questions ----------------------------------------------------------------------------------------

    def save_held(self) -> None:
        """Save what could not be saved when it came; see `Keeping.save_held`."""
        self._keeping.save_held()

    async def obtain(self, route: Route, admitted: Admitted, origin: str) -> UpstreamCredential:  # noqa: ARG002  seam
        """Return the credential for this route and subject, renewed where it is about to end.

        Raises:
            Refused: with `ConnectRequired`, or why the upstream's token endpoint did not help; with `SubjectMissing`
                where nobody is known to whom a credential could belong.
        """
        exchange = route.token_exchange
        if exchange is None:
            return UpstreamCredential(())
        if not admitted.subject_id:
            raise Refused(SubjectMissing(route.path, exchange.display_name))
        if exchange.auth_mode == "id-jag":
            return _bearer(await self._cross_app.obtain(route, exchange, admitted))
        connection = self._keeping.usable(route, exchange, admitted)
        if connection.expires_at and connection.expires_at - EARLY <= self._clock.now():
            connection = await self._refreshed_early(route, exchange, admitted, connection)
        return _bearer(connection.secrets.access_token)

    async def _refreshed_early(
        self, route: Route, exchange: TokenExchange, admitted: Admitted, connection: UpstreamConnection
    ) -> UpstreamConnection:
        """Return the connection renewed; where that fails for now, as it is for as long as its token still works."""
        try:
            return await self._keeping.refreshed(route, exchange, admitted, connection.secrets.access_token)
        except Refused as refused:
            ended = connection.expires_at is None or connection.expires_at <= self._clock.now()
            if ended or isinstance(refused.problem, ConnectRequired):
                raise
            return connection

    async def renew(
        self,
        route: Route,
        admitted: Admitted,
        origin: str,  # noqa: ARG002  the seam's
        challenge: str,
        rejected: UpstreamCredential | None = None,
    ) -> UpstreamCredential:
        """Return a fresh credential after the upstream refused one with `challenge`.

        Raises:
            Refused: with `ConnectRequired`, after the stored one was marked as of no more use.
        """
        exchange = route.token_exchange
        if exchange is None:
            return UpstreamCredential(())
        if exchange.auth_mode == "id-jag":
            self._cross_app.forget(exchange, admitted)
            return await self.obtain(route, admitted, "")
        said = bearer_challenge([challenge]) or Challenge()
        self._challenges[self._key(exchange, admitted.subject_id)] = said
        connection = self._keeping.usable(route, exchange, admitted)
        if said.error == "insufficient_scope":
            raise Refused(self._step_up(route, exchange, admitted, connection, said))
        shown = _shown(rejected) or connection.secrets.access_token
        if not await self._still_protected_by(route, connection, said, await errand_for(route, admitted.subject_id)):
            changed = AuthorizationServerChanged(exchange.display_name, connection.issuer)
            raise self._keeping.lost(route, exchange, admitted, connection, changed)
        return _bearer((await self._keeping.refreshed(route, exchange, admitted, shown)).secrets.access_token)

    # --- what the pages and the dashboard ask -------------------------------------------------------------------------

    def state_of(
        self, route: Route, subject_id: SubjectId, label: str = "", return_to: str | None = None
    ) -> Standing | None:
        """Return how it stands with a route's upstream for one subject; None where it needs no connection."""
        exchange = route.token_exchange
        if exchange is None or exchange.auth_mode == "id-jag":
            return None
        kept = self._keeping.find(exchange, subject_id)
        fits = kept is not None and covers_route(kept, route)
        first = "admin_connect_required" if exchange.auth_mode == "shared-oauth" else "authenticating"
        return Standing(
            upstream_server_id=exchange.id,
            display_name=exchange.display_name,
            summary=exchange.summary,
            auth_mode=exchange.auth_mode,
            is_connected=fits and kept is not None and kept.state == CONNECTED,
            state=kept.state if kept and fits else first,
            connect_url=self._keeping.connect_url(route, subject_id, label, return_to),
            explanation=(kept.lost_because or "") if kept else "",
            scope=kept.scope if kept else "",
            expires_at=kept.expires_at if kept else None,
            issuer=kept.issuer if kept else None,
        )

    def connections(self, upstream_server_id: UpstreamServerId | None = None) -> list[UpstreamConnection]:
        """Return every connection that is kept, or those to one upstream, oldest first."""
        return self._store.connections(upstream_server_id)

    def read_ticket(self, sealed: str, upstream_server_id: str) -> Ticket:
        """Return what a connect link says.

        Raises:
            Refused: with `ConnectLinkInvalid`.
        """
        return self._tickets.read(sealed, upstream_server_id)

    def keep_link(self, sealed: str, *, anew: bool) -> str:
        """Return a link's ticket, and whether it drops a registration, sealed once more: so it may be kept."""
        return self._tickets.keep(sealed, anew=anew)

    def kept_link(self, kept: str) -> tuple[str, bool]:
        """Return what `keep_link` sealed; an empty ticket where that cannot be opened any more."""
        return self._tickets.kept(kept)

    async def begin(self, route: Route, ticket: Ticket, *, anew: bool = False) -> Begun:
        """Return where to send the browser that opened a connect link.

        Raises:
            Refused: with what stands in the way.
        """
        exchange = route.token_exchange
        assert exchange is not None
        errand = await errand_for(route, ticket.subject_id)
        challenge = self._challenges.get(self._key(exchange, ticket.subject_id))
        begun = await self._connecting.begin(route, ticket, errand, challenge, anew=anew)
        self._tickets.spend(ticket)
        return begun

    async def finish(self, route: Route, parameters: Mapping[str, str], cookies: Sequence[str]) -> Finished:
        """Take the callback of an upstream's authorization server.

        Raises:
            Refused: with what went wrong.
        """
        exchange = route.token_exchange
        assert exchange is not None
        errand = await errand_for(route, SubjectId(""))
        finished = await self._finishing.finish(exchange, parameters, cookies, errand)
        key = (finished.connection.subject_id, exchange.id)
        said = self._challenges.pop(key, None)
        if said is not None and said.error == "insufficient_scope":
            self._agreed[key] = frozenset(said.scopes)
        return finished

    def link_again(self, route: Route, parameters: Mapping[str, str], cookies: Sequence[str]) -> str | None:
        """Return a new link after a callback that failed; None where another browser began what it belongs to."""
        begun = self._finishing.begun_by(parameters.get("state", ""), cookies)
        if begun is None:
            return None
        return self._keeping.connect_url(route, begun.subject_id, return_to=begun.return_to)

    def document_of(self, route: Route) -> Mapping[str, Any]:
        """Return our own client metadata document towards the route's upstream."""
        assert route.token_exchange is not None
        return self._connecting.document_of(route.token_exchange)

    def connections_of(
        self, route: Route, subject_id: SubjectId, return_to: str, label: str = ""
    ) -> list[ConnectionState]:
        """Return the upstream of `route` as the consent page shows it; nothing where none is to be connected."""
        standing = self.state_of(route, subject_id, label, return_to)
        if standing is None:
            return []
        return [
            ConnectionState(
                upstream_server_id=standing.upstream_server_id,
                display_name=standing.display_name,
                summary=standing.summary,
                is_connected=standing.is_connected,
                connect_url=standing.connect_url,
                detail=standing.explanation,
            )
        ]

    async def disconnect(
        self, subject_id: SubjectId, upstream_server_id: UpstreamServerId, cause: str = "disconnected_by_user"
    ) -> bool:
        """Forget a connection, and tell the upstream where it has a place for that; False where there was none."""
        return await self._keeping.forget((subject_id, upstream_server_id), cause)

    def on_forgotten(self, listener: Callable[[SubjectId, UpstreamServerId], None]) -> None:
        """Have `listener` called with whose connection, to which upstream, was forgotten."""
        self._keeping.on_forgotten = listener

    def _key(self, exchange: TokenExchange, subject_id: SubjectId) -> Key:
        """Return under what a connection is kept."""
        return subject_of(exchange, subject_id), exchange.id

    def _step_up(
        self,
        route: Route,
        exchange: TokenExchange,
        admitted: Admitted,
        connection: UpstreamConnection,
        challenge: Challenge,
    ) -> Problem:
        """Return what follows from a wish for more scope: a wider consent, unless all of it was granted already."""
        asked = " ".join(challenge.scopes)
        missing = set(challenge.scopes) - set(connection.scope.split(exchange.scope_delimiter))
        if missing and missing <= self._agreed.get(self._key(exchange, admitted.subject_id), frozenset()):
            url = self._keeping.connect_url(route, admitted.subject_id, admitted.email or admitted.subject_id)
            return ScopeNotGranted(exchange.display_name, " ".join(sorted(missing)), connection.scope, url)
        if asked and not missing:
            return ScopeStillInsufficient(display_name=exchange.display_name, asked=asked, granted=connection.scope)
        cause = f"It asks for the scope {asked or 'of which it does not say the name'}."
        return self._keeping.required(route, exchange, admitted, "reconsent_required", cause)

    async def _still_protected_by(
        self, route: Route, connection: UpstreamConnection, challenge: Challenge, errand: Errand
    ) -> bool:
        """Tell whether the upstream still names the issuer of our credential; what cannot be asked changes nothing.

        A credential of one authorization server must never be shown to another (SEP-2352).
        """
        exchange = route.token_exchange
        assert exchange is not None
        try:
            said = await self._discovering.last_said(route, errand, challenge) if errand.near_name else challenge
            resource = await self._discovering.resource(route, exchange, errand, said or Challenge())
        except Refused:
            return True
        return resource.url is None or connection.issuer in resource.authorization_servers


def _bearer(access_token: str) -> UpstreamCredential:
    """Return the header that shows a token."""
    return UpstreamCredential(((b"authorization", f"Bearer {access_token}".encode()),), renewable=True)


def _shown(credential: UpstreamCredential | None) -> str | None:
    """Return the token that a credential showed."""
    for name, value in credential.headers if credential else ():
        if name == b"authorization":
            return value.decode().removeprefix("Bearer ")
    return None
