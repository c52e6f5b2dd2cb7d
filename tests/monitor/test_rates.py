"""How many requests came in each second: seconds of the machine, whatever the gateway's clock shows."""

from datetime import timedelta

import pytest

from tests.monitor.walk import Walk

SECOND = 1_000_000_000
MOVES = [timedelta(), timedelta(days=30), timedelta(days=-30), timedelta(milliseconds=-1)]


@pytest.mark.parametrize("moved", MOVES, ids=["stands still", "travelled", "set back", "corrected"])
def test_requests_are_counted_by_seconds_that_pass_and_not_by_those_that_the_clock_shows(moved: timedelta) -> None:
    walk = Walk()
    counted = []
    for many in (1, 4, 2):
        for _ in range(many):
            walk.exchange(walk.trace("GET", "/healthz", kind="page"), 200)
        walk.clock.at += moved
        walk.clock.steady = (walk.clock.steady // SECOND + 1) * SECOND
        walk.monitor.tick()
        counted.append(walk.monitor.health.look().rates[-1])
    assert counted == [1, 4, 2]


def test_seconds_in_which_nothing_came_are_nothing() -> None:
    walk = Walk()
    walk.exchange(walk.trace("GET", "/healthz", kind="page"), 200)
    walk.clock.steady += 3 * SECOND
    walk.monitor.tick()
    assert walk.monitor.health.look().rates == [1, 0, 0]
