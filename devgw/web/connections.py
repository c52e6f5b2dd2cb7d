"""All connections of one server: how many there are, who goes first where there is no room, who has waited too long."""

import asyncio
from dataclasses import dataclass

from devgw.platforms.here import here
from devgw.tasks import stood_still
from devgw.web.client_connection import ClientConnection, Wait

SURPLUS = 8
"""Connections beyond the limit that are taken so that they can be told."""
_LOOK_SECONDS = 1.0
_PAUSE_SECONDS = 0.02
_PATIENCE_SECONDS = 2.0
"""How long a new connection waits for room before it is told that there is none."""
_SPARED_SECONDS = {Wait.REQUEST: 0.2, Wait.HEAD: 0.25, Wait.BODY: 0.5, Wait.END: 0.1}
"""How long a connection must have been silent before it makes room, by what it waits for: a program on this machine
sends its request within a millisecond, and a client of a pool that was ended between two requests opens another."""


@dataclass(slots=True)
class RoomMade:
    """How many connections, on which nothing went on, were ended so that others could be taken."""

    count: int = 0


class OpenConnections:
    """The open connections of one server."""

    def __init__(self, limit: int, made: RoomMade | None = None) -> None:
        self.limit = limit
        self._made = made or RoomMade()
        self._open: set[ClientConnection] = set()
        self._arriving = 0

    def add(self, connection: ClientConnection) -> None:
        """Count one in, for which there was room."""
        self._arriving -= 1
        self._open.add(connection)

    def discard(self, connection: ClientConnection) -> None:
        """Count one out."""
        self._open.discard(connection)

    @property
    def are_full(self) -> bool:
        """Tell whether there are as many as there may be."""
        return len(self._open) + self._arriving >= self.limit

    def give_up(self) -> None:
        """Count out one that was expected and was gone before it could be served."""
        self._arriving -= 1

    def expect(self) -> bool:
        """Keep a place for one that was accepted; tell whether it is one too many."""
        is_surplus = self.are_full
        self._arriving += 1
        return is_surplus

    async def room(self) -> None:
        """Return when a connection may be taken: at once, after others made room, or as one too many."""
        loop = asyncio.get_running_loop()
        until = loop.time() + _PATIENCE_SECONDS
        while self.are_full and not self.make_room():
            if loop.time() > until and len(self._open) + self._arriving < self.limit + SURPLUS:
                return
            await asyncio.sleep(_PAUSE_SECONDS)

    def make_room(self) -> bool:
        """End some that nobody is waiting for, the longest silent first; tell whether there were any."""
        now = asyncio.get_running_loop().time()
        spare = sorted((each for each in self._open if _is_spare(each, now)), key=lambda each: each.heard_at)
        for each in spare[: max(1, self.limit // 16)]:
            each.drop()
            self._open.discard(each)
            self._made.count += 1
        return bool(spare)

    def let_go(self) -> None:
        """End all on which nothing is under way; a request of which a part is here may come whole, or be answered."""
        for each in [one for one in self._open if one.is_begun and one.waits_for not in {Wait.US, Wait.BODY}]:
            each.drop()

    async def watch(self) -> None:
        """Look at every connection once a second, for ever."""
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            await asyncio.sleep(_LOOK_SECONDS)
            now = loop.time()
            still = stood_still(now - began - _LOOK_SECONDS)
            for each in list(self._open):
                if still:
                    each.forgive(still, now)
                elif each.is_begun:
                    each.look(now)


def _is_spare(connection: ClientConnection, now: float) -> bool:
    """Tell whether a connection could be ended without anybody missing an answer."""
    if not connection.is_begun or (waits_for := connection.waits_for) is Wait.US:
        return False
    silent = now - max(connection.heard_at, connection.idle_since)
    return silent > _SPARED_SECONDS[waits_for] and not here().has_unread(connection.descriptor)
