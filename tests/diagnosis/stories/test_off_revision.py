"""A request that does not fit the revision of MCP which it names is told so, and works as it is printed."""

import json
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.diagnosis.stories.agent import Agent
from tests.diagnosis.stories.conftest import Watched
from tests.diagnosis.stories.test_transport_refusals import error
from tests.diagnosis.stories.test_upstreams import answering, behind
from tests.support.gateway import mcp_request
from tests.support.mending import mends, written
from tests.support.serving import serve

VERSION, METHOD, NAME = "mcp-protocol-version", "mcp-method", "mcp-name"
MODERN = "2026-07-28"
META = {"io.modelcontextprotocol/protocolVersion": MODERN, "io.modelcontextprotocol/clientCapabilities": {}}


async def sent(gateway: Watched, headers: dict[str, str], body: dict[str, Any]) -> tuple[Agent, httpx2.Response]:
    """Sign in, call once with these headers; return the client, and the answer."""
    agent = Agent(gateway)
    await agent.sign_in()
    held = {"authorization": f"Bearer {agent.tokens['access_token']}", "accept": "application/json, text/event-stream"}
    agent.http.headers.update(held)
    return agent, await agent.http.post(gateway.mcp_url, json=body, headers=headers)


@mends("REQ-08")
@pytest.mark.parametrize("version", ["1999-01-01", "banana", "2.0", "2025-11-26", "2026-07-28-draft"])
async def test_a_revision_that_there_is_not_is_told_and_one_of_those_that_are_printed_works(
    gateway: Watched, version: str
) -> None:
    agent, answer = await sent(gateway, {VERSION: version}, mcp_request("tools/list"))
    assert answer.status_code == 400

    found = await gateway.only("REQ-08")
    assert found.certain
    assert version in found.cause
    right = written(found.fix, r"(2025-11-25)")
    again = await agent.http.post(gateway.mcp_url, json=mcp_request("tools/list"), headers={VERSION: right})
    assert again.status_code == 200
    assert await gateway.names() == []


@mends("REQ-09")
@pytest.mark.parametrize("meta", [{}, {"_meta": {}}, {"_meta": {next(iter(META)): MODERN}}])
async def test_a_call_without_its_envelope_is_told_and_works_with_what_is_printed(
    gateway: Watched, meta: dict[str, Any]
) -> None:
    headers = {VERSION: MODERN, METHOD: "tools/list"}
    agent, answer = await sent(gateway, headers, mcp_request("tools/list", meta))
    assert answer.status_code == 400

    found = await gateway.only("REQ-09")
    assert "io.modelcontextprotocol/clientCapabilities" in written(found.fix, r"Put (.+) into params\._meta")
    right = mcp_request("tools/list", {"_meta": META})
    assert (await agent.http.post(gateway.mcp_url, json=right, headers=headers)).status_code == 200
    assert await gateway.names() == []


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({METHOD: "tools/call"}, "Mcp-Method is tools/call, but the body says tools/list"),
        ({METHOD: "TOOLS/LIST"}, "Mcp-Method is TOOLS/LIST"),
        ({METHOD: "prompts/list"}, "Mcp-Method is prompts/list"),
    ],
)
async def test_mirrored_headers_that_disagree_are_told_where_the_envelope_was_missed_first(
    gateway: Watched, headers: dict[str, str], words: str
) -> None:
    _, answer = await sent(gateway, {VERSION: MODERN} | headers, mcp_request("tools/list"))
    assert answer.json()["error"]["code"] == -32602

    assert words in (await gateway.only("PROXY-06")).cause


async def test_a_mirrored_name_that_disagrees_is_told(gateway: Watched) -> None:
    headers = {VERSION: MODERN, METHOD: "tools/call", NAME: "other"}
    await sent(gateway, headers, mcp_request("tools/call", {"name": "echo", "arguments": {}}))

    assert "Mcp-Name is other, but the body says echo" in (await gateway.only("PROXY-06")).cause


@pytest.mark.parametrize("request_id", [1, "server-error", None])
async def test_whatever_id_an_upstream_answers_the_request_says_what_is_wrong(
    tmp_path: Any, request_id: object
) -> None:
    refused = error(400, request_id, -32600, "Bad Request: Unsupported protocol version")
    async with serve(answering(refused)) as origin, behind(tmp_path, f"{origin}/mcp") as (gateway, headers, http):
        await http.post(gateway.mcp_url, json=mcp_request("tools/list"), headers=headers | {VERSION: "v2"})
        assert "Unsupported protocol version" in (await gateway.only("REQ-08")).cause


async def test_an_error_of_mcps_own_and_wrong_arguments_stay_what_they_are(gateway: Watched) -> None:
    agent, answer = await sent(gateway, {VERSION: "2025-06-18"}, mcp_request("tools/call", {"nme": "x"}))
    assert answer.status_code == 200
    assert await gateway.names() == []

    headers = {VERSION: MODERN, METHOD: "tools/call"}
    await agent.http.post(gateway.mcp_url, json=mcp_request("tools/list", {"_meta": META}), headers=headers)
    assert await gateway.names() == ["PROXY-06"]


def offered(revision: str) -> dict[str, Any]:
    return mcp_request("initialize", {"protocolVersion": revision, "capabilities": {}, "clientInfo": {"name": "x"}})


def refusal(status: int, **data: Any) -> tuple[int, dict[str, str], bytes]:
    said = {"code": -32602, "message": "Unsupported protocol version"} | ({"data": data} if data else {})
    return status, {"content-type": "application/json"}, json.dumps({"jsonrpc": "2.0", "id": 1, "error": said}).encode()


@mends("REQ-10")
@pytest.mark.parametrize("status", [200, 400])
@pytest.mark.parametrize("known", [["2024-11-05"], ["2025-03-26", "2024-11-05"]])
async def test_a_revision_that_the_upstream_does_not_speak_is_told_and_what_is_printed_works(
    tmp_path: Path, status: int, known: list[str]
) -> None:
    refused = refusal(status, supported=known, requested="2025-11-25")
    good = (200, {"content-type": "application/json"}, b'{"jsonrpc":"2.0","id":1,"result":{}}')
    async with (
        serve(answering(refused, good)) as origin,
        behind(tmp_path, f"{origin}/mcp") as (gateway, headers, http),
    ):
        await http.post(gateway.mcp_url, json=offered("2025-11-25"), headers=headers)
        found = await gateway.only("REQ-10")
        assert "2025-11-25; the upstream speaks " + ", ".join(known) in found.cause
        right = written(found.fix, r"Let the client offer (\S+),")
        await http.post(gateway.mcp_url, json=offered(right), headers=headers)
        assert await gateway.names() == []


@pytest.mark.parametrize("answer", [refusal(200), refusal(200, supported="all"), refusal(400, reason="bad")])
async def test_another_refusal_of_initialize_is_not_taken_for_one_of_its_revision(
    tmp_path: Path, answer: tuple[int, dict[str, str], bytes]
) -> None:
    async with serve(answering(answer)) as origin, behind(tmp_path, f"{origin}/mcp") as (gateway, headers, http):
        await http.post(gateway.mcp_url, json=offered("2025-11-25"), headers=headers)
        assert await gateway.names() == []
