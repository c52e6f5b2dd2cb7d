"""All rules over one flow, and over the gateway as a whole."""

from collections.abc import Generator, Iterable, Sequence
from datetime import datetime

from devgw.clock import Clock
from devgw.diagnosis.asking import RuleAsker
from devgw.diagnosis.catalogue import failures
from devgw.diagnosis.rule import GatewayRule, Rule
from devgw.diagnosis.rules import GATEWAY_RULES, RULES
from devgw.diagnosis.surroundings import Surroundings
from devgw.diagnosis.view import SeenFlow
from devgw.events import Bus, Published, Trace
from devgw.events.flow import Diagnosis, Flow, FlowState

MOST_SUSPICIONS = 3
Judgement = Generator[None, None, list[Diagnosis]]
"""Pauses after each rule, and returns what all of them say."""


def diagnose(view: SeenFlow, now: datetime) -> list[Diagnosis]:
    """Return what is wrong with a flow at `now`: the certain first, then at most three suspicions.

    It is a pure function: what it no longer returns is withdrawn. Nothing is suspected of a flow that is done, but for
    what came after that, or whose client has begun again: only what was seen to go wrong stays.
    """
    return _weigh(view.flow, (each for rule in RULES for each in rule.ask(view, now)))


def diagnose_gateway(around: Surroundings, now: datetime) -> list[Diagnosis]:
    """Return what is wrong with the gateway as a whole at `now`."""
    return _once(each for rule in GATEWAY_RULES for each in rule.ask(around, now))


class RuleDiagnoser:
    """The rules with the memory that they look into; `hear` every event, and ask.

    It is the monitor's `Diagnoser`. What the rules say of a flow is what `diagnose` says, but for those that fail.
    """

    def __init__(
        self,
        bus: Bus,
        clock: Clock,
        rules: Sequence[Rule] = RULES,
        gateway_rules: Sequence[GatewayRule] = GATEWAY_RULES,
    ) -> None:
        self.around = Surroundings()
        self._asker = RuleAsker(bus, clock)
        self._rules = rules
        self._gateway_rules = gateway_rules
        failures()  # read now: later there may be no descriptor left to open the files with
        bus.listen(self.hear, "diagnosis")

    def hear(self, published: Published) -> None:
        """Remember one event; MCP calls are passed over at once."""
        self.around.fold(published)

    def judge(self, flow: Flow, traces: Sequence[Trace], now: datetime) -> Judgement:
        """Judge `flow` at `now`, pausing after each rule; `traces` are its requests, oldest first."""
        view, found = SeenFlow.of(flow, traces, self.around), list[Diagnosis]()
        for rule in self._rules:
            found += self._asker.ask(rule, view, now, flow.id)
            yield
        return _weigh(flow, found)

    def judge_gateway(self, now: datetime) -> Judgement:
        """Judge the gateway as a whole at `now`, pausing after each rule."""
        found = list[Diagnosis]()
        for rule in self._gateway_rules:
            found += self._asker.ask(rule, self.around, now, "the gateway")
            yield
        return _once(found)


def _weigh(flow: Flow, said: Iterable[Diagnosis]) -> list[Diagnosis]:
    """Return the certain ones first, the newest before all, and suspicions only where there is nothing better."""
    found = _once(said)
    certain = sorted((each for each in found if each.certain), key=_moment, reverse=True)
    suspicions = [] if certain or flow.after else [each for each in found if not each.certain and _may_hold(each, flow)]
    return certain + suspicions[:MOST_SUSPICIONS]


def _may_hold(suspicion: Diagnosis, flow: Flow) -> bool:
    """Tell whether the client did not arrive since."""
    is_newer = suspicion.at is not None and flow.ended_at is not None and suspicion.at > flow.ended_at
    return flow.state is not FlowState.DONE or is_newer


def _moment(found: Diagnosis) -> float:
    return found.at.timestamp() if found.at else 0.0


def _once(found: Iterable[Diagnosis]) -> list[Diagnosis]:
    """Return each id once, a certain one before a suspicion, else the first."""
    kept: dict[tuple[str, str], Diagnosis] = {}
    for each in found:
        key = (each.id, each.got if each.flow_id is None else "")
        if key not in kept or (each.certain and not kept[key].certain):
            kept[key] = each
    return list(kept.values())
