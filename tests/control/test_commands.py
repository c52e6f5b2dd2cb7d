"""What a reader may ask for, and what it is answered."""

from typing import Any

import pytest

from devgw.control.client import Lost, ask_once
from devgw.control.messages import Snapshot
from devgw.events.trace import Body
from tests.control.conftest import Served


async def test_clearing_makes_every_reader_begin_again(served: Served) -> None:
    served.walk.all_the_way()
    async with served.reading() as (client, seen):
        await seen.until(served.walk.monitor.count.value)
        answer = await client.ask("clear", kind="traces")
        await seen.until(served.walk.monitor.count.value)
    assert answer.result == {"cleared": served.walk.count}
    assert [m.part for m in seen.messages if isinstance(m, Snapshot)].count(0) == 2
    assert len(served.walk.monitor.traces) == 0


async def test_commands_are_answered(served: Served) -> None:
    served.walk.all_the_way()
    flow = next(iter(served.walk.monitor.flow_book.flows))
    opened = await ask_once(served.state_dir, "inspect", kind="flow", id=flow.id)
    assert opened.result["row"]["track"] == "#########"
    asked = await ask_once(served.state_dir, "revoke", kind="grant", id="g-1", dry_run=True)
    assert (asked.ok, asked.result["token_ids"], asked.result["undo_id"]) == (True, ["at:1", "rt:1"], "u-1")
    assert served.actions.asked == [("grant", "g-1", True)]


@pytest.mark.parametrize(
    ("name", "arguments", "code"),
    [
        ("fly", {}, "unknown_command"),
        ("revoke", {}, "bad_arguments"),
        ("revoke", {"kind": "planet", "id": "x"}, "bad_arguments"),
        ("revoke", {"kind": "grant", "id": "g-9"}, "not_found"),
        ("revoke", {"kind": "grant", "id": "g-1", "dry_run": "yes"}, "bad_arguments"),
        ("inspect", {"kind": "trace", "id": "0"}, "not_found"),
        ("inspect", {"kind": "trace", "id": "\ud800"}, "bad_arguments"),
        ("replay", {"id": "a\udcff"}, "bad_arguments"),
        ("copy", {"kind": "file", "id": "\udfff"}, "bad_arguments"),
        ("reveal", {"trace_id": "0", "place": "x"}, "not_found"),
        ("travel", {"seconds": -1}, "bad_arguments"),
        ("travel", {"seconds": 5}, "not_possible"),
        ("reload", {}, "not_possible"),
    ],
)
async def test_a_command_that_cannot_be_done_says_why(
    served: Served, name: str, arguments: dict[str, Any], code: str
) -> None:
    answer = await ask_once(served.state_dir, name, **arguments)
    assert (answer.ok, answer.code) == (False, code)
    assert answer.explanation


async def test_a_command_that_is_too_long_to_be_read_is_not_sent_and_says_so(served: Served) -> None:
    with pytest.raises(Lost, match="inspect is asked with more than 65,536 bytes"):
        await ask_once(served.state_dir, "inspect", kind="trace", id="x" * 100_000)


async def test_one_secret_is_revealed_on_purpose_and_copies_hold_none(served: Served) -> None:
    walk = served.walk
    trace = walk.trace("POST", "/oauth/token", request_body=Body(b"code=opensesame&grant_type=x&y=\x1b[201~", 37))
    trace.request_headers.append((b"content-type", b"application/x-www-form-urlencoded"))
    trace.request_headers.append((b"x-steers", b"\x9b31m"))
    walk.exchange(trace, 200)
    opened = await ask_once(served.state_dir, "inspect", kind="trace", id=trace.id)
    assert "opensesame" not in repr(opened)
    (place,) = opened.result["request_body"]["places"]
    revealed = await ask_once(served.state_dir, "reveal", trace_id=trace.id, place=place)
    assert revealed.result["value"] == "opensesame"
    for kind in ("curl", "url", "headers", "body"):
        copied = await ask_once(served.state_dir, "copy", kind=kind, id=trace.id)
        assert copied.ok, kind
        assert "opensesame" not in repr(copied)
        assert not set(copied.result["text"]) & {"\x1b", "\x9b"}
    as_json = await ask_once(served.state_dir, "copy", kind="json", of="trace", id=trace.id)
    assert trace.id in as_json.result["text"]
    assert "opensesame" not in repr(as_json)
