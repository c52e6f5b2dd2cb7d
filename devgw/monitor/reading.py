"""The monitor read by faces: what changed since, everything there is, one record opened."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from devgw.events.bus import Published
from devgw.events.flow import Flow
from devgw.events.trace import Trace
from devgw.monitor import flow_view, lines, trace_view
from devgw.monitor.book import Ring
from devgw.monitor.changes import Changes, Cursor
from devgw.monitor.monitor import Monitor
from devgw.monitor.row import Row
from devgw.monitor.rows import UpstreamRow
from devgw.monitor.stand_in import flow_instead, line_instead, trace_instead

DETAIL_LIMIT = 250
"""Traces, and lines, that one batch carries at most; a reader that is further behind loses the oldest."""

Kinds = Callable[[str], bool]
"""Tells whether a reader wants rows of a kind."""


def all_kinds(_kind: str) -> bool:
    """Want everything."""
    return True


def cursor_now(monitor: Monitor) -> Cursor:
    """Return where a reader stands who has seen everything."""
    return Cursor(monitor.count.value, monitor.traces.total, monitor.lines.total)


def must_begin_again(monitor: Monitor, seq: int) -> bool:
    """Tell whether a reader who saw `seq` last can only be given everything anew."""
    return seq <= 0 or seq > monitor.count.value or seq < monitor.graveyard.floor


def changes_since(monitor: Monitor, cursor: Cursor, kinds: Kinds = all_kinds, limit: int = DETAIL_LIMIT) -> Changes:
    """Return what changed since `cursor`, which moves to now."""
    changes = Changes()
    _collect_rows(monitor, cursor.seq, kinds, changes)
    _collect_detail(monitor, cursor, kinds, changes, limit)
    gone = monitor.graveyard.since(cursor.seq)
    changes.gone = {kind: ids for kind, ids in gone.items() if kinds(kind)}
    pass_over(monitor, cursor)
    return changes


def pass_over(monitor: Monitor, cursor: Cursor) -> Changes:
    """Move `cursor` to now; return that nothing changed."""
    now = cursor_now(monitor)
    cursor.seq, cursor.traces, cursor.lines = now.seq, now.traces, now.lines
    return Changes()


def _put(changes: Changes, kind: str, rows: Sequence[Row], kinds: Kinds) -> None:
    if rows and kinds(kind):
        changes.rows[kind] = list(rows)


def _collect_rows(monitor: Monitor, seq: int, kinds: Kinds, changes: Changes) -> None:
    flows = [_flow_row(monitor, flow, changed) for changed, flow in monitor.flow_book.flows.since(seq)]
    _put(changes, "flow", flows, kinds)
    upstreams = monitor.upstreams
    _put(
        changes, "upstream", [_numbered(upstreams.weigh(row), at) for at, row in upstreams.upstreams.since(seq)], kinds
    )
    for row in (row for book in (monitor.grants.tokens, monitor.grants.grants) for _, row in book.since(seq)):
        flow = monitor.flow_book.by_key(row.id, getattr(row, "grant_id", ""))
        row.flow_id = flow.id if flow is not None else ""
    for book in monitor.books():
        _put(changes, book.kind, [_numbered(row, changed) for changed, row in book.since(seq)], kinds)
    if monitor.config_changed > seq:
        _put(changes, "config", [monitor.config], kinds)
    if monitor.health.changed > seq:
        _put(changes, "health", [health_of(monitor)], kinds)


def _numbered(row: Any, changed: int) -> Any:
    row.seq = changed
    return row


def _collect_detail(monitor: Monitor, cursor: Cursor, kinds: Kinds, changes: Changes, limit: int) -> None:
    if kinds("trace"):
        found = monitor.traces.since(cursor.seq, limit)
        changes.missed_traces = max(0, monitor.traces.total - cursor.traces - len(found))
        _put(changes, "trace", [_trace_row(monitor, each, seq) for seq, each in found], kinds)
    if kinds("line"):
        told = monitor.lines.since(cursor.seq, limit)
        changes.missed_lines = max(0, monitor.lines.total - cursor.lines - len(told))
        _put(changes, "line", [_line(monitor, each, seq) for seq, each in told], kinds)


def _flow_row(monitor: Monitor, flow: Flow, seq: int) -> Row:
    try:
        return flow_view.row_of(flow, seq)
    except Exception as error:  # noqa: BLE001  one bad row never spoils a list
        monitor.guard.failed("flow rows", flow.id, error)
        return flow_instead(flow, error, seq)


def _trace_row(monitor: Monitor, trace: Trace, seq: int) -> Row:
    try:
        return trace_view.row_of(trace, monitor.flow_of(trace.id), seq)
    except Exception as error:  # noqa: BLE001  one bad row never spoils a list
        monitor.guard.failed("trace rows", trace.id, error)
        return trace_instead(trace, error, seq)


def _line(monitor: Monitor, published: Published, seq: int) -> Row:
    try:
        return lines.line_of(published, seq)
    except Exception as error:  # noqa: BLE001  one bad row never spoils a list
        monitor.guard.failed("event lines", published.event.name, error)
        return line_instead(published, error, seq)


def lost_after(ring: Ring[Any], seen: int, is_wanted: bool) -> int:
    """Return how many of a ring's things a reader never gets who saw the first `seen` of them."""
    return max(0, ring.total - seen - len(ring)) if is_wanted else 0


def snapshot(monitor: Monitor, kinds: Kinds = all_kinds, part: int = 500) -> Iterator[dict[str, list[Row]]]:
    """Return everything there is, in parts; what changes while the parts travel comes with the changes after."""
    changes = Changes()
    _collect_rows(monitor, 0, kinds, changes)
    changes.rows.setdefault("health", [health_of(monitor)])
    changes.rows.setdefault("config", [monitor.config])
    traces = monitor.traces.since(0, len(monitor.traces)) if kinds("trace") else []
    told = monitor.lines.since(0, len(monitor.lines)) if kinds("line") else []
    for kind, rows in changes.rows.items():
        for start in range(0, len(rows) if kinds(kind) else 0, part):
            yield {kind: rows[start : start + part]}
    for start in range(0, len(traces), part):
        chunk = traces[start : start + part]
        yield {"trace": [_trace_row(monitor, each, seq) for seq, each in chunk]}
    for start in range(0, len(told), part):
        yield {"line": [_line(monitor, each, seq) for seq, each in told[start : start + part]]}


def health_of(monitor: Monitor) -> Row:
    """Return health as it is now."""
    view = monitor.guard.call("health", "view", monitor.health.look) or monitor.health.view
    view.traces_kept, view.traces_dropped = len(monitor.traces), monitor.traces.dropped
    return view


def upstream_row(monitor: Monitor, id_: str) -> UpstreamRow | None:
    """Return the row of an upstream, its percentiles taken now."""
    row = monitor.upstreams.upstreams.get(id_)
    return monitor.upstreams.weigh(row) if row is not None else None
