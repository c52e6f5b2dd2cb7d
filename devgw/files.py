"""Files that devgw writes: for their owner alone, never through a link, never over what devgw did not write.

    own_folder(path)      the state folder, made or checked
    create(path)          a new file; it must not exist
    own(path)             a file of ours, made or opened again
    replace(path)         a new file in the place of one of ours
    rewrite(path, …)      other content in a file of the person's

Everything that is refused is an OSError (`FileRefused`) whose `strerror` says why, and whose `todo` what mends it.
"""

import contextlib
import errno
import os
import stat
import tempfile
from pathlib import Path
from typing import BinaryIO

from devgw.platforms.here import here

IGNORE_ALL = "*\n"
"""What stands in the `.gitignore` of a state folder that devgw made; by it the folder is known again."""
_AS_BYTES = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_EXCLUSIVE = os.O_CREAT | os.O_EXCL | _AS_BYTES
_AS_IT_IS = getattr(os, "O_NONBLOCK", 0) | _AS_BYTES
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_PRIVATE = 0o700
_USUAL = ".devgw"
"""Of the state folder in a project."""
_OTHERS_READ = stat.S_IRGRP | stat.S_IROTH
MOVE_AWAY = "Move it away"
"""What mends most of what is refused."""


class FileRefused(OSError):  # noqa: N818  it reads as what happened
    """Something stands at a path where devgw would write, and it is not devgw's."""

    def __init__(self, path: Path, why: str, todo: str = MOVE_AWAY) -> None:
        super().__init__(errno.EPERM, why, str(path))
        self.todo = todo
        """The change that mends it: a sentence without its end."""


def todo_of(error: OSError) -> str:
    """Return what mends it where a file cannot be used: a sentence without its end."""
    return error.todo if isinstance(error, FileRefused) else MOVE_AWAY


def own_folder(path: Path) -> bool:
    """Make the folder for its owner alone, or check the one that is there; tell whether devgw made it, now or once.

    A folder that devgw did not make keeps its mode and gets no `.gitignore`.

    Raises:
        OSError: where it cannot be made; `FileRefused` where it is a link, no folder, another user's, or one in which
            others may write.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise FileRefused(Path(error.filename or path.parent), "it is no folder") from error
    try:
        path.mkdir(mode=_PRIVATE)
    except FileExistsError:
        return _check_folder(path)
    try:
        write_new(path / ".gitignore", IGNORE_ALL.encode())
    except OSError as error:  # without its mark it would pass for somebody else's, and git would take what is in it
        path.rmdir()
        raise OSError(error.errno, error.strerror, str(path)) from error
    return True


def _check_folder(path: Path) -> bool:
    found = path.lstat()
    if stat.S_ISLNK(found.st_mode):
        raise FileRefused(path, "it is a symbolic link")
    if not stat.S_ISDIR(found.st_mode):
        raise FileRefused(path, "it is no folder")
    _check_owner(path, found)
    is_ours = is_made_by_devgw(path) or _is_finished(path, found)
    if is_ours and found.st_mode & _OTHERS:
        path.chmod(_PRIVATE)
    elif found.st_mode & _OTHERS_WRITE and not is_ours and here().has_modes:
        raise FileRefused(path, "other users may write in it (chmod go-w takes that from them)")
    return is_ours


def _is_finished(path: Path, found: os.stat_result) -> bool:
    """Finish a folder of which devgw was killed in the making: its owner's alone, with nothing in it but half a mark.

    Under another name than the usual one it may be somebody else's.
    """
    mark = path / ".gitignore"
    inside = list(path.iterdir())
    is_begun = path.name == _USUAL and stat.S_IMODE(found.st_mode) == _PRIVATE and inside in ([], [mark])
    if not is_begun or not here().has_modes:
        return False
    if inside and not (mark.is_file() and not mark.is_symlink() and IGNORE_ALL.startswith(mark.read_text("latin-1"))):
        return False
    mark.unlink(missing_ok=True)
    write_new(mark, IGNORE_ALL.encode())
    return True


def close_to_others(path: Path) -> int:
    """Take from other users what the mode of a file or folder of ours lets them do; return that mode.

    Zero where there is nothing to take, or the disk keeps no modes; what is not ours stays as it is.
    """
    try:
        handle = os.open(path, os.O_RDONLY | _AS_IT_IS)
    except OSError:
        return 0
    try:
        found = os.fstat(handle)
        mode = stat.S_IMODE(found.st_mode)
        is_one = found.st_nlink == 1 or stat.S_ISDIR(found.st_mode)
        if not here().has_modes or found.st_uid != here().user() or not is_one or not mode & _OTHERS:
            return 0
        with contextlib.suppress(OSError):
            here().keep_private(handle, mode & ~_OTHERS)
        return 0 if os.fstat(handle).st_mode & _OTHERS else mode
    finally:
        os.close(handle)


def is_made_by_devgw(folder: Path) -> bool:
    """Tell whether devgw made this state folder."""
    try:
        with os.fdopen(os.open(folder / ".gitignore", os.O_RDONLY | _AS_IT_IS), "rb") as file:
            return file.read(16) == IGNORE_ALL.encode()
    except OSError:
        return False


def create(path: Path, mode: int = 0o600) -> BinaryIO:
    """Return a new file, open for writing; its owner's alone unless another `mode` is given.

    Raises:
        FileExistsError: where anything has that name, a dangling link too.
    """
    return os.fdopen(os.open(path, os.O_RDWR | _EXCLUSIVE, mode), "w+b")


def write_new(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Write a new file, whole or not at all; it is its owner's alone unless another `mode` is given.

    A process that is killed in the middle leaves a part of it, or an empty file: whoever reads it is ready for that.

    Raises:
        FileExistsError: where anything has that name, a dangling link too.
        OSError: where there is no room for it, or another reason; it names the file.
    """
    file = create(path, mode)
    try:
        with file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())  # else a machine that loses its power may keep the name alone
    except OSError as error:
        path.unlink(missing_ok=True)
        raise OSError(error.errno, error.strerror, str(path)) from error


