"""The access tokens that work at this moment, in memory: what the hot path looks at instead of the database."""

from dataclasses import dataclass, replace
from datetime import datetime

from devgw.clock import Clock
from devgw.gateway.records import AccessToken, Grant, Session
from devgw.gateway.store import Store
from devgw.gateway.upstream import Admitted
from devgw.ids import GrantId, OperationId


@dataclass(slots=True)
class LiveToken:
    """A token that works, with who stands behind it and how often it was used since it was last written down."""

    token: AccessToken
    operation_id: OperationId
    admitted: Admitted
    uses: int
    last_used_at: datetime | None = None
    is_dirty: bool = False


class LiveTokens:
    """Every live access token by its digest; filled from the store, kept by those who issue and revoke."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._by_digest: dict[str, LiveToken] = {}
        self._of_grant: dict[GrantId, set[str]] = {}
        now = clock.now()
        grants = {grant.id: grant for grant in store.grants()}
        sessions = {session.id: session for session in store.sessions()}
        for token in store.access_tokens():
            grant = grants.get(token.grant_id)
            if grant and not token.revoked_at and not grant.revoked_at and token.expires_at > now:
                self._hold(token, grant, sessions.get(grant.session_id) if grant.session_id else None)

    def add(self, token: AccessToken, grant: Grant) -> LiveToken:
        """Let `token` work from now on."""
        return self._hold(token, grant, self._store.find_session(grant.session_id) if grant.session_id else None)

    def _hold(self, token: AccessToken, grant: Grant, session: Session | None) -> LiveToken:
        admitted = Admitted(
            token_id=token.id,
            grant_id=grant.id,
            client_id=grant.client_id,
            client_name=grant.client_name,
            subject_id=grant.subject_id,
            resource=grant.resource,
            scope=grant.scope,
            expires_at=token.expires_at,
            email=grant.email,
            roles=grant.roles,
            groups=grant.groups,
            claims=session.claims if session else None,
        )
        live = LiveToken(token, grant.operation_id, admitted, token.uses, token.last_used_at)
        self._by_digest[token.digest] = live
        self._of_grant.setdefault(grant.id, set()).add(token.digest)
        return live

    def find(self, digest: str) -> LiveToken | None:
        """Return the token with this digest while it works."""
        return self._by_digest.get(digest)

    def drop(self, digest: str) -> None:
        """Let the token with this digest work no more."""
        live = self._by_digest.pop(digest, None)
        if live is None:
            return
        others = self._of_grant[live.token.grant_id]
        others.discard(digest)
        if not others:
            del self._of_grant[live.token.grant_id]

    def drop_grant(self, grant_id: GrantId) -> None:
        """Let no token of this grant work any more."""
        for digest in list(self._of_grant.get(grant_id, ())):
            self.drop(digest)

    def write_down_uses(self) -> None:
        """Save how often each token was used since the last time; drop what expired."""
        now = self._clock.now()
        used = [live for live in self._by_digest.values() if live.is_dirty]
        with self._store.transaction():
            for live in used:
                self._store.save_access_token(replace(live.token, uses=live.uses, last_used_at=live.last_used_at))
        for live in used:
            live.is_dirty = False
        for digest, live in list(self._by_digest.items()):
            if live.token.expires_at <= now:
                self.drop(digest)
