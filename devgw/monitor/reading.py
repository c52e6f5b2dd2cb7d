"""The monitor read by faces: what changed since, everything there is, one record opened."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

from devgw.events.bus import Published
from devgw.events.flow import Flow
from devgw.events.trace import Trace
from devgw.monitor import flow_view, lines, trace_view
from devgw.monitor.book import Book, Ring
from devgw.monitor.changes import Cursor, RowChanges
from devgw.monitor.monitor import Monitor
from devgw.monitor.row import Row
from devgw.monitor.rows import GrantRow, TokenRow, UpstreamRow
from devgw.monitor.stand_in import flow_instead, line_instead, trace_instead

DETAIL_LIMIT = 250
"""Traces, and lines, that one batch carries at most; a reader that is further behind loses the oldest."""

_PART_NS = 4_000_000
"""After so long a part of a snapshot is as large as it gets: some lines cost fifty times as much as others."""

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


def changes_since(monitor: Monitor, cursor: Cursor, kinds: Kinds = all_kinds, limit: int = DETAIL_LIMIT) -> RowChanges:
    """Return what changed since `cursor`, which moves to now."""
    changes = RowChanges()
    _collect_rows(monitor, cursor.seq, kinds, changes)
    _collect_detail(monitor, cursor, kinds, changes, limit)
    gone = monitor.graveyard.since(cursor.seq)
    changes.gone = {kind: ids for kind, ids in gone.items() if kinds(kind)}
    pass_over(monitor, cursor)
    return changes


def pass_over(monitor: Monitor, cursor: Cursor) -> RowChanges:
    """Move `cursor` to now; return that nothing changed."""
    now = cursor_now(monitor)
    cursor.seq, cursor.traces, cursor.lines = now.seq, now.traces, now.lines
    return RowChanges()


def _put(changes: RowChanges, kind: str, rows: Sequence[Row], kinds: Kinds) -> None:
    if rows and kinds(kind):
        changes.rows[kind] = list(rows)


Changed = tuple[str, list[tuple[int, Any]], Callable[[Monitor, Any, int], Row]]
"""A kind of row, what changed of it with the numbers of the changes, and what makes a row of it."""


def _changed(monitor: Monitor, seq: int, kinds: Kinds) -> Iterator[Changed]:
    """Yield what changed after `seq`, kind by kind; no row is made yet."""
    books: list[tuple[str, Book[Any], Callable[[Monitor, Any, int], Row]]] = [
        ("flow", monitor.earlier, _book_row),
        ("flow", monitor.flow_book.flows, _flow_row),
        ("upstream", monitor.upstreams.upstreams, _upstream_row),
        *((book.kind, book, _book_row) for book in monitor.books()),
    ]
    for kind, book, make in books:
        if kinds(kind) and (found := book.since(seq)):
            yield kind, found, make


def _collect_rows(monitor: Monitor, seq: int, kinds: Kinds, changes: RowChanges) -> None:
    for kind, found, make in _changed(monitor, seq, kinds):
        changes.rows.setdefault(kind, []).extend(make(monitor, each, at) for at, each in found)
    if monitor.config_changed > seq:
        _put(changes, "config", [monitor.config], kinds)
    if monitor.health.changed > seq:
        _put(changes, "health", [health_of(monitor)], kinds)


def _collect_detail(monitor: Monitor, cursor: Cursor, kinds: Kinds, changes: RowChanges, limit: int) -> None:
    if kinds("trace"):
        found = monitor.traces.since(cursor.seq, limit)
        changes.missed_traces = max(0, monitor.traces.total - cursor.traces - len(found))
        _put(changes, "trace", [_trace_row(monitor, each, seq) for seq, each in found], kinds)
    if kinds("line"):
        told = monitor.lines.since(cursor.seq, limit)
        changes.missed_lines = max(0, monitor.lines.total - cursor.lines - len(told))
        _put(changes, "line", [_line(monitor, each, seq) for seq, each in told], kinds)


def _upstream_row(monitor: Monitor, row: UpstreamRow, seq: int) -> Row:
    row.seq = seq
    return monitor.upstreams.weigh(row)


def _book_row(monitor: Monitor, row: Any, seq: int) -> Row:
    """Return a row of a book, numbered; tokens and grants say to which flow they belong."""
    row.seq = seq
    if isinstance(row, TokenRow | GrantRow):
        flow = monitor.flow_book.by_key(row.id, getattr(row, "grant_id", ""))
        row.flow_id = flow.id if flow is not None else ""
    return cast("Row", row)


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


def snapshot(monitor: Monitor, kinds: Kinds = all_kinds, part: int = 250) -> Iterator[dict[str, list[Row]]]:
    """Return everything there is, in parts, each made when it is asked for: requests come in between.

    What changes while the parts travel comes with the changes after.
    """
    for kind, found, make in _everything(monitor, kinds):
        rows, began = list[Row](), monitor.clock.ticks()
        for seq, each in found:
            rows.append(make(monitor, each, seq))
            if len(rows) == part or monitor.clock.ticks() - began >= _PART_NS:
                yield {kind: rows}
                rows, began = [], monitor.clock.ticks()
        if rows:
            yield {kind: rows}
    if kinds("health"):
        yield {"health": [health_of(monitor)]}
    if kinds("config"):
        yield {"config": [monitor.config]}


def _everything(monitor: Monitor, kinds: Kinds) -> Iterator[Changed]:
    yield from _changed(monitor, 0, kinds)
    if kinds("trace"):
        yield "trace", monitor.traces.since(0, len(monitor.traces)), _trace_row
    if kinds("line"):
        yield "line", monitor.lines.since(0, len(monitor.lines)), _line


def health_of(monitor: Monitor) -> Row:
    """Return health as it is now."""
    view = monitor.guard.call("health", "view", monitor.health.look) or monitor.health.view
    view.traces_kept, view.traces_dropped = len(monitor.traces), monitor.traces.dropped
    return view


def upstream_row(monitor: Monitor, id_: str) -> UpstreamRow | None:
    """Return the row of an upstream, its percentiles taken now."""
    row = monitor.upstreams.upstreams.get(id_)
    return monitor.upstreams.weigh(row) if row is not None else None
