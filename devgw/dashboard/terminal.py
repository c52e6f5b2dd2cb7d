"""The terminal itself: is there one, has it gone away, and how it is put right again."""

import contextlib
import os
import sys
import threading
from collections.abc import Callable, Mapping
from typing import Any

from devgw.platforms.here import here

_LOOK_SECONDS = 0.5
_RESTORE = (
    b"\x1b[?1049l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?1015l\x1b[?2004l\x1b[?1004l\x1b[<u\x1b[?2026l"
    b"\x1b[?7h\x1b[?25h\x1b[0m"
)


def why_none(environment: Mapping[str, str]) -> str:
    """Say why no dashboard can be shown here, or nothing where it can."""
    if environment.get("TEXTUAL_DRIVER"):
        return ""  # textual-serve: the terminal is in a browser
    if environment.get("NO_TTY"):
        return "NO_TTY is set"
    if environment.get("TERM") == "dumb":
        return "TERM is dumb"
    for name, stream in (("stdin", sys.__stdin__), ("stdout", sys.__stdout__), ("stderr", sys.__stderr__)):
        if stream is None or not stream.isatty():
            return f"{name} is no terminal"
    return ""


class Watchdog:
    """Sees that the terminal was closed, where nobody sends SIGHUP: Textual would read its end for ever.

    It looks from a thread of its own: once what writes to the terminal has failed, the loop waits for it for ever.
    """

    def __init__(self, descriptor: int = 0) -> None:
        self._descriptor = descriptor
        self._always = here().hangups(descriptor)
        """What the system says of it while it is well: no sign."""
        self._is_over = threading.Event()

    def watch(self, then: Callable[[], object]) -> None:
        """Call `then`, in another thread, once the terminal is gone; until `rest` is called."""
        threading.Thread(target=self._look, args=(then,), name="watchdog", daemon=True).start()

    def rest(self) -> None:
        """Look no more."""
        self._is_over.set()

    def _look(self, then: Callable[[], object]) -> None:
        while not self._is_over.wait(_LOOK_SECONDS):
            if self.is_gone():
                then()
                return

    def is_gone(self) -> bool:
        """Tell whether the terminal is gone."""
        return bool(here().hangups(self._descriptor) & ~self._always)


class Saved:
    """The terminal's settings as they were, to be put back after a process that could not do it itself."""

    def __init__(self, descriptor: int = 0) -> None:
        self._descriptor = descriptor
        self._settings: Any = None
        self._is_restored = False
        with contextlib.suppress(OSError):
            self._settings = here().terminal_settings(descriptor)

    def restore(self) -> None:
        """Leave the alternate screen, switch off mouse and paste reports, show the cursor, put the settings back.

        Once: leaving the alternate screen puts the cursor back where it was before, above what was said since.
        """
        if self._is_restored or not os.isatty(2):
            return
        self._is_restored = True
        with contextlib.suppress(OSError):
            os.write(2, _RESTORE)
        if self._settings is not None:
            here().put_terminal_back(self._descriptor, self._settings)
