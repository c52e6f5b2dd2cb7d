"""What the authorization server did: clients, authorizations, sign-ins, consents, tokens."""

from dataclasses import dataclass
from datetime import datetime

from devgw.events.event import Event
from devgw.ids import TokenId


@dataclass(frozen=True, slots=True, kw_only=True)
class McpAuthClientRegistered(Event):
    """A client became known: by registration, by its metadata document, or by the configuration."""

    registered_by: str
    """`dcr`, `cimd` or `configured`."""
    redirect_uris: tuple[str, ...]
    token_endpoint_auth_method: str
    kept_copy: str | None = None
    """Which copy stood for its metadata document, where the network did not let that through."""


@dataclass(frozen=True, slots=True, kw_only=True)
class McpAuthClientRefused(Event):
    """A registration or a metadata document was refused."""

    registered_by: str
    redirect_uris: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class McpAuthAuthorizationBegun(Event):
    """An authorization request was found good and is pending."""

    redirect_uri: str
    resource: str
    scope: str
    issuer: str
    kept_copy: str | None = None
    """Which copy stood for the client's metadata document."""


@dataclass(frozen=True, slots=True, kw_only=True)
class McpAuthAuthorizationRefused(Event):
    """An authorization request was refused; `redirected` tells a redirect with `error=` from a page."""

    redirect_uri: str | None = None
    resource: str | None = None
    redirected: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class McpAuthLoginBegun(Event):
    """The browser was sent to the identity provider."""

    provider_url: str
    """The authorize endpoint, without its query."""
    callback_uri: str
    """The redirect URI that must be registered at the provider, byte for byte."""


@dataclass(frozen=True, slots=True, kw_only=True)
class McpAuthLoginFinished(Event):
    """The identity provider's answer came back; on success a session stands."""

    email: str | None = None
    display_name: str | None = None
    session_expires_at: datetime | None = None
    user_agent: str | None = None
    """The browser's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class McpAuthSessionEnded(Event):
    """A browser's session ended; `cause` says by whom."""

    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class McpAuthConsentShown(Event):
    """The consent page was shown to the signed-in person."""

    redirect_host: str
    not_connected: tuple[str, ...] = ()
    """Upstreams that have to be connected before it can be approved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class McpAuthConsentApproved(Event):
    """The person allowed it; `remembered` where an earlier consent answered for them."""

    remembered: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class McpAuthConsentDenied(Event):
    """The person said no."""


@dataclass(frozen=True, slots=True, kw_only=True)
class McpAuthCodeIssued(Event):
    """A code was sent to the client's redirect URI."""

    code_id: TokenId
    redirect_uri: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class McpAuthCallbackProbed(Event):
    """A code for this machine was not redeemed at once: it was looked whether anything listens where it was sent."""

    code_id: TokenId
    port: int
    listens_v4: bool
    """Whether a TCP connection to 127.0.0.1 was taken."""
    listens_v6: bool
    """Whether one to ::1 was taken."""
    has_v6: bool
    """Whether this machine has ::1 at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class McpAuthDownstreamTokenIssued(Event):
    """A code was redeemed: an access token, and where the client may refresh, a refresh token."""

    access_token_id: TokenId
    access_expires_at: datetime
    refresh_token_id: TokenId | None = None
    refresh_expires_at: datetime | None = None
    code_id: TokenId | None = None
    resource: str
    scope: str


@dataclass(frozen=True, slots=True, kw_only=True)
class McpAuthDownstreamTokenRefreshed(Event):
    """A refresh token was used, and rotated where `refresh_token_id` is another one.

    `repeated` where it had been rotated before: nobody had refreshed with the earlier answer, which is void now unless
    its access token was used.
    """

    spent_token_id: TokenId
    access_token_id: TokenId
    access_expires_at: datetime
    refresh_token_id: TokenId | None = None
    refresh_expires_at: datetime | None = None
    resource: str
    scope: str
    repeated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class McpAuthDownstreamTokenRefused(Event):
    """The token endpoint said no; `reason_code` says why."""

    grant_type: str | None = None
    error: str
    token_id: TokenId | None = None
    """The code or refresh token presented, where one was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class McpAuthDownstreamTokenValidated(Event):
    """A token was used for the first time."""

    token_id: TokenId


@dataclass(frozen=True, slots=True, kw_only=True)
class McpAuthDownstreamTokenRevoked(Event):
    """Tokens ended before their time, all in one commit."""

    token_ids: tuple[TokenId, ...]
    cause: str
    """`revoked_by_client`, `revoked_by_user`, `code_replayed`, `refresh_token_replayed`, `client_deleted`, …

    `superseded`: the grant goes on, with other tokens in their place.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class McpAuthDownstreamTokenRestored(Event):
    """A revocation was taken back within its time; the grant and these tokens are live again."""

    token_ids: tuple[TokenId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class McpAuthClientDeleted(Event):
    """A client was removed: by the user, because it expired, or because it was never used and there are too many."""

    cause: str
