"""Node MCP clients that nobody here wrote: the TypeScript SDKs, mcp-remote, and the Inspector's command line."""

import asyncio
import json
import os
import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from devgw.clock import SystemClock
from devgw.events.taxonomy import McpAuthDownstreamTokenIssued, McpAuthDownstreamTokenRefreshed
from tests.stories.test_python_clients import both_layers
from tests.support.browser import Browser
from tests.support.gateway import CALLBACK, Running
from tests.support.node import node_command, sdk_command
from tests.support.serving import listen

LIMIT = 60


async def _start(command: list[str], **environ: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=os.environ | environ,
    )


@both_layers
@pytest.mark.parametrize("flavour", ["client-2", "sdk-1"])
async def test_a_typescript_sdk_goes_the_whole_way(
    gateway: Running, browser: Browser, tmp_path: Path, flavour: str, route: str
) -> None:
    process = await _start([*sdk_command(flavour, "sdk.mjs", tmp_path), gateway.url_of(route), CALLBACK])
    said = await asyncio.wait_for(_converse(gateway, browser, process), LIMIT)
    result = json.loads(said["RESULT"])
    assert "echo" in result["tools"]
    assert "hello" in result["text"]
    assert "again" in json.loads(said["REFRESHED"])["text"]
    assert len(gateway.events(McpAuthDownstreamTokenIssued)) == 1
    assert len(gateway.events(McpAuthDownstreamTokenRefreshed)) == 1


async def _converse(gateway: Running, browser: Browser, process: asyncio.subprocess.Process) -> dict[str, str]:
    """Sign in where the client asks for it, and return what it said, by the first word of each line."""
    said: dict[str, str] = {}
    assert process.stdout is not None
    assert process.stdin is not None
    assert process.stderr is not None
    while line := (await process.stdout.readline()).decode():
        word, _, rest = line.strip().partition(" ")
        said[word] = rest
        if word == "AUTHORIZE":
            await gateway.sign_in(browser, rest)
            await gateway.allow(browser)
            process.stdin.write(f"{browser.location}\n".encode())
        if word == "EXPIRE":
            assert isinstance(gateway.runtime.clock, SystemClock)
            gateway.runtime.clock.travel(timedelta(minutes=16))
            process.stdin.write(b"\n")
    complaint = (await process.stderr.read()).decode()
    assert await process.wait() == 0, complaint
    return said


async def _authorize_when_asked(gateway: Running, stream: asyncio.StreamReader, heard: list[str]) -> None:
    """Sign in at the first authorization URL in the stream; the client's own listener takes the code."""
    while line := (await stream.readline()).decode():
        heard.append(line)
        found = re.search(r"https?://localhost:\d+/oauth/authorize\S*", line)
        if found and "code_challenge" in found.group():
            await _until_it_listens(found.group())
            async with Browser() as browser:
                await gateway.sign_in(browser, found.group())
                await gateway.allow(browser)


async def _until_it_listens(authorization_url: str) -> None:
    """Wait for the client's own callback: it prints the URL first, and no person is as quick as this test."""
    callback = urlsplit(parse_qs(urlsplit(authorization_url).query)["redirect_uri"][0])
    async with asyncio.timeout(LIMIT):
        while True:
            try:
                _, writer = await asyncio.open_connection(callback.hostname, callback.port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return


@both_layers
async def test_mcp_remote_goes_the_whole_way(gateway: Running, tmp_path: Path, route: str) -> None:
    command = node_command("mcp-remote", "dist/proxy.js")
    process = await _start(
        [*command, gateway.url_of(route)],
        MCP_REMOTE_CONFIG_DIR=str(tmp_path),
        BROWSER="true",
        PATH=_without_browsers(tmp_path),
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    heard: list[str] = []
    watching = asyncio.ensure_future(_authorize_when_asked(gateway, process.stderr, heard))
    try:
        hello = {
            "protocolVersion": "2025-06-18",
            "capabilities": {},
            "clientInfo": {"name": "behind mcp-remote", "version": "1"},
        }
        first = await _ask(process, 1, "initialize", hello)
        assert "result" in first, (first, heard)
        process.stdin.write(b'{"jsonrpc":"2.0","method":"notifications/initialized"}\n')
        answer = await _ask(process, 2, "tools/call", {"name": "echo", "arguments": {"message": "hello"}})
        assert "hello" in json.dumps(answer["result"])
    except TimeoutError:
        ended = watching.exception() if watching.done() and not watching.cancelled() else None
        pytest.fail(f"mcp-remote did not answer, and the browser ended with {ended!r}: " + "".join(heard))
    finally:
        process.terminate()
        await process.wait()
        watching.cancel()
    assert len(gateway.events(McpAuthDownstreamTokenIssued)) == 1


async def _ask(
    process: asyncio.subprocess.Process, number: int, method: str, params: Mapping[str, object]
) -> dict[str, object]:
    assert process.stdin is not None
    assert process.stdout is not None
    message = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
    process.stdin.write(json.dumps(message).encode() + b"\n")
    while True:
        line = await asyncio.wait_for(process.stdout.readline(), LIMIT)
        answer: dict[str, object] = json.loads(line)
        if answer.get("id") == number:
            return answer


def _without_browsers(folder: Path) -> str:
    """Return a PATH on which every way of opening a browser does nothing: the test is the browser."""
    opener = folder / "bin"
    opener.mkdir()
    for name in ("xdg-open", "open", "sensible-browser"):
        (opener / name).write_text("#!/bin/sh\nexit 0\n")
        (opener / name).chmod(0o755)
    return f"{opener}:{os.environ['PATH']}"


@both_layers
async def test_the_inspector_on_the_command_line_goes_the_whole_way(
    gateway: Running, tmp_path: Path, route: str
) -> None:
    command = node_command("@modelcontextprotocol/inspector", "clients/launcher/build/index.js")
    with listen() as spare:
        callback = f"http://127.0.0.1:{spare.getsockname()[1]}/oauth/callback"
    arguments = ["--cli", gateway.url_of(route), "--transport", "http", "--method", "tools/call", "--tool-name", "echo"]
    arguments += ["--tool-arg", "message=hello", "--callback-url", callback]
    environ = {"HOME": str(tmp_path), "MCP_AUTO_OPEN_ENABLED": "true", "PATH": _without_browsers(tmp_path)}
    process = await _start([*command, *arguments], **environ)
    assert process.stderr is not None
    assert process.stdout is not None
    heard: list[str] = []
    watching = asyncio.ensure_future(_authorize_when_asked(gateway, process.stderr, heard))
    said = (await asyncio.wait_for(process.stdout.read(), LIMIT)).decode()
    assert await process.wait() == 0, said + "".join(heard)
    await watching
    assert "hello" in said
    assert len(gateway.events(McpAuthDownstreamTokenIssued)) == 1
