"""The Python frameworks, each as a program of a few lines that uses it."""

import os
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import ClassVar

import pytest

from tests.agents.agent import Agent
from tests.agents.model import WORD

FRAMEWORK = Path(__file__).parents[1] / "clients" / "framework.py"


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
