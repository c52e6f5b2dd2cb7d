"""Real OAuth clients, which nobody here wrote, connect to the sample upstream with OAuth."""

import asyncio
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import fastmcp
import fastmcp.client.auth
import httpx2
import pytest
from mcp.client import Client
from mcp.client.auth import AuthorizationCodeResult, OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import OAuthClientMetadata

from tests.emulators.upstream_flow import CALLBACK, UpstreamClient, click
from tests.support.sdk_memory import Memory


async def visit(http: httpx2.AsyncClient, url: str) -> None:
    """Open a page of a server that is just starting."""
    async with asyncio.timeout(10):
        while True:
            try:
                assert (await http.get(url)).status_code == 200
            except httpx2.ConnectError:
                await asyncio.sleep(0.01)
            else:
                return


def provider_for(url: str, http: httpx2.AsyncClient, storage: Memory) -> OAuthClientProvider:
    came_back: list[dict[str, str]] = []

    async def open_browser(authorize_url: str) -> None:
        came_back.append(dict(parse_qsl(urlsplit(await click(http, authorize_url)).query)))

    async def wait_for_callback() -> AuthorizationCodeResult:
        answer = came_back.pop()
        return AuthorizationCodeResult(code=answer["code"], state=answer.get("state"), iss=answer.get("iss"))

    metadata = OAuthClientMetadata(redirect_uris=[CALLBACK], client_name="mcp", token_endpoint_auth_method="none")
    return OAuthClientProvider(url, metadata, storage, open_browser, wait_for_callback)


@pytest.mark.parametrize("era", ["legacy", "auto"])
async def test_the_official_client_connects_and_sees_who_it_is(client: UpstreamClient, era: str) -> None:
    storage = Memory()
    provider = provider_for(client.resource, client.http, storage)
    async with (
        httpx2.AsyncClient(auth=provider, timeout=10) as http,
        Client(streamable_http_client(client.resource, http_client=http), mode=era) as mcp,
    ):
        seen = (await mcp.call_tool("whoami", {})).structured_content

    assert storage.tokens is not None
    assert seen["identity"]["name"] == "Ada Lovelace"
    assert seen["identity"]["scope"] == "notes:read notes:write"
    assert storage.tokens.access_token not in str(seen)


@pytest.mark.filterwarnings("ignore:Using in-memory token storage")
async def test_the_fastmcp_client_connects_through_its_own_callback_server(client: UpstreamClient) -> None:
    class ClickingOAuth(fastmcp.client.auth.OAuth):  # type: ignore[misc]  # fastmcp is not followed by mypy
        async def redirect_handler(self, authorization_url: str) -> None:
            self.callback = await click(client.http, authorization_url, "grace")

        async def callback_handler(self) -> Any:
            async with asyncio.TaskGroup() as tasks:
                answer = tasks.create_task(super().callback_handler())
                tasks.create_task(visit(client.http, self.callback))
            return answer.result()

    async with fastmcp.Client(client.resource, auth=ClickingOAuth()) as mcp:
        seen = (await mcp.call_tool("whoami", {})).structured_content

    assert seen["identity"]["name"] == "Grace Hopper"
