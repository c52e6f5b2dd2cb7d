"""How an exchange ends that nobody else can answer: devgw itself ends, or has a defect."""

from devgw.events import Bus
from devgw.events.taxonomy import FailureOrigin, FaultMet, Outcome
from devgw.limits import Limits
from devgw.problems.front import GatewayStops
from devgw.web.answers import NO_STORE, PROBLEM_JSON, answer_problem, place_of_fault
from devgw.web.recorder import Recording


async def cut_off(recording: Recording) -> None:
    """Answer a request that the end of devgw cuts off; what has begun can only break off."""
    problem = GatewayStops()
    recording.trace.refuse(problem)
    if not recording.has_begun:
        await answer_problem(recording, problem, (b"connection", b"close"))
    recording.is_over = True


async def answer_fault(recording: Recording, bus: Bus, error: Exception) -> None:
    """Answer for a defect of ours: a trace id for the client, the kind of failure for the developer."""
    trace = recording.trace
    trace.outcome, trace.failure_origin, trace.reason_code = Outcome.FAILURE, FailureOrigin.GATEWAY, "fault"
    trace.explanation = f"{type(error).__name__} while answering {trace.method} {trace.path}"
    trace.hint = "This is a defect of devgw; the trace has the request."
    bus.publish(
        FaultMet(
            trace_id=trace.id,
            where=place_of_fault(error),
            kind=type(error).__name__,
            outcome=Outcome.FAILURE,
            failure_origin=FailureOrigin.GATEWAY,
            explanation=trace.explanation,
            hint=trace.hint,
        )
    )
    if not recording.has_begun:
        await recording.drain(Limits.OAUTH_BODY_BYTES)
        body = f'{{"error":"server_error","reason":"fault","trace_id":"{trace.id}"}}'
        await recording.answer(500, [PROBLEM_JSON, NO_STORE], body.encode())
