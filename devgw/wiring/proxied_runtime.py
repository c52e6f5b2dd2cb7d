"""A command that is watched through a forward proxy of its own: the same bus, monitor and control socket."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from devgw.clock import Clock
from devgw.control.folder import control_folder
from devgw.control.lock import ProjectLock
from devgw.diagnosis.rules.strays import TURNED_AWAY
from devgw.events import Bus, Published
from devgw.events.event import refusal
from devgw.events.taxonomy import Outcome, RequestTurnedAway
from devgw.gateway.watched.authorizations import WatchedAuthorizations
from devgw.gateway.watched.clients import WatchedClients
from devgw.gateway.watched.legs import Legs
from devgw.gateway.watched.notes import PROXY_NOTES
from devgw.gateway.watched.origins import WatchedOrigins
from devgw.gateway.watched.tokens import WatchedTokens
from devgw.outbound.far_end import open_far_end
from devgw.outbound.guard import check_url
from devgw.outbound.probes.http2 import speaks_http2
from devgw.outbound.proxy import ProxyClient
from devgw.problems import Problem
from devgw.settings import Settings
from devgw.web.listening import Listeners, listen, serve
from devgw.web.watched.authority import Authority
from devgw.web.watched.forward_proxy import ForwardProxy
from devgw.web.watched.opened import OpenedOrigin
from devgw.web.watched.place import PlainRequests
from devgw.web.watched.unwatched import Unwatched
from devgw.web.watched.watched import Watched
from devgw.wiring.watched_ports import Serve
from devgw.wiring.watched_runtime import WatchedRuntime, leader, watchers


class ProxyPort:
    """The one port of the proxy, on loopback, and the apps of the origins that are opened."""

    def __init__(self, watched: Watched, folder: Path, stopping: asyncio.Event) -> None:
        self._watched = watched
        self._stopping = stopping
        self._apps: dict[str, OpenedOrigin] = {}
        self._listeners: Listeners = listen("127.0.0.1", 0)
        self.authority = Authority(watched.clock, folder)
        self._proxy = ForwardProxy(self.authority, self._find_app, open_far_end, self._unshaken, self._untunnelled)

    @property
    def url(self) -> str:
        """Return the URL of the proxy, with its credential."""
        return self._proxy.url(self._listeners.port)

    @property
    def origin(self) -> str:
        """Return where it answers."""
        return f"http://127.0.0.1:{self._listeners.port}"

    async def begin(self, _serve_one: Serve) -> None:
        """Serve until told to stop."""
        watched = self._watched
        other = Unwatched(watched.client, watched.clock, watched.bodies, watched.settings.proxy.request_limit)
        app = PlainRequests(self._find_app, other)
        await serve(app, self._listeners, self._stopping, self._turned_away, self._proxy.connection)

    def close(self) -> None:
        """Give back what was bound and never served."""
        self._listeners.close()

    def _find_app(self, origin: str) -> Any:
        if origin not in self._watched.origins:
            return None
        return self._apps.setdefault(origin, OpenedOrigin(self._watched, origin))

    def _turned_away(self, problem: Problem, peer: str) -> None:
        self._tell(problem, peer, problem.status)

    def _unshaken(self, problem: Problem, peer: str) -> None:
        self._tell(problem, peer, 0)

    def _untunnelled(self, problem: Problem, peer: str) -> None:
        self._tell(problem, peer, problem.status, is_aside=True)

    def _tell(self, problem: Problem, peer: str, status: int, *, is_aside: bool = False) -> None:
        facts = refusal(problem)
        told = RequestTurnedAway(status=status, peer=peer, outcome=Outcome.DENIED, is_aside=is_aside, **facts)
        self._watched.bus.publish(told)


@dataclass
class ProxiedRuntime(WatchedRuntime):
    """A proxy that is ready to be served."""

    ports: ProxyPort

    @property
    def origin(self) -> str:
        """Return where the proxy answers."""
        return self.ports.origin

    @property
    def mcp_urls(self) -> tuple[str, ...]:
        """Return nothing: the command has the server's own URL, and nobody else has to be given one."""
        return ()

    @property
    def notes(self) -> tuple[str, ...]:
        """Return what a person is told at the start."""
        return PROXY_NOTES


def build_proxied(
    url: str,
    named: Iterable[str],
    settings: Settings,
    clock: Clock,
    *,
    is_local: bool,
    hear: Callable[[Published], None] | None = None,
) -> ProxiedRuntime:
    """Return a runtime whose port is bound.

    Args:
        url: of the MCP server, absolute.
        named: origins that are opened, too, wherever they lie.
        settings: with a state folder of this run alone.
        clock: the time.
        is_local: whether the server lies on this machine or network: only then its documents may lead there.
        hear: is told every event.

    Raises:
        Refused: with a problem of `problems.control`, where the folder cannot be used.
        OSError: where no port can be had.
    """
    bus, stopping, folder = Bus(clock), asyncio.Event(), control_folder(settings)
    lock = ProjectLock(folder)
    lock.acquire()
    client = ProxyClient(clock)
    watched = Watched(
        settings=settings,
        clock=clock,
        bus=bus,
        client=client,
        origins=WatchedOrigins(url, partial(check_url, local_allowed=is_local), named),
        legs=Legs(url),
        clients=WatchedClients(),
        authorizations=WatchedAuthorizations(clock),
        tokens=WatchedTokens(),
        keep=bool,
        speaks_http2=speaks_http2,
        led_by=leader(url, is_local=is_local),
    )
    ports = ProxyPort(watched, folder, stopping)
    monitor, supervisor = watchers(watched, folder, hear, (TURNED_AWAY,))
    return ProxiedRuntime(settings, clock, bus, monitor, watched, ports, client, lock, supervisor, stopping)
