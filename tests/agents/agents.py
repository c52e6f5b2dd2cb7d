"""How each agent is told of a server, signed in, and made to call a tool: with its own commands alone."""

import asyncio
import json
import os
import re
import shutil
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

import pytest

from devgw.diagnosis.clients import ClientEntry, entries
from tests.agents.home import Home
from tests.agents.model import NO_SUCH_TOOL, WORD
from tests.support.node import FOLDER
from tests.support.serving import listen

PAGE = Path(__file__).parents[1] / "clients" / "inspector.mjs"
FRAMEWORK = Path(__file__).parents[1] / "clients" / "framework.py"
TOKEN = "none"


class Agent(ABC):
    """One agent in a home of its own."""

    PROGRAM: ClassVar[str]
    """Its command."""
    PACKAGE: ClassVar[str]
    """What npm calls it."""
    NAME: ClassVar[str]
    """How the client book calls it."""
    BOOK: ClassVar = ""
    """The same where the name in the table says more."""
    ENVIRON: ClassVar[dict[str, str]] = {}
    LIFETIME: ClassVar = 10
    """Seconds that an access token lives of which it is to get the next."""
    CLINGS: ClassVar = False
    """Whether it keeps a registration that the server has forgotten, until it is told to forget it too."""

    def __init__(self, folder: Path, model: str) -> None:
        self.check_installed()
        self.home = Home(folder)
        self.home.environ |= {name: value.replace("{model}", model) for name, value in self.ENVIRON.items()}
        self.model = model

    async def login(self, server: str, url: str) -> None:
        """Tell it of a server and sign in there."""
        await self.add(server, url)
        await self.again(server)

    @abstractmethod
    async def add(self, server: str, url: str) -> None:
        """Tell it of a server."""

    @abstractmethod
    async def again(self, server: str) -> None:
        """Sign in at a server that it knows."""

    @abstractmethod
    async def call(self, server: str) -> str:
        """Let it call `echo`; return what it printed."""

    async def outlive(self, server: str, url: str, over: Callable[[], Awaitable[None]]) -> str:
        """Sign in, let the access token go over, and let it call; return what it printed."""
        await self.login(server, url)
        await over()
        return await self.call(server)

    async def forget(self, server: str) -> None:
        """Let it forget what it keeps, with the command that the client book names."""
        assert self.entry.forget
        await self.home.say(self.entry.forget.replace("NAME", server))

    def keeps_at(self, name: str) -> bool:
        """Tell whether the client book says that it keeps its tokens in this file of its home."""
        return any(name.startswith(each.removeprefix("~/")) for each in re.findall(r"~/[\w./-]+", self.entry.keeps))

    @property
    def entry(self) -> ClientEntry:
        """Return what the client book says of it."""
        return next(each for each in entries() if each.name == (self.BOOK or self.NAME))

    async def attempt(self, server: str) -> None:
        """Let it call where that cannot go well, and leave it to its own after a while."""
        with suppress(TimeoutError):
            async with asyncio.timeout(20):
                await self.call(server)

    @classmethod
    def check_installed(cls) -> None:
        """Skip the test by name where it is not there."""
        if not (FOLDER / ".bin" / cls.PROGRAM).exists():
            pytest.skip(f"needs the npm package {cls.PACKAGE}; set TEST_NODE_MODULES to a folder that has it")

    @classmethod
    def version(cls) -> str:
        """Return which version is installed."""
        return str(json.loads((FOLDER / cls.PACKAGE / "package.json").read_text())["version"])


class ClaudeCode(Agent):
    """It goes by its metadata document."""

    PROGRAM, PACKAGE, NAME = "claude", "@anthropic-ai/claude-code", "Claude Code"
    ENVIRON: ClassVar = {"ANTHROPIC_BASE_URL": "{model}", "ANTHROPIC_API_KEY": TOKEN, "ENABLE_TOOL_SEARCH": "false"}

    async def add(self, server: str, url: str) -> None:
        """Tell it of a server, with the README's command."""
        await self.home.say(f"claude mcp add --transport http {server} {url}")

    async def again(self, server: str) -> None:
        """Sign in."""
        assert f'Authenticated with "{server}"' in await self.home.sign_in(f"claude mcp login {server}")

    async def call(self, server: str) -> str:
        """Let it call."""
        return await self.home.say(f"claude -p 'call echo' --allowedTools mcp__{server}__echo")


