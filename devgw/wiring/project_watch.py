"""Says when what a start would read is no longer what was read: the system's events are a hint, the contents decide.

Folders come and go (`git checkout`, `rm -rf`, `mv`, an editor that renames), and a watch on a folder that was replaced
hears nothing more. So once a second, and at every event, what is watched and what stands in it are looked at anew.
"""

import asyncio
import errno
import hashlib
import os
import re
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from pathlib import Path

from devgw.config.load import watched_files
from devgw.config.source import content_of
from devgw.platforms.here import here
from devgw.wiring.cause import Cause
from devgw.wiring.project_reader import ProjectReader

STEP_MILLISECONDS = 30
"""How long a burst of changes must pause before it counts as one save."""
LOOK_MILLISECONDS = 1_000
"""How often to look without an event."""

SETTLE_SECONDS = 1.0
"""How long to wait after a file went or became empty: it may be the first of many (`git checkout`), or come back, or be
written this very moment (an editor)."""
LOOKS_WITHOUT_EVENTS = 20
"""After so many, it is tried again whether the system gives events."""

_OS_ERROR = re.compile(r"\(os error (\d+)\)")
"""How watchfiles tells the system's number: an attribute for it has none of its errors."""
_INSTANCES = "Raise fs.inotify.max_user_instances (sysctl)."
_READABLE = "Give your user the right to read the project's folders."
_WITHOUT_EVENTS = {
    errno.EMFILE: ("too many inotify instances or open files", _INSTANCES),
    errno.ENOSPC: ("too many watched folders", "Raise fs.inotify.max_user_watches (sysctl)."),
    errno.EACCES: ("a folder may not be read", _READABLE),
    errno.EPERM: ("a folder may not be read", _READABLE),
}
"""What the system's numbers mean where a watch is set up, and what helps."""
_LOOKED_AT = "so files are looked at once a second"
_IN_UTF_8 = "Rename the folder, or start devgw with a locale in UTF-8 (LC_ALL=C.UTF-8)."
_DIGEST_LENGTH = 64
Contents = tuple[tuple[str, str], ...]


class ProjectWatch:
    """Follows the files of one project."""

    def __init__(self, root: Path, limit: Callable[[Cause | None], None], reader: ProjectReader) -> None:
        self._root = root
        self._read = reader.read
        self._limit = limit
        """Is told why the system gives no events, and None once it gives them again."""
        self._contents = contents_of(root)
        self._stats = stats_of(root)

    async def follow(self, saved: Callable[[], Awaitable[object]]) -> None:
        """Call `saved` after every save, until cancelled; where the system gives no events, by looking alone."""
        while True:
            folders = await self._read(folders_of, self._root)
            await self._look(saved, is_certain=True)
            try:
                await self._watch(list(folders), folders, saved)
            except (OSError, RuntimeError, UnicodeError) as error:  # watchfiles' own RuntimeError; a name in no UTF-8
                self._limit(_without_events(error))
                await self._look_for_a_while(saved)

    async def _look_for_a_while(self, saved: Callable[[], Awaitable[object]]) -> None:
        for _ in range(LOOKS_WITHOUT_EVENTS):
            await asyncio.sleep(LOOK_MILLISECONDS / 1000)
            await self._look(saved, is_certain=False)

    async def _watch(
        self, paths: list[Path], before: dict[Path, tuple[int, int]], saved: Callable[[], Awaitable[object]]
    ) -> None:
        """Look after every event of these folders and every second, until they are other ones."""
        from watchfiles import awatch  # noqa: PLC0415  loaded once the port answers

        watching = awatch(
            *paths,
            debounce=200,
            step=STEP_MILLISECONDS,
            recursive=False,
            watch_filter=None,
            stop_event=None,
            rust_timeout=LOOK_MILLISECONDS,
            yield_on_timeout=True,
        )
        try:
            async with aclosing(watching):
                async for changed in watching:
                    self._limit(None)
                    await self._look(saved, is_certain=bool(changed))
                    if await self._read(folders_of, self._root) != before:
                        return
        except FileNotFoundError:  # it went while it was looked for
            return

    async def _look(self, saved: Callable[[], Awaitable[object]], *, is_certain: bool) -> None:
        """Call `saved` where the contents differ; without an event, only what the system says of the files is asked."""
        stats = await self._read(stats_of, self._root)
        if not is_certain and stats == self._stats:
            return
        self._stats = stats
        contents = await self._read(contents_of, self._root)
        if _has_lost(self._contents, contents):
            await asyncio.sleep(SETTLE_SECONDS)
            contents = await self._read(contents_of, self._root)
        if contents != self._contents:
            self._contents = contents
            await saved()


def _without_events(error: Exception) -> Cause:
    """Return why there are no events, and how there would be; saves are seen all the same."""
    if isinstance(error, UnicodeError):
        return Cause(f"a folder's name is no UTF-8, {_LOOKED_AT}", _IN_UTF_8)
    told = _OS_ERROR.search(str(error))
    number = (error.errno if isinstance(error, OSError) else None) or (int(told[1]) if told else 0)
    if "watch limit" in str(error):  # its own words in place of the number
        number = errno.ENOSPC
    otherwise = os.strerror(number).lower() if number else "its watch could not be set up"
    why, fix = _WITHOUT_EVENTS.get(number, (otherwise, _INSTANCES))
    if fix == _INSTANCES:  # it says one number for both
        fix += f" If it is open files that are missing: {here().how_to_open_more()}"
    return Cause(f"the system gives no file events ({why}), {_LOOKED_AT}", fix)


def _has_lost(before: Contents, after: Contents) -> bool:
    """Tell whether a file that held something is there no more, or holds nothing."""
    there = {path for path, digest in after if len(digest) == _DIGEST_LENGTH}
    return any(len(digest) == _DIGEST_LENGTH and path not in there for path, digest in before)


def folders_of(root: Path) -> dict[Path, tuple[int, int]]:
    """Return the folders that hold what is watched, and which ones they are: device and inode."""
    files = watched_files(root)
    names = {root, *(each.parent for each in files)}
    names |= {Path(os.path.realpath(each)).parent for each in files}
    found = {}
    for each in sorted(names):
        try:
            known = each.stat()
        except OSError:
            continue
        if each.is_dir():
            found[each] = (known.st_dev, known.st_ino)
    return found


def contents_of(root: Path) -> Contents:
    """Return what each watched file holds, as a digest; of one that cannot be read, why."""
    return tuple((str(each), _digest(each)) for each in sorted(watched_files(root)))


def stats_of(root: Path) -> Contents:
    """Return what the system says of each watched file: cheap enough for every second."""
    return tuple((str(each), _stat(each)) for each in sorted(watched_files(root)))


def _digest(path: Path) -> str:
    try:
        content = content_of(path)
        return hashlib.sha256(content).hexdigest() if content.strip() else "is empty"
    except OSError as error:
        return f"{type(error).__name__} {error.errno}"


def _stat(path: Path) -> str:
    try:
        found = path.stat()
    except OSError as error:
        return type(error).__name__
    return f"{found.st_dev}:{found.st_ino}:{found.st_mode}:{found.st_mtime_ns}:{found.st_size}"
