"""A problem in a configuration file: where it is, what is wrong, and what to write instead."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import StrEnum
from itertools import chain, islice

from devgw.limits import Limits

_LONGEST, _MOST = 100, 200
"""Characters of a name, and names, that are compared: difflib is slow, and a broken file may hold thousands."""


class Severity(StrEnum):
    """How bad it is."""

    ERROR = "error"
    """The project cannot be used like this; the last good one stays."""
    WARNING = "warning"
    """It runs, but hardly as meant."""
    NOTE = "note"
    """Good to know, such as a policy that devgw does not run."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem of the configuration. Its texts never carry a secret."""

    code: str
    """Stable kebab-case id, such as `unknown-option`."""
    severity: Severity
    file: str
    """Relative to the project directory, with forward slashes; the variable's name for one of the process."""
    message: str
    """What is wrong."""
    fix: str = ""
    """What to write instead."""
    line: int = 0
    """From 1; 0 where the file as a whole is meant."""
    column: int = 0
    """From 1, in characters."""
    length: int = 1
    """Characters to underline."""
    pointer: str = ""
    """JSON pointer (RFC 6901) of the value in question."""
    nearest: str | None = None
    """The known name that a misspelt one probably meant."""
    source_line: str = ""
    """The line as it was written, with secrets blanked out."""

    @property
    def place(self) -> str:
        """Return `file:line:column`, as terminals and editors understand it."""
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file

    def __str__(self) -> str:
        """Return it as one line."""
        return f"{self.place}: {self.severity.value}: {self.message} {self.fix}".rstrip()


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value was written."""

    file: str
    line: int = 0
    column: int = 0
    length: int = 1
    pointer: str = ""
    source_line: str = ""


@dataclass(slots=True)
class Findings:
    """Collects findings while a project is read; reading goes on after each."""

    found: list[Finding] = field(default_factory=list)

    def error(self, code: str, at: Place, message: str, fix: str = "", nearest: str | None = None) -> None:
        """Note something that keeps the project from being used."""
        self._add(Severity.ERROR, code, at, message, fix, nearest)

    def warning(self, code: str, at: Place, message: str, fix: str = "", nearest: str | None = None) -> None:
        """Note something that is hardly meant like this."""
        self._add(Severity.WARNING, code, at, message, fix, nearest)

    def note(self, code: str, at: Place, message: str, fix: str = "") -> None:
        """Note something worth knowing."""
        self._add(Severity.NOTE, code, at, message, fix, None)

    def has_errors(self) -> bool:
        """Tell whether anything found keeps the project from being used."""
        return any(each.severity is Severity.ERROR for each in self.found)

    def in_order(self) -> tuple[Finding, ...]:
        """Return what was found, once each, by file and position; of each severity so many as anybody reads."""
        ordered = sorted(dict.fromkeys(self.found), key=lambda each: (each.file, each.line, each.column))
        if len(ordered) <= Limits.FINDINGS:
            return tuple(ordered)
        return tuple(chain.from_iterable(_first(each, ordered) for each in Severity))

    def _add(self, severity: Severity, code: str, at: Place, message: str, fix: str, nearest: str | None) -> None:
        self.found.append(
            Finding(
                code=code,
                severity=severity,
                file=at.file,
                message=message,
                fix=fix,
                line=at.line,
                column=at.column,
                length=at.length,
                pointer=at.pointer,
                nearest=nearest,
                source_line=at.source_line,
            )
        )


def _first(severity: Severity, ordered: Iterable[Finding]) -> list[Finding]:
    """Return the first findings of a severity, and how many more there are."""
    found = [each for each in ordered if each.severity is severity]
    kept = found[: Limits.FINDINGS]
    if more := len(found) - len(kept):
        message = f"{more:,} more {'is' if more == 1 else 'are'} not listed."
        kept.append(Finding("findings-many", severity, found[len(kept)].file, message, "Mend those before it first."))
    return kept


def nearest_name(wrong: str, known: Iterable[str]) -> str | None:
    """Return the known name closest to `wrong`, None where none is close."""
    if not wrong or len(wrong) > _LONGEST:
        return None
    lowered = {name.lower(): name for name in islice(known, _MOST)}
    close = get_close_matches(wrong.lower(), lowered, n=1, cutoff=0.6)
    return lowered[close[0]] if close else None


def did_you_mean(nearest: str | None, otherwise: str = "") -> str:
    """Return the advice that goes with a nearest name."""
    return f"Did you mean `{nearest}`?" if nearest else otherwise
