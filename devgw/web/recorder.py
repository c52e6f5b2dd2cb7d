"""One record per HTTP exchange: raw bytes in both directions, phases, and the event that says it is over.

It stands between the server and every handler, on the hot path too, so it copies nothing but what it keeps.
"""

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from contextvars import ContextVar
from email.utils import formatdate
from functools import lru_cache
from typing import Any

from devgw.clock import Clock, epoch
from devgw.entropy import short_id
from devgw.events import Bus, Trace
from devgw.events.taxonomy import HttpExchanged, Outcome
from devgw.events.trace import CLIENT_LEFT, Headers, Phase
from devgw.events.unseen import UNSEEN
from devgw.foreign.held import HeldTogether
from devgw.gateway.forwarding import header_of, is_event_stream
from devgw.ids import TraceId
from devgw.limits import Limits
from devgw.monitor.under_way import UnderWay
from devgw.web import awaited
from devgw.web.awaited import Awaited
from devgw.web.request_body import RequestBody

REASON = "devgw.reason"  # of `http.response.start`: the words beside the status, where they are somebody else's

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

LATE = "devgw.late"
"""Member of an `http.disconnect` from our own server: the seconds after which the rest of a body was given up."""
CURRENT_TRACE: ContextVar[TraceId | None] = ContextVar("devgw.trace", default=None)
"""The request that is answered now: the bus writes it into events whose publisher knows of no request."""
_DRAINED = 8
"""How many times the limit is read, and thrown away, before an upload that is too large is cut off."""


@lru_cache(maxsize=4)
def _http_date(seconds: int) -> bytes:
    return formatdate(seconds, usegmt=True).encode()


class BodyTooLarge(Exception):  # noqa: N818  it reads as what happened
    """The request's body is beyond the limit; what could be read of it was."""


