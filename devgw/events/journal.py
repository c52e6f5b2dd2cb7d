"""What was published and not yet observed: bounded, in order, for one reader."""

from collections import deque
from dataclasses import dataclass
from datetime import datetime

from devgw.events.event import Event
from devgw.limits import Limits


@dataclass(frozen=True, slots=True)
class Published:
    """An event with its place in the order of things."""

    seq: int
    at: datetime
    event: Event


class Journal:
    """The newest events until they are taken; where the reader falls behind, the oldest are lost and counted.

    Attributes:
        lost: how many events were never taken.
    """

    def __init__(self, kept: int = Limits.JOURNAL_EVENTS) -> None:
        self._events: deque[Published] = deque(maxlen=kept)
        self._taken = 0
        self.lost = 0
        self.add = self._events.append

    def __len__(self) -> int:
        return len(self._events)

    def take(self, most: int) -> list[Published]:
        """Return the oldest events, `most` at most, and keep them no longer; what was lost before them is counted."""
        events = self._events
        taken = [events.popleft() for _ in range(min(most, len(events)))]
        if taken:
            self.lost += taken[0].seq - self._taken - 1
            self._taken = taken[-1].seq
        return taken
