"""`devgw connect`: what adds a project's servers to a client; in its file, nothing else is touched."""

import json
import os
import shlex
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from devgw.cli.connect import command
from devgw.foreign.client_setup import CLIENT_SETUPS, ClientSetup

FILES = [each for each in CLIENT_SETUPS if each.file and not each.file.startswith("~/")]


def connect(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(command, [*words, "-C", str(folder)])


def test_each_client_says_how_it_is_given_a_server_and_how_to_take_it_back(tmp_path: Path) -> None:
    assert all(each.id in connect(tmp_path).stdout for each in CLIENT_SETUPS)
    for each in CLIENT_SETUPS:
        printed = connect(tmp_path, each.id, "sample").stdout
        assert "http://localhost:9000/mcp/sample" in printed
        assert "/mcp/notes" not in printed
        assert "to sign in" in printed
        assert ("--undo" in printed or "to take it out" in printed) == (each.id != "inspector")
    assert not list(tmp_path.iterdir())


def test_each_client_says_how_it_is_given_devgw_itself(tmp_path: Path) -> None:
    for each in CLIENT_SETUPS:
        printed = connect(tmp_path, each.id, "--agent").stdout
        assert "/mcp/" not in printed
        if each.file:
            document = json.loads(printed[printed.index("{") : printed.rindex("}") + 1])[each.member]["devgw"]
            words = [document["command"], *document.get("args", [])] if "args" in document else document["command"]
        else:
            words = shlex.split(printed.splitlines()[0])
        assert words[-5:] == ["-m", "devgw", "mcp", "-C", str(tmp_path)]
    assert "no route" in connect(tmp_path, "codex", "sample", "--agent").stderr


@pytest.mark.parametrize("setup", FILES, ids=lambda setup: setup.id)
def test_devgw_itself_is_put_into_a_file_once_and_taken_out_again(setup: ClientSetup, tmp_path: Path) -> None:
    assert connect(tmp_path, setup.id, "--write").exit_code == 0
    before = (tmp_path / setup.file).read_text()
    assert connect(tmp_path, setup.id, "--agent", "--write").exit_code == 0
    assert "was there before" in connect(tmp_path, setup.id, "--agent", "--write").stdout
    assert list(json.loads((tmp_path / setup.file).read_text())[setup.member]) == ["sample", "notes", "devgw"]
    assert connect(tmp_path, setup.id, "--agent", "--undo").exit_code == 0
    assert (tmp_path / setup.file).read_text() == before


@pytest.mark.parametrize("setup", FILES, ids=lambda setup: setup.id)
@pytest.mark.parametrize("indent", ["  ", "    ", "\t"])
def test_what_else_stands_in_a_client_s_file_stays_as_it_was(setup: ClientSetup, indent: str, tmp_path: Path) -> None:
    path = tmp_path / setup.file
    path.parent.mkdir(exist_ok=True)
    before = json.dumps({"a": {"ü": [1]}, setup.member: {"mine": {"x": "y"}}}, indent=indent, ensure_ascii=False) + "\n"
    path.write_text(before, encoding="utf-8")
    path.chmod(0o600)

    assert connect(tmp_path, setup.id, "--write").exit_code == 0
    kept = json.loads(path.read_text(encoding="utf-8"))
    assert list(kept[setup.member]) == ["mine", "sample", "notes"]
    assert "http://localhost:9000/mcp/notes" in kept[setup.member]["notes"].values()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "was there before" in connect(tmp_path, setup.id, "sample", "--write").stdout

    assert connect(tmp_path, setup.id, "--undo").exit_code == 0
    assert path.read_text(encoding="utf-8") == before
    assert "is not in" in connect(tmp_path, setup.id, "--undo").stdout
    assert [each.name for each in path.parent.iterdir() if each.is_file()] == [path.name]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"mcpServers": {}, // mine\n}', "no plain JSON"),
        ('{"mcpServers": {"sample": {"url": "https://else.example/mcp"}}}', "another sample already"),
        ('{"mcpServers": {"sample": {}, "sample": {}}}', "no plain JSON"),
        ('{"mcpServers": []}', "is no object"),
        ("[]", "holds no JSON object"),
        ('{"mcpServers": "\xff"}', "no plain JSON"),
    ],
)
def test_a_file_that_is_not_understood_is_left_and_what_to_add_is_said(content: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / ".cursor" / "mcp.json"
    path.parent.mkdir()
    path.write_bytes(content.encode("latin-1"))

    result = connect(tmp_path, "cursor", "sample", "--write")

    assert result.exit_code == 1
    assert said in result.stderr
    assert '"sample": {"url": "http://localhost:9000/mcp/sample"}' in result.stderr
    assert path.read_bytes() == content.encode("latin-1")


@pytest.mark.parametrize("link", [".cursor", ".cursor/mcp.json"])
@pytest.mark.parametrize("flag", ["--write", "--undo"])
def test_nothing_is_written_through_a_link_in_the_project(link: str, flag: str, tmp_path: Path) -> None:
    outside, project = tmp_path / "outside", tmp_path / "project"
    outside.mkdir()
    (project / link).parent.mkdir(parents=True)
    kept = outside / "mcp.json"
    kept.write_text('{"mcpServers": {"sample": {"url": "http://localhost:9000/mcp/sample"}}}')
    (project / link).symlink_to(outside if link == ".cursor" else kept)

    result = connect(project, "cursor", "--write" if flag == "--write" else "--undo")

    assert result.exit_code == 1
    assert "is a link" in result.stderr
    assert list(json.loads(kept.read_text())["mcpServers"]) == ["sample"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("curser",), "Did you mean cursor?"),
        (("zzz",), "Known: claude-code"),
        (("codex", "/mcp/nope"), "There are: /mcp/sample, /mcp/notes."),
        (("cursor", "--write", "--undo"), "opposites"),
    ],
)
def test_what_does_not_exist_is_said_with_what_does(words: tuple[str, ...], said: str, tmp_path: Path) -> None:
    result = connect(tmp_path, *words)
    assert result.exit_code == 1
    assert said in result.stderr


def test_a_client_is_found_by_the_beginning_of_its_name(tmp_path: Path) -> None:
    assert "claude mcp add" in connect(tmp_path, "claude").stdout
    assert "mcpServers" in connect(tmp_path, "Cursor").stdout
    assert connect(tmp_path, "co").exit_code == 1  # Codex, or Copilot


def test_what_a_client_takes_and_what_it_refuses_is_said_of_each_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of none that was taken it said: sample, notes is not."""
    program = tmp_path / "bin" / "claude"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\ncase "$*" in *notes*) exit 1;; esac\n', encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    added = connect(tmp_path, "claude-code", "--write")
    taken_out = connect(tmp_path, "claude-code", "/mcp/notes", "--undo")

    assert (added.exit_code, taken_out.exit_code) == (1, 1)
    assert "Added: sample. Not added: notes." in added.stderr
    assert "Not taken out: notes." in taken_out.stderr
    assert "to sign in: claude mcp login sample" in added.stdout
