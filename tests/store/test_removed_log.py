"""SQLite's log beside the database is removed while the gateway runs: whatever was committed outlives a kill."""

import contextlib
import shutil
import sqlite3
from pathlib import Path

import pytest

from devgw.store.database import Database


def rows_after_a_kill(folder: Path, to: Path) -> int:
    """Return how many rows there are in a copy of the files as they stand: what the next process would find."""
    shutil.copytree(folder, to)
    with contextlib.closing(sqlite3.connect(to / "db")) as found:
        assert found.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return int(found.execute("SELECT count(*) FROM t").fetchone()[0])


@pytest.mark.parametrize("names", [["db-wal"], ["db-wal", "db-shm"]])
def test_no_kill_loses_what_stood_in_a_log_that_somebody_removed(tmp_path: Path, names: list[str]) -> None:
    folder = tmp_path / "state"
    folder.mkdir()
    database = Database(folder / "db", ["CREATE TABLE t (a INTEGER)"])
    for number in range(2):  # it may happen more than once
        database.execute("INSERT INTO t VALUES (1)")
        for each in names:
            (folder / each).unlink()
        with database.transaction():
            database.execute("INSERT INTO t VALUES (2)")
        assert rows_after_a_kill(folder, tmp_path / f"write {number}") == 2 + 3 * number
        database.execute("INSERT INTO t VALUES (3)")
        (folder / "db-wal").unlink()
        database.prove()
        assert rows_after_a_kill(folder, tmp_path / f"look {number}") == 3 + 3 * number
    database.close()


def test_a_log_that_was_removed_while_another_program_reads_is_begun_anew_later(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    folder.mkdir()
    database = Database(folder / "db", ["CREATE TABLE t (a INTEGER)"])
    database.execute("INSERT INTO t VALUES (1)")
    with contextlib.closing(sqlite3.connect(folder / "db", isolation_level=None)) as other:
        other.execute("BEGIN")
        assert other.execute("SELECT count(*) FROM t").fetchone() == (1,)
        (folder / "db-wal").unlink()
        database.execute("INSERT INTO t VALUES (2)")
        assert not (folder / "db-wal").exists()
    database.prove()
    assert rows_after_a_kill(folder, tmp_path / "copy") == 2
    database.close()
