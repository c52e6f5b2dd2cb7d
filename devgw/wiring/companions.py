"""The emulators: in the same process, reached over HTTP only, on their own origins, like the real services.

Which of them run follows from the configuration, at the start and at every reload: `plan` says which, `place` binds and
builds those that are missing, and `end` ends one.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from devgw.clock import Clock
from devgw.config.load import Loaded
from devgw.config.project import Project
from devgw.config.sample import SEED_FILE, sample_root
from devgw.departure import Departure
from devgw.foreign.held import HeldTogether
from devgw.foreign.urls import UrlRefused, read_url
from devgw.limits import Limits
from devgw.oauth.urls import Urls
from devgw.settings import Settings
from devgw.web.counted_bodies import CountedBodies
from devgw.web.listening import serve
from devgw.wiring.kept_port import KeptPort
from devgw.wiring.supervisor import Supervisor

STAND_INS = Departure(
    name="stand-ins",
    here="Without a real WORKOS_CLIENT_ID, an emulator of WorkOS signs people in, and sample servers answer where a "
    "route leads to them.",
    deployed="People sign in at the identity provider, and upstreams are real.",
    why="The first start needs neither an account nor internet.",
    source="https://zuplo.com/docs/mcp-gateway/auth/configuring-workos",
    cannot="`strict` leaves them: put a real WORKOS_CLIENT_ID and WORKOS_CLIENT_SECRET into .env, and the upstream's "
    "own URL into the route.",
)
WORKOS = "WorkOS emulator"
SAMPLE = "sample server"
OAUTH_SAMPLE = "OAuth sample"
MOST_BODY_BYTES = 4_194_304
"""Of one request that an emulator keeps: the sample server, which is not imported for its limit alone."""
END_SECONDS = 2.0
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Recipe:
    """An emulator that a configuration needs."""

    name: str
    """As Health calls it."""
    port: int
    """The port by which the configuration knows it."""
    made_from: object
    """What it is made from: from something else it would be another one."""
    make: Callable[[str], Any]
    """Builds the app that answers under this origin."""
    note: str
    """What a person should know of it; `{origin}` is replaced."""


class Companion:
    """One emulator that runs, or will."""

    def __init__(self, recipe: Recipe, place: KeptPort, bodies: HeldTogether) -> None:
        self.recipe = recipe
        self.place = place
        self._bodies = bodies
        self.app = recipe.make(place.origin)
        self._ending = asyncio.Event()
        self._ended = asyncio.Event()

    @property
    def note(self) -> str:
        """Return what a person should know of it."""
        said = self.recipe.note.format(origin=self.place.origin)
        if self.recipe.port in (0, self.place.port):
            return said
        taken = f"Port {self.recipe.port}, where it is meant to be, was taken"
        return f"{said} {taken}." if self.recipe.name == WORKOS else f"{said} {taken}; routes to that port lead here."

    async def serve(self) -> None:
        """Serve until it is ended; may be called again after it failed."""
        self._ended.clear()
        try:
            await serve(CountedBodies(self.app, self._bodies, MOST_BODY_BYTES), self.place.take(), self._ending)
        finally:
            self._ended.set()

    def close(self) -> None:
        """End every open stream."""
        if hasattr(self.app, "close"):
            self.app.close()

    def end(self) -> None:
        """Tell the server to stop."""
        self._ending.set()

    async def until_ended(self) -> None:
        """Wait until the port is free, but not for ever."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._ended.wait(), END_SECONDS)


