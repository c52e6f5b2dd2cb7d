"""Upstreams that misbehave behind a real gateway: each with its name; one that works is not talked about."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from devgw.clock import SystemClock
from devgw.emulators.upstream_auth import create_app
from devgw.events.flow import Step
from devgw.settings import Settings
from tests.diagnosis.stories.conftest import Watched
from tests.support.browser import Browser
from tests.support.gateway import CALLBACK, mcp_request, running_gateway, write_project
from tests.support.serving import listen, origin_of, serve
from tests.web.test_connect import OAUTH, project

ACCEPT = "application/json, text/event-stream"
Given = tuple[int, dict[str, str], bytes]


def answering(*answers: Given) -> Any:
    """Return an app that gives these answers in turn, and the last one for ever."""
    left = list(answers)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            return
        status, headers, body = left.pop(0) if len(left) > 1 else left[0]
        sent = [(name.encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": status, "headers": sent})
        await send({"type": "http.response.body", "body": body})

    return app


def rpc(**members: Any) -> Given:
    """Return a JSON-RPC answer with status 200."""
    body = json.dumps({"jsonrpc": "2.0", "id": 1} | members).encode()
    return 200, {"content-type": "application/json"}, body


def plain_project(root: Path, url: str) -> Path:
    """Write a project with one route to `url`, without a token exchange."""
    handler = {"export": "McpProxyHandler", "module": "$import(@zuplo/runtime/mcp-gateway)"}
    route = {
        "summary": "Thing",
        "operationId": "thing",
        "x-zuplo-route": {
            "handler": handler | {"options": {"rewritePattern": url}},
            "policies": {"inbound": ["login"]},
        },
    }
    return write_project(root, [OAUTH], {"/mcp/thing": {"post": route}})


@asynccontextmanager
async def behind(root: Path, url: str) -> AsyncIterator[tuple[Watched, dict[str, str], httpx2.AsyncClient]]:
    """Run a gateway in front of `url`, sign a client in, and yield the headers of its calls."""
    clock = SystemClock()
    async with (
        running_gateway(plain_project(root, url), clock=clock) as running,
        httpx2.AsyncClient(timeout=20) as http,
        Browser(CALLBACK) as browser,
    ):
        tokens = await running.tokens(http, browser)
        headers = {"authorization": f"Bearer {tokens['access_token']}", "accept": ACCEPT}
        yield Watched(running, clock), headers, http


GOOD = rpc(result={"tools": []})


@pytest.mark.parametrize(
    ("answers", "calls", "more", "name", "words"),
    [
        ([GOOD], 2, {}, None, ""),
        ([(307, {"location": "/mcp/"}, b"")], 1, {}, "PROXY-01", "/mcp/"),
        (
            [(406, {"content-type": "application/json"}, b'{"jsonrpc":"2.0","id":null,"error":{"code":-32000}}')],
            1,
            {"accept": "application/json"},
            "PROXY-03",
            "Accept: application/json",
        ),
        ([(401, {}, b"who are you")], 2, {}, "UPST-03", "401"),
        ([(200, {"content-type": "text/html"}, b"<h1>Sign in</h1>")], 1, {}, "NET-06", "Sign in"),
        ([(502, {"content-type": "text/html"}, b"<h1>Bad</h1>")], 1, {}, "NET-06", "502"),
        (
            [rpc(error={"code": -32022, "message": "no", "data": {"supported": ["2025-11-25"]}})],
            1,
            {"mcp-protocol-version": "2026-07-28"},
            "PROXY-07",
            "2025-11-25",
        ),
        ([rpc(error={"code": -32020, "message": "HeaderMismatch"})], 1, {"mcp-method": "x/y"}, "PROXY-06", "x/y"),
        ([rpc(error={"code": -32601, "message": "unknown"}), GOOD], 2, {}, None, ""),
        ([rpc(error={"code": -32602, "message": "bad argument"})], 1, {}, None, ""),
    ],
)
async def test_what_upstreams_answer(
    tmp_path: Path, answers: list[Given], calls: int, more: dict[str, str], name: str | None, words: str
) -> None:
    async with serve(answering(*answers)) as origin, behind(tmp_path, f"{origin}/mcp") as (gateway, headers, http):
        for _ in range(calls):
            await http.post(gateway.mcp_url, json=mcp_request("tools/list"), headers=headers | more)
        found = [each for each in await gateway.said() if each.certain]

    assert [each.id for each in found] == ([name] if name else []), [(each.id, each.cause) for each in found]
    assert words in "".join(each.cause for each in found)


async def test_an_upstream_that_is_not_there_until_it_is(tmp_path: Path) -> None:
    with listen() as closed:
        nowhere = origin_of(closed)
    async with behind(tmp_path, f"{nowhere}/mcp") as (gateway, headers, http):
        await http.post(gateway.mcp_url, json=mcp_request("tools/list"), headers=headers)
        assert "refused" in (await gateway.only("NET-01")).cause

        with listen(port=int(nowhere.rpartition(":")[2])) as socket:
            async with serve(answering(GOOD), on=socket):
                await http.post(gateway.mcp_url, json=mcp_request("tools/list"), headers=headers)
        assert await gateway.names() == []


async def test_a_get_that_is_only_a_fallback(tmp_path: Path) -> None:
    refused = (403, {"content-type": "application/json"}, b'{"error":"blocked"}')
    async with serve(answering(refused)) as origin, behind(tmp_path, f"{origin}/mcp") as (gateway, headers, http):
        await http.post(gateway.mcp_url, json=mcp_request("tools/list"), headers=headers)
        await http.get(gateway.mcp_url, headers=headers | {"accept": "text/event-stream"})

        assert "403" in next(each for each in await gateway.said() if each.id == "PROXY-05").cause


async def test_a_get_by_itself_is_routine(tmp_path: Path) -> None:
    async with serve(answering(GOOD)) as origin, behind(tmp_path, f"{origin}/mcp") as (gateway, headers, http):
        await http.post(gateway.mcp_url, json=mcp_request("tools/list"), headers=headers)
        await http.get(gateway.mcp_url, headers=headers | {"accept": "text/event-stream"})

        assert await gateway.names() == []


async def test_a_consent_page_that_waits_for_an_upstream(tmp_path: Path) -> None:
    clock = SystemClock()
    with listen() as socket:
        upstream = create_app(clock, origin_of(socket, "localhost"))
        async with (
            serve(upstream, on=socket),
            running_gateway(project(tmp_path, f"{upstream.metadata.issuer}/mcp"), clock=clock) as running,
            httpx2.AsyncClient(timeout=20) as http,
            Browser(CALLBACK) as browser,
        ):
            gateway = Watched(running, clock)
            client = await running.register(http)
            await running.sign_in(browser, running.authorize_url(client["client_id"], "v" * 50))
            gateway.wait(181)
            waiting = await gateway.said()

    assert [each.id for each in waiting] == ["CONS-02"], [(each.id, each.cause) for each in waiting]
    assert "Notes" in waiting[0].cause


async def test_a_client_of_an_earlier_start_is_refused_in_a_flow_of_its_own(tmp_path: Path) -> None:
    """It holds a good token and begins nothing anew; what it meets has a place all the same, and one for all calls."""
    with listen() as port, listen() as upstream:
        settings = Settings(port=int(origin_of(port).rsplit(":", 1)[1]))
        root = plain_project(tmp_path, f"{origin_of(upstream)}/mcp")
    clock = SystemClock()
    kept: dict[str, Any] = {"settings": settings, "ephemeral": False, "clock": clock}
    async with httpx2.AsyncClient(timeout=20) as http, Browser(CALLBACK) as browser:
        async with running_gateway(root, **kept) as running:
            tokens = await running.tokens(http, browser)
        headers = {"authorization": f"Bearer {tokens['access_token']}", "accept": ACCEPT}
        async with running_gateway(root, **kept) as running:
            watched = Watched(running, clock)
            for _ in range(2):
                await http.post(watched.mcp_url, json=mcp_request("tools/list"), headers=headers)
            (flow,) = await watched.flows()
            assert [each.id for each in flow.diagnoses] == ["NET-01"]
            assert flow.failure is not None
            assert flow.failure.step is Step.MCP
