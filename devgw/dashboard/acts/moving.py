"""Moving: the cursor, the panes, the pages of a detail."""

from devgw.dashboard.desk import Desk, ReadingPosition


def step(desk: Desk, by: int) -> None:
    """Move to the next row of the list, or the next link or line of a detail."""
    if desk.focus == "list":
        desk.listing.move(desk.listing.index + by)
        if desk.listing.index == 0 and by < 0 and desk.listing.order.key is None:
            desk.listing.is_following = True
        desk.moved()
        return
    _step_in_sheet(desk, by)


def _step_in_sheet(desk: Desk, by: int) -> None:
    """Go to the next link where there is one within sight, else scroll."""
    sheet, reading = desk.sheets.get(desk.focus), desk.reading[desk.focus]
    if sheet is None:
        return
    lines = sorted(sheet.targets)
    height, top = max(1, sheet.height), reading.top(sheet)
    if lines and 0 <= reading.anchor + by < len(lines):
        wanted = lines[reading.anchor + by]
        if top - 1 <= wanted <= top + height:
            reading.anchor += by
            reading.moved_to = sheet.top_for(wanted, top)
            return
    scroll(desk, desk.focus, by)


def scroll(desk: Desk, pane: str, by: int) -> None:
    """Scroll a pane by lines."""
    sheet, reading = desk.sheets.get(pane), desk.reading[pane]
    if sheet is not None:
        reading.moved_to = reading.top(sheet) + by
        reading.moved_to = reading.top(sheet)


def scroll_detail(desk: Desk, by: int) -> None:
    """Scroll the detail while staying in the list."""
    scroll(desk, "detail", by)


def jump(desk: Desk, to_end: bool) -> None:
    """Go to the first or the last row or line."""
    if desk.focus != "list":
        scroll(desk, desk.focus, 1_000_000 if to_end else -1_000_000)
        return
    desk.listing.move(len(desk.listing) - 1 if to_end else 0)
    is_natural = desk.listing.order.key is None
    desk.listing.is_following = is_natural and to_end != desk.listing.order.descending
    desk.moved()


def page(desk: Desk, by: int) -> None:
    """Move by half a page."""
    half = max(1, desk.page // 2)
    if desk.focus != "list":
        scroll(desk, desk.focus, by * half)
        return
    desk.listing.move(desk.listing.index + by * half)
    desk.moved()


def problem(desk: Desk, by: int) -> None:
    """Go to the next problem in the list; from the last on to the first."""
    listing = desk.listing
    count = len(listing)
    for distance in range(1, count + 1):
        index = (listing.index + by * distance) % count
        if desk.view.is_problem(listing.row(index)):
            listing.move(index)
            desk.moved()
            return
    desk.say("no problem in this list", "ok")


def why_no_problem(desk: Desk) -> str:
    """Say why there is no next problem."""
    return "" if len(desk.listing) else "the list is empty"


def pane(desk: Desk, by: int) -> None:
    """Give the focus to the next pane that is shown."""
    order = _panes(desk)
    if desk.focus in order and len(order) > 1:
        desk.focus = order[(order.index(desk.focus) + by) % len(order)]
        reading, sheet = desk.reading[desk.focus], desk.sheets.get(desk.focus)
        if sheet is not None and sheet.targets and reading.anchor < 0:
            reading.anchor = 0


def _panes(desk: Desk) -> tuple[str, ...]:
    """Return the panes between which one goes: where there is room for one, the detail and its side take turns."""
    order = tuple(name for name in ("list", "detail", "side") if name in desk.shown)
    if len(order) == 1 and desk.focus != "list" and desk.view.side is not None:
        return ("detail", "side")
    return order


def why_no_pane(desk: Desk) -> str:
    """Say why there is no other pane."""
    return "" if len(_panes(desk)) > 1 else "one pane is shown"


def tab(desk: Desk, by: int) -> None:
    """Turn the page of the detail."""
    count = len(desk.view.tabs)
    desk.tabs[desk.view.name] = (desk.tabs[desk.view.name] + by) % count
    desk.reading["detail"] = ReadingPosition()


def grow(desk: Desk, by: int) -> None:
    """Change the size of the pane in focus: normal, half, full."""
    desk.grow = max(0, min(2, desk.grow + by))