class Companions:
    """The emulators that run beside a gateway."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._bodies = HeldTogether(Limits.BODIES_TOGETHER_BYTES, Limits.BODY_UNCOUNTED_BYTES)
        """Of requests to all of them: they are in the gateway's memory too."""
        self.workos = KeptPort(settings.emulators.workos_port)
        """Kept from the start, because the URLs of a sign-in at the emulator are derived from it."""
        self.running: dict[str, Companion] = {}
        self._signing_keys: dict[str, bytes] = {}
        """PEM by client id, of emulators that ended: at WorkOS no saved file is a new key."""

    @property
    def notes(self) -> list[str]:
        """Return what a person should know of those that run."""
        return [each.note for each in self.running.values()]

    @property
    def page_ports(self) -> list[int]:
        """Return the ports of those that show pages to a browser."""
        return [self.running[name].place.port for name in (WORKOS, OAUTH_SAMPLE) if name in self.running]

    @property
    def emulator(self) -> Any:
        """Return the WorkOS emulator where it runs, for those who make it go wrong."""
        found = self.running.get(WORKOS)
        return found.app.config["EMULATOR"] if found else None

    @property
    def upstream_auth(self) -> Any:
        """Return the sample upstream with OAuth where it runs."""
        found = self.running.get(OAUTH_SAMPLE)
        return found.app if found else None

    def plan(self, loaded: Loaded, project: Project) -> dict[str, Recipe]:
        """Return what `project` needs, by name."""
        ports, found = self._settings.emulators, []
        if loaded.wants_emulator:
            found.append(_workos(loaded, project, self._settings, self._clock, self._signing_keys))
        if ports.upstream and _points_at(project, ports.upstream_port):
            found.append(_sample(ports.upstream_port, self._clock))
        if ports.upstream and _points_at(project, ports.upstream_auth_port):
            found.append(_oauth_sample(ports.upstream_auth_port, self._clock))
        return {each.name: each for each in found}

    def stale(self, plan: Mapping[str, Recipe]) -> list[Companion]:
        """Return those that run and would be another one by this plan."""
        running = self.running.items()
        return [each for name, each in running if name in plan and plan[name].made_from != each.recipe.made_from]

    def superfluous(self, plan: Mapping[str, Recipe]) -> list[Companion]:
        """Return those that run and are not in the plan."""
        return [each for name, each in self.running.items() if name not in plan]

    def place(self, plan: Mapping[str, Recipe]) -> list[Companion]:
        """Bind and build what is in the plan and does not run; return those, to be served."""
        added = []
        for name, recipe in plan.items():
            if name not in self.running:
                place = self.workos if name == WORKOS else KeptPort(recipe.port)
                place.bind()
                self.running[name] = Companion(recipe, place, self._bodies)
                added.append(self.running[name])
        if WORKOS not in self.running:
            self.workos.release()
        return added

    async def end(self, companions: Iterable[Companion], supervisor: Supervisor) -> None:
        """End these: their streams, their servers, their rows in Health."""
        for each in companions:
            if each.recipe.name == WORKOS:
                self._signing_keys |= await each.app.config["EMULATOR"].signing_keys()
            self.running.pop(each.recipe.name, None)
            each.close()
            each.end()
            await each.until_ended()
            await supervisor.stop(each.recipe.name)

    def lead(self, project: Project) -> Project:
        """Return `project` with its routes to sample servers led to the ports that these really have."""
        routes = tuple(replace(route, upstream_url=self._led(route.upstream_url)) for route in project.routes)
        return replace(project, routes=routes)

    def _led(self, url: str) -> str:
        for each in self.running.values():
            port = each.recipe.port
            if each.recipe.name != WORKOS and port != each.place.port and is_local(url, port):
                parts = urlsplit(url)
                host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
                return urlunsplit(parts._replace(netloc=f"{host}:{each.place.port}"))
        return url

    def close(self) -> None:
        """End every open stream, before the servers are told to stop."""
        for each in self.running.values():
            each.close()

    def end_all(self) -> None:
        """Tell every server to stop."""
        for each in self.running.values():
            each.end()


def _workos(
    loaded: Loaded, project: Project, settings: Settings, clock: Clock, signing_keys: Mapping[str, bytes]
) -> Recipe:
    """Return the recipe of the emulator: with the redirect URIs that the project's own file has, and no other.

    The built-in file is nobody's statement, so that its environments take whatever callback this gateway has; and a
    test, whose port may be any, may want the same of a file.
    """
    from devgw.emulators.workos import Emulator, Seed, create_app, read_seed, takes  # noqa: PLC0415  only where it runs

    callback = Urls(settings.canonical_origin, project.base_path).callback
    is_own = loaded.seed is not None
    seed = Seed.model_validate(loaded.seed) if is_own else read_seed(sample_root() / SEED_FILE)
    login = project.oauth.login if project.oauth else None
    if login:
        seed = seed.answering_to(login.client_id, login.client_secret.value)

    registered = () if is_own and not settings.emulators.takes_callback else (callback,)

    def make(origin: str) -> Any:
        emulator = Emulator(seed, origin, clock=clock, redirect_uris=registered, signing_keys=signing_keys)
        app = create_app(emulator)
        app.config["EMULATOR"] = emulator
        return app

    note = "WorkOS is emulated at {origin}: set WORKOS_CLIENT_ID in .env to use the real one."
    if login and not registered and not takes(seed, login.client_id, callback):
        note += (
            f" {callback} is none of the redirectUris in {SEED_FILE}, so that a login ends on `Invalid redirect URI`, "
            "as at WorkOS: add it there, or let the page that says so register it."
        )
    return Recipe(WORKOS, settings.emulators.workos_port, (seed, registered, callback), make, note)


def _sample(port: int, clock: Clock) -> Recipe:
    from devgw.emulators.upstream import create_app  # noqa: PLC0415  only where it runs

    return Recipe(SAMPLE, port, None, lambda _: create_app(clock), "A sample MCP server runs at {origin}/mcp.")


def _oauth_sample(port: int, clock: Clock) -> Recipe:
    from devgw.emulators.upstream_auth import create_app  # noqa: PLC0415  only where it runs

    note = "A sample MCP server with OAuth of its own runs at {origin}/mcp."
    return Recipe(OAUTH_SAMPLE, port, None, lambda origin: create_app(clock, origin), note)


def _points_at(project: Project, port: int) -> bool:
    return any(is_local(route.upstream_url, port) for route in project.routes)


def is_local(url: str, port: int) -> bool:
    """Tell whether `url` leads to this machine's `port`."""
    try:
        read = read_url(url)
    except UrlRefused:
        return False
    return (read.scheme, read.port) == ("http", port) and read.host in _LOOPBACK
