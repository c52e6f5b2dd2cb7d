"""devgw's own settings, resolved: what `devgw.toml`, `DEVGW_*` variables and flags come to (`gateway.md` §9)."""

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ProxySettings:
    """How the MCP proxy behaves beyond what the routes say."""

    stateful: bool = False
    """Also forward GET (SSE), DELETE and `Mcp-Session-Id`; the deployed gateway would not."""
    connect_timeout: float = 10.0
    """Seconds to reach an upstream."""
    response_timeout: float = 120.0
    """Seconds until an upstream must have begun to answer; a stream that has begun may last for ever."""


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
    upstream: bool = True
    """Start the sample MCP server when a route points at it."""
    upstream_port: int = 9002
    upstream_auth_port: int = 9003


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
    base_path: str = "/"
    state_dir: Path | None = None
    """None means `.devgw/` in the project directory."""
    ephemeral: bool = False
    workos_base_url: str | None = None
    """None means api.workos.com, or the emulator where that runs."""
    trusted_proxies: tuple[str, ...] = ()
    """Addresses whose `X-Forwarded-*` are believed."""
    allowed_hosts: tuple[str, ...] = ()
    """Host names beyond loopback under which the gateway may be asked."""
    proxy: ProxySettings = field(default_factory=ProxySettings)
    traces: TraceSettings = field(default_factory=TraceSettings)
    emulators: EmulatorSettings = field(default_factory=EmulatorSettings)

    @property
    def canonical_origin(self) -> str:
        """Return the origin on which browser pages live, without a trailing slash."""
        return self.origin or f"http://localhost:{self.port}"

    @property
    def state_path(self) -> Path:
        """Return the directory that keeps the database, the control socket and the key file."""
        return self.state_dir or self.root / ".devgw"
