"""Upstreams that misbehave behind a real gateway: each with its name; one that works is not talked about."""

import gzip
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from devgw.clock import SystemClock
from devgw.config.settings_file import read_settings
from devgw.emulators.upstream_auth import create_app
from devgw.events.flow import Step
from devgw.ids import UpstreamServerId
from devgw.settings import Settings
from devgw.wiring.examining import examine_running
from tests.diagnosis.stories.conftest import Watched
from tests.support.browser import Browser
from tests.support.gateway import CALLBACK, mcp_request, running_gateway, write_project
from tests.support.serving import listen, origin_of, serve
from tests.web.test_connect import OAUTH, Bench, bench, project  # noqa: F401  the fixture

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
        running_gateway(plain_project(root, url), clock=clock, settings=read_settings(root, {})[0]) as running,
        httpx2.AsyncClient(timeout=20) as http,
        Browser(CALLBACK) as browser,
    ):
        tokens = await running.tokens(http, browser)
        headers = {"authorization": f"Bearer {tokens['access_token']}", "accept": ACCEPT}
        yield Watched(running, clock), headers, http


GOOD = rpc(result={"tools": []})
JSON, EVENTS = {"content-type": "application/json"}, {"content-type": "text/event-stream"}


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
            "Accept: application/json, which lacks text/event-stream",
        ),
        ([(401, {}, b"who are you")], 1, {}, "UPST-19", "401"),
        ([(200, {"content-type": "text/html"}, b"<h1>Sign in</h1>")], 1, {}, "NET-06", "Sign in"),
        ([(502, {"content-type": "text/html"}, b"<h1>Bad</h1>")], 1, {}, "PROXY-19", "502"),
        ([(500, JSON, b'{"detail": "oops"}')], 1, {}, "PROXY-19", "oops"),
        ([(503, {"retry-after": "9"}, b"")], 1, {}, "PROXY-19", "503"),
        ([(403, {}, b"Invalid Origin")], 1, {}, "PROXY-18", "Invalid Origin"),
        ([(404, {}, b"")], 1, {}, "PROXY-13", "404"),
        ([(404, {"content-type": "text/html"}, b"<h1>Lost</h1>")], 2, {}, "PROXY-13", "Lost"),
        ([(405, {"allow": "GET"}, b"")], 1, {}, "PROXY-15", "it takes GET"),
        ([(421, {}, b"Invalid Host header")], 1, {}, "PROXY-16", "127.0.0.1:"),
        ([(429, {"retry-after": "30"}, b"")], 1, {}, "PROXY-17", "429"),
        ([(400, {}, b"no")], 1, {}, "PROXY-20", "no"),
        ([(415, JSON, b"{}")], 1, {}, "PROXY-20", "415"),
        ([(406, {}, b"")], 1, {}, "PROXY-20", "names both media types"),
        ([(200, JSON, b"")], 1, {}, "PROXY-21", "an empty body"),
        ([(200, {}, b"")], 1, {}, "PROXY-21", "an empty body"),
        ([(204, {}, b"")], 1, {}, "PROXY-21", "204"),
        ([(202, {}, b"")], 1, {}, "PROXY-21", "202"),
        ([(200, JSON, b"{}")], 1, {}, "PROXY-21", "{}"),
        ([(200, JSON, b"[]")], 1, {}, "PROXY-21", "[]"),
        ([(200, JSON, b"null")], 1, {}, "PROXY-21", "null"),
        ([(200, JSON, b'{"error": {"code": 1, "message": "no"}}')], 1, {}, "PROXY-21", "no response to id 1"),
        ([(200, JSON, b'{"ok": true, "id": 1}')], 1, {}, "PROXY-21", "no response to id 1"),
        ([(200, JSON, b'{"jsonrpc": "2.0", "id": 1}')], 1, {}, "PROXY-21", "no response to id 1"),
        ([(200, EVENTS, b": nothing\n\n")], 1, {}, "PROXY-21", "no response to id 1"),
        ([(200, JSON | {"content-encoding": "gzip"}, gzip.compress(b"{}"))], 1, {}, "PROXY-21", "no response"),
        ([(200, JSON | {"content-encoding": "br"}, b"x")], 1, {}, "PROXY-23", "answered in br"),
        ([(302, {"location": "/login?next=%2Fmcp"}, b"")], 1, {}, "PROXY-22", "wants a login"),
        ([(302, {"location": "https://sso.corp.test/start"}, b"")], 1, {}, "PROXY-22", "https://sso.corp.test/start"),
        ([(303, {"location": "/welcome?return_to=/mcp"}, b"")], 1, {}, "PROXY-22", "/welcome"),
        ([(301, {"location": "/auth/login.php"}, b"")], 1, {}, "PROXY-22", "/auth/login.php"),
        ([(302, {"location": "/users/sign_in"}, b"")], 1, {}, "PROXY-22", "/users/sign_in"),
        ([(302, {"location": "/session/new"}, b"")], 1, {}, "PROXY-22", "/session/new"),
        ([(302, {"location": "/wp-login.php?reauth=1"}, b"")], 1, {}, "PROXY-22", "/wp-login.php"),
        ([(302, {"location": "https://accounts.corp.test/v3"}, b"")], 1, {}, "PROXY-22", "accounts.corp.test"),
        ([(308, {"location": "/session/mcp"}, b"")], 1, {}, "PROXY-01", "/session/mcp"),
        ([(307, {"location": "/mcp"}, b"")], 1, {}, "PROXY-11", "leads to itself"),
        ([(307, {"location": "/mcp", "set-cookie": "seen=1"}, b"")], 1, {}, "PROXY-11", "leads to itself"),
        ([(522, {}, b"")], 1, {}, "PROXY-19", "522"),
        ([(200, JSON | {"content-encoding": "gzip"}, b"{}")], 1, {}, "PROXY-23", "cannot be unpacked"),
        (
            [(403, {"www-authenticate": 'Bearer error="insufficient_scope", scope="files:write"'}, b"")],
            1,
            {},
            "PROXY-18",
            'scope="files:write"',
        ),
        ([(308, {"location": "/v2/mcp"}, b"")], 1, {}, "PROXY-01", "/v2/mcp"),
        ([(200, JSON, b'{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"no"}}')], 1, {}, None, ""),
        ([(200, JSON, b'[{"jsonrpc":"2.0","id":1,"result":{}}]')], 1, {}, "PROXY-25", "with an array of messages"),
        ([(200, EVENTS, b'data: {"jsonrpc":"2.0","id":1,"result":{}}\n\n')], 1, {}, None, ""),
        ([(404, JSON, b'{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"unknown"}}'), GOOD], 2, {}, None, ""),
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

        flow = (await gateway.flows())[-1]

    assert [each.id for each in found] == ([name] if name else []), [(each.id, each.cause) for each in found]
    assert name in {None, "PROXY-06", "PROXY-07", "PROXY-25"} or flow.failure is not None
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


