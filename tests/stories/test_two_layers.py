"""Real MCP clients on the sample's second route: they sign in at the gateway, the gateway signs in at the upstream."""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from mcp import Client
from mcp.client.auth import AuthorizationCodeResult, OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import OAuthClientMetadata
from pydantic import AnyUrl

from devgw.clock import SystemClock
from devgw.emulators.upstream_auth import SampleFault
from devgw.emulators.upstream_auth.records import ACCESS_LIFETIME
from devgw.entropy import fingerprint
from devgw.events.taxonomy import McpAuthUpstreamConnectionRefreshed, McpCapabilityCompleted
from tests.emulators.raw import modern
from tests.support.browser import Browser
from tests.support.gateway import CALLBACK, Running
from tests.support.sdk_memory import Memory


def provider(gateway: Running, url: str, memory: Memory, browser: Browser, person: str) -> OAuthClientProvider:
    """Return the SDK's OAuth client, with a browser that signs in at both layers."""

    async def open_browser(authorize_url: str) -> None:
        await gateway.sign_in(browser, authorize_url)
        await browser.press("Connect")
        await browser.press(f"Approve as {person}")
        await browser.press("Allow")

    async def read_answer() -> AuthorizationCodeResult:
        assert browser.location is not None
        answer = {name: values[0] for name, values in parse_qs(urlsplit(browser.location).query).items()}
        return AuthorizationCodeResult(code=answer["code"], state=answer.get("state"), iss=answer.get("iss"))

    metadata = OAuthClientMetadata(client_name="python sdk", redirect_uris=[AnyUrl(CALLBACK)])
    return OAuthClientProvider(url, metadata, memory, open_browser, read_answer)


@pytest.mark.parametrize(("era", "person"), [("legacy", "Ada Lovelace"), ("auto", "Grace Hopper")])
async def test_the_upstream_sees_the_person_and_never_the_clients_token(
    gateway: Running, browser: Browser, era: str, person: str
) -> None:
    """MCP §Token passthrough: the inbound token ends at the gateway, the upstream gets one of its own."""
    url, memory = f"{gateway.origin}/mcp/notes", Memory()
    auth = provider(gateway, url, memory, browser, person)
    async with (
        httpx2.AsyncClient(auth=auth, timeout=20) as http,
        Client(streamable_http_client(url, http_client=http), mode=era) as client,
    ):
        seen: dict[str, Any] = (await client.call_tool("whoami", {})).structured_content
        added = await client.call_tool("add_note", {"title": "Both layers", "text": "work"})
        steps: list[float] = []

        async def count(progress: float, total: float | None, message: str | None) -> None:
            steps.append(progress)

        await client.call_tool("count_slowly", {"steps": 3, "seconds": 0}, progress_callback=count)

    assert memory.tokens is not None
    assert seen["identity"]["name"] == person
    assert fingerprint(memory.tokens.access_token) not in seen["headers"]["authorization"]
    assert not added.is_error
    assert steps == [1, 2, 3]


async def test_an_expired_upstream_token_is_renewed_and_a_revoked_connection_asks_again(
    gateway: Running, browser: Browser
) -> None:
    """gateway.md §6: refresh without the client noticing; then a link where only the person can help."""
    url, memory = f"{gateway.origin}/mcp/notes", Memory()
    auth = provider(gateway, url, memory, browser, "Ada Lovelace")
    clock, upstream = gateway.runtime.clock, gateway.runtime.companions.upstream_auth
    assert isinstance(clock, SystemClock)
    async with (
        httpx2.AsyncClient(auth=auth, timeout=20) as http,
        Client(streamable_http_client(url, http_client=http)) as client,
    ):
        assert not (await client.call_tool("whoami", {})).is_error
        clock.travel(ACCESS_LIFETIME + timedelta(seconds=1))
        assert not (await client.call_tool("whoami", {})).is_error
        upstream.records.revoke()
        asked = await client.call_tool("whoami", {})

    assert len(gateway.events(McpAuthUpstreamConnectionRefreshed)) == 1
    assert asked.is_error
    assert "/auth/connections/" in str(asked.content)


NAMED = {
    SampleFault.MCP_REDIRECT_SLASH: "upstream_redirected",
    SampleFault.MCP_HTML: "upstream_failed",
    SampleFault.MCP_UNAUTHORIZED: "upstream_credential_refused",
}


async def test_an_upstream_that_breaks_is_named_and_works_again_when_it_is_whole(
    gateway: Running, browser: Browser
) -> None:
    """Issue 5.4: each handled or named, over one connection."""
    url, memory = f"{gateway.origin}/mcp/notes", Memory()
    auth = provider(gateway, url, memory, browser, "Ada Lovelace")
    faults = gateway.runtime.companions.upstream_auth.faults
    body, headers = modern("tools/call", name="echo", arguments={"message": "hello"})
    async with httpx2.AsyncClient(auth=auth, timeout=20) as http:
        for fault, reason in NAMED.items():
            faults.set(fault)
            answer = (await http.post(url, json=body, headers=headers)).json()
            assert answer["error"]["data"]["reason"] == reason, fault
            faults.clear()
            assert "hello" in (await http.post(url, json=body, headers=headers)).text
        faults.set(SampleFault.MCP_GZIP, times=1)
        zipped = await http.post(url, json=body, headers=headers)
        faults.set(SampleFault.MCP_CUT, times=1)
        cut = await http.post(url, json=body, headers=headers)

    assert "upstream_closed_early" in cut.text
    assert zipped.headers["Content-Encoding"] == "gzip"
    assert "hello" in zipped.text
    reasons = [event.reason_code for event in gateway.events(McpCapabilityCompleted)]
    assert [*NAMED.values(), "upstream_closed_early"] == [reason for reason in reasons if reason]
