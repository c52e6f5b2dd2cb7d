"""The streaming HTTP client towards upstreams: connections that are kept, and failures that have names.

A request that was written is never sent twice: a tool may have run although no answer came.
"""

import asyncio
import errno
import socket
import ssl
from collections.abc import Hashable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Protocol
from urllib.parse import quote, urlsplit

from devgw.clock import Clock
from devgw.gateway.patience import Patience
from devgw.gateway.transport import Timing, TransportSettings, UpstreamRequest
from devgw.outbound.connection import Connection
from devgw.outbound.exchange import ConnectionLost, Exchange
from devgw.outbound.framing import FramingUnsafe
from devgw.outbound.head import HeadTooLarge
from devgw.outbound.pool import Pool
from devgw.problems import Problem, Refused
from devgw.problems.limit import AnswerHeadTooLong, AnswerUnfinished
from devgw.problems.proxy import (
    ClientCertificateUnusable,
    UpstreamAnswerMalformed,
    UpstreamAnswerTimedOut,
    UpstreamClosedEarly,
    UpstreamConnectTimedOut,
    UpstreamFramingUnsafe,
    UpstreamNameUnknown,
    UpstreamRefusedConnection,
    UpstreamTlsFailed,
    UpstreamUnreachable,
)

_REFUSED = f"[Errno {errno.ECONNREFUSED}]"
_HTTPS_PORT, _HTTP_PORT = 443, 80
_URL_CHARACTERS = "%/:?#[]@!$&'()*+,;=~-._"
_GRAIN = 0.25
"""Seconds by which the limit for an answer may be overrun."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a URL points, and how its request begins."""

    url: str
    host: str
    port: int
    is_https: bool
    path: bytes
    """Path and query."""
    authority: bytes
    """What Host says."""


@lru_cache(maxsize=512)
def target_of(url: str) -> Target:
    """Return where `url` points; the fragment is dropped."""
    parts = urlsplit(url)
    is_https = parts.scheme == "https"
    path = quote((parts.path or "/") + (f"?{parts.query}" if parts.query else ""), safe=_URL_CHARACTERS)
    authority = parts.netloc.rpartition("@")[2]
    port = parts.port or (_HTTPS_PORT if is_https else _HTTP_PORT)
    shown = url.partition("#")[0].partition("?")[0]
    host = authority.encode() if authority.isascii() else authority.encode("idna")
    return Target(shown, parts.hostname or "", port, is_https, path.encode(), host)


def bytes_of(request: UpstreamRequest, target: Target) -> bytes:
    """Return the request as it goes over the wire, Host first."""
    lines = [request.method.encode(), b" ", target.path, b" HTTP/1.1\r\nhost: ", target.authority, b"\r\n"]
    for name, value in request.headers:
        lines += (name, b": ", value, b"\r\n")
    if request.body or request.method == "POST":
        lines.append(b"content-length: %d\r\n" % len(request.body))
    lines += (b"\r\n", request.body)
    return b"".join(lines)


class _Answer(Protocol):
    """The part of an exchange that failures are told about."""

    has_begun: bool
    received: int


def named(error: Exception, target: Target, settings: TransportSettings, answer: _Answer | None = None) -> Problem:
    """Return the problem that `error` comes to."""
    if isinstance(error, ConnectionLost):
        return UpstreamClosedEarly(target.url, answer.received if answer else 0, bool(answer and answer.has_begun))
    if isinstance(error, TimeoutError):
        return UpstreamAnswerTimedOut(target.url, settings.response_timeout)
    if isinstance(error, FramingUnsafe):
        return UpstreamFramingUnsafe(target.url, str(error))
    if isinstance(error, HeadTooLarge):
        return AnswerHeadTooLong(target.url)
    if isinstance(error, ValueError):
        return UpstreamAnswerMalformed(target.url, str(error))
    return _named_connecting(error, target)


def _named_connecting(error: Exception, target: Target) -> Problem:
    """Return the problem that a failure to connect comes to."""
    if isinstance(error, socket.gaierror):
        return UpstreamNameUnknown(target.url, target.host)
    if isinstance(error, ssl.SSLError):
        return UpstreamTlsFailed(target.url, error.reason or str(error))
    # uvloop and asyncio try every address of a name, and then raise one error that quotes them all.
    if isinstance(error, ConnectionRefusedError) or _REFUSED in str(error):
        return UpstreamRefusedConnection(target.url)
    if target.is_https and isinstance(error, (ConnectionResetError, ConnectionAbortedError)):
        return UpstreamTlsFailed(target.url, str(error) or "the connection was closed")
    return UpstreamUnreachable(target.url, str(error) or type(error).__name__)


