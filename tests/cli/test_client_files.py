"""The file of an MCP client: its mode, its line ends and its mark stay, and what cannot be written is said."""

import json
import os
import stat
from pathlib import Path

import pytest

from tests.cli.test_connect import connect

SAMPLE = {"url": "http://localhost:9000/mcp/sample"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / ".cursor" / "mcp.json"
    found.parent.mkdir()
    return found


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644, 0o664, 0o700])
@pytest.mark.parametrize("before", ["", "  \n", "{}", '{"mcpServers": {"mine": {}}}'])
def test_a_file_that_is_there_keeps_its_mode(mode: int, before: str, path: Path, tmp_path: Path) -> None:
    path.write_text(before)
    path.chmod(mode)
    assert connect(tmp_path, "cursor", "sample", "--write").exit_code == 0
    assert mode_of(path) == mode
    assert connect(tmp_path, "cursor", "sample", "--undo").exit_code == 0
    assert mode_of(path) == mode


@pytest.mark.parametrize("umask", [0o022, 0o077, 0o027, 0o002])
def test_a_new_file_gets_the_mode_that_the_person_wants(umask: int, tmp_path: Path) -> None:
    was = os.umask(umask)
    try:
        assert connect(tmp_path, "cursor", "sample", "--write").exit_code == 0
    finally:
        os.umask(was)
    assert mode_of(tmp_path / ".cursor" / "mcp.json") == 0o666 & ~umask
    assert mode_of(tmp_path / ".cursor") == 0o777 & ~umask


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_line_ends_and_mark_stay(mark: bytes, end: bytes, path: Path, tmp_path: Path) -> None:
    before = mark + b'{\n  "a": "\\u00fc", "n": 1.0e2,\n  "mcpServers": {\n    "mine": {}\n  }\n}\n'.replace(b"\n", end)
    path.write_bytes(before)
    assert connect(tmp_path, "cursor", "--write").exit_code == 0
    written = path.read_bytes()
    assert written.startswith(before[: before.index(b'"mine": {}')])
    assert written.count(b"\n") == written.count(end)
    assert json.loads(written.removeprefix(mark))["mcpServers"]["sample"] == SAMPLE
    assert connect(tmp_path, "cursor", "--undo").exit_code == 0
    assert path.read_bytes() == before


@pytest.mark.parametrize("flag", ["--write", "--undo"])
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            b'{"a": "\\ud800", "mcpServers": {%s}}',
            "Half of a surrogate pair stands in this string. Write the",
        ),
        (b'{"\\udfff": 1, "mcpServers": {%s}}', "Half of a surrogate pair"),
        (b'{"a": "\xed\xa0\x80", "mcpServers": {%s}}', "no plain JSON"),
        ('{"mcpServers": {%s}}'.encode("utf-16"), "no plain JSON"),
        ('{"ü": 1, "mcpServers": {%s}}'.encode("latin-1"), "no plain JSON"),
        (b'{"a": "\0", "mcpServers": {%s}}', "no plain JSON"),
    ],
)
def test_what_cannot_be_written_back_is_said_and_left(
    content: bytes, said: str, flag: str, path: Path, tmp_path: Path
) -> None:
    kept = b'"sample": %s' % json.dumps(SAMPLE).encode() if flag == "--undo" else b""
    content = content.replace(b"%s", kept)
    path.write_bytes(content)
    result = connect(tmp_path, "cursor", "sample", flag)
    assert result.exit_code == 1
    assert said in result.stderr
    assert "Put this in by hand" in result.stderr
    assert path.read_bytes() == content


def as_folder(path: Path) -> None:
    path.mkdir()


def as_file_for_a_folder(path: Path) -> None:
    path.parent.rmdir()
    path.parent.write_text("")


def as_link_to_nowhere(path: Path) -> None:
    path.symlink_to("nowhere")


def as_link_to_itself(path: Path) -> None:
    path.symlink_to(path)


def as_pipe(path: Path) -> None:
    os.mkfifo(path)


def as_second_name(path: Path) -> None:
    (path.parent / "other").write_text("{}")
    path.hardlink_to(path.parent / "other")


def read_only(path: Path) -> None:
    path.write_text("{}")
    path.chmod(0o444)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (as_folder, "is no file"),
        (as_file_for_a_folder, "is no folder"),
        (as_link_to_nowhere, "is a link"),
        (as_link_to_itself, "is a link"),
        (as_pipe, "is no file"),
        (as_second_name, "second name"),
        (read_only, "Make it writable"),
    ],
)
def test_what_stands_in_the_place_of_the_file_is_said_with_what_to_do(
    make: object, said: str, path: Path, tmp_path: Path
) -> None:
    make(path)  # type: ignore[operator]  # one of those above
    result = connect(tmp_path, "cursor", "sample", "--write")
    assert result.exit_code == 1
    assert said in result.stderr
    assert "by hand" in result.stderr
    assert not list(tmp_path.rglob(".mcp.json.*"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_folder_that_is_closed_is_named(path: Path, tmp_path: Path) -> None:
    path.write_text("{}")
    path.parent.chmod(0o500)
    result = connect(tmp_path, "cursor", "sample", "--write")
    path.parent.chmod(0o700)
    assert f"{path.parent}: Permission denied" in result.stderr


CLIENT = """#!/bin/sh
echo "$*" >> "$CALLS"
case "$*" in *sample*) exit 3;; esac
"""


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program in the place of the client's, which refuses the first server."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "claude").write_text(CLIENT)
    (folder / "claude").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.setenv("CALLS", str(tmp_path / "calls"))
    return tmp_path / "calls"


@pytest.mark.parametrize(
    ("flag", "done"),
    [("--write", "Added: notes. Not added: sample."), ("--undo", "Taken out: notes. Not taken out: sample.")],
)
def test_all_servers_are_tried_where_one_is_refused(flag: str, done: str, calls: Path, tmp_path: Path) -> None:
    result = connect(tmp_path, "claude-code", flag)
    assert result.exit_code == 1
    assert "Claude Code refused sample: its command ended with 3." in result.stderr
    assert done in result.stderr
    assert [("sample" in line, "notes" in line) for line in calls.read_text().splitlines()] == [
        (True, False),
        (False, True),
    ]
    assert ("claude mcp login notes" in result.stdout) == (flag == "--write")
    assert "claude mcp login sample" not in result.stdout


def test_a_client_that_cannot_be_run_is_said(calls: Path, tmp_path: Path) -> None:
    (tmp_path / "bin" / "claude").write_text("#!/no/such/shell\n")
    result = connect(tmp_path, "claude-code", "--write")
    assert result.exit_code == 1
    assert "refused notes: claude cannot be run" in result.stderr
    assert not calls.exists()


@pytest.mark.parametrize("flag", ["--write", "--undo"])
def test_a_wish_without_a_client_is_no_success(flag: str, tmp_path: Path) -> None:
    result = connect(tmp_path, flag)
    assert result.exit_code == 1
    assert "want a client" in result.stderr


@pytest.mark.parametrize("flag", ["--write", "--undo"])
def test_no_folder_is_made_for_a_project_that_is_not_there(flag: str, tmp_path: Path) -> None:
    result = connect(tmp_path / "nowhere", "cursor", flag)
    assert result.exit_code == 1
    assert "There is no folder" in result.stderr
    assert not (tmp_path / "nowhere").exists()
