"""One HTTP/1.1 connection to an upstream, and the exchange that runs on it.

Callbacks of the loop feed httptools; a body is handed on as it arrives, and reading from the socket pauses while the
other side is slower. Written on `asyncio.Protocol` because that costs a third of a streaming client (speed is printed
by `tests.bench`), and because closing the upstream the moment a client leaves is then one line.
"""

import asyncio
from collections.abc import Callable
from typing import cast

import httptools

from devgw.events.trace import Headers

HIGH_WATER = 262_144
"""Bytes that may wait for a slow client before the upstream has to wait too."""


class ConnectionLost(ConnectionError):  # noqa: N818  it reads as what happened
    """The upstream closed the connection in the middle of an exchange."""


class Exchange:
    """The answer to one request, filled by the parser, read by the proxy."""

    __slots__ = (
        "_chunks",
        "_length_is_known",
        "_waiter",
        "connection",
        "failure",
        "has_begun",
        "headers",
        "is_complete",
        "received",
        "status",
        "waiting",
    )

    def __init__(self, connection: "Connection") -> None:
        self.connection = connection
        self.status = 0
        self.headers: Headers = []
        self.has_begun = False
        self.is_complete = False
        self.failure: Exception | None = None
        self.received = 0
        self.waiting = 0
        self._chunks: list[bytes] = []
        self._length_is_known = False
        self._waiter: asyncio.Future[None] | None = None

    # --- called by the parser ---

    def on_message_begin(self) -> None:
        """Close a connection on which a second answer comes unasked."""
        if self.is_complete:
            self.connection.close()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header; trailers, which come after the head, are dropped."""
        if self.has_begun:
            return
        name = name.lower()
        if name in {b"content-length", b"transfer-encoding"}:
            self._length_is_known = True
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Begin the answer, unless it is an interim one."""
        status = self.connection.parser.get_status_code()
        if status >= 200:
            self.status = status
            self.has_begun = True
            self._wake()

    def on_body(self, body: bytes) -> None:
        """Keep a piece of the body for the reader."""
        if self.is_complete:
            return
        self._chunks.append(body)
        self.received += len(body)
        self.waiting += len(body)
        if self.waiting > HIGH_WATER:
            self.connection.pause()
        self._wake()

    def on_message_complete(self) -> None:
        """End the answer, or forget an interim one."""
        if not self.has_begun:
            self.headers.clear()
            return
        if self.is_complete:
            return
        self.is_complete = True
        self._wake()
        self.connection.finish()

    # --- called by the connection ---

    def fail(self, failure: Exception) -> None:
        """End the exchange without the rest; a body that lasts until the connection closes ends well."""
        if self.is_complete or self.failure:
            return
        if isinstance(failure, ConnectionLost) and self.has_begun and not self._length_is_known:
            self.is_complete = True
        else:
            self.failure = failure
        self._wake()

    # --- called by the proxy ---

    async def begun(self) -> None:
        """Return as soon as the head is there, or raise why there is none."""
        while not self.has_begun:
            if self.failure:
                raise self.failure
            await self._wait()

    async def read(self) -> bytes:
        """Return what has arrived, waiting for the first byte; empty at the end."""
        while not self._chunks:
            if self.is_complete:
                return b""
            if self.failure:
                raise self.failure
            await self._wait()
        chunks, self._chunks = self._chunks, []
        self.waiting = 0
        if not self.is_complete:
            self.connection.resume()
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    def abort(self) -> None:
        """Close the connection now, unless the answer is complete."""
        if not self.is_complete:
            self.failure = self.failure or ConnectionLost()
            self.connection.close()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def _wait(self) -> None:
        self._waiter = self.connection.loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None


class Connection(asyncio.Protocol):
    """A connection that runs one exchange at a time and says when it is free for the next one."""

    def __init__(self, loop: asyncio.AbstractEventLoop, when_free: Callable[["Connection"], None]) -> None:
        self.loop = loop
        self.transport: asyncio.Transport
        self.parser: httptools.HttpResponseParser
        self.is_open = False
        self.free_since = 0.0
        self._exchange: Exchange | None = None
        self._when_free = when_free
        self._is_paused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Be ready for the first exchange."""
        self.transport = cast("asyncio.Transport", transport)
        self.is_open = True

    def exchange(self, request: bytes) -> Exchange:
        """Send the bytes of one request and return the exchange in which its answer will arrive."""
        exchange = Exchange(self)
        self._exchange = exchange
        self.parser = httptools.HttpResponseParser(exchange)
        self.transport.write(request)
        return exchange

    def data_received(self, data: bytes) -> None:
        """Feed the parser; bytes that nobody asked for end the connection."""
        if self._exchange is None:
            self.close()
            return
        try:
            self.parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            exchange, self._exchange = self._exchange, None
            if exchange is not None:
                exchange.fail(error)
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the exchange that runs, if one does."""
        self.is_open = False
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            exchange.fail(ConnectionLost(str(exc or "")))

    def finish(self) -> None:
        """End the exchange, and keep the connection where both sides may go on using it."""
        self._exchange = None
        self.resume()
        if self.is_open and self.parser.should_keep_alive() and not self.transport.get_write_buffer_size():
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
