"""The file of one flow: written so that it can go into an issue report, read as anybody's file.

It is JSON with everything in it. Who opens one trusts nobody: it is bounded, each value must be of its field's type,
and what is told of the flow (its report) is made from that anew.
"""

import json
import re
from typing import Any, TypeVar, get_origin

from devgw.events.flow import STEPS, Lane
from devgw.foreign.json import JsonRefused, read_object
from devgw.foreign.text import shown_json
from devgw.limits import Limits
from devgw.monitor.details import FlowDetail, MessageView
from devgw.monitor.flow_view import report_of
from devgw.monitor.kept_text import KeptText
from devgw.monitor.recorded_flow import FORMAT, RecordedFlow
from devgw.monitor.row import Row
from devgw.monitor.rows import FlowRow
from devgw.monitor.stand_in import hints_of, is_of

R = TypeVar("R", bound=Row)
_LANES = frozenset(map(str, Lane))
_ID = re.compile(r"f-[0-9a-f]{4,16}")
_SIGNS = frozenset("#>X.-")
_EARLIEST = -1e6
"""Of a moment: some days before 1970, which every system's clock can show."""
_FARTHEST = 1e11


class FlowFileRefused(ValueError):  # noqa: N818  it reads as what happened
    """What was read is no flow; the message says why, in a few words that may be shown.

    Attributes:
        limit: the name of the limit in `limits.Limits` that it passes; empty where it passes none.
    """

    def __init__(self, why: str, limit: str = "") -> None:
        super().__init__(why)
        self.limit = limit


def write_recording(recording: RecordedFlow) -> bytes:
    """Return the file of a flow; fingerprints are keyed for it alone, and mail addresses are too."""
    text = KeptText(is_for_others=True)(shown_json(recording, default=_plain, indent=1))
    return f"{text}\n".encode("utf-8", "backslashreplace")


def row_text(row: Row) -> str:
    """Return a row as one line of JSON in which nothing is hidden."""
    return shown_json(row, default=_plain)


def _plain(row: Any) -> dict[str, Any]:
    if isinstance(row, Row):
        return row.to_json()
    raise TypeError(type(row).__name__)


def read_recording(content: bytes) -> RecordedFlow:
    """Return the flow that a file tells.

    Raises:
        FlowFileRefused: where it tells none, or one that this devgw cannot read.
    """
    values = _object(content)
    number = values.get("devgw_flow")
    if not isinstance(number, int) or isinstance(number, bool):
        raise FlowFileRefused("it is no flow that devgw saved: `devgw_flow` is missing")
    if number > FORMAT:
        raise FlowFileRefused(f"it has format {number}, and this devgw knows {FORMAT}: a newer devgw wrote it")
    recording = read_row(RecordedFlow, values, "the file")
    whole(recording.flow)
    return recording


def read_detail(kind: type[R], text: str) -> R:
    """Return a row that was kept as text.

    Raises:
        FlowFileRefused: where it tells none.
    """
    return read_row(kind, _object(text), "it")


def _object(content: bytes | str) -> dict[str, Any]:
    try:
        return read_object(
            content,
            most_bytes=Limits.FLOW_FILE_BYTES,
            most_depth=Limits.CONTROL_DEPTH,
            most_values=Limits.JSON_VALUES,
        )
    except JsonRefused as refused:
        raise FlowFileRefused(str(refused), refused.limit) from refused


def read_row(kind: type[R], values: Any, place: str) -> R:
    """Return the row that `values` tell; fields that this devgw does not know are passed over.

    Raises:
        FlowFileRefused: where a field is missing, or is of another type; it names the place.
    """
    if not isinstance(values, dict):
        raise FlowFileRefused(f"{place} is no object")
    hints, known = hints_of(kind), kind.__slots__
    if missing := kind.required() - values.keys():
        raise FlowFileRefused(f"{place} lacks `{min(missing)}`")
    fields = {name: _read_field(kind, name, hints[name], values[name], place) for name in known if name in values}
    return kind(**fields)


def _read_field(kind: type[Row], name: str, hint: Any, value: Any, place: str) -> Any:
    nested = kind.NESTED.get(name)
    place = f"`{name}`" if place in {"it", "the file"} else f"{place}.`{name}`"
    if nested is None:
        if not is_of(value, hint) or (_is_number(value) and not _EARLIEST < value < _FARTHEST):
            raise FlowFileRefused(f"{place} is of another type, or out of bounds")
        return value
    if get_origin(hint) is not list:
        return read_row(nested, value, place)
    if not isinstance(value, list):
        raise FlowFileRefused(f"{place} is no list")
    return [read_row(nested, each, f"{place} {index}") for index, each in enumerate(value, 1)]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def whole(detail: FlowDetail) -> FlowDetail:
    """Check what screens draw by, and make the report.

    Raises:
        FlowFileRefused: where it cannot be drawn.
    """
    check_flow_row(detail.row)
    for each in detail.messages:
        _check_message(each)
    detail.report = report_of(detail)
    return detail


def check_flow_row(row: FlowRow) -> FlowRow:
    """Check that a row can be drawn.

    Raises:
        FlowFileRefused: where it cannot.
    """
    if not _ID.fullmatch(row.id):
        raise FlowFileRefused("`id` is not one of a flow")
    if len(row.track) != len(STEPS) or not _SIGNS.issuperset(row.track):
        raise FlowFileRefused(f"`track` is not one of {len(STEPS)} signs")
    return row


def _check_message(message: MessageView) -> None:
    if message.sender not in _LANES or message.receiver not in _LANES:
        ends = json.dumps(f"{message.sender[:20]} → {message.receiver[:20]}", ensure_ascii=True)
        raise FlowFileRefused(f"message {message.number} goes from nobody to nobody: {ends}")