def rewrite(path: Path, content: bytes) -> None:
    """Put `content` in the place of what a file of this user's holds, in one step; its mode stays.

    Raises:
        FileRefused: where it is a link, has a second name, is no plain file, another user's, or may not be written.
        OSError: where the folder takes no other file, or there is no room; it names which, and what was there stays.
    """
    found = path.lstat()
    check_own(path, found)
    if not found.st_mode & stat.S_IWUSR:
        raise FileRefused(path, "it is read-only", "Make it writable")
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path.parent)) from error
    beside = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        beside.chmod(stat.S_IMODE(found.st_mode))
        beside.replace(path)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        beside.unlink(missing_ok=True)


def own(path: Path, *, is_secret: bool = False) -> BinaryIO:
    """Return a file of ours, open for reading and writing at its beginning; made (mode 0600) where there is none.

    Args:
        path: where it is.
        is_secret: refuse one that others may read; what is no secret is taken from them.

    Raises:
        FileRefused: where it is a link, has a second name (a hard link), is no plain file, or another user's.
    """
    try:
        return create(path)
    except FileExistsError:
        pass
    handle = _open_again(path)
    try:
        check_own(path, os.fstat(handle), is_secret=is_secret)
        here().keep_private(handle)
    except OSError:
        os.close(handle)
        raise
    return os.fdopen(handle, "r+b")


def _open_again(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | _AS_IT_IS)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise FileRefused(path, "it is a symbolic link") from error
        raise


def check_own(path: Path, found: os.stat_result, *, is_secret: bool = False) -> None:
    """Check that what `found` tells of is a plain file of this user that has no other name.

    Raises:
        FileRefused: where it is not.
    """
    if stat.S_ISLNK(found.st_mode):
        raise FileRefused(path, "it is a symbolic link")
    if not stat.S_ISREG(found.st_mode):
        raise FileRefused(path, "it is no plain file")
    if found.st_nlink > 1:
        raise FileRefused(path, "it has a second name elsewhere (a hard link)")
    _check_owner(path, found)
    if is_secret and found.st_mode & _OTHERS_READ and here().has_modes:
        raise FileRefused(path, f"other users may read it (mode {stat.S_IMODE(found.st_mode):o})")


def _check_owner(path: Path, found: os.stat_result) -> None:
    if (user := here().user()) is not None and found.st_uid != user:
        raise FileRefused(path, "it belongs to another user")


def replace(path: Path) -> BinaryIO:
    """Return a new file in the place of one of ours; what was there under this name is gone.

    Raises:
        FileRefused: where it is not ours to take away.
    """
    try:
        check_own(path, path.lstat())
        path.unlink()
    except FileNotFoundError:
        pass
    return create(path)
