"""The emulators: in the same process, reached over HTTP only, on their own origins, like the real services."""

import asyncio
from dataclasses import dataclass, field, replace
from typing import Any

from devgw.clock import Clock
from devgw.config.load import Loaded
from devgw.config.project import Project
from devgw.config.sample import emulator_seed
from devgw.oauth.urls import Urls
from devgw.settings import Settings
from devgw.web.listening import Listeners, PortTaken, listen, serve


class SeedUnusable(Exception):  # noqa: N818  it reads as what happened
    """The file with the WorkOS emulator's environments has mistakes; the text names each place."""


class Companion:
    """One emulator, on a port that it keeps: whoever starts it again finds it under the same origin."""

    def __init__(self, name: str, app: Any, listeners: Listeners) -> None:
        self.name = name
        """As Health calls it."""
        self.app = app
        self._port = listeners.port
        self._bound: Listeners | None = listeners

    async def serve(self, stopping: asyncio.Event) -> None:
        """Serve until `stopping` is set; may be called again after it failed."""
        listeners, self._bound = self._bound or listen("localhost", self._port), None
        await serve(self.app, listeners, stopping)

    def close(self) -> None:
        """End every open stream, before the server is told to stop."""
        if hasattr(self.app, "close"):
            self.app.close()


@dataclass
class Companions:
    """The emulators that run beside a gateway."""

    workos: "Place"
    apps: list[Companion] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    emulator: Any = None
    """The WorkOS emulator where it runs, for those who make it go wrong."""
    upstream_auth: Any = None
    """The sample upstream with OAuth where it runs."""
    moved: dict[int, int] = field(default_factory=dict)
    """Ports that were taken, and which one is used instead."""

    def lead(self, project: Project) -> Project:
        """Return `project` with its routes to sample servers led to the ports that these really have."""
        routes = tuple(replace(route, upstream_url=self._led(route.upstream_url)) for route in project.routes)
        return replace(project, routes=routes)

    def _led(self, url: str) -> str:
        for wanted, actual in self.moved.items():
            if is_local(url, wanted):
                return url.replace(f":{wanted}/", f":{actual}/", 1)
        return url

    def close(self) -> None:
        """End every open stream, before the servers are told to stop."""
        for each in self.apps:
            each.close()


@dataclass
class Place:
    """A loopback port that is kept for an emulator."""

    listeners: Listeners
    wanted: int

    def __post_init__(self) -> None:
        # Asked for again at each reload, when the server has the sockets or has closed them.
        self._port = self.listeners.port

    @classmethod
    def reserve(cls, port: int) -> "Place":
        """Return the wanted port, or any free one where somebody else has it."""
        try:
            return cls(listen("localhost", port), port)
        except PortTaken:
            return cls(listen("localhost", 0), port)

    @property
    def origin(self) -> str:
        """Return where it answers."""
        return f"http://localhost:{self._port}"


def start_companions(loaded: Loaded, project: Project, settings: Settings, clock: Clock, workos: Place) -> Companions:
    """Return the emulators that `project` needs, on bound ports; the WorkOS emulator's was reserved beforehand."""
    companions = Companions(workos)
    if loaded.wants_emulator:
        _add_workos(companions, loaded, project, settings, clock)
    else:
        workos.listeners.close()
    if settings.emulators.upstream:
        _add_upstreams(companions, project, settings, clock)
    return companions


def _add_workos(companions: Companions, loaded: Loaded, project: Project, settings: Settings, clock: Clock) -> None:
    from devgw.emulators.workos import Emulator, SeedError, create_app, read_seed  # noqa: PLC0415  only where it runs

    callback = Urls(settings.canonical_origin, project.base_path).callback
    try:
        seed = read_seed(emulator_seed(loaded.read_from))
    except SeedError as error:
        raise SeedUnusable(str(error)) from error
    if project.oauth:
        seed = seed.answering_to(project.oauth.login.client_id, project.oauth.login.client_secret.value)
    origin = companions.workos.origin
    companions.emulator = Emulator(seed, origin, clock=clock, redirect_uris=[callback])
    app = create_app(companions.emulator)
    companions.apps.append(Companion("WorkOS emulator", app, companions.workos.listeners))
    companions.notes.append(f"WorkOS is emulated at {origin}: set WORKOS_CLIENT_ID in .env to use the real one.")


def _add_upstreams(companions: Companions, project: Project, settings: Settings, clock: Clock) -> None:
    ports = settings.emulators
    if _points_at(project, ports.upstream_port):
        from devgw.emulators.upstream import create_app as create_upstream  # noqa: PLC0415  only where it runs

        place = _add(companions, ports.upstream_port)
        companions.apps.append(Companion("sample server", create_upstream(clock), place.listeners))
        companions.notes.append(f"A sample MCP server runs at {place.origin}/mcp.")
    if _points_at(project, ports.upstream_auth_port):
        from devgw.emulators.upstream_auth import create_app as create_with_oauth  # noqa: PLC0415  only where it runs

        place = _add(companions, ports.upstream_auth_port)
        companions.upstream_auth = create_with_oauth(clock, place.origin)
        companions.apps.append(Companion("OAuth sample", companions.upstream_auth, place.listeners))
        companions.notes.append(f"A sample MCP server with OAuth of its own runs at {place.origin}/mcp.")


def _add(companions: Companions, port: int) -> Place:
    place = Place.reserve(port)
    if place.listeners.port != port:
        companions.moved[port] = place.listeners.port
    return place


def _points_at(project: Project, port: int) -> bool:
    return any(is_local(route.upstream_url, port) for route in project.routes)


def is_local(url: str, port: int) -> bool:
    """Tell whether `url` leads to this machine's `port`."""
    return url.startswith((f"http://localhost:{port}/", f"http://127.0.0.1:{port}/"))
