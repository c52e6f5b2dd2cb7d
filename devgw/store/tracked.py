"""What git tracks came with a clone, or goes out with the next push: no place for a key.

The index of the repository is read, as `git help gitformat-index` describes it: versions 2 to 4, split or not, of a
worktree or submodule too.
"""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

_HEAD_BYTES = 12
_STAT_BYTES = 40
_HASH_BYTES = (20, 32)
"""SHA-1 and SHA-256; which one it is stands in another file."""
_LENGTH = 0xFFF
_IS_EXTENDED = 0x4000
_SHORTENS = 4
"""The version in which a name stands as what differs from the one before."""


def is_tracked(path: Path) -> bool:
    """Tell whether git tracks the file; one whose name differs in case alone may be the same."""
    path = path.parent.resolve() / path.name
    for root in path.parents:
        folder = _git_folder(root)
        if folder is not None and (folder / "index").is_file():
            name = path.relative_to(root).as_posix().encode()
            return any(
                _has_entry(each.read_bytes(), name) for each in (folder / "index", *folder.glob("sharedindex.*"))
            )
    return False


def untrack(path: Path) -> str:
    """Return what mends it where git tracks the file: a sentence without its end."""
    return f"Move it away, and take it out of git (`git rm --cached {shlex.quote(str(path))}`)"


def _git_folder(root: Path) -> Path | None:
    """Return where git keeps what it knows of `root`; in a worktree or submodule a file says where."""
    at = root / ".git"
    if not at.is_file():
        return at
    with at.open("rb") as file:
        said = file.read(4_096).partition(b"gitdir:")[2].strip()
    return root / said.decode(errors="replace").replace("\0", "") if said else None


def _has_entry(index: bytes, name: bytes) -> bool:
    """Tell whether an entry has exactly this name."""
    if int.from_bytes(index[4:8], "big") != _SHORTENS:
        return _is_written(index, name)
    return any(each.lower() == name.lower() for size in _HASH_BYTES for each in _names(index, size))


def _is_written(index: bytes, name: bytes) -> bool:
    """Tell whether a name stands behind its length, in the lowest 12 bits of the flags, and ends with a NUL."""
    wanted = min(len(name), _LENGTH)
    for found in re.finditer(re.escape(name) + b"\0", index, re.IGNORECASE):
        at = found.start()
        flags, before = (int.from_bytes(index[at - back : at - back + 2], "big") for back in (2, 4))
        if flags & _LENGTH == wanted or (before & _IS_EXTENDED and before & _LENGTH == wanted):
            return True
    return False


def _names(index: bytes, hash_bytes: int) -> Iterator[bytes]:
    """Yield the names of an index that shortens them; nonsense, or fewer, where its hashes are of another length."""
    at, name = _HEAD_BYTES, b""
    for _ in range(int.from_bytes(index[8:12], "big")):
        at += _STAT_BYTES + hash_bytes
        flags = int.from_bytes(index[at : at + 2], "big")
        at += 4 if flags & _IS_EXTENDED else 2
        dropped, at = _number(index, at)
        end = index.find(b"\0", at)
        if end < 0:
            return
        name = name[: max(0, len(name) - dropped)] + index[at:end]
        at = end + 1
        yield name


def _number(index: bytes, at: int) -> tuple[int, int]:
    """Return a number of variable length, and where it ends; as for the offsets in a pack."""
    value = -1
    for byte in index[at : at + 8]:
        at += 1
        value = (value + 1) << 7 | byte & 0x7F
        if byte < 0x80:
            break
    return value, at
