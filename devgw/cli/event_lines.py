"""The event lines of `devgw up --headless`: written by a thread of their own, so that no reader holds up the gateway.

What waits for a reader is bounded; beyond that lines are dropped, counted, and the count is told once there is room.
"""

import asyncio
import contextlib
import errno
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from devgw.cli.headless import LinePrinter
from devgw.cli.printing import write_line
from devgw.clock import Clock
from devgw.events import Published
from devgw.limits import Limits
from devgw.monitor.lines import is_detail, line_of
from devgw.wiring.cause import Cause, HelperUnwell

_LOOK_SECONDS = 0.5
_BLOCKED_SECONDS = 2.0
_UNREAD = Cause(
    "Nobody reads the event lines; they are dropped and counted.",
    "Let the pipe or terminal go on (Ctrl+Q), or send them to a file.",
)


@dataclass(frozen=True, slots=True)
class _Missed:
    count: int


class EventLines:
    """Hears events and prints them elsewhere; never waits, never raises."""

    def __init__(self, printer: LinePrinter, clock: Clock, *, all_lines: bool = False) -> None:
        self._printer = printer
        self._clock = clock
        self._all_lines = all_lines
        self._waiting: queue.Queue[Published | _Missed | str | None] = queue.Queue(Limits.EVENT_LINES)
        self._missed = 0
        self._error: OSError | None = None
        self._complained_of: int | None = None
        """The number of the last failure, of which nothing more is said until lines go out again."""
        self._began_writing = 0
        self._thread = threading.Thread(target=self._write_all, name="event lines", daemon=True)
        self._thread.start()

    def hear(self, published: Published) -> None:
        """Take an event for printing."""
        if self._all_lines or not is_detail(published.event):
            self._take(published)

    def say(self, text: str) -> None:
        """Take a line that is no event."""
        self._take(text)

    def _take(self, what: Published | str) -> None:
        try:
            if self._missed:
                self._waiting.put_nowait(_Missed(self._missed))
                self._missed = 0
            self._waiting.put_nowait(what)
        except queue.Full:
            self._missed += 1

    async def keep(self) -> None:
        """Watch over the writing, as a helper of the supervisor; returns where the reader has gone for good.

        Raises:
            HelperUnwell: while nobody reads.
            OSError: where the lines cannot be written; they are tried again when this is called again.
        """
        self._error = None
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            error = self._failure()
            if error is not None and error.errno == errno.EPIPE:
                return
            if error is not None:
                raise error
            began = self._began_writing
            if began and (self._clock.ticks() - began) / 1e9 > _BLOCKED_SECONDS:
                raise HelperUnwell(_UNREAD)

    def _failure(self) -> OSError | None:
        return self._error  # set by the thread

    def close(self, within: float) -> bool:
        """Write what waits; tell whether all of it was written in time."""
        try:
            if self._missed:
                self._waiting.put(_Missed(self._missed), timeout=within)
            self._waiting.put(None, timeout=within)
        except queue.Full:
            return False
        self._thread.join(within)
        return not self._thread.is_alive()

    # --- in the thread ---

    def _write_all(self) -> None:
        self._printer.holds = True  # what came meanwhile goes out in one write
        while (what := self._waiting.get()) is not None:
            if self._error is None:
                self._began_writing = self._clock.ticks()
                self._try(partial(self._write, what))
                if self._waiting.empty() and self._try(self._printer.flush):
                    self._complained_of = None
                self._began_writing = 0
        self._try(self._printer.flush)

    def _write(self, what: Published | _Missed | str) -> None:
        if isinstance(what, _Missed):
            self._printer.tell_missed(what.count)
        elif isinstance(what, str):
            self._printer.tell(what)
        else:
            self._printer.show(line_of(what, has_fields=self._printer.as_json))

    def _try(self, act: Callable[[], None]) -> bool:
        try:
            act()
        except OSError as error:
            self._error = error
            if error.errno != self._complained_of:
                _complain(error)
            self._complained_of = error.errno
        except Exception as error:  # noqa: BLE001  one line that cannot be made must not end the others
            if self._printer.is_closed:
                self._error = OSError(errno.EPIPE, str(error))
        else:
            return True
        return False


def _complain(error: OSError) -> None:
    """Say it once where somebody may see it."""
    if error.errno != errno.EPIPE:
        reason = error.strerror or type(error).__name__
        with contextlib.suppress(OSError):
            write_line(f"devgw: the event lines cannot be written: {reason}. The gateway goes on.", err=True)
