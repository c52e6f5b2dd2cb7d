"""The gateway as a child process: started, watched, ended; and never left behind.

The child's standard input is a pipe (`--parent-pipe 0`), which every system can hand on. We hold the writing end and
never write: when this process dies, however it dies, the system closes it, and the child sees its end and stops.
"""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from devgw.files import check_own, create, own_folder
from devgw.platforms.here import here

BEFORE = ".1"
"""Behind the name of the log of the run before."""
_GRACE_SECONDS = 5.0
_STDIN = 0
_KEPT_BYTES = 16_384


class GatewayChild:
    """One gateway process, of which there may be several one after the other."""

    def __init__(self, command: Sequence[str], log: Path) -> None:
        self._command = list(command)
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        """Return the file that takes what the gateway says."""
        return self._log

    @property
    def pid(self) -> int | None:
        """Return the process id, None while none was started."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start the gateway, unless it runs.

        Raises:
            OSError: where it cannot be started.
        """
        if self.is_running:
            return
        self._close_pipe()
        handle = self._new_log()
        try:
            self._process = subprocess.Popen(  # noqa: S603  our own program
                [*self._command, "--parent-pipe", str(_STDIN)],
                stdin=subprocess.PIPE,
                stdout=handle,
                stderr=subprocess.STDOUT,
                **here().apart,  # Ctrl+C in this terminal is ours to answer
            )
        finally:
            os.close(handle)

    def _new_log(self) -> int:
        """Return a new log, open for appending; what the run before said is kept beside it."""
        own_folder(self._log.parent)
        if os.path.lexists(self._log):
            check_own(self._log, self._log.lstat())
            self._log.replace(self._log.with_name(self._log.name + BEFORE))
        with create(self._log):
            return os.open(self._log, os.O_WRONLY | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0))

    @property
    def is_running(self) -> bool:
        """Tell whether it runs."""
        return self._process is not None and self._process.poll() is None

    @property
    def ended(self) -> int | None:
        """Return how it ended: its exit status, negative for a signal; None while it runs or was never started."""
        return self._process.poll() if self._process else None

    def last_words(self, size: int = _KEPT_BYTES) -> str:
        """Return the end of what it said."""
        try:
            with self._log.open("rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - size))
                return file.read().decode("utf-8", "replace")
        except OSError:
            return ""

    def stop(self, grace: float = _GRACE_SECONDS) -> int | None:
        """End it: ask by closing the pipe, then by signal; return how it ended."""
        self._close_pipe()
        process = self._process
        if process is None:
            return None
        for ask in (None, process.terminate, process.kill):
            if ask is not None:
                ask()
            try:
                return process.wait(grace)
            except subprocess.TimeoutExpired:
                continue
        return process.poll()

    def _close_pipe(self) -> None:
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
