"""Which flows are to be written down next, and in which words.

It is one more reader of the flow book: its place is a number, so nothing is kept for it, and no request waits for it.
What changed waits here in order; where more changes than can be written, the oldest that never arrived goes first, and
is counted.
"""

from collections import OrderedDict
from dataclasses import dataclass, field

from devgw.events.flow import Flow, FlowState
from devgw.events.trace import Trace
from devgw.ids import FlowId, TraceId
from devgw.limits import Limits
from devgw.monitor.flow_file import row_text
from devgw.monitor.kept_text import KeptText
from devgw.monitor.monitor import Monitor
from devgw.monitor.recorded_flow import exchange_of, flow_of


@dataclass(frozen=True, slots=True)
class Picked:
    """A flow that changed, and its requests that were not written down yet."""

    flow: Flow
    traces: tuple[Trace, ...]
    last: TraceId | None
    """The newest request that it had when it was picked."""


@dataclass(frozen=True, slots=True)
class KeptFlow:
    """A flow in the words in which it is kept: JSON without any secret."""

    id: str
    started: float
    has_arrived: bool
    row: str
    """A `FlowRow`."""
    detail: str
    """A `FlowDetail`."""
    exchanges: tuple[tuple[str, str], ...] = field(default=())
    """Id and `TraceDetail` of each exchange that is new, oldest first."""


class Recorder:
    """Follows the flows of one run.

    Attributes:
        dropped: how many changes of flows were never written down.
    """

    def __init__(self, monitor: Monitor) -> None:
        self.dropped = 0
        self._monitor = monitor
        self._text = KeptText(monitor.secrets.hide)
        self._seq = 0
        self._waiting: OrderedDict[FlowId, Flow] = OrderedDict()
        self._written: OrderedDict[FlowId, TraceId] = OrderedDict()
        """Of each flow the newest request that was written down."""

    def look(self) -> None:
        """See which flows changed since the last look."""
        for seq, flow in self._monitor.flow_book.flows.since(self._seq):
            self._seq = seq
            self._waiting[flow.id] = flow
        while len(self._waiting) > Limits.KEPT_WAITING:
            self._drop()

    def _drop(self) -> None:
        unarrived = (id_ for id_, flow in self._waiting.items() if flow.state is not FlowState.DONE)
        self._waiting.pop(next(unarrived, next(iter(self._waiting))))
        self.dropped += 1

    @property
    def is_idle(self) -> bool:
        """Tell whether nothing waits to be written down."""
        return not self._waiting

    def pick(self, most: int) -> list[Picked]:
        """Return the flows that changed longest ago; they wait no more, unless they are put back."""
        picked: list[Picked] = []
        while self._waiting and len(picked) < most:
            _, flow = self._waiting.popitem(last=False)
            ids = self._new_ids(flow)
            traces = tuple(trace for each in ids if (trace := self._monitor.trace(each)))
            picked.append(Picked(flow, traces, flow.trace_ids[-1] if flow.trace_ids else None))
        return picked

    def _new_ids(self, flow: Flow) -> list[TraceId]:
        """Return the requests behind the one that was written down last; all where that is not among them any more."""
        last = self._written.get(flow.id)
        return flow.trace_ids[flow.trace_ids.index(last) + 1 :] if last in flow.trace_ids else list(flow.trace_ids)

    def put_back(self, picked: list[Picked]) -> None:
        """Let these be written at the next opportunity: nothing of them was."""
        for each in reversed(picked):
            self._waiting[each.flow.id] = each.flow
            self._waiting.move_to_end(each.flow.id, last=False)

    def forget(self) -> None:
        """Let nothing that waits be written: it was cleared."""
        self._waiting.clear()

    def wrote(self, picked: list[Picked]) -> None:
        """Remember how far these were written down; may be called in another thread."""
        for each in picked:
            if each.last is not None:
                self._written[each.flow.id] = each.last
                self._written.move_to_end(each.flow.id)
        while len(self._written) > 2 * Limits.KEPT_WAITING:
            self._written.popitem(last=False)

    def tell(self, picked: Picked) -> KeptFlow:
        """Return a flow in the words in which it is kept; may be called in another thread."""
        flow, text = picked.flow, self._text
        detail = flow_of(self._monitor, flow)
        exchanges = tuple((each.id, text(row_text(exchange_of(each, flow)))) for each in picked.traces)
        return KeptFlow(
            flow.id,
            detail.row.started,
            detail.row.state == FlowState.DONE,
            text(row_text(detail.row)),
            text(row_text(detail)),
            exchanges,
        )
