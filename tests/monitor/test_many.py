"""Where more comes than is kept: indexes and books stay in step, and readers are given what there is."""

import copy
import tracemalloc
from datetime import timedelta
from typing import Any

import pytest

from devgw.clock import FrozenClock
from devgw.diagnosis import RuleDiagnoser
from devgw.events import taxonomy as told
from devgw.events.trace import Body
from devgw.foreign.text import has_placeholder
from devgw.ids import ClientId, GrantId, TokenId
from devgw.monitor.changes import Cursor
from devgw.monitor.reading import changes_since, cursor_now, snapshot
from devgw.monitor.secret_names import plain_name
from devgw.monitor.trace_weight import weight_of
from tests.monitor.walk import Walk


def test_a_flow_that_is_kept_no_longer_spoils_no_list_when_it_goes_on() -> None:
    """Whoever asks more than two thousand times for the first time made every reader fail."""
    walk = Walk(kept=10)
    walk.registered()
    first = next(iter(walk.monitor.flow_book.flows))
    for number in range(2_050):
        walk.agent = f"agent-{number}"
        walk.challenged()
    assert walk.monitor.flow(first.id) is None
    cursor = cursor_now(walk.monitor)
    walk.monitor.flow_book.touch(first)
    walk.monitor.flows.dirty[first.id] = first
    walk.challenged()
    walk.monitor.tick()
    assert len(changes_since(walk.monitor, cursor).rows["flow"]) == 1
    flows = [row for part in snapshot(walk.monitor, frozenset({"flow"}).__contains__) for row in part.get("flow", [])]
    assert len(flows) == len(walk.monitor.flow_book.flows) == 2_000
    assert len(list(walk.monitor.flow_book.active())) <= 2_000
    assert walk.bus.guard.failures == 0


def test_a_flow_that_is_kept_no_longer_waits_for_no_judgement(monkeypatch: pytest.MonkeyPatch) -> None:
    """More may come than can be judged: what waits is among what is kept."""
    walk = Walk(kept=10)
    walk.monitor.take_diagnoser(RuleDiagnoser(walk.bus, walk.clock))
    monkeypatch.setattr(walk.monitor.judging, "run", lambda: None)  # there is time for none
    for number in range(2_600):
        walk.agent = f"agent-{number}"
        walk.challenged()
        if number % 1_300 == 0:
            walk.monitor.tick()
    walk.monitor.tick()
    judging = walk.monitor.judging
    waiting = [id_ for id_ in {*judging._changed, *judging._waiting} if id_]
    assert len(waiting) == 2_000
    assert all(id_ in walk.monitor.flow_book.flows for id_ in waiting)


LONG = b"x" * 60_000


@pytest.mark.parametrize(
    "heavy",
    [
        {"request_body": Body(LONG, len(LONG))},
        {"response_body": Body(LONG, len(LONG))},
        {"upstream_body": Body(LONG, len(LONG))},
        {"request_headers": [(b"user-agent", b"a"), (b"x-long", LONG)]},
        {"response_headers": [(b"x-long", LONG)]},
        {"upstream_headers": [(LONG, b"")]},
    ],
    ids=lambda heavy: next(iter(heavy)),
)
def test_what_strangers_send_is_kept_within_bounds_whatever_it_is(heavy: dict[str, Any]) -> None:
    walk = Walk(kept=10_000)
    for _ in range(2_000):
        walk.exchange(walk.trace("POST", "/mcp/calc", **copy.deepcopy(heavy)), 401)
    kept = list(walk.monitor.traces)
    assert len(kept) == 2_000
    assert 0 < sum(map(weight_of, kept)) <= 64 * 1024 * 1024


def test_a_request_that_left_the_list_leaves_its_bodies_with_those_who_remember_it() -> None:
    walk = Walk(kept=10)
    for _ in range(30):
        walk.exchange(walk.trace("POST", "/oauth/token", request_body=Body(LONG, len(LONG))), 400)
    told_of = [each.event.trace for each in walk.monitor.lines if isinstance(each.event, told.HttpExchanged)]
    assert len(told_of) == 30
    assert sum(map(weight_of, told_of)) < 11 * len(LONG)
    assert {trace.request_body.size for trace in told_of} == {len(LONG)}


def test_no_long_name_of_a_stranger_is_remembered() -> None:
    tracemalloc.start()
    try:
        for number in range(3_000):
            plain_name(f"{number:05}" + "x" * 5_000)
            has_placeholder(f"{number:05}" + "y" * 5_000)
        grown, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert grown < 3_000_000