class Codex(Agent):
    """It goes by its metadata document."""

    PROGRAM, PACKAGE, NAME = "codex", "@openai/codex", "Codex"
    ENVIRON: ClassVar = {"MODEL_KEY": TOKEN}
    SETTINGS: ClassVar = """
        mcp_oauth_credentials_store = "file"
        model = "none"
        model_provider = "local"
        [model_providers.local]
        name = "local"
        base_url = "{model}/v1"
        wire_api = "responses"
        env_key = "MODEL_KEY"
        """

    async def login(self, server: str, url: str) -> None:
        """Tell it of a server: it signs in at once."""
        self.home.write(".codex/config.toml", self.SETTINGS.replace("{model}", self.model))
        await self.add(server, url)

    async def add(self, server: str, url: str) -> None:
        """Tell it of a server, and sign in."""
        assert "Successfully logged in" in await self.home.sign_in(f"codex mcp add {server} --url {url}")

    async def again(self, server: str) -> None:
        """Sign in."""
        assert "Successfully logged in" in await self.home.sign_in(f"codex mcp login {server}")

    async def call(self, server: str) -> str:  # noqa: ARG002  it knows one server
        """Let it call."""
        options = "--skip-git-repo-check --dangerously-bypass-approvals-and-sandbox"
        return await self.home.say(f"codex exec {options} 'call echo'")


class GeminiCli(Agent):
    """It registers, from its own terminal."""

    PROGRAM, PACKAGE, NAME = "gemini", "@google/gemini-cli", "Gemini CLI"
    ENVIRON: ClassVar = {"GEMINI_API_KEY": TOKEN, "GOOGLE_GEMINI_BASE_URL": "{model}"}
    SETTINGS: ClassVar = {
        "security": {"auth": {"selectedType": "gemini-api-key"}, "folderTrust": {"enabled": False}},
        "general": {"enableAutoUpdate": False},
        "privacy": {"usageStatisticsEnabled": False},
    }

    async def add(self, server: str, url: str) -> None:
        """Tell it of a server."""
        known = self.SETTINGS | {"mcpServers": {server: {"httpUrl": url}}}
        self.home.write(".gemini/settings.json", json.dumps(known))

    async def again(self, server: str) -> None:
        """Sign in."""
        steps = (("for shortcuts", f"/mcp auth {server}\r"), ("want to continue", "\r"))
        await self.home.sign_in("gemini", *steps, until="Successfully authenticated")

    async def call(self, server: str) -> str:  # noqa: ARG002  it knows one server
        """Let it call; a model is named, since it would ask one which to take."""
        return await self.home.say("gemini -m gemini-2.5-flash --yolo -p 'call echo'")


class OpenCode(Agent):
    """It registers."""

    PROGRAM, PACKAGE, NAME = "opencode", "opencode-ai", "opencode"

    async def add(self, server: str, url: str) -> None:
        """Tell it of a server."""
        options = {"baseURL": f"{self.model}/v1", "apiKey": TOKEN}
        provider = {"npm": "@ai-sdk/openai-compatible", "options": options, "models": {"none": {"tool_call": True}}}
        known = {"model": "local/none", "small_model": "local/none", "autoupdate": False}
        known |= {"provider": {"local": provider}, "mcp": {server: {"type": "remote", "url": url}}}
        self.home.write(f"{self.PROGRAM}.json", json.dumps(known))

    async def again(self, server: str) -> None:
        """Sign in."""
        await self.home.sign_in(f"{self.PROGRAM} mcp auth {server}")

    async def call(self, server: str) -> str:  # noqa: ARG002  it knows one server
        """Let it call."""
        return await self.home.say(f"{self.PROGRAM} run 'call echo'")


class Kilo(OpenCode):
    """A sibling of opencode."""

    PROGRAM, PACKAGE, NAME = "kilo", "@kilocode/cli", "Kilo"

    async def again(self, server: str) -> None:
        """Sign in; where it holds what it has for good, it asks whether to do so again, and an Enter says yes."""
        asked = ("(?i)re-authenticate|starting|waiting|http", "\r")
        await self.home.sign_in(f"kilo mcp auth {server}", asked)


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


class CopilotCli(Agent):
    """It signs in when it starts; told of no document, it registers."""

    PROGRAM, PACKAGE, NAME = "copilot", "@github/copilot", "Copilot CLI"
    CLINGS: ClassVar = True
    ENVIRON: ClassVar = {
        "COPILOT_PROVIDER_BASE_URL": "{model}/v1",
        "COPILOT_PROVIDER_TYPE": "openai",
        "COPILOT_PROVIDER_API_KEY": TOKEN,
        "COPILOT_MODEL": "none",
        "COPILOT_OFFLINE": "true",
        "COPILOT_MCP_CIMD_CLIENT_ID_URL": "",
    }

    async def add(self, server: str, url: str) -> None:
        """Tell it of a server."""
        await self.home.say(f"copilot mcp add --transport http {server} {url}")

    async def again(self, server: str) -> None:  # noqa: ARG002  it signs in wherever it never was
        """Sign in."""
        await self.home.sign_in("copilot", ("Do you trust", "\r"), seconds_after=5)

    async def call(self, server: str) -> str:  # noqa: ARG002  it knows one server
        """Let it call."""
        for _ in range(3):  # where the model is asked before the server has said what it has, it is asked once more
            said = await self.home.say("copilot -p 'call echo' --allow-all-tools")
            if NO_SUCH_TOOL not in said:
                break
        return said


