"""Events in order, with the request in which they happened; and the wall between publishing and observing."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest

from devgw.clock import FrozenClock
from devgw.events import Bus, Event, Published
from devgw.events.flow import STEPS, Flow, Step, StepState
from devgw.events.guard import Guard
from devgw.events.taxonomy import EventsLost, McpAuthConsentDenied, ObserverFailed, ObserverSetAside
from devgw.ids import FlowId, TraceId
from tests.support.heard import Heard


def test_events_are_numbered_and_shown_to_every_observer_in_order() -> None:
    bus, one, other = Bus(FrozenClock()), list[Published](), list[Published]()
    bus.listen(one.append)
    bus.listen(other.append)
    bus.publish(McpAuthConsentDenied())
    bus.publish(McpAuthConsentDenied())
    bus.drain()
    assert [each.seq for each in one] == [1, 2]
    assert one == other


def test_an_event_is_given_the_request_in_which_it_was_published_unless_it_knows_better() -> None:
    bus = Bus(FrozenClock())
    heard = Heard(bus)
    bus.publish(McpAuthConsentDenied())
    bus.current_trace = lambda: TraceId("7f3a09c2")
    bus.publish(McpAuthConsentDenied(client_name="x"))
    bus.publish(McpAuthConsentDenied(trace_id=TraceId("00000001")))
    bus.current_trace = lambda: TraceId("ffffffff")
    assert [each.trace_id for each in heard.events] == [None, "7f3a09c2", "00000001"]
    assert heard.events[1].client_name == "x"


def test_no_observer_runs_while_something_is_published() -> None:
    """What was committed is answered whatever observers do, and however long they take."""
    bus, seen = Bus(FrozenClock()), list[Published]()
    bus.listen(seen.append)
    bus.publish(McpAuthConsentDenied())
    assert seen == []
    bus.drain()
    assert len(seen) == 1


def test_an_observer_that_wants_to_see_more_at_once_changes_the_order_for_nobody() -> None:
    bus, seen = Bus(FrozenClock()), list[int]()

    def greedy(published: Published) -> None:
        if published.seq == 1:
            bus.publish(McpAuthConsentDenied())
            bus.drain()

    bus.listen(greedy)
    bus.listen(lambda published: seen.append(published.seq))
    bus.publish(McpAuthConsentDenied())
    bus.drain()
    assert seen == [1, 2]


class DeepError(Exception):
    """A fault that cannot even be shown."""

    def __str__(self) -> str:
        raise RecursionError


@pytest.mark.parametrize("fault", [ValueError("x"), RecursionError(), MemoryError(), DeepError(), AssertionError()])
def test_an_observer_that_fails_is_told_and_counted_and_spoils_nothing(fault: Exception) -> None:
    bus, log = Bus(FrozenClock()), list[str]()
    bus.guard.write = log.append

    def fail(published: Published) -> None:
        del published
        raise fault

    bus.listen(fail, "painter")
    heard = Heard(bus)
    bus.publish(McpAuthConsentDenied())
    denied, failed = heard.events
    assert isinstance(denied, McpAuthConsentDenied)
    assert isinstance(failed, ObserverFailed)
    assert (failed.who, failed.on, failed.kind) == ("painter", "mcp_auth_consent_denied", type(fault).__name__)
    assert bus.guard.failures == 2, "it failed on its own failure too, which is counted and told no more"
    assert len(log) == 1
    assert "painter failed on mcp_auth_consent_denied\nTraceback" in log[0]


def test_an_observer_that_fails_all_the_time_is_told_once_a_second_with_how_often() -> None:
    clock = FrozenClock()
    bus = Bus(clock)
    bus.listen(lambda published: published.nothing, "painter")  # type: ignore[attr-defined]  # that is the fault
    heard = Heard(bus)
    for _ in range(20):
        clock.travel(timedelta(milliseconds=100))
        bus.publish(McpAuthConsentDenied())
        bus.drain()
    told = [each for each in heard.events if isinstance(each, ObserverFailed)]
    assert len(told) == 2
    assert (told[0].times, told[1].total) == (1, bus.guard.failures - 10)
    assert told[0].times + told[1].times == told[1].total, "each fault is told once"


def slow(clock: FrozenClock, milliseconds: int, seen: list[int]) -> Callable[[Published], None]:
    def listener(published: Published) -> None:
        seen.append(published.seq)
        clock.travel(timedelta(milliseconds=milliseconds))

    return listener


def test_an_observer_that_is_slow_again_and_again_is_shown_nothing_more_and_the_others_are() -> None:
    clock, slowly, after = FrozenClock(), list[int](), list[int]()
    bus = Bus(clock)
    bus.listen(slow(clock, 100, slowly), "painter")
    bus.listen(lambda published: after.append(published.seq), "painter")
    shown: list[tuple[str, str]] = []
    bus.fitness.show = lambda *told: shown.append(told)
    heard = Heard(bus)
    for _ in range(6):
        bus.publish(McpAuthConsentDenied())
    (aside,) = [each for each in heard.events if isinstance(each, ObserverSetAside)]
    assert slowly == [1, 2, 3]
    assert after == [1, 2, 3, 4, 5, 6, 7], "the one who has the same name is quick"
    assert shown == [(aside.who, aside.cause)]
    assert shown == [("observer painter", "was slow 3 times within a minute, last 100 ms")]


def test_the_time_of_one_observer_is_not_laid_to_the_next() -> None:
    clock, quickly = FrozenClock(), list[int]()
    bus = Bus(clock)
    bus.listen(slow(clock, 99, []), "one")
    bus.listen(slow(clock, 99, quickly), "other")
    for _ in range(5):
        bus.publish(McpAuthConsentDenied())
    bus.drain()
    assert quickly == [1, 2, 3, 4, 5]
    assert bus.fitness.set_aside == {}


def test_an_observer_that_is_slow_now_and_then_is_shown_everything() -> None:
    clock, seen = FrozenClock(), list[int]()
    bus = Bus(clock)
    bus.listen(slow(clock, 5_000, seen), "painter")
    for _ in range(8):
        bus.publish(McpAuthConsentDenied())
        bus.drain()
        clock.travel(timedelta(seconds=31))
    assert seen == list(range(1, 9))


def test_an_observer_that_fails_all_the_time_is_shown_everything() -> None:
    """It is the only one that does its work, and a fault on one event says nothing about the next."""
    bus, seen = Bus(FrozenClock()), list[int]()

    def fail(published: Published) -> None:
        seen.append(published.seq)
        raise KeyError

    bus.listen(fail, "painter")
    for _ in range(10):
        bus.publish(McpAuthConsentDenied())
    bus.drain()
    assert len(seen) > 10


def test_a_log_that_cannot_be_written_changes_nothing() -> None:
    bus = Bus(FrozenClock())

    def full(text: str) -> None:
        raise OSError(28, text)

    bus.guard.write = full
    assert bus.guard.call("painter", "f-1", lambda: 1 / 0) is None
    assert [each.name for each in Heard(bus).events] == ["observer_failed"]


def test_who_falls_behind_is_told_how_much_was_lost() -> None:
    bus = Bus(FrozenClock(), kept=10)
    heard = Heard(bus)
    for _ in range(25):
        bus.publish(McpAuthConsentDenied())
    assert [each.seq for each in heard.published[:10]] == list(range(16, 26))
    lost = heard.events[-1]
    assert isinstance(lost, EventsLost)
    assert (lost.lost, lost.total) == (15, 15)


def test_an_observer_that_publishes_at_each_event_cannot_hold_up_who_looks() -> None:
    bus = Bus(FrozenClock(), kept=100)
    bus.listen(lambda _: bus.publish(McpAuthConsentDenied()))
    bus.publish(McpAuthConsentDenied())
    bus.drain()
    assert bus.seq < 1_000


def test_an_observer_that_looks_at_once_sees_what_it_is_shown_once() -> None:
    bus, seen = Bus(FrozenClock()), list[int]()
    bus.listen(lambda published: seen.append(published.seq))
    bus.listen(lambda _: bus.drain())
    bus.publish(McpAuthConsentDenied())
    bus.publish(McpAuthConsentDenied())
    bus.drain()
    assert seen == [1, 2]


async def test_the_task_that_observes_shows_what_is_published_soon_after() -> None:
    bus = Bus(FrozenClock())
    seen: asyncio.Queue[int] = asyncio.Queue()
    bus.listen(lambda published: seen.put_nowait(published.seq))
    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        observing = tasks.create_task(bus.run())
        for expected in range(1, 200):
            bus.publish(McpAuthConsentDenied())
            if expected % 7 == 0:
                assert [await seen.get() for _ in range(7)] == list(range(expected - 6, expected + 1))
        observing.cancel()


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


def test_a_fault_on_the_news_of_a_fault_is_counted_and_makes_no_news() -> None:
    """An observer that fails at each of them would tell of itself for ever."""
    told = list[Event]()
    guard = Guard(FrozenClock(), told.append)
    guard.failed("lines", "observer_failed", ValueError())
    assert (guard.failures, told) == (1, [])
    guard.failed("lines", "flow_ended", ValueError())
    assert [each.times for each in told if isinstance(each, ObserverFailed)] == [2]
