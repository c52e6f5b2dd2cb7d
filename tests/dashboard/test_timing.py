"""The gateway's clock from the dashboard: moved to where a token expires, stopped, set back, marked in each header."""

import json

import pytest

from devgw.cli.printing import as_json
from devgw.control.commands import ClockView
from devgw.control.messages import CommandAnswer
from tests.dashboard.bench import Bench


def test_a_token_is_let_expire(bench: Bench) -> None:
    bench.press("3")
    row = bench.desk.row
    assert row is not None
    bench.press("e")
    assert bench.port.asked[-1] == ("clock", {"do": "to_expiry", "id": row.id})
    view = ClockView(bench.desk.now + 900, ahead=900, note="workos keeps the world's time.")
    bench.port.waiting[-1](CommandAnswer("1", True, json.loads(as_json(view))))
    assert "the gateway's clock is 15m ahead" in bench.text()
    assert "workos keeps the world's time." in bench.text()


@pytest.mark.parametrize(
    ("typed", "asked"),
    [
        ("clock freeze", ("clock", {"do": "freeze", "id": ""})),
        ("clock reset", ("clock", {"do": "reset", "id": ""})),
        ("clock to-expiry at:12", ("clock", {"do": "to_expiry", "id": "at:12"})),
        ("clock +1h30m", ("travel", {"seconds": 5_400})),
        ("travel 15m", ("travel", {"seconds": 900})),
    ],
)
def test_the_clock_is_moved_by_a_command(bench: Bench, typed: str, asked: tuple[str, dict[str, object]]) -> None:
    bench.press(":", typed, "enter")
    assert bench.port.asked[-1] == asked


@pytest.mark.parametrize("typed", ["clock", "clock x", "clock -5m", "travel x"])
def test_what_is_no_time_is_said(bench: Bench, typed: str) -> None:
    bench.press(":", typed, "enter")
    assert [name for name, _ in bench.port.asked if name in {"clock", "travel"}] == []
    assert "needs" in bench.text()


@pytest.mark.parametrize("view", "1234567890")
@pytest.mark.parametrize("size", [(60, 16), (80, 24), (120, 36), (200, 50)])
def test_each_header_says_that_it_is_another_time(bench: Bench, view: str, size: tuple[int, int]) -> None:
    health = bench.world.health
    assert health is not None
    bench.size = size
    bench.press(view)
    assert "clock +" not in bench.text()
    health.clock_ahead = 960.0
    assert "clock +16m" in bench.text().splitlines()[0]
    health.clock_frozen = bench.desk.now
    assert "clock frozen" in bench.text().splitlines()[0]


def test_messages_go_although_the_gateways_clock_stands_still(bench: Bench) -> None:
    now = bench.desk.now
    bench.desk.tick(now, 100.0)
    bench.desk.say("hello there")
    bench.desk.tick(now, 101.0)
    assert "hello there" in bench.text()
    bench.desk.tick(now, 200.0)
    assert "hello there" not in bench.text()
