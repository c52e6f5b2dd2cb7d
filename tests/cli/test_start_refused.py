"""A start over something odd: one sentence names the file and what to do; what is not devgw's is not touched."""

import os
import shutil
import signal
import sqlite3
import subprocess
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import IO

import httpx2
import pytest

from tests.cli.test_ending import ended_by, origin_of, started
from tests.support.terminal import devgw

HEADLESS = ("up", "--headless", "--port=0")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "p"
    subprocess.run(devgw("init", str(folder)), check=True, capture_output=True)
    return folder


def refusal(project: Path, *more: str) -> str:
    """Start it where it does not start; return its sentence."""
    done = subprocess.run(
        devgw(*HEADLESS, *more),
        cwd=project,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 1, done.stdout
    assert "Traceback" not in done.stderr
    assert "Errno" not in done.stderr
    assert not done.stdout, "nothing runs, so nothing is said to run"
    return done.stderr


@pytest.fixture(scope="module")
def state_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The state folder of a gateway that ran once."""
    folder = tmp_path_factory.mktemp("once")
    with started(devgw(*HEADLESS), folder) as process:
        origin_of(folder)
        ended_by(process)
    assert process.returncode == 0
    return folder / ".devgw"


def copied(state: Path, project: Path) -> Path:
    """Return a copy of a state folder as the one of `project`."""
    return Path(shutil.copytree(state, project / ".devgw"))


def empty_key(state: Path) -> None:
    (state / "upstream.key").write_bytes(b"")


def wrong_key(state: Path) -> None:
    (state / "upstream.key").write_bytes(b"x" * 44)


def readable_key(state: Path) -> None:
    (state / "upstream.key").chmod(0o644)


def linked_key(state: Path) -> None:
    outside = state.parent / "outside"
    (state / "upstream.key").rename(outside)
    (state / "upstream.key").symlink_to(outside)


def missing_table(state: Path) -> None:
    with sqlite3.connect(state / "devgw.db") as shell:
        shell.execute("DROP TABLE session")
    shell.close()


def missing_column(state: Path) -> None:
    with sqlite3.connect(state / "devgw.db") as shell:
        shell.execute("ALTER TABLE client DROP COLUMN user_agent")
    shell.close()


def no_database(state: Path) -> None:
    (state / "devgw.db").write_text("once upon a time " * 100)


def foreign_database(state: Path) -> None:
    (state / "devgw.db").unlink()
    with sqlite3.connect(state / "devgw.db") as shell:
        shell.execute("CREATE TABLE recipe (name)")
    shell.close()


def linked_lock(state: Path) -> None:
    (state / "gateway.lock").unlink()
    (state / "gateway.lock").symlink_to(state.parent / "config" / "policies.json")


def linked_log(state: Path) -> None:
    (state / "devgw.db-wal").unlink(missing_ok=True)
    (state / "devgw.db-wal").symlink_to(state.parent / "config" / "policies.json")


def file_for_socket(state: Path) -> None:
    (state / "control.sock").unlink(missing_ok=True)
    (state / "control.sock").write_text("notes")


def notes_for_address(state: Path) -> None:
    (state / "control.json").write_text('{"volume": 11}')


def link_for_address(state: Path) -> None:
    (state / "control.json").symlink_to(state.parent / "config" / "policies.json")


def open_folder(state: Path) -> None:
    (state / ".gitignore").write_text("mine\n")
    state.chmod(0o777)


@pytest.mark.parametrize(
    ("spoil", "named", "said"),
    [
        (empty_key, "upstream.key", "Move it away: a new key is made"),
        (wrong_key, "upstream.key", "no key that devgw made"),
        (readable_key, "upstream.key", "other users may read it (mode 644)"),
        (linked_key, "upstream.key", "it is a symbolic link. Move it away: a new key is made"),
        (missing_table, "devgw.db", "the table session is missing"),
        (missing_column, "devgw.db", "the table client lacks user_agent"),
        (no_database, "devgw.db", "not a database"),
        (foreign_database, "devgw.db", "another program's"),
        (linked_lock, "gateway.lock", "symbolic link"),
        (linked_log, "devgw.db", "devgw.db-wal: it is a symbolic link). Move it away, or"),
        (file_for_socket, "control.sock", "it is no socket"),
        (notes_for_address, "control.json", "devgw did not write it, and leaves it alone"),
        (link_for_address, "control.json", "symbolic link"),
        (open_folder, ".devgw", "chmod go-w"),
    ],
    ids=lambda each: getattr(each, "__name__", ""),
)
def test_a_state_that_cannot_be_used_is_a_sentence(
    project: Path, state_once: Path, spoil: Callable[[Path], None], named: str, said: str
) -> None:
    state = copied(state_once, project)
    policies = (project / "config" / "policies.json").read_bytes()
    spoil(state)
    there = sorted(state.iterdir())
    told = refusal(project)
    assert named in told
    assert said in told
    assert set(there) <= set(state.iterdir()), "what is refused is left where it is"
    assert (project / "config" / "policies.json").read_bytes() == policies


def test_a_linked_state_folder_is_refused_and_nothing_is_written_where_it_leads(project: Path) -> None:
    outside = project.parent / "outside"
    outside.mkdir()
    (project / ".devgw").symlink_to(outside)
    assert "symbolic link" in refusal(project)
    assert list(outside.iterdir()) == []


def test_a_key_that_came_with_a_clone_is_not_used(project: Path, state_once: Path) -> None:
    state = copied(state_once, project)
    clone = project.parent / "clone"
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b.example"]
    subprocess.run(["git", "init", "-q"], cwd=project, check=True)
    subprocess.run(["git", "add", "-f", "."], cwd=project, check=True)
    subprocess.run([*git, "commit", "-qm", "all"], cwd=project, check=True)
    subprocess.run(["git", "clone", "-q", str(project), str(clone)], check=True, capture_output=True)
    for each in (".devgw", ".devgw/upstream.key", ".devgw/devgw.db", ".devgw/gateway.lock"):
        (clone / each).chmod(0o700 if each == ".devgw" else 0o600)
    assert "git tracks it" in refusal(clone)
    assert (clone / ".devgw" / "upstream.key").read_bytes() == (state / "upstream.key").read_bytes()


def test_state_in_the_project_folder_itself_changes_nothing_that_was_there(project: Path) -> None:
    (project / ".gitignore").write_text("node_modules\n")
    project.chmod(0o755)
    with started(devgw(*HEADLESS, "--state-dir=."), project) as process:
        until_it_answers(process.stdout)
        ended_by(process)
    assert process.returncode == 0
    assert (project / ".gitignore").read_text() == "node_modules\n"
    assert project.stat().st_mode & 0o777 == 0o755
    for name in ("devgw.db", "upstream.key", "gateway.lock"):
        assert (project / name).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("name", ["gateway.lock", "gateway.log", "devgw.db", "upstream.key", "control.json"])
def test_a_file_of_the_same_name_in_somebodys_folder_is_left_alone(project: Path, name: str) -> None:
    (project / name).write_text("my own notes")
    assert name in refusal(project, "--state-dir=.")
    assert (project / name).read_text() == "my own notes"


def test_without_state_no_folder_is_needed_and_none_is_made(project: Path, tmp_path: Path) -> None:
    """`--ephemeral` in a folder in which nothing can be written: what stands in the way is the same for root."""
    (project / ".devgw").write_text("a file where the folder would be")
    environ = os.environ | {"XDG_RUNTIME_DIR": str(tmp_path)}
    command = ["env", f"XDG_RUNTIME_DIR={tmp_path}", *devgw(*HEADLESS, "--ephemeral")]
    with started(command, project) as process:
        said = until_it_answers(process.stdout)
        assert httpx2.get(said).status_code == 200
        joined = subprocess.run(
            devgw("tail", "--once"), cwd=project, env=environ, capture_output=True, text=True, check=False
        )
        assert "gateway answers" in joined.stdout, joined.stderr
        assert ended_by(process, signal.SIGINT) < 5
    assert process.returncode == 0
    assert (project / ".devgw").read_text() == "a file where the folder would be"
    assert [each.name for each in tmp_path.iterdir()] == ["p"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount")
def test_without_state_a_read_only_project_is_served(project: Path) -> None:
    subprocess.run(["mount", "--bind", str(project), str(project)], check=True)
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", str(project)], check=True)
        with started(devgw(*HEADLESS, "--ephemeral"), project) as process:
            assert httpx2.get(until_it_answers(process.stdout)).status_code == 200
            assert ended_by(process) < 5
        assert process.returncode == 0
        assert "Read-only file system" in refusal(project)
    finally:
        subprocess.run(["umount", "-l", str(project)], check=True)


def until_it_answers(lines: "IO[bytes] | None") -> str:
    """Return the origin at which it says that it answers."""
    for line in lines or ():
        if b"gateway answers at " in line:
            return line.decode().partition("answers at ")[2].partition(",")[0]
    raise AssertionError


@pytest.mark.parametrize("words", ["check", "explain DISC-01", "schema policies", "--help", "init elsewhere"])
def test_an_output_that_cannot_be_written_is_a_sentence(project: Path, words: str) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(devgw(*words.split()), cwd=project, stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 1
    assert done.stderr == b"devgw: its output cannot be written: No space left on device.\n"


class WantsLogin(BaseHTTPRequestHandler):
    """A server with OAuth, as far as a first request sees it."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.send_response(401)
        self.send_header("www-authenticate", "Bearer")
        self.send_header("content-length", "0")
        self.end_headers()

    do_GET = do_OPTIONS = do_POST  # noqa: N815  the library's names


def without_room(project: Path, *words: str, blocks: int = 0) -> str:
    """Return what is said where no file may be longer than some blocks of 512 bytes."""
    command = ["sh", "-c", f'ulimit -f {blocks}; exec "$@"', "sh", *devgw(*words)]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1
    assert "File too large" in done.stderr
    assert "output" not in done.stderr
    return done.stderr


def test_a_project_for_which_there_is_no_room_is_not_written_by_halves(project: Path) -> None:
    assert "elsewhere/.env.example" in without_room(project, "init", "elsewhere")
    assert not [each for each in (project / "elsewhere").rglob("*") if each.is_file()]


def test_a_command_without_room_for_its_certificates_is_told_of_them(project: Path) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), WantsLogin) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        told = without_room(project, "watch", f"localhost:{server.server_address[1]}/mcp", "--", "true", blocks=8)
        server.shutdown()
    assert ".pem: File too large" in told


