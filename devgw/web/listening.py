"""Sockets: binds both loopback families, takes connections, and serves them until told to stop."""

import asyncio
import errno
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hypercorn.asyncio.lifespan import Lifespan
from hypercorn.asyncio.worker_context import WorkerContext
from hypercorn.config import Config
from hypercorn.typing import AppWrapper, LifespanState
from hypercorn.utils import wrap_app

from devgw.foreign.urls import is_askable
from devgw.limits import Limits
from devgw.platforms.here import here
from devgw.platforms.taken import is_taken
from devgw.problems import Problem
from devgw.web.client_connection import ClientConnection
from devgw.web.connections import OpenConnections, RoomMade
from devgw.web.descriptors import connection_limit

GRACE_SECONDS = 1.0
"""How long open streams may take when the gateway stops."""
_BACKLOG = 1_024
"""Connections that wait in the kernel until they are taken."""
_NO_DESCRIPTOR_SECONDS = 0.05
_EXHAUSTED = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
_PASSING = _EXHAUSTED | {errno.ECONNABORTED, errno.EINTR, errno.EPROTO, errno.EAGAIN}
"""What `accept` may say without the socket being lost."""


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
    """Bound sockets of one port; whoever serves them closes them."""

    sockets: tuple[socket.socket, ...]
    made: RoomMade = field(default_factory=RoomMade)
    """Is counted up by whoever serves them."""

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
    if not is_askable(host):
        raise OSError(errno.EADDRNOTAVAIL, "it has no form in DNS")
    if port and is_taken(host, port):
        raise PortTaken(host, port)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    here().claim(listener)
    if family == socket.AF_INET6:
        listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    try:
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        if error.errno in {48, 98, 10048}:  # EADDRINUSE on macOS, Linux, Windows
            raise PortTaken(host, port) from error
        raise
    listener.setblocking(False)
    return listener


async def serve(
    app: Any,
    listeners: Listeners,
    stopping: asyncio.Event,
    hear: Callable[[Problem, str], None] | None = None,
    make: Callable[..., ClientConnection] = ClientConnection,
) -> None:
    """Serve `app` until `stopping` is set; streams that are still open then are cut after a moment.

    Args:
        app: an ASGI app.
        listeners: where; they are closed at the end.
        stopping: is set by whoever wants the server to end.
        hear: is told of each client that was turned away before the app saw a request: why, and its address.
        make: makes of the arguments of `ClientConnection` what serves one client.

    Raises:
        ServerEnded: where the sockets take no more connections.
    """
    loop = asyncio.get_running_loop()
    server = _Server(wrap_app(app, 0, "asgi"), loop, hear, make, listeners.made)
    living = loop.create_task(server.lifespan.handle_lifespan())
    await server.lifespan.wait_for_startup()
    try:
        await server.accept_until(stopping, listeners)
    finally:
        listeners.close()
        await server.close()
        await server.lifespan.wait_for_shutdown()
        living.cancel()
        await asyncio.wait({living})


def _configuration() -> Config:
    """Return what Hypercorn's protocol needs to know."""
    config = Config()
    config.shutdown_timeout = GRACE_SECONDS
    config.keep_alive_max_requests = 1_000_000
    config.h11_max_incomplete_size = Limits.HEAD_BYTES
    config.include_server_header = False
    config.include_date_header = False  # the front has one for every answer, and an upstream's must not come twice
    config.accesslog = config.errorlog = None
    return config


class _Server:
    """Takes connections and serves each in a task of its own.

    Hypercorn's `worker_serve` has no place in which a connection could be refused or put off, and hands the listening
    socket to the loop: uvloop closes that at the first accept without a free descriptor. So the accepting is ours, and
    the protocol, the ASGI side and the lifespan stay Hypercorn's.
    """

    def __init__(
        self,
        app: AppWrapper,
        loop: asyncio.AbstractEventLoop,
        hear: Callable[[Problem, str], None] | None,
        make: Callable[..., ClientConnection],
        made: RoomMade,
    ) -> None:
        self._hear = hear
        self._make = make
        self._config = _configuration()
        self._context = WorkerContext(None)
        self._state: LifespanState = {}
        self._app = app
        self._loop = loop
        self.lifespan = Lifespan(app, self._config, loop, self._state)
        self._connections = OpenConnections(connection_limit(), made)
        self._tasks: set[asyncio.Task[None]] = set()

    async def accept_until(self, stopping: asyncio.Event, listeners: Listeners) -> None:
        """Take connections until `stopping` is set.

        Raises:
            ServerEnded: where a socket takes none any more.
        """
        accepting = [self._loop.create_task(self._accept(each)) for each in listeners.sockets]
        told, watching = self._loop.create_task(stopping.wait()), self._loop.create_task(self._connections.watch())
        working = [told, watching, *accepting]
        try:
            await asyncio.wait(working, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in working:
                each.cancel()
            ended = await asyncio.gather(*working, return_exceptions=True)
        if not stopping.is_set():
            raise ServerEnded from next((each for each in ended if isinstance(each, Exception)), None)

    async def _accept(self, listener: socket.socket) -> None:
        while True:
            await self._connections.room()
            try:
                accepted, _ = await self._loop.sock_accept(listener)
            except OSError as error:
                if error.errno not in _PASSING:
                    raise
                self._connections.make_room()
                await asyncio.sleep(_NO_DESCRIPTOR_SECONDS if error.errno in _EXHAUSTED else 0)
                continue
            task = self._loop.create_task(self._serve(accepted, is_surplus=self._connections.expect()))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            await asyncio.sleep(0)  # a queue of connections is taken without waiting: those taken have to be served

    async def _serve(self, accepted: socket.socket, *, is_surplus: bool) -> None:
        try:
            connection = await self._connect(accepted)
        except OSError:  # the client is gone already
            accepted.close()
            self._connections.give_up()
            return
        connection.hear = self._hear
        connection.surplus_of = self._connections.limit if is_surplus else None
        self._connections.add(connection)
        try:
            await connection.run()
        finally:
            self._connections.discard(connection)

    async def _connect(self, accepted: socket.socket) -> ClientConnection:
        accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        reader = asyncio.StreamReader(loop=self._loop)
        protocol = asyncio.StreamReaderProtocol(reader, loop=self._loop)
        transport, _ = await self._loop.connect_accepted_socket(lambda: protocol, accepted)
        writer = asyncio.StreamWriter(transport, protocol, reader, self._loop)
        return self._make(self._app, self._loop, self._config, self._context, self._state, reader, writer)

    async def close(self) -> None:
        """Let answers that are under way end, for a moment; then cut what is left."""
        await self._context.terminated.set()
        self._connections.let_go()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=GRACE_SECONDS / 2)
        for each in list(self._tasks):
            each.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=GRACE_SECONDS)
