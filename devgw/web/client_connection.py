"""One client's connection: Hypercorn's, but nothing on it is waited for without end.

Hypercorn (0.18; the tests of this file notice a change) keeps an idle task per connection, waits for it for 75 seconds
after the client has left, and has one time limit for everything. Here one look a second at every connection takes its
place: no task and no timer is made per request.
"""

import contextlib
from collections.abc import Callable
from enum import Enum
from typing import Any, ClassVar

import h11
from hypercorn.asyncio.task_group import TaskGroup
from hypercorn.asyncio.tcp_server import MAX_RECV, TCPServer
from hypercorn.events import Closed, Event, RawData, Updated
from hypercorn.typing import ConnectionState
from hypercorn.utils import parse_socket_addr

from devgw.limits import Limits
from devgw.problems import Problem
from devgw.problems.incoming import RequestUnfinished
from devgw.web.http1 import Http1
from devgw.web.recorder import LATE

DROP = "devgw.drop"
"""Member of a request's `state`: ends its connection at once, for who has to break it as somebody else did."""


class Wait(Enum):
    """What a connection waits for."""

    REQUEST = "the client's next request"
    HEAD = "the rest of a head"
    BODY = "more of a body"
    US = "our answer"
    END = "the client to close, too"


class ClientConnection(TCPServer):
    """Serves one client until either side ends it."""

    speaks: ClassVar[type[Http1]] = Http1
    protocol: Http1  # type: ignore[assignment]  # Hypercorn has a wrapper there, which goes over to HTTP/2

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        now = self.loop.time()
        self.idle_since = now
        """When it was opened, or its last answer ended."""
        self.heard_at = now
        """When the client sent something last."""
        self.hear: Callable[[Problem, str], None] | None = None
        """Is told why the client at an address was turned away."""
        self.surplus_of: int | None = None
        """The limit where this connection is beyond it."""
        self._reads = False
        self._request_at = now
        self._head_seen = 0.0
        self._left_at = 0.0
        self._told_late = False
        self._unsent, self._unsent_at = 0, now

    @property
    def is_begun(self) -> bool:
        """Tell whether it has a protocol already."""
        return hasattr(self, "protocol")

    @property
    def descriptor(self) -> int:
        """Return the number of its socket, -1 once that is closed."""
        return int(self.writer.get_extra_info("socket").fileno())

    @property
    def waits_for(self) -> Wait:
        """Return what it waits for at this moment."""
        if self._left_at:
            return Wait.END
        state = self.protocol.connection.their_state
        if state is h11.IDLE:
            return Wait.HEAD if self.protocol.connection.trailing_data[0] else Wait.REQUEST
        return Wait.BODY if state is h11.SEND_BODY and self._reads else Wait.US

    async def run(self) -> None:
        """Serve; return when the connection is over and nothing of it is left."""
        socket = self.writer.get_extra_info("socket")
        try:
            self._ends = [
                parse_socket_addr(socket.family, each) for each in (socket.getpeername(), socket.getsockname())
            ]
            async with TaskGroup(self.loop) as tasks:
                self._task_group = tasks
                self.begin(self.speaks)
                await self._read_data()
        except OSError:  # it was gone before it was looked at
            pass
        finally:
            with contextlib.suppress(OSError):  # the system says again that the client is gone (ENOTCONN, too)
                await self._close()

    def begin(self, kind: type[Http1]) -> None:
        """Begin to speak HTTP, afresh."""
        state = ConnectionState({**self.state, DROP: self.drop})
        given = self.app, self.config, self.context, self._task_group, state, False, *self._ends, self.protocol_send
        self.protocol = kind(*given)
        self.protocol.surplus_of, self.protocol.hear = self.surplus_of, self.hear

    async def protocol_send(self, event: Event) -> None:
        """Do what the protocol asks for."""
        if isinstance(event, Updated):
            now = self.loop.time()
            if event.idle:
                self.idle_since = now
            else:
                self._request_at = now
        elif isinstance(event, Closed):
            self._leave()
        else:
            await super().protocol_send(event)

    async def _read_data(self) -> None:
        """Read until the client closes; what comes after the last answer is thrown away."""
        with contextlib.suppress(ConnectionError, OSError):
            while not self.reader.at_eof():
                self._reads = True
                data = await self.reader.read(MAX_RECV)
                self._reads = False
                self.heard_at = self.loop.time()
                if not data and self._is_in_the_middle():
                    break  # whoever left is told nothing, and is no program that cannot write HTTP (RFC 9112 §8)
                if not self._left_at:
                    await self.protocol.handle(RawData(data))
        await self.protocol.handle(Closed())

    def _is_in_the_middle(self) -> bool:
        """Tell whether a request has begun and not all of it came."""
        connection = self.protocol.connection
        state = connection.their_state
        return state is h11.SEND_BODY or (state is h11.IDLE and bool(connection.trailing_data[0]))

    def _leave(self) -> None:
        """Say that no more comes, and let the client close first: an answer would be lost over unread bytes."""
        if self._left_at:
            return
        self._left_at = self.loop.time()
        with contextlib.suppress(OSError, RuntimeError):  # the client is gone: reading ends, too
            self.writer.write_eof()

    def drop(self) -> None:
        """End it at once; a request that is under way sees that its client has left."""
        self.writer.transport.abort()

    def forgive(self, seconds: float, now: float) -> None:
        """Count so many seconds before `now` for nothing: nothing of what came meanwhile could be heard.

        What has begun since is no part of them, and begins no later than it did.
        """
        if self._head_seen >= self.idle_since:  # else of a head before
            self._head_seen = min(now, self._head_seen + seconds)
        self.idle_since = min(now, self.idle_since + seconds)
        self.heard_at = min(now, self.heard_at + seconds)
        self._request_at = min(now, self._request_at + seconds)
        self._unsent_at = min(now, self._unsent_at + seconds)
        if self._left_at:
            self._left_at = min(now, self._left_at + seconds)

    def look(self, now: float) -> None:
        """End whatever has lasted too long; called once a second."""
        if self._is_unread(now):
            self.drop()
            return
        match self.waits_for:
            case Wait.REQUEST if now - self.idle_since > Limits.IDLE_SECONDS:
                self.drop()
            case Wait.END if now - self._left_at > Limits.LINGER_SECONDS:
                self.drop()
            case Wait.HEAD:
                self._look_at_head(now)
            case Wait.BODY:
                self._look_at_body(now)

    def _is_unread(self, now: float) -> bool:
        """Tell whether the client has taken nothing of what was written for too long."""
        size = self.writer.transport.get_write_buffer_size()
        if size == 0 or size < self._unsent:
            self._unsent_at = now
        self._unsent = size
        return size > 0 and now - self._unsent_at > Limits.UNREAD_SECONDS

    def _look_at_head(self, now: float) -> None:
        if self._head_seen < self.idle_since:
            self._head_seen = now
        if now - self._head_seen > Limits.HEAD_SECONDS:
            self._task_group.spawn(self.protocol.turn_away, RequestUnfinished("head", Limits.HEAD_SECONDS))

    def _look_at_body(self, now: float) -> None:
        silent = now - max(self.heard_at, self._request_at)
        is_late = silent > Limits.SILENCE_SECONDS or now - self._request_at > Limits.BODY_SECONDS
        stream = self.protocol.stream
        if not is_late or stream is None:
            return
        if self._told_late:  # whoever answers has had a second for it
            self.drop()
            return
        self._told_late = True
        waited = Limits.SILENCE_SECONDS if silent > Limits.SILENCE_SECONDS else Limits.BODY_SECONDS
        put: Any = stream.app_put
        self._task_group.spawn(put, {"type": "http.disconnect", LATE: waited})
