"""A fault in one part of the dashboard: said where it happened, written to a log, and everything else goes on.

The traces have no local variables: those may hold tokens.
"""

import traceback
from collections.abc import Callable

_KEPT = 20


def trace_of(error: BaseException) -> str:
    """Return what an error was and the way to it, without any value."""
    stack = traceback.extract_tb(error.__traceback__)
    steps = "".join(f"  {each.filename}:{each.lineno} in {each.name}\n" for each in stack)
    return f"{type(error).__name__}\n{steps}"


def place_of(error: BaseException) -> str:
    """Return where an error was raised, in words that follow its name; empty where that is not known."""
    stack = traceback.extract_tb(error.__traceback__)
    return f" at {stack[-1].name}, line {stack[-1].lineno}" if stack else ""


class KeptFaults:
    """Keeps what failed, each kind once, and writes it down."""

    def __init__(self, write: Callable[[str], str] = lambda _text: "") -> None:
        self._write = write
        """Takes the traces, newest last; returns where they are, or nothing where they could not be written."""
        self._known: dict[tuple[str, str], str] = {}
        self._where = ""

    def note(self, part: str, error: Exception) -> str:
        """Keep a fault of a part of the dashboard; return the sentence that stands in its place."""
        what = f"{type(error).__name__}{place_of(error)}"
        if (part, what) not in self._known and len(self._known) < _KEPT:
            self._known[part, what] = f"{part}: {trace_of(error)}"
            self._where = self._write("\n".join(self._known.values()))
        where = f"; {self._where} has more" if self._where else ""
        return f"{part} failed: {what}, a defect of devgw{where}"
