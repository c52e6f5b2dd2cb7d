"""Both layers with real MCP clients: what they make of an upstream that is not connected yet."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import mcp_types
import pytest
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError, UrlElicitationRequiredError

from tests.web.test_connect import Bench, bench  # noqa: F401  the fixture

MODERN = "2026-07-28"


@asynccontextmanager
async def client_of(bench: Bench, mode: Any, **more: Any) -> AsyncIterator[Client]:  # noqa: F811  it is the fixture
    headers = {"authorization": f"Bearer {bench.tokens['access_token']}"}
    async with httpx2.AsyncClient(headers=headers, timeout=20) as http:
        transport = streamable_http_client(bench.gateway.mcp_url, http_client=http)
        async with Client(transport, mode=mode, **more) as client:
            yield client


async def disconnect(bench: Bench) -> None:  # noqa: F811  it is the fixture
    side = bench.gateway.runtime.upstreams
    (connection,) = side.oauth.connections()
    await side.oauth.disconnect(connection.subject_id, connection.upstream_server_id)


async def test_a_client_of_2026_opens_the_link_and_its_call_goes_through(bench: Bench) -> None:  # noqa: F811
    """Multi round-trip: asked, connected, called again, all within one `call_tool`."""
    await bench.everything()
    asked: list[str] = []

    async def open_it(_context: Any, params: Any) -> mcp_types.ElicitResult:
        asked.append(params.url)
        await bench.browser.open(params.url)
        await bench.browser.press("Approve as")
        return mcp_types.ElicitResult(action="accept")

    async with client_of(bench, MODERN, elicitation_callback=open_it) as client:
        tools = (await client.list_tools()).tools
        await disconnect(bench)
        result = await client.call_tool(tools[0].name, {})
    assert len(asked) == 1
    assert "is connected" in bench.text
    assert "browserTicket=" not in str(result)


async def test_a_client_of_2026_that_declines_gets_the_link_in_words(bench: Bench) -> None:  # noqa: F811
    await bench.everything()
    rounds: list[str] = []

    async def decline(_context: Any, params: Any) -> mcp_types.ElicitResult:
        rounds.append(params.url)
        return mcp_types.ElicitResult(action="decline")

    async with client_of(bench, MODERN, elicitation_callback=decline) as client:
        tools = (await client.list_tools()).tools
        await disconnect(bench)
        result = await client.call_tool(tools[0].name, {})
    assert len(rounds) == 1
    assert result.is_error
    assert "browserTicket=" in str(result.content)


async def test_a_client_of_2026_without_elicitation_gets_the_link_in_words(bench: Bench) -> None:  # noqa: F811
    await bench.everything()
    async with client_of(bench, MODERN) as client:
        tools = (await client.list_tools()).tools
        await disconnect(bench)
        result = await client.call_tool(tools[0].name, {})
    assert result.is_error
    assert "browserTicket=" in str(result.content)


async def test_a_client_of_2025_reads_its_own_error(bench: Bench) -> None:  # noqa: F811
    await bench.everything()
    async with client_of(bench, "legacy") as client:
        tools = (await client.list_tools()).tools
        await disconnect(bench)
        with pytest.raises(MCPError) as raised:
            await client.call_tool(tools[0].name, {})
    error = UrlElicitationRequiredError.from_error(raised.value.error)
    assert "browserTicket=" in error.elicitations[0].url
