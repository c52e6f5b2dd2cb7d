"""Where more comes than is kept: indexes and books stay in step, and readers are given what there is."""

from datetime import timedelta

from devgw.clock import FrozenClock
from devgw.events import taxonomy as told
from devgw.ids import ClientId, GrantId, TokenId
from devgw.monitor.changes import Cursor
from devgw.monitor.reading import changes_since, cursor_now, snapshot
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
