"""The events, by the field's own names. `name` is what logs, exports and the control stream call it.

Source: `gateway.md` §10; the names follow the Zuplo MCP Gateway's observability page.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any

from devgw.events.trace import Trace
from devgw.ids import ClientId, GrantId, OperationId, SessionId, SubjectId, TokenId, TraceId, TransactionId


class Outcome(StrEnum):
    """How it ended."""

    SUCCESS = "success"
    FAILURE = "failure"
    DENIED = "denied"
    APPLICATION_ERROR = "application_error"
    CONNECT_REQUIRED = "connect_required"
    PARTIAL = "partial"
    CANCELLED = "cancelled"


class FailureOrigin(StrEnum):
    """Whose fault it was."""

    GATEWAY = "gateway"
    UPSTREAM = "upstream"
    CLIENT = "client"
    IDENTITY_PROVIDER = "identity_provider"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened. Every field that is known is given; None means unknown or not applicable."""

    trace_id: TraceId | None = None
    """The HTTP request in which it happened."""
    transaction_id: TransactionId | None = None
    grant_id: GrantId | None = None
    session_id: SessionId | None = None
    client_id: ClientId | None = None
    client_name: str | None = None
    operation_id: OperationId | None = None
    subject_id: SubjectId | None = None
    upstream_server_id: str | None = None
    outcome: Outcome = Outcome.SUCCESS
    failure_origin: FailureOrigin | None = None
    reason_code: str | None = None
    """`Problem.reason`, where something was refused."""
    explanation: str | None = None
    """`Problem.explain()`."""
    hint: str | None = None
    """`Problem.advise()`."""

    @property
    def name(self) -> str:
        """Return the stable snake_case name of this kind of event."""
        return _snake(type(self).__name__)

    def known(self) -> dict[str, Any]:
        """Return the fields that are known, by their Python names, in order of definition."""
        return {name: value for name in self.__dataclass_fields__ if (value := getattr(self, name)) is not None}


@cache
def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


# --- requests ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpExchanged(Event):
    """One HTTP request was answered, on whatever path; published last, when the trace is complete."""

    trace: Trace


@dataclass(frozen=True, slots=True, kw_only=True)
class McpRequestAccepted(Event):
    """A request on an MCP route showed a good token."""

    token_id: TokenId
    mcp_method: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class McpRequestRejected(Event):
    """A request on an MCP route was refused before it reached the upstream; `reason_code` says why."""

    status: int
    token_id: TokenId | None = None
    mcp_method: str | None = None
    had_credentials: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class McpCapabilityInvoked(Event):
    """A tool was called, a prompt got, a resource read, or a list asked for; sent to the upstream now."""

    mcp_method: str
    capability: str | None = None
    """The tool's or prompt's name, or the resource's URI."""


@dataclass(frozen=True, slots=True, kw_only=True)
class McpCapabilityCompleted(Event):
    """The upstream's answer was relayed to its end, or failed; `outcome` and `failure_origin` say which."""

    mcp_method: str
    capability: str | None = None
    status: int
    gateway_ms: float
    upstream_ms: float
    streamed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class McpCapabilityEntriesUnmatched(Event):
    """A filter's entries were compared with what the upstream lists; no entries where all of them match (again)."""

    policy: str
    capability_kind: str
    """`tools`, `prompts`, `resources` or `resourceTemplates`."""
    entries: tuple[tuple[str, str | None], ...] = ()
    """Each entry that names nothing upstream, with the nearest real name."""


# --- authorization server ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class McpAuthClientRegistered(Event):
    """A client became known: by registration, by its metadata document, or by the configuration."""

    registered_by: str
    """`dcr`, `cimd` or `configured`."""
    redirect_uris: tuple[str, ...]
    token_endpoint_auth_method: str


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
    """A refresh token was used and rotated; `repeated` where the grace gave the same successor again."""

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
    """`revoked_by_client`, `revoked_by_user`, `code_replayed`, `refresh_token_replayed`, `client_deleted`, …"""


