"""Two flows, or two answers to one request, beside each other, as faces show it."""

from dataclasses import dataclass, field
from typing import ClassVar

from devgw.events.flow import FlowState
from devgw.monitor.details import TraceDetail
from devgw.monitor.row import Row
from devgw.monitor.rows import FlowRow, TraceRow


@dataclass(slots=True)
class DifferenceView(Row):
    """One thing that one attempt did otherwise."""

    step: str
    place: str
    """`resource of GET /oauth/authorize`."""
    sentence: str
    got: str = ""
    """What this one said."""
    expected: str = ""
    """What the other one said."""
    got_marks: str = ""
    expected_marks: str = ""
    trace_id: str = ""
    other_trace_id: str = ""
    matters: bool = False
    name: str = ""
    """Of the parameter, member or header; empty where a whole request is meant."""


@dataclass(slots=True)
class FlowComparison(Row):
    """A flow beside another one."""

    NESTED: ClassVar[dict[str, type[Row]]] = {"flow": FlowRow, "other": FlowRow, "differences": DifferenceView}

    flow: FlowRow
    other: FlowRow
    differences: list[DifferenceView] = field(default_factory=list)
    """The first that matters on top."""
    alike: int = 0
    """Exchanges of both in which nothing differs that matters."""
    went_on: list[str] = field(default_factory=list)
    """What the other one asked after this one had stopped."""
    not_kept: list[str] = field(default_factory=list)
    """What could not be compared, a sentence each."""
    report: str = ""
    """All of it in words."""

    @property
    def called(self) -> str:
        """Return what the other one is called: `good` where it arrived and this one did not, else `other`."""
        return "good" if self.other.state == FlowState.DONE != self.flow.state else "other"


@dataclass(slots=True)
class ReplayView(Row):
    """A request that was asked again."""

    NESTED: ClassVar[dict[str, type[Row]]] = {"then": TraceRow, "now": TraceDetail, "differences": DifferenceView}

    then: TraceRow
    now: TraceDetail
    differences: list[DifferenceView] = field(default_factory=list)
    """Of the answers."""
    masked: int = 0
    """How many secrets were not kept, so that something else was sent in their place."""
    report: str = ""
    """All of it in words."""
