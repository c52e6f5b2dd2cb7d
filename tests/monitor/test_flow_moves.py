"""The table of a flow's moves is whole, and whatever is seen in whatever order leaves a flow that can be drawn."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from devgw.events.flow import Flow, FlowState, Milestone, Step, StepState
from devgw.events.taxonomy import McpAuthDownstreamTokenRefused
from devgw.ids import FlowId
from devgw.monitor.flow_moves import MOVES, FlowMove, Stand, give_up, move, stand_of

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
REFUSED = McpAuthDownstreamTokenRefused(error="invalid_grant", reason_code="code_unknown")


def test_everything_that_may_be_seen_moves_some_flow() -> None:
    assert {seen for _, seen in MOVES} == set(FlowMove)
    assert {stand for stand, _ in MOVES} == set(Stand)


def test_a_flow_that_arrived_stays_there_whatever_is_refused_of_its_calls() -> None:
    moves = {
        seen: MOVES[Stand.ARRIVED, seen]
        for seen in (FlowMove.CALL_REFUSED, FlowMove.CALL_FORBIDDEN, FlowMove.REFRESH_REFUSED)
    }
    assert [(each.steps, each.is_troubled) for each in moves.values()] == [((), True)] * 3


@pytest.mark.parametrize("seed", range(200))
def test_whatever_is_seen_leaves_one_step_under_way_or_failed_and_none_open_before_it(seed: int) -> None:
    chosen = random.Random(seed)
    flow, at = Flow(FlowId("f-1"), NOON), NOON
    for seen in chosen.choices(list(FlowMove), k=40):
        at += timedelta(seconds=1)
        stood, before = stand_of(flow), flow.track
        move(flow, seen, "words", at=at, event=REFUSED)
        assert (stood, seen) in MOVES or flow.track == before
        _is_drawable(flow)
        if chosen.random() < 0.05:
            give_up(flow, at)


def _is_drawable(flow: Flow) -> None:
    states = [mark.state for mark in flow.steps]
    assert (flow.state is FlowState.FAILED) == (flow.failure is not None)
    if flow.failure is not None:
        assert flow.mark(flow.failure.step).state is StepState.FAILED
    if flow.state is FlowState.DONE:
        assert flow.mark(Step.MCP).state is StepState.DONE
    reached = [index for index, state in enumerate(states) if state in {StepState.DONE, StepState.FAILED}]
    if reached:
        assert StepState.NOT_REACHED not in states[: max(reached)], flow.track
    assert flow.last_seen is not Milestone.NOTHING or flow.track == "........."
