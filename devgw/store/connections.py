"""Upstream connections in their tables; every secret sealed with Fernet under a key file of mode 0600.

Whoever copies the database without the key file has no credential. A key that is lost or replaced makes connections
`unreadable`, never a crash: the person connects again.
"""

from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any

from devgw.gateway.connection import (
    UNREADABLE,
    PendingConnection,
    UpstreamClient,
    UpstreamConnection,
    UpstreamSecrets,
)
from devgw.ids import OperationId, SubjectId, UpstreamServerId
from devgw.store.assertions import AssertionRecords
from devgw.store.database import Database
from devgw.store.sealing import Sealer
from devgw.store.table import Table

_LINKS = "connect-link"
"""Under what the links that were used stand among the assertions, which have an issuer there."""
CONNECTIONS = """
CREATE TABLE upstream_connection (
  subject_id TEXT NOT NULL, upstream_server_id TEXT NOT NULL, upstream_url TEXT NOT NULL, resource TEXT NOT NULL,
  issuer TEXT NOT NULL, token_endpoint TEXT NOT NULL, revocation_endpoint TEXT, client_id TEXT NOT NULL,
  token_endpoint_auth_method TEXT NOT NULL, redirect_uri TEXT NOT NULL, scope TEXT NOT NULL, state TEXT NOT NULL,
  established_at REAL NOT NULL, refreshed_at REAL, expires_at REAL, sealed TEXT NOT NULL, lost_because TEXT,
  PRIMARY KEY (subject_id, upstream_server_id));
CREATE TABLE upstream_client (
  issuer TEXT NOT NULL, upstream_server_id TEXT NOT NULL, redirect_uri TEXT NOT NULL, client_id TEXT NOT NULL,
  token_endpoint_auth_method TEXT NOT NULL, registered_by TEXT NOT NULL, registered_at REAL NOT NULL, expires_at REAL,
  sealed TEXT NOT NULL,
  PRIMARY KEY (issuer, upstream_server_id, redirect_uri));
CREATE TABLE pending_connection (
  state_digest TEXT PRIMARY KEY, browser_digest TEXT NOT NULL, subject_id TEXT NOT NULL,
  upstream_server_id TEXT NOT NULL, operation_id TEXT NOT NULL, upstream_url TEXT NOT NULL, resource TEXT NOT NULL,
  issuer TEXT NOT NULL, sends_issuer INTEGER NOT NULL, token_endpoint TEXT NOT NULL, revocation_endpoint TEXT,
  client_id TEXT NOT NULL, token_endpoint_auth_method TEXT NOT NULL, redirect_uri TEXT NOT NULL, scope TEXT NOT NULL,
  scope_source TEXT NOT NULL, return_to TEXT, begun_at REAL NOT NULL, expires_at REAL NOT NULL, sealed TEXT NOT NULL,
  spent_at REAL);
"""


@dataclass(frozen=True, slots=True)
class _ConnectionRow:
    subject_id: SubjectId
    upstream_server_id: UpstreamServerId
    upstream_url: str
    resource: str
    issuer: str
    token_endpoint: str
    revocation_endpoint: str | None
    client_id: str
    token_endpoint_auth_method: str
    redirect_uri: str
    scope: str
    state: str
    established_at: datetime
    refreshed_at: datetime | None
    expires_at: datetime | None
    sealed: str
    lost_because: str | None
    unanswered_since: datetime | None
    unanswered_because: str | None


@dataclass(frozen=True, slots=True)
class _ClientRow:
    issuer: str
    upstream_server_id: UpstreamServerId
    redirect_uri: str
    client_id: str
    token_endpoint_auth_method: str
    registered_by: str
    registered_at: datetime
    expires_at: datetime | None
    sealed: str


@dataclass(frozen=True, slots=True)
class _PendingRow:
    state_digest: str
    browser_digest: str
    subject_id: SubjectId
    upstream_server_id: UpstreamServerId
    operation_id: OperationId
    upstream_url: str
    resource: str
    issuer: str
    sends_issuer: bool
    token_endpoint: str
    revocation_endpoint: str | None
    client_id: str
    token_endpoint_auth_method: str
    redirect_uri: str
    scope: str
    scope_source: str
    return_to: str | None
    begun_at: datetime
    expires_at: datetime
    sealed: str
    spent_at: datetime | None
    ended_at: datetime | None


_WAY_BACK = "return_to"


