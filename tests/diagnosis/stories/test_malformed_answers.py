"""What an upstream answers looks like a response, and no MCP client reads it: named, with the words for the client."""

import json
from pathlib import Path
from typing import Any

import pytest

from devgw.diagnosis.verdicts import Verdict
from devgw.wiring.examining import examine_running
from tests.diagnosis.stories.test_upstreams import EVENTS, JSON, Given, answering, behind, rpc
from tests.support.gateway import mcp_request
from tests.support.serving import serve

LONG = "x" * 9_000


def text(content: bytes) -> Given:
    return 200, JSON, content


def event(*messages: bytes) -> Given:
    return 200, EVENTS, b"".join(b"event: message\r\ndata: " + each + b"\r\n\r\n" for each in messages)


def response(**members: Any) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": 1} | members).encode()


def without_version(**members: Any) -> Given:
    return text(json.dumps({"id": 1, **members}).encode())


async def said(root: Path, given: Given) -> tuple[list[Any], str]:
    """Return what is said of a call that is answered so, and what its client got."""
    async with serve(answering(given)) as origin, behind(root, f"{origin}/mcp") as (gateway, headers, http):
        answer = await http.post(gateway.mcp_url, json=mcp_request("tools/list"), headers=headers)
        return [each for each in await gateway.said() if each.certain], answer.text


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (without_version(result={}), 'its `jsonrpc` has to be "2.0", and it has none'),
        (rpc(jsonrpc="1.0", result={}), "and it has '1.0'"),
        (rpc(jsonrpc=2.0, result={}), "and it has 2.0"),
        (rpc(jsonrpc=None, result={"of": LONG}), "and it has None"),
        (rpc(result=None), "its `result` has to be an object, and is null"),
        (rpc(result=[1]), "and is an array"),
        (rpc(result="ok"), "and is a string"),
        (rpc(result={}, error={"code": 1, "message": "x"}), "both `result` and `error`"),
        (rpc(error="boom"), "its `error` has to be an object"),
        (rpc(error={"message": "x"}), "the `code`"),
        (rpc(error={"code": "E1", "message": "x"}), "the `code`"),
        (rpc(error={"code": True, "message": "x"}), "the `code`"),
        (rpc(error={"code": -32000}), "the `message`"),
        (text(response(result={"x": float("nan")})), "NaN is no JSON number"),
        (text(response(result={"x": float("-inf"), "of": LONG})), "-Infinity is no JSON number"),
        (text(b'{"jsonrpc":"2.0","id":1,"result":{"x":"\xff\xfe"}}'), "it is no JSON"),
        (text('{"jsonrpc":"2.0","id":1,"result":{"x":"é%s"}}'.encode("latin-1") % LONG.encode()), "it is no JSON"),
        (text(b'{"jsonrpc":"2.0","id":1,"result":{"tools":['), "it is no JSON"),
        (text(b'{"jsonrpc":"2.0","id":1,"result":{"of":"%s"' % LONG.encode()), "it is no JSON"),
        (text(b'{"jsonrpc":"2.0","id":1,"result":{}}}'), "Extra data"),
        (text(b'{"jsonrpc":"2.0","id":1,"result":{"a":1,}}'), "it is no JSON"),
        (text(b'{"jsonrpc":"2.0","id":1,"result":{"x":"a\nb"}}'), "Invalid control character"),
        (text(b'{"jsonrpc":"2.0","method":"n/x"}\n{"jsonrpc":"2.0","id":1,"result":{}}\n'), "Extra data"),
        (text(b"{'jsonrpc':'2.0','id':1,'result':{}}"), "it is no JSON"),
        (event(b'{"jsonrpc":"2.0","id":1,"result":{"x":NaN}}'), "NaN is no JSON number"),
        (event(b'{"jsonrpc":"2.0","id":1,"result":{"x":"\xff"}}'), "it is no JSON"),
        (event(b'{"id":1,"result":{}}'), "and it has none"),
        (event(response(jsonrpc="1.0", result={})), "and it has '1.0'"),
        ((200, EVENTS, response(result={})), "has no `data:` before its JSON"),
        ((200, EVENTS, b"data: " + response(result={}) + b"\n"), "no blank line ends its event"),
    ],
)
async def test_a_response_that_no_client_reads_is_named(tmp_path: Path, given: Given, words: str) -> None:
    found, got = await said(tmp_path, given)
    assert [each.id for each in found] == ["NET-06"], [(each.id, each.cause) for each in found]
    assert words in found[0].cause
    assert json.dumps(words)[1:-1] in got
    assert "Mend what that server writes" in found[0].fix


