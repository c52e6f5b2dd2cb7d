"""Kept flows are bounded in number, size and age, and what is damaged in them is passed over or told."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from devgw.limits import Limits
from devgw.monitor.details import FlowDetail, TraceDetail
from devgw.monitor.flow_file import FlowFileRefused, row_text
from devgw.monitor.recorded_flow import RunView
from devgw.monitor.recorder import KeptFlow
from devgw.monitor.rows import FlowRow, TraceRow
from devgw.problems import Refused
from devgw.store.failure import StateUnusable
from devgw.store.flows import FlowStore

NOON = 1_795_000_000.0
DAY = 86_400.0
RUN, NEXT = RunView("r-1", NOON, "0.1.0"), RunView("r-2", NOON + DAY, "0.1.0")


def opened(path: Path | None, run: RunView) -> FlowStore:
    store = FlowStore(path)
    store.begin(run)
    return store


def flow(number: int, *, arrived: bool = False, exchanges: int = 0, size: int = 0, first: int = 0) -> KeptFlow:
    """Return a flow as it is written, with so many exchanges of about that size."""
    row = FlowRow(f"f-{number:06x}", "done" if arrived else "failed", NOON + number, "#########", "mcp")
    told = []
    for each in range(first, first + exchanges):
        detail = TraceDetail(TraceRow(f"{number:04x}{each:04x}", NOON + each, "GET", "/x"), url="x" * size)
        told.append((detail.row.id, row_text(detail)))
    return KeptFlow(row.id, row.started, arrived, row_text(row), row_text(FlowDetail(row)), tuple(told))


def test_what_was_kept_is_found_by_the_next_run_and_not_as_its_own(tmp_path: Path) -> None:
    first = opened(tmp_path / "flows.db", RUN)
    first.save([flow(1, exchanges=3), flow(2, arrived=True)], NOON)
    assert first.earlier() == []
    first.close()
    second = opened(tmp_path / "flows.db", NEXT)
    second.save([flow(3)], NOON + DAY)

    assert [(row.id, row.run) for row in second.earlier()] == [("f-000001", NOON), ("f-000002", NOON)]
    found = second.find("f-000001")
    assert found is not None
    assert found.run == RUN
    assert [each.row.id for each in found.exchanges] == ["00010000", "00010001", "00010002"]
    assert second.find("f-ffffff") is None
    assert second.find_exchange("00010001") is not None
    assert second.find_exchange("ffff0001") is None


def test_a_flow_that_changes_is_kept_once_and_its_exchanges_too() -> None:
    store = opened(None, RUN)
    store.save([flow(1, exchanges=2)], NOON)
    store.save([flow(1, exchanges=3)], NOON + 1)
    found = store.find("f-000001")

    assert found is not None
    assert [each.row.id for each in found.exchanges] == ["00010000", "00010001", "00010002"]


def test_a_flood_of_what_failed_takes_nothing_away_that_arrived() -> None:
    store = opened(None, RUN)
    store.save([flow(number, arrived=True) for number in range(20)], NOON)
    gone: list[str] = []
    for begin in range(1_000, 1_000 + 3 * Limits.KEPT_FLOWS, 100):
        gone += store.save([flow(number) for number in range(begin, begin + 100)], NOON + begin)

    assert store.find("f-000000") is not None
    assert len(gone) == 2 * Limits.KEPT_FLOWS
    assert {"f-0003e8", "f-00063f"} <= set(gone), "the oldest"
    assert store.find("f-0003e8") is None


def test_what_is_older_than_anybody_asks_for_goes() -> None:
    store = opened(None, RUN)
    store.save([flow(1, exchanges=1)], NOON)
    later = NOON + (Limits.KEPT_FLOW_DAYS + 1) * DAY

    assert store.save([flow(2)], later) == ["f-000001"]
    assert store.find_exchange("00010000") is None


def test_the_oldest_go_where_all_together_are_too_large() -> None:
    store, size = opened(None, RUN), Limits.KEPT_EXCHANGES_BYTES // 4
    count = Limits.KEPT_FLOWS_BYTES // (3 * size) + 1
    gone: list[str] = []
    for number in range(count + 2):
        gone += store.save([flow(number, exchanges=3, size=size)], NOON + number)

    assert gone[:1] == ["f-000000"]
    assert len(gone) <= 4


def test_of_a_long_flow_the_first_and_the_newest_exchanges_stay() -> None:
    store = opened(None, RUN)
    for begin in range(0, 300, 50):
        store.save([flow(1, exchanges=50, first=begin)], NOON + begin)
    found = store.find("f-000001")

    assert found is not None
    ids = [int(each.row.id[4:], 16) for each in found.exchanges]
    assert len(ids) == Limits.KEPT_EXCHANGES
    assert ids[:20] == [*range(20)]
    assert ids[20:] == [*range(220, 300)]
    assert found.left_out == 200


def test_long_exchanges_of_one_flow_are_bounded_too() -> None:
    store, size = opened(None, RUN), Limits.KEPT_EXCHANGES_BYTES // 40
    store.save([flow(1, exchanges=90, size=size)], NOON)
    found = store.find("f-000001")

    assert found is not None
    assert sum(len(each.url) for each in found.exchanges) <= Limits.KEPT_EXCHANGES_BYTES
    assert found.exchanges[-1].row.id == f"0001{89:04x}"


def test_a_run_of_which_no_flow_is_left_is_forgotten(tmp_path: Path) -> None:
    first = opened(tmp_path / "flows.db", RUN)
    first.save([flow(1)], NOON)
    first.close()
    second = opened(tmp_path / "flows.db", NEXT)
    second.save([flow(2)], NOON + 40 * DAY)
    second.close()

    with closing(sqlite3.connect(tmp_path / "flows.db")) as database:
        assert database.execute("SELECT id FROM run").fetchall() == [("r-2",)]


ODD = {
    "no json": "once upon a time",
    "a list": "[]",
    "nothing": "{}",
    "another track": json.dumps({"id": "f-000001", "state": "done", "started": 1, "track": "x", "step": "mcp"}),
    "another type": json.dumps({"id": "f-000001", "state": 1, "started": 1, "track": "#########", "step": "mcp"}),
    "a path": json.dumps({"id": "../f-1", "state": "done", "started": 1, "track": "#########", "step": "mcp"}),
    "another id": json.dumps({"id": "f-000009", "state": "done", "started": 1, "track": "#########", "step": "mcp"}),
    "deep": "[" * 4_000,
    "bytes": b"\xff\xfe\x00",
    "a number": 7,
}


@pytest.mark.parametrize("value", ODD.values(), ids=ODD.keys())
def test_a_row_that_says_nothing_is_counted_and_the_others_are_listed(value: Any, tmp_path: Path) -> None:
    first = opened(tmp_path / "flows.db", RUN)
    first.save([flow(1), flow(2)], NOON)
    first.close()
    with closing(sqlite3.connect(tmp_path / "flows.db")) as database, database:
        database.execute("UPDATE flow SET row=?, detail=? WHERE id='f-000001'", (value, value))
    second = opened(tmp_path / "flows.db", NEXT)

    assert [row.id for row in second.earlier()] == ["f-000002"]
    assert second.unreadable == 1
    if value != ODD["another id"]:
        with pytest.raises((FlowFileRefused, Refused)):
            second.find("f-000001")
    second.save([flow(3)], NOON + DAY)


@pytest.mark.parametrize("column", ["bytes", "changed", "has_arrived", "left_out", "started"])
def test_a_number_that_is_none_spoils_no_save(column: str, tmp_path: Path) -> None:
    first = opened(tmp_path / "flows.db", RUN)
    first.save([flow(1, exchanges=1), flow(2)], NOON)
    first.close()
    with closing(sqlite3.connect(tmp_path / "flows.db")) as database, database:
        database.execute(f"UPDATE flow SET {column}='many' WHERE id='f-000001'")  # noqa: S608  a name of ours
        database.execute("UPDATE exchange SET bytes='many'")
    second = opened(tmp_path / "flows.db", NEXT)

    second.earlier()
    second.find("f-000001")
    second.save([flow(1, exchanges=2), flow(3)], NOON)


@pytest.mark.parametrize(
    "script",
    [
        "CREATE TRIGGER t AFTER INSERT ON flow BEGIN DELETE FROM flow; END",
        "CREATE VIEW v AS SELECT 1",
        "DROP TABLE exchange",
        "ALTER TABLE flow DROP COLUMN detail",
        "PRAGMA user_version=99",
    ],
)
def test_a_file_that_devgw_did_not_write_so_is_refused_in_words(script: str, tmp_path: Path) -> None:
    opened(tmp_path / "flows.db", RUN).close()
    with closing(sqlite3.connect(tmp_path / "flows.db")) as database:
        database.executescript(script)
    with pytest.raises(StateUnusable) as refused:
        FlowStore(tmp_path / "flows.db")
    assert "flows.db" in str(refused.value)


def test_a_file_that_is_larger_than_any_is_not_opened(tmp_path: Path) -> None:
    opened(tmp_path / "flows.db", RUN).close()
    with (tmp_path / "flows.db").open("r+b") as file:
        file.truncate(2**40)
    with pytest.raises(StateUnusable, match="larger than any"):
        FlowStore(tmp_path / "flows.db")