class SealedConnections:
    """Keeps connections in one database, as the protocol `gateway.connection.ConnectionStore` asks."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._sealer = sealer
        self._connections = Table(database, "upstream_connection", _ConnectionRow)
        self._clients = Table(database, "upstream_client", _ClientRow)
        self._pending = Table(database, "pending_connection", _PendingRow)
        self._spent = AssertionRecords(database)
        self.transaction = database.transaction

    def spend_link(self, link: str, now: datetime, expires_at: datetime) -> None:
        """Remember until it expires that a connect link was used."""
        self._spent.spend(_LINKS, link, now, expires_at)

    def link_spent_at(self, link: str) -> datetime | None:
        """Return when a connect link was used, or None."""
        return self._spent.spent_at(_LINKS, link)

    def save_connection(self, connection: UpstreamConnection) -> None:
        """Insert or replace the connection of its subject and upstream."""
        self._connections.save(_ConnectionRow(**self._sealed(connection)))

    def find_connection(self, subject_id: SubjectId, upstream_server_id: UpstreamServerId) -> UpstreamConnection | None:
        """Return the connection of a subject to an upstream; one that cannot be opened is `unreadable`."""
        row = self._connections.find("subject_id=? AND upstream_server_id=?", subject_id, upstream_server_id)
        return self._opened(row) if row else None

    def connections(self, upstream_server_id: UpstreamServerId | None = None) -> list[UpstreamConnection]:
        """Return all connections, or those to one upstream, oldest first."""
        return [self._opened(row) for row in self._connections.where(*_to(upstream_server_id))]

    def delete_connection(self, subject_id: SubjectId, upstream_server_id: UpstreamServerId) -> None:
        """Forget a connection, secrets and all."""
        self._connections.delete("subject_id=? AND upstream_server_id=?", subject_id, upstream_server_id)

    def save_upstream_client(self, client: UpstreamClient) -> None:
        """Insert or replace a registration."""
        self._clients.save(_ClientRow(**self._sealed(client)))

    def find_upstream_client(
        self, issuer: str, upstream_server_id: UpstreamServerId, redirect_uri: str
    ) -> UpstreamClient | None:
        """Return the registration at an issuer, unless its secret cannot be opened."""
        row = self._clients.find(
            "issuer=? AND upstream_server_id=? AND redirect_uri=?", issuer, upstream_server_id, redirect_uri
        )
        opened = row and self._open(row)
        return UpstreamClient(**opened) if opened else None

    def forget_upstream_client(self, issuer: str, upstream_server_id: UpstreamServerId) -> None:
        """Forget the registrations for an upstream at an issuer."""
        self._clients.delete("issuer=? AND upstream_server_id=?", issuer, upstream_server_id)

    def upstream_clients(self) -> list[UpstreamClient]:
        """Return all registrations, but for those whose secrets cannot be opened."""
        return [UpstreamClient(**opened) for row in self._clients.where() if (opened := self._open(row))]

    def save_pending_connection(self, pending: PendingConnection) -> None:
        """Insert or replace a pending connection, and drop those that expired.

        Where it leads back to is sealed too: the address of a consent page has the token of that page in it.
        """
        self._pending.delete("expires_at<?", pending.begun_at)
        way_back = self._sealer.seal({_WAY_BACK: pending.return_to}) if pending.return_to else None
        self._pending.save(_PendingRow(**self._sealed(replace(pending, return_to=way_back))))

    def find_pending_connection(self, state_digest: str) -> PendingConnection | None:
        """Return the pending connection whose state this is, unless it cannot be opened."""
        row = self._pending.find("state_digest=?", state_digest)
        return self._pending_in(row) if row else None

    def pending_connections(self, upstream_server_id: UpstreamServerId | None = None) -> list[PendingConnection]:
        """Return those that were not ended and can be opened, as the protocol says."""
        which, *values = _to(upstream_server_id)
        found = (self._pending_in(row) for row in self._pending.where(f"ended_at IS NULL AND {which}", *values))
        return [each for each in found if each is not None]

    def _pending_in(self, row: _PendingRow) -> PendingConnection | None:
        opened = self._open(row)
        if opened is None:
            return None
        way_back = self._sealer.open(opened["return_to"]) if opened["return_to"] else None
        return PendingConnection(**{**opened, "return_to": (way_back or {}).get(_WAY_BACK)})

    def _sealed(self, record: UpstreamConnection | UpstreamClient | PendingConnection) -> dict[str, Any]:
        """Return the columns of `record`, its secrets sealed."""
        columns = {each.name: getattr(record, each.name) for each in fields(record)}
        secrets: UpstreamSecrets = columns.pop("secrets")
        columns["sealed"] = self._sealer.seal({each.name: getattr(secrets, each.name) for each in fields(secrets)})
        return columns

    def _open(self, row: Any) -> dict[str, Any] | None:
        """Return the fields of the record in `row`, or None where its secrets cannot be opened."""
        columns = {each.name: getattr(row, each.name) for each in fields(row)}
        content = self._sealer.open(columns.pop("sealed"))
        return None if content is None else {**columns, "secrets": UpstreamSecrets(**content)}

    def _opened(self, row: _ConnectionRow) -> UpstreamConnection:
        """Return the connection in `row`; without its secrets where they cannot be opened."""
        if opened := self._open(row):
            return UpstreamConnection(**opened)
        empty = self._sealer.seal({})
        return replace(UpstreamConnection(**(self._open(replace(row, sealed=empty)) or {})), state=UNREADABLE)


def _to(upstream_server_id: UpstreamServerId | None) -> tuple[str, ...]:
    """Return the condition for one upstream, or for all, and its values."""
    return ("1",) if upstream_server_id is None else ("upstream_server_id=?", upstream_server_id)
