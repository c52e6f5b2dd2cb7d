"""Reading JSON-RPC: what is meant, by whom, in which revision; never a complaint."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devgw.foreign.words import beginning_of
from devgw.mcp.answer import failure_in, is_jsonrpc
from devgw.mcp.errors import answer_to, as_sse_event
from devgw.mcp.headers import decoded, mismatch, missing
from devgw.mcp.message import NO_MESSAGES, find_lookalike, read_messages
from devgw.mcp.revision import is_modern, revision_of

CALL = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "echo"}}


@pytest.mark.parametrize(
    ("message", "method", "capability"),
    [
        (CALL, "tools/call", "echo"),
        (CALL | {"method": "resources/read", "params": {"uri": "test://a"}}, "resources/read", "test://a"),
        (CALL | {"method": "tools/list"}, "tools/list", None),
        (CALL | {"params": {"name": 5}}, "tools/call", None),
        (CALL | {"params": [1]}, "tools/call", None),
        (CALL | {"method": ["x"]}, None, None),
        ({"jsonrpc": "2.0", "id": 1, "result": {}}, None, None),
    ],
)
def test_method_and_capability_are_read(message: object, method: str | None, capability: str | None) -> None:
    found = read_messages(json.dumps(message).encode())

    assert (found.method, found.capability) == (method, capability)


def test_a_batch_is_read_in_order_and_only_requests_want_an_answer() -> None:
    batch = [{"jsonrpc": "2.0", "method": "notifications/x"}, CALL, CALL | {"id": "b"}, CALL | {"id": True}, 7]
    found = read_messages(json.dumps(batch).encode())

    assert found.is_batch
    assert found.method == "notifications/x"
    assert found.request_ids == [1, "b"]
    assert len(found.items) == 4


@pytest.mark.parametrize("body", [b"", b"{", b"3", b"null", b'"x"', b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_jsonrpc_reads_as_nothing(body: bytes) -> None:
    assert read_messages(body).items == NO_MESSAGES.items


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(), lambda c: st.lists(c) | st.dictionaries(
    st.sampled_from(["method", "params", "id", "name", "uri", "_meta", "protocolVersion", "result"]), c)))  # fmt: skip
def test_nothing_that_is_json_breaks_the_reading(value: object) -> None:
    found = read_messages(json.dumps(value).encode())

    _ = (found.method, found.capability, found.request_ids, revision_of("", found))
    for item in found.items:
        mismatch("a", "b", item)
        missing("", "", item)


@pytest.mark.parametrize(
    ("header", "params", "revision"),
    [
        ("2025-06-18", {"protocolVersion": "2024-11-05"}, "2025-06-18"),
        ("", {"protocolVersion": "2025-03-26"}, "2025-03-26"),
        ("", {"_meta": {"io.modelcontextprotocol/protocolVersion": "2026-07-28"}}, "2026-07-28"),
        ("", {}, None),
        ("", {"protocolVersion": 5}, None),
    ],
)
def test_the_revision_is_in_the_header_the_meta_or_initialize(
    header: str, params: object, revision: str | None
) -> None:
    assert revision_of(header, read_messages(json.dumps(CALL | {"params": params}).encode())) == revision


@pytest.mark.parametrize(
    ("revision", "modern"),
    [("2026-07-28", True), ("2027-01-01", True), ("2025-11-25", False), (None, False), ("nonsense", False)],
)
def test_the_era_without_a_handshake_began_in_july_2026(revision: str | None, modern: bool) -> None:
    assert is_modern(revision) is modern


@pytest.mark.parametrize(
    ("method", "name", "difference"),
    [
        ("tools/call", "echo", None),
        ("", "", None),
        ("tools/call", "=?base64?ZWNobw==?=", None),
        ("tools/list", "echo", "Mcp-Method is tools/list, but the body says tools/call"),
        ("tools/call", "Echo", "Mcp-Name is Echo, but the body says echo"),
        ("tools/call", "=?base64?!?=", "Mcp-Name is =?base64?!?=, but the body says echo"),
    ],
)
def test_mirrored_headers_are_compared_with_the_body(method: str, name: str, difference: str | None) -> None:
    """MCP 2026-07-28, Server Validation and Value Encoding."""
    assert mismatch(method, name, CALL) == difference


def test_a_modern_request_names_its_method_and_its_tool() -> None:
    assert missing("", "", CALL) == "Mcp-Method is missing"
    assert missing("tools/call", "", CALL) == "Mcp-Name is missing on tools/call"
    assert missing("tools/list", "", CALL | {"method": "tools/list"}) is None
    assert decoded("=?base64?w6k=?=") == "é"


def test_each_request_is_answered_with_the_error_in_its_own_form() -> None:
    one = read_messages(json.dumps(CALL).encode())
    two = read_messages(json.dumps([CALL, CALL | {"id": 2}]).encode())
    none = read_messages(b'{"jsonrpc":"2.0","method":"notifications/x"}')

    assert json.loads(answer_to(one, 502, "m", {"a": 1}) or b"") == {
        "jsonrpc": "2.0",
        "id": 1,
        "error": {"code": 502, "message": "m", "data": {"a": 1}},
    }
    assert [each["id"] for each in json.loads(answer_to(two, 502, "m") or b"")] == [1, 2]
    assert answer_to(none, 502, "m") is None
    assert as_sse_event(two, 502, "m").count(b"\n\n") == 2


ERROR = b'{"jsonrpc": "2.0", "id": 1, "error" : {"code": -32601, "message": "no"}}'
TOOL_ERROR = b'{"jsonrpc":"2.0","id":1,"result":{"isError" : true,"content":[{"type":"text","text":"bad"},{}]}}'


@pytest.mark.parametrize(
    ("content", "is_stream", "failure"),
    [
        (ERROR, False, ("jsonrpc_error", "-32601: “no”")),
        (b"[" + ERROR + b"]", False, ("jsonrpc_error", "-32601: “no”")),
        (TOOL_ERROR, False, ("tool_error", "“bad”")),
        (b"id: 1\r\ndata: {}\r\n\r\ndata:" + ERROR + b"\r\n\r\n", True, ("jsonrpc_error", "-32601: “no”")),
        (b"data: " + ERROR[:17] + b"\ndata: " + ERROR[17:] + b"\n\n", True, ("jsonrpc_error", "-32601: “no”")),
        (TOOL_ERROR.replace(b"true", b"false"), False, None),
        (b'{"result":{"content":[{"text":"\\"error\\": {\\"code\\": 1}"}]}}', False, None),
        (b'{"error": "a page"}', False, None),
        (b'"error": {', False, None),
    ],
)
def test_an_answer_tells_whether_the_call_worked(
    content: bytes, is_stream: bool, failure: tuple[str, str] | None
) -> None:
    assert failure_in(content, is_stream=is_stream) == failure


def test_a_page_is_quoted_by_its_title_or_its_words() -> None:
    assert beginning_of(b"<html><title> Bad\n gateway </title><body>long") == "Bad gateway long"
    assert beginning_of(b"<style>a{}</style><script>x</script><!-- c --><p>Two <b>words</b>") == "Two words"
    assert beginning_of(b"x " * 500).endswith("…")
    assert len(beginning_of(b"x " * 500)) == 160
    assert is_jsonrpc(ERROR)
    assert not is_jsonrpc(b'{"detail":"x"}')


@pytest.mark.parametrize(
    "body",
    [
        b'{"method":"ping","method":"tools/call"}',
        b'{"params":{"name":"a","name":"b"}}',
        b"[" * 65 + b"]" * 65,
        '{"method":"tools/call"}'.encode("utf-16"),
        b'{"id":NaN}',
        b'{"id":1}{"id":2}',
    ],
)
def test_what_two_readers_may_read_differently_is_not_read_and_says_why(body: bytes) -> None:
    found = read_messages(body)
    assert found.items == ()
    assert found.refused is not None


@pytest.mark.parametrize("name", ["Method", "METHOD", "Params", "param\u017f", "\u212aind", "Id"])
def test_a_member_that_some_languages_take_for_another_is_found(name: str) -> None:
    """Go folds the case of members, and the long s and the Kelvin sign with it."""
    assert (find_lookalike({name: 1, "method": "ping"}) == name) is (name != "\u212aind")
    assert find_lookalike({"jsonrpc": "2.0", "id": 1, "method": "x", "params": {"name": 1, "_meta": {}}}) is None
    assert find_lookalike({"method": "x", "params": {"Name": 1}}) == "Name"
