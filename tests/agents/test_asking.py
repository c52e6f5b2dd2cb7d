"""A coding agent asks devgw itself why a login failed: the real programs, with the command that is printed for them."""

import json
import os
import shlex
import sys
from pathlib import Path

import pytest

from tests.agents.agent import Agent
from tests.agents.agents import ClaudeCode, Codex
from tests.agents.model import serve_model
from tests.support.sample_gateway import sample_gateway

TREE = Path(__file__).parents[2]
ADD = {ClaudeCode: "claude mcp add devgw -- {command}", Codex: "codex mcp add devgw -- {command}"}
ASK = {
    ClaudeCode: "claude -p 'Why did my login fail? Please call why.' --allowedTools mcp__devgw__why",
    Codex: "codex exec --skip-git-repo-check --dangerously-bypass-approvals-and-sandbox 'Please call why.'",
}


@pytest.mark.parametrize("kind", ADD, ids=lambda kind: kind.NAME)
async def test_an_agent_is_told_why_a_login_failed(kind: type[Agent], tmp_path: Path) -> None:
    with sample_gateway(tmp_path / "project") as gateway:
        gateway.run("fault", "secret-wrong")
        assert gateway.run("login", "--as", "ada").returncode == 1
        async with serve_model() as model:
            agent = kind(tmp_path / "home", model)
            if isinstance(agent, Codex):
                agent.home.write(".codex/config.toml", agent.SETTINGS.replace("{model}", model))
            environ = shlex.join([f"PYTHONPATH={TREE}", f"DEVGW_STATE_DIR={gateway.state_dir}"])
            devgw = f"env {environ} {shlex.quote(sys.executable)} -m devgw mcp"
            command = f"{devgw} -C {shlex.quote(os.fspath(gateway.folder))}"
            await agent.home.say(ADD[kind].format(command=command))
            said = await agent.home.say(ASK[kind])
        (found,) = json.loads(gateway.run("why", "--json").stdout.splitlines()[0])["diagnoses"]
    assert (found["id"] in said, found["fix"] in said) == (True, True), said
