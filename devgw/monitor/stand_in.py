"""Rows in place of those that cannot be made or sent: one bad row never spoils a list."""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from typing import Any, get_args, get_origin, get_type_hints

from devgw.events.bus import Published
from devgw.events.flow import Flow
from devgw.events.trace import Trace
from devgw.monitor.moments import stamp
from devgw.monitor.row import Row
from devgw.monitor.rows import EventLine, FlowRow, TraceRow

_PLAIN = (str, int, float, bool)
_LONGEST = 10_000
_FARTHEST = 1e11
"""Of a moment or duration in a row, in seconds or milliseconds: beyond it is no calendar."""
_REMARKS = ("why", "note", "text", "cause", "last_error", "ended_by")
"""The fields in which rows say something in words."""


def why_not(error: Exception) -> str:
    """Say that a row cannot be shown, and why."""
    return f"cannot be shown ({type(error).__name__}): a defect of devgw"


def flow_instead(flow: Flow, error: Exception, seq: int) -> FlowRow:
    """Return what is certain of a flow."""
    row = FlowRow(flow.id, str(flow.state), stamp(flow.started_at), flow.track, str(flow.step))
    row.why, row.seq = why_not(error), seq
    return row


def trace_instead(trace: Trace, error: Exception, seq: int) -> TraceRow:
    """Return what is certain of a request."""
    row = TraceRow(trace.id, stamp(trace.started_at), trace.method, "", trace.status)
    row.note, row.seq = why_not(error), seq
    return row


def line_instead(published: Published, error: Exception, seq: int) -> EventLine:
    """Return what is certain of an event."""
    return EventLine(seq, stamp(published.at), published.event.name, why_not(error), severity="error")


def plain_instead(row: Row, error: Exception) -> Row:
    """Return a row that can be sent: the same, without what is no short plain value."""
    known = {each.name: getattr(row, each.name) for each in fields(row)}  # type: ignore[arg-type]  # each row is one
    kept = {name: _fit(value) for name, value in known.items() if isinstance(value, _PLAIN)}
    for each in fields(row):  # type: ignore[arg-type]  # each row is one
        if each.name not in kept and each.default is MISSING and each.default_factory is MISSING:
            kept[each.name] = ""
        if each.name in _REMARKS:
            kept[each.name] = why_not(error)
    return type(row)(**kept)


def row_or_instead(kind: type[Row], values: Any) -> Row:
    """Return the row that `values` tell; where they do not tell one, what is certain of it, and that it is not all."""
    try:
        _check(kind, values)
        return kind.from_json(values)
    except Exception as error:  # noqa: BLE001  whatever is wrong with one row, the others are shown
        return _told_instead(kind, values, error)


def _check(kind: type[Row], values: Any) -> None:
    """Refuse a value that is not of its field's type, or a number that nothing here can be.

    Raises:
        TypeError: which names the field.
    """
    hints = hints_of(kind)
    for name, value in values.items():
        if name in hints and not is_of(value, hints[name]):
            raise TypeError(name)


def hints_of(kind: type[Row]) -> dict[str, Any]:
    """Return the types of a row's fields; reading them takes longer than a row, so each kind's are read once."""
    if kind not in _HINTS:
        _HINTS[kind] = get_type_hints(kind)
    return _HINTS[kind]


_HINTS: dict[type[Row], dict[str, Any]] = {}


def is_of(value: Any, hint: Any) -> bool:
    """Tell whether a value is of a field's type, and a number one that something here can be."""
    if hint is float:
        return isinstance(value, int | float) and -_FARTHEST < value < _FARTHEST
    origin = get_origin(hint)
    if origin is list:
        return isinstance(value, list) and (get_args(hint) != (str,) or all(isinstance(each, str) for each in value))
    wanted = origin if isinstance(origin, type) else hint
    return not isinstance(wanted, type) or issubclass(wanted, Row) or isinstance(value, wanted)


def _told_instead(kind: type[Row], values: Any, error: Exception) -> Row:
    told, hints = values if isinstance(values, dict) else {}, hints_of(kind)
    kept: dict[str, Any] = {}
    for each in fields(kind):  # type: ignore[arg-type]  # each row is one
        value, hint = told.get(each.name), hints[each.name]
        if isinstance(value, _PLAIN) and is_of(value, hint):
            kept[each.name] = _fit(value)
        elif each.default is MISSING and each.default_factory is MISSING:
            kept[each.name] = hint() if hint in _PLAIN else ""
        if each.name in _REMARKS:
            kept[each.name] = why_not(error)
    return kind(**kept)


def _fit(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return value[:_LONGEST].encode("utf-8", "replace").decode()


def sendable(rows: Mapping[str, list[Row]], try_one: Callable[[Row], object]) -> dict[str, list[Row]]:
    """Return `rows` with each one replaced on which `try_one` fails."""
    return {kind: [_tried(row, try_one) for row in of_kind] for kind, of_kind in rows.items()}


def _tried(row: Row, try_one: Callable[[Row], object]) -> Row:
    try:
        try_one(row)
    except Exception as error:  # noqa: BLE001  whatever keeps it from being sent, the others are
        return plain_instead(row, error)
    return row