@pytest.mark.parametrize(
    "given",
    [
        text(b"\xef\xbb\xbf" + response(result={})),
        text(b'\n {"result" : {"n":1e400,"n":2} , "id":1 , "jsonrpc" : "2.0"}\n\n'),
        text(b'{"\\u006asonrpc":"2.0","id":1,"result":{"x":"\\ud800"}}'),
        text(response(result={"text": '"x": NaN, [Infinity] "jsonrpc": "1.0"' + LONG})),
        text(response(result={"n": 10**4_000})),
        text(b'{"jsonrpc":"2.0","id":1,"result":{"deep":' + b"[" * 3_000 + b"]" * 3_000 + b"}}"),
        rpc(error={"code": -32602, "message": "bad", "data": None}),
        event(b'{"jsonrpc":"2.0","method":"notifications/x","params":{}}', response(result={})),
        event(response(result={}), b"[DONE]"),
        (200, EVENTS, b': hi\n\nid: 1\nretry: 9\ndata: {"jsonrpc":"2.0",\ndata: "id":1,"result":{}}\n\n'),
    ],
)
async def test_an_unusual_response_that_clients_read_is_passed_on_and_not_talked_about(
    tmp_path: Path, given: Given
) -> None:
    found, got = await said(tmp_path, given)
    assert [(each.id, each.cause) for each in found] == []
    assert got.encode("utf-8", "surrogatepass").strip(b"\xef\xbb\xbf") in given[2]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (text(b"[" + response(result={}) + b"]"), "some clients read (TypeScript SDK) and others do not (Python SDK)"),
        (text(b"\xef\xbb\xbf\r\n [ " + response(error={"code": -32602, "message": "bad"}) + b"]"), "some clients read"),
        (text(b'[{"jsonrpc":"2.0","method":"n/x"},' + response(result={"of": LONG}) + b"]"), "some clients read"),
        (event(b'{"jsonrpc":"2.0","method":"n/x"}', b"[" + response(result={}) + b"]"), "no client reads"),
    ],
)
async def test_an_array_that_answers_one_request_is_passed_on_and_named(
    tmp_path: Path, given: Given, words: str
) -> None:
    found, got = await said(tmp_path, given)
    assert [each.id for each in found] == ["PROXY-25"], [(each.id, each.cause) for each in found]
    assert words in found[0].cause
    assert "tools/list" in found[0].cause
    assert got.encode().strip(b"\xef\xbb\xbf") in given[2]


async def test_an_array_that_answers_an_array_is_not_talked_about(tmp_path: Path) -> None:
    given = text(b"[" + response(result={}) + b"]")
    async with serve(answering(given)) as origin, behind(tmp_path, f"{origin}/mcp") as (gateway, headers, http):
        answer = await http.post(gateway.mcp_url, json=[mcp_request("tools/list")], headers=headers)
        assert answer.status_code == 200
        assert await gateway.said() == []


async def test_json_under_another_media_type_is_told_by_its_type(tmp_path: Path) -> None:
    """Nothing false is said: it is JSON-RPC, and clients go by the type."""
    (found,), _ = await said(tmp_path, (200, {"content-type": "text/plain"}, response(result={})))
    assert found.id == "NET-06"
    assert "with text/plain where MCP has application/json or text/event-stream" in found.cause
    assert "instead of JSON-RPC" not in found.cause


@pytest.mark.parametrize(
    "given",
    [
        without_version(result={"protocolVersion": "2025-11-25"}),
        rpc(jsonrpc="1.0", result={"protocolVersion": "2025-11-25"}),
        text(b'{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-11-25","x":NaN}}'),
        text(b'{"jsonrpc":"2.0","id":1,"result":{'),
    ],
)
async def test_the_doctor_says_of_it_what_a_call_is_told(tmp_path: Path, given: Given) -> None:
    async with serve(answering(given)) as origin, behind(tmp_path, f"{origin}/mcp") as (gateway, headers, http):
        await http.post(gateway.mcp_url, json=mcp_request("tools/list"), headers=headers)
        found = await gateway.only("NET-06")
        checks = await examine_running(gateway.running.runtime)
    check = next(each for each in checks if each.name.startswith("upstream."))
    assert check.verdict is Verdict.FAIL
    assert (check.diagnosis_id, check.saw, check.todo) == (found.id, found.cause, found.fix)


@pytest.mark.parametrize(
    ("given", "name"),
    [
        (text(b"[" + response(result={"protocolVersion": "2025-11-25"}) + b"]"), "PROXY-25"),
        (event(b"[" + response(result={"protocolVersion": "2025-11-25"}) + b"]"), "PROXY-25"),
        ((200, JSON | {"content-encoding": "gzip"}, response(result={})), "PROXY-23"),
    ],
)
async def test_the_doctor_has_the_name_and_the_change_of_a_call_for_what_is_wrapped(
    tmp_path: Path, given: Given, name: str
) -> None:
    async with serve(answering(given)) as origin, behind(tmp_path, f"{origin}/mcp") as (gateway, headers, http):
        await http.post(gateway.mcp_url, json=mcp_request("initialize"), headers=headers)
        found = await gateway.only(name)
        checks = await examine_running(gateway.running.runtime)
    check = next(each for each in checks if each.name.startswith("upstream."))
    assert check.verdict is Verdict.FAIL
    assert (check.diagnosis_id, check.saw, check.todo) == (found.id, found.cause, found.fix)
