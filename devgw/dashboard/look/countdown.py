"""How long something still lives: six characters of time, eight of bar, and never colour alone (`ux.md` §7)."""

from dataclasses import dataclass
from math import floor

from devgw.dashboard.look.glyphs import Glyphs
from devgw.dashboard.look.line import Span
from devgw.dashboard.look.words import seconds

WIDTH = 18
"""Two cells of warning, a blank, six of time, a blank, eight of bar."""
_BAR = 8
_WARN_SECONDS, _ALARM_SECONDS, _WARN_SHARE = 60, 10, 0.1


@dataclass(frozen=True, slots=True)
class Countdown:
    """What is left of a lifetime at a moment. All countdowns change on the same wall-clock second."""

    left: int | None
    """Whole seconds, negative once it expired; None where it never does."""
    share: float
    """The share of the lifetime that is left, 0 to 1."""
    ended: str = ""
    """`revoked`, `reused`, `spent`: why the time does not matter any more."""

    @property
    def look(self) -> str:
        """Return the look that goes with the urgency."""
        if self.ended:
            return "bad" if self.ended in {"reused", "replayed"} else "dim"
        if self.left is None:
            return ""
        if self.left <= 0:
            return "dim"
        if self.left < _ALARM_SECONDS:
            return "bad!"
        return "warn" if self.left < _WARN_SECONDS or self.share < _WARN_SHARE else ""

    def sign(self, glyphs: Glyphs) -> str:
        """Return the urgency without colour: nothing, `!`, `!!` or the sign of an end."""
        if self.ended or (self.left is not None and self.left <= 0):
            return glyphs.bad
        return {"bad!": "!!", "warn": "!"}.get(self.look, "")

    def time(self, glyphs: Glyphs) -> str:
        """Return what is left in at most seven characters."""
        if self.ended:
            return self.ended
        if self.left is None:
            return f"{glyphs.forever} never"
        return f"-{seconds(-self.left)}" if self.left <= 0 else seconds(self.left)

    def bar(self, glyphs: Glyphs, width: int = _BAR) -> str:
        """Return the share that is left as a bar of `width` cells."""
        if self.ended or self.left is None or self.left <= 0:
            return glyphs.gone * width
        eighths = round(self.share * width * 8)
        whole, part = divmod(min(eighths, width * 8), 8)
        filled = glyphs.full * whole + (glyphs.eighths[part] if part else "")
        return filled + glyphs.empty * (width - len(filled))

    def cell(self, glyphs: Glyphs) -> Span:
        """Return the whole cell of a table."""
        sign, time = self.sign(glyphs), self.time(glyphs)
        head = f"{sign:>2} {time:>6}" if len(time) <= 6 else f"{sign} {time}".rjust(9)
        return f"{head} {self.bar(glyphs)}", self.look


def countdown(now: float, expires: float, issued: float = 0.0, ended: str = "") -> Countdown:
    """Return what is left at `now`; an `expires` of 0 means never, without `issued` the bar stays full."""
    if not expires:
        return Countdown(None, 1.0, ended)
    left = floor(expires) - floor(now)
    whole = expires - issued if issued else 0.0
    share = max(0.0, min(1.0, left / whole)) if whole > 0 else 1.0
    return Countdown(left, share, ended)
