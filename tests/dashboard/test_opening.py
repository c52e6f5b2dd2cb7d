"""What is seen first of a row that is opened: its beginning, whatever links stand further below."""

from dataclasses import replace

import pytest

from devgw.control.messages import CheckRow, Events, HealthView
from devgw.dashboard.keys.keymap import Keymap
from devgw.dashboard.views.base import View
from devgw.dashboard.views.catalog import VIEWS, key_of
from devgw.dashboard.world import Link
from tests.dashboard.bench import Bench
from tests.support.sample_world import NOON


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
    """What is longer than its column goes on below itself, a reason against it too."""
    longer = tuple(replace(each, text=f"{each.text}, and what else it does for you") for each in bench.desk.keymap.all)
    bench.desk.keymap = Keymap(longer)
    bench.press(key_of(view), "?")
    shown = [line[5:110] for line in bench.text().splitlines()[3:-3]]

    assert [line for line in shown if "…" in line.replace("Traces … Events", "")] == []


@pytest.mark.parametrize("size", [(120, 36), (160, 45), (200, 50)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_the_first_screen_says_its_checks_whole_where_there_is_room(size: tuple[int, int]) -> None:
    rows = Bench.told() | {"flow": [], "trace": []}
    bench = Bench(rows)
    (health,) = rows["health"]
    assert isinstance(health, HealthView)
    long = "this is a container: forward port 9000, 9001 and 9003 of it under the same number, " * 2 + "then go on"
    health.checks.append(CheckRow("this machine", "ok", long))
    bench.size = size
    bench.world.events(Events(99, NOON, {"health": [health]}), NOON)
    bench.desk.take(bench.world.drain())

    said = " ".join(line.strip("│ ") for line in bench.text().splitlines())
    assert " ".join(long.split()) in " ".join(said.split())


def test_on_a_small_first_screen_the_checks_are_cut_and_nothing_else_goes() -> None:
    rows = Bench.told() | {"flow": [], "trace": []}
    bench = Bench(rows)
    (health,) = rows["health"]
    assert isinstance(health, HealthView)
    health.checks += [CheckRow(f"check {number}", "ok", "long words " * 40) for number in range(1)]
    bench.size = (80, 24)
    bench.world.events(Events(99, NOON, {"health": [health]}), NOON)
    bench.desk.take(bench.world.drain())

    assert "waiting for the first sign-in" in bench.text()


def test_the_header_counts_all_flows_and_beside_them_those_under_way_and_those_that_failed(bench: Bench) -> None:
    flows = [*bench.world.table("flow")]
    active, failed = (sum(row.state == state for row in flows) for state in ("active", "failed"))

    assert f"flows {len(flows)} ► {active} ✗ {failed}" in bench.text()


def test_before_the_gateway_is_there_nothing_is_called_stale(bench: Bench) -> None:
    bench.world.lose("trying again", NOON)
    assert "what is shown is stale" in bench.text()
    bench.world.instance, bench.world.link = "", Link.CONNECTING

    assert "connecting" in bench.text()
    assert "stale" not in bench.text()


def test_what_a_url_would_be_copied_as_is_shown_with_its_origin(bench: Bench) -> None:
    bench.press("2", "y")
    origin = bench.world.gateway.origin if bench.world.gateway else ""

    assert f"URL                    {origin}/" in bench.text()
