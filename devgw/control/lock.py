"""One gateway per project: a lock on a file in the state directory, which the system drops when its holder dies."""

import contextlib
import os
from pathlib import Path
from typing import BinaryIO

from devgw.control.folder import LOCK, prepare, unusable
from devgw.files import FileRefused, check_own, own, own_folder
from devgw.platforms.here import here
from devgw.problems import Refused
from devgw.problems.control import AnotherGatewayRuns


class ProjectLock:
    """Held by the one gateway of a project, from before it opens the database until it ends."""

    def __init__(self, state_dir: Path) -> None:
        self._state_dir = state_dir
        self._file: BinaryIO | None = None
        self.opened: list[str] = []
        """What other users could have done in the folder until it was taken, a sentence each."""

    @property
    def is_held(self) -> bool:
        """Tell whether this process holds it."""
        return self._file is not None

    def acquire(self) -> None:
        """Take the project.

        Raises:
            Refused: with `AnotherGatewayRuns` or `StateDirectoryUnusable`.
        """
        self.opened = prepare(self._state_dir)
        self._file = self._take()

    def keep(self) -> None:
        """Take the project again where somebody removed the lock, alone or with its folder.

        Raises:
            Refused: with `AnotherGatewayRuns` or `StateDirectoryUnusable`.
        """
        if self._file is None or self._is_in_place(self._file):
            return
        try:
            self._state_dir.parent.stat()  # a project that is gone is not made again
            own_folder(self._state_dir)
        except OSError as reason:
            raise unusable(self._state_dir, reason) from reason
        old, self._file = self._file, self._take()
        old.close()

    def _is_in_place(self, file: BinaryIO) -> bool:
        try:
            return os.path.samestat((self._state_dir / LOCK).lstat(), os.fstat(file.fileno()))
        except OSError:
            return False

    def _take(self) -> BinaryIO:
        """Return the locked file, with our number in it."""
        path = self._state_dir / LOCK
        try:
            file = own(path)
            _check_ours(path, file)
        except OSError as reason:
            raise unusable(self._state_dir, reason) from reason
        try:
            here().lock(file)
        except OSError as reason:
            file.close()
            raise Refused(AnotherGatewayRuns(str(self._state_dir), _holder(path))) from reason
        file.seek(0)
        file.truncate(0)
        with contextlib.suppress(OSError):  # on a full disk it is a lock all the same
            file.write(f"{os.getpid()}\n".encode())
            file.flush()
        return file

    def release(self) -> None:
        """Give the project back."""
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.truncate(0)
                self._file.close()
            self._file = None


def _check_ours(path: Path, file: BinaryIO) -> None:
    """Refuse a file whose content is no lock's: a process id on a line, or nothing."""
    content = file.read(64)
    if content.strip(b"0123456789\n"):
        file.close()
        raise FileRefused(path, "devgw did not write it, and leaves it alone")


def check_lock(state_dir: Path) -> None:
    """Check that what stands in the lock's place, if anything does, is a file of ours: else it tells of no gateway.

    Raises:
        FileRefused: where it is not, or its folder is none; it may have come with that, as a link to anything.
    """
    path = state_dir / LOCK
    try:
        found = path.lstat()
    except NotADirectoryError as error:
        raise FileRefused(state_dir, "it is no folder") from error
    except OSError:
        return
    check_own(path, found)


def holder_of(state_dir: Path) -> int:
    """Return the process that holds a project; 0 where none does, or it did not write its number.

    The lock is tried only where a number stands in the file: whoever starts at this moment must not find it taken.
    """
    path = state_dir / LOCK
    try:
        check_lock(state_dir)
    except FileRefused:
        return 0
    pid = _holder(path)
    if not pid:
        return 0
    try:
        with path.open("r+b") as file:
            here().lock(file)
    except OSError:
        return pid
    return 0


def _holder(path: Path) -> int:
    try:
        return int(path.read_text(encoding="utf-8").strip() or 0)
    except (OSError, ValueError):
        return 0
