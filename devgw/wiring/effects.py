"""What a change of the configuration meets, and how it ends what cannot go on: each kind that is announced."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TypeVar, assert_never

from devgw.config.changes import Affected, Effect
from devgw.gateway.connection import PendingConnection, UpstreamConnection
from devgw.gateway.records import AccessToken, Grant, PendingAuthorization, RefreshToken, Session
from devgw.gateway.revocation import RevocationReach
from devgw.ids import ClientId, GrantId
from devgw.wiring.runtime import Runtime

CAUSE = "configuration_changed"
T = TypeVar("T", AccessToken, RefreshToken)


class Effects:
    """Counts whom an effect meets, and carries it out."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._ground = runtime.ground

    def count(self, effect: Effect) -> int:
        """Return how many the effect meets now."""
        return len(self._met(effect))

    def end(self, effects: Iterable[Effect]) -> None:
        """End what these effects say ends; the others go on as they were."""
        for each in effects:
            if each.ends:
                self._end(each)

    def _met(self, effect: Effect) -> Sequence[object]:
        store = self._ground.store
        found: Sequence[object]
        match effect.affected:
            case Affected.SESSIONS:
                found = self._sessions()
            case Affected.PENDING_LOGINS:
                found = self._pending(effect)
            case Affected.GRANTS:
                found = self._grants(effect)
            case Affected.ACCESS_TOKENS:
                found = self._live(effect, store.access_tokens_of)
            case Affected.REFRESH_TOKENS:
                found = [each for each in self._live(effect, store.refresh_tokens_of) if not each.spent_at]
            case Affected.CIMD_CLIENTS:
                found = self._documented_clients()
            case Affected.CONNECTIONS:
                found = (*self._connections(effect), *(each for each in self._connecting(effect) if not each.spent_at))
            case unknown:
                assert_never(unknown)
        return found

    def _end(self, effect: Effect) -> None:
        revocation = self._ground.revocation
        match effect.affected:
            case Affected.SESSIONS:
                revocation.end(RevocationReach(sessions=tuple(each.id for each in self._sessions())), CAUSE)
            case Affected.PENDING_LOGINS:
                self._end_logins(effect)
            case Affected.GRANTS | Affected.ACCESS_TOKENS | Affected.REFRESH_TOKENS:  # a token ends with its grant
                revocation.end(revocation.of_grants(each.id for each in self._grants(effect)), CAUSE)
            case Affected.CIMD_CLIENTS:
                for each in self._documented_clients():
                    revocation.end(revocation.of_client(each), CAUSE)
            case Affected.CONNECTIONS:
                self._disconnect(effect)
            case unknown:
                assert_never(unknown)

    def _end_logins(self, effect: Effect) -> None:
        """Let every authorization that waits for its login begin it anew; the login that is under way leads nowhere.

        One for a route that is gone, or has another address, is over: its code would open nothing.
        """
        now = self._runtime.clock.now()
        with self._ground.store.transaction():
            for each in self._pending(effect):
                over = each.without_route(now)
                anew = replace(each, login_finished_at=now, session_id=None)
                self._ground.store.save_pending(over if effect.operation_id else anew)

    def _disconnect(self, effect: Effect) -> None:
        """Forget the credentials of an upstream that is another one now, and take none that are on their way."""
        oauth, now = self._runtime.upstreams.oauth, self._runtime.clock.now()
        for under_way in self._connecting(effect):
            self._runtime.upstreams.store.save_pending_connection(replace(under_way, ended_at=now))
        for each in self._connections(effect):
            forgetting = oauth.disconnect(each.subject_id, each.upstream_server_id, CAUSE)
            self._runtime.supervisor.once("disconnecting", forgetting)

    # --- who there is ---

    def _sessions(self) -> list[Session]:
        now = self._runtime.clock.now()
        return [each for each in self._ground.store.sessions() if not each.ended_at and each.expires_at > now]

    def _pending(self, effect: Effect) -> list[PendingAuthorization]:
        now = self._runtime.clock.now()
        store, route = self._ground.store, effect.operation_id
        waiting = store.open_pendings(now) if route is None else store.open_pendings_on(route, now)
        return [each for each in waiting if each.session_id or not each.login_finished_at]

    def _grants(self, effect: Effect) -> list[Grant]:
        store, route, now = self._ground.store, effect.operation_id, self._runtime.clock.now()
        return store.live_grants(now) if route is None else store.live_grants_on(route, now)

    def _live(self, effect: Effect, tokens_of: Callable[[GrantId], list[T]]) -> list[T]:
        now = self._runtime.clock.now()
        tokens = [token for grant in self._grants(effect) for token in tokens_of(grant.id)]
        return [each for each in tokens if not each.revoked_at and each.expires_at > now]

    def _documented_clients(self) -> list[ClientId]:
        return [each.id for each in self._ground.store.clients() if each.registered_by == "cimd"]

    def _connections(self, effect: Effect) -> list[UpstreamConnection]:
        return self._runtime.upstreams.oauth.connections(effect.upstream_server_id)

    def _connecting(self, effect: Effect) -> list[PendingConnection]:
        """Return whose browser is at the upstream now: it would come back with a credential for what was there."""
        under_way = self._runtime.upstreams.store.pending_connections(effect.upstream_server_id)
        return [each for each in under_way if each.expires_at > self._runtime.clock.now()]
