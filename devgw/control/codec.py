"""Messages to lines and back."""

import json
from typing import Any

from devgw.control.messages import (
    KINDS,
    Command,
    CommandAnswer,
    ControlMessage,
    Events,
    Gap,
    Hello,
    Row,
    Rows,
    Snapshot,
    TurnedAway,
    Welcome,
)
from devgw.foreign.json import JsonRefused, read_object
from devgw.limits import Limits
from devgw.monitor.stand_in import row_or_instead

LINE_LIMIT = 16 * 1024 * 1024
"""Bytes of the longest line a reader takes: a part of a snapshot stays far below."""

_MESSAGES: dict[str, type[ControlMessage]] = {
    each.TYPE: each for each in (Hello, Welcome, TurnedAway, Snapshot, Events, Gap, Command, CommandAnswer)
}


class Malformed(ValueError):  # noqa: N818  it reads as what the line is
    """A line that is no message; its text says what is wrong, and is safe to send back."""


def plain_row(row: Any) -> dict[str, Any]:
    """Return what `json` needs of a row; what is an object already stays as it is."""
    if isinstance(row, Row):
        return row.to_json()
    if isinstance(row, dict):
        return row
    raise TypeError(type(row).__name__)


_encode = json.JSONEncoder(default=plain_row, separators=(",", ":"), ensure_ascii=False).encode


def to_text(message: ControlMessage) -> str:
    """Return `message` as one line of text, without its end."""
    return _encode({"type": message.TYPE, **message.to_json()})


def line_of(text: str) -> bytes:
    """Return a line of text as it is sent, newline included."""
    return text.encode("utf-8", "backslashreplace") + b"\n"


def to_line(message: ControlMessage) -> bytes:
    """Return `message` as one line, newline included."""
    return line_of(to_text(message))


def row_to_line(row: Row) -> str:
    """Return one row as JSON."""
    return _encode(row)


def from_line(line: bytes) -> ControlMessage:
    """Return the message that a line of the gateway tells.

    Raises:
        Malformed: where it tells none.
    """
    return _message(_object(line))


def asked_by(line: bytes) -> ControlMessage:
    """Return the message of a reader, who may be any program: bounded, and with no member twice.

    Raises:
        Malformed: where it tells none.
    """
    try:
        return _message(read_object(line, most_bytes=Limits.CONTROL_LINE_BYTES))
    except JsonRefused as reason:
        raise Malformed(f"The line is not taken: {reason}.") from reason


def _message(values: dict[str, Any]) -> ControlMessage:
    kind = _MESSAGES.get(str(values.pop("type", None)))
    if kind is None:
        raise Malformed(f"`type` must be one of {', '.join(sorted(_MESSAGES))}.")
    try:
        if "rows" in values:
            values["rows"] = _rows(values["rows"])
        return kind.from_json(values)
    except (TypeError, KeyError, AttributeError) as reason:
        raise Malformed(f"A `{kind.TYPE}` message has other fields: {reason}.") from reason


def _object(line: bytes) -> dict[str, Any]:
    try:
        # Our own gateway told it: a snapshot of thousands of tokens is as much as it is, within the line.
        return read_object(line, most_bytes=LINE_LIMIT, most_depth=Limits.CONTROL_DEPTH, most_values=LINE_LIMIT)
    except JsonRefused as reason:
        raise Malformed(f"The line is no message: {reason}.") from reason


def _rows(values: dict[str, list[dict[str, Any]]]) -> Rows:
    return {
        kind: [row_or_instead(KINDS[kind], each) for each in rows] for kind, rows in values.items() if kind in KINDS
    }
