"""From settings to a runtime: sockets, configuration, state, first generation. Nothing is served yet."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import cast

from devgw.clock import Clock, SystemClock
from devgw.config.finding import Finding
from devgw.config.load import Loaded, load
from devgw.diagnosis.diagnose import RuleDiagnoser
from devgw.events import Bus, Published
from devgw.gateway.gateway import Ground
from devgw.gateway.live_tokens import LiveTokens
from devgw.gateway.revocation import Revocation
from devgw.gateway.transport import TransportSettings
from devgw.monitor.monitor import Monitor
from devgw.outbound.client_documents import HttpClientDocuments
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
from devgw.web.listening import listen
from devgw.web.recorder import App
from devgw.web.serving import Serving
from devgw.wiring.companions import Place, emulated_environ, start_companions
from devgw.wiring.generation import next_generation
from devgw.wiring.runtime import Runtime


class CannotStart(Exception):  # noqa: N818  it reads as what happened
    """The configuration has errors; the findings say which."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        super().__init__(f"{len(findings)} finding(s)")
        self.findings = findings


def build(
    settings: Settings,
    environ: Mapping[str, str],
    *,
    clock: Clock | None = None,
    hear: Callable[[Published], None] | None = None,
) -> Runtime:
    """Return a runtime whose sockets are bound and whose configuration is loaded.

    Args:
        settings: devgw's own settings.
        environ: the process environment, for `$env(...)`.
        clock: another one than the machine's.
        hear: is told every event, from the very first.

    Raises:
        PortTaken: where another process has the gateway's port.
        CannotStart: where the configuration has errors.
        StateUnusable: where the state directory cannot be used.
    """
    clock = clock or SystemClock()
    listeners = listen(settings.host, settings.port)
    settings = replace(settings, port=listeners.port)
    bus = Bus(clock)
    diagnoser = RuleDiagnoser()
    bus.listen(diagnoser.hear)
    monitor = Monitor(clock, settings, bus)
    monitor.take_diagnoser(diagnoser)
    if hear:
        bus.listen(hear)
    workos = Place.reserve(settings.emulators.workos_port)
    loaded = read(settings, environ, clock, workos)
    if loaded.project is None:
        listeners.close()
        workos.listeners.close()
        raise CannotStart(loaded.findings)
    companions = start_companions(loaded, loaded.project, settings, clock, workos)
    project = companions.lead(loaded.project)
    database, ground, upstreams = _state(settings, bus, clock, project.base_path)
    monitor.seed(ground.store)
    gateway = next_generation(project, ground, upstreams, 1)
    served = Serving(gateway)
    client = ProxyClient(clock, TransportSettings(settings.proxy.connect_timeout, settings.proxy.response_timeout))
    pages = create_app(served, [connect.blueprint(upstreams.oauth), registry.blueprint()])
    front = Front(settings=settings, clock=clock, bus=bus, pages=cast("App", pages), client=client)
    front.serve(gateway)
    monitor.take_routes(project.routes)
    return Runtime(
        settings=settings,
        environ=environ,
        clock=clock,
        bus=bus,
        monitor=monitor,
        diagnoser=diagnoser,
        database=database,
        ground=ground,
        upstreams=upstreams,
        companions=companions,
        loaded=loaded,
        served=served,
        front=front,
        client=client,
        listeners=listeners,
    )


def read(settings: Settings, environ: Mapping[str, str], clock: Clock, workos: Place) -> Loaded:
    """Return what the configuration says at this moment."""
    return load(
        settings.root,
        environ,
        settings,
        fallback_environ=emulated_environ(),
        workos_origin=workos.origin,
        read_at=clock.now(),
    )


def _state(settings: Settings, bus: Bus, clock: Clock, base_path: str) -> tuple[Database, Ground, UpstreamSide]:
    """Return what outlives every generation."""
    folder = _state_folder(settings)
    database = Database(folder / "devgw.db" if folder else None, MIGRATIONS)
    store = RecordStore(database)
    live = LiveTokens(store, clock)
    revocation = Revocation(store, live, bus, clock)
    ground = Ground(settings, store, live, bus, clock, HttpClientDocuments(clock), revocation)
    sealer = Sealer(load_key(folder / "upstream.key" if folder else None))
    connections = SealedConnections(database, sealer)
    return database, ground, build_upstream_side(settings, connections, sealer, clock, bus, base_path=base_path)


def _state_folder(settings: Settings) -> Path | None:
    """Return a state directory that nobody commits; None where state lives in memory."""
    if settings.ephemeral:
        return None
    settings.state_path.mkdir(mode=0o700, parents=True, exist_ok=True)
    ignore = settings.state_path / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n", encoding="utf-8")
    return settings.state_path
