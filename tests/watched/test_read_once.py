"""What passes a watched server is read once, and as far as a message of MCP goes: the loop serves everybody else."""

import json
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import httpx2
import pytest

from devgw.events.flow import FlowState
from devgw.limits import Limits
from devgw.mcp.answer import responses_in
from devgw.mcp.message import read_messages
from tests.outbound.upstream import Upstream
from tests.watched.bench import Watching
from tests.watched.raw import HEADERS

CALL: dict[str, Any] = {"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {"name": "echo"}}
ANSWER: dict[str, Any] = {"jsonrpc": "2.0", "id": 7, "result": {}}
FOREIGN = ANSWER | {"id": 8}
READERS = {each.__code__: each.__name__ for each in (read_messages, responses_in)}


@contextmanager
def counted() -> Iterator[Counter[str]]:
    """Count how often each reader is called until the block ends."""
    found: Counter[str] = Counter()

    def note(frame: FrameType, event: str, _argument: object) -> None:
        if event == "call" and frame.f_code in READERS:
            found[READERS[frame.f_code]] += 1

    sys.setprofile(note)
    try:
        yield found
    finally:
        sys.setprofile(None)


def as_json(message: object) -> tuple[int, dict[str, str], bytes]:
    return 200, {"content-type": "application/json"}, json.dumps(message).encode()


def as_stream(message: object) -> tuple[int, dict[str, str], bytes]:
    return 200, {"content-type": "text/event-stream"}, b"data: " + json.dumps(message).encode() + b"\n\n"


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        (None, as_json(ANSWER)),
        (None, as_stream(ANSWER)),
        (None, as_stream(FOREIGN)),
        (None, (200, {"content-type": "text/event-stream"}, b": nothing\n\n")),
        ("/elsewhere", (404, {}, b"")),
    ],
    ids=["an answer", "a stream", "an answer to another", "no answer", "another path"],
)
async def test_a_call_and_its_answer_are_read_once(
    upstream: Upstream,
    watched: Watching,
    http: httpx2.AsyncClient,
    path: str | None,
    answer: tuple[int, dict[str, str], bytes],
) -> None:
    upstream.answers[path or upstream.mcp_path] = answer
    with counted() as found:
        await http.post(watched.origin + (path or upstream.mcp_path), json=CALL, headers=HEADERS)
    assert found["read_messages"] == 1
    assert found["responses_in"] == (0 if path else 1)
    assert watched.traces()[-1].mcp_method == "tools/call"


@pytest.mark.parametrize(
    ("path", "arguments"),
    [
        (None, {"text": "x" * Limits.ANSWER_BYTES}),
        (None, {"values": [1] * Limits.ANSWER_VALUES}),
        ("/elsewhere", {"values": [1] * Limits.ANSWER_VALUES}),
    ],
    ids=["long", "much", "much at another path"],
)
async def test_a_call_that_is_more_than_a_message_passes_unread_and_nothing_is_said_of_its_answer(
    upstream: Upstream, watched: Watching, http: httpx2.AsyncClient, path: str | None, arguments: object
) -> None:
    where = path or upstream.mcp_path
    upstream.answers[where] = (404, {}, b"") if path else as_json(FOREIGN)
    call = CALL | {"params": {"name": "echo", "arguments": arguments}}
    answer = await http.post(watched.origin + where, json=call, headers=HEADERS)
    assert answer.status_code == upstream.answers[where][0]
    trace = watched.traces()[-1]
    assert (trace.mcp_method, trace.problem) == (None, None)
    assert all(each.state is not FlowState.FAILED for each in watched.flows())


async def test_the_answer_to_another_request_is_told_in_either_form(
    upstream: Upstream, watched: Watching, http: httpx2.AsyncClient
) -> None:
    for form in (as_json, as_stream):
        upstream.answers[upstream.mcp_path] = form(FOREIGN)
        await http.post(watched.url, json=CALL, headers=HEADERS)
        assert watched.traces()[-1].reason_code == "upstream_answer_foreign"