class QwenCode(Agent):
    """It registers when it starts."""

    PROGRAM, PACKAGE, NAME = "qwen", "@qwen-code/qwen-code", "Qwen Code"
    ENVIRON: ClassVar = {"OPENAI_API_KEY": TOKEN, "OPENAI_BASE_URL": "{model}/v1", "OPENAI_MODEL": "none"}
    SETTINGS: ClassVar = {
        "security": {"auth": {"selectedType": "openai"}},
        "tools": {"toolSearch": {"enabled": False}},
        "general": {"enableAutoUpdate": False},
    }

    async def add(self, server: str, url: str) -> None:
        """Tell it of a server."""
        self.home.write(".qwen/settings.json", json.dumps(self.SETTINGS | {"mcpServers": {server: {"httpUrl": url}}}))

    async def again(self, server: str) -> None:  # noqa: ARG002  it signs in wherever it has to
        """Sign in."""
        await self.home.sign_in("qwen", seconds_after=6)

    async def call(self, server: str) -> str:  # noqa: ARG002  it knows one server
        """Let it call."""
        return await self.home.say("qwen --yolo -p 'call echo'")


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
        """Let it forget, without a new sign-in."""
        await self.home.say("mcp-inspector $(cat asked) --relogin --stored-auth-only")


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


class PythonFramework(Agent):
    """A program on a Python framework, in the interpreter that TEST_AGENTS_PYTHON names; it registers."""

    PROGRAM: ClassVar = "framework"
    CLINGS: ClassVar = True
    PYTHON: ClassVar = os.environ.get("TEST_AGENTS_PYTHON", "")

    @classmethod
    def check_installed(cls) -> None:
        """Skip the test by name where it is not there."""
        if not cls.PYTHON or not cls.version():
            pytest.skip(f"needs the Python package {cls.PACKAGE}; set TEST_AGENTS_PYTHON to an interpreter that has it")

    @classmethod
    def version(cls) -> str:
        """Return which version is installed, empty for none."""
        asked = f"from importlib.metadata import version; print(version({cls.PACKAGE!r}))"
        return subprocess.run([cls.PYTHON, "-c", asked], capture_output=True, text=True, check=False).stdout.strip()

    async def add(self, server: str, url: str) -> None:  # noqa: ARG002  it keeps none
        """Remember the URL."""
        self.home.write("url", url)

    async def again(self, server: str) -> None:  # noqa: ARG002  it knows one
        """Sign in."""
        await self.home.sign_in(self._command)

    async def call(self, server: str) -> str:  # noqa: ARG002  it knows one
        """Let it call; where it has to sign in, it does."""
        return await self.home.say(self._command, patience=25)

    async def outlive(self, server: str, url: str, over: Callable[[], Awaitable[None]]) -> str:  # noqa: ARG002
        """Let one program sign in, wait and call once more: a new one does not know when its token goes over."""
        await self.add(server, url)
        said = await self.home.sign_in(f"{self._command} 12")
        return said.partition("AND AGAIN")[2]

    async def forget(self, server: str) -> None:  # noqa: ARG002  it knows one
        """Delete what the program keeps."""
        await self.home.say("rm -rf tokens.json kept .mcp_use")

    @property
    def _command(self) -> str:
        return f'{self.PYTHON} {FRAMEWORK} {self.PROGRAM} "$(cat url)" {WORD}'


class LangChain(PythonFramework):
    """LangChain's adapters."""

    PROGRAM, PACKAGE, NAME = "langchain", "langchain-mcp-adapters", "langchain-mcp-adapters"


class OpenAiAgents(PythonFramework):
    """OpenAI's SDK for agents."""

    PROGRAM, PACKAGE, NAME = "openai_agents", "openai-agents", "openai-agents"


class PydanticAi(PythonFramework):
    """Pydantic AI."""

    PROGRAM, PACKAGE, NAME = "pydantic_ai", "pydantic-ai-slim", "pydantic-ai"


class Strands(PythonFramework):
    """Strands Agents."""

    PROGRAM, PACKAGE, NAME = "strands", "strands-agents", "strands"


class FastMcp(PythonFramework):
    """FastMCP's client, with its own sign-in."""

    PROGRAM, PACKAGE, NAME = "fastmcp", "fastmcp", "FastMCP client"
    CLINGS: ClassVar = False


class McpUse(PythonFramework):
    """mcp-use, with its own sign-in."""

    PROGRAM, PACKAGE, NAME = "mcp_use", "mcp-use", "mcp-use"

    async def outlive(self, server: str, url: str, over: Callable[[], Awaitable[None]]) -> str:
        """Let a second program find the token of the first over: one alone keeps what it began with."""
        return await Agent.outlive(self, server, url, over)


CORE: tuple[type[Agent], ...] = (ClaudeCode, Codex, OpenCode, GeminiCli)
"""Those of every run."""
ALL: tuple[type[Agent], ...] = (*CORE, Mcporter, CopilotCli, Kilo, QwenCode, McpRemote, Inspector, InspectorPage)
FRAMEWORKS: tuple[type[Agent], ...] = (LangChain, OpenAiAgents, PydanticAi, Strands, FastMcp, McpUse)
"""All but the last on one SDK: what differs is how they come to it."""
