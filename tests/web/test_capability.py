"""The capability filter over the whole way: what a person's roles let them see and call, JSON and SSE alike."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from devgw.clock import SystemClock
from devgw.emulators.upstream import create_app
from devgw.events.taxonomy import McpCapabilityEntriesUnmatched
from tests.support.browser import Browser
from tests.support.gateway import CALLBACK, Running, mcp_request, running_gateway, write_project
from tests.support.serving import serve
from tests.web.test_connect import OAUTH

FILTER = {
    "tools": [
        {"name": "echo", "description": "Ours.", "roles": ["admin"]},
        {"name": "Wait", "public": True},
    ],
    "prompts": [],
    "accessControl": {"mode": "rolesAndGroups", "roleClaim": "role"},
}


def project(root: Path, upstream: str) -> Path:
    policy = {
        "name": "filter",
        "policyType": "mcp-capability-filter-inbound",
        "handler": {
            "export": "McpCapabilityFilterInboundPolicy",
            "module": "$import(@zuplo/runtime/mcp-gateway)",
            "options": FILTER,
        },
    }
    handler = {
        "export": "McpProxyHandler",
        "module": "$import(@zuplo/runtime/mcp-gateway)",
        "options": {"rewritePattern": f"{upstream}/mcp"},
    }
    route = {
        "operationId": "tools",
        "x-zuplo-route": {"handler": handler, "policies": {"inbound": ["login", "filter"]}},
    }
    return write_project(root, [OAUTH, policy], {"/mcp/tools": {"post": route}})


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Running]:
    upstream = create_app(SystemClock())
    async with serve(upstream) as origin, running_gateway(project(tmp_path, origin)) as running:
        yield running
        upstream.close()


async def ask(gateway: Running, persona: str, method: str, **params: Any) -> Any:
    async with httpx2.AsyncClient(timeout=20) as http, Browser(CALLBACK) as browser:
        client = await gateway.register(http)
        verifier = "v" * 43
        await gateway.sign_in(browser, gateway.authorize_url(client["client_id"], verifier), persona)
        await browser.press("Allow")
        assert browser.location
        code = httpx2.URL(browser.location).params["code"]
        form = {"grant_type": "authorization_code", "code": code, "client_id": client["client_id"]}
        form |= {"redirect_uri": CALLBACK, "code_verifier": verifier, "resource": gateway.mcp_url}
        tokens = (await http.post(f"{gateway.origin}/oauth/token", data=form)).json()
        headers = {
            "authorization": f"Bearer {tokens['access_token']}",
            "accept": "application/json, text/event-stream",
            "mcp-protocol-version": "2025-11-25",
        }
        answer = await http.post(gateway.mcp_url, json=mcp_request(method, params), headers=headers)
        return answer.text


async def test_a_persons_role_decides_what_is_listed_and_called(gateway: Running) -> None:
    """gateway.md §7; the claim is the one that the policy names."""
    admin = await ask(gateway, "Ada Admin", "tools/list")
    assert '"name":"echo"' in admin.replace(" ", "")
    assert "Ours." in admin
    assert '"name":"add"' not in admin.replace(" ", "")
    called = await ask(gateway, "Ada Admin", "tools/call", name="echo", arguments={"message": "hi there"})
    assert "hi there" in called

    member = await ask(gateway, "bob@example.com", "tools/list")
    assert '"tools":[]' in member.replace(" ", "")
    gateway.runtime.bus.drain()
    notes = [note for each in gateway.runtime.monitor.traces for note in each.notes]
    assert sum("brought nothing under `role`" in each for each in notes) == 1
    refused = await ask(gateway, "bob@example.com", "tools/call", name="echo", arguments={"message": "hi there"})
    assert "-32601" in refused
    assert "hi there" not in refused
    hidden = await ask(gateway, "bob@example.com", "prompts/get", name="anything")
    assert "-32601" in hidden


async def test_an_entry_that_names_nothing_is_a_finding_with_the_nearest_name(gateway: Running) -> None:
    """CONF-08."""
    await ask(gateway, "Ada Admin", "tools/list")
    (event,) = gateway.events(McpCapabilityEntriesUnmatched)
    assert event.entries[0][0] == "Wait"
    assert event.entries[0][1]


HIDDEN_CALL = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"add","arguments":{}}}'
READ_DIFFERENTLY = [
    HIDDEN_CALL.replace('"method":', '"method":"ping","method":', 1).encode(),
    HIDDEN_CALL.replace('"name":"add"', '"name":"add","name":"echo"').encode(),
    HIDDEN_CALL.replace('"method":', '"method":"ping","Method":', 1).encode(),
    HIDDEN_CALL.replace('"name":', '"name":"echo","NAME":', 1).encode(),
    HIDDEN_CALL.replace('"params":', '"params":{"name":"echo"},"param\u017f":', 1).encode(),
    HIDDEN_CALL.replace('"arguments":{}', '"arguments":' + "[" * 100 + "]" * 100).encode(),
    HIDDEN_CALL.encode("utf-16"),
    HIDDEN_CALL.replace('"arguments":{}', '"arguments":{"x":NaN}').encode(),
    b"[" + HIDDEN_CALL.encode() + b",]",
    b"\xff" + HIDDEN_CALL.encode(),
]


@pytest.mark.parametrize("body", READ_DIFFERENTLY)
async def test_what_the_filter_cannot_read_is_never_passed_on_unread(tmp_path: Path, body: bytes) -> None:
    """The upstream may read it otherwise than we do: the first of two members, another case, another encoding."""
    asked: list[bytes] = []

    async def upstream(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            asked.append((await receive())["body"])
            await send({"type": "http.response.start", "status": 202, "headers": []})
            await send({"type": "http.response.body", "body": b""})

    async with serve(upstream) as origin:
        root = project(tmp_path, origin)
        async with (
            running_gateway(root) as gateway,
            httpx2.AsyncClient(timeout=20) as http,
            Browser(CALLBACK) as browser,
        ):
            headers = {"authorization": f"Bearer {(await gateway.tokens(http, browser))['access_token']}"}
            answer = await http.post(gateway.mcp_url, content=body, headers=headers)
            assert asked == []
            assert "body_unreadable" in answer.text or "body_too_deep" in answer.text
            ping = await http.post(gateway.mcp_url, json=mcp_request("ping"), headers=headers)
            assert (ping.status_code, len(asked)) == (200, 1)
