"""The official Python SDK 1.x, which most servers and agents still run, in an interpreter of its own.

`TEST_MCP1_PYTHON` names a Python that has `mcp` 1.x; `.ci/run` makes one. Without it these tests skip by name.
"""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from devgw.events.taxonomy import (
    McpAuthDownstreamTokenIssued,
    McpAuthDownstreamTokenRefreshed,
    McpAuthLoginFinished,
    McpRequestRejected,
)
from tests.support.browser import Browser
from tests.support.gateway import CALLBACK, Running

SCRIPT = Path(__file__).parent.parent / "clients" / "mcp1_client.py"
LIMIT = 60


def python_with_mcp1() -> str:
    """Return the interpreter, or skip by the name of what is missing."""
    python = os.environ.get("TEST_MCP1_PYTHON", "")
    if not Path(python).is_file():
        pytest.skip("needs mcp 1.x; set TEST_MCP1_PYTHON to a Python that has it (pip install 'mcp<2')")
    return python


@asynccontextmanager
async def client_of(gateway: Running) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run the client until the block ends."""
    process = await asyncio.create_subprocess_exec(
        *(python_with_mcp1(), str(SCRIPT), gateway.mcp_url, CALLBACK),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _converse(gateway: Running, browser: Browser, process: asyncio.subprocess.Process) -> list[tuple[str, str]]:
    """Be its person and its administrator; return what it said, line by line, as word and rest."""
    said: list[tuple[str, str]] = []
    assert process.stdout is not None
    assert process.stdin is not None
    assert process.stderr is not None
    while line := (await process.stdout.readline()).decode():
        word, _, rest = line.strip().partition(" ")
        said.append((word, rest))
        if word == "AUTHORIZE":
            await gateway.sign_in(browser, rest)
            if browser.location is None:
                await browser.press("Allow")
            process.stdin.write(f"{browser.location}\n".encode())
        if word == "REVOKE":
            ground = gateway.runtime.ground
            ground.revocation.end(
                ground.revocation.of_grants([grant.id for grant in ground.store.grants()]), "revoked_by_user"
            )
            process.stdin.write(b"done\n")
    complaint = (await process.stderr.read()).decode()
    assert await process.wait() == 0, complaint
    return said


async def test_the_python_sdk_1_is_served_refreshed_silently_and_signs_in_again_once_revoked(
    gateway: Running, browser: Browser
) -> None:
    async with client_of(gateway) as process:
        said = await asyncio.wait_for(_converse(gateway, browser, process), LIMIT)

    assert [word for word, _ in said] == ["AUTHORIZE", "RESULT", "REFRESHED", "REVOKE", "AUTHORIZE", "RETURNED"]
    told = dict(said)
    assert "echo" in json.loads(told["RESULT"])["tools"]
    assert "hello" in json.loads(told["RESULT"])["text"]
    assert "again" in json.loads(told["REFRESHED"])["text"]
    assert "after all" in json.loads(told["RETURNED"])["text"]
    assert len(gateway.events(McpAuthDownstreamTokenIssued)) == 2
    assert len(gateway.events(McpAuthDownstreamTokenRefreshed)) == 1
    assert len(gateway.events(McpAuthLoginFinished)) == 1  # the browser was signed in the second time
    assert "token_revoked" in {event.reason_code for event in gateway.events(McpRequestRejected)}
