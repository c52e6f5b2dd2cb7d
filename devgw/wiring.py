"""The only file that constructs: what the gateway is made of, and the order in which it starts and stops."""

import asyncio
import gc
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

from devgw.clock import Clock, SystemClock
from devgw.config.finding import Finding
from devgw.config.load import Loaded, load
from devgw.config.project import Project
from devgw.config.sample import sample_root
from devgw.diagnosis import RuleDiagnoser
from devgw.events import Bus
from devgw.events.taxonomy import ConfigLoaded, ConfigRejected, GatewayStarted, GatewayStopping, Outcome
from devgw.gateway.gateway import Gateway, Ground
from devgw.gateway.live_tokens import LiveTokens
from devgw.gateway.login import IdentityProvider
from devgw.gateway.revocation import Revocation
from devgw.gateway.transport import TransportSettings
from devgw.monitor.monitor import Monitor
from devgw.outbound.client_documents import HttpClientDocuments
from devgw.outbound.keys import SigningKeys
from devgw.outbound.provider import HttpIdentityProvider
from devgw.outbound.proxy import ProxyClient
from devgw.outbound.upstream_oauth.building import UpstreamSide, build_upstream_side
from devgw.settings import Settings
from devgw.store.connections import SealedConnections
from devgw.store.database import Database
from devgw.store.migrations import MIGRATIONS
from devgw.store.records import RecordStore
from devgw.store.sealing import Sealer, load_key
from devgw.web import connect, registry
from devgw.web.app import create_app
from devgw.web.front import Front
from devgw.web.listening import Listeners, PortTaken, listen, serve
from devgw.web.recorder import App
from devgw.web.serving import Serving

GC_THRESHOLDS = (20_000, 20, 50)
"""Each request leaves a trace that is kept: with Python's own thresholds, a tenth of the time goes into looking at
them again and again."""
HOUSEKEEPING = timedelta(seconds=5)
"""How often uses are written down, expired records pruned, and absences looked at."""


class CannotStart(Exception):  # noqa: N818  it reads as what happened
    """The configuration has errors; the findings say which."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        super().__init__(f"{len(findings)} finding(s)")
        self.findings = findings


@dataclass
class Runtime:
    """A gateway that is ready to be served, and everything that stands behind it."""

    settings: Settings
    clock: Clock
    bus: Bus
    monitor: Monitor
    ground: Ground
    served: Serving
    front: Front
    database: Database
    loaded: Loaded
    listeners: Listeners
    companions: list[tuple[Any, Listeners]] = field(default_factory=list)
    """Emulators with their sockets."""
    notes: list[str] = field(default_factory=list)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    client: ProxyClient | None = None
    environ: Mapping[str, str] = field(default_factory=dict)
    emulator: Any = None
    upstreams: UpstreamSide | None = None
    """The OAuth client towards upstreams; it outlives every generation."""


def _state(settings: Settings) -> Path | None:
    """Return the database's path in a state directory that nobody commits; None where state lives in memory."""
    if settings.ephemeral:
        return None
    settings.state_path.mkdir(mode=0o700, parents=True, exist_ok=True)
    ignore = settings.state_path / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n")
    return settings.state_path / "devgw.db"


def build(
    settings: Settings,
    environ: Mapping[str, str],
    *,
    clock: Clock | None = None,
    hear: Callable[[Any], None] | None = None,
) -> Runtime:
    """Return a runtime whose sockets are bound and whose configuration is loaded; nothing is served yet.

    Args:
        settings: devgw's own settings.
        environ: the process environment, for `$env(...)`.
        clock: another one than the machine's.
        hear: is told every event from the very first.

    Raises:
        PortTaken: where another process has the gateway's port.
        CannotStart: where the configuration has errors.
        StateUnusable: where the state directory cannot be used.
    """
    clock = clock or SystemClock()
    listeners = listen(settings.host, settings.port)
    settings = replace(settings, port=listeners.port)
    bus = Bus(clock)
    if hear:
        bus.listen(hear)
    workos = _Companion.reserve(settings.emulators.workos_port)
    loaded = load(
        settings.root,
        environ,
        settings,
        fallback_environ=_emulated_environ(),
        workos_origin=workos.origin,
        read_at=clock.now(),
    )
    if loaded.project is None:
        listeners.close()
        workos.listeners.close()
        raise CannotStart(loaded.findings)
    database = Database(_state(settings), MIGRATIONS)
    store = RecordStore(database)
    live = LiveTokens(store, clock)
    diagnoser = RuleDiagnoser()
    bus.listen(diagnoser.hear)
    monitor = Monitor(clock, settings, bus)
    monitor.take_diagnoser(diagnoser)
    monitor.seed(store)
    ground = Ground(settings, store, live, bus, clock, HttpClientDocuments(clock), Revocation(store, live, bus, clock))
    runtime_notes: list[str] = []
    project, companions, emulator = _companions(loaded, loaded.project, settings, clock, workos, runtime_notes)
    upstreams = _upstreams(settings, project, database, clock, bus)
    gateway = _gateway(project, ground, upstreams, generation=1)
    served = Serving(gateway)
    pages = create_app(served, [connect.blueprint(upstreams.oauth), registry.blueprint()])
    client = ProxyClient(clock, _transport(settings))
    front = Front(settings=settings, clock=clock, bus=bus, pages=cast("App", pages), client=client)
    front.serve(gateway)
    monitor.take_routes(project.routes)
    return Runtime(
        settings,
        clock,
        bus,
        monitor,
        ground,
        served,
        front,
        database,
        loaded,
        listeners,
        companions,
        runtime_notes,
        client=client,
        environ=environ,
        emulator=emulator,
        upstreams=upstreams,
    )


