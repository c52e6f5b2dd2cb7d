"""A project in a folder with an unusual name, behind a link, or where the person has no home."""

import os
import shlex
import shutil
import subprocess
from pathlib import Path

import httpx2
import pytest

from devgw.cli.watch_words import beginning, proxied_beginning
from devgw.config.sample import sample_root
from devgw.control.folder import passing_folder
from devgw.gateway.watched.origins import WatchedOrigins
from tests.cli.test_ending import ended_by, origin_of, started
from tests.support.terminal import devgw

NAMES = {
    "spaces": "my own project",
    "quotes": 'it\'s a "project"',
    "shell": "$(touch ran)`touch ran`;#",
    "letters": "プロジェクト é",
    "lines": "a\nb: error: forged",
    "dash": "-p",
    "backwards": "a\u202eb",
    "no utf-8": os.fsdecode(b"a\xffb"),
}


def made(folder: Path) -> Path:
    shutil.copytree(sample_root(), folder)
    return folder


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_a_project_is_checked_wherever_it_lies_and_its_name_forges_no_line(tmp_path: Path, name: str) -> None:
    made(tmp_path / name)
    command = devgw("check", f"./{name}")
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "config/policies.json:15:" in done.stdout
    assert not any(each.startswith("b: error: forged") for each in done.stdout.splitlines())
    assert "\u202e" not in done.stdout
    assert not list(tmp_path.rglob("ran"))


@pytest.mark.parametrize("name", [NAMES["quotes"], NAMES["lines"], NAMES["no utf-8"]], ids=["quotes", "lines", "bytes"])
def test_a_gateway_runs_there_and_is_found(tmp_path: Path, name: str) -> None:
    project = made(tmp_path / name)
    with started(devgw("up", "--headless", "--port=0"), project) as process:
        assert httpx2.get(origin_of(project)).status_code == 200
        assert ended_by(process) < 5
    assert process.returncode == 0


@pytest.mark.parametrize("is_ephemeral", [True, False])
def test_a_gateway_that_was_started_behind_a_link_is_found_by_both_ways(tmp_path: Path, *, is_ephemeral: bool) -> None:
    project = made(tmp_path / "project")
    (tmp_path / "link").symlink_to(project)
    more = ["--ephemeral"] if is_ephemeral else []
    with started(devgw("up", "--headless", "--port=0", *more, "link"), tmp_path) as process:
        origin = origin_of(project)
        assert origin_of(tmp_path / "link") == origin
        again = subprocess.run(
            devgw("up", "--headless", "--port=0", *more), cwd=project, capture_output=True, text=True, check=False
        )
        assert again.returncode == 1, "one gateway per project, whatever way leads to it"
        assert ended_by(process) < 5
    assert passing_folder(project) == passing_folder(tmp_path / "link")


def test_a_person_without_a_home_runs_it_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = made(tmp_path / "project")
    for each in ("HOME", "XDG_RUNTIME_DIR", "XDG_STATE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(each, raising=False)
    with started(devgw("up", "--headless", "--port=0"), project) as process:
        assert httpx2.get(origin_of(project)).status_code == 200
        assert ended_by(process) < 5
        assert process.stderr is not None
        assert b"Traceback" not in process.stderr.read()


@pytest.mark.parametrize("name", ["my folder", "it's", "$(touch ran)", "plain"])
def test_a_command_that_is_printed_is_read_by_the_shell_as_it_is_meant(name: str) -> None:
    folder = Path("/tmp") / name
    origins = WatchedOrigins("http://localhost:3000/mcp", lambda *_: None)  # type: ignore[arg-type]
    for words in (beginning("http://localhost:3000/mcp", 9000, folder), proxied_beginning(origins, ["X"], folder)):
        (line,) = (each for each in words if "devgw why" in each)
        assert shlex.split(line[line.index("devgw why") :])[-1] == str(folder)


def test_a_start_in_a_folder_of_a_project_names_the_project(tmp_path: Path) -> None:
    """The sample ran there without a word of the project around it."""
    project = made(tmp_path / "project")
    with started(devgw("up", "--headless", "--port=0", "--ephemeral"), project / "config") as process:
        assert process.stdout is not None
        said = process.stdout.readline().decode()

    assert f"No project in {project / 'config'}: the built-in sample runs." in said
    assert f"There is one in {project}: `devgw up {project}`." in said
