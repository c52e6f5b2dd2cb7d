"""Where a flow is found that may have left the memory: on disk, or where nothing is kept, in memory alone."""

import asyncio
from typing import Protocol

from devgw.monitor.details import TraceDetail
from devgw.monitor.monitor import Monitor
from devgw.monitor.recorded_flow import RecordedFlow, RunView, recording_of


class Archive(Protocol):
    """The flows of this run and of those before it.

    Each of its questions may raise `FlowFileRefused` where what is kept says nothing, and `Refused` with a problem of
    `problems.state` where it cannot be read.
    """

    async def find(self, id_: str) -> RecordedFlow | None:
        """Return a flow with its exchanges; None where there is none, or it is not kept any more."""

    async def find_exchange(self, id_: str) -> TraceDetail | None:
        """Return one exchange of a flow that is kept."""

    async def forget(self) -> None:
        """Forget every flow that is kept."""


class MemoryArchive:
    """For a gateway that keeps nothing: the flows of this run, as long as they are in memory."""

    def __init__(self, monitor: Monitor) -> None:
        self._monitor = monitor

    async def find(self, id_: str) -> RecordedFlow | None:
        """Return a flow with the exchanges that are in memory."""
        facts = self._monitor.gateway
        run = RunView("", facts.started, facts.version)
        return await asyncio.to_thread(recording_of, self._monitor, run, id_)

    async def find_exchange(self, id_: str) -> TraceDetail | None:
        """Return none: what is in memory was found there."""
        del id_
        return None

    async def forget(self) -> None:
        """Do nothing: the memory is cleared by whoever asks."""
