"""Paths as files: one that a file system takes in another spelling is the same, and is compared as such."""

import os
import tempfile
import unicodedata
from collections.abc import Callable
from pathlib import Path

Same = Callable[[Path, Path], bool]


def spelt(path: Path, same: Same = os.path.samefile) -> Path:
    """Return a path without links, each name as its folder has it: macOS and Windows take any case, macOS any accents.

    Args:
        path: may be relative, and need not be there.
        same: tells whether two paths lead to one file; raises OSError where one leads nowhere.
    """
    real = path.resolve()
    found = Path(real.anchor)
    for part in real.relative_to(real.anchor).parts:
        found /= _name_in(found, part, same)
    return found


def home_folder() -> Path:
    """Return the person's own folder: the root where the system knows none, as container engines set it."""
    try:
        return Path.home()
    except RuntimeError:  # no HOME, and a user id without an account
        return Path(os.sep)


def passing_place() -> Path:
    """Return the folder for what does not last; where none can be written, the one in which it would be."""
    try:
        return Path(tempfile.gettempdir())
    except FileNotFoundError:
        return Path(os.environ.get("TMPDIR") or "/tmp")  # noqa: S108  nothing can be written there


def is_below(path: Path, folder: Path) -> bool:
    """Tell whether a path leads into a folder, or to it."""
    return spelt(path).is_relative_to(spelt(folder))


def _name_in(folder: Path, part: str, same: Same) -> str:
    try:
        names = os.listdir(folder)  # noqa: PTH208  names are enough
        alike = [each for each in names if _plain(each) == _plain(part)]
        return part if part in alike else next((each for each in alike if same(folder / each, folder / part)), part)
    except OSError:  # it may not be listed, or there is nothing of that name
        return part


def _plain(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()
