"""In which folder lock and control socket are: the state folder, or one of the user's own where no state is kept."""

import os
import stat
import tempfile
from dataclasses import replace
from pathlib import Path

from devgw.entropy import digest
from devgw.files import FileRefused, check_own, close_to_others, is_made_by_devgw, own_folder
from devgw.foreign.json import read_object
from devgw.platforms.here import here
from devgw.platforms.paths import passing_place, spelt
from devgw.problems import Problem, Refused
from devgw.problems.control import NoPassingFolder, StateDirectoryUnusable
from devgw.settings import Settings

SOCKET = "control.sock"
TCP_FILE = "control.json"
LOCK = "gateway.lock"
DATABASE = "devgw.db"
FLOWS = "flows.db"
KEY = "upstream.key"
LOG = "gateway.log"
STUCK_LOG = "stuck.log"
WATCHED, LOGINS = "watched.json", "logins.json"
NAMES = (TCP_FILE, DATABASE, FLOWS, KEY, LOG, STUCK_LOG)
"""The plain files that devgw writes there, besides the lock and what SQLite puts beside its database."""
SESSION, HELD = "devgw-session-", ".session"
"""How the folders of `devgw up URL` begin, and in which folder of theirs the lock is that this command holds."""
_RUNTIME = "XDG_RUNTIME_DIR"
_DATABASES = tuple(f"{name}{end}" for name in (DATABASE, FLOWS) for end in ("", "-wal", "-shm", "-journal"))
_CLOSED = (*_DATABASES, LOG, STUCK_LOG, LOCK, WATCHED, LOGINS)
"""Files that are taken from other users; a key that those could read is refused, and an address is made anew."""


def control_folder(settings: Settings) -> Path:
    """Return where the gateway of these settings has its lock and socket."""
    return passing_folder(settings.root) if settings.ephemeral else settings.state_path


def is_met(folder: Path) -> bool:
    """Tell whether a gateway left there how it is reached; a folder that may not be entered is another user's."""
    try:
        return any((folder / each).exists() for each in (SOCKET, TCP_FILE))
    except PermissionError:  # joining says so
        return True


def passing_folder(root: Path) -> Path:
    """Return the folder of a gateway that keeps nothing in its project: in the user's runtime or temporary folder."""
    base = passing_place() if passing_variable() != _RUNTIME else Path(os.environ[_RUNTIME])
    return base / f"devgw-{here().user() or 0}-{digest(str(spelt(root)))[:12]}"


def passing_variable() -> str:
    """Return which variable of the environment names the place of that folder."""
    runtime = os.environ.get(_RUNTIME, "")
    return _RUNTIME if runtime and Path(runtime).is_dir() else "TMPDIR"


def new_passing(prefix: str) -> Path:
    """Make a folder for its owner alone that does not last.

    Raises:
        Refused: with `NoPassingFolder`.
    """
    base = passing_place()
    try:
        return Path(tempfile.mkdtemp(prefix=prefix, dir=base))
    except OSError as error:
        raise Refused(NoPassingFolder(str(base), error.strerror or str(error))) from error


def prepare(folder: Path) -> list[str]:
    """Make the folder for its owner alone, or see that it and what is in it is devgw's.

    Returns:
        What its mode had let other users do until now, a sentence each.

    Raises:
        Refused: with `StateDirectoryUnusable`.
    """
    opened = [_was_open(folder, mode)] if is_made_by_devgw(folder) and (mode := close_to_others(folder)) else []
    try:
        is_ours = own_folder(folder)
        if not is_ours and not os.path.lexists(folder / LOCK):
            _check_nothing_foreign(folder)
    except OSError as reason:
        raise unusable(folder, reason) from reason
    files = (folder / each for each in _CLOSED)
    return opened + [_was_open(each, mode) for each in files if (mode := close_to_others(each))]


def _was_open(path: Path, mode: int) -> str:
    """Say what others might do with a file or folder, which they may not any more."""
    done = "read and write" if mode & 0o022 else "read"
    anew = ""
    if path.name.startswith(DATABASE):
        anew = " Where somebody else uses this machine, end devgw, move it away, and start again."
    return f"{path} had mode {mode:o}: other users who reach it could {done} it. It is yours alone now.{anew}"


def _check_nothing_foreign(folder: Path) -> None:
    """Refuse a file of our names in a folder in which devgw never ran."""
    for name in NAMES:
        if os.path.lexists(folder / name):
            raise FileRefused(folder / name, "devgw did not write it, and leaves it alone")


def unusable(folder: Path, reason: OSError) -> Refused:
    """Return the refusal for a folder, or a file in it, that cannot be used."""
    path = reason.filename or str(folder)
    return Refused(StateDirectoryUnusable(str(path), reason.strerror or str(reason)))


def of_project(problem: Problem, settings: Settings) -> Problem:
    """Return why the folder of a project's gateway cannot be used, with what such a gateway can do without."""
    if isinstance(problem, StateDirectoryUnusable):
        return replace(problem, keeps=not settings.ephemeral, variable=passing_variable())
    return problem


def why_without(problem: Problem, settings: Settings) -> str:
    """Return why a gateway that keeps nothing has no control socket; empty where one may not go without."""
    if settings.ephemeral and isinstance(problem, StateDirectoryUnusable):
        return f"{problem.explain()} Set {problem.variable} to a folder that you may write to, for one."
    return ""


def is_session(root: Path) -> bool:
    """Tell whether a project was made of URLs on a command line, and is gone with that command."""
    return root.name.startswith(SESSION) and (root / HELD / LOCK).exists()


def remove_left_behind(folder: Path) -> None:
    """Remove the socket and address of a gateway before; only its successor, who holds the lock, may.

    Raises:
        FileRefused: where something else has one of their names.
    """
    path = folder / SOCKET
    if os.path.lexists(path):
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise FileRefused(path, "it is no socket, so devgw did not make it")
        path.unlink()
    if os.path.lexists(folder / TCP_FILE):
        _check_left_behind(folder / TCP_FILE)
        (folder / TCP_FILE).unlink()


def _check_left_behind(file: Path) -> None:
    """Refuse a file that says no address, as ours does; one that was cut off says nothing."""
    try:
        check_own(file, file.lstat())
        if file.lstat().st_size:
            read_address(file)
    except ValueError as error:
        raise FileRefused(file, "devgw did not write it, and leaves it alone") from error


def read_address(file: Path) -> tuple[int, str]:
    """Return port and word of a gateway; a file that came from elsewhere may say anything.

    Raises:
        OSError: where it cannot be read, or is not this user's own.
        ValueError: where it says no address.
    """
    check_own(file, file.lstat())
    known = read_object(file.read_bytes())
    port, word = known.get("port"), known.get("token")
    if not isinstance(port, int) or not 0 < port <= 65_535 or not isinstance(word, str):
        raise ValueError(f"{file.name} names no port and word")
    return port, word
