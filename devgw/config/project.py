"""A project as it was read: frozen, complete, with every default filled in and every `$env(...)` replaced.

Source: `gateway.md` §2; the public pages under zuplo.com/docs/mcp-gateway.
"""

from dataclasses import dataclass, field, fields, is_dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

from devgw.entropy import fingerprint
from devgw.ids import OperationId, UpstreamServerId


@dataclass(frozen=True, slots=True, repr=False)
class Secret:
    """A secret of the configuration: shown as its fingerprint, opened only where it is used."""

    value: str

    def __repr__(self) -> str:
        """Show that there is one, and which, but not what it is."""
        return f"<secret {fingerprint(self.value)[:4]}>" if self.value else "<empty secret>"

    __str__ = __repr__


@dataclass(frozen=True, slots=True)
class Oidc:
    """What tokens of the identity provider must look like."""

    issuer: str
    jwks_url: str
    audience: str | None = None
    other_issuers: tuple[str, ...] = ()
    """Further issuer strings that the provider documents for the same environment (WorkOS has three)."""


@dataclass(frozen=True, slots=True)
class BrowserLogin:
    """How the browser is signed in at the identity provider."""

    url: str
    token_url: str = ""
    client_id: str = ""
    client_secret: Secret = field(default_factory=lambda: Secret(""))
    scope: str = "openid profile email"
    audience: str | None = None
    pkce: Literal["none", "S256"] = "none"
    remote_timeout: timedelta = timedelta(milliseconds=10_000)
    state_ttl: timedelta = timedelta(seconds=900)
    session_ttl: timedelta = timedelta(seconds=28_800)


@dataclass(frozen=True, slots=True)
class TokenSettings:
    """Lifetimes of what the gateway issues, and whether it takes client metadata documents."""

    access_token_ttl: timedelta = timedelta(seconds=900)
    refresh_token_ttl: timedelta = timedelta(seconds=2_592_000)
    cimd_enabled: bool = True


@dataclass(frozen=True, slots=True)
class TrustedIssuer:
    """An identity provider whose ID-JAGs are taken at the token endpoint."""

    issuer: str
    jwks_url: str
    audience: str | None = None
    subject_claim: str = "sub"
    expected_client_ids: tuple[str, ...] = ()
    """The only clients for which this issuer may vouch; empty means any."""
    subject_mapping: Literal["iss_prefix", "iss_tenant_prefix", "sub_id_only"] = "iss_prefix"
    """How the assertion's subject becomes one of the gateway's."""


@dataclass(frozen=True, slots=True)
class IdJagInbound:
    """The jwt-bearer grant at `/oauth/token`."""

    enabled: bool = False
    trusted_issuers: tuple[TrustedIssuer, ...] = ()


@dataclass(frozen=True, slots=True)
class OAuthPolicy:
    """The one MCP OAuth policy of a project; every wrapper comes down to this shape."""

    name: str
    policy_type: str
    provider: str
    """`workos`, `oidc`, `dev-login`, `auth0`, `okta`, …"""
    oidc: Oidc | None
    """None for dev-login alone."""
    login: BrowserLogin
    tokens: TokenSettings = field(default_factory=TokenSettings)
    id_jag: IdJagInbound = field(default_factory=IdJagInbound)


@dataclass(frozen=True, slots=True)
class ManualClient:
    """The gateway's own registration at an upstream, typed in by the user."""

    client_id: str
    client_secret: Secret | None = None
    token_endpoint_auth_method: str | None = None


@dataclass(frozen=True, slots=True)
class TokenExchange:
    """`mcp-token-exchange-inbound`: how the gateway gets a credential for one upstream."""

    name: str
    id: UpstreamServerId
    display_name: str
    summary: str = ""
    auth_mode: Literal["user-oauth", "shared-oauth", "id-jag"] = "user-oauth"
    scopes: tuple[str, ...] | None = None
    scope_delimiter: str = " "
    prompt: str | Literal[False] | None = None
    manual_client: ManualClient | None = None
    protected_resource_metadata_url: str | None = None
    id_jag: dict[str, Any] | None = field(default=None, repr=False)
    """As it was written, credentials and all: never shown."""


