"""One request's answer on its way: filled by its connection, read by the proxy."""

import asyncio
from typing import Protocol

from devgw.events.trace import Headers
from devgw.limits import Limits
from devgw.outbound.framing import BodyByLength, BodyFraming
from devgw.outbound.head import AnswerHeadTooLarge, NotHttp, end_of_head, read_head

HIGH_WATER = 262_144
"""Bytes that may wait for a slow client before the upstream has to wait too."""
_SWITCHING = 101


class ConnectionLost(ConnectionError):  # noqa: N818  it reads as what happened
    """The upstream closed the connection in the middle of an exchange."""


class ProtocolSwitched(NotHttp):
    """The upstream answered 101."""


class ReadSide(Protocol):
    """The connection under an exchange."""

    loop: asyncio.AbstractEventLoop

    def pause(self) -> None:
        """Read no more."""

    def resume(self) -> None:
        """Read again."""

    def close(self) -> None:
        """Close at once."""


class Exchange:
    """The answer to one request."""

    __slots__ = (
        "_body",
        "_chunks",
        "_is_of_head",
        "_received",
        "_waiter",
        "connection",
        "failure",
        "has_begun",
        "headers",
        "interim",
        "is_complete",
        "is_early",
        "keeps",
        "reason",
        "received",
        "status",
        "waiting",
    )

    def __init__(self, connection: ReadSide, *, is_of_head: bool = False) -> None:
        self.connection = connection
        self._is_of_head = is_of_head
        """Whether HEAD was asked: whatever length the answer names, none of it follows (RFC 9112 §6.3)."""
        self.status = 0
        self.reason = b""
        self.headers: Headers = []
        self.has_begun = False
        self.is_complete = False
        self.is_early = False
        """Whether the answer began before the request was wholly written."""
        self.keeps = False
        """Whether the head lets the connection be used again."""
        self.interim = 0
        """1xx answers before the real one."""
        self.failure: Exception | None = None
        self.received = 0
        self.waiting = 0
        self._body: BodyFraming
        self._received = b""
        self._chunks: list[bytes] = []
        self._waiter: asyncio.Future[None] | None = None

    # --- called by the connection ---

    def take(self, received: bytes) -> bytes | None:
        """Take what arrived; return what follows the end of the answer, None while it goes on.

        Raises:
            NotHttp: where it is no answer in HTTP/1.
            FramingUnsafe: where its end is ambiguous.
            HeadTooLarge: where its head passes a limit.
            FramingTooLong: where the framing of its body does.
        """
        if not self.has_begun:
            received = self._take_head(received)
            if not self.has_begun:
                return None
        piece, rest = self._body.take(received)
        if piece:
            self._chunks.append(piece)
            self.received += len(piece)
            self.waiting += len(piece)
        self.is_complete = rest is not None
        if self.waiting > HIGH_WATER and not self.is_complete:
            self.connection.pause()
        self._wake()
        return rest

    def _take_head(self, received: bytes) -> bytes:
        """Begin the answer once its head is there, past interim ones; return what follows the head."""
        searched, received = len(self._received), self._received + received
        while (end := end_of_head(received, searched)) > 0:
            head = read_head(received[:end])
            received, searched = received[end:], 0
            if head.status == _SWITCHING:
                raise ProtocolSwitched("it switches protocols, which nobody asked for")
            if head.status >= 200:
                self.status, self.headers, self.keeps, self._body = head.status, head.headers, head.keeps, head.body
                self.reason = head.reason
                if self._is_of_head:  # who errs sends the body all the same, maybe later: not over a kept connection
                    self._body, self.keeps = BodyByLength(0), False
                self.has_begun, self._received = True, b""
                return received
            self.interim += 1
            if self.interim > Limits.INTERIM_ANSWERS:
                raise AnswerHeadTooLarge(f"more than {Limits.INTERIM_ANSWERS} interim answers")
        self._received = received
        return b""

    def fail(self, failure: Exception) -> None:
        """End the exchange without the rest; a body that lasts until the connection closes ends well."""
        if self.is_complete or self.failure:
            return
        if isinstance(failure, ConnectionLost) and self.has_begun and self._body.ends_with_connection:
            self.is_complete = True
        else:
            self.failure = failure
        self._wake()

    # --- called by the proxy ---

    @property
    def is_readable(self) -> bool:
        """Tell whether `read` returns at once."""
        return bool(self._chunks) or self.is_complete or self.failure is not None

    async def begun(self) -> None:
        """Return as soon as the head is there, or raise why there is none."""
        while not self.has_begun:
            if self.failure:
                raise self._taken_failure()
            await self._wait()

    async def read(self) -> bytes:
        """Return what has arrived, waiting for the first byte; empty at the end."""
        while not self._chunks:
            if self.is_complete:
                return b""
            if self.failure:
                raise self._taken_failure()
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

    def _taken_failure(self) -> Exception:
        """Return the failure, once: kept, its traceback would be a circle through here, with every body on the way."""
        failure, self.failure = self.failure or ConnectionLost(), ConnectionLost()
        return failure

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def _wait(self) -> None:
        self._waiter = self.connection.loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None
