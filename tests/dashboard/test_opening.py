"""What is seen first of a row that is opened: its beginning, whatever links stand further below."""

import pytest

from devgw.dashboard.views.base import View
from devgw.dashboard.views.catalog import VIEWS, key_of
from tests.dashboard.bench import Bench


@pytest.mark.parametrize("size", [(60, 16), (80, 24)], ids=["60x16", "80x24"])
@pytest.mark.parametrize("view", [view.name for view in VIEWS if view.name != "flows"])
def test_a_row_is_opened_at_its_beginning(bench: Bench, view: str, size: tuple[int, int]) -> None:
    """A link far below, as a cookie's or a trace's, hid what the row is, why it failed and what mends it."""
    bench.size = size
    bench.look()
    bench.press(next(key_of(each) for each in VIEWS if each.name == view), "enter")

    sheet = bench.desk.sheets["detail"]
    assert bench.desk.is_open
    assert bench.desk.reading["detail"].top(sheet) == 0


def test_the_first_link_below_is_chosen_as_soon_as_it_comes_into_sight(bench: Bench) -> None:
    bench.size = (60, 16)
    bench.look()
    bench.press("9", "enter")
    assert bench.desk.reading["detail"].anchor == -1
    bench.press(*["down"] * 12)

    assert bench.desk.reading["detail"].anchor >= 0


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_no_key_is_explained_in_half_a_sentence(bench: Bench, view: View) -> None:
    bench.press(key_of(view), "?")
    shown = [line[5:110] for line in bench.text().splitlines()[3:-3]]

    assert [line for line in shown if "…" in line.replace("Traces … Events", "")] == []
