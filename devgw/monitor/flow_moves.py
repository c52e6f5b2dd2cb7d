"""How a flow moves: where it stands × what is seen of it → what becomes of its steps. Nothing else moves a flow.

What is not in `MOVES` changes nothing: a preflight after the first step, metadata that is read again later.
"""

from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from devgw.events.event import Event
from devgw.events.flow import STEPS, Flow, FlowState, Milestone, Step, StepFailure, StepState


class Stand(StrEnum):
    """Where a flow stands."""

    NEW = "new"
    LOOKING = "looking around"
    REGISTERED = "registered"
    STOPPED = "stopped before it asked for authorization"
    ASKING = "asking for authorization"
    HOLDING = "holding a token"
    ARRIVED = "arrived"


class FlowMove(StrEnum):
    """What may be seen of a flow; of a refusal that gives no reason, its value is the reason."""

    PREFLIGHT = "preflight"
    CHALLENGED = "challenged"
    METADATA_MISSING = "metadata_missing"
    RESOURCE_METADATA = "resource_metadata"
    SERVER_METADATA = "server_metadata"
    PATH_MISSED = "path_unknown"
    REGISTERED = "registered"
    REGISTRATION_REFUSED = "registration_refused"
    AUTHORIZATION_BEGUN = "authorization_begun"
    AUTHORIZATION_REFUSED = "authorization_refused"
    SENT_TO_PROVIDER = "sent_to_provider"
    REFUSED_AT_PROVIDER = "refused_at_provider"
    LOGIN_FAILED = "login_failed"
    CALLBACK_REFUSED = "callback_refused"
    SIGNED_IN = "signed_in"
    CONSENT_SHOWN = "consent_shown"
    CONSENT_GIVEN = "consent_given"
    CONSENT_REMEMBERED = "consent_remembered"
    CONSENT_DENIED = "access_denied"
    CODE_SENT = "code_sent"
    TOKEN_ISSUED = "token_issued"
    TOKEN_REFUSED = "token_refused"
    TOKEN_REFRESHED = "token_refreshed"
    REFRESH_REFUSED = "refresh_refused"
    CALL_REFUSED = "rejected"
    CALL_FORBIDDEN = "forbidden"
    CALL_BEGUN = "call_begun"
    CALL_FAILED = "call_failed"
    CONNECT_REQUIRED = "connect_required"
    CALL_ANSWERED = "call_answered"


class Move(NamedTuple):
    """What becomes of a flow."""

    steps: tuple[Step, ...] = ()
    becomes: StepState = StepState.NOW
    milestone: Milestone | None = None
    """What is seen last from now on."""
    is_troubled: bool | None = None
    """Whether it had arrived and is refused since."""
    from_anew: bool = False
    """Whether all that came after the step is forgotten."""


