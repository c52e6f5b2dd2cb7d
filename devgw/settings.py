"""devgw's own settings, resolved: what `devgw.toml`, `DEVGW_*` variables and flags come to (`gateway.md` §9)."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class ProxySettings:
    """How the MCP proxy behaves beyond what the routes say."""

    stateful: bool = False
    """Also forward GET (SSE), DELETE and `Mcp-Session-Id`; the deployed gateway would not."""
    connect_timeout: float = 10.0
    """Seconds to reach an upstream."""
    response_timeout: float = 120.0
    """Seconds until an upstream must have begun to answer; a stream that has begun may last for ever."""
    request_limit: int = 33_554_432
    """Bytes that the body of one request on an MCP route may have."""


@dataclass(frozen=True, slots=True)
class OAuthSettings:
    """Where devgw's authorization server may differ from the deployed one."""

    refresh_tokens: Literal["rotate", "as-deployed"] = "rotate"
    """`rotate` as OAuth 2.1 §4.3.1 wants it of public clients; `as-deployed` keeps the first one."""


@dataclass(frozen=True, slots=True)
class DeployedSettings:
    """Where devgw does as the deployed gateway is documented to do, each by itself or, with `strict`, all at once."""

    strict: bool = False
    """All of these, and all other settings to what the deployed gateway does (`Settings.__post_init__`)."""
    base_path: bool = False
    """Use the deployed gateway's default base path where the plugin names none."""
    client_documents: bool = False
    """Take a client's metadata document from the net alone: no kept copy, none of this machine."""
    connect_errors: bool = False
    """Tell every client with error -32042 that an upstream must be connected."""
    consent: bool = False
    """Ask the person at every authorization."""
    cors_policies: bool = False
    """Run the CORS policies of the routes."""
    endpoints: bool = False
    """Answer the gateway's endpoints at their own paths alone."""
    host_names: bool = False
    """Bind a token to the very name under which it was asked for."""
    list_streams: bool = False
    """Let list answers in event streams pass as they come."""
    project_files: bool = False
    """Refuse a project that would not be built, or not serve OAuth, when it is deployed."""
    token_resource: bool = False
    """Ask for `resource` at the token endpoint too."""


@dataclass(frozen=True, slots=True)
class TraceSettings:
    """How much of the traffic is kept in memory."""

    kept: int = 10_000
    """Traces, the oldest dropped first."""
    body_limit: int = 65_536
    """Bytes of each body kept with its trace."""


@dataclass(frozen=True, slots=True)
class EmulatorSettings:
    """The embedded counterparts; None for a port means any free one."""

    workos: bool | None = None
    """True, False, or None: start the WorkOS emulator when no real client id is configured."""
    workos_port: int = 9001
    takes_callback: bool = False
    """Whether it takes this gateway's callback even where its own file lacks it: for tests, whose ports are any."""
    upstream: bool = True
    """Start the sample MCP server when a route points at it."""
    upstream_port: int = 9002
    upstream_auth_port: int = 9003


@dataclass(frozen=True, slots=True)
class UpstreamSettings:
    """`[upstreams.<id>]`: what mends one upstream's broken documents locally; the deployed gateway would not."""

    authorization_server_metadata: Mapping[str, Any] = field(default_factory=dict)
    """Members laid over the authorization server's own document, shown as such."""
    protected_resource_metadata: Mapping[str, Any] = field(default_factory=dict)
    """Members laid over the upstream's own document, shown as such."""
    client_metadata_url: str | None = None
    """A public https copy of `/.well-known/oauth-client/{id}`, for upstreams that take client metadata documents."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that is devgw's own, with the defaults of an offline first start."""

    root: Path = field(default_factory=Path)
    """The project directory, which holds `config/`."""
    host: str = "localhost"
    """`localhost` binds both loopback families; anything that is not loopback has to be written out by the user."""
    port: int = 9000
    origin: str | None = None
    """The canonical origin of browser pages; None means `http://localhost:{port}`."""
    base_path: str | None = None
    """None means what the project's plugin says, or `/`."""
    state_dir: Path | None = None
    """None means `.devgw/` in the project directory."""
    ephemeral: bool = False
    workos_base_url: str | None = None
    """None means api.workos.com, or the emulator where that runs."""
    ca_file: Path | None = None
    """PEM file of authorities that are believed on outgoing connections beside the system's."""
    trusted_proxies: tuple[str, ...] = ()
    """Addresses whose `X-Forwarded-*` are believed."""
    allowed_hosts: tuple[str, ...] = ()
    """Host names beyond loopback under which the gateway may be asked; `name:port` allows that port alone."""
    allowed_origins: tuple[str, ...] = ()
    """Origins of pages, beyond loopback and the gateway's own, that may call an MCP route."""
    deployed: DeployedSettings = field(default_factory=DeployedSettings)
    oauth: OAuthSettings = field(default_factory=OAuthSettings)
    proxy: ProxySettings = field(default_factory=ProxySettings)
    traces: TraceSettings = field(default_factory=TraceSettings)
    emulators: EmulatorSettings = field(default_factory=EmulatorSettings)
    upstreams: Mapping[str, UpstreamSettings] = field(default_factory=dict)
    """By the id of the token exchange policy."""
    client_documents: Mapping[str, Path] = field(default_factory=dict)
    """Copies of client metadata documents by their URL, for where the network does not let the live one through."""

    def __post_init__(self) -> None:
        """Let `strict` mean everything that it covers, wherever settings are made."""
        if self.deployed.strict:
            for name, value in self._as_deployed().items():
                object.__setattr__(self, name, value)

    def _as_deployed(self) -> dict[str, Any]:
        return {
            "deployed": DeployedSettings(**{each.name: True for each in fields(DeployedSettings)}),
            "base_path": None,
            "oauth": replace(self.oauth, refresh_tokens="as-deployed"),
            "proxy": replace(self.proxy, stateful=False),
            "upstreams": {},
            "client_documents": {},
        }

    @property
    def canonical_origin(self) -> str:
        """Return the origin on which browser pages live, without a trailing slash."""
        return self.origin or f"http://localhost:{self.port}"

    @property
    def state_path(self) -> Path:
        """Return the directory that keeps the database, the control socket and the key file."""
        return self.state_dir or self.root / ".devgw"