@dataclass(frozen=True, slots=True)
class CapabilityEntry:
    """One allowed tool, prompt, resource or template, with what is shown instead of the upstream's own words."""

    key: str
    """The upstream's name, URI or URI template."""
    overrides: dict[str, Any] = field(default_factory=dict)
    roles: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    public: bool = False


@dataclass(frozen=True, slots=True)
class CapabilityFilter:
    """`mcp-capability-filter-inbound`: None lets all of a kind pass, an empty tuple none."""

    name: str
    tools: tuple[CapabilityEntry, ...] | None = None
    prompts: tuple[CapabilityEntry, ...] | None = None
    resources: tuple[CapabilityEntry, ...] | None = None
    resource_templates: tuple[CapabilityEntry, ...] | None = None
    access_control: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class HeaderEdits:
    """What `set-headers-inbound`, `set-upstream-api-key-inbound` and `remove-headers-inbound` come to, in order."""

    set: tuple[tuple[str, Secret, bool], ...] = ()
    """Name, value, whether an existing one is overwritten."""
    remove: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CorsPolicy:
    """Which pages of other origins may call a route, and with what."""

    name: str
    origins: tuple[str, ...]
    """In lower case; `*` stands for all of them, and in a host for one label."""
    methods: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    exposed: tuple[str, ...] = ()
    max_age: int | None = None
    """Seconds."""
    allows_credentials: bool = False


@dataclass(frozen=True, slots=True)
class PolicyUse:
    """A policy as it stands in a route's list."""

    name: str
    policy_type: str
    runs_here: bool
    file: str = "config/policies.json"
    line: int = 0


@dataclass(frozen=True, slots=True)
class Route:
    """One MCP route."""

    path: str
    """As in the route file, `/mcp/{slug}`; begins with a slash, ends without."""
    operation_id: OperationId
    summary: str
    upstream_url: str
    methods: tuple[str, ...] = ("POST",)
    forward_search: bool = True
    follow_redirects: bool = False
    mtls_certificate: str | None = None
    policies: tuple[PolicyUse, ...] = ()
    protected: bool = True
    """False only where no MCP OAuth policy is attached, which is a finding."""
    token_exchange: TokenExchange | None = None
    capability_filter: CapabilityFilter | None = None
    header_edits: tuple[HeaderEdits, ...] = ()
    cors: CorsPolicy | None = None
    """None where no page of another origin may call it."""
    file: str = "config/routes.oas.json"
    line: int = 0
    is_given: bool = False
    """Whether the upstream's URL was given on a command line, and no file of the person's has it."""


@dataclass(frozen=True, slots=True)
class OtherRoute:
    """A route of the file that devgw does not serve, and why."""

    path: str
    methods: tuple[str, ...]
    handler: str
    line: int = 0


@dataclass(frozen=True, slots=True)
class Project:
    """Everything the gateway needs from a Zuplo project, valid as a whole."""

    root: Path
    oauth: OAuthPolicy | None
    routes: tuple[Route, ...]
    other_routes: tuple[OtherRoute, ...] = ()
    base_path: str = "/"
    registry: bool = True
    is_sample: bool = False
    """True where no project was found and the built-in one runs."""

    def route_at(self, path: str) -> Route | None:
        """Return the route whose path is `path`, with or without a trailing slash."""
        wanted = path.rstrip("/") or "/"
        return next((route for route in self.routes if route.path == wanted), None)

    def route_called(self, operation_id: OperationId) -> Route | None:
        """Return the route with this operationId."""
        return next((route for route in self.routes if route.operation_id == operation_id), None)


def secrets_in(part: Any) -> list[str]:
    """Return the value of every `Secret` in a part of a project, however deep."""
    if isinstance(part, Secret):
        return [part.value]
    if is_dataclass(part):
        return [each for field_ in fields(part) for each in secrets_in(getattr(part, field_.name))]
    if isinstance(part, dict):
        return [each for value in part.values() for each in secrets_in(value)]
    return [each for value in part for each in secrets_in(value)] if isinstance(part, list | tuple) else []