_ALL = frozenset(Stand)
_BEFORE = frozenset({Stand.NEW, Stand.LOOKING, Stand.REGISTERED, Stand.STOPPED})
_LOOKS = frozenset({Stand.NEW, Stand.LOOKING})
_UNDER_WAY = _ALL - {Stand.ARRIVED}
_NEW, _ARRIVED, _HOLDING = frozenset({Stand.NEW}), frozenset({Stand.ARRIVED}), frozenset({Stand.HOLDING})
_NOW, _DONE, _FAILED = StepState.NOW, StepState.DONE, StepState.FAILED
_ROWS: tuple[tuple[FlowMove, frozenset[Stand], Move], ...] = (
    (FlowMove.PREFLIGHT, _NEW, Move((Step.DISCOVER,), _NOW, Milestone.PREFLIGHT)),
    (FlowMove.CHALLENGED, _NEW, Move((Step.DISCOVER,), _NOW, Milestone.MCP_401)),
    (FlowMove.CHALLENGED, _UNDER_WAY - _NEW, Move(milestone=Milestone.MCP_401)),
    (FlowMove.METADATA_MISSING, _LOOKS, Move((Step.DISCOVER,), _NOW, Milestone.WELL_KNOWN_404)),
    (FlowMove.RESOURCE_METADATA, _LOOKS, Move((Step.DISCOVER,), _NOW, Milestone.RESOURCE_METADATA)),
    (FlowMove.SERVER_METADATA, _LOOKS, Move((Step.DISCOVER,), _DONE, Milestone.SERVER_METADATA)),
    (FlowMove.PATH_MISSED, _BEFORE, Move((Step.DISCOVER,), _FAILED, Milestone.WELL_KNOWN_404)),
    (FlowMove.REGISTERED, _ALL, Move((Step.REGISTER,), _DONE, Milestone.REGISTERED)),
    (FlowMove.REGISTRATION_REFUSED, _ALL, Move((Step.REGISTER,), _FAILED, Milestone.REGISTRATION_REFUSED)),
    (FlowMove.AUTHORIZATION_BEGUN, _BEFORE, Move((Step.AUTHORIZE,), _DONE, Milestone.AUTHORIZATION_BEGUN)),
    (
        FlowMove.AUTHORIZATION_BEGUN,
        _ALL - _BEFORE,
        Move((Step.AUTHORIZE,), _DONE, Milestone.AUTHORIZATION_BEGUN, from_anew=True),
    ),
    (FlowMove.AUTHORIZATION_REFUSED, _ALL, Move((Step.AUTHORIZE,), _FAILED, Milestone.AUTHORIZATION_REFUSED)),
    (FlowMove.SENT_TO_PROVIDER, _ALL, Move((Step.LOGIN,), _NOW, Milestone.SENT_TO_IDP)),
    (FlowMove.REFUSED_AT_PROVIDER, _ALL, Move((Step.LOGIN,), _FAILED, Milestone.IDP_FAILED)),
    (FlowMove.LOGIN_FAILED, _ALL, Move((Step.CALLBACK,), _FAILED, Milestone.IDP_FAILED)),
    (FlowMove.CALLBACK_REFUSED, _ALL, Move((Step.CALLBACK,), _FAILED, Milestone.CALLBACK_REFUSED)),
    (FlowMove.SIGNED_IN, _ALL, Move((Step.LOGIN, Step.CALLBACK), _DONE, Milestone.SIGNED_IN)),
    (FlowMove.CONSENT_SHOWN, _ALL, Move((Step.CONSENT,), _NOW, Milestone.CONSENT_SHOWN)),
    (FlowMove.CONSENT_GIVEN, _ALL, Move((Step.CONSENT,), _DONE, Milestone.CONSENT_APPROVED)),
    (FlowMove.CONSENT_REMEMBERED, _ALL, Move((Step.CONSENT,), StepState.SKIPPED, Milestone.CONSENT_APPROVED)),
    (FlowMove.CONSENT_DENIED, _ALL, Move((Step.CONSENT,), _FAILED, Milestone.CONSENT_DENIED)),
    (FlowMove.CODE_SENT, _ALL, Move((Step.CODE,), _DONE, Milestone.CODE_SENT)),
    (FlowMove.TOKEN_ISSUED, _ALL, Move((Step.TOKEN,), _DONE, Milestone.TOKEN_ISSUED)),
    (FlowMove.TOKEN_REFUSED, _UNDER_WAY, Move((Step.TOKEN,), _FAILED, Milestone.TOKEN_REFUSED)),
    (FlowMove.TOKEN_REFUSED, _ARRIVED, Move(milestone=Milestone.TOKEN_REFUSED, is_troubled=True)),
    (FlowMove.TOKEN_REFRESHED, _ALL, Move(milestone=Milestone.TOKEN_REFRESHED)),
    (FlowMove.REFRESH_REFUSED, _ALL, Move(milestone=Milestone.TOKEN_REFUSED, is_troubled=True)),
    (FlowMove.CALL_REFUSED, _HOLDING, Move((Step.MCP,), _FAILED, Milestone.MCP_401_WITH_TOKEN)),
    (FlowMove.CALL_REFUSED, _ARRIVED, Move(milestone=Milestone.MCP_401_WITH_TOKEN, is_troubled=True)),
    (FlowMove.CALL_REFUSED, _UNDER_WAY - _HOLDING, Move((Step.DISCOVER,), _NOW, Milestone.MCP_401_WITH_TOKEN)),
    (FlowMove.CALL_FORBIDDEN, _HOLDING, Move((Step.MCP,), _FAILED, Milestone.MCP_403)),
    (FlowMove.CALL_FORBIDDEN, _ARRIVED, Move(milestone=Milestone.MCP_403, is_troubled=True)),
    (FlowMove.CALL_FORBIDDEN, _UNDER_WAY - _HOLDING, Move((Step.DISCOVER,), _NOW, Milestone.MCP_403)),
    (FlowMove.CALL_BEGUN, _UNDER_WAY, Move((Step.MCP,), _NOW, Milestone.MCP_ACCEPTED)),
    (FlowMove.CALL_BEGUN, _ARRIVED, Move(is_troubled=False)),
    (FlowMove.CALL_FAILED, _UNDER_WAY, Move((Step.MCP,), _FAILED, Milestone.MCP_ACCEPTED)),
    (FlowMove.CONNECT_REQUIRED, _UNDER_WAY, Move((Step.MCP,), _NOW, Milestone.CONNECT_REQUIRED)),
    (FlowMove.CALL_ANSWERED, _UNDER_WAY, Move((Step.MCP,), _DONE, Milestone.MCP_ACCEPTED)),
    (FlowMove.CALL_ANSWERED, _ARRIVED, Move(milestone=Milestone.MCP_ACCEPTED)),
)
MOVES = {(stand, seen): move for seen, stands, move in _ROWS for stand in stands}


