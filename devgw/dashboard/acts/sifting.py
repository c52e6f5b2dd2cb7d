"""Sifting: filter, order, follow, pause, marks."""

from dataclasses import replace

from devgw.dashboard.desk import Desk
from devgw.dashboard.lists.listing import Order
from devgw.dashboard.world import row_id


def ask_filter(desk: Desk) -> None:
    """Let the person type a filter."""
    desk.prompt = "filter"
    desk.asked[desk.view.name].editor.end()


def ask_goto(desk: Desk) -> None:
    """Let the person type where to go."""
    desk.prompt = "goto"
    desk.goto.clear()


def sort(desk: Desk) -> None:
    """Sort by the next column that can be sorted by."""
    orders = _orders(desk)
    names = [each.name for each in orders]
    place = names.index(desk.listing.order.name) if desk.listing.order.name in names else -1
    desk.sort(orders[(place + 1) % len(orders)])
    desk.say(f"sorted by {desk.listing.order.name.lower() or 'arrival'}")


def sort_by(desk: Desk, title: str) -> None:
    """Sort by the column of that title; the other way round where that is the order already."""
    if desk.listing.order.name == title:
        reverse(desk)
        return
    found = next((each for each in _orders(desk) if each.name == title), None)
    if found is None:
        desk.say(f"nothing is sorted by {title.lower()}" if title else "")
    else:
        desk.sort(found)


def _orders(desk: Desk) -> list[Order]:
    """Return the orders of this view: its own first, then one for each column."""
    own = desk.view.order
    columns = [Order(each.title, each.key) for each in desk.view.columns if each.key and each.title != own.name]
    return [own, *columns]


def reverse(desk: Desk) -> None:
    """Turn the order round."""
    desk.sort(replace(desk.listing.order, descending=not desk.listing.order.descending))


def follow(desk: Desk) -> None:
    """Follow the newest row, or stop following."""
    listing = desk.listing
    listing.is_following = not listing.is_following
    if listing.is_following:
        listing.newest()
        desk.moved()
    desk.say("following the newest" if listing.is_following else "staying on this row")


def why_no_follow(desk: Desk) -> str:
    """Say why the newest row cannot be followed."""
    return "" if desk.listing.order.key is None else "only in the order of arrival"


def pause(desk: Desk) -> None:
    """Hold the picture still, or let it go on."""
    desk.is_paused = not desk.is_paused
    if not desk.is_paused:
        desk.held_back = 0
        desk.stale.add(desk.view.name)
        desk.refresh()


def mark(desk: Desk) -> None:
    """Mark the row under the cursor, or take its mark away, and go on."""
    row, marks = desk.row, desk.listing.marks
    if row is not None:
        marks.symmetric_difference_update({row_id(row)})
        desk.listing.move(desk.listing.index + 1)
        desk.moved()


def mark_all(desk: Desk) -> None:
    """Mark every row that the filter lets through, but what could not be ended."""
    can_end, rows = desk.view.can_end, [*desk.listing.rows()]
    chosen = rows if can_end is None else [row for row in rows if can_end(row, desk.now)]
    desk.listing.marks.update(map(row_id, chosen))
    rest = len(rows) - len(chosen)
    left_out = f"; {rest:,} left out: nothing there can end" if rest else ""
    desk.say(f"{len(desk.listing.marks):,} marked{left_out}")


_PROVIDERS = "kind:idp"


def provider_tokens(desk: Desk) -> None:
    """Show the tokens of the identity provider, or what was there before."""
    asked = desk.asked[desk.view.name]
    wanted = "" if asked.applied == _PROVIDERS else _PROVIDERS
    asked.editor.set(wanted)
    desk.filter(wanted)
    desk.moved()


def why_no_provider_tokens(desk: Desk) -> str:
    """Say why there are none to show."""
    return "" if any(row.kind == "idp" for row in desk.world.table("token")) else "none has come"


def unmark(desk: Desk) -> None:
    """Take all marks away."""
    desk.listing.marks.clear()


def why_no_row(desk: Desk) -> str:
    """Say why there is no row to work on."""
    return "" if desk.row is not None else "the list is empty"
