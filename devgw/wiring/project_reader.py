"""One thread in which a project's files are read: what reads may be long, or wait for a disk that does not answer.

Requests are answered meanwhile. One piece of work is done at a time, however many ask and however many of those leave:
a disk that hangs takes this thread, and none of those that others need.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import ParamSpec, TypeVar

from devgw.wiring.cause import Cause
from devgw.wiring.own_thread import OwnThread

P = ParamSpec("P")
R = TypeVar("R")
PATIENCE_SECONDS = 10.0
"""After which it is said that files are still being read: the longest project takes a second."""
_LATE = Cause(
    f"the project's files are being read for more than {PATIENCE_SECONDS:.0f} s; the last good configuration runs on",
    "See whether the disk with the project answers (`ls` in its folder); it goes on by itself then.",
)


class ProjectReader:
    """Reads in its one thread."""

    def __init__(self, limit: Callable[[Cause | None], None]) -> None:
        self._limit = limit
        """Is told that a piece of work takes long, and None once it is done."""
        self._thread = OwnThread("project reader")

    async def read(self, work: Callable[P, R], *arguments: P.args, **named: P.kwargs) -> R:
        """Return what `work` returns, once those who asked before are served."""
        asked = asyncio.ensure_future(self._thread.run(partial(work, *arguments, **named)))
        try:
            done, _ = await asyncio.wait({asked}, timeout=PATIENCE_SECONDS)
            if not done:
                self._limit(_LATE)
                await asyncio.wait({asked})
                self._limit(None)
            return asked.result()
        finally:
            asked.cancel()  # nobody waits for it any more, and it may not have begun
