"""Whatever happens in between, a reader is given each thing once, or told that it is lost."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devgw.monitor import reading
from devgw.monitor.changes import Cursor
from devgw.monitor.reading import changes_since, must_begin_again, snapshot
from devgw.monitor.row import Row
from devgw.monitor.rows import EventLine, TokenRow, TraceRow
from tests.monitor.walk import Walk

STEP = st.sampled_from(["called", "resource_metadata", "refreshed", "challenged", "refused", "wait"])


@dataclass
class Reader:
    """One who collects now and then."""

    cursor: Cursor = field(default_factory=Cursor)
    traces: list[str] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    tokens: dict[str, tuple[str, int]] = field(default_factory=dict)
    missed_traces: int = 0
    missed_lines: int = 0

    def read(self, walk: Walk, limit: int) -> None:
        changes = changes_since(walk.monitor, self.cursor, limit=limit)
        self.traces += [row.id for row in changes.rows.get("trace", []) if isinstance(row, TraceRow)]
        self.lines += [row.seq for row in changes.rows.get("line", []) if isinstance(row, EventLine)]
        for row in changes.rows.get("token", []):
            assert isinstance(row, TokenRow)
            self.tokens[row.id] = (row.state, row.uses)
        for id_ in changes.gone.get("token", []):
            self.tokens.pop(id_, None)
        self.missed_traces += changes.missed_traces
        self.missed_lines += changes.missed_lines


def act(walk: Walk, step: str) -> None:
    if step == "wait":
        walk.wait(1_000)
        walk.monitor.tick()
    else:
        getattr(walk, step)()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(STEP, st.booleans(), st.booleans()), max_size=80), st.integers(1, 20), st.integers(3, 40))
def test_no_loss_no_duplicate_and_an_exact_count_of_what_is_lost(
    steps: list[tuple[str, bool, bool]], limit: int, kept: int
) -> None:
    walk = Walk(kept=kept)
    walk.all_the_way()
    often, seldom = Reader(), Reader()
    for step, first_reads, second_reads in steps:
        act(walk, step)
        if first_reads:
            often.read(walk, limit)
        if second_reads:
            seldom.read(walk, 10_000)
    for reader in (often, seldom):
        reader.read(walk, 10_000)
        assert len(reader.traces) == len(set(reader.traces))
        assert reader.traces == sorted(reader.traces)
        assert len(reader.traces) + reader.missed_traces == walk.count
        assert len(reader.lines) == len(set(reader.lines))
        assert len(reader.lines) + reader.missed_lines == walk.bus.seq
        assert reader.tokens == {row.id: (row.state, row.uses) for row in walk.monitor.grants.tokens}


@given(st.integers(1, 7))
def test_a_snapshot_has_everything_in_whatever_parts_it_comes(part: int) -> None:
    walk = Walk()
    walk.all_the_way()
    rows = [(kind, row) for chunk in snapshot(walk.monitor, part=part) for kind, each in chunk.items() for row in each]
    kinds = [kind for kind, _ in rows]
    assert {kind: kinds.count(kind) for kind in set(kinds)} == {
        "flow": 1,
        "trace": walk.count,
        "token": 3,
        "grant": 1,
        "session": 1,
        "client": 1,
        "upstream": 1,
        "health": 1,
        "config": 1,
        "line": walk.bus.seq,
    }


def test_tokens_and_grants_know_their_flow() -> None:
    walk = Walk()
    walk.all_the_way()
    (flow,) = walk.monitor.flow_book.flows
    changes = changes_since(walk.monitor, Cursor())
    linked = [getattr(row, "flow_id", "") for kind in ("token", "grant", "trace") for row in changes.rows[kind]]
    assert set(linked) == {flow.id}


def test_clearing_and_a_count_from_the_future_make_a_reader_begin_again() -> None:
    walk = Walk()
    walk.all_the_way()
    seen = walk.monitor.count.value
    assert not must_begin_again(walk.monitor, seen)
    assert must_begin_again(walk.monitor, seen + 1)
    assert must_begin_again(walk.monitor, 0)
    walk.monitor.clear("flows")
    assert must_begin_again(walk.monitor, seen)
    assert len(walk.monitor.traces) == walk.count


def test_a_part_of_a_snapshot_ends_where_its_rows_take_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests come in between the parts: with rows that take 1 ms each, after 4 ms."""
    walk = Walk()
    for _ in range(30):
        walk.challenged()
    make = reading._line

    def slowly(*given: Any) -> Row:
        walk.clock.travel(timedelta(milliseconds=1))
        return make(*given)

    monkeypatch.setattr(reading, "_line", slowly)
    parts = [part["line"] for part in snapshot(walk.monitor, frozenset({"line"}).__contains__)]
    assert [len(part) for part in parts[:-1]] == [4] * (len(parts) - 1)
    assert len(parts) > 7
    assert sum(map(len, parts)) == len(walk.monitor.lines)
