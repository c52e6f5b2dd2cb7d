"""Calls those who watch, so that no fault of theirs reaches those who decide."""

import contextlib
import traceback
from collections.abc import Callable
from typing import TypeVar

from devgw.clock import Clock
from devgw.events.event import Event, FailureOrigin, Outcome
from devgw.events.running import ObserverFailed

R = TypeVar("R")
_ONE_SECOND = 1_000_000_000
_OWN = "observer_failed"
"""The event by which faults are told: one that is met on it is not told again."""
_FRAMES = 20
"""Of a traceback that are written: a recursion has a thousand, and its last ones tell where."""


def _nowhere(_text: str) -> None:
    """Write nothing: there is no file for it."""


class Guard:
    """Keeps the faults of observers from going further: counts each, tells it as an event, writes its traceback.

    One observer is told of once a second at most; the event carries how many faults there were in between. A fault that
    was met while such an event was observed is counted and not told.

    Attributes:
        failures: how many faults there were since the start.
        write: where tracebacks go; whoever knows of a file sets it.
    """

    def __init__(self, clock: Clock, publish: Callable[[Event], None]) -> None:
        self._clock = clock
        self._publish = publish
        self._told: dict[str, int] = {}
        self._untold: dict[str, int] = {}
        self.failures = 0
        self.write: Callable[[str], None] = _nowhere

    def call(self, who: str, on: str, work: Callable[..., R], *arguments: object) -> R | None:
        """Return what `work` returns; None where it fails.

        Args:
            who: the observer, by a name that stays the same.
            on: what it looks at: the name of an event, the id of a flow or a request.
            work: what it does.
            *arguments: what `work` is called with.
        """
        try:
            return work(*arguments)
        except BaseException as error:  # noqa: BLE001  not even an exit ends those who decide: nothing is awaited in it
            self.failed(who, on, error)
            return None

    def failed(self, who: str, on: str, error: BaseException) -> None:
        """Take note of a fault of `who`; see `call`."""
        self.failures += 1
        self._untold[who] = self._untold.get(who, 0) + 1
        now = self._clock.ticks()
        if on == _OWN or now - self._told.get(who, now - _ONE_SECOND) < _ONE_SECOND:
            return
        self._told[who] = now
        self._write(who, on, error)
        self._publish(
            ObserverFailed(
                who=who,
                on=on,
                kind=type(error).__name__,
                times=self._untold.pop(who),
                total=self.failures,
                outcome=Outcome.FAILURE,
                failure_origin=FailureOrigin.GATEWAY,
            )
        )

    def _write(self, who: str, on: str, error: BaseException) -> None:
        """Write the traceback; a full disk, or an exception that cannot be shown, changes nothing."""
        with contextlib.suppress(Exception):
            told = "".join(traceback.format_exception(error, limit=-_FRAMES))
            self.write(f"{self._clock.now():%Y-%m-%dT%H:%M:%SZ} {who} failed on {on}\n{told}")
