"""One HTTP/1.1 connection to an upstream; one exchange runs on it at a time.

Callbacks of the loop feed the exchange; a body is handed on as it arrives, and reading from the socket pauses while the
other side is slower. Written on `asyncio.Protocol` because that costs a third of a streaming client (speed is printed
by `tests.bench`), and because closing the upstream the moment a client leaves is then one line.
"""

import asyncio
from collections.abc import Callable
from typing import cast

from devgw.outbound.exchange import ConnectionLost, Exchange
from devgw.outbound.proxies import Proxy

_SUCCESSES = range(200, 300)


class Connection(asyncio.Protocol):
    """A connection that says when it is free for the next exchange: after an answer without anything unusual."""

    def __init__(self, loop: asyncio.AbstractEventLoop, when_free: Callable[["Connection"], None]) -> None:
        self.loop = loop
        self.transport: asyncio.Transport
        self.is_open = False
        self.free_since = 0.0
        self.proxy: Proxy | None = None
        """The proxy that is asked for plain http on this connection."""
        self.is_proxied = False
        self.peer = ""
        """The address of the other side; empty where it is a proxy's, or was gone at once."""
        self._exchange: Exchange | None = None
        self._when_free = when_free
        self._is_paused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Be ready for the first exchange."""
        self.transport = cast("asyncio.Transport", transport)
        self.is_open = True
        self.peer = "" if self.is_proxied else _peer_of(transport)

    def exchange(self, request: bytes, method: str) -> Exchange:
        """Send the bytes of one request and return the exchange in which its answer will arrive."""
        exchange = self._exchange = Exchange(self, is_of_head=method == "HEAD")
        self.transport.write(request)
        return exchange

    def data_received(self, data: bytes) -> None:
        """Give the exchange what arrived; bytes that nobody asked for end the connection."""
        exchange = self._exchange
        if exchange is None:
            self.close()
            return
        if not exchange.has_begun and self.transport.get_write_buffer_size():
            exchange.is_early = True
        try:
            rest = exchange.take(data)
        except ValueError as error:
            self._exchange = None
            exchange.fail(error)
            self.close()
            return
        if rest is not None:
            self._finish(exchange, is_exact=not rest)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the exchange that runs, if one does."""
        self.is_open = False
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            exchange.fail(ConnectionLost(str(exc or "")))

    def _finish(self, exchange: Exchange, *, is_exact: bool) -> None:
        """End the exchange, and keep the connection where nothing about it was unusual.

        A server that refuses often leaves the request's body unread, and then takes it for the next request.
        """
        self._exchange = None
        self.resume()
        is_usual = is_exact and exchange.keeps and exchange.status in _SUCCESSES
        if is_usual and self.is_open and not exchange.is_early and not exchange.interim:
            self._when_free(self)
        else:
            self.close()

    def pause(self) -> None:
        """Read no more from the socket until the reader has caught up."""
        if not self._is_paused and self.is_open:
            self._is_paused = True
            self.transport.pause_reading()

    def resume(self) -> None:
        """Read again."""
        if self._is_paused and self.is_open:
            self._is_paused = False
            self.transport.resume_reading()

    def close(self) -> None:
        """Close at once; what is not yet sent is not wanted any more."""
        self.is_open = False
        self.transport.abort()


def _peer_of(transport: asyncio.BaseTransport) -> str:
    """Return the address of the other side; empty where it closed the connection as soon as it was made.

    The loops ask the socket at that moment, and keep nothing where it is gone.
    """
    address = transport.get_extra_info("peername")
    return str(address[0]) if address else ""
