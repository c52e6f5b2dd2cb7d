"""The conformance fixture and the relay: what the suites of other packages stand on must itself stand."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from mcp import types
from mcp.client import Client

from tests.emulators.raw import modern
from tests.support.fixture_upstream import create_app as create_fixture
from tests.support.relay import relay
from tests.support.serving import serve


async def answer_form(context: object, params: Any) -> types.ElicitResult:
    return types.ElicitResult(action="accept", content={"response": "blue", "name": "Ada", "color": "blue"})


async def answer_question(context: object, params: Any) -> types.CreateMessageResult:
    return types.CreateMessageResult(role="assistant", model="none", content=types.TextContent(text="Paris"))


async def answer_roots(context: object) -> types.ListRootsResult:
    return types.ListRootsResult(roots=[])


def client_of(origin: str, mode: str) -> Client:
    return Client(
        f"{origin}/mcp",
        mode=mode,
        elicitation_callback=answer_form,
        sampling_callback=answer_question,
        list_roots_callback=answer_roots,
    )


def text_of(result: types.CallToolResult) -> str:
    first = result.content[0]
    assert isinstance(first, types.TextContent)
    return first.text


@pytest.fixture
async def origin() -> AsyncIterator[str]:
    async with serve(create_fixture()) as served:
        yield served


async def test_it_asks_the_client_back_over_a_session_in_the_older_era(origin: str) -> None:
    async with client_of(origin, "legacy") as client:
        sampled = await client.call_tool("test_sampling", {"prompt": "Capital of France?"})
        elicited = await client.call_tool("test_elicitation", {"message": "Favourite colour?"})

    assert text_of(sampled) == "LLM response: Paris"
    assert "action=accept" in text_of(elicited)


async def test_it_asks_in_rounds_in_the_newer_era(origin: str) -> None:
    async with client_of(origin, "auto") as client:
        rounds = await client.call_tool("test_input_required_result_multi_round", {})
        several = await client.call_tool("test_input_required_result_multiple_inputs", {})

    assert text_of(rounds) == "Ada likes blue."
    assert text_of(several) == "All inputs received."


async def seeing(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Answer with the request's headers, then stay silent until the client goes."""
    assert scope["type"] == "http"
    headers = b"".join(b"%s: %s\n" % pair for pair in scope["headers"])
    await send({"type": "http.response.start", "status": 201, "headers": [(b"x-target", b"yes")]})
    await send({"type": "http.response.body", "body": headers, "more_body": True})
    while (await receive())["type"] != "http.disconnect":
        pass
    scope["app_state"].set()


async def test_the_relay_adds_its_header_and_passes_a_stream_as_it_comes() -> None:
    gone = asyncio.Event()

    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await seeing({**scope, "app_state": gone}, receive, send)

    async with (
        serve(app) as target,
        relay(target, {"Authorization": "Bearer given"}) as relayed,
        httpx2.AsyncClient() as http,
        asyncio.timeout(10),
    ):
        sent = {"Authorization": "Bearer other"}
        async with http.stream("POST", relayed, content=b"x", headers=sent) as response:
            seen = (await anext(response.aiter_bytes())).decode()
        await gone.wait()  # the client left, and the target was told

    assert response.status_code == 201
    assert response.headers["X-Target"] == "yes"
    assert "authorization: Bearer given\n" in seen
    assert "Bearer other" not in seen
    assert f"host: {target.removeprefix('http://')}\n" in seen


async def test_the_relay_leaves_a_forged_host_alone(origin: str) -> None:
    body, headers = modern("tools/list")
    async with relay(origin, {"Authorization": "Bearer given"}) as relayed, httpx2.AsyncClient() as http:
        forged = await http.post(f"{relayed}/mcp", json=body, headers={**headers, "Host": "evil.example"})
        assert forged.status_code == 421
        async with client_of(relayed, "legacy") as client:
            assert text_of(await client.call_tool("test_simple_text", {})).startswith("This is a simple")
