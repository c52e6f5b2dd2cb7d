"""What every overlay is: a box with lines, which takes the keys while it is shown."""

from typing import TYPE_CHECKING, Protocol

from devgw.dashboard.look.glyphs import Glyphs
from devgw.dashboard.look.line import Line

if TYPE_CHECKING:
    from devgw.dashboard.desk import Desk


class Overlay(Protocol):
    """A box over the screen."""

    title: str
    width: int
    """Cells that it would like to have, frame included."""

    def lines(self, desk: "Desk", width: int, height: int) -> list[Line]:
        """Return what is in the box, at most `height` lines of `width` cells."""

    def press(self, desk: "Desk", key: str, character: str | None) -> None:
        """Take a key. Closing means to set `desk.overlay` to None."""


def keys_line(pairs: list[tuple[str, str]]) -> Line:
    """Return keys with what they do, as at the foot of a box."""
    spans: list[tuple[str, str]] = []
    for key, meaning in pairs:
        spans += [(key, "key"), (f" {meaning}   ", "")]
    return tuple(spans)


def rule(width: int, glyphs: Glyphs) -> Line:
    """Return a line across the box."""
    return ((glyphs.horizontal * width, "frame"),)
