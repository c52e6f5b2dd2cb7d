"""`devgw connect CLIENT --write` and `--undo`, with the clients themselves: what they keep afterwards."""

import shlex
import sys
from pathlib import Path

import pytest

from tests.agents.agent import Agent
from tests.agents.agents import ClaudeCode, Codex, CopilotCli, GeminiCli, OpenCode

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


@pytest.mark.parametrize("kind", [ClaudeCode, Codex, GeminiCli, OpenCode, CopilotCli], ids=lambda kind: kind.NAME)
async def test_a_client_is_given_devgw_itself_and_forgets_it_again(kind: type[Agent], tmp_path: Path) -> None:
    home = kind(tmp_path, "http://127.0.0.1:9").home
    home.environ["PYTHONPATH"] = str(Path(__file__).parents[2])
    connect = f"{shlex.quote(sys.executable)} -m devgw connect {kind.PROGRAM} --agent"

    said = await home.say(f"{connect} --write")
    assert "why did my login fail?" in said, said
    kept = [each for each in home.files_with(r"\bdevgw\b") if (tmp_path / each).suffix in {".json", ".toml", ".jsonc"}]
    texts = [(tmp_path / each).read_text() for each in kept]
    words = [sys.executable, "-m", "devgw", "mcp", "-C"]
    assert [text for text in texts if all(f'"{word}"' in text for word in words)], (said, kept)

    await home.say(f"{connect} --undo")
    left = [(tmp_path / each).read_text() for each in kept if (tmp_path / each).exists() and "backup" not in each]
    assert not [text for text in left if '"mcp", "-C"' in " ".join(text.split())]