def stand_of(flow: Flow) -> Stand:
    """Return where `flow` stands, as its steps say."""
    if flow.state is FlowState.DONE:
        return Stand.ARRIVED
    if flow.mark(Step.TOKEN).state is _DONE or flow.mark(Step.MCP).state is _NOW:
        return Stand.HOLDING
    if flow.mark(Step.AUTHORIZE).state is not StepState.NOT_REACHED:
        return Stand.ASKING
    if flow.failure is not None:
        return Stand.STOPPED
    if flow.mark(Step.REGISTER).state is _DONE:
        return Stand.REGISTERED
    return Stand.NEW if flow.last_seen is Milestone.NOTHING else Stand.LOOKING


def move(flow: Flow, seen: FlowMove, words: str, *, at: datetime, event: Event | None = None) -> None:
    """Move `flow` as the table says; `event` tells why where it is refused, `words` are for the list."""
    found = MOVES.get((stand_of(flow), seen))
    if found is None:
        return
    for step in found.steps:
        if found.from_anew:
            _forget(flow, step)
        _mark(flow, step, found.becomes, at)
    if found.becomes is _FAILED and event is not None:
        flow.failure, flow.state, flow.ended_at = _failure(found.steps[0], seen, event, at), FlowState.FAILED, at
    elif (Step.MCP in found.steps) and found.becomes is _DONE:
        flow.state, flow.ended_at = FlowState.DONE, at
    if found.is_troubled is not None:
        flow.needs_attention = found.is_troubled
    if found.milestone is not None:
        flow.last_at, flow.last_seen, flow.last_words = at, found.milestone, words


def give_up(flow: Flow, at: datetime, words: str = "") -> None:
    """Let a flow that is under way be over: nothing more was seen of it, or its client began again."""
    if flow.state is FlowState.ACTIVE:
        flow.state, flow.ended_at = FlowState.ABANDONED, at
        flow.last_words += words


def go_on_from(before: Flow, flow: Flow) -> None:
    """Give a client that sets out again what it did since its token was refused, and let `before` be well."""
    before.needs_attention = False
    before.last_words += f", then signed in again as {flow.id}"
    since = next((each.at for each in reversed(before.messages) if each.status == 401), None)
    if since is None or since > flow.started_at:
        return
    flow.messages = [replace(each) for each in before.messages if each.at >= since] + flow.messages
    flow.started_at = since
    if any(each.step is Step.DISCOVER for each in flow.messages):
        flow.mark(Step.DISCOVER).state, flow.mark(Step.DISCOVER).at = _DONE, since


def _mark(flow: Flow, step: Step, becomes: StepState, at: datetime) -> None:
    mark = flow.mark(step)
    if becomes is StepState.SKIPPED:
        mark.state = becomes if mark.state in {_NOW, StepState.NOT_REACHED} else mark.state
        return
    _settle_before(flow, step)
    if becomes is not _FAILED:
        _forgive(flow, step)
    if becomes is not _NOW:
        mark.state, mark.at = becomes, at
    elif mark.state is not _DONE:
        mark.state, mark.at = _NOW, mark.at or at


def _settle_before(flow: Flow, step: Step) -> None:
    """Let the steps before `step` be done where they were under way, skipped where they were not reached."""
    for mark in flow.steps[: STEPS.index(step)]:
        if mark.state is _NOW:
            mark.state = _DONE
        elif mark.state is StepState.NOT_REACHED:
            mark.state = StepState.SKIPPED


def _forgive(flow: Flow, step: Step) -> None:
    """Take a failure back when the client came past it after all, and an abandonment when it came back."""
    failure = flow.failure
    if failure is not None and failure.step.number <= step.number:
        mark = flow.mark(failure.step)
        if mark.state is _FAILED:
            mark.state = StepState.NOT_REACHED if failure.step is step else _DONE
        flow.failure, flow.needs_attention = None, True
        flow.state, flow.ended_at = FlowState.ACTIVE, None
    elif flow.state is FlowState.ABANDONED:
        flow.state, flow.ended_at, flow.after = FlowState.ACTIVE, None, None


def _forget(flow: Flow, step: Step) -> None:
    """Forget the steps from `step` on, and how they ended: the client asks once more."""
    if flow.failure is not None and flow.failure.step.number >= step.number:
        flow.failure, flow.needs_attention = None, True
    if flow.failure is None and flow.state is not FlowState.ABANDONED:  # what was abandoned, `_forgive` takes up
        flow.state, flow.ended_at = FlowState.ACTIVE, None
    for mark in flow.steps[STEPS.index(step) :]:
        mark.state, mark.at = StepState.NOT_REACHED, None


def _failure(step: Step, seen: FlowMove, event: Event, at: datetime) -> StepFailure:
    failure = StepFailure(step, event.reason_code or str(seen), event.explanation or "", event.hint or "")
    failure.problem, failure.source = event.problem, event.problem.source if event.problem else ""
    failure.origin, failure.trace_id, failure.at = event.failure_origin, event.trace_id, at
    return failure
