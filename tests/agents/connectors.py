"""Programs that connect to a server and call its tools themselves, without a model: each with its own commands."""

import json
import shutil
from pathlib import Path
from typing import ClassVar

import pytest

from tests.agents.agent import Agent
from tests.agents.model import WORD
from tests.support.node import FOLDER
from tests.support.serving import listen

PAGE = Path(__file__).parents[1] / "clients" / "inspector.mjs"


class Mcporter(Agent):
    """It registers; it calls tools itself, without a model."""

    PROGRAM, PACKAGE, NAME = "mcporter", "mcporter", "mcporter"
    LIFETIME: ClassVar = 70  # it takes one with less than 60 s left for none

    async def add(self, server: str, url: str) -> None:
        """Tell it of a server."""
        self.home.write("config/mcporter.json", json.dumps({"mcpServers": {server: {"url": url, "auth": "oauth"}}}))

    async def again(self, server: str) -> None:
        """Sign in."""
        await self.home.sign_in(f"mcporter auth {server}")

    async def call(self, server: str) -> str:
        """Let it call."""
        return await self.home.say(f"mcporter call {server}.echo message=said-by-the-model")


class McpRemote(Agent):
    """It registers; then it is a server on its standard input and output."""

    PROGRAM, PACKAGE, NAME = "mcp-remote", "mcp-remote", "mcp-remote"

    async def add(self, server: str, url: str) -> None:  # noqa: ARG002  it keeps none
        """Remember the URL."""
        self.home.write("url", url)

    async def again(self, server: str) -> None:  # noqa: ARG002  it knows one
        """Sign in."""
        await self.home.sign_in('mcp-remote "$(cat url)"', until="Proxy established", prints=True)

    async def call(self, server: str) -> str:  # noqa: ARG002  it knows one
        """Let it call."""
        hello = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "host", "version": "1"}}
        asked = {"name": "echo", "arguments": {"message": WORD}}
        lines = [
            {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello},
            {"jsonrpc": "2.0", "method": "notifications/initialized"},
            {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": asked},
        ]
        self.home.write("said", "".join(json.dumps(each) + "\n" for each in lines))
        answered = """(cat said; for _ in $(seq 200); do sleep 0.2; grep -q '"id":2' out && break; done)"""
        return await self.home.say(f'rm -f out; {answered} | timeout 45 mcp-remote "$(cat url)" >out; cat out')

    async def attempt(self, server: str) -> None:  # noqa: ARG002  it knows one
        """Let it try, and end it as a person does: after one that was killed the next one waited for its sign-in."""
        await self.home.say('timeout -s INT 10 mcp-remote "$(cat url)"')


class Inspector(Agent):
    """The MCP Inspector's command line; it registers."""

    PROGRAM, PACKAGE, NAME = "mcp-inspector", "@modelcontextprotocol/inspector", "MCP Inspector"
    ENVIRON: ClassVar = {"MCP_AUTO_OPEN_ENABLED": "true", "MCP_INSPECTOR_SECRET_STORE": "file"}

    async def add(self, server: str, url: str) -> None:  # noqa: ARG002  it keeps none
        """Remember the URL, and a port that is free for its answer."""
        with listen() as spare:
            callback = f"http://127.0.0.1:{spare.getsockname()[1]}/oauth/callback"
        asked = f"--transport http --method tools/call --tool-name echo --tool-arg message={WORD}"
        self.home.write("asked", f"--cli {url} {asked} --callback-url {callback}")

    async def again(self, server: str) -> None:  # noqa: ARG002  it knows one
        """Sign in, and call."""
        await self.home.sign_in("mcp-inspector $(cat asked)", prints=True)

    async def call(self, server: str) -> str:  # noqa: ARG002  it knows one
        """Let it call."""
        return await self.home.say("mcp-inspector $(cat asked)", patience=30)

    async def forget(self, server: str) -> None:  # noqa: ARG002  it knows one
        """Let it forget, and leave it there when it asks for a new sign-in."""
        await self.home.say("timeout -s INT 10 mcp-inspector $(cat asked) --relogin")


class InspectorPage(Inspector):
    """The MCP Inspector's page in a real browser; it registers, and calls tools itself."""

    NAME, BOOK = "MCP Inspector (page)", "MCP Inspector"
    ENVIRON: ClassVar = {"MCP_AUTO_OPEN_ENABLED": "false", "MCP_INSPECTOR_SECRET_STORE": "file"}

    async def add(self, server: str, url: str) -> None:  # noqa: ARG002  it keeps none
        """Remember the URL, with the script beside its packages."""
        (found := shutil.which("chromium")) or pytest.skip("needs chromium on the PATH")
        self.home.write("inspector.mjs", PAGE.read_text(encoding="utf-8"))
        self.home.write("asked", f"inspector.mjs {url} {WORD} {found}")
        await self.home.say(f"ln -sfn {FOLDER.resolve()} node_modules")

    async def again(self, server: str) -> None:
        """Sign in, and call."""
        assert WORD in await self.call(server)

    async def call(self, server: str) -> str:  # noqa: ARG002  it knows one
        """Let it call; where it has to sign in, it does."""
        return await self.home.say("node $(cat asked)")
