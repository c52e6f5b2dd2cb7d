"""The official conformance suite against our authorization server, for the gateway-wide and a per-route issuer."""

import asyncio
import re
from collections.abc import AsyncIterator

import httpx2
import pytest

from tests.support.browser import Browser
from tests.support.gateway import Running, running_gateway
from tests.support.node import node_command
from tests.support.serving import listen


@pytest.fixture
async def gateway() -> AsyncIterator[Running]:
    async with running_gateway() as running:
        yield running


@pytest.mark.parametrize("per_route", [False, True], ids=["gateway-wide", "per-route"])
async def test_the_official_suite_finds_no_fault(gateway: Running, *, per_route: bool) -> None:
    """`conformance authorization` ends without a failure; it signs in through a browser of ours."""
    command = node_command("@modelcontextprotocol/conformance", "dist/index.js")
    with listen() as spare:
        port = spare.getsockname()[1]
    callback = f"http://127.0.0.1:{port}/callback"
    async with httpx2.AsyncClient() as http:
        client = await gateway.register(http, redirect_uris=[callback])
    issuer = gateway.mcp_url if per_route else gateway.origin
    process = await asyncio.create_subprocess_exec(
        *command, "authorization", "--url", issuer, "--client-id", client["client_id"], "--resource", gateway.mcp_url,
        "--spec-version", "2026-07-28", "--port", str(port),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said = await asyncio.wait_for(_drive(gateway, process), 90)
    assert process.returncode == 0, said
    assert re.search(r"\b[1-9]\d* passed", said), said
    assert re.search(r"\b0 failed", said), said


async def _drive(gateway: Running, process: asyncio.subprocess.Process) -> str:
    """Open each authorization URL that the suite prints, and return all that it said."""
    said = ""
    assert process.stdout is not None
    while line := (await process.stdout.readline()).decode():
        said += line
        found = re.search(r"https?://\S+/oauth/authorize\S*", line)
        if found and "response_type" in found.group():
            async with Browser() as browser:
                await gateway.sign_in(browser, found.group())
                if browser.page and "Allow" in browser.page.text:
                    await browser.press("Allow")
    await process.wait()
    return said
