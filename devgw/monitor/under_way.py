"""A request that is not over: no book has it, and whoever asks sees how far it has come."""

from dataclasses import dataclass, replace

from devgw.events.trace import Trace
from devgw.monitor import trace_view
from devgw.monitor.details import TraceDetail
from devgw.monitor.rows import TraceRow


@dataclass(frozen=True, slots=True)
class UnderWay:
    """One exchange at this moment."""

    trace: Trace
    """As far as it has come; it goes on being filled in."""
    elapsed_ms: float
    """Since it began."""
    waits_for: str
    """What has to come next, in words."""
    waited_ms: float
    """Since when that is so."""

    @property
    def how_far(self) -> str:
        """Return for what it waits, and since when."""
        return f"waits for {self.waits_for} since {self.waited_ms / 1_000:.0f} s"


def row_of(under_way: UnderWay) -> TraceRow:
    """Return its row, as of a trace."""
    row = trace_view.row_of(replace(under_way.trace, duration_ms=under_way.elapsed_ms))
    row.under_way = under_way.how_far
    return row


def detail_of(under_way: UnderWay) -> TraceDetail:
    """Return it opened, as of a trace: what has come so far."""
    detail = trace_view.detail_of(replace(under_way.trace, duration_ms=under_way.elapsed_ms))
    detail.row.under_way = under_way.how_far
    return detail