class UpstreamAnswer:
    """An exchange whose failures are problems."""

    __slots__ = ("_client", "_exchange", "_target", "_waited", "headers", "status")

    def __init__(self, exchange: Exchange, target: Target, client: "ProxyClient") -> None:
        self._exchange = exchange
        self._target = target
        self._client = client
        self._waited = 0.0
        self.status = exchange.status
        self.headers = exchange.headers

    @property
    def is_complete(self) -> bool:
        """Tell whether the whole body has arrived."""
        return self._exchange.is_complete

    @property
    def received(self) -> int:
        """Return how many bytes of the body have arrived."""
        return self._exchange.received

    async def read(self) -> bytes:
        """Return what has arrived since the last call, waiting for the first byte; empty at the end.

        Raises:
            Refused: with `UpstreamClosedEarly`, `UpstreamAnswerMalformed` or `UpstreamFramingUnsafe`.
        """
        try:
            return await self._exchange.read()
        except (OSError, ValueError) as error:
            raise Refused(named(error, self._target, self._client.settings, self._exchange)) from error

    async def read_in_time(self) -> bytes:
        """Return as `read` does; see `gateway.transport.UpstreamAnswer`."""
        if self._exchange.is_readable:
            return await self.read()
        settings, clock = self._client.settings, self._exchange.connection.loop.time
        began, left = clock(), settings.whole_timeout - self._waited
        try:
            async with asyncio.timeout(min(settings.silence_timeout, left)):
                return await self.read()
        except TimeoutError as error:
            self.abort()
            seconds = settings.whole_timeout if left <= settings.silence_timeout else settings.silence_timeout
            raise Refused(AnswerUnfinished(self._target.url, seconds, self.received)) from error
        finally:
            self._waited += clock() - began

    def abort(self) -> None:
        """Close the connection now; nothing more is wanted."""
        self._exchange.abort()

    def distrust(self) -> None:
        """Close the connection, even where it is kept or carries the next request of the same owner already."""
        self._exchange.connection.close()


class ProxyClient:
    """Opens exchanges with upstreams and keeps their connections for the next one."""

    def __init__(self, clock: Clock, settings: TransportSettings | None = None) -> None:
        self.settings = settings or TransportSettings()
        self._clock = clock
        self._patience = Patience(self.settings.response_timeout, min(_GRAIN, self.settings.response_timeout / 4))
        self._pool = Pool(self.settings.idle_timeout)
        self._contexts: dict[tuple[str | None, int], ssl.SSLContext] = {}

    async def open(self, request: UpstreamRequest, timing: Timing) -> UpstreamAnswer:
        """Send `request` and return its answer as soon as the head has arrived.

        Raises:
            Refused: with a problem of `problems.proxy`.
        """
        target = target_of(request.url)
        loop = asyncio.get_running_loop()
        key = (request.owner, target.host, target.port, target.is_https, request.certificate)
        connection = self._pool.take(key)
        if connection is None:
            timing.connect_began = self._clock.ticks()
            connection = await self._connect(loop, target, request.certificate, key)
            timing.connected = self._clock.ticks()
        exchange = connection.exchange(bytes_of(request, target))
        timing.sent = self._clock.ticks()
        deadline = self._patience.remind(loop, lambda: exchange.fail(TimeoutError()))
        try:
            await exchange.begun()
        except (OSError, ValueError) as error:
            connection.close()
            raise Refused(named(error, target, self.settings, exchange)) from error
        except asyncio.CancelledError:
            exchange.abort()
            raise
        finally:
            self._patience.forget(deadline)
        timing.answered = self._clock.ticks()
        return UpstreamAnswer(exchange, target, self)

    def close(self) -> None:
        """Close every connection that waits for a request."""
        self._pool.close()

    async def _connect(
        self, loop: asyncio.AbstractEventLoop, target: Target, certificate: str | None, key: Hashable
    ) -> Connection:
        """Return a new connection.

        Raises:
            Refused: with the reason why there is none.
        """
        tls = self._tls(target.url, certificate) if target.is_https else None
        try:
            async with asyncio.timeout(self.settings.connect_timeout):
                _, connection = await loop.create_connection(
                    lambda: Connection(loop, self._pool.keeper(key)), target.host, target.port, ssl=tls
                )
        except TimeoutError as error:
            raise Refused(UpstreamConnectTimedOut(target.url, self.settings.connect_timeout)) from error
        except OSError as error:
            raise Refused(_named_connecting(error, target)) from error
        return connection

    def _tls(self, url: str, certificate: str | None) -> ssl.SSLContext:
        """Return how to speak TLS, with a client certificate where one is named; a changed file is read again.

        Raises:
            Refused: with `ClientCertificateUnusable`.
        """
        try:
            key = (certificate, Path(certificate).stat().st_mtime_ns if certificate else 0)
            if key not in self._contexts:
                self._contexts[key] = _context(certificate)
        except OSError as error:  # an SSLError is one
            raise Refused(ClientCertificateUnusable(url, certificate or "", error.strerror or str(error))) from error
        return self._contexts[key]


def _context(certificate: str | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if certificate:
        context.load_cert_chain(certificate)
    return context