class BodyUnfinished(Exception):  # noqa: N818  it reads as what happened
    """The rest of the request's body did not come in time."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class ClientLeft(Exception):  # noqa: N818  it reads as what happened
    """The client closed the connection; nobody waits for an answer."""


class Recording:
    """What is written down of one exchange while it runs; its `receive` and `send` are the server's, overheard."""

    __slots__ = (
        "_began",
        "_clock",
        "_length",
        "_limit",
        "_receive",
        "_send",
        "body",
        "extra_headers",
        "has_begun",
        "hide",
        "is_cut",
        "is_over",
        "is_read",
        "tail",
        "trace",
        "waits_for",
        "waits_since",
    )

    def __init__(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        *,
        clock: Clock,
        limit: int,
        bodies: HeldTogether,
        hide: Callable[[str], str] = str,
    ) -> None:
        peer = scope.get("client") or ("", 0)
        self._clock = clock
        self._began = clock.ticks()
        self._receive = receive
        self._send = send
        self._limit = limit
        self.body = RequestBody(bodies)
        self.extra_headers: tuple[tuple[bytes, bytes], ...] = ()
        """Added to the answer, in place of those that the handler gave the same name."""
        self.hide = hide
        """Masks in our own words what the project configures and nobody may see."""
        self.has_begun = False
        self.is_read = False
        """Whether the request's body was read to its end, or given up."""
        self.is_cut = False
        """Whether a part of that body is left: the answer ends the connection."""
        self.is_over = False
        self.waits_for = awaited.REQUEST
        """What has to come before the exchange can go on; see `wait`."""
        self.waits_since = self._began
        self.tail = b""
        """The last four bytes that were sent: whether an event had ended there."""
        headers = scope["headers"]
        self._length = int(header_of(headers, b"content-length") or 0)
        self.trace = Trace(
            id=TraceId(short_id()),
            started_at=clock.now(),
            method=scope["method"],
            path=scope["path"],
            query=scope["query_string"],
            scheme=scope["scheme"],
            peer=f"{peer[0]}:{peer[1]}",
            http_version=scope["http_version"],
            request_headers=headers if isinstance(headers, list) else list(headers),
        )

    async def receive(self) -> Message:
        """Return the next message of the server, and keep the bytes in it."""
        message = await self._receive()
        if message["type"] == "http.request" and (body := message.get("body")):
            self.trace.request_body.add(body, self._limit)
        return message

    async def read_body(self, limit: int) -> bytes:
        """Return the whole request body.

        Hypercorn closes a connection on which an answer begins before the body has arrived, without saying so; hence
        every body is read to its end, even where the answer is known before. One that says it is too long is not waited
        for: the server goes on reading for a moment, so that its client can read why.

        Raises:
            BodyTooLarge: where it is longer than `limit` bytes.
            BodyUnfinished: where the server gave up waiting for the rest of it.
            ClientLeft: where the rest of it will never come.
            Refused: with `BodyGaveWay`.
        """
        if self._length > limit:
            self.is_read = self.is_cut = True
            raise BodyTooLarge
        began = self._clock.ticks()
        while True:
            message = await self.receive()
            if message["type"] == "http.disconnect":
                raise BodyUnfinished(message[LATE]) if LATE in message else ClientLeft
            if piece := message.get("body"):
                self.body.come(piece, limit)
            if not message.get("more_body"):
                break
            if self.body.size > limit * _DRAINED:
                self.is_cut = True
                break
        self.is_read = True
        self.phase("receive", began)
        self.wait(awaited.ANSWER)
        if self.body.size > limit:
            raise BodyTooLarge
        return self.body.whole()

    @property
    def is_long(self) -> bool:
        """Tell by the head whether the body may be longer than what is read of anybody."""
        if self._length:
            return self._length > Limits.BODY_UNCOUNTED_BYTES
        return bool(header_of(self.trace.request_headers, b"transfer-encoding"))

    async def drain(self, limit: int) -> None:
        """Read what is left of the request, for nobody."""
        if self.is_read:
            return
        self.body.refuse()
        try:
            await self.read_body(limit)
        except BodyTooLarge:
            pass
        except BodyUnfinished:
            self.is_cut = True
        if self.is_cut:
            self.trace.notes.append("The request's body was cut off.")

    def replay(self, body: bytes) -> Receive:
        """Return a `receive` that gives the body that was read already, and then what the server says."""
        messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> Message:
            return messages.pop() if messages else await self.receive()

        return receive

    async def send(self, message: Message) -> None:
        """Pass a message to the server, and keep the bytes in it; nothing once the answer is over."""
        if self.is_over:  # it was cut, and whoever worked on it was not told
            return
        if message["type"] == "http.response.body":
            if body := message.get("body"):
                self.trace.response_body.add(body, self._limit)
                self.tail = (self.tail + body)[-4:] if len(body) < 4 else body[-4:]
            self.is_over = not message.get("more_body")
        elif message["type"] == "http.response.start":
            self.has_begun = True
            self.trace.status = message["status"]
            headers = self._completed(message.get("headers", ()))
            self.trace.response_headers = headers
            message = {**message, "headers": headers}
        await self._send(message)

    def _completed(self, headers: Iterable[tuple[bytes, bytes]]) -> Headers:
        """Return the headers of the answer with ours, and with a date unless the upstream gave one."""
        complete = list(headers)
        if self.extra_headers:
            names = {name for name, _ in self.extra_headers}
            complete = [pair for pair in complete if pair[0] not in names]
            complete += self.extra_headers
        if self.is_cut:
            complete.append((b"connection", b"close"))
        if not header_of(complete, b"date"):
            complete.append((b"date", _http_date(epoch(self.trace.started_at))))
        return complete

    async def answer(self, status: int, headers: Headers, body: bytes = b"", reason: bytes = b"") -> None:
        """Answer with a body that is there already; `reason` is what somebody else said beside the status."""
        head = [*headers, (b"content-length", b"%d" % len(body))]
        await self.send({"type": "http.response.start", "status": status, "headers": head, REASON: reason})
        await self.send({"type": "http.response.body", "body": body})

    def elapsed_ms(self) -> float:
        """Return the milliseconds since the exchange began."""
        return (self._clock.ticks() - self._began) / 1e6

    def wait(self, what: Awaited) -> int:
        """Write down for what the exchange waits from now on; return the steady nanoseconds of now."""
        self.waits_for = what
        self.waits_since = self._clock.ticks()
        return self.waits_since

    @property
    def is_streaming(self) -> bool:
        """Tell whether the answer is a stream that has begun: silence is nothing unusual there."""
        return self.has_begun and is_event_stream(header_of(self.trace.response_headers, b"content-type"))

    @property
    def is_unseen(self) -> bool:
        """Tell whether it is a question of our own, which no book has."""
        return self.trace.id == UNSEEN

    def under_way(self) -> UnderWay:
        """Return how far it has come."""
        return UnderWay(self.trace, self.elapsed_ms(), self.waits_for.what, self.waited_ms())

    def waited_ms(self) -> float:
        """Return the milliseconds since `waits_for` was written down."""
        return (self._clock.ticks() - self.waits_since) / 1e6

    def ticks(self) -> int:
        """Return steady nanoseconds, for `phase`."""
        return self._clock.ticks()

    def phase(self, name: str, began: int, ended: int | None = None) -> None:
        """Write down that `name` lasted from `began` until `ended`, or until now."""
        ended = self._clock.ticks() if ended is None else ended
        self.trace.phases.append(Phase(name, (began - self._began) / 1e6, (ended - began) / 1e6))

    def finish(self, bus: Bus) -> None:
        """Complete the trace and publish it."""
        trace = self.trace
        self.body.let_go()
        trace.duration_ms = self.elapsed_ms()
        if not self.has_begun and not self.is_over:
            trace.status, trace.outcome = CLIENT_LEFT, Outcome.CANCELLED
            trace.notes.append(self.body.why_left(self._length))
        bus.publish(
            HttpExchanged(
                trace=trace,
                trace_id=trace.id,
                transaction_id=trace.transaction_id,
                grant_id=trace.grant_id,
                session_id=trace.session_id,
                client_id=trace.client_id,
                client_name=trace.client_name,
                operation_id=trace.operation_id,
                subject_id=trace.subject_id,
                **trace.ending(),
            )
        )
