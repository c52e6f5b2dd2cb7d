"""What was begun at somebody else's endpoint is brought to its end, whoever stops waiting for it.

A code or refresh token that left here is spent there: if the browser or client leaves meanwhile, the answer must still
be read and kept. Whoever asks for the same thing while it is under way gets the same answer. A stop waits for all of it
as long as it may, and says what it could not wait for; a kill leaves what was written down before the sending.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar, cast

T = TypeVar("T")


class Completion:
    """Runs work that must not be cut, at most one of each name at a time."""

    def __init__(self) -> None:
        self._under_way: dict[str, asyncio.Future[Any]] = {}

    def is_under_way(self, name: str) -> bool:
        """Tell whether work of this name runs."""
        return name in self._under_way

    async def once(self, name: str, begin: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Return what `begin` brings, or what the work of this name brings that runs already.

        Whoever waits may be cancelled; the work goes on.

        Args:
            name: what it is, in words that may be shown, such as `refresh of linear for user_1`.
            begin: starts the work; it is called at once or not at all.
        """
        work = self._under_way.get(name)
        if work is None:
            # No task group: the work has to outlive the request that began it.
            work = self._under_way[name] = asyncio.ensure_future(begin())
            work.add_done_callback(lambda done: self._end(name, done))
        try:
            return cast("T", await asyncio.shield(work))
        finally:
            del work  # what it raised holds this frame: both, and all that was read, would wait for the collector

    async def finish(self, seconds: float) -> tuple[str, ...]:
        """Wait until nothing is under way any more; cut off what is after `seconds`, and return its names."""
        waiting = dict(self._under_way)
        if waiting:
            await asyncio.wait(waiting.values(), timeout=max(0.0, seconds))
        cut = tuple(name for name, work in waiting.items() if not work.done())
        for name in cut:
            waiting[name].cancel()
        return cut

    def _end(self, name: str, work: "asyncio.Future[Any]") -> None:
        del self._under_way[name]
        if not work.cancelled():
            work.exception()  # looked at, so that nobody complains where all who waited have left
