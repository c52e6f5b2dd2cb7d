"""Where there is no folder for a control socket, or for the state, whoever starts is told what that means."""

import os
from pathlib import Path

import pytest

from devgw.cli.serving import why_not_here
from devgw.control.folder import SOCKET, passing_folder
from devgw.files import own_folder
from devgw.problems import Refused
from devgw.settings import Settings
from devgw.wiring.building import build
from tests.support.gateway import running_gateway


@pytest.fixture
def runtime_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the user's runtime folder."""
    folder = tmp_path / "run"
    folder.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    return folder


@pytest.fixture
def project(tmp_path: Path, runtime_folder: Path) -> Path:
    """Return a folder for which no socket can be had."""
    assert runtime_folder.is_dir()
    root = tmp_path / "project"
    root.mkdir()
    passing_folder(root).write_text("in the way")
    return root


async def test_a_gateway_without_a_control_socket_says_so_and_what_does_not_work(project: Path) -> None:
    async with running_gateway(project) as gateway:
        said = gateway.runtime.notes[0]
        assert gateway.runtime.lock is None
    assert f"{passing_folder(project)} cannot be used for devgw's control socket: it is no folder." in said
    assert "Set XDG_RUNTIME_DIR to a folder" in said
    assert "`devgw attach`, `why`, `tokens`, `trace` and `tail` find no gateway here" in said
    assert "nothing keeps a second one from this project" in said


@pytest.mark.usefixtures("runtime_folder")
async def test_one_whose_folder_takes_a_lock_and_no_socket_runs_and_says_so(tmp_path: Path) -> None:
    """As where the temporary folder has no more room."""
    folder = passing_folder(tmp_path)
    own_folder(folder)
    (folder / SOCKET).write_text("in the way")
    async with running_gateway(tmp_path) as gateway:
        said = gateway.runtime.notes[0]
        assert gateway.runtime.lock is None
    assert f"{folder / SOCKET} cannot be used for devgw's control socket: it is no socket" in said
    assert "Set XDG_RUNTIME_DIR to a folder" in said
    assert (folder / SOCKET).read_text() == "in the way"


@pytest.mark.usefixtures("runtime_folder")
async def test_one_with_a_control_socket_says_nothing_of_it(tmp_path: Path) -> None:
    async with running_gateway(tmp_path / "run") as gateway:
        assert gateway.runtime.lock is not None
        assert not any("socket" in each for each in gateway.runtime.notes)


def test_a_dashboard_that_needs_the_socket_is_refused_with_the_way_without(project: Path) -> None:
    told = why_not_here(passing_folder(project), Settings(root=project, ephemeral=True))
    assert "Set XDG_RUNTIME_DIR" in told
    assert "with --headless a gateway runs without that socket" in told
    assert "--state-dir" not in told


def test_without_a_runtime_folder_it_is_the_other_variable_that_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "not there"))
    (tmp_path / "file").write_text("in the way")
    assert "Set TMPDIR" in why_not_here(tmp_path / "file", Settings(root=tmp_path, ephemeral=True))


@pytest.mark.parametrize("is_named", [True, False])
def test_a_state_folder_that_cannot_be_used_is_refused_with_the_way_without(tmp_path: Path, *, is_named: bool) -> None:
    (tmp_path / ".devgw").write_text("in the way")
    settings = Settings(root=tmp_path, port=0, state_dir=tmp_path / ".devgw" if is_named else None)
    with pytest.raises(Refused) as refused:
        build(settings, os.environ)
    assert "name another folder with --state-dir, or keep nothing with --ephemeral." in refused.value.problem.advise()
    assert "--ephemeral" in why_not_here(settings.state_path, settings)


def test_where_nobody_can_choose_the_way_without_is_not_named(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("in the way")
    assert "--ephemeral" not in why_not_here(tmp_path / "state")
