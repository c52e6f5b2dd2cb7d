"""Keeps flows as they happen: a helper beside the requests, whose disk may be full, slow or gone.

Twice a second it asks the recorder what changed, and lets a thread of its own write it. It rests twenty times as long
as that kept a processor, so that a flood costs a twentieth of a core; what it cannot follow is dropped and counted.
Whatever is in the way stands in Health, and is tried again by itself.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from devgw import __version__
from devgw.clock import Clock
from devgw.control.folder import FLOWS
from devgw.entropy import short_id
from devgw.monitor.details import TraceDetail
from devgw.monitor.monitor import Monitor
from devgw.monitor.recorded_flow import RecordedFlow, RunView, recording_of
from devgw.monitor.recorder import KeptFlow, Picked, Recorder
from devgw.monitor.rows import FlowRow
from devgw.problems import Refused
from devgw.settings import Settings
from devgw.store.failure import StateUnusable
from devgw.store.flows import FlowStore
from devgw.wiring.cause import Cause, HelperUnwell
from devgw.wiring.own_thread import OwnThread

HELPER = "kept flows"
"""How Health calls it."""
PAUSE_SECONDS, _LONGEST_SECONDS = 0.5, 5.0
_REST = 20
_AT_ONCE = 20
"""Flows that are written together."""
_TOLD_NS = 60_000_000_000
"""For how long Health says that something was dropped."""
_LAST_TICKS = 20
"""Of the monitor's, at an end: a failure of the last moment is named, too."""
_LAST_SECONDS = 0.5
"""How long an end waits for what is still to be written."""
T = TypeVar("T")


def archive_of(monitor: Monitor, settings: Settings, clock: Clock, started: datetime) -> "FlowArchive | None":
    """Return where the flows of this run are kept; None where nothing is."""
    if settings.ephemeral:
        return None
    run = RunView(short_id("r-", 12), started.timestamp(), __version__)
    return FlowArchive(monitor, settings.state_path, clock, run)


