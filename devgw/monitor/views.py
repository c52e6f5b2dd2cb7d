"""What stands beside the rows: the configuration, health, the gateway itself."""

from dataclasses import dataclass, field
from typing import Any, ClassVar

from devgw.monitor.row import Row


@dataclass(slots=True)
class GatewayFacts(Row):
    """Which gateway this is."""

    version: str
    origin: str
    pid: int
    started: float
    provider: str = ""
    """`workos`, `workos-emulator`, `oidc`, `dev-login`, …"""
    mcp_urls: list[str] = field(default_factory=list)
    root: str = ""
    """The project directory."""
    state_dir: str = ""
    is_sample: bool = False
    notes: list[str] = field(default_factory=list)
    emulator_origin: str = ""
    """Where the WorkOS emulator answers; empty where it does not run."""
    watched_url: str = ""
    """Of somebody's server that is only watched; empty for a gateway."""


@dataclass(slots=True)
class FindingRow(Row):
    """A problem in a configuration file."""

    severity: str
    """`error` or `warning`."""
    file: str
    message: str
    line: int = 0
    column: int = 0
    pointer: str = ""
    hint: str = ""
    excerpt: list[str] = field(default_factory=list)
    """The lines around it, beginning with number `excerpt_from`."""
    excerpt_from: int = 0


@dataclass(slots=True)
class RouteRow(Row):
    """An MCP route, or one that is not served here."""

    operation_id: str
    path: str
    url: str = ""
    """Where a client connects."""
    upstream_url: str = ""
    summary: str = ""
    is_protected: bool = False
    policies: list[str] = field(default_factory=list)
    not_run_here: list[str] = field(default_factory=list)
    """Names of attached policies that devgw does not run."""
    file: str = ""
    line: int = 0


@dataclass(slots=True)
class EnvRow(Row):
    """One `$env(NAME)` of the configuration."""

    name: str
    came_from: str
    """`environment`, `.env`, or `missing`."""
    masked: str = ""
    used_at: list[str] = field(default_factory=list)
    """`config/policies.json:14`."""


@dataclass(slots=True)
class FileRow(Row):
    """A configuration file that was read."""

    path: str
    state: str
    """`loaded`, `rejected`, `missing`; `waiting` where the file itself is right and another one is not."""
    digest: str = ""
    loaded: float = 0.0


@dataclass(slots=True)
class ConfigView(Row):
    """What is loaded, from where, and what is wrong with what was saved last."""

    NESTED: ClassVar[dict[str, type[Row]]] = {
        "findings": FindingRow,
        "routes": RouteRow,
        "env": EnvRow,
        "files": FileRow,
    }

    generation: int = 0
    loaded: float = 0.0
    saved: float = 0.0
    """When the files last changed; later than `loaded` where they were rejected."""
    is_rejected: bool = False
    """True while the saved files have errors and the last good generation stays."""
    is_watching: bool = False
    is_sample: bool = False
    """True while the built-in sample runs, because there is no project."""
    provider: str = ""
    notes: list[str] = field(default_factory=list)
    """What a person should know of how this gateway runs: its emulators."""
    policy: str = ""
    files: list[FileRow] = field(default_factory=list)
    findings: list[FindingRow] = field(default_factory=list)
    routes: list[RouteRow] = field(default_factory=list)
    env: list[EnvRow] = field(default_factory=list)
    changes: list[str] = field(default_factory=list)
    effective: dict[str, Any] = field(default_factory=dict)
    """The resolved policy and settings, secrets masked."""
    seq: int = 0


OWN_CLOCK = "devgw's clock"
"""The check that says that it is another time here than the machine's."""
UPSTREAM = "upstream."
PROBED = ("provider.", UPSTREAM)
"""How the names of checks begin of what the doctor's probes looked after: others, on whom the gateway depends."""
REQUEST = "request"
"""The first word in the name of a check that is a request which takes long; its trace's id is the second."""


@dataclass(slots=True)
class StateChange(Row):
    """A state that a check had, and what was said of it then."""

    at: float = 0.0
    """Since when it was so."""
    until: float = 0.0
    state: str = ""
    text: str = ""


@dataclass(slots=True)
class CheckRow(Row):
    """One thing that is looked after."""

    NESTED: ClassVar[dict[str, type[Row]]] = {"history": StateChange}

    name: str
    """`gateway`, `identity provider`, `jwks`, `discovery`, `clock`, `upstream calc`, …"""
    state: str
    """`ok`, `warning`, `bad`, `unknown`."""
    text: str = ""
    ms: float = 0.0
    at: float = 0.0
    changed: float = 0.0
    fix: str = ""
    """What mends it, where that is known."""
    history: list[StateChange] = field(default_factory=list)
    """How it was before, the newest first; a few."""
    is_inside: bool = False
    """Whether it is a part of devgw itself, which nobody asks after while it is well."""


@dataclass(slots=True)
class KeyChange(Row):
    """Another set of signing keys than the one before, as it was noticed."""

    at: float = 0.0
    gone: list[str] = field(default_factory=list)
    came: list[str] = field(default_factory=list)
    wanted: str = ""
    """The key that a token named, for which was asked; empty where the keys were only too old."""


@dataclass(slots=True)
class HealthView(Row):
    """How the gateway and those on whom it depends are doing."""

    NESTED: ClassVar[dict[str, type[Row]]] = {"checks": CheckRow, "jwks_changes": KeyChange}

    checks: list[CheckRow] = field(default_factory=list)
    rate: float = 0.0
    """Requests in the last full second."""
    rates: list[int] = field(default_factory=list)
    """Requests in each of the last 60 seconds, oldest first."""
    p95_ms: float = 0.0
    requests: int = 0
    traces_kept: int = 0
    traces_dropped: int = 0
    jwks_url: str = ""
    jwks_key_ids: list[str] = field(default_factory=list)
    jwks_fetched: float = 0.0
    jwks_changes: list[KeyChange] = field(default_factory=list)
    """The last ones, the newest first."""
    skew_seconds: float = 0.0
    skew_measured: float = 0.0
    clock_ahead: float = 0.0
    """Seconds by which the gateway's clock was moved forwards."""
    clock_frozen: float = 0.0
    """The moment at which it stands still; 0 while it goes."""
    faults: int = 0
    observer_faults: int = 0
    """Faults of those who watch; no request was touched by them."""
    seq: int = 0
