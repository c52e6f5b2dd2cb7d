"""Serves one monitor to any number of readers. None of them can hold the gateway up.

A reader's place is a number. Whenever it has taken what was sent, it is given what changed since, each row once; while
it has not, nothing is kept for it. What is bounded is detail (traces and lines): what a slow reader cannot be given any
more, a `gap` counts.
"""

import asyncio
import contextlib
from pathlib import Path

from devgw.control.actions import Actions
from devgw.control.answering import Answering
from devgw.control.connection import ControlConnection, Shared
from devgw.control.endpoint import Opened, listen
from devgw.control.lock import ProjectLock
from devgw.control.messages import TurnedAway
from devgw.entropy import short_id
from devgw.limits import Limits
from devgw.monitor.archive import Archive
from devgw.monitor.monitor import Monitor

_FAREWELL_SECONDS = 1.0
_TOO_MANY = TurnedAway(
    "too_many_readers",
    f"{Limits.CONTROL_READERS} readers are connected already.",
    "End dashboards and tails that nobody looks at.",
)


class ControlServer:
    """The control socket of one gateway.

    `open` it before anything else, so that a second gateway in the project is refused early; then let `serve` run in
    the gateway's task group, and call `keep` now and then. Cancelling `serve` closes everything.
    """

    def __init__(
        self,
        monitor: Monitor,
        actions: Actions,
        state_dir: Path,
        lock: ProjectLock | None = None,
        user: int | None = None,
        archive: Archive | None = None,
    ) -> None:
        self._monitor = monitor
        self._state_dir = state_dir
        self._lock = lock or ProjectLock(state_dir)
        self._sleepers: list[asyncio.Future[None]] = []
        self._shared = Shared(monitor, Answering(monitor, actions, archive), short_id("i-"), self._next_news, user)
        self._connections: dict[asyncio.StreamWriter, asyncio.Task[None] | None] = {}
        self._opened: Opened | None = None

    async def open(self) -> None:
        """Take the project and listen.

        Raises:
            Refused: with a problem of `problems.control`.
        """
        if not self._lock.is_held:
            self._lock.acquire()
        self._opened = await listen(self._state_dir, self._welcome, Limits.CONTROL_LINE_BYTES)
        self._shared.token = self._opened.token
        self._monitor.wake = self._wake

    async def serve(self) -> None:
        """Serve until cancelled."""
        try:
            await asyncio.Event().wait()
        finally:
            await self.close()

    async def keep(self) -> None:
        """Listen anew where somebody removed the socket: faces would find no gateway.

        Where lock or folder went too, the project is taken again first.

        Raises:
            Refused: with a problem of `problems.control`; it can be tried again.
        """
        opened = self._opened
        if opened is None:
            return
        self._lock.keep()
        if opened.is_in_place():
            return
        self._opened = await listen(self._state_dir, self._welcome, Limits.CONTROL_LINE_BYTES)
        self._shared.token = self._opened.token
        opened.server.close()

    async def close(self) -> None:
        """Send every reader away, remove the socket, give the project back."""
        if self._opened is None:
            return
        opened, self._opened = self._opened, None
        opened.server.close()
        self._monitor.wake = lambda: None
        await self._send_away()
        if opened.is_in_place():
            with contextlib.suppress(OSError):
                opened.path.unlink()
        self._lock.release()

    # --- readers ---

    async def _welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections[writer] = asyncio.current_task()
        connection = ControlConnection(self._shared, reader, writer)
        try:
            if len(self._connections) > Limits.CONTROL_READERS:
                await connection.turn_away(_TOO_MANY)
            else:
                await connection.serve()
        finally:
            self._connections.pop(writer, None)
            writer.close()

    async def _send_away(self) -> None:
        """Close every connection; one that does not take its last bytes in time is cut off."""
        for writer in self._connections:
            writer.close()
        self._wake()
        tasks = [task for task in self._connections.values() if task is not None and task is not asyncio.current_task()]
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=_FAREWELL_SECONDS)
            for task in late:
                task.cancel()

    def _wake(self) -> None:
        """Wake whoever waits for news. On the hot path: mostly nobody does."""
        if self._sleepers:
            sleepers, self._sleepers = self._sleepers, []
            for sleeper in sleepers:
                if not sleeper.done():
                    sleeper.set_result(None)

    async def _next_news(self) -> None:
        sleeper = asyncio.get_running_loop().create_future()
        self._sleepers.append(sleeper)
        await sleeper
