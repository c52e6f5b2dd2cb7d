"""Python MCP clients that nobody here wrote: challenged, registered, signed in, served, refreshed, refused."""

import asyncio
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import fastmcp
import httpx2
import pytest
from fastmcp.client.auth import OAuth
from mcp import Client
from mcp.client.auth import AuthorizationCodeResult, OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import OAuthClientMetadata
from pydantic import AnyUrl

from devgw.clock import SystemClock
from devgw.events.taxonomy import (
    McpAuthDownstreamTokenIssued,
    McpAuthDownstreamTokenRefreshed,
    McpAuthLoginFinished,
)
from tests.support.browser import Browser
from tests.support.gateway import CALLBACK, Running
from tests.support.sdk_memory import Memory

both_layers = pytest.mark.parametrize("route", ["sample", "notes"], ids=["one layer", "two layers"])
"""The sample alone, and the one whose upstream wants a credential of its own."""


def provider(gateway: Running, memory: Memory, browser: Browser) -> OAuthClientProvider:
    """Return the SDK's OAuth client, with our browser in place of the person's."""
    metadata = OAuthClientMetadata(client_name="python sdk", redirect_uris=[AnyUrl(CALLBACK)])

    async def open_browser(url: str) -> None:
        await gateway.sign_in(browser, url)
        if browser.location is None:
            await browser.press("Allow")

    async def read_answer() -> AuthorizationCodeResult:
        assert browser.location is not None
        answer = {name: values[0] for name, values in parse_qs(urlsplit(browser.location).query).items()}
        return AuthorizationCodeResult(code=answer["code"], state=answer.get("state"), iss=answer.get("iss"))

    return OAuthClientProvider(gateway.mcp_url, metadata, memory, open_browser, read_answer)


async def call_echo(gateway: Running, auth: Any) -> Any:
    """Connect, list the tools and call one."""
    async with (
        httpx2.AsyncClient(auth=auth, timeout=20) as http,
        Client(streamable_http_client(gateway.mcp_url, http_client=http)) as client,
    ):
        tools = await client.list_tools()
        assert "echo" in {tool.name for tool in tools.tools}
        return await client.call_tool("echo", {"message": "hello"})


async def test_the_python_sdk_goes_the_whole_way(gateway: Running, browser: Browser) -> None:
    memory = Memory()
    auth = provider(gateway, memory, browser)
    result = await call_echo(gateway, auth)
    assert "hello" in str(result.content)
    assert len(gateway.events(McpAuthDownstreamTokenIssued)) == 1

    clock = gateway.runtime.clock
    assert isinstance(clock, SystemClock)
    clock.travel(timedelta(seconds=901))
    auth.context.token_expiry_time = 1.0  # the client's clock travels too
    assert "hello" in str((await call_echo(gateway, auth)).content)
    assert len(gateway.events(McpAuthDownstreamTokenRefreshed)) == 1
    assert len(gateway.events(McpAuthLoginFinished)) == 1

    grants = [grant.id for grant in gateway.runtime.ground.store.grants()]
    gateway.runtime.ground.revocation.end(gateway.runtime.ground.revocation.of_grants(grants), "revoked_by_user")
    assert memory.tokens is not None
    bearer = {"authorization": f"Bearer {memory.tokens.access_token}"}
    async with httpx2.AsyncClient(headers=bearer) as http:
        refused = await http.post(gateway.mcp_url, json={"jsonrpc": "2.0", "id": 1, "method": "tools/list"})
    assert refused.status_code == 401
    assert refused.json()["reason"] == "token_revoked"


class _OurBrowser(OAuth):  # type: ignore[misc]  # fastmcp is not followed by the type checker
    """FastMCP's OAuth with our browser; everything else, its callback server too, is its own."""

    gateway: Running

    async def redirect_handler(self, authorization_url: str) -> None:
        async with httpx2.AsyncClient(follow_redirects=False) as http:  # FastMCP looks before it opens the browser
            looked = await http.get(authorization_url)
            assert looked.status_code in {200, 302, 303}
        asyncio.get_running_loop().call_later(0.2, lambda: self._later(authorization_url))

    def _later(self, url: str) -> None:
        self.walk = asyncio.ensure_future(self._walk(url))

    async def _walk(self, url: str) -> None:
        async with Browser() as browser:
            await self.gateway.sign_in(browser, url)
            await self.gateway.allow(browser)


@pytest.mark.filterwarnings("ignore:Using in-memory token storage")
@both_layers
async def test_fastmcp_goes_the_whole_way(gateway: Running, route: str) -> None:
    url = gateway.url_of(route)
    auth = _OurBrowser(mcp_url=url, client_name="fastmcp")
    auth.gateway = gateway
    async with fastmcp.Client(url, auth=auth) as client:
        assert "echo" in {tool.name for tool in await client.list_tools()}
        assert "hello" in str((await client.call_tool("echo", {"message": "hello"})).content)
    assert len(gateway.events(McpAuthDownstreamTokenIssued)) == 1
