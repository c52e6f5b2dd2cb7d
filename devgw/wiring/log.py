"""`gateway.log`: the evidence of defects. Bounded, masked, for the owner's eyes, and nowhere where nothing is kept."""

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

from devgw.control.folder import LOG
from devgw.files import check_own, own
from devgw.foreign.text import clean_lines
from devgw.limits import Limits
from devgw.monitor.masking import mask_text


def log_writer(folder: Path | None, most_bytes: int = Limits.LOG_BYTES) -> Callable[[str], None]:
    """Return what appends a text to the log in `folder`, and never fails; it writes nothing where there is none.

    The file is readable by its owner alone (0600) and not written through a link. Where it grows beyond `most_bytes`
    its older half goes. `devgw up` lets its child's output go to the same file: both append.
    """

    def write(text: str) -> None:
        if folder is None:
            return
        with contextlib.suppress(OSError):
            _append(folder / LOG, (clean_lines(mask_text(text)) + "\n").encode(), most_bytes)

    return write


def check_log(folder: Path) -> None:
    """Check that what stands in the log's place, if anything does, can be written to.

    Raises:
        OSError: where it cannot be looked at; `FileRefused` where it is not devgw's, such as a link.
    """
    path = folder / LOG
    with contextlib.suppress(FileNotFoundError):
        check_own(path, path.lstat())


def _append(path: Path, content: bytes, most_bytes: int) -> None:
    with own(path) as file:
        size = file.seek(0, os.SEEK_END)
        if size + len(content) > most_bytes:
            file.seek(max(0, size - most_bytes // 2))
            kept = file.read(most_bytes // 2).partition(b"\n")[2]
            file.truncate(0)
            file.seek(0)
            content = kept + content[: most_bytes // 2]
        file.write(content)
