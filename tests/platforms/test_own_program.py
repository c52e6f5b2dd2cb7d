"""The processes that devgw starts of itself: they run nothing of the folder in which it was started."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from devgw.platforms import own_program
from devgw.platforms.here import here
from devgw.platforms.own_program import own_command
from devgw.platforms.platform import Platform
from devgw.platforms.posix import Posix
from devgw.platforms.windows import Windows
from tests.support.terminal import devgw
from tests.trust.process import free_port

_SHADOWS = ("devgw", "h2", "json", "quart", "textual", "sitecustomize")
_TREE = Path(__file__).parents[2]


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    """Return somebody's project with modules in it that are named as what devgw imports, and tell that they ran."""
    for each in _SHADOWS:
        (tmp_path / f"{each}.py").write_text(
            f"open({str(tmp_path / 'ran')!r}, 'w').write({each!r})\nraise SystemExit\n"
        )
    return tmp_path


@pytest.mark.parametrize("words", [("--version",), ("attach", "--help"), ("up", "--help")], ids=" ".join)
def test_it_is_the_program_itself_and_no_module_of_the_current_folder(
    words: tuple[str, ...], foreign: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(foreign)
    done = subprocess.run(own_command(*words), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "devgw" in done.stdout
    assert not (foreign / "ran").exists()


def test_where_it_is_started_in_its_own_tree_that_tree_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(_TREE)
    assert own_command("up") == [sys.executable, "-m", "devgw", "up"]


def test_its_own_tree_is_known_again_by_another_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A symbolic link to it, and on macOS and Windows another case: without it in the path, nothing would run."""
    (tmp_path / "link").symlink_to(_TREE)
    monkeypatch.setattr(own_program, "_TREE", tmp_path / "link")
    monkeypatch.chdir(_TREE)
    assert "-P" not in own_command("up")


def test_where_the_current_folder_is_gone_nothing_is_looked_for_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert "-P" in own_command("up")


@pytest.mark.parametrize("platform", [Posix, Windows])
def test_every_system_starts_it_the_same_way(
    platform: type[Platform], foreign: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What differs is the group in which it runs, and how a shell reads it; not what is run."""
    monkeypatch.chdir(foreign)
    command = own_command("attach", "my project", "--web")
    assert command[1:4] == ["-P", "-m", "devgw"]
    line = platform.shell_line(here(), command)
    assert " -P -m devgw attach " in line
    assert ("'my project'" in line) or ('"my project"' in line)
    assert set(dict(platform.apart.fget(here()))) <= {"process_group", "start_new_session", "creationflags"}  # type: ignore[attr-defined]


@pytest.mark.parametrize("face", [("up",), ("watch", "localhost:1/mcp", "--looked")], ids=lambda each: each[0])
def test_the_gateway_beside_a_dashboard_runs_nothing_of_the_project(face: tuple[str, ...], foreign: Path) -> None:
    interpreter, *words = devgw(*face, "--web", f"--port={free_port()}")
    as_installed = [interpreter, "-P", *words]  # as the installed command: it does not look here either
    environ = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(as_installed, cwd=foreign, env=environ, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            said = process.stdout.readline()
        finally:
            process.terminate()
            process.wait(20)
    assert not (foreign / "ran").exists()
    assert "http://" in said
