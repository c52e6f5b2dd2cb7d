"""The dashboard over a watched server, in a real terminal emulator."""

import asyncio
import shutil
from pathlib import Path

import httpx2
import pytest

from tests.dashboard.test_tmux import Tmux
from tests.support.terminal import devgw
from tests.watched.bench import sample
from tests.watched.raw import RawClient


def left(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.rglob("*") if not each.is_dir())


async def test_it_shows_the_flow_of_a_watched_server_and_q_leaves_the_list_of_clients_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if shutil.which("tmux") is None:
        pytest.skip("tmux is not installed")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    async with sample() as server, httpx2.AsyncClient(timeout=10, headers={"user-agent": "raw/1"}) as http:
        command = devgw("watch", server.metadata.resource, "--port=9417")
        tmux = await asyncio.to_thread(Tmux, f"devgw-{tmp_path.name[-12:]}", command, 120, 36)
        try:
            first = await asyncio.to_thread(tmux.until, lambda text: "live" in text and "Watches" in text)
            assert server.metadata.resource in first
            assert "press t to sign in" not in first
            assert "sign in here" not in first
            tmux.keys("T")
            await asyncio.to_thread(tmux.until, lambda text: "a watched server is not steered from here" in text)
            assert await RawClient(http, "http://localhost:9417/mcp").go() == "passes"
            shown = await asyncio.to_thread(tmux.until, lambda text: "Raw" in text and "done" in text)
            assert "live :9417" in shown
            tmux.keys("3")
            await asyncio.to_thread(tmux.until, lambda text: "A watched server keeps these itself" in text)
            tmux.keys("Q")
            said = await asyncio.to_thread(tmux.until, lambda text: "left with" in text)
        finally:
            tmux.close()
    assert "left with 0" in said
    assert "Registered at" in said
    assert left(tmp_path) == [".gitignore", "watched.json"]
