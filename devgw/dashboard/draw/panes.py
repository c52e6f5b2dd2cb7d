"""The panes of the body: the list, the detail, what stands beside it."""

from dataclasses import dataclass, field
from typing import Any

from devgw.dashboard.desk import BEGINNING, Desk
from devgw.dashboard.draw.arrange import Box
from devgw.dashboard.look import words
from devgw.dashboard.look.frame import Frame, Scroll, framed, inner
from devgw.dashboard.look.line import BLANK, Line, fit, line, pad, wrap
from devgw.dashboard.look.sheet import Sheet
from devgw.dashboard.press import is_welcome
from devgw.dashboard.views import welcome
from devgw.dashboard.views.base import Slot, Tab, View, header, row_line, share, titles
from devgw.dashboard.world import Link, row_id

_OURS = frozenset({"tokens", "clients", "sessions", "config"})
"""The views of what only a gateway of ours has."""


@dataclass(slots=True)
class RowCache:
    """Lines of rows that look as they did: a row is drawn again when it, its second or its marks change."""

    slots: list[Slot] = field(default_factory=list)
    shape: tuple[Any, ...] = ()
    lines: dict[str, tuple[Any, Any, Line]] = field(default_factory=dict)

    def fit(self, view: View, width: int, desk: Desk) -> list[Slot]:
        """Return the columns for `width`, forgetting everything where the shape changed."""
        shape = (view.name, width, desk.scene.is_private, id(desk.glyphs), frozenset(desk.listing.hidden))
        if shape != self.shape:
            self.shape, self.slots = shape, share(desk.columns, width)
            self.lines.clear()
        if len(self.lines) > 300:
            self.lines.clear()
        return self.slots


def list_pane(desk: Desk, box: Box, cache: RowCache) -> list[Line]:
    """Return the list in its frame."""
    width, height = inner(box.width, box.height)
    if is_welcome(desk):
        return _welcome(desk, box, width, height)
    listing = desk.listing
    desk.page = max(1, height - 1)
    window = listing.window(desk.page)
    slots = cache.fit(desk.view, width, desk)
    lines = [header(slots, listing.order, desk.scene)]
    lines += [_row(desk, index, slots, cache, width) for index in window]
    if not len(listing):
        lines += _empty(desk, width)
    frame = Frame(
        line((desk.view.title, "title")),
        _remark(desk),
        has_focus=desk.focus == "list",
        scroll=Scroll(listing.top, desk.page, len(listing)),
    )
    return framed(frame, lines, box.width, box.height, desk.glyphs)


def _row(desk: Desk, index: int, slots: list[Slot], cache: RowCache, width: int) -> Line:
    listing = desk.listing
    row = listing.row(index)
    name = row_id(row)
    is_current, is_marked = index == listing.index, name in listing.marks
    is_next = _is_next(desk, index, row)
    stamp = (is_current, is_marked, int(desk.now) if desk.view.ticks else 0, listing.ghost is row, is_next)
    known = cache.lines.get(name)
    if known is not None and known[0] is row and known[1] == stamp:
        return known[2]
    suffix = "@" if is_current else "*" if is_marked else ""
    gutter = (desk.glyphs.mark if is_marked else desk.glyphs.pointer if is_current else " ") + " "
    if is_marked and is_current:
        gutter = desk.glyphs.pointer + desk.glyphs.mark
    try:
        drawn = pad(row_line(row, slots, desk.scene, suffix, gutter, is_next=is_next), width, suffix)
    except Exception as error:  # noqa: BLE001  one bad row never spoils a list
        drawn = pad(
            line((f"{gutter}{fit(desk.faults.note(f'the row {name}', error), width - 2)}", "bad")), width, suffix
        )
    if listing.ghost is row:
        drawn = pad((*drawn[:-1], ("gone", "warn@")), width, suffix)
    cache.lines[name] = (row, stamp, drawn)
    return drawn


def _is_next(desk: Desk, index: int, row: Any) -> bool:
    """Tell whether a row stands below another one of its family that is on the screen and not chosen."""
    listing, family = desk.listing, desk.view.family
    if family is None or listing.order.name != desk.view.order.name or index in {listing.top, listing.index}:
        return False
    return bool(family(row) == family(listing.row(index - 1)))


def _remark(desk: Desk) -> str:
    listing, dot = desk.listing, desk.glyphs.dot
    shown, whole = len(listing), len(listing.table)
    kept = f"{'the newest ' if listing.table.is_full else ''}{whole:,}"
    count = f"{shown:,} of {kept}" if shown != whole else kept
    order = listing.order
    if order.key is None:
        how = "newest first" if order.descending else "oldest first"
    else:
        how = {"EXPIRES IN": "soonest first"}.get(order.name, f"by {order.name.lower()}")
    follows = f" {dot} following" if listing.is_following and order.key is None and not desk.is_paused else ""
    return f"{count} {dot} {how}{follows}{f' {dot} paused' if desk.is_paused else ''}"


def _empty(desk: Desk, width: int) -> list[Line]:
    asked = desk.asked[desk.view.name]
    if asked.applied and len(desk.listing.table):
        hidden = len(desk.listing.table)
        return [
            BLANK,
            line(
                (f"  nothing matches {asked.applied} {desk.glyphs.dot} {hidden:,} hidden {desk.glyphs.dot} ", ""),
                (desk.keymap.clears(), "key"),
                " clears",
            ),
        ]
    if len(desk.listing.table):
        asks = desk.keymap.sign("filter")
        return [BLANK, line(("  all of them are over; ", "dim"), (asks, "key"), (" and a filter shows them", "dim"))]
    told = enumerate(map(desk.keymap.said, _of_watched(desk) or desk.view.empty))
    return [BLANK, *(one for number, each in told for one in wrap(each, width - 2, "dim" if number else "", "  "))]


