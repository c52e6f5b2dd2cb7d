"""The local ports of a watched server: bound when an origin is met, served from then on."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from devgw.web.listening import Listeners, PortTaken, listen, serve

_TRIES = 8
"""A port that is free on one loopback family may be taken on the other."""

Serve = Callable[[str, Callable[[], Awaitable[None]]], None]


class WatchedPorts:
    """The sockets, by origin; `begin` lets them be served."""

    def __init__(self, stopping: asyncio.Event) -> None:
        self._stopping = stopping
        self._waiting: list[tuple[str, Listeners]] = []
        self._serve: Serve | None = None
        self.make: Callable[[str, int], Any] = lambda _origin, _port: None
        """Returns the app of an origin; set before anything is served."""

    def open(self, origin: str, wanted: int) -> int:
        """Bind a port for an origin, the wanted one where it is free; return which.

        Raises:
            OSError: where no port can be had.
        """
        listeners = _bound(wanted)
        self._waiting.append((origin, listeners))
        if self._serve is not None:
            self._serve_waiting(self._serve)
        return listeners.port

    async def begin(self, serve_one: Serve) -> None:
        """Serve the first port until told to stop, and every other one by `serve_one(name, begin)`."""
        origin, listeners = self._waiting.pop(0)
        first = _Served(self.make(origin, listeners.port), listeners, self._stopping)
        self._serve = serve_one
        self._serve_waiting(serve_one)
        await first.run()

    def close(self) -> None:
        """Give back what was bound and never served."""
        for _, listeners in self._waiting:
            listeners.close()
        self._waiting.clear()

    def _serve_waiting(self, serve_one: Serve) -> None:
        waiting, self._waiting = self._waiting, []
        for origin, listeners in waiting:
            serve_one(f"port of {origin}", _Served(self.make(origin, listeners.port), listeners, self._stopping).run)


class _Served:
    """One port; it is bound anew where it ended and is started again."""

    def __init__(self, app: Any, listeners: Listeners, stopping: asyncio.Event) -> None:
        self._app = app
        self._port = listeners.port
        self._listeners: Listeners | None = listeners
        self._stopping = stopping

    async def run(self) -> None:
        """Serve until told to stop."""
        listeners, self._listeners = self._listeners or listen("localhost", self._port), None
        await serve(self._app, listeners, self._stopping)


def _bound(wanted: int) -> Listeners:
    tries = (wanted, *([0] * _TRIES)) if wanted else (0,) * _TRIES
    for port in tries:
        try:
            return listen("localhost", port)
        except PortTaken:
            continue
    raise OSError(None, "no free port of this machine on both loopback addresses")
