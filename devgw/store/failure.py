"""What SQLite's errors come to: a problem that says what is in the way, and a refusal that rolls back."""

import errno
import sqlite3
from pathlib import Path

from devgw.files import MOVE_AWAY, todo_of
from devgw.platforms.here import here
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


_OR_KEEP_NOTHING = "or start with --ephemeral."
_START_ANEW = f"{MOVE_AWAY} {_OR_KEEP_NOTHING}"
_BY_PROBLEM = {
    DiskFull: "Free space there, or start with --ephemeral.",
    StateLocked: "End the program that has locked it (`lsof` names it), or start with --ephemeral.",
    StateNotWritable: "Make it writable for your user, or start with --ephemeral.",
}
_BY_ERRNO = {
    errno.ENOSPC: _BY_PROBLEM[DiskFull],
    errno.EDQUOT: _BY_PROBLEM[DiskFull],
    errno.EACCES: _BY_PROBLEM[StateNotWritable],
    errno.EROFS: _BY_PROBLEM[StateNotWritable],
}


def advice_on(error: OSError) -> str:
    """Return what mends it where a file of the state cannot be used or made."""
    if error.errno == errno.EMFILE:
        return here().how_to_open_more()
    return _BY_ERRNO.get(error.errno or 0, f"{todo_of(error)} {_OR_KEEP_NOTHING}")


def unusable(path: Path | None, error: sqlite3.Error | OSError) -> StateUnusable:
    """Return why a start is not possible with this database, and what would be."""
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename not in (None, str(path)) else ""
        said = f"{where}{error.strerror or error}"
        todo = advice_on(error)
    elif hasattr(error, "sqlite_errorcode"):
        said, todo = str(error), _BY_PROBLEM.get(type(problem_of(error, path)), _START_ANEW)
    else:
        said, todo = str(error), _START_ANEW
    return StateUnusable(f"The state database {path} cannot be used ({said}). {todo}")


def is_ours(error: sqlite3.Error) -> bool:
    """Tell whether the fault is in what devgw asked for, and not in the file or disk."""
    return isinstance(error, (sqlite3.IntegrityError, sqlite3.ProgrammingError, sqlite3.InterfaceError))


def problem_of(error: sqlite3.Error, path: Path | None) -> StateProblem:
    """Return what is in the way."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_IOERR) & 0xFF
    return _KINDS.get(code, StateNotWritable)(str(path or "memory"), str(error))