@dataclass(frozen=True, slots=True, kw_only=True)
class McpAuthDownstreamTokenRestored(Event):
    """A revocation was taken back within its time; the grant and these tokens are live again."""

    token_ids: tuple[TokenId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class McpAuthClientDeleted(Event):
    """A client was removed, by the user or because it expired."""

    cause: str


# --- identity provider ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class McpAuthProviderAnswered(Event):
    """The gateway asked the identity provider something (token exchange, discovery) and got an answer, or none."""

    url: str
    status: int | None = None
    duration_ms: float
    error: str | None = None
    """The provider's own `error`, or the class of the transport failure."""


@dataclass(frozen=True, slots=True)
class TokenCheck:
    """One check of a token of the identity provider, with both values."""

    name: str
    """`signature`, `iss`, `aud`, `exp`, `nbf`, `nonce`, `client_id`, …"""
    passed: bool
    got: str = ""
    expected: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class McpAuthProviderTokenChecked(Event):
    """A JWT of the identity provider was checked; `claims` are shown with secrets left out."""

    token_id: TokenId
    """`idp:` and the fingerprint."""
    header: dict[str, Any]
    claims: dict[str, Any]
    checks: tuple[TokenCheck, ...]
    verdict: str
    """In words: `good, key abc`, `not verified: kid not in JWKS`."""
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class McpAuthJwksFetched(Event):
    """The provider's keys were fetched, or not."""

    url: str
    status: int | None = None
    key_ids: tuple[str, ...] = ()
    duration_ms: float
    wanted_key_id: str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class McpAuthProviderProbed(Event):
    """While a login was silent the provider was asked, without a browser or a secret, what it makes of our callback.

    `reason_code` is the id of the failure where it refuses, `explanation` what it answered, `hint` the one change.
    """

    callback_uri: str
    is_refused: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockSkewMeasured(Event):
    """The provider's clock was compared with ours: positive seconds mean theirs is ahead."""

    url: str
    skew_seconds: float


# --- upstream connections ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class McpAuthUpstreamConnectionBegun(Event):
    """The browser was sent to an upstream's authorization server."""

    authorization_server: str
    scope: str = ""
    scope_source: str = ""
    """Who named the scopes: `policy`, `challenge`, `scopes_supported` or `none`."""
    registered_by: str = ""
    """How the gateway became a client: `cimd`, `dcr` or `manual`."""
    overlaid: tuple[str, ...] = ()
    """Members of the server's metadata that `devgw.toml` mended; the deployed gateway would not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class McpAuthUpstreamConnectionEstablished(Event):
    """A credential for an upstream is held."""

    expires_at: datetime | None = None
    has_refresh_token: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class McpAuthUpstreamConnectionRefreshed(Event):
    """An upstream credential was renewed."""

    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class McpAuthUpstreamConnectionLost(Event):
    """An upstream credential is of no more use; `reason_code` says why."""

    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class McpAuthUpstreamAnswered(Event):
    """The gateway asked an upstream or its authorization server something and got an answer, or none."""

    purpose: str
    """`challenge`, `resource metadata`, `server metadata`, `registration`, `token`, `refresh`, `revocation`, …"""
    url: str
    status: int | None = None
    duration_ms: float
    error: str | None = None
    """The upstream's own `error`, or the class of the transport failure."""
    answer: str = ""
    """The beginning of what it said, with anything like a secret cut out; empty where all went well."""


# --- configuration, the gateway itself --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigLoaded(Event):
    """A configuration took effect; `changes` say in words what differs from the one before."""

    generation: int
    routes: int
    warnings: int = 0
    changes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigRejected(Event):
    """A saved configuration has errors; the last good generation stays."""

    generation: int
    """The one that stays."""
    findings: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayStarted(Event):
    """The public port answers."""

    origin: str
    provider: str
    """`workos`, `workos-emulator`, `oidc`, `dev-login`, …"""
    mcp_urls: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayStopping(Event):
    """The gateway is on its way down."""

    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultMet(Event):
    """Something failed that never should: a defect of devgw. The request was answered with a 500 and this trace id."""

    where: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DiagnosisMade(Event):
    """A failure was named; `reason_code` is the diagnosis id (`RURI-02`), `explanation` its cause, `hint` its fix."""

    diagnosis_id: str
    flow_id: str | None = None
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DiagnosisWithdrawn(Event):
    """What was missing arrived, or the fault is gone."""

    diagnosis_id: str
    flow_id: str | None = None
