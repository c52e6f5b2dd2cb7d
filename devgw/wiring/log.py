"""`gateway.log`: the evidence of defects. Bounded, masked, for the owner's eyes, and nowhere where nothing is kept."""

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

from devgw.foreign.text import clean_lines
from devgw.monitor.masking import mask_text
from devgw.settings import Limits

NAME = "gateway.log"
_FLAGS = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)


def log_writer(folder: Path | None, most_bytes: int = Limits.LOG_BYTES) -> Callable[[str], None]:
    """Return what appends a text to the log in `folder`, and never fails; it writes nothing where there is none.

    The file is readable by its owner alone (0600) and not written through a link. Where it grows beyond `most_bytes`
    its older half goes. `devgw up` lets its child's output go to the same file: both append.
    """

    def write(text: str) -> None:
        if folder is None:
            return
        with contextlib.suppress(OSError):
            _append(folder / NAME, (clean_lines(mask_text(text)) + "\n").encode(), most_bytes)

    return write


def _append(path: Path, content: bytes, most_bytes: int) -> None:
    handle = os.open(path, _FLAGS, 0o600)
    try:
        os.fchmod(handle, 0o600)
        size = os.fstat(handle).st_size
        if size + len(content) > most_bytes:
            os.lseek(handle, max(0, size - most_bytes // 2), os.SEEK_SET)
            kept = os.read(handle, most_bytes // 2).partition(b"\n")[2]
            os.ftruncate(handle, 0)
            content = kept + content[: most_bytes // 2]
        os.write(handle, content)
    finally:
        os.close(handle)
