"""The agents with a model behind them, and which agents there are."""

import json
from typing import ClassVar

from tests.agents.agent import Agent
from tests.agents.connectors import Inspector, InspectorPage, Mcporter, McpRemote
from tests.agents.frameworks import FastMcp, LangChain, McpUse, OpenAiAgents, PydanticAi, Strands
from tests.agents.model import NO_SUCH_TOOL

TOKEN = "none"


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


CORE: tuple[type[Agent], ...] = (ClaudeCode, Codex, OpenCode, GeminiCli)
"""Those of every run."""
ALL: tuple[type[Agent], ...] = (*CORE, Mcporter, CopilotCli, Kilo, QwenCode, McpRemote, Inspector, InspectorPage)
FRAMEWORKS: tuple[type[Agent], ...] = (LangChain, OpenAiAgents, PydanticAi, Strands, FastMcp, McpUse)
"""All but the last on one SDK: what differs is how they come to it."""
