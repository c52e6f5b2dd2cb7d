"""Credentials at upstream MCP servers: begun, held, renewed, lost."""

from dataclasses import dataclass, field
from datetime import datetime

from devgw.events.event import Event


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
    look: "LookAtLogin | None" = field(default=None, repr=False)
    """How the same may be asked without a browser: for those who follow along in this process; no face shows it."""


@dataclass(frozen=True, slots=True)
class LookAtLogin:
    """An authorization request like the browser's, with a state and a verifier that nobody has."""

    url: str
    redirect_uri: str
    local_allowed: bool
    """Whether the upstream is local itself, so that plain http may be asked."""
    near_name: str = ""
    """Its host, where that is local by what its name led to: it is asked nowhere else then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class McpAuthUpstreamLoginProbed(Event):
    """While a person was at an upstream's login, it was asked without a browser what it makes of the request."""

    authorization_server: str


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
    """An upstream credential is of no more use; `problem` says why; None where somebody wished it."""

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
