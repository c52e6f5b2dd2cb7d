"""Reminders that nearly never come: one coarse timer of the loop for all of them.

A timer of uvloop costs 15 µs, and every request on an MCP route needs two that are cancelled a moment later: that was a
tenth of its time.
"""

from asyncio import AbstractEventLoop
from collections.abc import Callable

from devgw.tasks import stood_still


class Patience:
    """Calls each function once `delay` seconds have passed, or up to `grain` seconds later, unless it is forgotten.

    Time in which the loop stood still does not count.
    """

    def __init__(self, delay: float, grain: float) -> None:
        self._delay = delay
        self._grain = grain
        self._waiting: dict[int, tuple[float, Callable[[], object]]] = {}
        self._last = 0
        self._is_ticking = False
        self._tick_at = 0.0

    def remind(self, loop: AbstractEventLoop, function: Callable[[], object]) -> int:
        """Have `function` called later; return the number by which it can be forgotten."""
        self._last += 1
        self._waiting[self._last] = (loop.time() + self._delay, function)
        if not self._is_ticking:
            self._is_ticking = True
            self._begin(loop)
        return self._last

    def forget(self, number: int) -> None:
        """Call the function with this number no more; harmless where it was called."""
        self._waiting.pop(number, None)

    def _tick(self, loop: AbstractEventLoop) -> None:
        """Call what is due; all wait equally long, so the first that is not due ends the search."""
        now = loop.time()
        if still := stood_still(now - self._tick_at):  # nobody could be heard meanwhile, so nobody is late
            latest = now + self._delay  # for what was set after it woke, and before this
            self._waiting = {each: (min(due + still, latest), then) for each, (due, then) in self._waiting.items()}
        while self._waiting:
            number, (due, function) = next(iter(self._waiting.items()))
            if due > now:
                break
            del self._waiting[number]
            function()
        self._is_ticking = bool(self._waiting)
        if self._is_ticking:
            self._begin(loop)

    def _begin(self, loop: AbstractEventLoop) -> None:
        self._tick_at = loop.time() + self._grain
        loop.call_later(self._grain, self._tick, loop)
