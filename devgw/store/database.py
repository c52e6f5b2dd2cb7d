"""One SQLite connection: opened, migrated, and wrapped in transactions that commit a refusal's side effects too."""

import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from devgw.problems import Refused


class StateUnusable(Exception):  # noqa: N818  it reads as what happened
    """The state directory or database cannot be used; the message says why and what to do."""


class Database:
    """A migrated connection. `path` None keeps everything in memory.

    Raises:
        StateUnusable: where the file cannot be opened, is no database, or was written by a newer devgw.
    """

    def __init__(self, path: Path | None, migrations: Sequence[str]) -> None:
        self._is_in_transaction = False
        self._after_commit: list[Callable[[], object]] = []
        try:
            if path:  # made by us, so that it and the files that SQLite puts beside it are their owner's alone
                os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
                path.chmod(0o600)
            self._connection = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False)
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=NORMAL")
            self._connection.execute("PRAGMA busy_timeout=2000")
            self._connection.execute("PRAGMA foreign_keys=ON")
            self._check_whole()
            self._migrate(migrations)
        except (sqlite3.Error, OSError) as error:
            raise StateUnusable(
                f"The state database {path} cannot be used ({error}). Move it away or start with --ephemeral."
            ) from error

    def _check_whole(self) -> None:
        """Find damage now and not at some request."""
        (found,) = self._connection.execute("PRAGMA quick_check(1)").fetchone()
        if found != "ok":
            raise sqlite3.DatabaseError(f"it is damaged: {found}")

    def _migrate(self, migrations: Sequence[str]) -> None:
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        if version > len(migrations):
            raise StateUnusable(
                f"The state database has version {version}, this devgw knows {len(migrations)}. "
                "Update devgw, or move .devgw/devgw.db away."
            )
        for number, script in enumerate(migrations[version:], start=version + 1):
            self._connection.executescript(f"BEGIN; {script}; PRAGMA user_version={number}; COMMIT;")

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> sqlite3.Cursor:
        """Run one statement with bound parameters."""
        return self._connection.execute(sql, parameters)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit at the end, also where the block ends in `Refused`; roll back on anything else. May be nested."""
        if self._is_in_transaction:
            yield
            return
        self._connection.execute("BEGIN IMMEDIATE")
        self._is_in_transaction = True
        try:
            yield
        except Refused:
            self._commit()
            raise
        else:
            self._commit()
        finally:
            self._is_in_transaction = False
            self._after_commit = []
            if self._connection.in_transaction:  # neither commit was reached, or it failed
                self._connection.execute("ROLLBACK")

    def after_commit(self, act: Callable[[], object]) -> None:
        """Call `act` once what is under way is committed, never where it is rolled back; at once outside of any."""
        if self._is_in_transaction:
            self._after_commit.append(act)
        else:
            act()

    def _commit(self) -> None:
        """Commit, and do what was to be done after it."""
        self._connection.execute("COMMIT")
        self._is_in_transaction = False
        acts, self._after_commit = self._after_commit, []
        for act in acts:
            act()

    def close(self) -> None:
        """Close the connection; what was committed stays."""
        self._connection.close()
