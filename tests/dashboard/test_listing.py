"""The person's place is an identity: it stays on its row whatever arrives, changes or goes."""

from dataclasses import replace

from devgw.control.messages import TraceRow
from devgw.dashboard.lists.listing import Listing, Order
from devgw.dashboard.lists.table import RowTable

NEWEST = Order("TIME", None, descending=True)


def row(number: int, ms: float = 0.0) -> TraceRow:
    return TraceRow(f"t{number:05d}", float(number), "GET", "/", 200, ms)


def listed(count: int, order: Order = NEWEST, capacity: int = 100_000) -> Listing:
    table = RowTable(capacity)
    for number in range(count):
        table.put(f"t{number:05d}", row(number))
    listing = Listing(table, order, lambda each: str(each.id))
    listing.rebuild()
    return listing


def arrive(listing: Listing, *numbers: int, ms: float = 0.0) -> None:
    rows = [row(number, ms) for number in numbers]
    for each in rows:
        listing.table.put(each.id, each)
    lost = listing.table.trim()
    listing.take(rows, bool(lost))


def shown(listing: Listing, height: int) -> list[str]:
    return [listing.row(index).id for index in listing.window(height)]


def test_the_newest_come_first_and_are_followed() -> None:
    listing = listed(3)
    arrive(listing, 3, 4)

    assert listing.selected == "t00004"
    assert shown(listing, 3) == ["t00004", "t00003", "t00002"]


def test_one_who_moved_stays_on_the_row_and_the_picture_stands_still() -> None:
    listing = listed(50)
    listing.window(10)
    listing.move(5)
    before = shown(listing, 10)

    arrive(listing, *range(50, 80))

    assert listing.selected == "t00044"
    assert shown(listing, 10) == before


def test_a_changed_row_keeps_its_place() -> None:
    listing = listed(5)
    listing.move(2)
    arrive(listing, 1, ms=7.0)

    assert [listing.row(i).id for i in range(5)] == ["t00004", "t00003", "t00002", "t00001", "t00000"]
    assert listing.row(3).ms == 7.0


def test_the_oldest_go_in_a_sweep_and_a_selected_one_stays_as_a_ghost_until_left() -> None:
    listing = listed(1_000, capacity=1_000)
    listing.move(999)
    assert listing.selected == "t00000"

    arrive(listing, *range(1_000, 1_600))

    assert listing.ghost is not None
    assert listing.current is listing.ghost
    listing.move(listing.index - 1)
    assert listing.ghost is None
    assert listing.selected != "t00000"
    assert len(listing) == 1_000


def test_a_filter_is_kept_while_rows_arrive_and_change() -> None:
    listing = listed(10)
    listing.predicate = lambda each: each.ms > 5
    listing.rebuild()
    assert len(listing) == 0

    arrive(listing, 3, 20, ms=9.0)
    assert [listing.row(i).id for i in range(len(listing))] == ["t00020", "t00003"]

    arrive(listing, 3, ms=1.0)
    assert [listing.row(i).id for i in range(len(listing))] == ["t00020"]


def test_another_order_keeps_the_cursor_on_its_row() -> None:
    listing = listed(10)
    listing.move(4)
    chosen = listing.selected

    listing.order = Order("ID", lambda each: each.id)
    listing.rebuild()

    assert listing.selected == chosen
    assert listing.row(listing.index).id == chosen
    assert listing.row(0).id == "t00000"


def test_rows_that_are_over_come_last_in_any_order() -> None:
    listing = listed(4, Order("ID", lambda each: each.id))
    listing.is_past = lambda each: each.id in {"t00000", "t00002"}
    listing.rebuild()

    assert [listing.row(i).id for i in range(4)] == ["t00001", "t00003", "t00000", "t00002"]


def test_a_mark_keeps_a_row_that_time_would_hide() -> None:
    listing = listed(3)
    listing.is_shown = lambda _each: False
    listing.marks.add("t00001")
    listing.rebuild()

    assert [listing.row(i).id for i in range(len(listing))] == ["t00001"]


def test_rows_that_are_forgotten_go() -> None:
    listing = listed(5)
    listing.move(1)
    listing.table.forget(["t00002", "t00000"])
    listing.take([], has_lost=True)

    assert [listing.row(i).id for i in range(len(listing))] == ["t00004", "t00003", "t00001"]
    assert listing.selected == "t00003"


def test_a_reversed_order_of_arrival_follows_at_the_end() -> None:
    listing = listed(30, replace(NEWEST, descending=False))
    arrive(listing, 30)

    assert listing.selected == "t00030"
    assert shown(listing, 3) == ["t00028", "t00029", "t00030"]
