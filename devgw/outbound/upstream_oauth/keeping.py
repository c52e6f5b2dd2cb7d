"""Connections in use: found, judged, refreshed once for everybody who waits, and taken back when they are of no use.

Source: RFC 6749 §6; `failures.json` UPST-03, UPST-04, UPST-08.
"""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from devgw.clock import Clock
from devgw.config.project import Route, TokenExchange
from devgw.events import Bus, Outcome, refusal
from devgw.events.taxonomy import McpAuthUpstreamConnectionLost
from devgw.gateway.completion import Completion
from devgw.gateway.connecting import Ticket
from devgw.gateway.connection import (
    CONNECTED,
    RECONSENT_REQUIRED,
    UNREADABLE,
    ConnectionStore,
    UpstreamConnection,
)
from devgw.gateway.upstream import Admitted
from devgw.ids import SubjectId, UpstreamServerId
from devgw.oauth.discovery import covers
from devgw.outbound.upstream_oauth.connecting import subject_of
from devgw.outbound.upstream_oauth.refresh import UpstreamRefresh
from devgw.outbound.upstream_oauth.revoking import revoke
from devgw.outbound.upstream_oauth.tickets import Tickets
from devgw.outbound.upstream_oauth.token_requests import TokenRequests, is_final
from devgw.problems import Problem, Refused
from devgw.problems.upstream import ConnectRequired
from devgw.problems.upstream_connection import RefreshAnswerLost, UpstreamTokenNotRenewable
from devgw.problems.upstream_error import CLIENT_REFUSED
from devgw.problems.upstream_token import ClientTakenNoLonger, TokenRequestRefused

EARLY = timedelta(seconds=30)
"""How long before its end an access token is renewed: longer than a request is on its way."""
Key = tuple[SubjectId, UpstreamServerId]


