"""A request that still waits when devgw is told to stop is told so, with a page of its own; none gets an empty 500."""

import asyncio
import json
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from devgw.emulators.upstream_auth import SampleFault
from devgw.emulators.workos.faults import SlowFault
from devgw.events.taxonomy import (
    GatewayStopping,
    HttpExchanged,
    McpAuthUpstreamConnectionRefreshed,
    McpCapabilityCompleted,
)
from tests.support.browser import Browser
from tests.support.bytes_upstream import Answer, Seen, bytes_upstream
from tests.support.gateway import CALLBACK, Running, mcp_request, running_gateway, write_project
from tests.web.test_connect import OAUTH, Bench, bench

__all__ = ["bench"]

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
EVENT = b'data: {"jsonrpc":"2.0","method":"notifications/message","params":{}}\n\n'


@asynccontextmanager
async def stopping_at(root: Path, answer: Answer) -> AsyncIterator[Running]:
    """Yield a gateway with one route that anybody may call, and stop it while `answer` is under way."""
    async with bytes_upstream(answer) as upstream:
        options = {"rewritePattern": upstream.url}
        handler = {"export": "McpProxyHandler", "module": "$import(@zuplo/runtime/mcp-gateway)", "options": options}
        route = {
            "operationId": "x",
            "summary": "X",
            "x-zuplo-route": {"handler": handler, "policies": {}, "corsPolicy": "none"},
        }
        async with running_gateway(write_project(root, [OAUTH], {"/mcp/x": {"post": route}})) as gateway:
            yield gateway


def call(gateway: Running) -> Coroutine[Any, Any, httpx2.Response]:
    async def post() -> httpx2.Response:
        async with httpx2.AsyncClient(timeout=20) as http:
            body = mcp_request("tools/call", {"name": "slow"})
            return await http.post(f"{gateway.origin}/mcp/x", json=body, headers={"accept": "text/event-stream"})

    return post()


def exchange_at(gateway: Running, path: str) -> HttpExchanged:
    """Return what is told of the last exchange at `path`."""
    told: list[HttpExchanged] = gateway.events(HttpExchanged)
    return [each for each in told if each.trace.path == path][-1]


async def test_a_call_whose_upstream_is_silent_gets_an_error_of_its_own(tmp_path: Path) -> None:
    asked, never = asyncio.Event(), asyncio.Event()

    async def silent(seen: Seen, writer: asyncio.StreamWriter) -> None:
        asked.set()
        await never.wait()

    async with stopping_at(tmp_path, silent) as gateway:
        calling = asyncio.ensure_future(call(gateway))
        await asyncio.wait_for(asked.wait(), 5)
    answer = await calling
    error = answer.json()["error"]
    assert (answer.status_code, answer.json()["id"], error["code"]) == (200, 1, 503)
    assert (error["data"]["reason"], error["data"]["diagnosis"]) == ("gateway_stops", "LIMIT-50")
    assert exchange_at(gateway, "/mcp/x").reason_code == "gateway_stops"
    (completed,) = gateway.events(McpCapabilityCompleted)
    assert (completed.outcome, completed.failure_origin) == ("failure", "gateway")


async def test_a_stream_that_has_begun_ends_in_an_error(tmp_path: Path) -> None:
    asked, never = asyncio.Event(), asyncio.Event()

    async def begun(seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + b"%x\r\n%s\r\n" % (len(EVENT), EVENT))
        asked.set()
        await never.wait()

    async with stopping_at(tmp_path, begun) as gateway:
        calling = asyncio.ensure_future(call(gateway))
        await asyncio.wait_for(asked.wait(), 5)
    answer = await calling
    assert answer.content.startswith(EVENT)
    last = json.loads(answer.text.strip().rpartition("data: ")[2])
    assert (last["id"], last["error"]["data"]["diagnosis"]) == (1, "LIMIT-50")
    assert exchange_at(gateway, "/mcp/x").reason_code == "gateway_stops"


