"""The sample MCP server, asked by clients that nobody here wrote, on a real socket, in both MCP eras."""

import asyncio
import base64
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import fastmcp
import httpx2
import pytest
from mcp.client import Client
from mcp.shared.exceptions import MCPError
from mcp.types import ElicitRequestParams, ElicitResult, TextContent

from devgw.clock import FrozenClock
from devgw.emulators.upstream import SampleServer, create_app, exchange
from devgw.emulators.upstream.request import McpRequest
from devgw.emulators.upstream.tools import FAILURE_CODE
from tests.emulators.raw import ACCEPT, MODERN, legacy, modern, sse_messages
from tests.support.serving import serve

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
ERAS = pytest.mark.parametrize("era", ["legacy", "auto"])


@pytest.fixture
async def app() -> SampleServer:
    return create_app(FrozenClock(NOON))


@pytest.fixture
async def url(app: SampleServer) -> AsyncIterator[str]:
    async with serve(app) as origin:
        yield f"{origin}/mcp"


@pytest.fixture
async def http() -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient() as session:
        yield session


def text_of(result: Any) -> str:
    first = result.content[0]
    assert isinstance(first, TextContent)
    return first.text


@ERAS
async def test_the_official_client_lists_and_calls_in_either_era(url: str, era: str) -> None:
    async with Client(url, mode=era) as client:
        assert client.protocol_version == ("2025-11-25" if era == "legacy" else MODERN)
        names = {tool.name for tool in (await client.list_tools()).tools}
        answer = await client.call_tool("add", {"a": 2, "b": 40})

    assert {"whoami", "echo", "add", "current_time", "count_slowly", "wait", "fail", "search_notes"} <= names
    assert answer.structured_content == {"sum": 42.0}


async def test_the_fastmcp_client_calls_it(url: str) -> None:
    async with fastmcp.Client(url) as client:
        answer = await client.call_tool("echo", {"message": "hello"})

    assert text_of(answer) == "hello"


@ERAS
async def test_progress_arrives_step_by_step(url: str, era: str) -> None:
    seen: list[tuple[float, float | None]] = []

    async def note(progress: float, total: float | None, message: str | None) -> None:
        seen.append((progress, total))

    async with Client(url, mode=era) as client:
        await client.call_tool("count_slowly", {"steps": 3, "seconds": 0}, progress_callback=note)

    assert seen == [(1, 3), (2, 3), (3, 3)]


async def test_the_time_is_that_of_the_injected_clock(url: str) -> None:
    async with Client(url) as client:
        answer = await client.call_tool("current_time", {"zone": "Europe/Berlin"})
        unknown = await client.call_tool("current_time", {"zone": "Europe/Berlim"})

    assert answer.structured_content == {"time": "2026-11-22T13:00:00+01:00", "zone": "Europe/Berlin"}
    assert unknown.is_error
    assert "Europe/Berlim" in text_of(unknown)


async def test_whoami_shows_headers_and_masks_what_could_be_a_secret(url: str, http: httpx2.AsyncClient) -> None:
    secrets = {"Authorization": "Bearer at_very-secret", "X-Api-Key": "k-very-secret", "Cookie": "sid=very-secret"}
    body, headers = modern("tools/call", name="whoami", arguments={})
    response = await http.post(url, json=body, headers={**headers, **secrets, "X-Trace": "seen"})
    text, answer = response.text, response.json()["result"]["structuredContent"]

    assert "very-secret" not in text
    assert answer["headers"]["x-trace"] == "seen"
    assert answer["headers"]["authorization"].startswith("Bearer <14 characters, fingerprint ")
    assert answer["protocolVersion"] == MODERN
    assert "passed through" in answer["authorization"]


async def test_an_application_error_and_a_protocol_error_can_be_had_on_purpose(url: str) -> None:
    async with Client(url) as client:
        assert (await client.call_tool("fail", {})).is_error
        with pytest.raises(MCPError) as failure:
            await client.call_tool("fail", {"how": "error"})
        wrong = await client.call_tool("add", {"a": "two"})

    assert failure.value.code == FAILURE_CODE
    assert wrong.is_error
    assert text_of(wrong).splitlines()[1] == "b: Field required"


