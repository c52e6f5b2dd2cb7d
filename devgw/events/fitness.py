"""Who of those that watch is fit to be called: one that fails or is slow again and again is set aside."""

from collections.abc import Callable

from devgw.clock import Clock, ThreadTime
from devgw.events.event import Event, Outcome
from devgw.events.running import ObserverSetAside

OFTEN = 3
SLOW_NS = 100_000_000
"""An observer that takes so long holds up every request: it takes a thousandth of that where it works from indexes."""
_ROUND_NS = 20_000_000
"""How old the record may be of what the thread had before: taking it takes some twenty microseconds."""
SLOW_WITHIN_NS = 60_000_000_000
"""Slowness counts where it comes again within a minute: a machine that slept makes anything slow once."""


def _nobody(_who: str, _cause: str) -> None:
    """Tell nobody: nothing shows who is set aside."""


class Fitness:
    """Counts faults and slow moments by who had them; who is set aside stays so until the next start.

    Slow is who computed, slept or waited for too long. Who was merely given no processor is not: on a machine that is
    busy or has a quota all would be set aside, and nothing be said any more for the rest of the gateway's life.

    Attributes:
        set_aside: why, by who: `rule refusals`, `observer monitor`.
        show: called with both; the event alone would not do, because its reader may be the one who is set aside.
    """

    def __init__(self, clock: Clock, publish: Callable[[Event], None]) -> None:
        self._clock = clock
        self._publish = publish
        self._before: ThreadTime | None = None
        self._looked = self._went_on = clock.ticks() - _ROUND_NS
        self._failures: dict[str, int] = {}
        self._slow: dict[str, list[int]] = {}
        self.set_aside: dict[str, str] = {}
        self.show: Callable[[str, str], None] = _nobody

    def note_failure(self, who: str, kind: str) -> None:
        """Count a fault of somebody without whom all others do their work; `kind` is the type of the exception."""
        self._failures[who] = self._failures.get(who, 0) + 1
        if self._failures[who] >= OFTEN:
            self._put_aside(who, f"failed {self._failures[who]} times, last with {kind}")

    def begin(self, now: int) -> None:
        """Take note of what the thread had before somebody is called, who may turn out to be slow."""
        if now - self._looked >= _ROUND_NS:
            self._looked, self._before = now, self._clock.thread_time()

    def note_going_on(self) -> None:
        """Take note that the whole process was stopped, and goes on now: nobody in it was slow meanwhile."""
        self._went_on = self._clock.ticks()

    def note_time(self, who: str, began: int, ended: int) -> None:
        """Take note of how long something took, in steady nanoseconds, after `begin`."""
        if ended - began < SLOW_NS or (took := self._own(began, ended)) < SLOW_NS:
            return
        recent = [each for each in self._slow.get(who, []) if ended - each < SLOW_WITHIN_NS]
        self._slow[who] = [*recent, ended]
        if len(self._slow[who]) >= OFTEN:
            self._put_aside(who, f"was slow {OFTEN} times within a minute, last {took / 1e6:.0f} ms")

    def _own(self, began: int, ended: int) -> int:
        """Return how much of the time between was spent by who was called."""
        before, after = self._before, self._clock.thread_time()
        self._looked, self._before = self._clock.ticks(), after
        if self._went_on >= began:
            return 0
        return after.own_since(before, ended - began) if before is not None else ended - began

    def _put_aside(self, who: str, cause: str) -> None:
        if who not in self.set_aside:
            self.set_aside[who] = cause
            self.show(who, cause)
            self._publish(ObserverSetAside(who=who, cause=cause, outcome=Outcome.FAILURE))
