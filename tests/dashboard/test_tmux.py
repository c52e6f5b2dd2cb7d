"""The real program, gateway and dashboard, in a real terminal emulator."""

import select
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.terminal import devgw


class Tmux:
    """One window of a tmux server of its own."""

    def __init__(self, name: str, command: list[str], columns: int, rows: int) -> None:
        self._base = ["tmux", "-L", name, "-f", "/dev/null"]
        size = ["-x", str(columns), "-y", str(rows)]
        self._run("new-session", "-d", "-s", "t", *size, subprocess.list2cmdline(command) + "; echo left with $?; cat")
        self._run("set", "-g", "status", "off")
        self._run("resize-window", "-t", "t", *size)

    def _run(self, *arguments: str) -> str:
        return subprocess.run([*self._base, *arguments], capture_output=True, text=True, check=True).stdout

    def keys(self, *keys: str) -> None:
        self._run("send-keys", "-t", "t", *keys)

    def resize(self, columns: int, rows: int) -> None:
        self._run("resize-window", "-t", "t", "-x", str(columns), "-y", str(rows))

    def screen(self) -> str:
        return self._run("capture-pane", "-p", "-t", "t")

    def flags(self) -> str:
        return self._run("display", "-p", "-t", "t", "#{alternate_on} #{mouse_any_flag} #{cursor_flag}").strip()

    def until(self, holds: Callable[[str], bool], timeout: float = 30.0) -> str:
        """Return the screen once it is as wanted."""
        end = time.perf_counter() + timeout
        while not holds(text := self.screen()):
            assert time.perf_counter() < end, text
            select.select([], [], [], 0.05)
        return text

    def close(self) -> None:
        subprocess.run([*self._base, "kill-server"], capture_output=True, check=False)


@pytest.fixture
def window(tmp_path: Path) -> Iterator[Tmux]:
    if shutil.which("tmux") is None:
        pytest.skip("tmux is not installed")
    subprocess.run([*devgw("init", str(tmp_path / "p"))], check=True, capture_output=True)
    tmux = Tmux(f"devgw-{tmp_path.name[-12:]}", devgw("up", str(tmp_path / "p"), "--port=0"), 120, 36)
    yield tmux
    tmux.close()


def test_up_shows_the_first_screen_and_leaves_the_terminal_as_it_was(window: Tmux) -> None:
    first = window.until(lambda text: "live" in text and "y 1 copy" in text)
    assert "claude mcp add --transport http" in first
    assert window.flags().startswith("1 1")

    window.keys("3")
    window.until(lambda text: "No token has been issued yet" in text)
    window.keys("?")
    window.until(lambda text: "type to search these keys" in text)
    window.keys("Escape")
    window.until(lambda text: "type to search these keys" not in text)
    window.resize(80, 24)
    window.until(lambda text: "[3Token]" in text)
    window.keys("7")
    window.until(lambda text: "routes.oas.json" in text)

    window.keys("Q")
    window.until(lambda text: "left with 0" in text)
    assert window.flags() == "0 0 1"
