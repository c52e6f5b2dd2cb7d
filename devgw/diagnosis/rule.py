"""What a rule is, and the making of a diagnosis with the words of the catalogue."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any, Generic, TypeVar

from devgw.diagnosis.catalogue import find_failure
from devgw.diagnosis.difference import Difference
from devgw.diagnosis.surroundings import Surroundings
from devgw.diagnosis.view import SeenFlow
from devgw.events import Trace
from devgw.events.flow import Diagnosis


class Observation(StrEnum):
    """How a failure is noticed."""

    PASSIVE = "passive"
    """By what was seen."""
    ABSENCE = "absence"
    """By what failed to come in time."""
    CONFIGURATION = "configuration"
    """By reading the configuration, before anything happened."""
    DOCTOR = "doctor"
    """By asking: `devgw doctor`."""


S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class RuleOver(Generic[S]):
    """How one or more failures are recognised in what is looked at."""

    ids: tuple[str, ...]
    needs: str
    """What it must have seen, in words."""
    check: Callable[[S, datetime], Iterable[Diagnosis]]
    observation: Observation = Observation.PASSIVE

    @property
    def name(self) -> str:
        """Return what it is called where it fails: its function's name, in words."""
        return _in_words(self.check)

    def ask(self, subject: S, now: datetime) -> Iterator[Diagnosis]:
        """Yield what it says; what only failed to come is suspected, and says what ends it."""
        for each in self.check(subject, now):
            is_absence = self.observation is Observation.ABSENCE
            yield replace(each, certain=False, gone_when=each.gone_when or "the client goes on") if is_absence else each


class Rule(RuleOver[SeenFlow]):
    """How one or more failures are recognised in a flow."""

    __slots__ = ()


class GatewayRule(RuleOver[Surroundings]):
    """How one or more failures are recognised that concern no single flow."""

    __slots__ = ()


@cache
def _in_words(check: Callable[..., object]) -> str:
    return getattr(check, "__name__", type(check).__name__).replace("_", " ")


def diagnosis(
    failure_id: str,
    cause: str,
    fix: str,
    *,
    view: SeenFlow | None = None,
    trace: Trace | None = None,
    difference: Difference | None = None,
    **facts: Any,
) -> Diagnosis:
    """Return a diagnosis with the title and source of its id.

    Args:
        failure_id: as in the catalogue.
        cause: what happened, with the facts of this case.
        fix: the one change.
        view: the flow it belongs to.
        trace: the request it rests on, where there is one.
        difference: fills `got` and `expected`, and is the first line of evidence.
        facts: the other fields of `Diagnosis`.
    """
    failure = find_failure(failure_id)
    facts.setdefault("title", failure.title if failure else failure_id)
    facts.setdefault("source", failure.source if failure else "")
    if view is not None:
        facts.setdefault("flow_id", view.flow.id)
    if trace is not None:
        facts.setdefault("trace_ids", (trace.id,))
        facts.setdefault("at", trace.started_at)
    if difference is not None:
        facts.setdefault("got", difference.got)
        facts.setdefault("expected", difference.expected)
        facts.setdefault("marks", difference.marks)
        facts["evidence"] = (difference.sentence, *facts.get("evidence", ()))
    return Diagnosis(id=failure_id, cause=cause, fix=fix, **facts)