def _of_watched(desk: Desk) -> tuple[str, ...]:
    """Return what stands in place of such rows where somebody's server is watched."""
    up = desk.world.gateway
    if up is None or not up.watched_url or desk.view.name not in _OURS:
        return ()
    return ("A watched server keeps these itself.", "Flows and Traces show what passed: press 1 or 2.")


def _welcome(desk: Desk, box: Box, width: int, height: int) -> list[Line]:
    sheet = Sheet(width - 1, desk.glyphs, height=height)
    welcome.write(desk.scene, sheet)
    up = desk.world.gateway
    remark = f"devgw {up.version}" if up else ""
    title = "Welcome" if desk.world.link is Link.LIVE else "Connecting"
    frame = Frame(line((title, "title")), remark, has_focus=True)
    return framed(frame, [((" ", ""), *each) for each in sheet.lines], box.width, box.height, desk.glyphs)


def detail_pane(desk: Desk, box: Box) -> list[Line]:
    """Return the opened row in its frame, under the titles of its pages."""
    width, height = inner(box.width, box.height)
    row, view = desk.row, desk.view
    tab = view.tabs[desk.tabs[view.name]]
    has_titles = len(view.tabs) > 1 and view.name != "flows"
    head: list[Line] = [titles(view.tabs, desk.tabs[view.name], width), BLANK] if has_titles else []
    sheet = Sheet(width, desk.glyphs, height=max(1, height - len(head)))
    if row is not None:
        sheet = _written(desk, tab, row, sheet)
    desk.sheets["detail"] = sheet
    frame = Frame(
        _title(desk, row, tab.title),
        _detail_remark(desk, row, width),
        desk.focus == "detail",
        _scroll(desk, "detail", sheet),
    )
    return framed(frame, [*head, *_read(desk, "detail", sheet)], box.width, box.height, desk.glyphs)


def _title(desk: Desk, row: Any | None, tab: str) -> Line:
    look = "title" if desk.focus == "detail" else "strong"
    if row is None:
        return line((tab, look))
    if desk.view.name == "flows":
        took = words.milliseconds(max(0.0, ((row.ended or desk.now) - row.started) * 1_000))
        state = f"failed at {row.step}" if row.state == "failed" else row.state
        return line((f"{row.id} {row.client}", look), (f" {desk.glyphs.dot} {state} {desk.glyphs.dot} {took}", "dim"))
    name = row.where if desk.view.name == "config" else row_id(row)
    return line((name if len(name) < 40 else tab, look))


def _detail_remark(desk: Desk, row: Any | None, width: int) -> str:
    if row is None or desk.view.name != "flows":
        return ""
    names = [
        f"[{tab.title}]" if number == desk.tabs["flows"] else tab.title for number, tab in enumerate(desk.view.tabs)
    ]
    count = f"{words.plural(row.messages, 'message')} {desk.glyphs.dot} " if width >= 90 else ""
    beyond = () if "side" in desk.shown or desk.focus == "list" else ("Tab:Why",)
    return count + " ".join((*names, *beyond))


def _written(desk: Desk, tab: Tab, row: Any, sheet: Sheet) -> Sheet:
    """Return the sheet with what a tab says of a row; what failed, where it cannot say it."""
    try:
        tab.write(row, desk.scene, sheet)
    except Exception as error:  # noqa: BLE001  a fault in a view is a box in that view
        sheet = Sheet(sheet.width, desk.glyphs, height=sheet.height)
        sheet.text(desk.faults.note(f"{desk.view.title}, {tab.title}", error), "bad")
    return sheet


def side_pane(desk: Desk, box: Box) -> list[Line]:
    """Return what stands beside the detail."""
    width, height = inner(box.width, box.height)
    sheet = Sheet(width, desk.glyphs, height=height)
    row, side = desk.row, desk.view.side
    title = side.title if side else ""
    if row is not None and side is not None:
        sheet = _written(desk, side, row, sheet)
        title = (
            {"failed": "Why it failed", "abandoned": "Why it stopped"}.get(row.state, "How it went")
            if desk.view.name == "flows"
            else title
        )
    desk.sheets["side"] = sheet
    look = "title" if desk.focus == "side" else "strong"
    frame = Frame(line((title, look)), "", desk.focus == "side", _scroll(desk, "side", sheet))
    return framed(frame, _read(desk, "side", sheet), box.width, box.height, desk.glyphs)


def _scroll(desk: Desk, pane: str, sheet: Sheet) -> Scroll:
    return Scroll(desk.reading[pane].top(sheet), sheet.height, len(sheet.lines))


def _read(desk: Desk, pane: str, sheet: Sheet) -> list[Line]:
    """Return the lines of a sheet that are seen, the link under the cursor marked."""
    reading = desk.reading[pane]
    targets = sorted(sheet.targets)
    chosen = -1
    if reading.anchor == BEGINNING and targets:
        reading.anchor = _first_link(sheet, targets, reading.top(sheet))
    if desk.focus == pane and targets and reading.anchor >= 0:
        reading.anchor = min(reading.anchor, len(targets) - 1)
        chosen = targets[reading.anchor]
    return [_chosen(one, sheet.width) if number == chosen else one for number, one in sheet.seen(reading.top(sheet))]


def _first_link(sheet: Sheet, targets: list[int], top: int) -> int:
    """Return which link is chosen at first: one that is seen, for whoever opens a row reads its beginning."""
    seen = range(max(sheet.first, top), top + sheet.height)
    return next((number for number, at in enumerate(targets) if at in seen), -1)


def _chosen(one: Line, width: int) -> Line:
    return tuple((text, look + "@") for text, look in pad(one, width))
