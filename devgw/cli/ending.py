"""How a gateway's process ends: asked by a signal or its parent, and by the last resort where something hangs.

The handlers are Python's own and not the loop's, so that a loop that hangs hears the signal too. What the interpreter
would do at its end (wait for threads, flush what nobody reads) is left out: it may take for ever.
"""

import asyncio
import contextlib
import faulthandler
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from signal import Signals
from typing import NoReturn

from devgw.cli.printing import write_page
from devgw.control.folder import STUCK_LOG
from devgw.files import replace
from devgw.platforms.here import here
from devgw.platforms.signals import hear

LAST_RESORT_SECONDS = 4.6
"""After the first signal; a stop in order takes less (`wiring.stopping`)."""
_BACKUP_SECONDS = LAST_RESORT_SECONDS + 0.2
"""The interpreter's own watchdog, which needs nothing of Python."""


class EndSignals:
    """Hears who wants the gateway to end, and sees to it that it does."""

    def __init__(self, stopping: asyncio.Event, state_dir: Path | None) -> None:
        self._stopping = stopping
        self._state_dir = state_dir
        self._nowhere = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115  for as long as the process lives
        self._is_watched = False

    def listen(self, parent_pipe: int | None) -> None:
        """Hear signals, and the end of the parent's pipe."""
        loop = asyncio.get_running_loop()

        def heard(_signal: Signals) -> None:
            loop.call_soon_threadsafe(self._stopping.set)
            self.watch()

        hear(heard, lambda signal: loop.call_soon_threadsafe(_go_on, signal))
        if parent_pipe is not None:
            self._hear_parent(parent_pipe, loop)

    def _hear_parent(self, pipe: int, loop: asyncio.AbstractEventLoop) -> None:
        try:
            loop.add_reader(pipe, self._stopping.set)
        except NotImplementedError:  # the loop of Windows watches no descriptors
            threading.Thread(target=_wait_for_end, args=(pipe, loop, self._stopping.set), daemon=True).start()

    async def watch_once_stopping(self) -> None:
        """Wait until somebody wants the gateway to end, by whatever way, and see to it."""
        await self._stopping.wait()
        self.watch()

    def watch(self) -> None:
        """End the process in a few seconds, whatever happens until then."""
        if self._is_watched:
            return
        self._is_watched = True
        try:
            faulthandler.dump_traceback_later(_BACKUP_SECONDS, exit=True, file=self._nowhere)
            timer = threading.Timer(LAST_RESORT_SECONDS, self._give_up)
            timer.daemon = True
            timer.start()
        except RuntimeError:  # the system gives no more threads
            here().end_in(_BACKUP_SECONDS)

    def _give_up(self) -> None:
        """Say what hangs, and end."""
        where = self._write_evidence()
        _say_if_anybody_reads(f"devgw did not stop in order within {LAST_RESORT_SECONDS} s and was ended.{where}\n")
        os._exit(1)

    def _write_evidence(self) -> str:
        if self._state_dir is None:
            return ""
        path = self._state_dir / STUCK_LOG
        try:
            with replace(path) as file:
                faulthandler.dump_traceback(file)
        except OSError:
            return ""
        return f" What hung stands in {path}."


def _wait_for_end(pipe: int, loop: asyncio.AbstractEventLoop, then: Callable[[], None]) -> None:
    """Wait until the other end of a pipe, into which nobody writes, is closed."""
    with contextlib.suppress(OSError):
        os.read(pipe, 1)
    loop.call_soon_threadsafe(then)


def _go_on(signal: Signals) -> None:
    """Say of a signal that it means nothing here."""
    _say_if_anybody_reads(f"{signal.name} means nothing to devgw, which goes on: Ctrl-C or SIGTERM ends it.\n")


def leave(code: int, sentence: str, drain: Callable[[], object]) -> NoReturn:
    """Say the sentence, if there is one, let `drain` write what waits, and end the process."""
    drain()
    with contextlib.suppress(OSError):
        if sentence:
            write_page(sentence, colour="red", err=True)
    os._exit(code)


def _say_if_anybody_reads(text: str) -> None:
    with contextlib.suppress(OSError, ValueError):
        if here().takes_bytes(sys.stderr.fileno()):
            os.write(sys.stderr.fileno(), text.encode())