@dataclass
class _Companion:
    """A loopback port that is kept for an emulator."""

    listeners: Listeners
    wanted: int

    @classmethod
    def reserve(cls, port: int) -> "_Companion":
        """Return the wanted port, or any free one where somebody else has it."""
        try:
            return cls(listen("localhost", port), port)
        except PortTaken:
            return cls(listen("localhost", 0), port)

    @property
    def origin(self) -> str:
        """Return where it answers."""
        return f"http://localhost:{self.listeners.port}"


def _emulated_environ() -> dict[str, str]:
    """Return the names that the WorkOS emulator's first environment stands for."""
    from devgw.emulators.workos import read_seed  # noqa: PLC0415  only where the emulator may be wanted

    first = read_seed(sample_root() / "emulators" / "workos.json").environments[0]
    return {"WORKOS_CLIENT_ID": first.client_id, "WORKOS_CLIENT_SECRET": first.api_key}


def _companions(
    loaded: Loaded, project: Project, settings: Settings, clock: Clock, workos: _Companion, notes: list[str]
) -> tuple[Project, list[tuple[Any, Listeners]], Any]:
    """Return the project as it runs here, the emulators that it needs, and the WorkOS emulator where it is one."""
    companions: list[tuple[Any, Listeners]] = []
    emulator = None
    if loaded.wants_emulator:
        from devgw.emulators import workos as workos_emulator  # noqa: PLC0415  only where it runs

        seed_file = loaded.read_from / "emulators" / "workos.json"
        seed = workos_emulator.read_seed(
            seed_file if seed_file.exists() else sample_root() / "emulators" / "workos.json"
        )
        callback = f"{settings.canonical_origin}{project.base_path.rstrip('/')}/oauth/callback"
        emulator = workos_emulator.Emulator(seed, workos.origin, clock=clock, redirect_uris=[callback])
        companions.append((workos_emulator.create_app(emulator), workos.listeners))
        notes.append(f"WorkOS is emulated at {workos.origin}; nothing leaves this machine.")
    else:
        workos.listeners.close()
    if settings.emulators.upstream and _points_at(project, settings.emulators.upstream_port):
        from devgw.emulators.upstream import create_app as create_upstream  # noqa: PLC0415  only where it runs

        place = _Companion.reserve(settings.emulators.upstream_port)
        project = _moved(project, settings.emulators.upstream_port, place.listeners.port)
        companions.append((create_upstream(clock), place.listeners))
        notes.append(f"A sample MCP server runs at {place.origin}/mcp.")
    if settings.emulators.upstream and _points_at(project, settings.emulators.upstream_auth_port):
        from devgw.emulators.upstream_auth import create_app as create_guarded  # noqa: PLC0415  only where it runs

        place = _Companion.reserve(settings.emulators.upstream_auth_port)
        project = _moved(project, settings.emulators.upstream_auth_port, place.listeners.port)
        companions.append((create_guarded(clock, place.origin), place.listeners))
        notes.append(f"A sample MCP server that wants a token of its own runs at {place.origin}/mcp.")
    return project, companions, emulator


def _points_at(project: Project, port: int) -> bool:
    return any(_is_local(route.upstream_url, port) for route in project.routes)


def _is_local(url: str, port: int) -> bool:
    return url.startswith((f"http://localhost:{port}/", f"http://127.0.0.1:{port}/"))


def _moved(project: Project, wanted: int, actual: int) -> Project:
    """Return `project` with routes to the sample server led to the port that it really has."""
    if wanted == actual:
        return project
    routes = tuple(
        replace(route, upstream_url=route.upstream_url.replace(f":{wanted}/", f":{actual}/"))
        if _is_local(route.upstream_url, wanted)
        else route
        for route in project.routes
    )
    return replace(project, routes=routes)


