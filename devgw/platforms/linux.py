"""Linux, also under Windows (WSL2)."""

import contextlib
import os
import resource
import shutil
import socket
import struct
import subprocess
from collections.abc import Mapping
from itertools import dropwhile
from pathlib import Path
from typing import ClassVar

from devgw.platforms.platform import Clipboard
from devgw.platforms.posix import Posix
from devgw.platforms.seat import Seat, seat_of

_LISTENING = "0A"
_PROC = Path("/proc")
_CREDENTIALS = struct.Struct("3i")
_OPENS_SECONDS = 10.0
_OPENERS = ("xdg-open", "gio", "sensible-browser")


class Linux(Posix):
    """Linux."""

    name = "Linux"
    clipboards: ClassVar = (
        Clipboard(("wl-copy",), "WAYLAND_DISPLAY"),
        Clipboard(("xclip", "-selection", "clipboard"), "DISPLAY"),
        Clipboard(("clip.exe",), "WSL_DISTRO_NAME", "utf-16"),
    )

    def queued_ns(self) -> int:
        """Look into /proc, where quotas count too (Documentation/scheduler/sched-stats.rst: time spent waiting)."""
        try:
            told = os.open(_PROC / "thread-self" / "schedstat", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return 0
        try:
            return int(os.read(told, 100).split()[1])
        except (OSError, ValueError, IndexError):
            return 0
        finally:
            os.close(told)

    def pauses(self) -> int | None:
        """Return what is counted of this thread; a kernel that counts nothing says 0."""
        return resource.getrusage(resource.RUSAGE_THREAD).ru_nvcsw or None

    def peer_user(self, connection: socket.socket) -> int | None:
        """Ask the kernel."""
        if connection.family != getattr(socket, "AF_UNIX", None):
            return None
        size = _CREDENTIALS.size
        _pid, user, _group = _CREDENTIALS.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))
        return int(user)

    def owner_of(self, port: int) -> str:
        """Look into /proc, which answers at once; ask `lsof` where that is not mounted."""
        if not (_PROC / "net" / "tcp").exists():
            return super().owner_of(port)
        inodes = {inode for name in ("tcp", "tcp6") for inode in _listening_inodes(_PROC / "net" / name, port)}
        wanted = {f"socket:[{inode}]" for inode in inodes}
        for process in _PROC.glob("[0-9]*") if wanted else ():
            if _has_descriptor(process, wanted):
                return f"{_name_of(process)} (pid {process.name})"
        return ""

    def opens_browser(self, environ: Mapping[str, str]) -> tuple[str, str]:
        """Look for the program in BROWSER, which nobody reads elsewhere, else for an opener and a display."""
        if named := environ.get("BROWSER", "").partition(":")[0].split():
            is_there = shutil.which(named[0])
            return (
                f"BROWSER={named[0]}" if is_there else "",
                "" if is_there else f"BROWSER names no program: {named[0]}",
            )
        if seat_of(environ) is Seat.WSL:
            opener = shutil.which("wslview")
            return opener or "", "" if opener else "WSL without wslview: nothing here opens the browser of Windows"
        if not environ.get("DISPLAY") and not environ.get("WAYLAND_DISPLAY"):
            return "", "there is no display"
        found = next(filter(None, map(shutil.which, _OPENERS)), None)
        return found or "", "" if found else "neither xdg-open nor another opener is installed"

    def open_page(self, url: str, environ: Mapping[str, str]) -> None:
        """Open a page; what opens the browser of Windows is unknown to Python."""
        opener = self.opens_browser(environ)[0]
        if not opener.endswith("wslview"):
            super().open_page(url, environ)
            return
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            subprocess.run(  # noqa: S603  a program that opens what it is given
                [opener, url], stdin=subprocess.DEVNULL, capture_output=True, timeout=_OPENS_SECONDS, check=False
            )


_RUNS = frozenset({"-m", "-c", "-e", "-jar"})
"""Options of interpreters behind which stands what is run."""


def _listening_inodes(table: Path, port: int) -> list[str]:
    """Return the inodes of sockets that listen on `port`, from a table of /proc/net."""
    try:
        lines = table.read_text(encoding="ascii", errors="replace").splitlines()[1:]
    except OSError:
        return []
    rows = [line.split() for line in lines]
    return [row[9] for row in rows if row[3] == _LISTENING and int(row[1].rpartition(":")[2], 16) == port]


def _has_descriptor(process: Path, wanted: set[str]) -> bool:
    try:
        with os.scandir(process / "fd") as found:
            return any(os.readlink(each.path) in wanted for each in found)  # noqa: PTH115  of thousands
    except OSError:
        return False


def _name_of(process: Path) -> str:
    try:
        words = (process / "cmdline").read_bytes().decode("utf-8", "replace").split("\0")
    except OSError:
        return "a process"
    return program_of(words) or "a process"


def program_of(words: list[str]) -> str:
    """Return what a person calls a command line: the program and what it runs, without the interpreter's options."""
    rest = [*dropwhile(lambda each: each.startswith("-") and each not in _RUNS, words[1:])]
    if rest[:2] == ["-m", "devgw"]:
        return " ".join(filter(None, rest[1:4]))
    return " ".join(filter(None, [Path(words[0]).name, *rest[:2]]))
