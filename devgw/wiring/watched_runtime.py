"""What stands between a client and somebody's server, built and served: the same bus, monitor and control socket."""

import asyncio
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from devgw import __version__
from devgw.clock import Clock
from devgw.control.actions import NoActions
from devgw.control.folder import LOCK, WATCHED, control_folder
from devgw.control.lock import ProjectLock
from devgw.control.server import ControlServer
from devgw.diagnosis.diagnose import RuleDiagnoser
from devgw.diagnosis.rule import GatewayRule
from devgw.diagnosis.rules.watched import RULES
from devgw.events import Bus, Published
from devgw.events.taxonomy import GatewayStarted, GatewayStopping
from devgw.foreign.urls import read_url
from devgw.gateway.watched.authorizations import WatchedAuthorizations
from devgw.gateway.watched.clients import WatchedClients
from devgw.gateway.watched.legs import Legs
from devgw.gateway.watched.notes import NOTES
from devgw.gateway.watched.origins import OriginMap
from devgw.gateway.watched.tokens import WatchedTokens
from devgw.limits import Limits
from devgw.monitor.monitor import Monitor
from devgw.monitor.views import GatewayFacts
from devgw.monitor.watching import Watching
from devgw.outbound.guard import check_url
from devgw.outbound.probes.http2 import speaks_http2
from devgw.outbound.proxy import ProxyClient
from devgw.platforms.here import here
from devgw.platforms.signals import hear_going_on
from devgw.settings import Settings
from devgw.store.watched import WatchedFile, WatchedRecord
from devgw.web.recorder import CURRENT_TRACE
from devgw.web.watched.port import WatchedPort
from devgw.web.watched.watched import Watched
from devgw.wiring.log import log_writer
from devgw.wiring.loop_faults import heard
from devgw.wiring.seat_notes import seat_notes
from devgw.wiring.stopping import HELPERS_SECONDS, LISTENERS_SECONDS, end, until_stopped
from devgw.wiring.supervisor import Begin, Supervisor
from devgw.wiring.watched_ports import Serve, WatchedPorts

PROVIDER = "the watched server"
_LOCAL = "127.0.0.1"
_LOST = (
    "What was remembered of this server is lost: {}. Give clients the URL as it is now, and let one that is said to be "
    "unknown sign in anew."
)


class Ports(Protocol):
    """Where clients come in."""

    async def begin(self, serve_one: Serve) -> None:
        """Serve until told to stop; what is a helper beside it by `serve_one(name, begin)`."""


@dataclass
class WatchedRuntime:
    """A watched server that is ready to be served, and everything that stands behind it."""

    settings: Settings
    clock: Clock
    bus: Bus
    monitor: Monitor
    watched: Watched
    ports: Ports
    client: ProxyClient
    lock: ProjectLock
    supervisor: Supervisor
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    lost: str = ""
    """Why nothing is known of this server's clients from before, as the end of a sentence; empty where it is."""

    @property
    def local_url(self) -> str:
        """Return the URL that a client is given."""
        return self.watched.origins.to_local(self.watched.origins.url)

    @property
    def origin(self) -> str:
        """Return where devgw itself answers."""
        return read_url(self.local_url).origin

    @property
    def mcp_urls(self) -> tuple[str, ...]:
        """Return what a person gives a client."""
        return (self.local_url,)

    @property
    def notes(self) -> tuple[str, ...]:
        """Return what a person is told at the start."""
        lost = [_LOST.format(self.lost)] if self.lost else []
        return (*lost, *self.lock.opened, *NOTES, *seat_notes(os.environ, self.watched.origins.ports.values()))


def build_watched(
    url: str, settings: Settings, clock: Clock, *, is_local: bool, hear: Callable[[Published], None] | None = None
) -> WatchedRuntime:
    """Return a runtime whose first port is bound: that of `settings`, or any free one.

    Args:
        url: of the MCP server, absolute.
        settings: with the state folder.
        clock: the time.
        is_local: whether the server lies on this machine or network: only then its documents may lead there.
        hear: is told every event.

    Raises:
        Refused: with a problem of `problems.control`, where this server is watched already.
        OSError: where no port can be had, or the file of clients cannot be read.
    """
    bus, stopping, folder = Bus(clock), asyncio.Event(), control_folder(settings)
    lock = ProjectLock(folder)
    lock.acquire()
    ports = WatchedPorts(stopping)
    try:
        file = WatchedFile(folder / WATCHED)
        kept = file.read()
        watched, client = _watched(url, settings, clock, bus, ports, (file, kept), is_local=is_local)
    except BaseException:
        ports.close()
        lock.release()
        raise
    monitor, supervisor = watchers(watched, folder, hear)
    return WatchedRuntime(settings, clock, bus, monitor, watched, ports, client, lock, supervisor, stopping, kept.lost)


def watchers(
    watched: Watched, folder: Path, hear: Callable[[Published], None] | None, rules: Iterable[GatewayRule] = ()
) -> tuple[Monitor, Supervisor]:
    """Return who observes what is published, and who keeps helpers running.

    Args:
        watched: what is watched.
        folder: where its log is.
        hear: is told every event.
        rules: those that are about no flow.
    """
    bus, clock = watched.bus, watched.clock
    bus.guard.write = log_writer(folder)
    bus.current_trace = CURRENT_TRACE.get
    monitor = Monitor(clock, watched.settings, bus)
    monitor.take_diagnoser(RuleDiagnoser(bus, clock, RULES, tuple(rules)))
    if hear:
        bus.listen(hear, "printer")
    return monitor, Supervisor(bus, clock, monitor.health)


