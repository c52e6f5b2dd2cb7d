"""Whoever may read no more reads no more: an open answer ends within a second of its token, however that ended."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from devgw.clock import SystemClock
from devgw.events.taxonomy import HttpExchanged, McpCapabilityCompleted
from devgw.settings import ProxySettings, Settings
from devgw.wiring.acting import GatewayActions
from devgw.wiring.reloading import Reloading
from tests.support.browser import Browser
from tests.support.bytes_upstream import Seen, bytes_upstream, response
from tests.support.gateway import CALLBACK, Running, running_gateway, write_project

SIGN_IN = {
    "name": "sign-in",
    "policyType": "mcp-workos-oauth-inbound",
    "handler": {
        "export": "McpWorkosOAuthInboundPolicy",
        "module": "$import(@zuplo/runtime)",
        "options": {"clientId": "$env(WORKOS_CLIENT_ID)", "clientSecret": "$env(WORKOS_CLIENT_SECRET)"},
    },
}
CALL = {"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {"name": "slow"}}
EVENT = b'id: 1\ndata: {"jsonrpc":"2.0","method":"notifications/progress"}\n\n'


def routes(upstream: str, operation_id: str = "slow") -> dict[str, Any]:
    handler = {
        "export": "McpProxyHandler",
        "module": "$import(@zuplo/runtime/mcp-gateway)",
        "options": {"rewritePattern": upstream},
    }
    zuplo = {"corsPolicy": "none", "handler": handler, "policies": {"inbound": ["sign-in"]}}
    return {f"/mcp/{operation_id}": {"post": {"operationId": operation_id, "summary": "S", "x-zuplo-route": zuplo}}}


async def endless(seen: Seen, writer: asyncio.StreamWriter) -> None:
    if b"tools/list" in seen.body:
        writer.write(response(b'{"jsonrpc":"2.0","id":7,"result":{"tools":[]}}'))
        return
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + EVENT)
    await asyncio.Event().wait()


@dataclass
class Open:
    """A gateway with a stream that is open for a token."""

    gateway: Running
    root: Path
    upstream: str
    tokens: dict[str, Any]
    http: httpx2.AsyncClient

    @property
    def actions(self) -> GatewayActions:
        return GatewayActions(self.gateway.runtime, Reloading(self.gateway.runtime))

    @property
    def grant(self) -> Any:
        return self.gateway.runtime.ground.store.grants()[-1]

    async def revoke(self, kind: str, id_: str) -> None:
        assert await self.actions.revoke(kind, id_, dry_run=False)

    async def ask_to_revoke(self, which: str) -> None:
        form = {"token": self.tokens[which], "client_id": self.tokens["client_id"]}
        assert (await self.http.post(f"{self.gateway.origin}/oauth/revoke", data=form)).status_code == 200


@asynccontextmanager
async def opened(root: Path, settings: Settings) -> AsyncIterator[tuple[Open, asyncio.Event]]:
    async with bytes_upstream(endless) as upstream:
        write_project(root, [SIGN_IN], routes(upstream.url))
        async with running_gateway(root, settings=settings) as gateway, httpx2.AsyncClient(timeout=10) as http:
            async with Browser(CALLBACK) as browser:
                tokens = await gateway.tokens(http, browser)
            yield Open(gateway, root, upstream.url, tokens, http), upstream.ended


Way = Callable[[Open], Awaitable[object]]


async def by_reload(it: Open) -> None:
    write_project(it.root, [SIGN_IN], routes(it.upstream, "another"))
    assert await it.actions.reload()


WAYS: dict[str, Way] = {
    "the access token at /oauth/revoke": lambda it: it.ask_to_revoke("access_token"),
    "the refresh token at /oauth/revoke": lambda it: it.ask_to_revoke("refresh_token"),
    "the grant in the dashboard": lambda it: it.revoke("grant", it.grant.id),
    "the session in the dashboard": lambda it: it.revoke("session", it.grant.session_id),
    "the client in the dashboard": lambda it: it.revoke("client", it.grant.client_id),
    "the subject in the dashboard": lambda it: it.revoke("subject", it.grant.subject_id),
    "a save of the configuration": by_reload,
}


@pytest.mark.parametrize("is_stateful", [False, True])
@pytest.mark.parametrize("way", WAYS)
async def test_an_open_stream_ends_with_its_token(way: str, tmp_path: Path, *, is_stateful: bool) -> None:
    settings = Settings(proxy=ProxySettings(stateful=is_stateful))
    async with opened(tmp_path, settings) as (it, upstream_ended):
        bearer = {"Authorization": f"Bearer {it.tokens['access_token']}"}
        async with it.http.stream("POST", it.gateway.mcp_url, json=CALL, headers=bearer) as answer:
            pieces = answer.aiter_raw()
            assert await anext(pieces) == EVENT
            await WAYS[way](it)
            async with asyncio.timeout(1):
                rest = b"".join([piece async for piece in pieces])
        await asyncio.wait_for(upstream_ended.wait(), 1)
        exchanged = [each.trace for each in it.gateway.events(HttpExchanged) if each.trace.mcp_method == "tools/call"]

    (trace,) = exchanged
    error = json.loads(rest.partition(b"data: ")[2])
    assert (error["id"], error["error"]["code"]) == (7, 401)
    assert error["error"]["data"]["reason"] == trace.reason_code
    assert trace.reason_code in {"token_revoked", "token_unknown"}
    assert (trace.outcome, trace.failure_origin) == ("denied", "client")


async def test_the_time_of_a_stream_that_was_ended_is_not_said_to_be_ours(tmp_path: Path) -> None:
    async with opened(tmp_path, Settings()) as (it, upstream_ended):
        bearer = {"Authorization": f"Bearer {it.tokens['access_token']}"}
        async with it.http.stream("POST", it.gateway.mcp_url, json=CALL, headers=bearer) as answer:
            pieces = answer.aiter_raw()
            assert await anext(pieces) == EVENT
            await asyncio.sleep(0.5)
            await it.ask_to_revoke("access_token")
            async for _ in pieces:
                pass
        await asyncio.wait_for(upstream_ended.wait(), 1)
        (completed,) = it.gateway.events(McpCapabilityCompleted)
    assert completed.upstream_ms >= 490
    assert completed.gateway_ms < 400


async def test_a_stream_that_outlived_its_token_ends_with_the_grant(tmp_path: Path) -> None:
    """A token that only runs out ends no answer, and stands in no list of what a revocation ends."""
    async with opened(tmp_path, Settings()) as (it, upstream_ended):
        bearer = {"Authorization": f"Bearer {it.tokens['access_token']}"}
        async with it.http.stream("POST", it.gateway.mcp_url, json=CALL, headers=bearer) as answer:
            pieces = answer.aiter_raw()
            assert await anext(pieces) == EVENT
            clock = it.gateway.runtime.clock
            assert isinstance(clock, SystemClock)
            clock.travel(timedelta(hours=2))
            it.gateway.runtime.ground.live.write_down_uses()
            assert not upstream_ended.is_set()
            await it.revoke("grant", it.grant.id)
            async with asyncio.timeout(1):
                rest = b"".join([piece async for piece in pieces])
        await asyncio.wait_for(upstream_ended.wait(), 1)
    assert json.loads(rest.partition(b"data: ")[2])["error"]["code"] == 401


async def test_another_ones_stream_goes_on(tmp_path: Path) -> None:
    async with opened(tmp_path, Settings()) as (it, upstream_ended):
        async with Browser(CALLBACK) as browser:
            other = await it.gateway.tokens(it.http, browser)
        bearer = {"Authorization": f"Bearer {other['access_token']}"}
        async with it.http.stream("POST", it.gateway.mcp_url, json=CALL, headers=bearer) as answer:
            pieces = answer.aiter_raw()  # held: the client closes a stream whose iterator is let go
            assert await anext(pieces) == EVENT
            await it.ask_to_revoke("access_token")
            again = await it.http.post(it.gateway.mcp_url, json=CALL | {"method": "tools/list"}, headers=bearer)
            assert again.status_code == 200
            assert not upstream_ended.is_set()


async def test_a_call_that_waits_for_its_answer_is_refused_as_the_next_one_is(tmp_path: Path) -> None:
    waits = asyncio.Event()

    async def silent(seen: Seen, writer: asyncio.StreamWriter) -> None:
        waits.set()
        await asyncio.Event().wait()

    async with opened(tmp_path, Settings()) as (it, _), bytes_upstream(silent) as upstream:
        write_project(tmp_path, [SIGN_IN], routes(upstream.url))
        assert await it.actions.reload()
        bearer = {"Authorization": f"Bearer {it.tokens['access_token']}"}
        call = asyncio.ensure_future(it.http.post(it.gateway.mcp_url, json=CALL, headers=bearer))
        await asyncio.wait_for(waits.wait(), 5)
        await it.ask_to_revoke("refresh_token")
        answer = await asyncio.wait_for(call, 1)

    assert answer.status_code == 401
    assert answer.json()["reason"] == "token_revoked"
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]
