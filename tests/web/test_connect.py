"""Both layers at once: a client, the gateway, an upstream with an authorization server of its own, and a browser."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import httpx2
import pytest

from devgw.clock import FrozenClock
from devgw.emulators.upstream_auth import SampleFault, UpstreamWithOAuth, create_app
from devgw.entropy import token
from devgw.events.taxonomy import (
    McpAuthUpstreamConnectionEstablished,
    McpAuthUpstreamConnectionLost,
    McpAuthUpstreamConnectionRefreshed,
)
from tests.support.browser import Browser
from tests.support.gateway import CALLBACK, Running, mcp_request, running_gateway, write_project
from tests.support.serving import listen, origin_of, serve

OAUTH = {
    "name": "login",
    "policyType": "mcp-workos-oauth-inbound",
    "handler": {
        "export": "McpWorkosOAuthInboundPolicy",
        "module": "$import(@zuplo/runtime)",
        "options": {"clientId": "$env(WORKOS_CLIENT_ID)", "clientSecret": "$env(WORKOS_CLIENT_SECRET)"},
    },
}
MODERN = "2026-07-28"


def exchange(mode: str) -> dict[str, Any]:
    return {
        "name": "mcp-token-exchange-notes",
        "policyType": "mcp-token-exchange-inbound",
        "handler": {
            "export": "McpTokenExchangeInboundPolicy",
            "module": "$import(@zuplo/runtime/mcp-gateway)",
            "options": {"displayName": "Notes", "summary": "Sample notes", "authMode": mode},
        },
    }


def project(root: Path, upstream_url: str, mode: str = "user-oauth") -> Path:
    route = {
        "summary": "Notes",
        "operationId": "notes",
        "x-zuplo-route": {
            "handler": {
                "export": "McpProxyHandler",
                "module": "$import(@zuplo/runtime/mcp-gateway)",
                "options": {"rewritePattern": upstream_url},
            },
            "policies": {"inbound": ["login", "mcp-token-exchange-notes"]},
        },
    }
    return write_project(root, [OAUTH, exchange(mode)], {"/mcp/notes": {"post": route}})


@dataclass
class Bench:
    gateway: Running
    upstream: UpstreamWithOAuth
    http: httpx2.AsyncClient
    browser: Browser
    clock: FrozenClock
    tokens: dict[str, Any]

    async def sign_in(self) -> str:
        """Go as far as the consent page; return its text."""
        client = await self.gateway.register(self.http)
        self.verifier, self.client_id = token(""), client["client_id"]
        await self.gateway.sign_in(self.browser, self.gateway.authorize_url(self.client_id, self.verifier))
        return self.text

    async def connect(self, label: str = "Connect Notes") -> None:
        await self.browser.press(label)
        await self.browser.press("Approve as")

    async def allow(self) -> None:
        """Allow, and redeem the code."""
        if self.browser.location is None:
            await self.browser.press("Allow")
        assert self.browser.location
        code = parse_qs(urlsplit(self.browser.location).query)["code"][0]
        form = {"grant_type": "authorization_code", "code": code, "client_id": self.client_id}
        form |= {"redirect_uri": CALLBACK, "code_verifier": self.verifier, "resource": self.gateway.mcp_url}
        answer = await self.http.post(f"{self.gateway.origin}/oauth/token", data=form)
        assert answer.status_code == 200, answer.text
        self.tokens = answer.json()

    async def call(self, method: str = "tools/list", revision: str = "2025-11-25", **params: Any) -> httpx2.Response:
        headers = {
            "authorization": f"Bearer {self.tokens['access_token']}",
            "accept": "application/json, text/event-stream",
            "mcp-protocol-version": revision,
            "mcp-method": method,
        }
        return await self.http.post(self.gateway.mcp_url, json=mcp_request(method, params), headers=headers)

    async def everything(self) -> None:
        await self.sign_in()
        await self.connect()
        await self.allow()

    @property
    def text(self) -> str:
        assert self.browser.page
        return self.browser.page.text


@pytest.fixture
async def bench(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Bench]:
    clock = FrozenClock()
    mode = getattr(request, "param", "user-oauth")
    with listen() as socket:
        upstream = create_app(clock, origin_of(socket, "localhost"))
        async with (
            serve(upstream, on=socket),
            running_gateway(project(tmp_path, f"{upstream.metadata.issuer}/mcp", mode), clock=clock) as gateway,
            httpx2.AsyncClient(timeout=20) as http,
            Browser(CALLBACK) as browser,
        ):
            yield Bench(gateway, upstream, http, browser, clock, {})


async def test_the_consent_page_connects_the_upstream_before_it_can_be_allowed(bench: Bench) -> None:
    """Issue 5.2: Authorize is disabled until connected, and says why."""
    text = await bench.sign_in()
    assert "Allow becomes available once every account above is connected" in text
    await bench.connect()
    assert "✓ connected" in bench.text
    assert "Allow becomes available" not in bench.text
    await bench.allow()
    listed = await bench.call()
    assert listed.status_code == 200
    assert "tools" in listed.text
    (event,) = bench.gateway.events(McpAuthUpstreamConnectionEstablished)
    assert event.has_refresh_token


async def test_nothing_that_a_browser_or_client_was_given_stands_in_the_database(bench: Bench) -> None:
    """Only digests of what is issued are kept, and what upstreams gave is sealed."""
    await bench.everything()
    visited = " ".join(bench.browser.visited)
    given = set(re.findall(r"(?:page_token|code|browserTicket|state)=([^&\s]{12,})", visited))
    given |= {bench.tokens["access_token"], bench.tokens["refresh_token"], *bench.browser.storage.values()}
    given |= {each.value for each in bench.browser.jar if each.value}
    side = bench.gateway.runtime.upstreams
    assert side
    (connection,) = side.oauth.connections()
    given |= {connection.secrets.access_token, str(connection.secrets.refresh_token)}
    assert any(each.startswith("pt_") for each in given)
    kept = bench.gateway.runtime.database._connection.serialize()
    assert b"state_digest" in kept
    assert [each for each in given if unquote(each).encode() in kept] == []


async def test_a_call_without_a_connection_carries_the_link_and_the_link_works(bench: Bench) -> None:
    """gateway.md §6: -32042 for 2025-11-25, words for 2026-07-28, and the same link in both."""
    await bench.everything()
    side = bench.gateway.runtime.upstreams
    assert side
    (connection,) = side.oauth.connections()
    await side.oauth.disconnect(connection.subject_id, connection.upstream_server_id)
    error = (await bench.call()).json()["error"]
    assert error["code"] == -32042
    assert error["data"]["state"] == "authenticating"
    modern = (await bench.call("tools/call", MODERN, name="x")).json()["result"]
    assert modern["isError"] is True
    assert "browserTicket=" in modern["content"][0]["text"]

    await bench.browser.open(error["data"]["authUrl"])
    await bench.browser.press("Approve as")
    assert "Notes is connected" in bench.text
    assert (await bench.call()).status_code == 200


async def test_a_link_without_redirect_answers_428(bench: Bench) -> None:
    """gateway.md §3."""
    await bench.everything()
    side = bench.gateway.runtime.upstreams
    assert side
    (connection,) = side.oauth.connections()
    await side.oauth.disconnect(connection.subject_id, connection.upstream_server_id)
    url = (await bench.call()).json()["error"]["data"]["authUrl"].replace("&redirect=true", "")
    answer = await bench.http.get(url)
    assert answer.status_code == 428
    assert answer.json()["authProfileId"] == "notes:user-oauth"
    page = await bench.http.get(url, headers={"accept": "text/html"})
    assert page.status_code == 428
    assert "Continue to Notes" in page.text
    # A browser in which nobody is signed in goes to sign in.
    asked = await bench.http.get(answer.json()["authUrl"])
    assert asked.status_code == 302
    assert "state=st_" in asked.headers["location"]


async def test_somebody_elses_link_is_refused(bench: Bench) -> None:
    """MCP 2025-11-25 §Elicitation: the server must know that the same person opens the URL."""
    await bench.everything()
    side = bench.gateway.runtime.upstreams
    assert side
    route = bench.gateway.runtime.served.gateway.project.routes[0]
    url = side.oauth._keeping.connect_url(route, "somebody-else", "Mallory")  # type: ignore[arg-type]  # plain id
    await bench.browser.open(url)
    assert "the link is for Mallory" in bench.text
    broken = await bench.http.get(url.replace("browserTicket=g", "browserTicket=h"))
    assert broken.status_code == 403
    assert "not made by this gateway" in broken.text
    unknown = await bench.http.get(f"{bench.gateway.origin}/auth/connections/nope/connect")
    assert unknown.status_code == 404


async def test_a_callback_in_another_browser_is_refused(bench: Bench) -> None:
    await bench.sign_in()
    await bench.browser.press("Connect Notes")
    stolen = Browser(f"{bench.gateway.origin}/auth/connections/notes/callback")
    assert bench.browser.page
    stolen.page = bench.browser.page
    async with stolen:
        await stolen.press("Approve as")
        assert stolen.location
        answer = await bench.http.get(stolen.location)
    assert answer.status_code == 403
    assert "did not come back" in answer.text
    assert not bench.gateway.events(McpAuthUpstreamConnectionEstablished)


async def test_a_denied_authorization_says_so_and_offers_another_try(bench: Bench) -> None:
    await bench.sign_in()
    await bench.browser.press("Connect Notes")
    await bench.browser.press("Deny")
    assert "Notes is not connected" in bench.text
    assert "answered access_denied: The person did not approve. " in bench.text
    await bench.browser.press("Connect again")
    await bench.browser.press("Approve as")
    assert "✓ connected" in bench.text
    await bench.allow()
    assert (await bench.call()).status_code == 200


async def test_an_upstreams_401_is_renewed_and_tried_once_more(bench: Bench) -> None:
    await bench.everything()
    bench.upstream.faults.set(SampleFault.MCP_UNAUTHORIZED, times=1)
    answer = await bench.call()
    assert "tools" in answer.text
    assert len(bench.gateway.events(McpAuthUpstreamConnectionRefreshed)) == 1


async def test_calls_that_are_refused_together_cost_one_refresh(bench: Bench) -> None:
    await bench.everything()
    bench.upstream.faults.set(SampleFault.MCP_UNAUTHORIZED, times=5)
    answers = await asyncio.gather(*(bench.call() for _ in range(5)))
    assert all("tools" in answer.text for answer in answers)
    assert len(bench.gateway.events(McpAuthUpstreamConnectionRefreshed)) == 1


@pytest.mark.parametrize("status_is_200", [False, True])
async def test_a_connection_taken_back_upstream_asks_for_new_consent(bench: Bench, status_is_200: bool) -> None:
    """UPST-08; some refuse with status 200."""
    await bench.everything()
    if status_is_200:
        bench.upstream.faults.set(SampleFault.TOKEN_ERROR_200)
    await bench.http.post(f"{bench.upstream.metadata.issuer}/__emulator/revoke", json={})
    error = (await bench.call()).json()["error"]
    assert error["data"]["state"] == "reconsent_required"
    assert len(bench.gateway.events(McpAuthUpstreamConnectionLost)) == 1
    await bench.browser.open(error["data"]["authUrl"])
    await bench.browser.press("Approve as")
    assert "tools" in (await bench.call()).text


async def test_a_step_up_leads_to_a_wider_consent(bench: Bench) -> None:
    bench.upstream.faults.set(SampleFault.CHALLENGE_READ_ONLY)
    await bench.everything()
    side = bench.gateway.runtime.upstreams
    assert side
    assert side.oauth.connections()[0].scope == "notes:read"
    bench.upstream.faults.clear()
    bench.upstream.faults.set(SampleFault.MCP_FORBIDDEN, times=1)
    error = (await bench.call()).json()["error"]
    assert error["data"]["state"] == "reconsent_required"
    await bench.browser.open(error["data"]["authUrl"])
    await bench.browser.press("Approve as")
    assert set(side.oauth.connections()[0].scope.split()) > {"notes:read"}


@pytest.mark.parametrize("bench", ["shared-oauth"], indirect=True)
async def test_a_shared_upstream_is_connected_once(bench: Bench) -> None:
    await bench.sign_in()
    await bench.connect()
    await bench.allow()
    assert "tools" in (await bench.call()).text
    side = bench.gateway.runtime.upstreams
    assert side
    assert [each.subject_id for each in side.oauth.connections()] == ["shared"]


async def test_our_own_document_names_itself(bench: Bench) -> None:
    """CIMD §4.1: the client_id is the URL at which it stands."""
    url = f"{bench.gateway.origin}/.well-known/oauth-client/notes"
    answer = await bench.http.get(url, headers={"origin": "https://inspector.example"})
    assert answer.json()["client_id"] == url
    assert answer.json()["redirect_uris"] == [f"{bench.gateway.origin}/auth/connections/notes/callback"]
    assert answer.json()["token_endpoint_auth_method"] == "none"
    assert answer.headers["access-control-allow-origin"] == "*"