def _watched(
    url: str,
    settings: Settings,
    clock: Clock,
    bus: Bus,
    ports: WatchedPorts,
    remembered: tuple[WatchedFile, WatchedRecord],
    *,
    is_local: bool,
) -> tuple[Watched, ProxyClient]:
    file, kept = remembered
    client = ProxyClient(clock)
    wanted = {**kept.ports, read_url(url).origin: settings.port}
    origins = OriginMap(url, partial(check_url, local_allowed=is_local), ports.open, wanted)
    watched = Watched(
        settings=settings,
        clock=clock,
        bus=bus,
        client=client,
        origins=origins,
        legs=Legs(url, kept.legs),
        clients=WatchedClients(kept.clients),
        authorizations=WatchedAuthorizations(clock),
        tokens=WatchedTokens(),
        keep=bool,
        speaks_http2=speaks_http2,
        led_by=leader(url, is_local=is_local),
    )
    ports.make = partial(WatchedPort, watched)
    watched.keep = partial(_keep, watched, origins, file, kept.ports)
    return watched, client


def leader(url: str, *, is_local: bool) -> str:
    """Return who leads to the origins that a server's documents name, as `UpstreamRequest.led_by`."""
    return _LOCAL if is_local else urlsplit(url).hostname or ""


def _keep(watched: Watched, origins: OriginMap, file: WatchedFile, before: Mapping[str, int]) -> None:
    ports = {**before, **origins.ports}
    file.write(WatchedRecord(ports, tuple(watched.legs.learnt()), tuple(watched.clients)))


async def _open_again(watched: Watched) -> None:
    """Open the origins that have endpoints which clients know from before: they read the documents once.

    Half of all that may be opened is left for what the documents name now.
    """
    newest = dict.fromkeys(origin for origin, *_ in reversed(list(watched.legs.learnt())))
    await watched.origins.meet(list(newest)[: Limits.WATCHED_ORIGINS // 2])


async def run_watched(
    runtime: WatchedRuntime, *, ready: Callable[[], None], helpers: Mapping[str, Begin] | None = None
) -> None:
    """Serve until `runtime.stopping` is set, then close everything.

    Raises:
        EssentialEnded: after the same, where the server's port or the control socket ended by itself.
        Refused: with a problem of `problems.control`, where the control socket cannot be opened.
    """
    here().raise_open_files(Limits.DESCRIPTORS)
    with heard(runtime.bus), hear_going_on(runtime.bus.fitness.note_going_on):
        await _run(runtime, ready, helpers or {})


async def _run(runtime: WatchedRuntime, ready: Callable[[], None], helpers: Mapping[str, Begin]) -> None:
    folder = control_folder(runtime.settings)
    control = ControlServer(runtime.monitor, _Watching(runtime.stopping), folder, runtime.lock)
    await control.open()
    runtime.supervisor.start("diagnosis", Watching(runtime.bus, runtime.monitor).run)
    for name, begin in helpers.items():
        runtime.supervisor.start(name, begin)
    essentials = {"the port of the server": asyncio.ensure_future(runtime.ports.begin(runtime.supervisor.start))}
    essentials["the control socket"] = asyncio.ensure_future(control.serve())
    runtime.supervisor.once("ports of before", _open_again(runtime.watched))
    _announce(runtime)
    ready()
    ended = await until_stopped(runtime.stopping, essentials)
    runtime.bus.publish(GatewayStopping(cause=str(ended) if ended else "asked to"))
    listener, serving = essentials.values()
    await end(listener, LISTENERS_SECONDS)
    runtime.bus.drain()
    serving.cancel()
    await asyncio.gather(runtime.supervisor.close(HELPERS_SECONDS), end(serving, HELPERS_SECONDS))
    runtime.client.close()
    (folder / LOCK).unlink(missing_ok=True)
    if ended:
        raise ended


def _announce(runtime: WatchedRuntime) -> None:
    """Say which server is watched, and where a client connects."""
    origin, notes = runtime.origin, runtime.notes
    runtime.monitor.gateway = GatewayFacts(
        version=__version__,
        origin=origin,
        pid=os.getpid(),
        started=runtime.clock.now().timestamp(),
        provider=PROVIDER,
        mcp_urls=list(runtime.mcp_urls),
        root=str(runtime.settings.root),
        state_dir=str(runtime.settings.state_path),
        notes=list(notes),
        watched_url=runtime.watched.origins.url.partition("?")[0],
    )
    runtime.bus.publish(GatewayStarted(origin=origin, provider=PROVIDER, mcp_urls=runtime.mcp_urls, notes=notes))


class _Watching(NoActions):
    """What the control socket may ask of a server that is only watched: to stop."""

    def __init__(self, stopping: asyncio.Event) -> None:
        self._stopping = stopping

    async def stop(self) -> None:
        """Begin to end."""
        self._stopping.set()