async def test_a_call_that_waits_for_a_refresh_gets_a_503_and_the_refresh_is_kept(bench: Bench) -> None:
    await bench.everything()
    bench.upstream.faults.set(SampleFault.MCP_UNAUTHORIZED, times=1)
    bench.upstream.faults.set(SampleFault.TOKEN_SLOW, seconds=1.5)
    calling = asyncio.ensure_future(bench.call())
    connections = bench.gateway.runtime.upstreams.oauth.connections
    async with asyncio.timeout(5):
        while connections()[0].unanswered_since is None:
            await asyncio.sleep(0.01)
    bench.gateway.runtime.stopping.set()
    answer = await calling
    said = answer.json().get("error", {}).get("data") or answer.json()
    assert said["diagnosis"] == "LIMIT-50", answer.text
    async with asyncio.timeout(5):
        while not bench.gateway.events(McpAuthUpstreamConnectionRefreshed):
            await asyncio.sleep(0.01)


async def test_a_page_that_waits_for_the_provider_says_why_it_is_over_and_what_comes_late_is_nobodys() -> None:
    async with httpx2.AsyncClient(timeout=20) as http, Browser(CALLBACK) as browser:
        async with running_gateway() as gateway:
            client = await gateway.register(http)
            emulator = gateway.runtime.companions.emulator
            assert emulator
            emulator.faults.arm(SlowFault(path="/user_management/authenticate", seconds=1.5))
            signing = asyncio.ensure_future(
                gateway.sign_in(browser, gateway.authorize_url(client["client_id"], "v" * 43))
            )
            async with asyncio.timeout(5):
                while not any("/callback" in each.trace.path for each in gateway.runtime.front.under_way()):
                    await asyncio.sleep(0.01)
        await asyncio.wait([signing])
    told = [each for each in gateway.events(HttpExchanged) if "/callback" in each.trace.path]
    assert [(each.trace.status, each.reason_code) for each in told] == [(503, "gateway_stops")]


@pytest.mark.parametrize(
    ("path", "host"), [("/oauth/token", "localhost"), ("/mcp/x", "localhost"), ("/mcp/x", "elsewhere.example")]
)
async def test_a_request_whose_body_is_still_on_its_way_is_told_so_too(tmp_path: Path, path: str, host: str) -> None:
    """The one at a foreign host was refused by its head already, and is read to its end before it is told."""

    async def never(seen: Seen, writer: asyncio.StreamWriter) -> None:
        raise AssertionError(seen)

    async with stopping_at(tmp_path, never) as gateway:
        port = gateway.runtime.settings.port
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"POST {path} HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Length: 100\r\n\r\nhalf".encode())
        async with asyncio.timeout(5):
            while not gateway.runtime.front.under_way():
                await asyncio.sleep(0.01)
    answer = await reader.read()
    writer.close()
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b"LIMIT-50" in answer
    told = exchange_at(gateway, path)
    assert (told.outcome, told.failure_origin, told.reason_code) == ("failure", "gateway", "gateway_stops")


async def test_a_body_that_comes_whole_after_the_wish_to_stop_is_answered(tmp_path: Path) -> None:
    async def never(seen: Seen, writer: asyncio.StreamWriter) -> None:
        raise AssertionError(seen)

    async with stopping_at(tmp_path, never) as gateway:
        port = gateway.runtime.settings.port
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"POST /oauth/register HTTP/1.1\r\nHost: localhost:{port}\r\nContent-Length: 2\r\n\r\n{{".encode())
        async with asyncio.timeout(5):
            while not gateway.runtime.front.under_way():
                await asyncio.sleep(0.01)
        gateway.runtime.stopping.set()
        async with asyncio.timeout(5):
            while not gateway.events(GatewayStopping):
                await asyncio.sleep(0.01)
        writer.write(b"}")
        answer = await reader.read()
        writer.close()
    assert answer.startswith(b"HTTP/1.1 400 ")
