"""The mouse, which is never needed: rows, links, tabs and keys can be clicked, the wheel scrolls."""

from devgw.dashboard.acts import going, moving, sifting
from devgw.dashboard.desk import Desk
from devgw.dashboard.draw.screen import Picture
from devgw.dashboard.look.frame import inner
from devgw.dashboard.press import is_welcome, press
from devgw.dashboard.views.base import share, title_at

_WHEEL = 3


def clicked(desk: Desk, picture: Picture, surface: str, x: int, y: int, kind: str) -> None:
    """Do what a click on a cell of a surface means."""
    if kind in {"up", "down"}:
        _wheel(desk, surface, _WHEEL if kind == "down" else -_WHEEL)
    elif surface == "tabs":
        _tab(desk, picture, x)
    elif surface == "keys":
        _key(desk, picture, x, y)
    elif surface == "list" and y == 1 and not is_welcome(desk):
        _head(desk, picture, x)
    elif surface == "list":
        _row(desk, y, kind)
    elif surface in {"detail", "side"}:
        _link(desk, picture, surface, y, kind)


def _wheel(desk: Desk, surface: str, by: int) -> None:
    if surface == "list":
        listing = desk.listing
        listing.move(listing.index + by)
        desk.moved()
    elif surface in {"detail", "side"}:
        moving.scroll(desk, surface, by)


def _tab(desk: Desk, picture: Picture, x: int) -> None:
    name = next((name for start, end, name in picture.tabs if start <= x < end), "")
    if name:
        going.view(desk, name)


def _key(desk: Desk, picture: Picture, x: int, y: int) -> None:
    name = next((name for row, start, end, name in picture.keys if row == y and start <= x < end), "")
    found = next((each for each in desk.keymap.all if each.id == name), None)
    if found is not None:
        key = found.keys[0]
        press(desk, key, key if len(key) == 1 else None)


def _row(desk: Desk, y: int, kind: str) -> None:
    """Select the row that was clicked; twice opens it. The frame and the titles take two lines."""
    index = desk.listing.top + y - 2
    if 0 <= index < len(desk.listing) and y >= 2:
        desk.focus = "list"
        desk.listing.move(index)
        desk.moved()
        if kind == "double":
            going.enter(desk)


def _head(desk: Desk, picture: Picture, x: int) -> None:
    """Sort by the column whose title was clicked; where that is so already, the other way round."""
    width, _rows = inner(picture.boxes["list"].width, picture.boxes["list"].height)
    sifting.sort_by(desk, title_at(share(desk.columns, width), x - 1))


def _link(desk: Desk, picture: Picture, surface: str, y: int, kind: str) -> None:
    """Choose the link that was clicked; twice follows it."""
    sheet, reading = desk.sheets.get(surface), desk.reading[surface]
    if sheet is None:
        return
    desk.focus = surface
    above = picture.boxes[surface].height - 2 - sheet.height + 1
    seen = sheet.seen(reading.top(sheet))
    number = seen[y - above][0] if 0 <= y - above < len(seen) else -1
    lines = sorted(sheet.targets)
    if number in lines:
        reading.anchor = lines.index(number)
        if kind == "double":
            going.enter(desk)