def issue(walk: Walk, number: int, client: int, minutes: int = 15) -> None:
    walk.tell(
        told.McpAuthDownstreamTokenIssued(
            client_id=ClientId(f"c-{client}"),
            grant_id=GrantId(f"g-{number}"),
            access_token_id=TokenId(f"at:{number}"),
            access_expires_at=walk.clock.now() + timedelta(minutes=minutes),
            resource="r",
            scope="s",
        )
    )


def test_grants_are_found_by_client_and_leave_with_their_rows() -> None:
    walk = Walk()
    grants = walk.monitor.grants
    grants.grants._kept = grants.tokens._kept = 50
    for number in range(200):
        issue(walk, number, number % 4)
    assert sum(len(grants.of_client(f"c-{client}")) for client in range(4)) == len(grants.grants) == 50
    assert [row.id for row in grants.of_client("c-3")][-1] == "g-199"
    assert sum(len(grants.family(row.id)) for row in grants.grants) == len(grants.tokens) == 50
    assert grants.family("g-0") == []


def test_tokens_that_are_long_over_are_forgotten_a_part_at_each_tick() -> None:
    walk = Walk()
    for number in range(2_500):
        issue(walk, number, 0)
    walk.wait(2 * 3600)
    sizes = []
    for _ in range(4):
        walk.monitor.tick()
        sizes.append(len(walk.monitor.grants.tokens))
    assert sizes == [1_500, 500, 0, 0]


def test_a_flood_that_nobody_observes_is_counted_and_said() -> None:
    walk = Walk()
    assert isinstance(walk.clock, FrozenClock)
    for _ in range(12_000):
        walk.bus.publish(told.McpAuthConsentDenied())
    walk.bus.drain()
    walk.bus.drain()
    checks = {each.name: each.text for each in walk.monitor.health.look().checks}
    assert checks["journal"].startswith("2000 events came faster than they could be observed")
    assert changes_since(walk.monitor, Cursor(1)).missed_lines > 0


def test_what_is_over_is_shown_for_an_hour_and_the_oldest_of_it_for_a_minute_where_there_is_much() -> None:
    """Memory grew for an hour under steady refreshing, and for ever with each grant that had ended."""
    walk = Walk()
    walk.all_the_way()
    books = walk.monitor.grants
    ended = tuple(TokenId(each) for each in ("at:1", "rt:1"))
    walk.tell(told.McpAuthDownstreamTokenRevoked(token_ids=ended, cause="signed_out", grant_id=GrantId("g-1")))
    walk.wait(3_500)
    books.prune(walk.clock.now())
    assert [row.id for row in books.tokens] == ["code:1", "at:1", "rt:1"]
    walk.wait(101)
    books.prune(walk.clock.now())
    assert (len(books.tokens), len(books.grants), books.family("g-1")) == (0, 0, [])
    for number in range(5_100):
        walk.tell(_issued(walk, number))
    over = tuple(TokenId(f"at:{number}") for number in range(100, 5_000))
    walk.tell(told.McpAuthDownstreamTokenRevoked(token_ids=over, cause="signed_out"))
    walk.wait(50)
    while books.prune(walk.clock.now()):
        pass
    assert len(books.tokens) == 5_100
    walk.wait(20)
    while books.prune(walk.clock.now()):
        pass
    assert [row.id for row in books.tokens][:101] == [*(f"at:{number}" for number in range(100)), "at:1000"]
    assert (len(books.tokens), len(books.grants)) == (4_200, 5_100)
    walk.wait(3_600)
    while books.prune(walk.clock.now()):
        pass
    assert len(books.grants) == 200
    grant = books.grants.get("g-0")
    assert grant is not None
    grant.ended = 1.0
    books._to_weigh = ["at:5000"]  # the last part of a walk that has not come to the tokens of this grant
    books.prune(walk.clock.now())
    assert books.family("g-0")
    assert "g-0" in books.grants


def _issued(walk: Walk, number: int) -> told.Event:
    return told.McpAuthDownstreamTokenIssued(
        client_id=ClientId("dcr:1"),
        grant_id=GrantId(f"g-{number}"),
        access_token_id=TokenId(f"at:{number}"),
        access_expires_at=walk.clock.now() + timedelta(minutes=15),
        resource="http://localhost:9000/mcp/calc",
        scope="",
    )
