"""How a flow moves: steps reached, finished, skipped and failed, and arrows put where they belong in time."""

from bisect import insort
from datetime import datetime

from devgw.events.flow import (
    STEPS,
    Flow,
    FlowMessage,
    FlowState,
    Lane,
    Milestone,
    Step,
    StepFailure,
    StepState,
)
from devgw.ids import TraceId

MOST_MESSAGES = 200
_OPEN = (StepState.NOT_REACHED, StepState.NOW)


def note(flow: Flow, at: datetime, seen: Milestone, words: str) -> None:
    """Note what was seen last."""
    flow.last_at = at
    flow.last_seen = seen
    flow.last_words = words


def reach(flow: Flow, step: Step, at: datetime) -> None:
    """Let `step` be under way: what came before it is done, or was skipped."""
    _settle_before(flow, step)
    _forgive(flow, step)
    mark = flow.mark(step)
    if mark.state is not StepState.DONE:
        mark.state, mark.at = StepState.NOW, mark.at or at


def finish(flow: Flow, step: Step, at: datetime) -> None:
    """Let `step` be done."""
    _settle_before(flow, step)
    _forgive(flow, step)
    mark = flow.mark(step)
    mark.state, mark.at = StepState.DONE, at


def skip(flow: Flow, step: Step) -> None:
    """Let `step` be one that was not needed, unless it was done."""
    mark = flow.mark(step)
    if mark.state in _OPEN:
        mark.state = StepState.SKIPPED


def fail(flow: Flow, failure: StepFailure) -> None:
    """Let a step be where the flow stopped."""
    _settle_before(flow, failure.step)
    mark = flow.mark(failure.step)
    mark.state, mark.at = StepState.FAILED, failure.at
    flow.failure, flow.state, flow.ended_at = failure, FlowState.FAILED, failure.at


def end(flow: Flow, state: FlowState, at: datetime) -> None:
    """Let the flow be over."""
    flow.state, flow.ended_at = state, at


def _settle_before(flow: Flow, step: Step) -> None:
    """Let the steps before `step` be done where they were under way, skipped where they were not reached."""
    for mark in flow.steps[: STEPS.index(step)]:
        if mark.state is StepState.NOW:
            mark.state = StepState.DONE
        elif mark.state is StepState.NOT_REACHED:
            mark.state = StepState.SKIPPED


def _forgive(flow: Flow, step: Step) -> None:
    """Take a failure back when the client came past it after all, and an abandonment when it came back."""
    failure = flow.failure
    if failure is not None and failure.step.number <= step.number:
        mark = flow.mark(failure.step)
        if mark.state is StepState.FAILED:
            mark.state = StepState.NOT_REACHED if failure.step is step else StepState.DONE
        flow.failure = None
        flow.needs_attention = True
        flow.state, flow.ended_at = FlowState.ACTIVE, None
    elif flow.state is FlowState.ABANDONED:
        flow.state, flow.ended_at, flow.after = FlowState.ACTIVE, None, None


def begin_again(flow: Flow, step: Step) -> None:
    """Forget the steps from `step` on: the client asks once more."""
    for mark in flow.steps[STEPS.index(step) :]:
        mark.state, mark.at = StepState.NOT_REACHED, None


def say(flow: Flow, message: FlowMessage) -> None:
    """Put an arrow where it belongs in time, and number the arrows anew."""
    if len(flow.messages) >= MOST_MESSAGES:
        return
    insort(flow.messages, message, key=lambda each: each.at)
    for number, each in enumerate(flow.messages, 1):
        each.number = number


def fail_arrow(flow: Flow, trace_id: TraceId | None) -> None:
    """Mark the request with which the flow stopped."""
    for each in reversed(flow.messages):
        if trace_id and each.trace_id == trace_id and each.receiver is Lane.GATEWAY:
            each.failed = True
            return