def test_a_state_folder_below_a_file_is_a_sentence(project: Path) -> None:
    (project / "file").write_text("")
    told = refusal(project, "--state-dir=file/x")
    assert f"{project / 'file'}" in told
    assert "it is no folder" in told


def test_a_current_folder_that_is_gone_is_a_sentence(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    command = ["sh", "-c", 'rmdir "$PWD"; exec "$@"', "sh", *devgw("check")]
    environ = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(command, cwd=gone, capture_output=True, text=True, env=environ, check=False)
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    assert "folder" in done.stderr


@pytest.mark.parametrize(
    "face", [HEADLESS, ("up", "--web", "--port=0"), ("watch", "localhost:1/mcp", "--looked", "--web")]
)
def test_too_few_open_files_are_a_sentence_that_sends_nobody_to_what_cannot_help(
    face: tuple[str, ...], project: Path
) -> None:
    """The soft limit was raised by then; no shell raises a hard one without root."""
    command = ["sh", "-c", 'ulimit -n 40; exec "$@"', "sh", *devgw(*face)]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1
    assert "may have 40 at most. Start devgw from another shell" in done.stderr
    assert "`ulimit -n" not in done.stderr


def test_too_few_open_files_that_may_be_more_are_made_more(project: Path) -> None:
    command = ["sh", "-c", 'ulimit -Sn 40; exec "$@"', "sh", *devgw(*HEADLESS, "--parent-pipe=0")]
    done = subprocess.run(command, cwd=project, input="", capture_output=True, text=True, timeout=30, check=False)
    assert "open files" not in done.stderr
    assert done.returncode == 0


def test_a_configuration_that_leads_nowhere_is_not_taken_for_none(project: Path) -> None:
    """Else the built-in sample would run in its place, and every grant would end."""
    shutil.rmtree(project / "config")
    (project / "config").symlink_to("config")
    assert "config/policies.json" in refusal(project)


def test_a_database_that_is_locked_at_the_start_is_named_with_what_to_end(project: Path, state_once: Path) -> None:
    state = copied(state_once, project)
    shell = sqlite3.connect(state / "devgw.db", isolation_level=None)
    shell.execute("PRAGMA locking_mode=EXCLUSIVE")
    shell.execute("BEGIN EXCLUSIVE")
    try:
        assert "End the program that has locked it" in refusal(project)
    finally:
        shell.close()
