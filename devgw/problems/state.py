"""Why something cannot be saved now. Nothing of it was done, what was saved before stays, and it can be tried again."""

from dataclasses import dataclass
from typing import ClassVar

from devgw.problems.base import ErrorCode, Fault, Problem

STATE = "its state"
"""Whom clients and people are known by; all else that is kept can be begun anew."""


@dataclass(frozen=True, slots=True)
class StateProblem(Problem):
    """The database does not take what has to be saved."""

    path: str
    said: str
    """What the system or SQLite said."""
    what: str = STATE
    """What is kept in it, as a part of a sentence."""

    fault: ClassVar = Fault.MACHINE
    status: ClassVar = 503
    error: ClassVar = ErrorCode.TEMPORARILY_UNAVAILABLE
    source: ClassVar = "RFC 6749 §4.1.2.1"


@dataclass(frozen=True, slots=True)
class DiskFull(StateProblem):
    """There is no room for another record."""

    diagnosis: ClassVar = "STATE-01"
    hint: ClassVar = "Free space there, then try again: devgw goes on by itself, and nothing was half done."

    def explain(self) -> str:
        """Say which file found no room."""
        return f"devgw cannot save {self.what}: no room for {self.path} ({self.said})."


@dataclass(frozen=True, slots=True)
class StateLocked(StateProblem):
    """Another program holds the database."""

    diagnosis: ClassVar = "STATE-02"
    hint: ClassVar = "End what holds it (a sqlite3 shell, a backup), then try again: nothing was half done."

    def explain(self) -> str:
        """Say which file is held."""
        return f"devgw cannot save {self.what}: another program has locked {self.path}."


@dataclass(frozen=True, slots=True)
class StateNotWritable(StateProblem):
    """The database may not be written, or the disk fails."""

    diagnosis: ClassVar = "STATE-03"
    hint: ClassVar = "Make file, folder and disk writable for your user, then try again: nothing was half done."

    def explain(self) -> str:
        """Say what the system said of which file."""
        return f"devgw cannot save {self.what}: {self.path} cannot be written ({self.said})."


@dataclass(frozen=True, slots=True)
class StateDamaged(StateProblem):
    """The database is damaged, or lacks what devgw put there."""

    diagnosis: ClassVar = "STATE-04"
    hint: ClassVar = "End devgw, move the file away and start again: clients register and people sign in anew."

    def explain(self) -> str:
        """Say what SQLite said of which file."""
        return f"devgw cannot use {self.what}: {self.path} is damaged ({self.said})."

    def advise(self) -> str:
        """Say what is begun anew."""
        return self.hint if self.what == STATE else "Move the file away: a new one is begun."


@dataclass(frozen=True, slots=True)
class StateRemoved(StateProblem):
    """The database, or what stands around it, is not where it was and cannot be made there again."""

    diagnosis: ClassVar = "STATE-05"
    hint: ClassVar = "Take away what stands there: devgw makes folder and file again by itself, with all of it."

    def explain(self) -> str:
        """Say what is in the way."""
        return f"devgw cannot save {self.what} in {self.path}: {self.said.rstrip('.')}."
