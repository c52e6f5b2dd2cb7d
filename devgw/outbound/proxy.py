"""The streaming HTTP client towards upstreams: connections that are kept, and failures that have names.

A request that was written is never sent twice: a tool may have run although no answer came.
"""

import asyncio
from typing import Protocol

from devgw.clock import Clock
from devgw.foreign.held import HeldTogether
from devgw.gateway.forwarding import header_of
from devgw.gateway.patience import Patience
from devgw.gateway.transport import Timing, TransportSettings, UpstreamRequest
from devgw.limits import Limits
from devgw.outbound.dialer import Dialer
from devgw.outbound.exchange import ConnectionLost, Exchange
from devgw.outbound.framing import FramingTooLong
from devgw.outbound.head import AnswerHeadTooLarge
from devgw.outbound.no_answer import no_answer
from devgw.outbound.pool import Pool
from devgw.outbound.reach import MAY_BE_FOR_TLS, is_refused_for_tls, speaks_tls
from devgw.outbound.target import RequestTarget, bytes_of, target_of
from devgw.problems import Problem, Refused
from devgw.problems.limit import AnswerGaveWay, AnswerHeadTooLong, AnswerUnfinished
from devgw.problems.proxy import UpstreamAnswerTimedOut, UpstreamClosedEarly, UpstreamSpeaksTls
from devgw.tasks import Allowance, PatientTimeout

_GRAIN = 0.25
"""Seconds by which the limit for an answer may be overrun."""


class _Answer(Protocol):
    """The part of an exchange that failures are told about."""

    has_begun: bool
    received: int


def named(error: Exception, target: RequestTarget, settings: TransportSettings, answer: _Answer) -> Problem:
    """Return the problem that `error` comes to."""
    if isinstance(error, TimeoutError):
        return UpstreamAnswerTimedOut(target.url, settings.response_timeout, is_setting=settings.are_proxy_settings)
    if isinstance(error, FramingTooLong):
        return AnswerHeadTooLong(target.url, part="framing of the body")
    if isinstance(error, AnswerHeadTooLarge):
        return AnswerHeadTooLong(target.url)
    if isinstance(error, ConnectionLost):
        return UpstreamClosedEarly(target.url, answer.received, answer.has_begun)
    return no_answer(error, target)


class UpstreamAnswer:
    """An exchange whose failures are problems."""

    __slots__ = ("_client", "_exchange", "_peer", "_target", "_whole", "headers", "reason", "status")

    def __init__(self, exchange: Exchange, target: RequestTarget, client: "ProxyClient", peer: str) -> None:
        self._exchange = exchange
        self._target = target
        self._client = client
        self._whole = Allowance(client.settings.whole_timeout)
        self._peer = peer
        self.status = exchange.status
        self.headers = exchange.headers
        self.reason = exchange.reason

    @property
    def is_complete(self) -> bool:
        """Tell whether the whole body has arrived."""
        return self._exchange.is_complete

    @property
    def peer(self) -> str:
        """See `gateway.transport.UpstreamAnswer`."""
        return self._peer

    @property
    def received(self) -> int:
        """Return how many bytes of the body have arrived."""
        return self._exchange.received

    async def read(self) -> bytes:
        """Return what has arrived since the last call, waiting for the first byte; empty at the end.

        Raises:
            Refused: with `UpstreamClosedEarly`, `UpstreamAnswerMalformed`, `UpstreamFramingUnsafe` or
                `AnswerHeadTooLong`.
        """
        try:
            return await self._exchange.read()
        except (OSError, ValueError) as error:
            raise Refused(named(error, self._target, self._client.settings, self._exchange)) from error

    async def read_in_time(self) -> bytes:
        """Return as `read` does; see `gateway.transport.UpstreamAnswer`."""
        if self._exchange.is_readable:
            return await self.read()
        silence = Allowance(self._client.settings.silence_timeout)
        try:
            async with PatientTimeout(silence, self._whole):
                return await self.read()
        except TimeoutError as error:
            self.abort()
            is_silent = not self._whole.is_spent
            seconds = silence.seconds if is_silent else self._whole.seconds
            raise Refused(AnswerUnfinished(self._target.url, seconds, self.received, is_silent)) from error

    def hold(self, size: int, *, is_leaving: bool = False) -> None:
        """See `gateway.transport.UpstreamAnswer`."""
        self._client.held.note(self, size, is_leaving=is_leaving)

    def give_way(self) -> None:
        """End it, so that whoever reads it is told that others want the room; one that is complete ends anyway."""
        self._exchange.fail(Refused(AnswerGaveWay(self._target.url, Limits.HELD_TOGETHER_BYTES)))
        self._exchange.abort()

    def abort(self) -> None:
        """Close the connection now; nothing more is wanted."""
        self._client.held.forget(self)
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
        self.held = HeldTogether(Limits.HELD_TOGETHER_BYTES, Limits.HELD_UNCOUNTED_BYTES)
        self._pool = Pool(self.settings.idle_timeout)
        self._dialer = Dialer(self.settings.connect_timeout, is_setting=self.settings.are_proxy_settings)

    async def open(self, request: UpstreamRequest, timing: Timing) -> UpstreamAnswer:
        """Send `request` and return its answer as soon as the head has arrived.

        Raises:
            Refused: with a problem of `problems.proxy`.
        """
        target = target_of(request.url)
        loop = asyncio.get_running_loop()
        key = (request.owner, target.host, target.port, target.is_https, request.certificate, request.led_by)
        connection = self._pool.take(key)
        if connection is None:
            timing.connect_began = self._clock.ticks()
            connection = await self._dialer.connect(request, target, self._pool.keeper(key))
            timing.connected = self._clock.ticks()
        exchange = connection.exchange(bytes_of(request, target, connection.proxy), request.method)
        timing.sent = self._clock.ticks()
        deadline = self._patience.remind(loop, lambda: exchange.fail(TimeoutError()))
        try:
            await exchange.begun()
        except (OSError, ValueError) as error:
            connection.close()
            is_plain = connection.proxy is None and not target.is_https and bool(timing.connect_began)
            if is_plain and isinstance(error, ConnectionLost) and await speaks_tls(target.host, target.port):
                raise Refused(UpstreamSpeaksTls(target.url)) from error
            raise Refused(named(error, target, self.settings, exchange)) from error
        except asyncio.CancelledError:
            exchange.abort()
            raise
        finally:
            self._patience.forget(deadline)
        timing.answered = self._clock.ticks()
        if exchange.status in MAY_BE_FOR_TLS and not target.is_https:
            kind = header_of(exchange.headers, b"content-type").decode("latin-1")
            if await is_refused_for_tls(target.url, exchange.status, kind):
                exchange.abort()
                raise Refused(UpstreamSpeaksTls(target.url))
        return UpstreamAnswer(exchange, target, self, connection.peer)

    def close(self) -> None:
        """Close every connection that waits for a request."""
        self._pool.close()
