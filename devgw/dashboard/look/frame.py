"""A box around lines: title at the left, a remark at the right, and a thumb on the edge that shows where one is."""

from dataclasses import dataclass

from devgw.dashboard.look.glyphs import Glyphs
from devgw.dashboard.look.line import BLANK, Line, cut, fit, pad
from devgw.foreign.text import cells


@dataclass(frozen=True, slots=True)
class Scroll:
    """Which part of a longer list is shown."""

    top: int = 0
    shown: int = 0
    total: int = 0

    def thumb(self, height: int) -> range:
        """Return the rows of the edge that carry the thumb; none where everything is shown."""
        if self.total <= self.shown or height < 2:
            return range(0)
        length = max(1, height * self.shown // self.total)
        spare = self.total - self.shown
        start = (height - length) * min(self.top, spare) // spare
        return range(start, start + length)


@dataclass(frozen=True, slots=True)
class Frame:
    """How a box looks."""

    title: Line
    remark: str = ""
    has_focus: bool = False
    scroll: Scroll = Scroll()


def inner(width: int, height: int) -> tuple[int, int]:
    """Return the size that is left inside a box."""
    return max(0, width - 2), max(0, height - 2)


def framed(frame: Frame, lines: list[Line], width: int, height: int, glyphs: Glyphs) -> list[Line]:
    """Return `height` lines of a box with `lines` in it."""
    look = "focus" if frame.has_focus else "frame"
    room, rows = inner(width, height)
    thumb = frame.scroll.thumb(rows)
    body = []
    for number in range(rows):
        content = lines[number] if number < len(lines) else BLANK
        edge = (glyphs.thumb, look) if number in thumb else (glyphs.vertical, look)
        body.append(((glyphs.vertical, look), *pad(cut(content, room), room), edge))
    bottom: Line = ((glyphs.bottom_left + glyphs.horizontal * room + glyphs.bottom_right, look),)
    return [_top(frame, look, width, glyphs), *body, bottom]


def _top(frame: Frame, look: str, width: int, glyphs: Glyphs) -> Line:
    remark = f" {fit(frame.remark, min(cells(frame.remark), max(0, width - 12))).rstrip()} " if frame.remark else ""
    room = max(0, width - 4 - cells(remark))
    title = cut(frame.title, max(0, room - 2), glyphs.ellipsis)
    used = sum(cells(text) for text, _ in title)
    rule = glyphs.horizontal * max(0, room - used - 2)
    gap = " " if used else glyphs.horizontal
    return (
        (glyphs.top_left + glyphs.horizontal + gap, look),
        *title,
        (gap + rule, look),
        (remark, "dim"),
        (glyphs.horizontal + glyphs.top_right, look),
    )
