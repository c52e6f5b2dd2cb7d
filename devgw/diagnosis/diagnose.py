"""All rules over one flow, and over the gateway as a whole."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from devgw.diagnosis.rules import GATEWAY_RULES, RULES
from devgw.diagnosis.surroundings import Surroundings
from devgw.diagnosis.view import View
from devgw.events import Published, Trace
from devgw.events.flow import Diagnosis, Flow, FlowState

MOST_SUSPICIONS = 3


def diagnose(view: View, now: datetime) -> list[Diagnosis]:
    """Return what is wrong with a flow at `now`: the certain first, then at most three suspicions.

    It is a pure function: what it no longer returns is withdrawn. Nothing is suspected of a flow that is done, or whose
    client has begun again: only what was seen to go wrong stays.
    """
    found = _once(each for rule in RULES for each in rule.check(view, now))
    certain = [each for each in found if each.certain]
    is_over = view.flow.state is FlowState.DONE or view.flow.after is not None
    suspicions = [] if certain or is_over else [each for each in found if not each.certain]
    return certain + suspicions[:MOST_SUSPICIONS]


def diagnose_gateway(around: Surroundings, now: datetime) -> list[Diagnosis]:
    """Return what is wrong with the gateway as a whole at `now`."""
    return list(_once(each for rule in GATEWAY_RULES for each in rule.check(around, now)))


class RuleDiagnoser:
    """The rules with the memory that they look into; `hear` every event, and ask.

    It is the monitor's `Diagnoser`.
    """

    def __init__(self) -> None:
        self.around = Surroundings()

    def hear(self, published: Published) -> None:
        """Remember one event; on the hot path, so MCP calls are passed over at once."""
        self.around.fold(published)

    def diagnose(self, flow: Flow, traces: Sequence[Trace], now: datetime) -> list[Diagnosis]:
        """Return what is wrong with `flow` at `now`; `traces` are its requests, oldest first."""
        return diagnose(View.of(flow, traces, self.around), now)

    def diagnose_gateway(self, now: datetime) -> list[Diagnosis]:
        """Return what is wrong with the gateway as a whole at `now`."""
        return diagnose_gateway(self.around, now)


def _once(found: Iterable[Diagnosis]) -> list[Diagnosis]:
    """Return each id once, a certain one before a suspicion, else the first."""
    kept: dict[tuple[str, str], Diagnosis] = {}
    for each in found:
        key = (each.id, each.got if each.flow_id is None else "")
        if key not in kept or (each.certain and not kept[key].certain):
            kept[key] = each
    return list(kept.values())
