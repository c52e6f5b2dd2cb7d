"""Connections to upstreams that wait for their next request, each for one owner alone.

What one person's request left behind on a connection (a body that the upstream never read) can only ever meet that
person's own next request.
"""

import asyncio
from collections.abc import Callable, Hashable

from devgw.limits import Limits
from devgw.outbound.connection import Connection


class Pool:
    """Kept connections by owner and target; none waits longer than `idle_timeout` seconds."""

    def __init__(self, idle_timeout: float) -> None:
        self._idle_timeout = idle_timeout
        self._free: dict[Hashable, list[Connection]] = {}
        self._count = 0
        self._is_sweeping = False

    def take(self, key: Hashable) -> Connection | None:
        """Return the youngest connection of `key` that is still good; None where there is none."""
        free = self._free.get(key)
        while free:
            connection = free.pop()
            self._count -= 1
            if not free:
                del self._free[key]
            if connection.is_open and not self._is_old(connection):
                return connection
            _close(connection)
        return None

    def keeper(self, key: Hashable) -> Callable[[Connection], None]:
        """Return what takes a connection of `key` back once it is free."""

        def keep(connection: Connection) -> None:
            connection.free_since = connection.loop.time()
            self._free.setdefault(key, []).append(connection)
            self._count += 1
            if self._count > Limits.KEPT_CONNECTIONS:
                self._drop_one()
            if not self._is_sweeping:
                self._is_sweeping = True
                connection.loop.call_later(self._idle_timeout, self._sweep, connection.loop)

        return keep

    def close(self) -> None:
        """Close every connection that waits."""
        for connections in self._free.values():
            for connection in connections:
                _close(connection)
        self._free.clear()
        self._count = 0

    def _is_old(self, connection: Connection) -> bool:
        return connection.loop.time() - connection.free_since >= self._idle_timeout

    def _drop_one(self) -> None:
        """Close the oldest connection of the owner who has waited longest for another request."""
        key = next(iter(self._free))
        _close(self._free[key].pop(0))
        self._count -= 1
        if not self._free[key]:
            del self._free[key]

    def _sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        """Close what has waited too long, or was closed by the upstream; come again while any waits."""
        for key, connections in list(self._free.items()):
            good = [each for each in connections if each.is_open and not self._is_old(each)]
            for connection in connections:
                if connection not in good:
                    _close(connection)
            self._count -= len(connections) - len(good)
            if good:
                self._free[key] = good
            else:
                del self._free[key]
        self._is_sweeping = bool(self._free)
        if self._is_sweeping:
            loop.call_later(self._idle_timeout, self._sweep, loop)


def _close(connection: Connection) -> None:
    if connection.is_open:
        connection.close()
