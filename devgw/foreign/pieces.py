"""The network under httpx2, read in small pieces.

What a server packs into few bytes (interim answers, chunks of one byte) takes thousandfold the time to read, and
everybody else waits meanwhile: so each turn takes a small piece, and a meter says which is the last.

Imports httpcore2: import it where something is asked, not where the gateway starts.
"""

import ssl
from collections.abc import Iterable
from typing import Any, Protocol

import httpcore2
import httpx2

PIECE_BYTES = 4_096
"""Read at one time: a server can pack some hundred frames into them."""


class Meter(Protocol):
    """Counts what comes over the wire for one request."""

    is_connected: bool
    """Whether a connection came about."""

    def take(self, piece: bytes) -> None:
        """Count what came, framing included."""

    def check(self) -> None:
        """Return where more may be read; raise where it may not."""


class PieceNetwork(httpcore2.AsyncNetworkBackend):
    """Connects, and reads piece by piece."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self._network = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  httpcore2's signature
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Return the connection, on which nothing was sent yet."""
        stream = await self._network.connect_tcp(host, port, timeout, local_address, socket_options)
        self._meter.is_connected = True
        return _PieceStream(stream, self._meter)

    async def sleep(self, seconds: float) -> None:
        """Wait between two attempts."""
        await self._network.sleep(seconds)


class _PieceStream(httpcore2.AsyncNetworkStream):
    """A connection that is read in small pieces, up to a last one."""

    def __init__(self, stream: httpcore2.AsyncNetworkStream, meter: Meter) -> None:
        self._stream = stream
        self._meter = meter

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109  httpcore2's
        """Return the next piece."""
        self._meter.check()
        piece = await self._stream.read(min(max_bytes, PIECE_BYTES), timeout)
        self._meter.take(piece)
        return piece

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109  httpcore2's
        """Send."""
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        """Close."""
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109  httpcore2's
    ) -> httpcore2.AsyncNetworkStream:
        """Return the connection inside this one, metered as well."""
        return _PieceStream(await self._stream.start_tls(ssl_context, server_hostname, timeout), self._meter)

    def get_extra_info(self, info: str) -> Any:
        """Return what is known of the connection."""
        return self._stream.get_extra_info(info)


def lead_over(transport: httpx2.AsyncHTTPTransport, network: PieceNetwork) -> None:
    """Let a transport connect and read by `network`."""
    transport._pool._network_backend = network  # noqa: SLF001  httpx2 has no parameter for it; tests hold that it is used
