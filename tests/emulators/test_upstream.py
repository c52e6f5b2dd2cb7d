"""The sample MCP server, asked by clients that nobody here wrote, on a real socket, in both MCP eras."""

import asyncio
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
from devgw.emulators.upstream import SampleServer, create_app
from devgw.emulators.upstream.notes import MOST
from devgw.emulators.upstream.tools import FAILURE_CODE
from tests.emulators.raw import MODERN, legacy, modern, sse_messages
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
    secrets = {"Authorization": "Bearer at_very-secret", "X-Api-Key": "k-very-secret", "Cookie": "sid=very-secret; a=b"}
    secrets |= {"X-Functions-Key": "very-secret", "X-Signature": "very-secret 1", "X-Jwt": "very-secret"}
    body, headers = modern("tools/call", name="whoami", arguments={})
    response = await http.post(url, json=body, headers={**headers, **secrets, "X-Trace": "seen"})
    text, answer = response.text, response.json()["result"]["structuredContent"]

    assert "very-secret" not in text
    assert answer["headers"]["x-trace"] == "seen"
    assert answer["headers"]["authorization"].startswith("Bearer <14 characters, fingerprint ")
    assert answer["protocolVersion"] == MODERN
    assert "passed through" in answer["authorization"]


async def test_no_more_notes_are_kept_than_there_is_room_for(url: str, http: httpx2.AsyncClient) -> None:
    async def add() -> str:
        arguments = {"title": "x", "text": "y" * 10_000}
        body, headers = modern("tools/call", name="add_note", arguments=arguments)
        return str((await http.post(url, json=body, headers=headers)).json()["result"]["content"][0]["text"])

    said = [await add() for _ in range(MOST)]
    assert said[-1] == f"There are {MOST} notes, and no more are kept. delete_note makes room."


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
