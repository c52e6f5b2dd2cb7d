"""The whole picture at one size: each surface with its box and its lines."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from devgw.dashboard.desk import Desk, Note
from devgw.dashboard.draw import bars
from devgw.dashboard.draw.arrange import Box, Wishes, arrange, is_small, key_rows
from devgw.dashboard.draw.header import header
from devgw.dashboard.draw.panes import RowCache, detail_pane, list_pane, side_pane
from devgw.dashboard.look import words
from devgw.dashboard.look.frame import Frame, framed, inner
from devgw.dashboard.look.line import Line, cut, fit, line, pad, wrap
from devgw.dashboard.press import is_welcome
from devgw.foreign.text import cells

SURFACES = ("header", "tabs", "list", "detail", "side", "status", "keys", "toast", "overlay")
_BESIDE = {"tokens", "clients", "sessions", "upstreams", "config", "health", "doctor"}


@dataclass(slots=True)
class Picture:
    """Boxes and lines by surface, and what a click on them means."""

    boxes: dict[str, Box] = field(default_factory=dict)
    lines: dict[str, list[Line]] = field(default_factory=dict)
    tabs: list[tuple[int, int, str]] = field(default_factory=list)
    keys: list[tuple[int, int, int, str]] = field(default_factory=list)

    def put(self, name: str, box: Box, lines: list[Line]) -> None:
        """Put a surface into the picture."""
        self.boxes[name], self.lines[name] = box, lines


class Painter:
    """Draws the desk, remembering the lines of rows that look as they did."""

    def __init__(self) -> None:
        self._cache = RowCache()

    def paint(self, desk: Desk, width: int, height: int) -> Picture:
        """Return the picture of the desk in `width` times `height` cells."""
        picture = Picture()
        bottom = height - key_rows(height) - 1
        self._draw(desk, picture, "header", Box(0, 0, width, 1), lambda: [header(desk, width)])
        self._draw(desk, picture, "tabs", Box(0, 1, width, 1), lambda: _tabs(desk, picture, width))
        self._panes(desk, picture, width, height)
        is_narrow = is_small(width, height) and not desk.is_open
        self._draw(desk, picture, "status", Box(0, bottom, width, 1), lambda: [bars.status(desk, width, is_narrow)])
        keys = Box(0, bottom + 1, width, height - bottom - 1)
        self._draw(desk, picture, "keys", keys, lambda: _keys(desk, picture, keys))
        for part in (_toast, _overlay):
            try:
                part(desk, picture, width, bottom if part is _toast else height)
            except Exception as error:  # noqa: BLE001  what lies on top goes, the views stay
                desk.fail("what lay on top", error)
        return picture

    @staticmethod
    def _draw(desk: Desk, picture: Picture, name: str, box: Box, draw: Callable[[], list[Line]]) -> None:
        """Put a surface into the picture; where it cannot be drawn, what failed stands in its box."""
        try:
            lines = draw()
        except Exception as error:  # noqa: BLE001  a fault in a view is a box in that view
            said = wrap(desk.faults.note(f"{desk.view.title}, {name}", error), max(8, box.width), "bad")
            lines = [pad(each, box.width) for each in said[: box.height]]
        picture.put(name, box, lines)

    def _panes(self, desk: Desk, picture: Picture, width: int, height: int) -> None:
        boxes = arrange(width, height, _wishes(desk))
        if desk.focus not in boxes:
            desk.focus = next(iter(boxes))
        desk.shown = frozenset(boxes)
        drawn = {
            "list": lambda box: list_pane(desk, box, self._cache),
            "detail": lambda box: detail_pane(desk, box),
            "side": lambda box: side_pane(desk, box),
        }
        for name, draw in drawn.items():
            if name in boxes:
                self._draw(desk, picture, name, boxes[name], partial(draw, boxes[name]))
        _want(desk)


def _tabs(desk: Desk, picture: Picture, width: int) -> list[Line]:
    tabs, picture.tabs = bars.tabs(desk, width)
    return [tabs]


def _keys(desk: Desk, picture: Picture, box: Box) -> list[Line]:
    keys, picture.keys = bars.key_bar(desk, box.width, box.height)
    mistake = bars.mistake_line(desk, box.width)
    return keys if mistake is None else [mistake, *keys[1:]]


def _wishes(desk: Desk) -> Wishes:
    return Wishes(
        is_open=desk.is_open,
        focus=desk.focus,
        grow=desk.grow,
        has_side=desk.view.side is not None,
        is_beside=desk.view.name in _BESIDE,
        is_bare=is_welcome(desk),
    )


def _want(desk: Desk) -> None:
    """Note which detail should be fetched: of the row under the cursor, where a pane shows it."""
    row, kind = desk.row, desk.view.detail
    desk.wanted = None
    if row is not None and kind and desk.shown & {"detail", "side"}:
        desk.wanted = (kind, row.id, row.seq)


def _toast(desk: Desk, picture: Picture, width: int, bottom: int) -> None:
    """Put the messages at the bottom right, on the frame's own line, away from the selected row."""
    notes = desk.notes[-2:]
    if not notes:
        return
    lines = [_note(desk, note, width) for note in notes]
    wide = max(sum(cells(text) for text, _ in one) for one in lines)
    padded: list[Line] = [(*one, (" " * (wide - sum(cells(text) for text, _ in one)), one[0][1])) for one in lines]
    top = bottom - len(padded)
    picture.put("toast", Box(max(0, width - wide - 2), top, wide, len(padded)), padded)


def _note(desk: Desk, note: Note, width: int) -> Line:
    left = f" {words.seconds(max(0.0, note.until - desk.wall) + 0.999)}" if note.counts_down else ""
    text = fit(note.text, min(cells(note.text), width - 10), ellipsis=desk.glyphs.ellipsis)
    return line((f"  {text}{left}  ", (note.look or "strong") + "@"))


def _overlay(desk: Desk, picture: Picture, width: int, height: int) -> None:
    overlay = desk.overlay
    if overlay is None:
        return
    wide = min(overlay.width, width - 4)
    lines = overlay.lines(desk, wide - 2, max(4, height - 6))
    high = min(len(lines) + 2, height - 4)
    box = Box((width - wide) // 2, max(1, (height - high) // 2), wide, high)
    frame = Frame(line((overlay.title, "title")), has_focus=True)
    room, _rows = inner(wide, high)
    body = [cut(each, room, desk.glyphs.ellipsis) for each in lines]
    picture.put("overlay", box, framed(frame, body, wide, high, desk.glyphs))
