"""What a task of asyncio knows of itself, and how long it waits: by the time in which the process went on.

A process that was stopped (Ctrl-Z, a debugger, a frozen container), or given no processor, finds every timer due at
once when it goes on, and what came meanwhile still unread. Whoever is waited for is not late then, and is not said to
be: only the time counts in which the loop could have heard of it.
"""

import asyncio
from types import TracebackType
from typing import Self

STOOD_STILL_SECONDS = 0.5
"""A timer that comes so much too late tells that the loop stood still meanwhile."""
_STEP_SECONDS = 1.0
"""Timers are set no further ahead, so that each tells of the time since the one before."""
_LOOK_SECONDS = 0.25
"""In which what came while the loop stood still is read, before anybody is late."""


def is_cancelled() -> bool:
    """Tell whether the running task is asked to end: else a `CancelledError` came from what it waited for."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def stood_still(late: float) -> float:
    """Return for how many seconds the loop stood still, by how many a timer came too late."""
    return late if late > STOOD_STILL_SECONDS else 0.0


class Allowance:
    """Seconds for which something may be waited for, all in all: several waits can share them."""

    __slots__ = ("left", "seconds")

    def __init__(self, seconds: float) -> None:
        self.seconds = self.left = seconds

    @property
    def is_spent(self) -> bool:
        """Tell whether no more is waited."""
        return self.left <= 0


class PatientTimeout:
    """As `asyncio.timeout`, of the shortest of some allowances, each of which is spent by the wait.

    Raises:
        TimeoutError: once one of them is spent.
    """

    __slots__ = ("_allowances", "_began", "_loop", "_step", "_timeout", "_timer")

    def __init__(self, *allowances: Allowance) -> None:
        self._allowances = allowances
        self._timeout = asyncio.timeout(None)

    async def __aenter__(self) -> Self:
        """Begin to wait."""
        self._loop = asyncio.get_running_loop()
        await self._timeout.__aenter__()
        self._arm()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End it."""
        self._timer.cancel()
        self._count()
        await self._timeout.__aexit__(kind, error, traceback)

    def _arm(self) -> None:
        self._began = self._loop.time()
        self._step = min(_STEP_SECONDS, *(each.left for each in self._allowances))
        self._timer = self._loop.call_later(max(0.0, self._step), self._look)

    def _count(self) -> float:
        """Count the time since the last look; return for how much of it the loop stood still."""
        passed = self._loop.time() - self._began
        still = stood_still(passed - self._step)
        for each in self._allowances:
            each.left -= passed - still
        return still

    def _look(self) -> None:
        if self._count():
            for each in self._allowances:
                each.left = max(each.left, _LOOK_SECONDS)
        if not any(each.is_spent for each in self._allowances):
            self._arm()
            return
        self._began, self._step = self._loop.time(), 0.0
        self._timeout.reschedule(self._began)
