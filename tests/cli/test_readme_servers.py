"""The README's commands about any MCP server do what it says, as they stand there."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.test_up_servers import call, in_front_of, made_below, run, slug, token_for
from tests.cli.test_watch import go, watch
from tests.outbound.upstream import running_upstream

README = Path(__file__).parents[2] / "README.md"
ITS_URL = "localhost:3000/mcp"


def commands() -> Iterator[list[str]]:
    """Yield each command line in which the README names a server by its URL."""
    for line in README.read_text(encoding="utf-8").splitlines():
        if line.startswith("$ .venv/bin/devgw ") and ITS_URL in line:
            yield shlex.split(line)[2:]


def test_the_readme_shows_each_of_the_commands() -> None:
    assert {each[0] for each in commands()} == {"up", "init", "doctor", "watch"}
    assert len(list(commands())) >= 6


@pytest.mark.parametrize("words", list(commands()), ids=" ".join)
async def test_a_command_of_the_readme_does_what_it_says(words: list[str], tmp_path: Path) -> None:
    async with running_upstream() as upstream:
        upstream.knows_its_clients = True
        here = upstream.origin.removeprefix("http://")
        typed = [re.sub("localhost:3000", here, each) for each in words]
        if typed[0] == "up" and "--dry-run" not in typed:
            async with in_front_of(*typed[1:], here=tmp_path) as session:
                path = f"/mcp/{slug(upstream)}"
                assert (await call(session, path, await token_for(session, path))).status_code == 200
                await session.end()
        elif typed[0] == "watch":
            async with watch(*typed[1:], here=tmp_path) as program:
                assert await go(program.url) == "passes"
                assert "Registered at" in await program.end()
        else:
            done = await run(*typed, here=tmp_path)
            assert done.code == 0, done.out + done.err
    assert made_below(tmp_path) == []
