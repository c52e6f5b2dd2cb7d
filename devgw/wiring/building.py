"""From settings to a runtime: sockets, configuration, state, first generation. Nothing is served yet."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import cast

from devgw.clock import Clock, SystemClock
from devgw.config.finding import Finding
from devgw.control.folder import DATABASE, KEY, control_folder, of_project, why_without
from devgw.control.lock import ProjectLock
from devgw.diagnosis.diagnose import RuleDiagnoser
from devgw.events import Bus, Published
from devgw.gateway.completion import Completion
from devgw.gateway.gateway import Ground
from devgw.gateway.live_tokens import LiveTokens
from devgw.gateway.revocation import Revocation
from devgw.gateway.transport import TransportSettings
from devgw.monitor.configured_secrets import ConfiguredSecrets
from devgw.monitor.monitor import Monitor
from devgw.oauth.urls import CanonicalUrls, Urls
from devgw.outbound.client_documents import LOCAL_DOCUMENTS, HttpClientDocuments
from devgw.outbound.issuer_keys import IssuerKeys
from devgw.outbound.kept_documents import KEPT_DOCUMENTS, KeptDocuments
from devgw.outbound.proxy import ProxyClient
from devgw.outbound.upstream_oauth.building import UpstreamSide, build_upstream_side
from devgw.problems import Refused
from devgw.settings import Settings
from devgw.store.assertions import AssertionRecords
from devgw.store.connections import SealedConnections
from devgw.store.database import Database
from devgw.store.migrations import MIGRATIONS
from devgw.store.records import RecordStore
from devgw.store.sealing import Sealer, keep_key, load_key
from devgw.web import connect, registry
from devgw.web.app import create_app
from devgw.web.front import Front
from devgw.web.listening import Listeners, listen
from devgw.web.recorder import App
from devgw.web.serving import Serving
from devgw.wiring.companions import Companions
from devgw.wiring.flow_archive import archive_of
from devgw.wiring.generation import next_generation
from devgw.wiring.log import log_writer
from devgw.wiring.reading import read_project
from devgw.wiring.runtime import Runtime
from devgw.wiring.supervisor import Supervisor


class CannotStart(Exception):  # noqa: N818  it reads as what happened
    """The configuration has errors; the findings say which."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        super().__init__(f"{len(findings)} finding(s)")
        self.findings = findings


class CannotListen(Exception):  # noqa: N818  it reads as what happened
    """The system has something against the address."""

    def __init__(self, error: OSError) -> None:
        super().__init__(error.strerror or str(error))
        self.error = error


def build(
    settings: Settings,
    environ: Mapping[str, str],
    *,
    clock: Clock | None = None,
    hear: Callable[[Published], None] | None = None,
    secrets: ConfiguredSecrets | None = None,
) -> Runtime:
    """Return a runtime whose sockets are bound and whose configuration is loaded.

    Args:
        settings: devgw's own settings.
        environ: the process environment, for `$env(...)`.
        clock: another one than the machine's.
        hear: is told every event, from the very first.
        secrets: is told what the project configures and nobody may see.

    Raises:
        PortTaken: where another process has the gateway's port.
        CannotListen: where the address is not this machine's, or not for this user.
        CannotStart: where the configuration has errors.
        StateUnusable: where the state cannot be read.
        Refused: with a problem of `problems.control`, where another gateway runs in this project.
    """
    clock = clock or SystemClock()
    bus = Bus(clock)
    with ExitStack() as undo:  # whoever fails on the way leaves no port and no lock behind
        lock, unlocked = _take_project(settings, undo)
        listeners = _listen(settings)
        undo.callback(listeners.close)
        settings = replace(settings, port=listeners.port)
        bus.guard.write = log_writer(None if settings.ephemeral else settings.state_path)
        diagnoser = RuleDiagnoser(bus, clock)
        monitor = Monitor(clock, settings, bus)
        monitor.take_diagnoser(diagnoser)
        monitor.secrets = secrets or monitor.secrets
        if hear:
            bus.listen(hear, "printer")
        companions = Companions(settings, clock)
        undo.callback(companions.workos.release)
        loaded = read_project(settings, environ, companions.workos.origin, read_at=clock.now())
        monitor.secrets.keep(loaded.secrets(), loaded.upstream_urls())
        if loaded.project is None:
            raise CannotStart(loaded.findings)
        plan = companions.plan(loaded, loaded.project)
        canonical = CanonicalUrls(Urls(settings.canonical_origin, loaded.project.base_path))
        lost = _lost_state(settings)
        database, ground, upstreams = _state(settings, bus, clock, canonical, lock)
        undo.pop_all()
    companions.place(plan)
    project = companions.lead(loaded.project)
    monitor.seed(ground.store)
    gateway = next_generation(project, ground, upstreams, 1)
    hide = monitor.secrets.hide
    served = Serving(gateway, hide)
    patience = settings.proxy.connect_timeout, settings.proxy.response_timeout
    client = ProxyClient(clock, TransportSettings(*patience, are_proxy_settings=True))
    pages = create_app(served, [connect.blueprint(upstreams.oauth), registry.blueprint()])
    front = Front(settings=settings, clock=clock, bus=bus, pages=cast("App", pages), client=client, hide=hide)
    front.serve(gateway)
    ground.revocation.on_end(front.open_answers.end)
    upstreams.oauth.on_forgotten(front.open_answers.end_connection)
    monitor.take_routes(project.routes)
    started = clock.now()
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
        lock=lock,
        started=started,
        archive=archive_of(monitor, settings, clock, started),
        supervisor=Supervisor(bus, clock, monitor.health),
        canonical=canonical,
        unlocked=unlocked,
        lost=lost,
    )