class Keeping:
    """Keeps the connections of every subject and upstream usable."""

    def __init__(
        self,
        store: ConnectionStore,
        requests: TokenRequests,
        tickets: Tickets,
        completion: Completion,
        clock: Clock,
        bus: Bus,
    ) -> None:
        self._store = store
        self._requests = requests
        self._tickets = tickets
        self._clock = clock
        self._bus = bus
        self._refresh = UpstreamRefresh(requests, completion, clock, bus, self.keep, self._renew)
        self.on_forgotten: Callable[[SubjectId, UpstreamServerId], None] = lambda *_: None
        """Is told whose connection, to which upstream, was forgotten: nothing may be read with it any more."""
        self._held: dict[Key, UpstreamConnection] = {}
        self._unsaved: set[Key] = set()
        self._locks: dict[Key, asyncio.Lock] = {}

    def find(self, exchange: TokenExchange, subject_id: SubjectId) -> UpstreamConnection | None:
        """Return the connection, from memory where it was seen before."""
        key = (subject_of(exchange, subject_id), exchange.id)
        if key not in self._held and (kept := self._store.find_connection(*key)):
            self._held[key] = kept
        return self._held.get(key)

    def keep(self, connection: UpstreamConnection) -> None:
        """Save, then use."""
        self._store.save_connection(connection)
        self._held[connection.subject_id, connection.upstream_server_id] = connection

    def hold(self, connection: UpstreamConnection) -> None:
        """Use it from now on and save it, later where that cannot be now: what an upstream rotated is nowhere else."""
        key = (connection.subject_id, connection.upstream_server_id)
        self._held[key] = connection
        self._unsaved.add(key)
        with contextlib.suppress(Refused):  # the state cannot be saved now; `save_held` tries again
            self.save_held()

    def _renew(self, connection: UpstreamConnection) -> None:
        """Hold what a refresh brought, unless the connection was forgotten while it was under way."""
        if (connection.subject_id, connection.upstream_server_id) in self._held:
            self.hold(connection)

    def save_held(self) -> None:
        """Save what could not be saved when it came.

        Raises:
            Refused: with a problem of `problems.state`, where it still cannot be.
        """
        for key in list(self._unsaved):
            if key in self._held:
                self._store.save_connection(self._held[key])
            self._unsaved.discard(key)

    def usable(self, route: Route, exchange: TokenExchange, admitted: Admitted) -> UpstreamConnection:
        """Return the connection, where it is one that may be shown to this route's upstream.

        Raises:
            Refused: with `ConnectRequired`.
        """
        kept = self.find(exchange, admitted.subject_id)
        first = "admin_connect_required" if exchange.auth_mode == "shared-oauth" else "authenticating"
        if kept is None:
            raise Refused(self.required(route, exchange, admitted, first))
        if not covers_route(kept, route):
            cause = f"The route's upstream was {kept.upstream_url} when it was connected."
            raise Refused(self.required(route, exchange, admitted, first, cause))
        if kept.state == UNREADABLE:
            cause = "The key file of the state directory was replaced, so the stored credential cannot be opened."
            raise Refused(self.required(route, exchange, admitted, "reconsent_required", cause))
        if kept.state != CONNECTED:
            raise Refused(self.required(route, exchange, admitted, "reconsent_required", kept.lost_because or ""))
        return kept

    def required(
        self, route: Route, exchange: TokenExchange, admitted: Admitted, state: str, cause: str = ""
    ) -> ConnectRequired:
        """Return the problem that sends the person to the browser."""
        return ConnectRequired(
            state=state,
            upstream_server_id=exchange.id,
            display_name=exchange.display_name,
            operation_id=route.operation_id,
            auth_url=self.connect_url(route, admitted.subject_id, admitted.email or admitted.subject_id),
            auth_profile_id=f"{exchange.id}:{exchange.auth_mode}",
            cause=cause,
        )

    async def refreshed(
        self, route: Route, exchange: TokenExchange, admitted: Admitted, stale: str
    ) -> UpstreamConnection:
        """Return the connection with a newer access token than `stale`; whoever comes second gets what the first got.

        Raises:
            Refused: with `ConnectRequired`, or with why the token endpoint could not be asked.
        """
        key = (subject_of(exchange, admitted.subject_id), exchange.id)
        async with self._locks.setdefault(key, asyncio.Lock()):
            connection = self.usable(route, exchange, admitted)
            if connection.secrets.access_token != stale:
                return connection
            if not connection.can_refresh:
                problem = UpstreamTokenNotRenewable(exchange.display_name)
                raise self.lost(route, exchange, admitted, connection, problem)
            try:
                await self._refresh.run(route, admitted, connection)
                return self.usable(route, exchange, admitted)  # it may have been taken back meanwhile
            except Refused as refused:
                if not is_final(refused) and not isinstance(refused.problem, RefreshAnswerLost):
                    raise
                connection = self.usable(route, exchange, admitted)
                why = self._why_lost(exchange, connection, refused.problem)
                raise self.lost(route, exchange, admitted, connection, why) from refused

    def _why_lost(self, exchange: TokenExchange, connection: UpstreamConnection, problem: Problem) -> Problem:
        """Return why a connection is of no more use; of a client that was good once, how that ended."""
        if not isinstance(problem, TokenRequestRefused) or problem.upstream_error not in CLIENT_REFUSED:
            return problem
        kept = self._store.find_upstream_client(connection.issuer, exchange.id, connection.redirect_uri)
        ends = kept.expires_at if kept and kept.client_id == connection.client_id else None
        return ClientTakenNoLonger(
            **problem.facts(),
            policy=exchange.name,
            expired_at=ends if ends and ends <= self._clock.now() else None,
            is_manual=exchange.manual_client is not None,
        )

    def lost(
        self,
        route: Route,
        exchange: TokenExchange,
        admitted: Admitted,
        connection: UpstreamConnection,
        problem: Problem,
    ) -> Refused:
        """Mark a connection as of no more use, tell it, and return what sends the person to the browser."""
        because = problem.explain()
        self.keep(replace(connection, state=RECONSENT_REQUIRED, lost_because=because))
        if isinstance(problem, TokenRequestRefused) and problem.upstream_error in CLIENT_REFUSED:
            self._store.forget_upstream_client(connection.issuer, exchange.id)
        self._bus.publish(
            McpAuthUpstreamConnectionLost(
                operation_id=route.operation_id,
                subject_id=connection.subject_id,
                upstream_server_id=exchange.id,
                cause="reconsent_required",
                outcome=Outcome.FAILURE,
                **refusal(problem),
            )
        )
        return Refused(self.required(route, exchange, admitted, "reconsent_required", because))

    def connect_url(self, route: Route, subject_id: SubjectId, label: str = "", return_to: str | None = None) -> str:
        """Return where a browser begins to connect the route's upstream for this subject."""
        exchange = route.token_exchange
        assert exchange is not None
        return self._tickets.url(Ticket(subject_id, exchange.id, route.operation_id, label, return_to))

    async def forget(self, key: Key, cause: str) -> bool:
        """Forget a connection, and tell the upstream where it has a place for that; False where there was none."""
        kept = self._store.find_connection(*key)
        if kept is None:
            return False
        self._store.delete_connection(*key)
        self._held.pop(key, None)
        subject_id, upstream_server_id = key
        self._bus.publish(
            McpAuthUpstreamConnectionLost(subject_id=subject_id, upstream_server_id=upstream_server_id, cause=cause)
        )
        self._bus.guard.call("open answers", "disconnecting", self.on_forgotten, *key)
        await revoke(self._requests, kept)  # whether that works changes nothing here
        return True


def covers_route(connection: UpstreamConnection, route: Route) -> bool:
    """Tell whether the credential was made for this route's upstream, and for no other."""
    return connection.upstream_url == route.upstream_url or covers(connection.resource, route.upstream_url)
