"""The capability filter on a route: answers as JSON and as event streams, batches, findings."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devgw.clock import FrozenClock
from devgw.config.project import CapabilityEntry, CapabilityFilter, Route
from devgw.events import Bus
from devgw.events.taxonomy import McpCapabilityEntriesUnmatched
from devgw.gateway.capability import AnswerRewriter, FilteredCapabilities
from devgw.ids import OperationId
from devgw.limits import Limits
from devgw.problems import Refused
from tests.gateway.test_capability_filter import ANNE, call
from tests.support.heard import Heard

POLICY = CapabilityFilter("f", tools=(CapabilityEntry("a", {"description": "ours"}), CapabilityEntry("lost")))
ROUTE = Route("/mcp/x", OperationId("x"), "X", "http://127.0.0.1:1/mcp", capability_filter=POLICY)
LIST = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
ANSWER = {"jsonrpc": "2.0", "id": 1, "result": {"tools": [{"name": "a"}, {"name": "b"}]}}
SHOWN = {"jsonrpc": "2.0", "id": 1, "result": {"tools": [{"name": "a", "description": "ours"}]}}


class Bench:
    def __init__(self) -> None:
        self.bus = Bus(FrozenClock())
        self.heard = Heard(self.bus)
        self.capabilities = FilteredCapabilities(self.bus)

    def rewriter(self, *messages: dict[str, Any], route: Route = ROUTE) -> AnswerRewriter:
        found = self.capabilities.rewriter(route, ANNE, messages)
        assert found
        return found

    @property
    def findings(self) -> list[McpCapabilityEntriesUnmatched]:
        return [each for each in self.heard.events if isinstance(each, McpCapabilityEntriesUnmatched)]


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_nothing_is_rewritten_that_need_not_be(bench: Bench) -> None:
    """What is relayed as it comes keeps its bytes and its speed."""
    assert bench.capabilities.rewriter(replace(ROUTE, capability_filter=None), ANNE, [LIST]) is None
    assert bench.capabilities.rewriter(ROUTE, ANNE, [call("tools/call", name="a")]) is None
    assert bench.capabilities.rewriter(ROUTE, ANNE, [call("prompts/list")]) is None


def test_a_json_answer_is_filtered_and_an_error_keeps_its_bytes(bench: Bench) -> None:
    assert json.loads(bench.rewriter(LIST).whole(json.dumps(ANSWER).encode())) == SHOWN
    for other in (b'{"jsonrpc": "2.0",  "id": 1, "error": {"code": 1}}', b"<html>tools</html>", b"", b"[]", b"tools 3"):
        assert bench.rewriter(LIST).whole(other) == other


def test_an_answer_under_a_wrong_id_is_filtered_all_the_same(bench: Bench) -> None:
    """A sloppy upstream must not become a way around the filter."""
    answer = {**ANSWER, "id": "1"}
    assert json.loads(bench.rewriter(LIST).whole(json.dumps(answer).encode())) == {**SHOWN, "id": "1"}


def test_a_batch_is_filtered_item_by_item(bench: Bench) -> None:
    other = {"jsonrpc": "2.0", "id": 2, "result": {"ok": True}}
    rewriter = bench.rewriter(LIST, call("ping"))
    assert json.loads(rewriter.whole(json.dumps([other, ANSWER]).encode())) == [other, SHOWN]


def test_one_hidden_call_blocks_its_whole_batch(bench: Bench) -> None:
    """gateway.md §7."""
    bench.capabilities.check(ROUTE, ANNE, [call("tools/call", name="a")])
    with pytest.raises(Refused):
        bench.capabilities.check(ROUTE, ANNE, [call("tools/call", name="a"), call("tools/call", name="b")])


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_an_event_stream_is_filtered_and_other_events_keep_their_bytes(bench: Bench, end: str) -> None:
    """SSE knows three line endings (WHATWG HTML §9.2.5)."""
    ping = f": ping{end}{end}".encode()
    progress = (
        f'event: message{end}data: {{"jsonrpc":"2.0","method":"notifications/tools"}}{end}id: 4{end}{end}'.encode()
    )
    data = json.dumps(ANSWER, indent=1).split("\n")
    answer = (f"id: 5{end}" + "".join(f"data: {line}{end}" for line in data) + end).encode()
    rewriter = bench.rewriter(LIST)
    out = rewriter.feed(ping + progress + answer) + rewriter.close()
    assert out.startswith(ping + progress)
    last = out.removeprefix(ping + progress).decode()
    assert last.startswith("id: 5\ndata: ")
    assert json.loads(last.split("data: ")[1]) == SHOWN


def test_an_event_is_passed_on_as_soon_as_it_is_complete(bench: Bench) -> None:
    rewriter = bench.rewriter(LIST)
    assert rewriter.feed(b"data: 1\n") == b""
    assert rewriter.feed(b"\ndata: 2") == b"data: 1\n\n"
    assert rewriter.close() == b"data: 2"


@given(st.lists(st.integers(1, 40), max_size=30), st.sampled_from(["\n", "\r\n"]))
def test_how_a_stream_is_cut_makes_no_difference(cuts: list[int], end: str) -> None:
    stream = (f"data: {json.dumps(ANSWER)}{end}{end}" * 2 + f": x{end}{end}").encode()
    whole = Bench().rewriter(LIST).feed(stream)
    rewriter, out, at = Bench().rewriter(LIST), b"", 0
    for cut in cuts:
        out += rewriter.feed(stream[at : at + cut])
        at += cut
    assert out + rewriter.feed(stream[at:]) + rewriter.close() == whole


def test_a_resumed_get_stream_is_filtered_too(bench: Bench) -> None:
    """A replay after Last-Event-ID may carry the answer to any earlier request."""
    rewriter = bench.rewriter()
    out = rewriter.feed(b"data: " + json.dumps(ANSWER).encode() + b"\n\n")
    assert json.loads(out.removeprefix(b"data: ")) == SHOWN


def test_entries_that_name_nothing_are_told_once_after_the_last_page(bench: Bench) -> None:
    """CONF-08."""
    first = {**ANSWER, "result": {"tools": [{"name": "a"}, {"name": "Lost"}], "nextCursor": "2"}}
    bench.rewriter(LIST).whole(json.dumps(first).encode())
    assert bench.findings == []
    for _ in range(2):
        bench.rewriter(LIST).whole(json.dumps(first).encode())
        bench.rewriter(LIST).whole(json.dumps(ANSWER).encode())
    (finding,) = bench.findings
    assert finding.entries == (("lost", "Lost"),)
    assert "`lost`" in (finding.explanation or "")


def test_a_finding_is_withdrawn_when_the_upstream_has_the_name(bench: Bench) -> None:
    bench.rewriter(LIST).whole(json.dumps(ANSWER).encode())
    healed = {**ANSWER, "result": {"tools": [{"name": "a"}, {"name": "lost"}]}}
    bench.rewriter(LIST).whole(json.dumps(healed).encode())
    assert [len(each.entries) for each in bench.findings] == [1, 0]


WRITTEN = json.dumps(ANSWER)
UNREADABLE = [
    WRITTEN.replace('"result":', '"result":{},"result":').encode(),
    WRITTEN.replace('"tools":', '"\\u0074ools":[],"tools":').encode(),
    WRITTEN.encode("utf-16"),
    WRITTEN.encode("utf-16-be"),
    WRITTEN.replace('"b"', "NaN").encode(),
    WRITTEN.replace('"b"', "[" * 100 + "]" * 100).encode(),
    WRITTEN.encode()[:-1],
]


@pytest.mark.parametrize("body", UNREADABLE)
def test_a_list_that_cannot_be_read_is_not_passed_on_uncut(bench: Bench, body: bytes) -> None:
    """A client may read it all the same: the last of two members, another encoding."""
    with pytest.raises(Refused, match="upstream_answer_unreadable"):
        bench.rewriter(LIST).whole(body)
    if b"\0" not in body:
        with pytest.raises(Refused, match="upstream_answer_unreadable"):
            bench.rewriter(LIST).feed(b"data: " + body + b"\n\n")


@pytest.mark.parametrize("before", [b"\xef\xbb\xbf", b"\r\n \t"])
def test_a_list_with_its_name_in_escapes_or_behind_a_mark_is_cut(bench: Bench, before: bytes) -> None:
    escaped = WRITTEN.replace("tools", "\\u0074ools").encode()
    assert json.loads(bench.rewriter(LIST).whole(before + escaped)) == SHOWN
    event = bench.rewriter(LIST).feed(before[:3].strip() + b"data: " + escaped + b"\n\n")
    assert json.loads(event.removeprefix(b"data: ")) == SHOWN


@pytest.mark.parametrize("identifier", [[1], {"a": 1}, True, 1.5, None])
def test_an_odd_id_harms_nothing(bench: Bench, identifier: Any) -> None:
    answer = {**ANSWER, "id": identifier}
    seen = json.loads(bench.rewriter({**LIST, "id": identifier}).whole(json.dumps(answer).encode()))
    assert seen == {**SHOWN, "id": identifier}


def test_an_event_without_end_is_given_up(bench: Bench) -> None:
    rewriter = bench.rewriter(LIST)
    for _ in range(Limits.FILTERED_BYTES // 1_048_576):
        rewriter.feed(b"x" * 1_048_576)
    with pytest.raises(Refused) as refused:
        rewriter.feed(b"x")
    assert "does not end" in refused.value.problem.explain()
