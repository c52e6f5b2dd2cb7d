"""Events in order, with the request in which they happened."""

from devgw.clock import FrozenClock
from devgw.events import Bus, Published
from devgw.events.flow import STEPS, Flow, Step, StepState
from devgw.events.taxonomy import McpAuthConsentDenied
from devgw.ids import FlowId, TraceId


def test_events_are_numbered_and_given_to_every_listener_in_order() -> None:
    bus, one, other = Bus(FrozenClock()), list[Published](), list[Published]()
    bus.listen(one.append)
    bus.listen(other.append)
    bus.publish(McpAuthConsentDenied())
    bus.publish(McpAuthConsentDenied())
    assert [each.seq for each in one] == [1, 2]
    assert one == other


def test_an_event_is_given_the_request_in_which_it_was_published_unless_it_knows_better() -> None:
    bus, told = Bus(FrozenClock()), list[Published]()
    bus.listen(told.append)
    bus.publish(McpAuthConsentDenied())
    bus.current_trace = lambda: TraceId("7f3a09c2")
    bus.publish(McpAuthConsentDenied(client_name="x"))
    bus.publish(McpAuthConsentDenied(trace_id=TraceId("00000001")))
    assert [each.event.trace_id for each in told] == [None, "7f3a09c2", "00000001"]
    assert told[1].event.client_name == "x"


def test_a_flow_has_nine_steps_whose_letters_are_the_track() -> None:
    assert "".join(step.letter for step in STEPS) == "DRAICSKTM"
    assert [step.number for step in STEPS] == list(range(1, 10))
    flow = Flow(FlowId("f-1"), FrozenClock().now())
    assert (flow.track, flow.step) == (".........", Step.DISCOVER)
    flow.mark(Step.REGISTER).state = StepState.DONE
    flow.mark(Step.AUTHORIZE).state = StepState.NOW
    assert (flow.track, flow.step) == (".#>......", Step.AUTHORIZE)
    flow.mark(Step.TOKEN).state = StepState.FAILED
    assert flow.step is Step.TOKEN
