"""`devgw connect CLIENT --write` and `--undo`, with the clients themselves: what they keep afterwards."""

import shlex
import sys
from pathlib import Path

import pytest

from tests.agents.agent import Agent
from tests.agents.agents import ClaudeCode, CopilotCli, GeminiCli, OpenCode

URL = "http://localhost:9000/mcp/sample"


@pytest.mark.parametrize("kind", [ClaudeCode, GeminiCli, OpenCode, CopilotCli], ids=lambda kind: kind.NAME)
async def test_a_client_is_given_a_server_and_forgets_it_again(kind: type[Agent], tmp_path: Path) -> None:
    home = kind(tmp_path, "http://127.0.0.1:9").home
    home.environ["PYTHONPATH"] = str(Path(__file__).parents[2])
    connect = f"{shlex.quote(sys.executable)} -m devgw connect {kind.PROGRAM} sample"

    said = await home.say(f"{connect} --write")
    assert "to sign in" in said, said
    kept = home.files_with(URL)
    assert kept, said

    await home.say(f"{connect} --undo")
    assert not [each for each in home.files_with(URL) if "backup" not in each]
