"""The session in the README is one that happened: its lines are typed, and what they print is what stands there."""

import asyncio
import os
import re
import shlex
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest

from tests.agents.agents import ClaudeCode
from tests.agents.model import serve_model
from tests.agents.table import README
from tests.support.serving import listen

TREE = Path(__file__).parents[2]
PORTS = (9000, 9001, 9002, 9003)
UP, LOGIN = "devgw up --headless", "claude mcp login"
CHANGES = (
    (r"\d\d:\d\d:\d\d", "TIME"),
    (r"\b[0-9a-f]{6,}\b", "ID"),
    (r"localhost:\d{5}", "localhost:PORT"),
    (r"\b[\d.]+ (ms|of it here)", "N"),
    (r"^No project in \S+:", "No project in FOLDER:"),
    (r"\s+", " "),
)
"""What is another at every run."""


def session() -> list[tuple[str, list[str]]]:
    """Return the commands of the README's session, each with the lines that it prints there."""
    (block,) = re.findall(rf"```console\n(\$ {UP}\n.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    commands = [each.splitlines() for each in re.split(r"^\$ ", block, flags=re.MULTILINE) if each]
    return [(command, [line for line in lines if line and line != "…"]) for command, *lines in commands]


def same(line: str) -> str:
    """Return a line as it is at every run."""
    for pattern, put in CHANGES:
        line = re.sub(pattern, put, line)
    return line.strip()


def assert_printed(lines: list[str], output: str) -> None:
    """The lines stand in the output, in this order."""
    printed = iter(same(each) for each in output.splitlines())
    for line in lines:
        assert same(line) in printed, f"{line!r} is not in\n{output}"


@asynccontextmanager
async def started(
    command: list[str], folder: Path, environ: dict[str, str]
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run the gateway while the block runs."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, env=environ, stdout=pipe, stderr=asyncio.subprocess.STDOUT
    )
    try:
        async with httpx2.AsyncClient() as http, asyncio.timeout(30):
            while True:
                try:
                    await http.get(f"http://localhost:{PORTS[0]}/")
                except httpx2.ConnectError:
                    await asyncio.sleep(0.1)
                else:
                    break
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def test_the_session_of_the_readme_happens(tmp_path: Path) -> None:
    if busy := [port for port in PORTS if not is_free(port)]:
        pytest.skip(f"needs the ports of a fresh install; {busy} are taken")
    (up, first), *rest = session()
    folder = tmp_path / "empty"
    folder.mkdir()
    async with serve_model() as model:
        agent = ClaudeCode(tmp_path / "home", model)
        environ = {**os.environ, "PYTHONPATH": str(TREE), "HOME": agent.home.environ["HOME"]}
        agent.home.environ["PYTHONPATH"] = str(TREE)
        async with started(ours(up), folder, environ) as gateway:
            for command, lines in rest:
                if command.startswith("devgw"):
                    output = await agent.home.say(f"cd {folder} && {shlex.join(ours(command))}")
                elif command.startswith(LOGIN):
                    output = await agent.home.sign_in(command)
                else:
                    output = await agent.home.say(command)
                assert_printed(lines, output)
            gateway.terminate()
            assert gateway.stdout is not None
            assert_printed(first, (await gateway.stdout.read()).decode())


def is_free(port: int) -> bool:
    """Tell whether a server may have the port."""
    try:
        listen(port=port).close()
    except OSError:
        return False
    return True


def ours(command: str) -> list[str]:
    """Return how a command of devgw runs from this tree."""
    return [sys.executable, "-m", *shlex.split(command)]
