"""A flow as it is kept and given away: of which run it is, what was exchanged, and why it ended as it did.

It is made of what faces are shown, so no secret is in it; whoever writes it down hides and keys its text as well
(`KeptText`). What hangs on a running gateway (the places that `reveal` opens, how tokens stand) is left out.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import ClassVar

from devgw.events.flow import Flow, FlowState
from devgw.events.trace import Trace
from devgw.limits import Limits
from devgw.monitor import flow_view, trace_view
from devgw.monitor.details import BodyView, CaseView, FlowDetail, HeaderView, TraceDetail, WhyDetail
from devgw.monitor.monitor import Monitor
from devgw.monitor.row import Row
from devgw.monitor.rows import FlowRow
from devgw.monitor.why import attempt_of

FORMAT = 1
"""Raised by one whenever an older devgw would misread what it gets."""
CUT_OFF = "devgw ended while it was under way"
"""What became of a flow whose run ended before it did."""


@dataclass(slots=True)
class RunView(Row):
    """One run of a gateway, from its start to its end."""

    id: str
    started: float
    version: str
    """Of devgw."""


@dataclass(slots=True)
class RecordedFlow(Row):
    """A flow with everything that tells how it went, without the gateway that saw it."""

    NESTED: ClassVar[dict[str, type[Row]]] = {"run": RunView, "flow": FlowDetail, "exchanges": TraceDetail}

    devgw_flow: int
    """`FORMAT`, and the mark by which the file is known."""
    run: RunView
    flow: FlowDetail
    exchanges: list[TraceDetail] = field(default_factory=list)
    left_out: int = 0
    """Exchanges between the first and the newest that were not kept: there were too many."""

    def exchange(self, id_: str) -> TraceDetail | None:
        """Return the exchange with this id."""
        return next((each for each in self.exchanges if each.row.id == id_), None)

    def why(self) -> WhyDetail:
        """Return why it stands as it does, as far as that was known then."""
        detail = self.flow
        failure = None if detail.diagnoses else detail.failure
        return WhyDetail([CaseView(detail.row, detail.diagnoses, failure, detail.attempt)], 1)


def recording_of(monitor: Monitor, run: RunView, id_: str) -> RecordedFlow | None:
    """Return a flow of this run with the exchanges that are still in memory; None where there is no such flow."""
    flow = monitor.flow(id_)
    if flow is None:
        return None
    ids = flow.trace_ids  # the monitor puts another list in its place, and this may be another thread
    traces = [trace for each in ids if (trace := monitor.trace(each))]
    shown = [exchange_of(each, flow) for each in traces[-Limits.KEPT_EXCHANGES :]]
    return RecordedFlow(FORMAT, run, flow_of(monitor, flow), shown, len(ids) - len(shown))


def flow_of(monitor: Monitor, flow: Flow) -> FlowDetail:
    """Return a flow as it is kept; its report is made anew whenever it is read."""
    detail = flow_view.detail_of(flow, ())
    detail.attempt, detail.report = attempt_of(monitor, flow), ""
    return detail


def exchange_of(trace: Trace, flow: Flow) -> TraceDetail:
    """Return an exchange as it is kept: nothing to reveal, and no more of a body than a login says."""
    detail = trace_view.detail_of(trace, flow.id)
    detail.places, detail.curl = [], ""
    detail.request_headers, detail.response_headers = _closed(detail.request_headers), _closed(detail.response_headers)
    detail.request_body, detail.response_body = _cut(detail.request_body), _cut(detail.response_body)
    return detail


def _closed(headers: Iterable[HeaderView]) -> list[HeaderView]:
    return [HeaderView(each.name, each.value) for each in headers]


def _cut(body: BodyView) -> BodyView:
    """Return a body without its places; a long one ends with a line or a word, so that no half of a secret is left."""
    text, most = body.text, Limits.KEPT_BODY_CHARACTERS
    if len(text) <= most:
        return replace(body, places=[])
    end = max(text.rfind("\n", 0, most), text.rfind(" ", 0, most))
    return replace(body, places=[], text=text[: max(0, end)], truncated=True)


def of_earlier_run(row: FlowRow, run: RunView) -> FlowRow:
    """Return the row of a flow as a later run lists it: what was under way then is no more."""
    row.run, row.seq = run.started, 0
    if row.state == FlowState.ACTIVE:
        row.state, row.waiting_for = str(FlowState.ABANDONED), ""
        row.why = f"{row.why}, then {CUT_OFF}" if row.why else CUT_OFF
    return row
