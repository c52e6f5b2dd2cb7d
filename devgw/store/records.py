"""The gateway's records in their tables: the `Store` that `gateway.store` asks for."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta

from devgw.gateway.records import (
    AccessToken,
    AuthorizationCode,
    Client,
    Consent,
    Grant,
    PendingAuthorization,
    Pruned,
    RefreshToken,
    Session,
)
from devgw.ids import ClientId, GrantId, OperationId, SessionId, SubjectId, TokenId, TransactionId
from devgw.limits import Limits
from devgw.store.database import Database
from devgw.store.table import Table

REMEMBERED_AFTER_EXPIRY = timedelta(days=1)
"""How long an expired record stays, so that a late client is told "expired" and not "unknown"."""
_OPEN = "decided_at IS NULL AND expires_at>?"
_LIVE = "revoked_at IS NULL AND expires_at>?"
_NO_GRANT = "NOT EXISTS (SELECT 1 FROM authorization_grant WHERE authorization_grant.session_id=session.id)"
"""No grant was given in the session: what a grant's person may see follows from the session's claims."""
_NEVER_USED = (
    "registered_by IN ('dcr', 'cimd') AND id NOT IN (SELECT client_id FROM pending_authorization WHERE expires_at>?"
    " UNION SELECT client_id FROM consent UNION SELECT client_id FROM authorization_grant)"
)
"""Nobody signed in for the client: anybody can make us keep any number of such."""
_OLDEST_OVER = "id IN (SELECT id FROM pending_authorization WHERE expires_at<=? ORDER BY rowid DESC LIMIT -1 OFFSET ?)"
_OLDEST_UNUSED = f"id IN (SELECT id FROM client WHERE {_NEVER_USED} ORDER BY rowid DESC LIMIT -1 OFFSET ?)"  # noqa: S608


class RecordStore:
    """Keeps every record of `gateway.records` in one database, as the protocol `gateway.store.Store` asks."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._clients = Table(database, "client", Client)
        self._pending = Table(database, "pending_authorization", PendingAuthorization)
        self._sessions = Table(database, "session", Session)
        self._consents = Table(database, "consent", Consent)
        self._grants = Table(database, "authorization_grant", Grant)
        self._codes = Table(database, "authorization_code", AuthorizationCode)
        self._access_tokens = Table(database, "access_token", AccessToken)
        self._refresh_tokens = Table(database, "refresh_token", RefreshToken)
        self.save_client = self._clients.save
        self.save_pending = self._pending.save
        self.save_session = self._sessions.save
        self.save_consent = self._consents.save
        self.save_grant = self._grants.save
        self.save_code = self._codes.save
        self.save_access_token = self._access_tokens.save
        self.save_refresh_token = self._refresh_tokens.save

    def transaction(self) -> AbstractContextManager[None]:
        """Commit at the end, also where the block ends in `Refused`; roll back on anything else."""
        return self._database.transaction()

    def after_commit(self, act: Callable[[], object]) -> None:
        """Call `act` once what is under way is committed, never where it is rolled back; at once outside of any."""
        self._database.after_commit(act)

    def is_locked(self) -> bool:
        """Tell whether another program keeps us from writing at this moment."""
        return self._database.is_locked()

    def check_writable(self) -> None:
        """Check that something can be saved now, as far as that is known without saving.

        Raises:
            Refused: with a problem of `problems.state`.
        """
        self._database.check_writable()

    def find_client(self, client_id: ClientId) -> Client | None:
        """Return the client with this id."""
        return self._clients.find("id=?", client_id)

    def clients(self) -> list[Client]:
        """Return all clients, oldest first."""
        return self._clients.where()

    def delete_client(self, client_id: ClientId) -> None:
        """Forget a client."""
        self._clients.delete("id=?", client_id)

    def pendings(self) -> list[PendingAuthorization]:
        """Return all pending authorizations, oldest first."""
        return self._pending.where()

    def open_pendings(self, now: datetime) -> list[PendingAuthorization]:
        """Return the authorizations that are neither decided nor expired, oldest first."""
        return self._pending.where(_OPEN, now)

    def open_pendings_on(self, operation_id: OperationId, now: datetime) -> list[PendingAuthorization]:
        """Return the authorizations of a route that are neither decided nor expired."""
        return self._pending.where(f"operation_id=? AND {_OPEN}", operation_id, now)

    def count_open_pending(self, now: datetime) -> int:
        """Return how many authorizations are neither decided nor expired."""
        return self._pending.count(_OPEN, now)

    def find_pending(self, transaction_id: TransactionId) -> PendingAuthorization | None:
        """Return the pending authorization with this id."""
        return self._pending.find("id=?", transaction_id)

    def find_pending_by_state(self, login_state_digest: str) -> PendingAuthorization | None:
        """Return the pending authorization whose login carries this state."""
        return self._pending.find("login_state_digest=?", login_state_digest)

    def find_session(self, session_id: SessionId) -> Session | None:
        """Return the session with this id."""
        return self._sessions.find("id=?", session_id)

    def find_session_by_cookie(self, cookie_digest: str) -> Session | None:
        """Return the session whose cookie this is."""
        return self._sessions.find("cookie_digest=?", cookie_digest)

    def sessions(self) -> list[Session]:
        """Return all sessions, oldest first."""
        return self._sessions.where()

    def sessions_of(self, subject_id: SubjectId) -> list[Session]:
        """Return the sessions of a subject that were not ended, oldest first."""
        return self._sessions.where("subject_id=? AND ended_at IS NULL", subject_id)

    def consents_of(self, subject_id: SubjectId, client_id: ClientId) -> list[Consent]:
        """Return what this subject allowed this client."""
        return self._consents.where("subject_id=? AND client_id=?", subject_id, client_id)

    def forget_consents(self, client_id: ClientId, subject_id: SubjectId | None = None) -> None:
        """Forget what was allowed to a client, by one subject or by all."""
        self._consents.delete("client_id=? AND (? IS NULL OR subject_id=?)", client_id, subject_id, subject_id)

    def find_grant(self, grant_id: GrantId) -> Grant | None:
        """Return the grant with this id."""
        return self._grants.find("id=?", grant_id)

    def grants(self) -> list[Grant]:
        """Return all grants, oldest first."""
        return self._grants.where()

    def live_grants(self, now: datetime) -> list[Grant]:
        """Return the grants that are neither revoked nor expired, oldest first."""
        return self._grants.where(_LIVE, now)

    def live_grants_to(self, client_id: ClientId, now: datetime) -> list[Grant]:
        """Return the live grants to a client."""
        return self._grants.where(f"client_id=? AND {_LIVE}", client_id, now)

    def live_grants_by(self, subject_id: SubjectId, now: datetime) -> list[Grant]:
        """Return the live grants by a subject."""
        return self._grants.where(f"subject_id=? AND {_LIVE}", subject_id, now)

    def live_grants_in(self, session_id: SessionId, now: datetime) -> list[Grant]:
        """Return the live grants that were given in a session."""
        return self._grants.where(f"session_id=? AND {_LIVE}", session_id, now)

    def live_grants_on(self, operation_id: OperationId, now: datetime) -> list[Grant]:
        """Return the live grants on a route."""
        return self._grants.where(f"operation_id=? AND {_LIVE}", operation_id, now)

    def contested_grants(self, client_id: ClientId, subject_id: SubjectId) -> list[Grant]:
        """Return the live grants of a subject to a client whose tokens more than one holds."""
        condition = "client_id=? AND subject_id=? AND contested_at IS NOT NULL AND revoked_at IS NULL"
        return self._grants.where(condition, client_id, subject_id)

    def find_code(self, digest: str) -> AuthorizationCode | None:
        """Return the code with this digest."""
        return self._codes.find("digest=?", digest)

    def find_code_by_challenge(self, client_id: ClientId, code_challenge: str) -> AuthorizationCode | None:
        """Return the code that this client got for this PKCE challenge."""
        return self._codes.find("client_id=? AND code_challenge=?", client_id, code_challenge)

    def codes_of(self, grant_id: GrantId) -> list[AuthorizationCode]:
        """Return the codes of a grant."""
        return self._codes.where("grant_id=?", grant_id)

    def find_access_token(self, digest: str) -> AccessToken | None:
        """Return the access token with this digest."""
        return self._access_tokens.find("digest=?", digest)

    def find_access_token_by_id(self, token_id: TokenId) -> AccessToken | None:
        """Return the access token with this id."""
        return self._access_tokens.find("id=?", token_id)

    def access_tokens(self) -> list[AccessToken]:
        """Return all access tokens, oldest first."""
        return self._access_tokens.where()

    def newest_access_tokens(self, most: int) -> list[AccessToken]:
        """Return the access tokens that were issued last, at most so many, oldest first."""
        return self._access_tokens.newest(most)

    def access_tokens_of(self, grant_id: GrantId) -> list[AccessToken]:
        """Return the access tokens of a grant."""
        return self._access_tokens.where("grant_id=?", grant_id)

    def find_refresh_token(self, digest: str) -> RefreshToken | None:
        """Return the refresh token with this digest."""
        return self._refresh_tokens.find("digest=?", digest)

    def find_refresh_token_by_id(self, token_id: TokenId) -> RefreshToken | None:
        """Return the refresh token with this id."""
        return self._refresh_tokens.find("id=?", token_id)

    def newest_refresh_tokens(self, most: int) -> list[RefreshToken]:
        """Return the refresh tokens that were issued last, at most so many, oldest first."""
        return self._refresh_tokens.newest(most)

    def refresh_tokens_of(self, grant_id: GrantId) -> list[RefreshToken]:
        """Return the refresh tokens of a grant."""
        return self._refresh_tokens.where("grant_id=?", grant_id)

    def successors_of(self, token_id: TokenId) -> list[RefreshToken]:
        """Return the refresh tokens that a code or refresh token brought."""
        return self._refresh_tokens.where("parent_id=?", token_id)

    def access_tokens_with(self, refresh_token_id: TokenId) -> list[AccessToken]:
        """Return the access tokens that were issued with a refresh token."""
        return self._access_tokens.where("refresh_token_id=?", refresh_token_id)

    def prune(self, now: datetime) -> Pruned:
        """Delete what expired longer ago than `REMEMBERED_AFTER_EXPIRY`; return what went.

        Of what anybody can make us keep, clients that were never used and logins that came to nothing, the oldest go
        sooner where they are too many.
        """
        old = now - REMEMBERED_AFTER_EXPIRY
        with self.transaction():
            gone = self._grants.delete("expires_at<?", old)
            gone += self._pending.delete("expires_at<?", old)
            gone += self._codes.delete("expires_at<?", old)
            gone += self._access_tokens.delete("expires_at<?", old)
            gone += self._refresh_tokens.delete("expires_at<?", old)
            gone += self._sessions.delete(f"expires_at<? AND {_NO_GRANT}", old)
            expired = self._clients.take("expires_at<?", old)
            gone += self._pending.delete(_OLDEST_OVER, now, Limits.AUTHORIZATIONS_OPEN)
            return Pruned(gone, expired, self._prune_unused(now))

    def _prune_unused(self, now: datetime) -> list[Client]:
        most = Limits.UNUSED_CLIENTS
        return self._clients.take(_OLDEST_UNUSED, now, most) if self._clients.count("1") > most else []
