"""Rules are asked guarded and within a budget of time; one that is unfit is set aside, and Health says so."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from devgw.clock import FrozenClock
from devgw.diagnosis import catalogue
from devgw.diagnosis.diagnose import RuleDiagnoser
from devgw.diagnosis.rule import GatewayRule, Observation, Rule
from devgw.events.flow import Diagnosis
from devgw.events.taxonomy import ObserverFailed, ObserverSetAside
from tests.monitor.walk import Walk
from tests.support.heard import Heard


def finding(id_: str) -> Diagnosis:
    return Diagnosis(id_, "A title", "A cause.", "A fix.")


@dataclass
class Told:
    """Rules that are told what to do, and how often each was asked."""

    asked: list[str] = field(default_factory=list)

    def rule(self, name: str, does: Callable[[], Iterable[Diagnosis]] = tuple) -> Rule:
        def check(view: Any, now: datetime) -> Iterator[Diagnosis]:
            del view, now
            self.asked.append(name)
            yield from does()

        check.__name__ = name
        return Rule((), "nothing", check)

    def gateway_rule(self, name: str, does: Callable[[], Iterable[Diagnosis]] = tuple) -> GatewayRule:
        return GatewayRule((), "nothing", self.rule(name, does).check)  # type: ignore[arg-type]  # looks at nothing


def watched(*rules: Rule, gateway_rules: tuple[GatewayRule, ...] = ()) -> Walk:
    """Return a walk that these rules watch."""
    walk = Walk()
    walk.monitor.take_diagnoser(RuleDiagnoser(walk.bus, walk.clock, rules, gateway_rules))
    return walk


def tick(walk: Walk, seconds: float = 1.0) -> None:
    walk.wait(seconds)
    walk.monitor.tick()
    walk.bus.drain()


def fail(kind: type[Exception]) -> Callable[[], Iterable[Diagnosis]]:
    def does() -> Iterable[Diagnosis]:
        raise kind

    return does


def checks(walk: Walk) -> dict[str, tuple[str, str]]:
    return {each.name: (each.state, each.text) for each in walk.monitor.health.look().checks}


@pytest.mark.parametrize("kind", [RecursionError, KeyError, MemoryError, UnicodeDecodeError.__mro__[1]])
def test_a_rule_that_raises_spoils_no_other_and_is_set_aside_at_the_third_time(kind: type[Exception]) -> None:
    told = Told()
    rules = told.rule("before"), told.rule("bad_one", fail(kind)), told.rule("after", lambda: [finding("X-01")])
    walk = watched(*rules)
    heard = Heard(walk.bus)
    walk.challenged()
    for _ in range(10):
        tick(walk, 2)
    (flow,) = walk.monitor.flow_book.flows
    assert [each.id for each in flow.diagnoses] == ["X-01"]
    assert told.asked.count("bad_one") == 3
    assert told.asked.count("after") == told.asked.count("before") == 10
    failed = [each for each in heard.events if isinstance(each, ObserverFailed)]
    assert {(each.who, each.on, each.kind) for each in failed} == {("rule bad one", flow.id, kind.__name__)}
    (aside,) = [each for each in heard.events if isinstance(each, ObserverSetAside)]
    assert (aside.who, aside.cause) == ("rule bad one", f"failed 3 times, last with {kind.__name__}")
    state, text = checks(walk)["rule bad one"]
    assert state == "warning"
    assert f"failed 3 times, last with {kind.__name__}" in text
    assert "set aside until the next start" in text


def test_a_rule_that_is_slow_again_and_again_is_set_aside() -> None:
    told = Told()
    walk = watched(told.rule("slow_one", lambda: _pass(walk.clock, 0.15)), told.rule("quick"))
    walk.challenged()
    for _ in range(10):
        tick(walk, 2)
    assert told.asked.count("slow_one") == 3
    assert told.asked.count("quick") == 10
    assert "slow 3 times within a minute, last 150 ms" in checks(walk)["rule slow one"][1]


def _pass(clock: FrozenClock, seconds: float) -> Iterable[Diagnosis]:
    clock.travel(timedelta(seconds=seconds))
    return ()


def test_a_rule_that_is_slow_now_and_then_is_asked_on() -> None:
    """A machine that slept, or was busy with something else, makes any rule slow once."""
    told = Told()
    walk = watched(told.rule("slow_one", lambda: _pass(walk.clock, 0.15)))
    for _ in range(8):
        walk.challenged()
        tick(walk, 61)
    assert told.asked.count("slow_one") >= 8
    assert "rule slow one" not in checks(walk)


def test_a_rule_about_the_gateway_that_raises_is_set_aside_too() -> None:
    told = Told()
    rules = told.gateway_rule("odd", fail(ValueError)), told.gateway_rule("good", lambda: [finding("Y-01")])
    walk = watched(gateway_rules=rules)
    for _ in range(6):
        tick(walk, 2)
    assert told.asked.count("odd") == 3
    assert told.asked.count("good") == 6
    assert [row.id for row in walk.monitor.diagnoses.book] == ["Y-01"]


def test_a_judgement_that_fails_as_a_whole_fails_once_and_is_over() -> None:
    """Each rule said something, and together it makes no sense."""
    odd = replace(finding("X-01"), at="noon")  # type: ignore[arg-type]  # that is the fault
    walk = watched(Told().rule("one", lambda: [odd]))
    walk.challenged()
    for _ in range(3):
        walk.monitor.tick()
    assert walk.bus.guard.failures == 1
    assert walk.monitor.judging.is_idle


def test_what_a_tick_does_not_reach_comes_first_in_the_next() -> None:
    """Each rule takes 4 ms of a budget of 6: two are asked in a tick, and the third goes on where it paused."""
    told = Told()
    names = ("one", "two", "three", "four", "five")
    walk = watched(*(told.rule(name, lambda: _pass(walk.clock, 0.004)) for name in names))
    walk.challenged()
    ticks = 0
    while len(told.asked) < 5:
        asked = len(told.asked)
        walk.monitor.tick()
        ticks += 1
        assert 1 <= len(told.asked) - asked <= 2
    assert told.asked == list(names)
    assert ticks >= 3


def test_flows_that_changed_are_judged_before_those_that_wait() -> None:
    told = Told()
    order: list[str] = []
    walk = watched(told.rule("one", lambda: _pass(walk.clock, 0.007)))
    begin = walk.monitor.judging._begin

    def noted(flow: Any) -> Any:
        order.append(flow.id if flow is not None else "gateway")
        return begin(flow)

    walk.monitor.judging._begin = noted
    for number in range(5):
        walk.agent = f"agent-{number}"
        walk.challenged()
    _, second, *_, last = (flow.id for flow in walk.monitor.flow_book.flows)
    _settle(walk)
    order.clear()
    walk.wait(1)
    walk.monitor.tick()
    walk.agent = "agent-4"
    walk.resource_metadata()
    _settle(walk)
    assert order.index(last) < order.index(second), "the first was judged already"
    assert sorted(set(order)) == sorted({"gateway", *(flow.id for flow in walk.monitor.flow_book.flows)})


def _settle(walk: Walk) -> None:
    """Tick until everything is judged."""
    walk.monitor.tick()
    while not walk.monitor.judging.is_idle:
        walk.monitor.tick()


def test_the_catalogue_is_read_before_it_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process without descriptors left must still be able to name what is wrong."""
    catalogue.failures.cache_clear()
    walk = watched()

    def none_left(package: object) -> None:
        raise OSError(24, f"Too many open files: {package}")

    monkeypatch.setattr(catalogue, "files", none_left)
    assert catalogue.find_failure("DISC-01") is not None
    walk.challenged()
    tick(walk)
    assert walk.bus.guard.failures == 0


def test_what_only_failed_to_come_is_suspected_and_says_what_ends_it() -> None:
    claims = [replace(finding("DISC-12"), certain=True), replace(finding("BEAR-07"), gone_when="it reads the metadata")]
    rule = Rule(("DISC-12", "BEAR-07"), "nothing", lambda _view, _now: claims, Observation.ABSENCE)
    walk = watched(rule)
    walk.challenged()
    tick(walk)
    said = next(iter(walk.monitor.flow_book.flows)).diagnoses
    assert [(each.certain, each.gone_when) for each in said] == [
        (False, "the client goes on"),
        (False, "it reads the metadata"),
    ]
