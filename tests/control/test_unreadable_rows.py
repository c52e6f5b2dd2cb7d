"""One bad row in what a gateway sends is shown as one that says so; the others are there."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from devgw.cli import flows, tokens, trace
from devgw.cli.headless import as_ndjson
from devgw.control.client import ControlClient
from devgw.control.codec import from_line
from devgw.control.messages import EventLine, Events, FlowRow, Gap, GatewayFacts, TokenRow, TraceRow, Welcome

GOOD: dict[str, dict[str, Any]] = {
    "flow": FlowRow("f-1", "done", 1.0, "#########", "tool").to_json(),
    "trace": TraceRow("t1", 1.0, "GET", "/x", 200).to_json(),
    "token": TokenRow("at:1", "access", "live", 1.0).to_json(),
    "line": EventLine(1, 1.0, "config_loaded", "text").to_json(),
}
BAD: list[Any] = [
    {}, None, [], "x", 1, {"unknown": 1}, {"id": None}, {"id": {"deep": [[]]}}, {"at": "noon", "started": "noon"},
    {"at": 1e300, "started": 1e300},
    {"status": "two hundred"},
    {"client": ["x"], "text": 3, "note": {}}, {"seq": "x"}, {"diagnoses": 3}, {"fields": []}, {"id": "\ud800"},
]  # fmt: skip


@pytest.mark.parametrize("kind", GOOD)
@pytest.mark.parametrize("bad", BAD, ids=str)
def test_a_bad_row_is_one_that_says_so(kind: str, bad: Any) -> None:
    broken = {**GOOD[kind], **bad} if isinstance(bad, dict) and bad else bad
    line = json.dumps({"type": "events", "seq": 1, "now": 1.0, "rows": {kind: [GOOD[kind], broken, GOOD[kind]]}})
    message = from_line(line.encode())
    assert isinstance(message, Events)
    first, shown, last = message.rows[kind]
    assert first == last
    assert type(shown) is type(first)
    printers: dict[str, Any] = {
        "flow": flows.cells,
        "trace": trace.cells,
        "token": lambda row: tokens.cells(row, 1.0),
        "line": lambda row: [as_ndjson(row)],
    }
    printed = printers[kind](shown)
    assert all(isinstance(each, str) for each in printed)


def test_a_kind_that_nobody_knows_is_left_out() -> None:
    line = json.dumps({"type": "events", "seq": 1, "now": 1.0, "rows": {"new": [{}], "flow": [GOOD["flow"]]}})
    message = from_line(line.encode())
    assert isinstance(message, Events)
    assert list(message.rows) == ["flow"]


async def test_a_line_that_cannot_be_read_is_one_that_is_missing(tmp_path: Path) -> None:
    """The reader is told, and goes on."""
    client = ControlClient(tmp_path)
    client.welcome = Welcome(1, "i-1", GatewayFacts("1", "http://localhost:9000", 1, 1.0), 1, 1.0)
    reader = asyncio.StreamReader()
    good = json.dumps({"type": "events", "seq": 7, "now": 1.0, "rows": {"flow": [GOOD["flow"]]}})
    for line in ('{"type": "events", "seq": 5, "now": Infinity}', "[" * 9_000, "no JSON", '{"type": "odd"}', good):
        reader.feed_data(line.encode() + b"\n")
    reader.feed_eof()
    heard = [message async for message in client._read(reader)]
    assert [type(each) for each in heard] == [Gap, Gap, Gap, Gap, Events]
    assert client.turned_away is None
