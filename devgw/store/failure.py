"""What SQLite's errors come to: a problem that says what is in the way, and a refusal that rolls back."""

import sqlite3
from pathlib import Path

from devgw.problems import Refused
from devgw.problems.state import DiskFull, StateDamaged, StateLocked, StateNotWritable, StateProblem

_KINDS: dict[int, type[StateProblem]] = {
    sqlite3.SQLITE_FULL: DiskFull,
    sqlite3.SQLITE_BUSY: StateLocked,
    sqlite3.SQLITE_LOCKED: StateLocked,
    sqlite3.SQLITE_CORRUPT: StateDamaged,
    sqlite3.SQLITE_NOTADB: StateDamaged,
    sqlite3.SQLITE_ERROR: StateDamaged,
    sqlite3.SQLITE_SCHEMA: StateDamaged,
}
"""By the primary code; everything else is a disk or file that does not take it. `SQLITE_ERROR` is a table that went."""


class StateUnusable(Exception):  # noqa: N818  it reads as what happened
    """The state cannot be used at the start; the message says why and what to do."""


class StateRefused(Refused):
    """The database did not take it: unlike any other refusal, what was begun is rolled back."""


def is_ours(error: sqlite3.Error) -> bool:
    """Tell whether the fault is in what devgw asked for, and not in the file or disk."""
    return isinstance(error, (sqlite3.IntegrityError, sqlite3.ProgrammingError, sqlite3.InterfaceError))


def problem_of(error: sqlite3.Error, path: Path | None) -> StateProblem:
    """Return what is in the way."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_IOERR) & 0xFF
    return _KINDS.get(code, StateNotWritable)(str(path or "memory"), str(error))
