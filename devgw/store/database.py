"""One SQLite connection: opened, migrated, and wrapped in transactions that commit a refusal's side effects too."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from devgw.platforms.here import here
from devgw.problems import Refused
from devgw.problems.state import StateDamaged, StateLocked, StateProblem, StateRemoved
from devgw.store.failure import IN_STATE, Contents, StateRefused, is_ours, problem_of, unusable
from devgw.store.place import FilePlace
from devgw.store.schema import bring_up

BUSY_MILLISECONDS = 200
"""How long a write waits for another program: everything else waits meanwhile, so that patience is `web.patience`'s."""
_AT_START_MILLISECONDS = 5_000
_ROOM_BYTES = 1_048_576
"""With less on the disk, it is tried out whether anything can be written."""


class Database:
    """A migrated connection. `path` None keeps everything in memory.

    Args:
        path: the file.
        migrations: what brings it up to date.
        keep_folder: makes again what is missing around the file, before that is written anew; may refuse.
        contents: what it holds, for those who are refused.

    Raises:
        StateUnusable: where the file cannot be opened, is no database, or was written by a newer devgw.
    """

    def __init__(
        self,
        path: Path | None,
        migrations: Sequence[str],
        keep_folder: Callable[[], None] = lambda: None,
        contents: Contents = IN_STATE,
    ) -> None:
        self._keep_folder = keep_folder
        self._contents = contents
        self._is_in_transaction = False
        self._is_broken = False
        self._after_commit: list[Callable[[], object]] = []
        self.trouble: StateProblem | None = None
        """What was in the way at the last attempt to write; None once something was written again."""
        try:
            self._place = FilePlace(path) if path else None
            self._connection = _connect(path)
            bring_up(self._connection, migrations, path, contents)
            self._connection.execute(f"PRAGMA busy_timeout={BUSY_MILLISECONDS}")
        except (sqlite3.Error, OSError) as error:
            raise unusable(path, error, contents) from error

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> sqlite3.Cursor:
        """Run one statement with bound parameters.

        Raises:
            StateRefused: with a problem of `problems.state`, where file or disk does not take it.
        """
        if not self._is_in_transaction and not sql.startswith("SELECT"):
            self._see_to_file()
        return self._run(sql, parameters)

    def _run(self, sql: str, parameters: Sequence[Any] = ()) -> sqlite3.Cursor:
        try:
            return self._connection.execute(sql, parameters)
        except sqlite3.Error as error:
            if is_ours(error):
                raise
            raise self._refusal(problem_of(error, self._place.path if self._place else None)) from error

    def _refusal(self, problem: StateProblem) -> StateRefused:
        self.trouble = replace(problem, what=self._contents.what)
        self._is_broken = self._is_in_transaction
        return StateRefused(self.trouble)

    def damaged(self, said: str) -> StateRefused:
        """Return the refusal of a record that cannot be read: somebody else wrote it, or the disk lost a part of it."""
        return self._refusal(StateDamaged(str(self._place.path if self._place else "memory"), said))

    def _see_to_file(self) -> None:
        """Write the file anew where somebody removed it, alone or with its folder: what has no name would be lost."""
        if self._place is not None and not self._place.is_there():
            self._restore(self._place)
        if self._place is not None and not self._place.has_log():
            self._begin_log()

    def _begin_log(self) -> None:
        """Bring into the file what stands in a log that somebody removed, and begin another; a kill would lose it."""
        self._connection.execute("PRAGMA busy_timeout=0")
        try:
            for mode in ("DELETE", "WAL"):
                self._connection.execute(f"PRAGMA journal_mode={mode}")
        except sqlite3.Error:  # another program reads: it is tried again before the next write
            pass
        finally:
            self._connection.execute(f"PRAGMA busy_timeout={BUSY_MILLISECONDS}")

    def _restore(self, place: FilePlace) -> None:
        """Make again what is missing at the file's place, and around it."""
        try:
            self._keep_folder()
            if not place.is_there():
                place.put_back(self._connection)
                old, self._connection = self._connection, _connect(place.path)
                old.close()
        except (OSError, sqlite3.Error, Refused) as error:
            said = error.problem.explain() if isinstance(error, Refused) else getattr(error, "strerror", "") or error
            raise self._refusal(StateRemoved(str(place.path), str(said))) from error

    def is_locked(self) -> bool:
        """Tell whether another program keeps us from writing at this moment."""
        if self._place is None or self._is_in_transaction:
            return False
        self._connection.execute("PRAGMA busy_timeout=0")
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.execute("ROLLBACK")
        except sqlite3.Error as error:
            return isinstance(problem_of(error, None), StateLocked)
        finally:
            self._connection.execute(f"PRAGMA busy_timeout={BUSY_MILLISECONDS}")
        return False

    def check_writable(self) -> None:
        """Check that something can be saved now.

        Raises:
            StateRefused: where another program holds the file, or nothing can be written.
        """
        if self.is_locked() and self._place is not None:
            raise self._refusal(StateLocked(str(self._place.path), "database is locked"))
        self.prove()

    def prove(self) -> None:
        """Make again what somebody removed, and write something that changes nothing where that may be impossible.

        Raises:
            StateRefused: where it cannot be written.
        """
        if self._place is None:
            return
        self._restore(self._place)
        self._see_to_file()
        if self.trouble is None and _has_room(self._place.path):
            return
        with self.transaction():
            (version,) = self._run("PRAGMA user_version").fetchone()
            self._run(f"PRAGMA user_version={version}")
        self.trouble = None

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit at the end, also where the block ends in `Refused`; roll back on anything else. May be nested.

        Raises:
            StateRefused: where file or disk does not take it; then nothing of it was done.
        """
        if self._is_in_transaction:
            yield
            return
        self._see_to_file()
        self._run("BEGIN IMMEDIATE")
        self._is_in_transaction, self._is_broken = True, False
        try:
            yield
        except StateRefused:
            raise
        except Refused:
            self._commit()
            raise
        else:
            self._commit()
        finally:
            self._is_in_transaction = False
            self._after_commit = []
            if self._connection.in_transaction:  # neither commit was reached, or it failed
                with suppress(sqlite3.OperationalError):  # a full disk: SQLite may have rolled back by itself
                    self._connection.execute("ROLLBACK")

    def after_commit(self, act: Callable[[], object]) -> None:
        """Call `act` once what is under way is committed, never where it is rolled back; at once outside of any."""
        if self._is_in_transaction:
            self._after_commit.append(act)
        else:
            act()

    def _commit(self) -> None:
        """Commit, and do what was to be done after it."""
        if self._is_broken and self.trouble is not None:  # a part did not get in, and somebody passed over it
            raise StateRefused(self.trouble)
        self._run("COMMIT")
        self._is_in_transaction = False
        acts, self._after_commit = self._after_commit, []
        for act in acts:
            act()

    def close(self) -> None:
        """Close the connection; what was committed stays."""
        self._connection.close()


def _connect(path: Path | None) -> sqlite3.Connection:
    connection = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False)
    connection.execute(f"PRAGMA busy_timeout={_AT_START_MILLISECONDS}")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute("PRAGMA foreign_keys=ON")
    return connection


def _has_room(path: Path) -> bool:
    try:
        return here().free_bytes(path) > _ROOM_BYTES
    except OSError:
        return False
