"""What the sample MCP server makes of requests that no client library sends: refused by the rules, never a crash."""

import asyncio
import base64
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest

from devgw.clock import FrozenClock
from devgw.emulators.upstream import create_app, exchange
from devgw.emulators.upstream.request import McpRequest
from tests.emulators.raw import ACCEPT, MODERN, legacy, modern, sse_messages
from tests.support.serving import serve

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.fixture
async def url() -> AsyncIterator[str]:
    async with serve(create_app(FrozenClock(NOON))) as origin:
        yield f"{origin}/mcp"


@pytest.fixture
async def http() -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient() as session:
        yield session


async def test_it_takes_post_alone_and_says_so(url: str, http: httpx2.AsyncClient) -> None:
    """RFC 9110 §15.5.6: a 405 MUST name what is allowed."""
    for method in ("GET", "DELETE", "PUT"):
        response = await http.request(method, url, headers={"Accept": ACCEPT})
        assert (response.status_code, response.headers["Allow"]) == (405, "POST")
    assert "/mcp" in (await http.get(url.removesuffix("/mcp"))).text
    assert (await http.post(f"{url}/elsewhere", content=b"x" * 100_000)).status_code == 404


def _said_otherwise() -> list[tuple[dict[str, str], int]]:
    _, headers = modern("tools/call", name="echo", arguments={})
    wrong = [("Mcp-Method", "tools/list"), ("Mcp-Name", "add"), ("MCP-Protocol-Version", "2027-01-01")]
    return [({**headers, name: value}, -32020) for name, value in wrong]


@pytest.mark.parametrize(("headers", "code"), _said_otherwise())
async def test_headers_that_say_something_else_than_the_body_are_refused(
    url: str, http: httpx2.AsyncClient, headers: dict[str, str], code: int
) -> None:
    body, _ = modern("tools/call", name="echo", arguments={})
    response = await http.post(url, json=body, headers=headers)

    assert (response.status_code, response.json()["error"]["code"]) == (400, code)


async def test_a_revision_that_nobody_knows_yet_is_told_which_are_spoken(url: str, http: httpx2.AsyncClient) -> None:
    body, headers = modern("tools/list")
    body["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"] = "2027-01-01"
    response = await http.post(url, json=body, headers={**headers, "MCP-Protocol-Version": "2027-01-01"})

    assert response.status_code == 400
    assert response.json()["error"]["data"] == {"supported": [MODERN], "requested": "2027-01-01"}


async def test_a_name_that_no_header_can_carry_comes_as_base64(url: str, http: httpx2.AsyncClient) -> None:
    body, headers = modern("resources/read", uri="notes://nöte")
    encoded = base64.b64encode("notes://nöte".encode()).decode()
    response = await http.post(url, json=body, headers={**headers, "Mcp-Name": f"=?base64?{encoded}?="})

    assert response.json()["error"]["message"] == "Resource not found: notes://nöte"


async def test_a_client_that_cannot_be_asked_back_is_told_what_the_tool_needs(
    url: str, http: httpx2.AsyncClient
) -> None:
    body, headers = modern("tools/call", name="ask_name", arguments={})
    response = await http.post(url, json=body, headers=headers)
    error = response.json()["error"]
    assert (response.status_code, error["code"]) == (400, -32021)
    assert error["data"] == {"requiredCapabilities": {"elicitation": {}}}


async def test_a_resource_that_is_not_there_has_the_code_of_its_era(url: str, http: httpx2.AsyncClient) -> None:
    body, headers = modern("resources/read", uri="notes://none")
    assert (await http.post(url, json=body, headers=headers)).json()["error"]["code"] == -32602
    body, headers = legacy("resources/read", version="2025-11-25", uri="notes://none")
    [message] = sse_messages((await http.post(url, json=body, headers=headers)).text)
    assert message["error"]["code"] == -32002


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", -32700),
        (b"[" * 5000, -32700),
        (b"\xff\xfe", -32700),
        (b"5", -32600),
        (b"[]", -32600),
        (b'[{"jsonrpc":"2.0","id":1,"method":"tools/list"}]', -32600),
        (b'{"jsonrpc":"1.0","id":1,"method":"tools/list"}', -32600),
        (b'{"jsonrpc":"2.0","id":null,"method":"tools/list"}', -32600),
        (b'{"jsonrpc":"2.0","id":true,"method":"tools/list"}', -32600),
        (b'{"jsonrpc":"2.0","id":1,"method":5}', -32600),
        (b'{"jsonrpc":"2.0","id":1,"method":"tools/list","params":[1]}', -32600),
    ],
)
async def test_what_is_no_request_is_refused_in_either_era(
    url: str, http: httpx2.AsyncClient, body: bytes, code: int
) -> None:
    for era in ({}, {"MCP-Protocol-Version": MODERN}):
        headers = {"Accept": ACCEPT, "Content-Type": "application/json", **era}
        response = await http.post(url, content=body, headers=headers)
        assert (response.status_code, response.json()["error"]["code"]) == (400, code)
        assert response.json()["id"] is None


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("tools/call", {"name": 5}),
        ("tools/call", {"name": "echo", "arguments": [1]}),
        ("prompts/get", {"name": "explain_note", "arguments": {"id": ["audience"]}}),
        ("resources/read", {"uri": {}}),
        ("completion/complete", {"argument": "a"}),
        ("initialize", {"protocolVersion": 1}),
    ],
)
async def test_parameters_of_a_wrong_shape_are_an_error_and_not_a_crash(
    url: str, http: httpx2.AsyncClient, method: str, params: dict[str, Any]
) -> None:
    body, headers = legacy(method, version="2025-11-25", **params)
    [message] = sse_messages((await http.post(url, json=body, headers=headers)).text)

    assert message["error"]["code"] == -32602


async def test_a_sum_that_json_cannot_say_is_an_error(url: str, http: httpx2.AsyncClient) -> None:
    body, headers = modern("tools/call", name="add", arguments={"a": 1.7e308, "b": 1.7e308})
    response = await http.post(url, json=body, headers=headers)

    assert response.json()["error"]["code"] == -32603


async def test_notifications_and_answers_are_taken_and_dropped(url: str, http: httpx2.AsyncClient) -> None:
    for message in ({"method": "notifications/initialized"}, {"id": 7, "result": {}}):
        _, headers = legacy("ping", version="2025-11-25")
        response = await http.post(url, json={"jsonrpc": "2.0", **message}, headers=headers)
        assert (response.status_code, response.content) == (202, b"")


async def test_a_silent_call_says_that_it_lives(
    url: str, http: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Proxies end streams on which nothing comes."""
    monkeypatch.setattr(exchange, "PING_SECONDS", 0.05)
    body, headers = modern("tools/call", name="wait", arguments={"seconds": 0.3})
    response = await http.post(url, json=body, headers=headers)

    assert response.text.startswith(": ping\r\n")
    assert sse_messages(response.text)[0]["result"]["content"][0]["text"] == "Waited 0.3 s."


async def test_a_call_ends_when_its_client_leaves() -> None:
    """MCP 2026-07-28, cancellation: closing the stream of a response cancels its request."""
    ended = asyncio.Event()

    async def working() -> dict[str, Any]:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return {}

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(_: Any) -> None:
        raise AssertionError("nobody is there")

    request = McpRequest(1, "tools/call", {}, MODERN, {"type": "http"})
    async with asyncio.timeout(5):
        await exchange.SampleExchange(request, receive, send).run(working())

    assert ended.is_set()
