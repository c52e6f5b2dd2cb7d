"""A program on a real pseudo-terminal: what it writes is read, keys are typed, signals sent, the window closed."""

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

_STYLE = re.compile(rb"\x1b\[[0-9;:]*m")
_QUERIES = {b"\x1b[?2026$p": b"\x1b[?2026;2$y"}
SWITCHED_ON = {
    b"\x1b[?1049h": b"\x1b[?1049l",
    b"\x1b[?1000h": b"\x1b[?1000l",
    b"\x1b[?2004h": b"\x1b[?2004l",
    b"\x1b[?25l": b"\x1b[?25h",
}
"""What a dashboard switches on, and what switches it off again."""


class Terminal:
    """One program and the master side of its terminal."""

    def __init__(
        self, argv: Sequence[str], columns: int = 120, rows: int = 36, env: Mapping[str, str] | None = None
    ) -> None:
        self.output = bytearray()
        self.status: int | None = None
        self.is_closed = False
        self.started = time.perf_counter()
        environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", "TZ": "UTC", **(env or {})}
        environment.pop("NO_COLOR", None)
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            os.execvpe(argv[0], list(argv), environment)  # noqa: S606  that is what it is for
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        os.set_blocking(self.master, False)
        self.settings = termios.tcgetattr(self.master)

    def pump(self, timeout: float) -> bytes:
        """Read what is there, waiting up to `timeout` for the first byte, and answer what is asked."""
        if self.is_closed or not select.select([self.master], [], [], timeout)[0]:
            return b""
        try:
            data = os.read(self.master, 65_536)
        except BlockingIOError:
            return b""
        except OSError:
            data = b""
        if not data:
            self.is_closed = True
            return b""
        for query, answer in _QUERIES.items():
            if query in data:
                self.send(answer)
        self.output += data
        return data

    def until(self, holds: Callable[[], bool], timeout: float = 15.0) -> bool:
        """Read until `holds`; return whether it did in time."""
        end = time.perf_counter() + timeout
        while not holds():
            if time.perf_counter() > end or self.is_closed:
                return holds()
            self.pump(0.02)
        return True

    def shows(self, text: str, timeout: float = 15.0) -> bool:
        """Read until `text` was written, whatever its colours; return whether it was in time."""
        wanted = text.encode()
        return self.until(lambda: wanted in _STYLE.sub(b"", bytes(self.output)), timeout)

    @property
    def text(self) -> str:
        """Return everything written so far without colours."""
        return _STYLE.sub(b"", bytes(self.output)).decode("utf-8", "replace")

    def send(self, data: bytes) -> None:
        """Type."""
        with contextlib.suppress(OSError):
            os.write(self.master, data)

    def kill(self, number: signal.Signals) -> None:
        """Send a signal to the program."""
        os.kill(self.pid, number)

    def wait(self, timeout: float = 10.0) -> int | None:
        """Read on until the program ends; return its exit status, 128 + n where a signal ended it."""
        end = time.perf_counter() + timeout
        while self.status is None and time.perf_counter() < end:
            self.pump(0.02)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
                if self.status < 0:
                    self.status = 128 - self.status
                while self.pump(0.01):
                    pass
        return self.status

    def close(self) -> None:
        """Close the window, as a terminal program does when its user clicks it away."""
        if self.master >= 0:
            os.close(self.master)
            self.master, self.is_closed = -1, True

    def end(self) -> None:
        """Leave nothing behind."""
        if self.status is None:
            with contextlib.suppress(OSError):
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
        self.close()

    def left_on(self) -> list[str]:
        """Return what was switched on and not off again."""
        written = bytes(self.output)
        return [on.decode() for on, off in SWITCHED_ON.items() if written.rfind(on) > written.rfind(off)]

    @property
    def is_as_before(self) -> bool:
        """Tell whether the terminal's settings are what they were."""
        return termios.tcgetattr(self.master)[:4] == self.settings[:4]

    # --- what it costs ------------------------------------------------------------------------------------------------

    def cpu_seconds(self) -> float:
        """Return the processor time that the program has used; Linux only."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident_megabytes(self) -> float:
        """Return how much memory the program holds; Linux only."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def devgw(*arguments: str) -> list[str]:
    """Return the command line of devgw itself."""
    return [sys.executable, "-m", "devgw", *arguments]
