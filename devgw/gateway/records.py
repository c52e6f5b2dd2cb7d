"""What is kept between requests: frozen records, with digests in place of every secret.

Moments are aware datetimes. A field that ends in `_digest` is the SHA-256 of a secret that only its holder has.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from devgw.entropy import fingerprint
from devgw.ids import ClientId, GrantId, OperationId, SessionId, SubjectId, TokenId, TransactionId


@dataclass(frozen=True, slots=True)
class Client:
    """An OAuth client as it is known here (RFC 7591 §2; client metadata documents)."""

    id: ClientId
    name: str
    registered_by: str
    """`dcr`, `cimd` or `configured`."""
    redirect_uris: tuple[str, ...]
    token_endpoint_auth_method: str
    grant_types: tuple[str, ...]
    metadata: dict[str, Any]
    """Everything that was registered, as it is echoed."""
    secret_digest: str | None
    issued_at: datetime
    expires_at: datetime | None
    user_agent: str = ""
    last_seen_at: datetime | None = None
    kept_copy: str | None = None
    """Which copy stood for its metadata document, where the network did not let that through."""

    @property
    def is_public(self) -> bool:
        """Tell whether it cannot keep a secret."""
        return self.token_endpoint_auth_method == "none"


@dataclass(frozen=True, slots=True)
class PendingAuthorization:
    """One authorization request between its arrival and its code."""

    id: TransactionId
    client_id: ClientId
    client_name: str
    redirect_uri: str
    operation_id: OperationId
    resource: str
    scope: str
    issuer: str
    """Minted once, from the origin and form under which the client asked; the same string everywhere after."""
    parameters: dict[str, str]
    """The request's own parameters, as they came."""
    created_at: datetime
    expires_at: datetime
    state: str | None = None
    prompt: str | None = None
    login_state_digest: str | None = None
    login_nonce: str | None = None
    login_verifier: str | None = None
    browser_digest: str | None = None
    login_finished_at: datetime | None = None
    session_id: SessionId | None = None
    decided_at: datetime | None = None
    page_digest: str | None = None
    """Of the token that its pages carry (`gateway.page_proof`)."""
    connect_link: str | None = None
    """The link, sealed, at which the browser goes on: a sign-in that no client asked for, and that gets no code."""

    @property
    def ended_with_route(self) -> bool:
        """Tell whether it ended because its route went or moved: its login and its time ended at one moment."""
        return self.session_id is None and self.login_finished_at == self.expires_at

    @property
    def begins_anew(self) -> bool:
        """Tell whether a reload ended its sign-in, so that the person signs in once more."""
        return self.login_finished_at is not None and self.session_id is None

    def without_route(self, now: datetime) -> "PendingAuthorization":
        """Return it as it ends with its route: its code would open nothing."""
        return replace(self, expires_at=now, login_finished_at=now, session_id=None)


@dataclass(frozen=True, slots=True)
class Session:
    """A browser in which somebody signed in."""

    id: SessionId
    cookie_digest: str
    subject_id: SubjectId
    email: str | None
    display_name: str | None
    started_at: datetime
    expires_at: datetime
    issuer: str
    """Of the identity provider."""
    provider_session_id: str | None = None
    user_agent: str = ""
    claims: dict[str, Any] | None = None
    ended_at: datetime | None = None
    key_digest: str | None = None
    """Of the key in the storage of its browser (`gateway.page_proof`)."""

    @property
    def person(self) -> str:
        """Return what a form says of the person to whom it is shown.

        The subject itself may hold what a form does not bring back as it was, such as a line break (HTML §4.10.21.7).
        """
        return fingerprint(self.subject_id)


@dataclass(frozen=True, slots=True)
class Consent:
    """What a subject allowed, so that the same question need not be asked twice."""

    subject_id: SubjectId
    client_id: ClientId
    reach: str
    """To which redirect URIs a code goes without a page; see `gateway.consent_reach`."""
    operation_id: OperationId
    scope: str
    given_at: datetime


@dataclass(frozen=True, slots=True)
class Grant:
    """What a subject allowed a client on one route; revoking it ends all its tokens."""

    id: GrantId
    client_id: ClientId
    client_name: str
    subject_id: SubjectId
    session_id: SessionId | None
    email: str | None
    operation_id: OperationId
    resource: str
    scope: str
    issuer: str
    created_at: datetime
    expires_at: datetime
    roles: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    revoked_at: datetime | None = None
    revoked_because: str | None = None
    contested_at: datetime | None = None
    """When it was first seen that more than one holds its tokens; see `gateway.families`."""


@dataclass(frozen=True, slots=True)
class AuthorizationCode:
    """A code that waits to be redeemed, or was."""

    id: TokenId
    digest: str
    grant_id: GrantId
    client_id: ClientId
    redirect_uri: str | None
    """What the client sent at the authorization endpoint; None where it relied on its only registered one."""
    code_challenge: str
    resource: str
    issued_at: datetime
    expires_at: datetime
    redeemed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AccessToken:
    """What opens one route."""

    id: TokenId
    digest: str
    grant_id: GrantId
    issued_at: datetime
    expires_at: datetime
    refresh_token_id: TokenId | None = None
    """The refresh token it was issued with."""
    revoked_at: datetime | None = None
    uses: int = 0
    last_used_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """What gets the next access token. `gateway.families` says for how long."""

    id: TokenId
    digest: str
    grant_id: GrantId
    issued_at: datetime
    expires_at: datetime
    parent_id: TokenId | None = None
    """The refresh token or code that brought it."""
    spent_at: datetime | None = None
    """When it brought its newest successor; None where it stays good without one."""
    successor_id: TokenId | None = None
    """The newest of its successors."""
    revoked_at: datetime | None = None
    """When its grant ended, or, in a grant that lives, when it became void."""
    used_at: datetime | None = None
    """When it was first presented: then its client had got it."""


@dataclass(frozen=True, slots=True)
class Pruned:
    """What a store forgot, because nobody asks for it any more."""

    records: int
    """Of all kinds but clients."""
    expired: Sequence[Client]
    unused: Sequence[Client]
    """For which nobody ever signed in, and which were too many."""