class FlowArchive:
    """The flows of this run and of those before it, in the state folder; see `monitor.archive.Archive`."""

    def __init__(self, monitor: Monitor, folder: Path, clock: Clock, run: RunView) -> None:
        self._monitor = monitor
        self._path = folder / FLOWS
        self._clock = clock
        self._run = run
        self._recorder = Recorder(monitor)
        self._thread = OwnThread(HELPER)
        self._store: FlowStore | None = None
        self._is_clearing = False
        self._dropped, self._dropped_at = 0, 0

    # --- keeping ---

    async def serve(self, limit: Callable[[Cause | None], None]) -> None:
        """Keep flows until cancelled.

        Args:
            limit: told what keeps it from keeping all; None where nothing does any more.

        Raises:
            HelperUnwell: where nothing can be kept now; it can be tried again.
        """
        rows, unreadable = await self._asked(self._open)
        for row in rows:
            if row.id not in self._monitor.earlier and self._monitor.flow(row.id) is None:
                self._monitor.earlier.put(row.id, row)
        self._monitor.wake()
        rest = PAUSE_SECONDS
        while True:
            limit(self._cause(unreadable))
            await asyncio.sleep(rest)
            rest = min(_LONGEST_SECONDS, max(PAUSE_SECONDS, _REST * await self._write_some()))

    def _open(self) -> tuple[list[FlowRow], int]:
        """Open the file; return the flows of earlier runs, and how many of them cannot be read."""
        if self._store is not None:
            self._store.close()
            self._store = None
        store = FlowStore(self._path)
        try:
            store.begin(self._run)
            store.save((), self._now())  # what is too old goes, although nothing comes
            rows = store.earlier()
        except BaseException:
            store.close()
            raise
        self._store = store
        return rows, store.unreadable

    async def _write_some(self) -> float:
        """Write what changed, the oldest change first; return how many seconds of a processor that took."""
        self._recorder.look()
        picked = [] if self._is_clearing else self._recorder.pick(_AT_ONCE)
        if not picked:
            return 0.0
        try:
            gone, failed, took = await self._asked(lambda: self._write(picked))
        except BaseException:
            self._recorder.put_back(picked)
            raise
        for id_, error in failed:
            self._monitor.guard.failed(HELPER, id_, error)
        for id_ in gone:
            self._monitor.earlier.drop(id_)
        return took

    def _write(self, picked: list[Picked]) -> tuple[list[str], list[tuple[str, Exception]], float]:
        """Write these.

        Returns:
            The ids of what was forgotten for them, what could not be put into words, and the seconds of a processor.
        """
        began = self._clock.thread_time().computed
        assert self._store is not None
        told, failed = list[KeptFlow](), list[tuple[str, Exception]]()
        for each in picked:
            try:
                told.append(self._recorder.tell(each))
            except Exception as error:  # noqa: BLE001  one flow that cannot be told keeps no other from being kept
                failed.append((each.flow.id, error))
        gone = self._store.save(told, self._now())
        self._recorder.wrote(picked)
        return gone, failed, (self._clock.thread_time().computed - began) / 1e9

    def _now(self) -> float:
        """Return the machine's own time: a flow does not age because the gateway's clock was moved."""
        return self._clock.untravelled().timestamp()

    def _cause(self, unreadable: int) -> Cause | None:
        """Return what was not kept a moment ago, or cannot be read."""
        if self._recorder.dropped != self._dropped:
            self._dropped, self._dropped_at = self._recorder.dropped, self._clock.ticks()
        if self._dropped and self._clock.ticks() - self._dropped_at < _TOLD_NS:
            return Cause(f"{self._dropped:,} changes of flows were not kept: more came than can be written")
        if unreadable:
            fix = f"Move {self._path} away: a new one is begun."
            return Cause(f"{unreadable:,} flows of earlier runs cannot be read", fix)
        return None

    async def _asked(self, work: Callable[[], T]) -> T:
        """Let the thread do it; say in words what is in the way.

        Raises:
            HelperUnwell: where the file cannot be used.
        """
        try:
            return await self._thread.run(work)
        except StateUnusable as unusable:
            raise HelperUnwell(Cause(f"flows are not kept: {unusable}")) from unusable
        except Refused as refused:
            problem = refused.problem
            raise HelperUnwell(Cause(f"flows are not kept: {problem.explain()}", problem.advise())) from refused

    def close(self) -> None:
        """Judge and write what is still to be, in bounded time, and close the file."""
        for _ in range(_LAST_TICKS):
            self._monitor.tick()
            if self._monitor.judging.is_idle:
                break
        self._recorder.look()

        def last() -> None:
            if self._store is not None:
                try:
                    while picked := self._recorder.pick(_AT_ONCE):
                        self._write(picked)
                finally:
                    self._store.close()
                    self._store = None

        self._thread.finish(last, _LAST_SECONDS)

    # --- asking ---

    async def find(self, id_: str) -> RecordedFlow | None:
        """Return a flow: as it stands now where it is of this run, with the exchanges that left the memory."""
        return await self._thread.run(lambda: self._find(id_))

    def _find(self, id_: str) -> RecordedFlow | None:
        now = recording_of(self._monitor, self._run, id_)
        if self._store is None or (now is not None and not now.left_out):
            return now
        kept = self._store.find(id_)
        if now is None or kept is None:
            return now or kept
        merged = {each.row.id: each for each in (*kept.exchanges, *now.exchanges)}
        now.exchanges, now.left_out = list(merged.values()), kept.left_out
        return now

    async def find_exchange(self, id_: str) -> TraceDetail | None:
        """Return one exchange of a flow that is kept."""
        return await self._thread.run(lambda: self._store.find_exchange(id_) if self._store else None)

    async def forget(self) -> None:
        """Forget every flow that is kept."""
        self._is_clearing = True  # what is picked meanwhile would be written behind it
        try:
            await self._thread.run(lambda: self._store.forget() if self._store else 0)
            self._recorder.forget()
        finally:
            self._is_clearing = False
