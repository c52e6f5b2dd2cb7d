"""The only place that reads the clock. Everything else is given a `Clock`."""

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

from devgw.platforms.here import here


@dataclass(frozen=True, slots=True)
class ThreadTime:
    """What a thread had of the machine, in nanoseconds; only differences mean anything."""

    computed: int = 0
    """By itself."""
    others: int = 0
    """By the other threads of the process: Python lets one of them go on at a time."""
    queued: int = 0
    """For how long it could have gone on, and no processor was given to it; 0 where the system does not tell."""
    pauses: int | None = None
    """How often it gave its processor up by itself, as who sleeps does; None where the system does not tell."""

    def own_since(self, before: "ThreadTime", elapsed: int) -> int:
        """Return how much of the time that elapsed went to what the thread did: computing, sleeping, waiting.

        Who was merely not given a processor was not slow, be it that the machine is busy, has a quota, or stood still.
        """
        computed = self.computed - before.computed
        if self.pauses is not None and self.pauses == before.pauses:
            return min(elapsed, computed)
        kept = (self.queued - before.queued) + (self.others - before.others)
        return min(elapsed, max(computed, elapsed - kept))


class Clock(Protocol):
    """What tells the time: the wall's for lifetimes, a steady one for durations."""

    def now(self) -> datetime:
        """Return the wall time, aware, in UTC."""

    def untravelled(self) -> datetime:
        """Return the machine's own wall time: for comparing it with the clocks of others, who do not travel along."""

    def ticks(self) -> int:
        """Return steady nanoseconds since some fixed moment; only differences mean anything."""

    def thread_time(self) -> ThreadTime:
        """Return what this thread had of the machine so far. It takes some twenty microseconds."""


class SystemClock:
    """The machine's clock, which can travel forwards, stand still and be set back.

    Expiry is seen so without waiting for it.

    Attributes:
        frozen: the moment at which it stands still; None while it goes.
    """

    def __init__(self) -> None:
        self._offset = timedelta()
        self.frozen: datetime | None = None

    def now(self) -> datetime:
        """Return the machine's wall time plus what was travelled, or the moment at which it stands."""
        return datetime.now(UTC) + self._offset if self.frozen is None else self.frozen

    def untravelled(self) -> datetime:
        """Return the machine's wall time."""
        return datetime.now(UTC)

    def ticks(self) -> int:
        """Return the machine's steady nanoseconds."""
        return time.perf_counter_ns()

    def thread_time(self) -> ThreadTime:
        """Return what the system tells of this thread."""
        computed, system = time.thread_time_ns(), here()
        return ThreadTime(computed, time.process_time_ns() - computed, system.queued_ns(), system.pauses())

    def travel(self, by: timedelta) -> None:
        """Move the wall time forwards by `by`."""
        self._offset += by
        if self.frozen is not None:
            self.frozen += by

    def freeze(self) -> None:
        """Let the wall time stand still."""
        self.frozen = self.now()

    def reset(self) -> None:
        """Show the machine's own time again."""
        self._offset, self.frozen = timedelta(), None


@dataclass
class FrozenClock:
    """A clock that stands still until told to move: for tests and pictures."""

    at: datetime = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
    steady: int = field(default=0)

    def now(self) -> datetime:
        """Return the moment at which it stands."""
        return self.at

    def untravelled(self) -> datetime:
        """Return the same: its travels are the time that passes in a test."""
        return self.at

    def ticks(self) -> int:
        """Return steady nanoseconds that moved with `travel` only."""
        return self.steady

    def thread_time(self) -> ThreadTime:
        """Return nothing: all time that passes is that of who lets it pass."""
        return ThreadTime()

    def travel(self, by: timedelta) -> None:
        """Move both times forwards by `by`."""
        self.at += by
        self.steady += int(by.total_seconds() * 1e9)


def has_passed(since: datetime, now: datetime, span: timedelta) -> bool:
    """Tell whether so much time went by; it counts as gone where the clock was set back, since nobody knows then."""
    return not timedelta() <= now - since < span


def travelled(clock: Clock) -> timedelta:
    """Return by how much a clock has travelled."""
    return clock.now() - clock.untravelled()


def beside(theirs: datetime, ours: datetime, by_travel: timedelta) -> datetime:
    """Return our time as the other side has it, whose clock shows `theirs`.

    The emulators travel along with us and real providers do not: of the two, the one that is nearer.
    """
    return min(ours, ours - by_travel, key=lambda moment: abs(theirs - moment))


def epoch(moment: datetime) -> int:
    """Return whole seconds since 1970, as OAuth and JWT write time."""
    return int(moment.timestamp())


def from_epoch(seconds: float) -> datetime:
    """Return the aware moment of `seconds` since 1970."""
    return datetime.fromtimestamp(seconds, UTC)


def wall_time(seconds: float) -> datetime:
    """Return the moment of `seconds` since 1970 as clocks on this machine's walls show it.

    A `TZ` that the system takes and Python does not (a day away from UTC or more) counts as UTC.
    """
    moment = from_epoch(seconds)
    try:
        return moment.astimezone()
    except ValueError:
        return moment
