"""What differs between systems is asked in one place, and what is refused at a start is a sentence."""

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Never

import click
import pytest
from click.testing import CliRunner

from devgw.cli import LazyGroup
from devgw.platforms.here import here
from devgw.platforms.linux import Linux
from devgw.platforms.macos import Macos
from devgw.platforms.platform import Platform
from devgw.platforms.posix import Bsd
from devgw.problems import Refused
from devgw.problems.control import StateDirectoryUnusable
from tests.platforms.lacking import TREE, lacking

_ASKS = ("import fcntl", "import sys\nprint(sys.platform)", "import os\nprint(os.name)", "import webbrowser")


@pytest.mark.parametrize("source", _ASKS)
def test_nobody_else_asks_the_system(source: str) -> None:
    """The linter says so; here stands that it does."""
    command = [sys.executable, "-m", "ruff", "check", "--select", "TID251", "--stdin-filename"]
    for file, code in (("devgw/cli/new.py", 1), ("devgw/platforms/new.py", 0)):
        done = subprocess.run(
            [*command, file, "-"], input=source, cwd=TREE, capture_output=True, text=True, check=False
        )
        assert done.returncode == code, done.stdout + done.stderr


class _Refusing(LazyGroup):
    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  click's signature
        @click.command(cmd_name)
        def command() -> Never:
            raise Refused(StateDirectoryUnusable("/mnt/c/p/.devgw", "Operation not supported"))

        return command


def test_whatever_is_refused_at_any_moment_is_a_sentence_with_what_mends_it() -> None:
    done = CliRunner().invoke(_Refusing("devgw"), ["up"])
    assert done.exit_code == 1
    assert "/mnt/c/p/.devgw cannot be used for devgw's state: Operation not supported." in done.output
    assert "--state-dir" in done.output
    assert isinstance(done.exception, SystemExit)


@pytest.mark.parametrize(
    ("name", "system"),
    [("linux", "Linux"), ("darwin", "macOS"), ("win32", "Windows"), ("freebsd14", "this system")],
)
def test_each_system_is_a_class_of_its_own(name: str, system: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", name)
    assert here().name == system
    assert bool(here().at_start) == (system not in {"Linux", "macOS"})


def test_no_class_of_a_system_leaves_anything_open() -> None:
    for each in Platform.__subclasses__():
        assert not each.__abstractmethods__, each
    assert isinstance(here(), Linux)
    assert Bsd().opens_browser({}) == ("the system's own", "")


def test_a_peer_whose_user_the_system_does_not_tell_is_nobody_in_particular() -> None:
    """The state folder is its owner's alone all the same; the option is Apple's, and no Linux knows it."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert Macos().peer_user(ours) is None
        assert here().peer_user(ours) == os.geteuid()


def test_a_system_whose_module_is_missing_is_not_imported(tmp_path: Path) -> None:
    """Windows has no fcntl, and Linux no msvcrt."""
    asked = (
        "import sys; from devgw.platforms.here import here; print(here().name, 'devgw.platforms.posix' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", asked], env=lacking("windows"), cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["Windows", "False"]


def _runs(python: str) -> bool:
    return subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode == 0


def test_a_python_that_is_too_old_is_told_which_it_has_to_be(tmp_path: Path) -> None:
    """Apple's `python3` is 3.9: in a clone nothing was installed, and so no installer has said it."""
    named = [*map(shutil.which, ("python3.9", "python3.10")), *Path.home().glob(".pyenv/versions/3.9*/bin/python")]
    old = next((str(each) for each in named if each and _runs(str(each))), None)
    if old is None:
        pytest.skip("no Python before 3.11 is installed")
    environ = {"PYTHONPATH": str(TREE), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [old, "-m", "devgw", "up"], cwd=tmp_path, env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith("devgw needs Python 3.11 or newer, and this is 3.")
    assert "Traceback" not in done.stderr
