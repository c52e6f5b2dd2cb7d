"""Sockets and Hypercorn: binds both loopback families, and serves until told to stop."""

import asyncio
import socket
from dataclasses import dataclass
from typing import Any

from hypercorn.asyncio import serve as hypercorn_serve
from hypercorn.config import Config

GRACE_SECONDS = 1.0
"""How long open streams may take when the gateway stops."""


class PortTaken(Exception):  # noqa: N818  it reads as what happened
    """Another process listens on the port."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(f"port {port} on {host} is taken")
        self.host = host
        self.port = port


class ServerEnded(Exception):  # noqa: N818  it reads as what happened
    """The server ended although nobody told it to."""


@dataclass(frozen=True, slots=True)
class Listeners:
    """Bound sockets of one port. Hypercorn closes them; `close` is for those that were never served."""

    sockets: tuple[socket.socket, ...]

    @property
    def port(self) -> int:
        """Return the port, also where any free one was asked for."""
        return int(self.sockets[0].getsockname()[1])

    def close(self) -> None:
        """Close the sockets."""
        for each in self.sockets:
            each.close()


def listen(host: str, port: int) -> Listeners:
    """Return listeners on `host`; `localhost` means both loopback families, because clients resolve it to either.

    Raises:
        PortTaken: where somebody else listens on one of them.
        OSError: where the address is not this machine's.
    """
    if host != "localhost":
        return Listeners((_bind(host, port),))
    first = _bind("127.0.0.1", port)
    try:
        second = _bind("::1", first.getsockname()[1])
    except PortTaken:
        first.close()
        raise
    except OSError:  # no IPv6 on this machine
        return Listeners((first,))
    return Listeners((first, second))


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    try:
        listener.bind((host, port))
        listener.listen(512)
    except OSError as error:
        listener.close()
        if error.errno in {48, 98, 10048}:  # EADDRINUSE on macOS, Linux, Windows
            raise PortTaken(host, port) from error
        raise
    listener.setblocking(False)
    return listener


async def serve(app: Any, listeners: Listeners, stopping: asyncio.Event) -> None:
    """Serve `app` until `stopping` is set; streams that are still open then are cut after a moment."""
    config = Config()
    config.bind = [f"fd://{each.detach()}" for each in listeners.sockets]
    config.graceful_timeout = GRACE_SECONDS
    config.shutdown_timeout = GRACE_SECONDS
    config.keep_alive_timeout = 75
    config.keep_alive_max_requests = 1_000_000
    config.h11_max_incomplete_size = 64 * 1024
    config.include_server_header = False
    config.include_date_header = False  # the front has one for every answer, and an upstream's must not come twice
    config.accesslog = config.errorlog = None
    config.use_reloader = False
    requests = _OpenRequests(app)
    async with asyncio.TaskGroup() as tasks:
        serving = tasks.create_task(hypercorn_serve(requests, config, shutdown_trigger=stopping.wait, mode="asgi"))
        told = tasks.create_task(stopping.wait())
        await asyncio.wait({serving, told}, return_when=asyncio.FIRST_COMPLETED)
        told.cancel()
        if not stopping.is_set():
            raise ServerEnded
        await asyncio.wait({serving}, timeout=GRACE_SECONDS / 2)
        requests.end()


class _OpenRequests:
    """An app whose open requests can be ended.

    On Python 3.12 and later Hypercorn waits for every connection before it looks at its own time limit, so that one
    endless stream would keep the gateway from stopping for ever.
    """

    def __init__(self, app: Any) -> None:
        self._app = app
        self._tasks: set[asyncio.Task[Any]] = set()
        self._is_ending = False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer a request, or leave it unfinished where it is ended from here."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._app(scope, receive, send)
        except asyncio.CancelledError:
            if not self._is_ending:
                raise
        finally:
            self._tasks.discard(task)

    def end(self) -> None:
        """End every open request."""
        self._is_ending = True
        for task in self._tasks:
            task.cancel()
