"""How many files and sockets this process may have open, and has."""

import contextlib
import os
from array import array
from pathlib import Path

from devgw.limits import Limits

try:
    import fcntl
    import resource
    import termios
except ImportError:
    _IS_POSIX = False
else:
    _IS_POSIX = True

_USUAL = 1024
_FOLDER = Path("/dev/fd")


def raise_limit() -> None:
    """Raise the soft limit to what the hard one allows, up to `Limits.DESCRIPTORS`."""
    if not _IS_POSIX:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for wanted in (Limits.DESCRIPTORS, 10_240):  # macOS takes no more than its OPEN_MAX, whatever the hard limit says
        allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        if soft != resource.RLIM_INFINITY and soft < allowed:
            with contextlib.suppress(OSError, ValueError):
                resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
                return


def limit() -> int:
    """Return the soft limit, or what is taken for it where the system has none."""
    if not _IS_POSIX:
        return _USUAL
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return Limits.DESCRIPTORS if soft == resource.RLIM_INFINITY else min(soft, Limits.DESCRIPTORS)


def in_use() -> int | None:
    """Return how many are open, or None where the system does not tell."""
    try:
        return len(os.listdir(_FOLDER)) - 1  # noqa: PTH208  one of them is the folder itself
    except OSError:
        return None


def has_unread(descriptor: int) -> bool:
    """Tell whether bytes wait in the kernel that nobody has read yet: where it is busy, it hears late."""
    if not _IS_POSIX or descriptor < 0:
        return False
    waiting = array("i", [0])
    try:
        fcntl.ioctl(descriptor, termios.FIONREAD, waiting)
    except OSError:
        return False
    return waiting[0] > 0


def connection_limit() -> int:
    """Return how many client connections one server keeps.

    Each may need one to an upstream, and that one may be an emulator in this very process: hence a third.
    """
    return max(8, min(Limits.CONNECTIONS, (limit() - Limits.DESCRIPTORS_KEPT) // 3))