@ERAS
async def test_notes_are_found_read_added_and_deleted(url: str, era: str) -> None:
    async with Client(url, mode=era) as client:
        added = (
            await client.call_tool("add_note", {"title": "Slash", "text": "A slash is a difference."})
        ).structured_content
        found = (await client.call_tool("search_notes", {"words": "SLASH difference"})).structured_content
        read = await client.read_resource(added["uri"])
        await client.call_tool("delete_note", {"id": added["id"]})
        with pytest.raises(MCPError):
            await client.read_resource(added["uri"])

    assert [note["id"] for note in found["notes"]] == ["issuer", added["id"]]
    assert getattr(read.contents[0], "text", "") == "Slash\n\nA slash is a difference.\n"


@ERAS
async def test_it_offers_resources_a_template_and_prompts(url: str, era: str) -> None:
    async with Client(url, mode=era) as client:
        uris = {str(resource.uri) for resource in (await client.list_resources()).resources}
        templates = (await client.list_resource_templates()).resource_templates
        prompts = {prompt.name for prompt in (await client.list_prompts()).prompts}
        explained = await client.get_prompt("explain_note", {"id": "audience"})

    assert "notes://index" in uris
    assert [template.uri_template for template in templates] == ["notes://note/{id}"]
    assert prompts == {"check_wiring", "explain_note"}
    assert len(explained.messages) == 2


async def test_it_asks_back_on_the_modern_era(url: str) -> None:
    async def answer(context: object, params: ElicitRequestParams) -> ElicitResult:
        return ElicitResult(action="accept", content={"name": "Ada"})

    async with Client(url, elicitation_callback=answer) as client:
        greeted = await client.call_tool("ask_name", {})

    assert text_of(greeted) == "Hello, Ada!"


@pytest.mark.parametrize("version", ["2025-03-26", "2025-06-18", "2025-11-25"])
async def test_each_older_revision_is_negotiated_without_a_session(
    url: str, http: httpx2.AsyncClient, version: str
) -> None:
    """A gateway that forwards POST alone loses `Mcp-Session-Id`: none may be needed."""
    asked: dict[str, Any] = {
        "protocolVersion": version,
        "capabilities": {},
        "clientInfo": {"name": "raw", "version": "1"},
    }
    body, headers = legacy("initialize", **asked)
    response = await http.post(url, json=body, headers=headers)
    [message] = sse_messages(response.text)
    assert "Mcp-Session-Id" not in response.headers
    assert message["result"]["protocolVersion"] == version

    body, headers = legacy("tools/call", version=version, name="echo", arguments={"message": "hi"})
    [message] = sse_messages((await http.post(url, json=body, headers=headers)).text)
    assert message["result"]["content"][0]["text"] == "hi"


async def test_a_page_of_another_site_is_refused(url: str, http: httpx2.AsyncClient) -> None:
    """DNS rebinding: the transport MUST validate Origin; Host gives the rebound name away."""
    body, headers = modern("tools/list")
    for forged, status in (({"Origin": "http://evil.example"}, 403), ({"Host": "evil.example"}, 421)):
        assert (await http.post(url, json=body, headers={**headers, **forged})).status_code == status


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
        await exchange.Exchange(request, receive, send).run(working())

    assert ended.is_set()


async def test_closing_ends_an_endless_stream_at_once(app: SampleServer, http: httpx2.AsyncClient) -> None:
    body, headers = modern("subscriptions/listen", notifications={"resourcesListChanged": True})
    async with serve(app) as origin, http.stream("POST", f"{origin}/mcp", json=body, headers=headers) as stream:
        events = stream.aiter_bytes()
        assert (await anext(events)).startswith(b"event:")
        app.close()
        with pytest.raises(httpx2.RemoteProtocolError):
            async with asyncio.timeout(5):
                await anext(events)
        assert (await http.post(f"{origin}/mcp", json=body, headers=headers)).status_code == 503


async def test_a_listener_is_told_of_a_new_note(url: str, http: httpx2.AsyncClient) -> None:
    body, headers = modern("subscriptions/listen", notifications={"resourcesListChanged": True})
    async with http.stream("POST", url, json=body, headers=headers) as stream, asyncio.timeout(10):
        events = stream.aiter_bytes()
        assert b"subscriptions/acknowledged" in await anext(events)
        async with Client(url) as client:
            await client.call_tool("add_note", {"title": "New", "text": "note"})
        event = await anext(events)

    assert b"notifications/resources/list_changed" in event
