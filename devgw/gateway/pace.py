"""How often something may happen: so many times in any minute, whoever does it."""

from collections import deque

from devgw.clock import Clock

_MINUTE = 60_000_000_000
"""Nanoseconds of steady time: a clock that is set does not open the door."""


class Pace:
    """Remembers when something happened within the last minute."""

    def __init__(self, per_minute: int) -> None:
        self.per_minute = per_minute
        self._times: deque[int] = deque(maxlen=per_minute)

    def take(self, clock: Clock, most: int) -> int:
        """Let it happen and return 0, or return the seconds after which it may, where `most` happened already."""
        now = clock.ticks()
        if len(self._times) >= most and (left := self._times[-most] + _MINUTE - now) > 0:
            return left // 1_000_000_000 + 1
        self._times.append(now)
        return 0
