"""Event lines: what `devgw up --headless` and `devgw tail` print, for people and as NDJSON for programs."""

import io
import sys
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TextIO

from devgw.cli.printing import as_json, has_colours, paint
from devgw.clock import wall_time
from devgw.foreign.text import clean, clean_lines, writable

if TYPE_CHECKING:
    from devgw.control.messages import EventLine

_COLOURS = {"good": "green", "warning": "yellow", "error": "red", "dim": "dim"}
_SIGNS = {"good": "✓", "warning": "!", "error": "✗", "": "·"}
_PLAIN_SIGNS = {"good": "+", "warning": "!", "error": "x", "": "-"}
_INDENT = " " * 11
_REMEMBERED = 16
"""Reasons: a diagnosis comes within a second or so of what it is about, and others fail meanwhile."""


class LinePrinter:
    """Writes event lines to a stream: readable, or one JSON object each.

    A refusal takes up to three lines: what, why, and the one change that mends it.
    """

    def __init__(
        self,
        stream: TextIO | None = None,
        *,
        as_json: bool = False,
        all_lines: bool = False,
        hide: Callable[[str], str] = str,
    ) -> None:
        self._hide = hide
        self._stream = stream or sys.stdout or io.StringIO()
        self.holds = False
        """True where lines wait for `flush`."""
        self.as_json = as_json
        self._all_lines = all_lines or as_json
        self._said: deque[str] = deque(maxlen=_REMEMBERED)
        """The last reasons given: a diagnosis that only repeats one need not."""
        self._has_colours = not as_json and has_colours(self._stream)
        self._signs = _SIGNS if _can_write(self._stream, "✓✗·→") else _PLAIN_SIGNS

    def show(self, line: "EventLine") -> None:
        """Write one line, at once; detail only where all was asked for."""
        if line.is_detail and not self._all_lines:
            return
        self._write(as_ndjson(line) if self.as_json else "\n".join(self._lines(line)))

    def say(self, text: str) -> None:
        """Write a remark that is no event; nothing where a program reads."""
        if not self.as_json:
            self._write(self._paint(text, "dim"))

    def tell_missed(self, count: int) -> None:
        """Say how many lines are not here, because nobody read them."""
        text = f"… {count} lines were not read"
        told = {"event": "lines_dropped", "count": count, "text": text}
        self._write(as_json(told) if self.as_json else self._paint(text, "dim"))

    def tell(self, text: str) -> None:
        """Write text that is no event and may have several lines."""
        self._write(clean_lines(text))

    @property
    def is_closed(self) -> bool:
        """Tell whether there is nothing to write to any more."""
        return self._stream.closed

    def flush(self) -> None:
        """Let what was written go to its reader."""
        self._stream.flush()

    def _write(self, text: str) -> None:
        self._stream.write(writable(self._hide(text), self._stream) + "\n")
        if not self.holds:
            self.flush()

    def _lines(self, line: "EventLine") -> list[str]:
        at = wall_time(line.at)
        sign = self._paint(self._signs.get(line.severity, "·"), line.severity)
        lines = [f"{at:%H:%M:%S} {sign} {self._paint(line.text, line.severity if line.severity == 'error' else '')}"]
        repeats = line.name == "diagnosis_made" and line.explanation in self._said
        if line.severity in {"error", "warning"} and not repeats:
            lines += [f"{_INDENT}why  {clean(line.explanation)}"] if line.explanation else []
            lines += [f"{_INDENT}fix  {clean(line.hint)}"] if line.hint else []
            self._said.append(line.explanation)
        return lines

    def _paint(self, text: str, colour: str) -> str:
        return paint(text, _COLOURS.get(colour, "") if self._has_colours else "")


def as_ndjson(line: "EventLine") -> str:
    """Return a line as one JSON object: `event`, `seq`, `at`, then what is known, by the contract's names."""
    at = datetime.fromtimestamp(line.at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return as_json({"event": line.name, "seq": line.seq, "at": at, "text": line.text, **line.fields})


def _can_write(stream: TextIO, text: str) -> bool:
    try:
        text.encode(stream.encoding or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