def with_sessions(seen: list[str]) -> Any:
    """Return an upstream that keeps sessions as FastMCP does, and refuses calls without one."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            return
        message = json.loads((await receive())["body"] or b'{"method": "delete"}')
        sent = dict(scope["headers"]).get(b"mcp-session-id")
        answer = {"jsonrpc": "2.0", "id": message.get("id"), "result": {}}
        headers, status = [(b"content-type", b"application/json")], 200
        if message["method"] == "initialize":
            headers.append((b"mcp-session-id", b"s1"))
            answer["result"] = {"protocolVersion": "2025-11-25"}
        elif sent != b"s1":
            status = 400
            answer = {"jsonrpc": "2.0", "id": "server-error", "error": {"code": -32600, "message": "Missing it"}}
        seen.append(f"{message['method']} {status}")
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(answer).encode()})

    return app


async def test_an_upstream_with_sessions_is_named_and_works_as_it_is_advised(tmp_path: Path) -> None:
    seen: list[str] = []
    async with serve(with_sessions(seen)) as origin:
        async with behind(tmp_path / "a", f"{origin}/mcp") as (gateway, headers, http):
            await http.post(gateway.mcp_url, json=mcp_request("initialize"), headers=headers)
            await http.post(gateway.mcp_url, json=mcp_request("tools/list"), headers=headers)
            found = await gateway.only("PROXY-12")
        assert "`stateful = true` under [proxy] in devgw.toml" in found.fix

        plain_project(tmp_path / "b", f"{origin}/mcp")
        (tmp_path / "b" / "devgw.toml").write_text("[proxy]\nstateful = true\n")
        async with behind(tmp_path / "b", f"{origin}/mcp") as (gateway, headers, http):
            begun = await http.post(gateway.mcp_url, json=mcp_request("initialize"), headers=headers)
            more = headers | {"mcp-session-id": begun.headers["mcp-session-id"]}
            assert (await http.post(gateway.mcp_url, json=mcp_request("tools/list"), headers=more)).status_code == 200
            assert await gateway.names() == []


@pytest.mark.parametrize("status", [404, 405])
async def test_a_server_of_the_older_transport_is_told_from_a_wrong_path(tmp_path: Path, status: int) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            return
        is_stream = scope["method"] == "GET" and dict(scope["headers"])[b"accept"] == b"text/event-stream"
        kind = b"text/event-stream" if is_stream else b"text/plain"
        start = {"type": "http.response.start", "status": 200 if is_stream else status}
        await send(start | {"headers": [(b"content-type", kind)]})
        await send(
            {"type": "http.response.body", "body": b"event: endpoint\ndata: /messages\n\n" if is_stream else b""}
        )

    async with serve(app) as origin, behind(tmp_path, f"{origin}/sse") as (gateway, headers, http):
        answer = await http.post(gateway.mcp_url, json=mcp_request("initialize"), headers=headers)
        found = await gateway.only("PROXY-14")

    assert answer.status_code == status
    assert "2024-11-05" in found.cause


async def test_a_fault_after_the_first_good_call_is_named_and_forgotten_with_the_next_one(tmp_path: Path) -> None:
    answers = [GOOD, rpc(), (302, {"location": "/login"}, b""), (429, {}, b""), GOOD]
    async with serve(answering(*answers)) as origin, behind(tmp_path, f"{origin}/mcp") as (gateway, headers, http):
        said = []
        for _ in range(len(answers)):
            await http.post(gateway.mcp_url, json=mcp_request("tools/call"), headers=headers)
            said.append(sorted(await gateway.names()))

    assert said == [[], ["PROXY-21"], ["PROXY-21", "PROXY-22"], ["PROXY-17", "PROXY-21", "PROXY-22"], []]


async def test_an_answer_that_is_none_becomes_an_error_that_the_client_can_read(tmp_path: Path) -> None:
    async with (
        serve(answering((200, JSON, b"{}"))) as origin,
        behind(tmp_path, f"{origin}/mcp") as (gateway, headers, http),
    ):
        answer = await http.post(gateway.mcp_url, json=mcp_request("tools/list"), headers=headers)

    assert answer.json()["id"] == 1
    assert answer.json()["error"]["data"]["reason"] == "upstream_gave_no_answer"


async def test_a_session_that_is_gone_is_not_called_a_wrong_path(tmp_path: Path) -> None:
    """A client begins a new one by itself (MCP 2025-11-25, Session Management)."""
    (tmp_path / "devgw.toml").write_text("[proxy]\nstateful = true\n")
    gone = (404, {"content-type": "text/plain"}, b"no such session")
    async with (
        serve(answering(gone, GOOD)) as origin,
        behind(tmp_path, f"{origin}/mcp") as (gateway, headers, http),
    ):
        more = headers | {"mcp-session-id": "old"}
        await http.post(gateway.mcp_url, json=mcp_request("tools/list"), headers=more)
        assert await gateway.names() == []


async def test_a_link_that_was_opened_or_used_is_not_said_to_be_unopened(bench: Bench) -> None:  # noqa: F811  it is the fixture
    watched = Watched(bench.gateway, bench.clock)
    await bench.everything()
    bench.clock.travel(timedelta(seconds=1))
    oauth = bench.gateway.runtime.upstreams.oauth
    await oauth.disconnect(oauth.connections()[0].subject_id, UpstreamServerId("notes"))
    for _ in range(2):
        answer = await bench.call("tools/call", name="read_note")
    assert "UPST-01" in await watched.names()

    link = answer.json()["error"]["data"]["authUrl"]
    await bench.browser.open(link)
    assert "UPST-01" not in await watched.names()
    await bench.browser.press("Approve as")
    await bench.call("tools/list")
    assert await watched.names() == []


@pytest.mark.parametrize("is_stateful", [False, True])
async def test_the_doctor_sees_that_sessions_would_be_missed(tmp_path: Path, is_stateful: bool) -> None:
    async with serve(with_sessions([])) as origin:
        root = plain_project(tmp_path, f"{origin}/mcp")
        if is_stateful:
            (root / "devgw.toml").write_text("[proxy]\nstateful = true\n")
        async with running_gateway(root, settings=read_settings(root, {})[0]) as running:
            checks = await examine_running(running.runtime)
    (check,) = [each for each in checks if each.name == "upstream.thing"]
    assert check.diagnosis_id == ("" if is_stateful else "PROXY-12")
