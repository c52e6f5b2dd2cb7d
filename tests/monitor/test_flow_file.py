"""The file of a flow is anybody's: whatever stands in it, it is read whole or refused in words."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from devgw.cli import main
from devgw.monitor.flow_file import FlowFileRefused, read_recording, write_recording
from devgw.monitor.recorded_flow import RecordedFlow, RunView, recording_of
from tests.monitor.walk import Walk

RUN = RunView("r-1", 1_795_000_000.0, "0.1.0")


@cache
def saved() -> RecordedFlow:
    """Return a flow as it is given away."""
    walk = Walk()
    walk.all_the_way()
    (flow,) = walk.monitor.flow_book.flows
    found = recording_of(walk.monitor, RUN, flow.id)
    assert found is not None
    return found


def values() -> dict[str, Any]:
    """Return what its file says."""
    return dict(json.loads(write_recording(saved())))


def changed(path: str, value: object) -> bytes:
    """Return a file in which one place says something else; a `-` takes it away."""
    told = values()
    *way, last = path.split(".")
    at: Any = told
    for each in way:
        at = at[int(each)] if each.isdecimal() else at[each]
    if value == "-":
        del at[last]
    else:
        at[int(last) if last.isdecimal() else last] = value
    return json.dumps(told).encode()


def test_what_was_written_is_read_again() -> None:
    before, after = saved(), read_recording(write_recording(saved()))

    assert after.run == RUN
    assert [each.label for each in after.flow.messages] == [each.label for each in before.flow.messages]
    paths = [[each.row.path.partition("?")[0] for each in one.exchanges] for one in (before, after)]
    assert paths[0] == paths[1]
    assert "client → gateway" in after.flow.report


def test_a_field_that_a_newer_devgw_writes_is_passed_over() -> None:
    assert read_recording(changed("flow.row.colour", {"deep": [1, 2]})).flow.row.id == saved().flow.row.id


def test_the_report_of_the_file_is_not_believed() -> None:
    assert "All is well" not in read_recording(changed("flow.report", "All is well")).flow.report


WRONG: dict[str, bytes] = {
    "empty": b"",
    "no json": b"once upon a time",
    "bytes": bytes(range(256)) * 20,
    "a database": b"SQLite format 3\0" + bytes(4096),
    "a zip": b"PK\x03\x04" + bytes(100),
    "utf-16": '{"devgw_flow": 1}'.encode("utf-16"),
    "half": json.dumps({"devgw_flow": 1}).encode()[:-3],
    "a list": b"[]",
    "a number": b"1",
    "deep": b'{"devgw_flow": 1, "flow": ' + b"[" * 5_000 + b"]" * 5_000 + b"}",
    "many values": b'{"devgw_flow": 1, "flow": [' + b"1," * 1_100_000 + b"1]}",
    "twice": b'{"devgw_flow": 1, "devgw_flow": 1}',
    "not a number": b'{"devgw_flow": NaN}',
    "foreign": json.dumps({"log": {"version": "1.2", "entries": []}}).encode(),
    "alone": b'{"devgw_flow": 1}',
    "newer": b'{"devgw_flow": 2}',
    "true": b'{"devgw_flow": true}',
    "digits": b'{"devgw_flow": ' + b"9" * 5_000 + b"}",
}
PLACES: list[tuple[str, object]] = [
    ("run", None),
    ("run", []),
    ("run.started", "yesterday"),
    ("run.started", 1e300),
    ("run.started", -1e12),
    ("run.id", 7),
    ("flow", "-"),
    ("flow", [values()["flow"]]),
    ("flow.row", None),
    ("flow.row.id", None),
    ("flow.row.id", "../../f-1234"),
    ("flow.row.id", "-"),
    ("flow.row.started", "now"),
    ("flow.row.started", 1e18),
    ("flow.row.track", "########################"),
    ("flow.row.track", "ABCDEFGHI"),
    ("flow.row.diagnoses", "RURI-02"),
    ("flow.row.diagnoses", [1]),
    ("flow.row.messages", 10**400),
    ("flow.messages", {}),
    ("flow.messages", [[]]),
    ("flow.messages.0.at", "then"),
    ("flow.messages.0.sender", "nobody"),
    ("flow.messages.0.sender", 3),
    ("flow.messages.0.number", []),
    ("flow.failure", []),
    ("flow.diagnoses", [{"id": "RURI-02"}]),
    ("flow.hosts", [None]),
    ("exchanges", {"row": {}}),
    ("exchanges.0", "GET /"),
    ("exchanges.0.row", {}),
    ("exchanges.0.row.status", "200"),
    ("exchanges.0.row.at", 1e200),
    ("exchanges.0.request_headers", [{"name": "x"}]),
    ("exchanges.0.request_body", {"text": 1}),
    ("exchanges.0.phases", [{"name": "x", "ms": "long"}]),
    ("left_out", "many"),
]


def files() -> dict[str, bytes]:
    """Return everything that is refused, by what is wrong with it."""
    return WRONG | {f"{path}={str(value)[:20]}": changed(path, value) for path, value in PLACES}


@pytest.mark.parametrize("content", files().values(), ids=files().keys())
def test_what_is_no_flow_is_refused_in_words_and_never_falls_over(content: bytes, tmp_path: Any) -> None:
    with pytest.raises(FlowFileRefused) as refused:
        read_recording(content)
    assert 10 < len(str(refused.value)) < 300

    path = tmp_path / "a.devgw"
    path.write_bytes(content)
    for words in (["open", str(path)], ["open", str(path), "t-1"], ["open", "--json", str(path)]):
        done = CliRunner().invoke(main, words)
        assert done.exit_code == 1
        assert isinstance(done.exception, SystemExit)
        assert "is no flow that can be read: " in done.output


def test_a_file_that_is_longer_than_any_is_not_read_to_its_end(tmp_path: Any) -> None:
    path = tmp_path / "a.devgw"
    with path.open("wb") as file:
        file.truncate(2**40)
    done = CliRunner().invoke(main, ["open", str(path)])
    assert done.exit_code == 1
    assert "longer than" in done.output


@pytest.mark.parametrize("at", ["", "missing.devgw", "folder"])
def test_a_file_that_is_not_there_is_said_to_be_so(at: str, tmp_path: Any) -> None:
    (tmp_path / "folder").mkdir()
    done = CliRunner().invoke(main, ["open", str(tmp_path / at)])
    assert done.exit_code == 1
    assert "cannot be read" in done.output


def test_what_stands_in_a_file_steers_no_terminal(tmp_path: Any) -> None:
    told = values()
    told["flow"]["row"]["client"] = told["exchanges"][0]["row"]["method"] = "\x1b]0;title\x07\u202eevil\nsecond"
    told["flow"]["messages"][0]["label"] = told["exchanges"][0]["row"]["path"] = "\x1b[2J\rgone"
    path = tmp_path / "a.devgw"
    path.write_text(json.dumps(told))
    id_ = told["exchanges"][0]["row"]["id"]
    for words in (["open", str(path)], ["open", str(path), id_], ["open", "--json", str(path)]):
        done = CliRunner().invoke(main, words)
        assert done.exit_code == 0, done.output
        assert not {"\x1b", "\u202e", "\r", "\x07"} & set(done.output)


def test_a_request_of_the_file_is_shown_with_both_messages_and_one_that_it_has_not_is_told(tmp_path: Any) -> None:
    path = tmp_path / "a.devgw"
    path.write_bytes(write_recording(saved()))
    id_ = saved().exchanges[-1].row.id

    assert "user-agent: claude-code/2.0" in CliRunner().invoke(main, ["open", str(path), id_]).output
    missing = CliRunner().invoke(main, ["open", str(path), id_[:-1]])
    assert missing.exit_code == 1
    assert id_ in missing.output


def test_a_request_whose_body_has_nothing_but_brackets_is_opened(tmp_path: Path) -> None:
    file, body = tmp_path / "a.devgw", {"text": "{," * 100_000, "size": 200_000, "media_type": "text/plain"}
    file.write_bytes(changed("exchanges.0.request_body", body))
    opened = CliRunner().invoke(main, ["open", str(file), saved().exchanges[0].row.id])
    assert (opened.exit_code, "{,{,{," in opened.output) == (0, True), opened.output[-400:]
