"""What SQLite's errors come to: a problem that says what is in the way, and a refusal that rolls back."""

import errno
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from devgw.files import MOVE_AWAY, todo_of
from devgw.platforms.here import here
from devgw.problems import Refused
from devgw.problems.state import STATE, DiskFull, StateDamaged, StateLocked, StateNotWritable, StateProblem

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


@dataclass(frozen=True, slots=True)
class Contents:
    """What a database holds, in the words of a refusal."""

    database: str
    what: str
    """As `StateProblem.what`."""
    otherwise: str
    """What can be done where it cannot be used, besides mending it: the end of a sentence."""


IN_STATE = Contents("state database", STATE, ", or start with --ephemeral.")
_BY_PROBLEM = {
    DiskFull: "Free space there",
    StateLocked: "End the program that has locked it (`lsof` names it)",
    StateNotWritable: "Make it writable for your user",
}
_BY_ERRNO = {
    errno.ENOSPC: _BY_PROBLEM[DiskFull],
    errno.EDQUOT: _BY_PROBLEM[DiskFull],
    errno.EACCES: _BY_PROBLEM[StateNotWritable],
    errno.EROFS: _BY_PROBLEM[StateNotWritable],
}


def advice_on(error: OSError, otherwise: str = IN_STATE.otherwise) -> str:
    """Return what mends it where a file of the state cannot be used or made."""
    if error.errno == errno.EMFILE:
        return here().how_to_open_more()
    return f"{_BY_ERRNO.get(error.errno or 0, todo_of(error))}{otherwise}"


def unusable(path: Path | None, error: sqlite3.Error | OSError, contents: Contents = IN_STATE) -> StateUnusable:
    """Return why a start is not possible with this database, and what would be."""
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename not in (None, str(path)) else ""
        said, todo = f"{where}{error.strerror or error}", advice_on(error, contents.otherwise)
    else:
        kind = type(problem_of(error, path)) if hasattr(error, "sqlite_errorcode") else StateDamaged
        said, todo = str(error), f"{_BY_PROBLEM.get(kind, MOVE_AWAY)}{contents.otherwise}"
    return StateUnusable(f"The {contents.database} {path} cannot be used ({said}). {todo}")


def is_ours(error: sqlite3.Error) -> bool:
    """Tell whether the fault is in what devgw asked for, and not in the file or disk."""
    return isinstance(error, (sqlite3.IntegrityError, sqlite3.ProgrammingError, sqlite3.InterfaceError))


def problem_of(error: sqlite3.Error, path: Path | None) -> StateProblem:
    """Return what is in the way."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_IOERR) & 0xFF
    return _KINDS.get(code, StateNotWritable)(str(path or "memory"), str(error))
