"""The database's file goes, comes back, finds no room, or has something else in its place: nothing is lost or taken."""

import contextlib
import os
import resource
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from devgw.store.database import Database
from devgw.store.failure import StateRefused, StateUnusable
from devgw.store.migrations import MIGRATIONS
from devgw.store.records import RecordStore
from tests.store.test_database import client


@contextlib.contextmanager
def no_larger_than(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond `size` bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def test_a_file_that_went_is_written_anew_each_time_and_nothing_of_it_stays_open(tmp_path: Path) -> None:
    path = tmp_path / "devgw.db"
    database = Database(path, MIGRATIONS)
    store = RecordStore(database)
    store.save_client(client("0"))
    before = open_files()
    for number in range(1, 5):
        path.unlink()
        store.save_client(client(str(number)))
        store.save_client(client(f"{number} again"))
        assert open_files() == before
    assert database.execute("PRAGMA synchronous").fetchone() == (1,)
    again = RecordStore(Database(path, MIGRATIONS))
    assert [each.name for each in again.clients()] == [
        "0",
        "1",
        "1 again",
        "2",
        "2 again",
        "3",
        "3 again",
        "4",
        "4 again",
    ]
    database.close()


def test_where_there_is_no_room_to_write_it_anew_no_half_of_it_is_left(tmp_path: Path) -> None:
    path = tmp_path / "devgw.db"
    database = Database(path, MIGRATIONS)
    store = RecordStore(database)
    path.unlink()
    with no_larger_than(4_096), pytest.raises(StateRefused, match="state_removed"):
        store.save_client(client("in vain"))
    assert not path.exists()
    store.save_client(client("after it"))
    assert [each.name for each in RecordStore(Database(path, MIGRATIONS)).clients()] == ["after it"]
    database.close()


def test_something_else_in_the_place_of_a_file_that_went_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "devgw.db"
    database = Database(path, MIGRATIONS)
    path.unlink()
    path.write_text("notes")
    with pytest.raises(StateRefused, match="state_removed") as refused:
        RecordStore(database).save_client(client("in vain"))
    assert "it is not the file that was opened" in refused.value.problem.explain()
    assert path.read_text() == "notes"
    database.close()


def test_a_link_in_its_place_is_something_else_even_where_it_leads_to_the_file(tmp_path: Path) -> None:
    path = tmp_path / "devgw.db"
    database = Database(path, MIGRATIONS)
    path.rename(tmp_path / "elsewhere.db")
    path.symlink_to(tmp_path / "elsewhere.db")
    with pytest.raises(StateRefused, match="state_removed"):
        RecordStore(database).save_client(client("in vain"))
    database.close()


@pytest.mark.parametrize("beside", ["-wal", "-shm", "-journal"])
def test_a_link_beside_the_database_is_refused(tmp_path: Path, beside: str) -> None:
    """SQLite would write through it."""
    (tmp_path / "outside").write_text("precious")
    (tmp_path / f"devgw.db{beside}").symlink_to(tmp_path / "outside")
    with pytest.raises(StateUnusable, match="symbolic link"):
        Database(tmp_path / "devgw.db", MIGRATIONS)
    assert (tmp_path / "outside").read_text() == "precious"


def test_with_little_room_it_is_tried_out_whether_anything_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else nobody is told before a client registers; with room, nothing is written for that."""
    database = Database(tmp_path / "devgw.db", MIGRATIONS)
    with no_larger_than(1):
        database.prove()
        monkeypatch.setattr(os, "statvfs", lambda _: SimpleNamespace(f_bavail=256, f_frsize=4_096))
        with pytest.raises(StateRefused):
            database.prove()
    database.prove()
    assert database.trouble is None
    database.close()
