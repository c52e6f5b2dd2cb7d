"""Upstream connections as they are kept: who holds which credential for which upstream, and how it was got."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from devgw.ids import OperationId, SubjectId, UpstreamServerId

SHARED = SubjectId("shared")
"""Whose connection a `shared-oauth` upstream has: everybody's."""

CONNECTED = "connected"
RECONSENT_REQUIRED = "reconsent_required"
UNREADABLE = "unreadable"
"""The credential is there, but the key that opens it is not the one in the state directory."""


@dataclass(frozen=True, slots=True, repr=False)
class UpstreamSecrets:
    """What must never be seen: sealed before it is stored, absent from every repr."""

    access_token: str = ""
    refresh_token: str | None = None
    client_secret: str | None = None
    registration_uri: str | None = None
    """Where a registration is read and deleted (RFC 7592 §3), by whoever has its token."""
    registration_token: str | None = None

    def __repr__(self) -> str:
        """Show that there are some."""
        return "<secrets>"


@dataclass(frozen=True, slots=True)
class UpstreamConnection:
    """One subject's (or the shared) credential for one upstream, and all that renewing it needs."""

    subject_id: SubjectId
    upstream_server_id: UpstreamServerId
    upstream_url: str
    """The route's upstream when it was connected: the credential goes nowhere else."""
    resource: str
    issuer: str
    token_endpoint: str
    revocation_endpoint: str | None
    client_id: str
    token_endpoint_auth_method: str
    redirect_uri: str
    scope: str
    state: str
    """`connected`, `reconsent_required` or `unreadable`."""
    established_at: datetime
    refreshed_at: datetime | None
    expires_at: datetime | None
    """When the access token ends; None where the upstream does not say."""
    secrets: UpstreamSecrets
    lost_because: str | None = None
    unanswered_since: datetime | None = None
    """When a refresh was begun whose answer is not there: it is under way, or was lost."""
    unanswered_because: str | None = None

    @property
    def can_refresh(self) -> bool:
        """Tell whether a refresh token is held."""
        return self.secrets.refresh_token is not None


@dataclass(frozen=True, slots=True)
class UpstreamClient:
    """The gateway's own registration at one authorization server, for one upstream and redirect URI."""

    issuer: str
    upstream_server_id: UpstreamServerId
    redirect_uri: str
    client_id: str
    token_endpoint_auth_method: str
    registered_by: str
    """`cimd`, `dcr` or `manual`."""
    registered_at: datetime
    expires_at: datetime | None
    """When its secret ends."""
    secrets: UpstreamSecrets


@dataclass(frozen=True, slots=True)
class PendingConnection:
    """A browser on its way to an upstream's authorization server and back."""

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
    secrets: UpstreamSecrets
    """Its client's secret; the code verifier stands where a connection has its access token."""
    spent_at: datetime | None = None
    ended_at: datetime | None = None
    """When its upstream became another one in the configuration, so that its answer is not taken any more."""

    @property
    def code_verifier(self) -> str:
        """Return the PKCE verifier."""
        return self.secrets.access_token


@dataclass(frozen=True, slots=True)
class Standing:
    """How it stands with one upstream for one subject, as pages and the dashboard show it."""

    upstream_server_id: UpstreamServerId
    display_name: str
    summary: str
    auth_mode: str
    is_connected: bool
    state: str
    """`connected`, `authenticating`, `reconsent_required`, `admin_connect_required` or `unreadable`."""
    connect_url: str
    """Where a browser connects it; opens the upstream's authorization page and comes back."""
    explanation: str = ""
    scope: str = ""
    expires_at: datetime | None = None
    issuer: str | None = None


class ConnectionStore(Protocol):
    """Keeps connections, with their secrets sealed; `save_` inserts or replaces, `find_` may give None."""

    def save_connection(self, connection: UpstreamConnection) -> None:
        """Insert or replace the connection of its subject and upstream."""

    def find_connection(self, subject_id: SubjectId, upstream_server_id: UpstreamServerId) -> UpstreamConnection | None:
        """Return the connection of a subject to an upstream; one that cannot be opened is `unreadable`."""

    def connections(self, upstream_server_id: UpstreamServerId | None = None) -> list[UpstreamConnection]:
        """Return all connections, or those to one upstream, oldest first."""

    def delete_connection(self, subject_id: SubjectId, upstream_server_id: UpstreamServerId) -> None:
        """Forget a connection, secrets and all."""

    def save_upstream_client(self, client: UpstreamClient) -> None:
        """Insert or replace a registration."""

    def find_upstream_client(
        self, issuer: str, upstream_server_id: UpstreamServerId, redirect_uri: str
    ) -> UpstreamClient | None:
        """Return the registration at an issuer, unless its secret cannot be opened."""

    def forget_upstream_client(self, issuer: str, upstream_server_id: UpstreamServerId) -> None:
        """Forget the registrations for an upstream at an issuer."""

    def upstream_clients(self) -> list[UpstreamClient]:
        """Return all registrations that can be opened."""
        ...

    def transaction(self) -> AbstractContextManager[None]:
        """Commit at the end, also where the block ends in `Refused`; roll back on anything else."""

    def spend_link(self, link: str, now: datetime, expires_at: datetime) -> None:
        """Remember until it expires that a connect link was used."""

    def link_spent_at(self, link: str) -> datetime | None:
        """Return when a connect link was used, or None."""

    def save_pending_connection(self, pending: PendingConnection) -> None:
        """Insert or replace a pending connection."""

    def pending_connections(self, upstream_server_id: UpstreamServerId | None = None) -> list[PendingConnection]:
        """Return those, of one upstream or of all, that no change of the configuration ended.

        Some of them may be too old, or over.
        """
        ...

    def find_pending_connection(self, state_digest: str) -> PendingConnection | None:
        """Return the pending connection whose state this is."""


class Sealing(Protocol):
    """Seals small things into text that nobody else can read or make."""

    def seal(self, content: dict[str, Any]) -> str:
        """Return `content`, encrypted and authenticated."""

    def open(self, sealed: str) -> dict[str, Any] | None:
        """Return what was sealed, or None where it was not sealed by us, or with another key."""
