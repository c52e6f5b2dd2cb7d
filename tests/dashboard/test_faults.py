"""A fault in a view is a box in that view, a command that does not apply says so, and the dashboard goes on."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from devgw.clock import FrozenClock
from devgw.control.messages import CommandAnswer, Events, Snapshot
from devgw.dashboard.acts import commands
from devgw.dashboard.crash import write_faults
from devgw.dashboard.draw.screen import Painter
from devgw.dashboard.fault import KeptFaults
from devgw.dashboard.feed import Feed
from devgw.dashboard.keys.bindings import KEYMAP
from devgw.dashboard.overlays.base import Overlay
from devgw.dashboard.views.base import Tab
from devgw.dashboard.views.catalog import VIEWS
from devgw.dashboard.world import World
from tests.dashboard.bench import Bench

TYPED = [
    "", " ", "q", "export", "export har", "export jsonl", "export text", "export report", "export nothing", "theme",
    "theme dark", "theme x", "clear", "clear nothing", "travel", "travel 15m", "travel x",
    "travel " + "9" * 5_000 + "d",
    "reload", "probe", "signin", "log", "start", "privacy", "help", "9" * 5_000, "0", "1", "flow x", "flow f-07c",
    "trace", "trace nothing", "token x", "client x", "session x", "upstream x", "nothing", "tr client:x", "fl :::",
    *(view.name for view in VIEWS), *(f"{view.name} x" for view in VIEWS),
]  # fmt: skip


@pytest.mark.parametrize("is_empty", [False, True], ids=["rows", "empty"])
@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_every_command_in_every_view_does_something_or_says_why_not(view: Any, is_empty: bool) -> None:
    for typed in TYPED:
        bench = Bench({} if is_empty else None)
        bench.desk.show(view)
        commands.run(bench.desk, typed)
        bench.look()
        assert "defect" not in bench.desk.trouble


@pytest.mark.parametrize("is_empty", [False, True], ids=["rows", "empty"])
@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_every_key_in_every_view_does_something_or_says_why_not(view: Any, is_empty: bool) -> None:
    for key in KEYMAP.all:
        bench = Bench({} if is_empty else None)
        bench.desk.show(view)
        if key.works_in(view.name) and not key.reason(bench.desk):
            key.act(bench.desk)
        bench.look()
        assert "defect" not in bench.desk.trouble


@pytest.mark.parametrize("view", [each for each in VIEWS if each.name != "traces"], ids=lambda view: view.name)
def test_an_archive_is_written_of_requests_alone(view: Any) -> None:
    bench = Bench()
    bench.desk.show(view)
    bench.press(":", "export har", "enter")
    assert "only traces" in bench.desk.trouble
    assert bench.port.written == {}


def test_what_changes_the_gateway_is_not_asked_by_who_only_looks() -> None:
    bench = Bench(is_read_only=True)
    for typed in ("clear", "travel 1h", "reload", "signin"):
        commands.run(bench.desk, typed)
        assert "read-only" in bench.desk.trouble
    assert not [each for each in bench.port.did if each[0] in {"clear", "travel", "reload", "sign_in"}]


def _fails(*_: object) -> Any:
    raise ValueError("a value that must not be shown")


def test_a_fault_in_a_view_is_a_box_in_that_view() -> None:
    bench = Bench()
    written: list[str] = []
    bench.desk.faults = KeptFaults(lambda text: written.append(text) or "somewhere.log")  # type: ignore[func-returns-value]
    bench.desk.view = replace(VIEWS[0], tabs=(Tab("Broken", _fails), *VIEWS[0].tabs[1:]))
    shown = bench.text()
    assert "Broken failed: ValueError" in " ".join(shown.split())
    assert "f-07c" in shown, "the list stays"
    bench.look()
    assert len(written) == 1, "each kind is written once"
    assert "must not be shown" not in written[0]
    bench.press("2")
    assert "ValueError" not in bench.text()


def test_a_row_that_cannot_be_drawn_is_said_in_its_place() -> None:
    bench = Bench()
    columns = bench.desk.view.columns
    row = bench.desk.listing.row(1)

    def cell(each: Any, scene: Any) -> Any:
        return _fails() if each is row else columns[0].cell(each, scene)

    bench.desk.view = replace(bench.desk.view, columns=(replace(columns[0], cell=cell), *columns[1:]))
    bench.painter = Painter()
    shown = bench.text()
    assert f"the row {row.id} failed" in shown
    assert "defect of devgw" in shown
    assert bench.desk.listing.row(0).client in shown


@pytest.mark.parametrize("part", ["header", "list_pane", "detail_pane"])
def test_whatever_cannot_be_drawn_leaves_the_rest(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench()
    monkeypatch.setattr(f"devgw.dashboard.draw.screen.{part}", _fails)
    picture = bench.look()
    assert {"header", "tabs", "list", "status", "keys"} <= set(picture.lines)
    assert "failed: ValueError" in bench.text()


def test_an_overlay_that_fails_is_closed() -> None:
    class Broken(Overlay):
        title = "Broken"
        width = 40

        def lines(self, *_: object) -> Any:
            return _fails()

        def press(self, *_: object) -> None:
            _fails()

    bench = Bench()
    bench.desk.overlay = Broken()
    bench.look()
    left: Overlay | None = bench.desk.overlay
    assert "failed" in bench.desk.trouble
    assert not isinstance(left, Broken)


def test_where_it_is_written_is_for_this_person_alone(tmp_path: Path) -> None:
    path = Path(write_faults("text", {"XDG_CACHE_HOME": str(tmp_path)}))
    assert path.read_text() == "text"
    assert path.stat().st_mode & 0o077 == 0
    (tmp_path / "file").write_text("")
    assert write_faults("text", {"XDG_CACHE_HOME": str(tmp_path / "file")}) == ""


async def test_one_message_or_answer_that_cannot_be_read_never_ends_the_feed(tmp_path: Path) -> None:
    world, heard = World(), []
    feed = Feed(world, FrozenClock(), tmp_path, lambda: None)
    feed.fail = lambda part, error: heard.append((part, type(error).__name__))
    feed._tell(Events(1, 1.0, {"no such kind": []}, {}))
    feed._tell(Events(2, 1.0, {"flow": [object()]}, {}))  # type: ignore[list-item]  # that is the fault
    feed._tell(Snapshot(3, 1, is_last=True))
    assert heard
    assert world.seq == 3
    async with asyncio.TaskGroup():
        await feed._ask("clear", {}, lambda _answer: _fails())
    assert heard[-1] == ("the answer to clear", "ValueError")
    assert CommandAnswer("1").ok is not None