def _upstreams(settings: Settings, project: Project, database: Database, clock: Clock, bus: Bus) -> UpstreamSide:
    """Return the OAuth client towards upstreams, its secrets sealed under the state directory's key."""
    sealer = Sealer(load_key(None if settings.ephemeral else settings.state_path / "connections.key"))
    store = SealedConnections(database, sealer)
    return build_upstream_side(settings, store, sealer, clock, bus, base_path=project.base_path)


def _gateway(project: Project, ground: Ground, upstreams: UpstreamSide, *, generation: int) -> Gateway:
    """Return one generation over `ground`."""
    return Gateway(
        project,
        ground,
        _provider(project, ground),
        generation=generation,
        credentials=upstreams.oauth,
        connections=upstreams.oauth,
    )


def _side(runtime: Runtime) -> UpstreamSide:
    assert runtime.upstreams is not None  # `build` always makes one
    return runtime.upstreams


def _provider(project: Project, ground: Ground) -> IdentityProvider | None:
    policy = project.oauth
    if policy is None or policy.oidc is None:
        return None
    keys = SigningKeys(policy.oidc.jwks_url, policy.login.remote_timeout, ground.bus, ground.clock)
    return HttpIdentityProvider(policy, keys, ground.bus, ground.clock)


def _transport(settings: Settings) -> TransportSettings:
    return TransportSettings(settings.proxy.connect_timeout, settings.proxy.response_timeout)


async def run(runtime: Runtime, *, ready: Callable[[], None] = lambda: None) -> None:
    """Serve until `runtime.stopping` is set, then stop everything in order."""
    async with asyncio.TaskGroup() as tasks:
        for app, listeners in runtime.companions:
            tasks.create_task(serve(app, listeners, runtime.stopping))
        tasks.create_task(serve(runtime.front, runtime.listeners, runtime.stopping))
        tasks.create_task(_keep_house(runtime))
        _announce(runtime)
        gc.collect()
        gc.freeze()
        gc.set_threshold(*GC_THRESHOLDS)
        gc.enable()
        ready()
        await runtime.stopping.wait()
        runtime.bus.publish(GatewayStopping(cause="asked to"))
        for app, _ in runtime.companions:
            if close := getattr(app, "close", None):
                close()
    runtime.ground.live.write_down_uses()
    if runtime.client:
        runtime.client.close()
    await _side(runtime).close()
    runtime.database.close()


def _announce(runtime: Runtime) -> None:
    gateway = runtime.served.gateway
    warnings = sum(finding.severity != "error" for finding in runtime.loaded.findings)
    runtime.bus.publish(
        ConfigLoaded(generation=gateway.generation, routes=len(gateway.project.routes), warnings=warnings)
    )
    provider = "workos-emulator" if runtime.loaded.wants_emulator else gateway.policy.provider
    urls = gateway.urls(runtime.settings.canonical_origin)
    runtime.bus.publish(
        GatewayStarted(
            origin=runtime.settings.canonical_origin,
            provider=provider,
            mcp_urls=tuple(urls.resource(route) for route in gateway.project.routes),
            notes=tuple(runtime.notes),
        )
    )


async def _keep_house(runtime: Runtime) -> None:
    """Write down uses, prune, and let the monitor look for what failed to come."""
    while not runtime.stopping.is_set():
        try:
            await asyncio.wait_for(runtime.stopping.wait(), HOUSEKEEPING.total_seconds())
        except TimeoutError:
            runtime.ground.live.write_down_uses()
            runtime.ground.store.prune(runtime.clock.now())


def reload(runtime: Runtime) -> bool:
    """Read the configuration again; let it take effect between two requests, or keep the last good one."""
    now = runtime.served.gateway
    loaded = load(
        runtime.settings.root,
        runtime.environ,
        runtime.settings,
        fallback_environ=_emulated_environ(),
        workos_origin=runtime.emulator.origin if runtime.emulator else None,
        read_at=runtime.clock.now(),
    )
    if loaded.project is None:
        found = tuple(str(finding) for finding in loaded.findings if finding.severity == "error")
        runtime.bus.publish(ConfigRejected(generation=now.generation, findings=found, outcome=Outcome.FAILURE))
        return False
    gateway = _gateway(loaded.project, runtime.ground, _side(runtime), generation=now.generation + 1)
    runtime.loaded = loaded
    runtime.served.gateway = gateway
    runtime.front.serve(gateway)
    runtime.monitor.take_routes(loaded.project.routes)
    runtime.bus.publish(ConfigLoaded(generation=gateway.generation, routes=len(gateway.project.routes)))
    return True
