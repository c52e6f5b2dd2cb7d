"""How the screen is divided, from 60x16 to as large as one likes."""

from dataclasses import dataclass

SMALL_WIDTH, SMALL_HEIGHT = 60, 16
TWO_PANES, WIDE = 100, 160
_PORTRAIT = 40
_TWO_KEY_ROWS = 30


@dataclass(frozen=True, slots=True)
class Box:
    """A part of the screen, in cells."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the desk would like to see."""

    is_open: bool = False
    """In one pane: the detail instead of the list."""
    focus: str = "list"
    grow: int = 0
    has_side: bool = False
    is_beside: bool = False
    """The detail stands right of the list rather than below it."""
    is_bare: bool = False
    """The list alone: there is nothing to detail."""


def key_rows(height: int) -> int:
    """Return how many rows the key bar takes."""
    return 2 if height >= _TWO_KEY_ROWS else 1


def body(width: int, height: int) -> Box:
    """Return the part between tabs and status line."""
    return Box(0, 2, width, max(1, height - 3 - key_rows(height)))


def is_small(width: int, height: int) -> bool:
    """Tell whether there is room for a list alone."""
    return width < SMALL_WIDTH or height < SMALL_HEIGHT


def arrange(width: int, height: int, wishes: Wishes) -> dict[str, Box]:
    """Return the boxes of the panes that are shown."""
    room = body(width, height)
    if wishes.is_bare or wishes.grow == 2:
        return {"list" if wishes.is_bare else wishes.focus: room}
    if is_small(width, height) or (width < TWO_PANES and height < _PORTRAIT):
        return _single(room, wishes)
    if width < TWO_PANES:
        return _stacked(room, wishes, has_side=False)
    if wishes.is_beside or (width >= WIDE and not wishes.has_side):
        return _beside(room, wishes)
    return _stacked(room, wishes, wishes.has_side)


def _single(room: Box, wishes: Wishes) -> dict[str, Box]:
    """Return the list, or the detail with the side's first lines beneath it."""
    if not wishes.is_open:
        return {"list": room}
    if not wishes.has_side or room.height < 14:
        return {"side" if wishes.focus == "side" else "detail": room}
    low = max(6, room.height - 11) if wishes.focus != "side" else room.height * 2 // 3
    top = room.height - low
    return {"detail": Box(0, room.y, room.width, top), "side": Box(0, room.y + top, room.width, low)}


def _stacked(room: Box, wishes: Wishes, has_side: bool) -> dict[str, Box]:
    """Return the list above, the detail and its side below."""
    high = max(8, room.height // 3)
    if wishes.grow == 1:
        high = room.height * 3 // 5 if wishes.focus == "list" else min(high, room.height // 4)
    low = room.height - high
    boxes = {"list": Box(0, room.y, room.width, high)}
    if not has_side:
        return boxes | {"detail": Box(0, room.y + high, room.width, low)}
    side = _share(room.width, 0.37, 44, wishes, "side")
    return boxes | {
        "detail": Box(0, room.y + high, room.width - side, low),
        "side": Box(room.width - side, room.y + high, side, low),
    }


def _share(whole: int, part: float, least: int, wishes: Wishes, name: str) -> int:
    width = max(least, int(whole * part))
    return max(width, whole // 2) if wishes.grow == 1 and wishes.focus == name else width


def _beside(room: Box, wishes: Wishes) -> dict[str, Box]:
    """Return the list left, the detail right."""
    right = max(50, room.width * 42 // 100) if room.width < WIDE else room.width // 2
    if wishes.grow == 1:
        right = room.width * 2 // 3 if wishes.focus != "list" else room.width // 3
    left = room.width - right
    return {"list": Box(0, room.y, left, room.height), "detail": Box(left, room.y, right, room.height)}
