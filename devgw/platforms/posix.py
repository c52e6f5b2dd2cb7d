"""What Linux, macOS and the BSDs have in common."""

import contextlib
import errno
import fcntl
import os
import resource
import select
import shutil
import signal
import socket
import subprocess
import termios
from array import array
from collections.abc import Mapping
from typing import Any, BinaryIO, ClassVar

from devgw.platforms.platform import TAKEN_SECONDS, Platform

_LESSER = 10_240
"""macOS takes no more than its OPEN_MAX, whatever the hard limit says."""
_DESCRIPTORS = "/dev/fd"
_GONE = select.POLLHUP | select.POLLERR | select.POLLNVAL


class Posix(Platform):
    """Any system with POSIX's calls."""

    name = "POSIX"

    def user(self) -> int | None:
        """Return the effective user's id."""
        return os.geteuid()

    def keep_private(self, descriptor: int, mode: int = 0o600) -> None:
        """Set its mode."""
        os.fchmod(descriptor, mode)

    def lock(self, file: BinaryIO) -> None:
        """Lock the whole file, for this open file alone."""
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def free_bytes(self, path: Any) -> int:
        """Return what a user without rights may still write."""
        found = os.statvfs(path)
        return found.f_bavail * found.f_frsize

    def raise_open_files(self, wanted: int) -> None:
        """Raise the soft limit to what the hard one allows, up to `wanted`."""
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        for most in (wanted, _LESSER):
            allowed = most if hard == resource.RLIM_INFINITY else min(most, hard)
            if soft != resource.RLIM_INFINITY and soft < allowed:
                with contextlib.suppress(OSError, ValueError):
                    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
                    return

    def open_files_limit(self) -> int | None:
        """Return the soft limit."""
        soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        return None if soft == resource.RLIM_INFINITY else soft

    def how_to_open_more(self) -> str:
        """Name the limit that a shell may set, or say that it may set none beyond what this process has."""
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft in {hard, resource.RLIM_INFINITY}:
            more = f"let root raise this one's hard limit, now {hard:,} (`ulimit -Hn`)"
            return f"Start devgw from another shell, or {more}."
        most = max(2 * soft, _LESSER) if hard == resource.RLIM_INFINITY else hard
        return f"Raise the number of open files (`ulimit -n {most}`) and start devgw again."

    def open_files(self) -> int | None:
        """Count the names in /dev/fd; one of them is the folder itself."""
        try:
            return len(os.listdir(_DESCRIPTORS)) - 1  # noqa: PTH208  numbers are enough
        except OSError:
            return None

    def has_unread(self, descriptor: int) -> bool:
        """Ask the kernel how many bytes wait."""
        waiting = array("i", [0])
        try:
            fcntl.ioctl(descriptor, termios.FIONREAD, waiting)
        except (OSError, ValueError):  # closed: an asyncio socket says -1
            return False
        return waiting[0] > 0

    def takes_bytes(self, descriptor: int) -> bool:
        """Ask `select`."""
        return bool(select.select([], [descriptor], [], 0)[1])

    def claim(self, listener: socket.socket) -> None:
        """Let it be bound while old connections linger; a listener's exact address is refused all the same."""
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)

    def owner_of(self, port: int) -> str:
        """Ask `lsof`, which may have to look at everything that is mounted."""
        program = shutil.which("lsof")
        if program is None:
            return ""
        command = [program, "-nP", f"-iTCP:{port}", "-sTCP:LISTEN", "-Fpc"]
        try:
            told = subprocess.run(  # noqa: S603  a fixed program with a number as argument
                command, stdin=subprocess.DEVNULL, capture_output=True, timeout=TAKEN_SECONDS, check=False
            )
        except (OSError, subprocess.TimeoutExpired):
            return ""
        lines = told.stdout.decode("utf-8", "replace").splitlines()
        fields = {line[:1]: line[1:] for line in reversed(lines) if line}
        return f"{fields.get('c', 'a process')} (pid {fields['p']})" if "p" in fields else ""

    @property
    def apart(self) -> Mapping[str, Any]:
        """Return that the child has a session of its own."""
        return {"start_new_session": True}

    def end_in(self, seconds: float) -> None:
        """Set the system's timer, whose signal ends a process that does not handle it."""
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, seconds)

    def pauses(self) -> int | None:
        """Return what is counted of the whole process; its other threads are few, and wait."""
        return resource.getrusage(resource.RUSAGE_SELF).ru_nvcsw or None

    def is_told_by_terminal(self) -> bool:
        """Tell whether this process is in the foreground group of its terminal, which its children are in, too."""
        try:
            terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
        except OSError:
            return False
        try:
            return os.tcgetpgrp(terminal) == os.getpgrp()
        except OSError:
            return False
        finally:
            os.close(terminal)

    def terminal_settings(self, descriptor: int) -> Any:
        """Return what `tcgetattr` says."""
        try:
            return termios.tcgetattr(descriptor)
        except termios.error as error:
            raise OSError(*error.args) from error

    def put_terminal_back(self, descriptor: int, settings: Any) -> None:
        """Set them at once."""
        with contextlib.suppress(termios.error):
            termios.tcsetattr(descriptor, termios.TCSANOW, settings)

    def hangups(self, descriptor: int) -> int:
        """Ask `poll`; a terminal whose settings cannot be read any more is one that hung up."""
        poll = select.poll()
        poll.register(descriptor, _GONE)  # macOS tells of no event that was not asked for
        found = next((events & _GONE for _, events in poll.poll(0)), 0)
        try:
            self.terminal_settings(descriptor)
        except OSError as error:
            return found | (select.POLLHUP if error.errno in {errno.EIO, errno.ENXIO, errno.EBADF} else 0)
        return found


class Bsd(Posix):
    """A POSIX system of which no more is known."""

    name = "this system"
    at_start: ClassVar = "devgw was never tried on this system; on Linux it was."
