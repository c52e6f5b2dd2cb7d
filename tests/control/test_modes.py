"""What other users of the machine were let do with the state: taken from them at the start, and told to the person."""

import os
import sqlite3
from pathlib import Path

import pytest

from devgw.control.lock import ProjectLock
from devgw.files import close_to_others, own_folder
from devgw.platforms.here import here
from devgw.settings import Settings
from tests.support.gateway import running_gateway
from tests.support.serving import listen

NAMES = ["devgw.db", "devgw.db-wal", "devgw.db-shm", "gateway.log", "gateway.lock", "watched.json"]


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    own_folder(tmp_path / "state")
    return tmp_path / "state"


def taken(folder: Path) -> list[str]:
    lock = ProjectLock(folder)
    lock.acquire()
    lock.release()
    return lock.opened


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("was", "done"), [(0o644, "read"), (0o640, "read"), (0o666, "read and write")])
def test_a_file_that_others_could_reach_is_closed_and_named(folder: Path, name: str, was: int, done: str) -> None:
    (folder / name).touch()
    (folder / name).chmod(was)
    (said,) = taken(folder)
    assert said.startswith(f"{folder / name} had mode {was:o}: other users who reach it could {done} it.")
    assert ("move it away" in said) is name.startswith("devgw.db")
    assert mode(folder / name) == 0o600
    assert taken(folder) == []


def test_a_folder_of_ours_that_others_could_enter_is_closed_and_named(folder: Path) -> None:
    folder.chmod(0o755)
    (said,) = taken(folder)
    assert "had mode 755" in said
    assert mode(folder) == 0o700


def test_in_a_folder_of_the_persons_own_our_files_are_closed_and_the_folder_keeps_its_mode(tmp_path: Path) -> None:
    folder = tmp_path / "theirs"
    folder.mkdir(mode=0o755)
    assert taken(folder) == []
    for name in ("devgw.db", "notes.txt"):
        (folder / name).touch()
        (folder / name).chmod(0o644)
    (said,) = taken(folder)
    assert "devgw.db had mode 644" in said
    assert (mode(folder), mode(folder / "notes.txt")) == (0o755, 0o644)


def test_what_is_a_link_keeps_its_mode_wherever_it_leads(folder: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.touch()
    outside.chmod(0o644)
    (folder / "gateway.log").symlink_to(outside)
    os.link(outside, folder / "watched.json")
    assert taken(folder) == []
    assert mode(outside) == 0o644


def test_where_the_disk_keeps_no_modes_nothing_is_said(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mount of Windows' disk says 777 of everything, whatever is set."""
    (folder / "devgw.db").touch()
    (folder / "devgw.db").chmod(0o666)
    monkeypatch.setattr(os, "fchmod", lambda *_: None)
    assert close_to_others(folder / "devgw.db") == 0


def test_where_the_system_has_no_modes_nothing_is_said(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "devgw.db").touch()
    (folder / "devgw.db").chmod(0o644)
    monkeypatch.setattr(type(here()), "has_modes", False)
    assert close_to_others(folder / "devgw.db") == 0


async def test_a_gateway_says_at_its_start_that_others_could_read_its_database(tmp_path: Path) -> None:
    folder = tmp_path / ".devgw"
    own_folder(folder)
    database = sqlite3.connect(folder / "devgw.db")
    database.execute("PRAGMA journal_mode=WAL")
    database.close()
    (folder / "devgw.db").chmod(0o644)
    with listen() as socket:
        port = socket.getsockname()[1]
    async with running_gateway(tmp_path, settings=Settings(port=port), ephemeral=False) as gateway:
        told = gateway.runtime.notes[0]
        assert told.startswith(f"{folder / 'devgw.db'} had mode 644")
        assert {mode(each) for each in folder.iterdir() if each.is_file()} == {0o600}
