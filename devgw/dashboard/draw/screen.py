"""The whole picture at one size: each surface with its box and its lines."""

from dataclasses import dataclass, field

from devgw.dashboard.desk import Desk, Note
from devgw.dashboard.draw import bars
from devgw.dashboard.draw.arrange import Box, Wishes, arrange, is_small, key_rows
from devgw.dashboard.draw.header import header
from devgw.dashboard.draw.panes import RowCache, detail_pane, list_pane, side_pane
from devgw.dashboard.look import words
from devgw.dashboard.look.frame import Frame, framed, inner
from devgw.dashboard.look.line import Line, cut, fit, line
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
        rows = key_rows(height)
        picture.put("header", Box(0, 0, width, 1), [header(desk, width)])
        tabs, picture.tabs = bars.tabs(desk, width)
        picture.put("tabs", Box(0, 1, width, 1), [tabs])
        self._panes(desk, picture, width, height)
        status = bars.status(desk, width, is_small(width, height) and not desk.is_open)
        picture.put("status", Box(0, height - rows - 1, width, 1), [status])
        keys, picture.keys = bars.key_bar(desk, width, rows)
        mistake = bars.mistake_line(desk, width)
        if mistake is not None:
            keys[0] = mistake
        picture.put("keys", Box(0, height - rows, width, rows), keys)
        _toast(desk, picture, width, height - rows - 1)
        _overlay(desk, picture, width, height)
        return picture

    def _panes(self, desk: Desk, picture: Picture, width: int, height: int) -> None:
        boxes = arrange(width, height, _wishes(desk))
        if desk.focus not in boxes:
            desk.focus = next(iter(boxes))
        desk.shown = frozenset(boxes)
        if "list" in boxes:
            picture.put("list", boxes["list"], list_pane(desk, boxes["list"], self._cache))
        if "detail" in boxes:
            picture.put("detail", boxes["detail"], detail_pane(desk, boxes["detail"]))
        if "side" in boxes:
            picture.put("side", boxes["side"], side_pane(desk, boxes["side"]))
        _want(desk)


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
    left = f" {words.seconds(max(0.0, note.until - desk.now) + 0.999)}" if note.counts_down else ""
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
