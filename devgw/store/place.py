"""The database's file: made and opened without following links, known again, and put back where it went missing."""

import os
import sqlite3
from pathlib import Path

from devgw.files import FileRefused, check_own, own
from devgw.store.tracked import is_tracked, untrack

BESIDE = ("-wal", "-shm", "-journal")
"""What SQLite puts beside it."""


class FilePlace:
    """Where the file stands, and which file it is."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._log = f"{path}-wal"
        self._identity = self._prepare()

    def _prepare(self) -> tuple[int, int]:
        """Make the file or check the one that is there; return which it is.

        Raises:
            OSError: where it is not ours, or cannot be made.
        """
        if is_tracked(self.path):
            why = "git tracks it, so it came with the repository or goes out with it"
            raise FileRefused(self.path, why, untrack(self.path))
        for each in self._beside():
            if os.path.lexists(each):
                check_own(each, each.lstat())
        with own(self.path) as file:
            found = os.fstat(file.fileno())
        return found.st_dev, found.st_ino

    def _beside(self) -> list[Path]:
        return [self.path.with_name(self.path.name + each) for each in BESIDE]

    def is_there(self) -> bool:
        """Tell whether the file that was opened stands in its place; called before each write, it costs 2 µs."""
        try:
            found = self.path.stat(follow_symlinks=False)
        except OSError:
            return False
        return (found.st_dev, found.st_ino) == self._identity

    def has_log(self) -> bool:
        """Tell whether SQLite's log (`-wal`), which has what was written last, has a name; called before each write."""
        return os.path.lexists(self._log)

    def put_back(self, connection: sqlite3.Connection) -> None:
        """Write everything that `connection` has into a new file in the old place.

        Raises:
            FileRefused: where something else stands there by now.
            OSError, sqlite3.Error: where it cannot be written.
        """
        if os.path.lexists(self.path):
            raise FileRefused(self.path, "it is not the file that was opened")
        for each in self._beside():  # of the file that is gone; SQLite would share them with the new one's connection
            each.unlink(missing_ok=True)
        identity = self._prepare()
        copy = sqlite3.connect(self.path)
        try:
            connection.backup(copy)
        except sqlite3.Error:
            self.path.unlink(missing_ok=True)
            raise
        finally:
            copy.close()
        self._identity = identity
