"""A user without an account, a home or any folder that can be written, and a zone that Python cannot have."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from devgw.cli import trust
from devgw.control.folder import is_met
from devgw.platforms import paths
from tests.platforms.lacking import TREE, devgw_without
from tests.trust.process import GatewayProcess

_HAS_NO_HOME = """
import pathlib, tempfile, os
def nowhere(*_):
    raise RuntimeError("Could not determine home directory.")
pathlib.Path.home = nowhere
if os.environ.get("NO_TEMPORARY"):
    def none():
        raise FileNotFoundError(2, "No usable temporary directory found in ['/tmp']")
    tempfile.gettempdir = none
from devgw.cli import main
main()
"""
_NOBODY = 54_321
_JOINING = (("tokens",), ("tail", "--once"), ("why",), ("flows",), ("doctor",), ("trace", "nothing"))
_OTHERS = (("check",), ("up", "localhost:1/mcp"), ("watch", "localhost:1/mcp", "--headless"))


def _run(arguments: tuple[str, ...], folder: Path, **more: str) -> "subprocess.CompletedProcess[str]":
    environ = {**os.environ, "PYTHONPATH": str(TREE), **more}
    environ.pop("XDG_RUNTIME_DIR", None)
    environ.pop("XDG_STATE_HOME", None)
    return subprocess.run(
        [sys.executable, "-c", _HAS_NO_HOME, *arguments],
        cwd=folder,
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("arguments", [*_JOINING, *_OTHERS], ids=" ".join)
@pytest.mark.parametrize("more", [{}, {"NO_TEMPORARY": "1", "TMPDIR": "/nonexistent"}], ids=["home", "temporary"])
def test_a_user_without_a_home_or_a_temporary_folder_meets_sentences(
    arguments: tuple[str, ...], more: dict[str, str], tmp_path: Path
) -> None:
    done = _run(arguments, tmp_path, **more)
    assert "Traceback" not in done.stderr
    assert "current folder is gone" not in done.stderr
    assert done.returncode in {0, 1, 2}


def test_where_nothing_can_be_kept_for_a_command_it_says_what_to_set(tmp_path: Path) -> None:
    done = _run(("up", "localhost:1/mcp"), tmp_path, NO_TEMPORARY="1", TMPDIR="/nonexistent")
    assert done.returncode == 1
    assert "cannot make it in /nonexistent: No such file or directory. Set TMPDIR" in done.stderr


def test_a_folder_that_may_not_be_entered_is_joined_which_says_whose_it_is(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(0o000)
    was = os.geteuid()
    try:
        if was == 0:
            os.seteuid(_NOBODY)
        assert is_met(closed)
    finally:
        os.seteuid(was)
        closed.chmod(0o700)
    assert not is_met(closed)


def test_a_home_that_is_no_folder_keeps_no_answer_and_raises_nothing() -> None:
    trust._keep(Path("/dev/null/.local/state/devgw/trusted.json"), {})


def test_a_home_that_is_no_folder_is_refused_with_the_way_out(tmp_path: Path) -> None:
    arguments = ("watch", "localhost:1/mcp", "--headless", "--looked")
    done = devgw_without("", arguments, tmp_path, HOME="/dev/null", XDG_STATE_HOME="")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "--state-dir" in done.stderr


def test_without_a_home_it_is_the_root_as_in_a_container(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere() -> Path:
        raise RuntimeError

    monkeypatch.setattr(Path, "home", nowhere)
    assert paths.home_folder() == Path("/")


@pytest.mark.parametrize("zone", ["ABC-25:99", "XYZ+24", "Nowhere/Odd"])
async def test_a_zone_that_python_cannot_have_ends_no_line(zone: str, tmp_path: Path) -> None:
    async with GatewayProcess(tmp_path, environ={**os.environ, "TZ": zone}) as gateway:
        for arguments in (("tail", "--once"), ("flows",)):
            done = devgw_without("", arguments, tmp_path, TZ=zone)
            assert (done.returncode, done.stderr.partition("No flow")[0]) == (0, "")
        gateway.terminate()
    assert "gateway answers at" in gateway.said()
