"""Folders that live as long as one command, and those that a command left which was killed.

A lock tells the living from the dead: the system drops it with its holder, however that ends.
"""

import contextlib
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from devgw.control.folder import HELD, LOCK, SESSION, new_passing
from devgw.control.lock import ProjectLock, holder_of
from devgw.platforms.here import here
from devgw.platforms.paths import passing_place
from devgw.wiring.leaving import left_by

WATCH = "devgw-watch-"
"""How the folders of `devgw watch -- COMMAND` begin."""
_STATE = ".devgw"
_LOCKS = {SESSION: HELD, WATCH: _STATE}


def session_folder() -> tuple[Path, ProjectLock]:
    """Make a folder for its owner alone; it is this process's for as long as the lock is held.

    Raises:
        Refused: with `NoPassingFolder` or `StateDirectoryUnusable`.
    """
    folder = new_passing(SESSION)
    lock = ProjectLock(folder / HELD)
    lock.acquire()
    return folder, lock


async def sweep() -> list[str]:
    """Remove what commands left that were killed; return what is left at third parties, in sentences."""
    said: list[str] = []
    for folder in _dead(SESSION):
        said += await left_by(folder, folder / _STATE)
    for folder in _dead(WATCH):
        shutil.rmtree(folder, ignore_errors=True)
    return [f"Of a session that was killed: {each}" for each in said]


def _dead(prefix: str) -> Iterator[Path]:
    """Yield our own folders that nobody holds; one that has no lock yet may be just begun."""
    for folder in passing_place().glob(f"{prefix}*"):
        state = folder / _LOCKS[prefix]
        with contextlib.suppress(OSError):
            if _is_ours(folder) and (state / LOCK).stat().st_size and not _is_held(state, folder / _STATE):
                yield folder


def _is_held(*states: Path) -> bool:
    """Tell whether the command lives, or a gateway that it started."""
    return any(map(holder_of, states))


def _is_ours(folder: Path) -> bool:
    """Tell whether it is a folder of this user's, and no link to one."""
    found, user = folder.lstat(), here().user()
    return stat.S_ISDIR(found.st_mode) and (user is None or found.st_uid == user)
