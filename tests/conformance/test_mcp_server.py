"""The official conformance suite against an MCP server, directly and through the gateway: both must come out alike."""

import asyncio
import re
from pathlib import Path
from typing import Any

import httpx2
import pytest

from devgw.settings import ProxySettings, Settings
from tests.support.browser import Browser
from tests.support.fixture_upstream import create_app
from tests.support.gateway import CALLBACK, running_gateway, write_project
from tests.support.node import node_command
from tests.support.relay import relay
from tests.support.serving import serve

SIGN_IN = {
    "name": "sign-in",
    "policyType": "mcp-workos-oauth-inbound",
    "handler": {
        "export": "McpWorkosOAuthInboundPolicy",
        "module": "$import(@zuplo/runtime)",
        "options": {"clientId": "$env(WORKOS_CLIENT_ID)", "clientSecret": "$env(WORKOS_CLIENT_SECRET)"},
    },
}


def route_to(upstream: str) -> dict[str, Any]:
    """Return the one route of a project in front of `upstream`."""
    handler = {
        "export": "McpProxyHandler",
        "module": "$import(@zuplo/runtime/mcp-gateway)",
        "options": {"rewritePattern": upstream},
    }
    zuplo = {"corsPolicy": "none", "handler": handler, "policies": {"inbound": ["sign-in"]}}
    return {"/mcp/full": {"post": {"operationId": "full", "summary": "Everything", "x-zuplo-route": zuplo}}}


async def suite(url: str, revision: str) -> tuple[int | None, list[str]]:
    """Run the suite; return its exit status and the line of each scenario, in order."""
    command = node_command("@modelcontextprotocol/conformance", "dist/index.js")
    process = await asyncio.create_subprocess_exec(
        *command, "server", "--url", url, "--requirements", revision,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await asyncio.wait_for(process.communicate(), 120)
    return process.returncode, re.findall(r"^[✓✗] \S+: \d+ passed, \d+ failed$", said.decode(), re.MULTILINE)


async def suite_through_the_gateway(root: Path, revision: str, *, is_stateful: bool) -> tuple[int | None, list[str]]:
    """Run the suite against the same upstream behind the gateway, with a token that a relay adds."""
    settings = Settings(proxy=ProxySettings(stateful=is_stateful))
    async with serve(create_app()) as upstream:
        write_project(root, [SIGN_IN], route_to(f"{upstream}/mcp"))
        async with running_gateway(root, settings=settings) as gateway:
            async with httpx2.AsyncClient() as http, Browser(CALLBACK) as browser:
                tokens = await gateway.tokens(http, browser)
            bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
            async with relay(gateway.origin, bearer) as relayed:
                return await suite(f"{relayed}/mcp/full", revision)


@pytest.mark.parametrize(
    ("revision", "is_stateful", "least"),
    [("2025-11-25", True, 30), ("2026-07-28", False, 37)],
    ids=["2025-11-25-with-sessions", "2026-07-28-as-deployed"],
)
async def test_the_suite_cannot_tell_the_gateway_from_its_upstream(
    tmp_path: Path, revision: str, is_stateful: bool, least: int
) -> None:
    """Issue 1, show it: every required scenario passes, and all of them come out as without the gateway."""
    async with serve(create_app()) as upstream:
        status, directly = await suite(f"{upstream}/mcp", revision)
    behind_status, behind = await suite_through_the_gateway(tmp_path, revision, is_stateful=is_stateful)

    assert (status, behind_status) == (0, 0)
    assert sum(line.startswith("✓") for line in behind) >= least
    assert behind == directly
