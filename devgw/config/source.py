"""The text of one file, with the way from an offset to line and column; and every way in which reading it can fail."""

import errno
import os
import re
import shlex
import stat
from bisect import bisect_right
from dataclasses import dataclass, field
from pathlib import Path

from devgw.config.finding import Findings, Place
from devgw.limits import Limits

_AS_BYTES = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
SIZE_LIMIT = 8 * 1024 * 1024
"""Bytes. The largest OpenAPI files seen have 2 MB; more is a mistake, and reading it would hold up every reload."""

_SECRETS = (
    # "clientSecret": "…", also where the quotes are wrong
    re.compile(
        r"""(["']?(?:clientSecret|apiKey|secret|password|privateKey|value)["']?\s*:\s*["'])((?:[^"'\\]|\\.)*)""",
        re.IGNORECASE,
    ),
    # an API key wherever it stands
    re.compile(r"(\b(?:sk|rk|pk)_)([A-Za-z0-9_]{8,})"),
    # https://user:password@host
    re.compile(r"(://[^\s/@\"']*:)([^\s/@\"']+)(?=@)"),
)
LINE_SHOWN = 400
"""Characters of a line that are shown; a minified file is one line."""


@dataclass(slots=True)
class Source:
    """A file's text as it was read, without a byte order mark."""

    file: str
    text: str
    _starts: list[int] = field(default_factory=list)

    def position(self, offset: int) -> tuple[int, int]:
        """Return line and column of `offset`, both from 1."""
        if not self._starts:
            self._starts = [0, *(match.end() for match in re.finditer(r"\r\n|\n|\r", self.text))]
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1

    def line(self, number: int) -> str:
        """Return line `number` as written, with secrets blanked out so that columns stay right."""
        self.position(0)
        start = self._starts[number - 1]
        end = self._starts[number] if number < len(self._starts) else len(self.text)
        # Cut before and after: a file may be one line of megabytes, and a secret may end beyond the first cut.
        return blank_secrets(self.text[start : min(end, start + 2 * LINE_SHOWN)].rstrip("\r\n"))[:LINE_SHOWN]

    def place(self, start: int, end: int | None = None, pointer: str = "") -> Place:
        """Return where `start` is; the length underlined ends with its line."""
        start = min(start, len(self.text))
        line, column = self.position(start)
        shown = self.line(line) if column <= LINE_SHOWN else ""
        length = max(1, min((end or start + 1) - start, len(shown) - column + 1))
        return Place(self.file, line, column, length, pointer, shown)


def blank_secrets(line: str) -> str:
    """Return `line` with what looks like a secret replaced by as many dots; `$env(...)` is none."""
    for pattern in _SECRETS:
        line = pattern.sub(_blank, line)
    return line


def _blank(match: re.Match[str]) -> str:
    before, secret = match[1], match[2]
    return match[0] if secret.startswith(("$env(", "${")) else before + "•" * len(secret)


def read_source(root: Path, name: str, findings: Findings) -> Source | None:
    """Return the text of `name` under `root`; None, and a finding, where it cannot be read.

    A file that does not exist is None without a finding: whether that is wrong is for the caller to say.
    """
    at = Place(name)
    try:
        raw = _read(root / name, at, findings)
    except FileNotFoundError:
        return None
    except OSError as error:
        reason, fix = _why_unreadable(error, root, name)
        findings.error("file-unreadable", at, f"{name} cannot be read: {reason}.", fix)
        return None
    return None if raw is None else _decode(raw, name, findings)


def _why_unreadable(error: OSError, root: Path, name: str) -> tuple[str, str]:
    """Return what the system has against a file, and what helps."""
    if isinstance(error, PermissionError):
        closed = _closed_folder(root, name)
        if closed is not None:
            return "devgw may not look into its folder", f"Let devgw in: chmod u+rx {shlex.quote(closed)}"
        return "devgw has no permission to read it", f"Make {name} readable: chmod u+r {name}"
    if isinstance(error, NotADirectoryError):
        return "what should be its folder is none", f"Put a folder in the place of {name.rpartition('/')[0] or '.'}."
    if error.errno == errno.ELOOP:
        return "it is a link that leads back to itself", f"Put a file called {name} there, or a link to one."
    return str(error.strerror).lower(), f"Look at it: ls -l {name}"


def _closed_folder(root: Path, name: str) -> str | None:
    """Return the outermost folder of a file's way in the project into which devgw may not look; None for no such."""
    folders = (each for each in reversed(Path(name).parents) if not os.access(root / each, os.X_OK))
    return next((each.as_posix() for each in folders), None)


def _read(path: Path, at: Place, findings: Findings) -> bytes | None:
    size = path.stat().st_size
    if path.is_dir():
        findings.error("file-is-directory", at, f"{at.file} is a directory.", f"Put a file called {path.name} there.")
        return None
    if not path.is_file():
        findings.error("file-unreadable", at, f"{at.file} is not a regular file.", "Put a regular file there.")
        return None
    limit = SIZE_LIMIT if at.file.startswith("config/") else Limits.HAND_WRITTEN_BYTES
    if size > limit:
        message = f"{at.file} has {_amount(size)}; devgw reads up to {_amount(limit)}."
        findings.error("file-too-large", at, message, "Check that it is the file you meant.")
        return None
    return content_of(path)


def _amount(size: int) -> str:
    return f"{size / 2**20:.0f} MB" if size >= 2**20 else f"{size / 2**10:.0f} kB"


def content_of(path: Path) -> bytes:
    """Return what a file of the project holds, without ever waiting for it.

    Raises:
        OSError: where it cannot be read; also where it is no regular file (whoever opens a named pipe waits for its
            writer, and a device has no end), has more than `SIZE_LIMIT`, or a name that no file can have.
    """
    if "\0" in str(path):
        raise OSError(errno.EINVAL, "no file has a zero byte in its name", str(path))
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | _AS_BYTES)
    with os.fdopen(handle, "rb") as file:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, "it is no regular file", str(path))
        if found.st_size > SIZE_LIMIT:
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), str(path))
        return file.read(SIZE_LIMIT + 1)


def _decode(raw: bytes, name: str, findings: Findings) -> Source | None:
    bom = raw.startswith(b"\xef\xbb\xbf")
    # Without a byte order mark every second byte of its first letters is 0, which no text that we read begins with.
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\x00" in raw[:2]:
        message = f"{name} is UTF-16."
        findings.error("file-not-utf8", Place(name, 1, 1), message, "Save it as UTF-8 without a byte order mark.")
        return None
    try:
        source = Source(name, raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        good = Source(name, raw[: error.start].decode("utf-8", "replace"))
        line, column = good.position(len(good.text))
        message = f"{name} is not UTF-8: byte 0x{raw[error.start]:02x} at line {line}, column {column}."
        findings.error("file-not-utf8", Place(name, line, column), message, "Save it as UTF-8.")
        return None
    if bom:
        fix = "Save it as UTF-8 without a byte order mark; other tools fail on it."
        findings.warning("file-has-bom", source.place(0), f"{name} begins with a byte order mark.", fix)
    return source