def _listen(settings: Settings) -> Listeners:
    try:
        return listen(settings.host, settings.port)
    except OSError as error:
        raise CannotListen(error) from error


def _take_project(settings: Settings, undo: ExitStack) -> tuple[ProjectLock | None, str]:
    """Take the project, so that no two gateways share it; where no state is kept, one that cannot be taken is none.

    Returns:
        The lock, or None and why there is none.
    """
    if settings.ephemeral and not settings.root.is_dir():
        return None, f"There is no folder {settings.root}."
    lock = ProjectLock(control_folder(settings))
    try:
        lock.acquire()
    except Refused as refused:
        problem = of_project(refused.problem, settings)
        if why := why_without(problem, settings):
            return None, why
        raise Refused(problem) from refused
    undo.callback(lock.release)
    return lock, ""


def _state(
    settings: Settings, bus: Bus, clock: Clock, urls: CanonicalUrls, lock: ProjectLock | None
) -> tuple[Database, Ground, UpstreamSide]:
    """Return what outlives every generation."""
    folder = _state_folder(settings)
    key = load_key(folder / KEY, is_used=_has_records(folder / DATABASE)) if folder else load_key(None)

    def keep() -> None:
        if lock is not None:
            lock.keep()
        if folder is not None:
            keep_key(folder / KEY, key)

    database = Database(folder / DATABASE if folder else None, MIGRATIONS, keep)
    store = RecordStore(database)
    live = LiveTokens(store, clock)
    revocation = Revocation(store, live, bus, clock)
    spent = AssertionRecords(database)
    kept = KeptDocuments(settings.client_documents, are_used=KEPT_DOCUMENTS.is_made(settings))
    documents = HttpClientDocuments(clock, kept, may_be_local=LOCAL_DOCUMENTS.is_made(settings))
    keys = IssuerKeys(bus, clock)
    ground = Ground(settings, store, live, bus, clock, documents, revocation, spent, keys, Completion())
    sealer = Sealer(key)
    connections = SealedConnections(database, sealer)
    upstreams = build_upstream_side(settings, connections, sealer, clock, bus, urls=urls, completion=ground.completion)
    return database, ground, upstreams


def _has_records(database: Path) -> bool:
    """Tell whether anything may be kept there."""
    try:
        return database.stat().st_size > 0
    except FileNotFoundError:
        return False


def _lost_state(settings: Settings) -> str:
    """Return what is to be said where an earlier start left a database, and it holds nothing; else nothing."""
    database = settings.state_path / DATABASE
    was_there = not settings.ephemeral and (settings.state_path / KEY).exists() and database.is_file()
    if not was_there or _has_records(database):
        return ""
    return f"{database} was empty: nobody who signed in before is known any more, and clients register anew."


def _state_folder(settings: Settings) -> Path | None:
    """Return the state directory, made by whoever took the project; None where state lives in memory."""
    if settings.ephemeral:
        return None
    return settings.state_path
