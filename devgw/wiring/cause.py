"""Why a piece of devgw failed, in words for a person: what the system said, and the one change that mends it."""

import errno
from dataclasses import dataclass

from devgw.files import FileRefused
from devgw.foreign.text import clean
from devgw.monitor.masking import mask_sentence
from devgw.platforms.here import here
from devgw.problems import Refused

LONGEST = 200
"""Characters of a reason that are shown."""
_THEN, _TRIED, _UNTIL = "; it goes on by itself then.", " It is tried again by itself.", " Until then it is tried."
"""What is so of helpers, and of no work that is done once."""
DEFECT = f"This is a defect of devgw: report it with the words beside it.{_TRIED}"
_FIXES = {
    errno.ENOSPC: f"Free space on that disk{_THEN}",
    errno.EDQUOT: f"Free space in your quota{_THEN}",
    errno.EFBIG: "Raise the limit on file sizes (`ulimit -f`) and start devgw again.",
    errno.ENFILE: "The whole machine has no open files left: end programs that hold many.",
    errno.ENOMEM: f"Free memory{_THEN}",
    errno.ELOOP: "A symbolic link leads to itself: remove it.",
    errno.EACCES: f"Give your user the right to it{_THEN}",
    errno.EPERM: f"Give your user the right to it{_THEN}",
    errno.EROFS: "The disk is mounted read-only: make it writable, or name another folder with --state-dir.",
    errno.EADDRINUSE: "End the program that has this port, or configure another one.",
}


@dataclass(frozen=True, slots=True)
class Cause:
    """What failed, and what mends it; an empty reason means that nothing is wrong."""

    reason: str
    fix: str = ""


def of_one_time(cause: Cause) -> Cause:
    """Return the cause of a failure of what is done once: nothing promises that it is done again."""
    fix = cause.fix.replace(_THEN, ".").replace(_UNTIL, "")
    return Cause(cause.reason, fix.replace(_TRIED.strip(), "").strip())


class HelperUnwell(Exception):  # noqa: N818  it reads as what happened
    """Raised by a helper that knows itself what is wrong."""

    def __init__(self, cause: Cause) -> None:
        super().__init__(cause.reason)
        self.cause = cause


def cause_of(error: BaseException) -> Cause:
    """Return the cause behind `error`: of a group, the first that is one; never an error's local values."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, HelperUnwell):
        return error.cause
    if isinstance(error, Refused):
        return Cause(error.problem.explain(), error.problem.advise())
    if isinstance(error, OSError):
        return _of_system(error)
    words = mask_sentence(clean(str(error), LONGEST))
    return Cause(f"{type(error).__name__} at {_place(error)}" + (f": {words}" if words else ""), DEFECT)


def _of_system(error: OSError) -> Cause:
    """Return what the system said, and of which file."""
    said = clean(error.strerror or str(error) or type(error).__name__, LONGEST)
    where = f" ({clean(str(error.filename), LONGEST)})" if error.filename else ""
    fix = _FIXES.get(error.errno or 0, _TRIED.strip())
    if error.errno == errno.EMFILE:
        fix = f"{here().how_to_open_more()}{_UNTIL}"
    if isinstance(error, FileRefused):
        fix = f"{error.todo}{_THEN}"
    return Cause(f"{said}{where}", fix)


def _place(error: BaseException) -> str:
    """Return module and line in which it was raised."""
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    if traceback is None:
        return "an unknown place"
    return f"{traceback.tb_frame.f_globals.get('__name__', '?')}:{traceback.tb_lineno}"
