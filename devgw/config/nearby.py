"""The project that may have been meant where a folder has none: around it, or one level below."""

import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from devgw.config import policies

_LEVELS = 6
"""From a folder deep in a project, its root is no further up."""
_FOLDERS = 200
"""Of the folder itself that are looked into."""


def nearby_project(root: Path) -> Path | None:
    """Return the folder of a project that is around `root`, or directly in it; None where there is none."""
    around = islice(root.absolute().parents, _LEVELS)
    return next((each for each in (*around, *_below(root)) if _has_policies(each)), None)


def _below(root: Path) -> Iterator[Path]:
    try:
        with os.scandir(root) as entries:
            names = sorted(entry.name for entry in islice(entries, _FOLDERS) if not entry.name.startswith("."))
    except OSError:  # one that may not be looked into has none to offer
        return
    yield from (root / name for name in names)


def _has_policies(folder: Path) -> bool:
    return os.path.isfile(folder / policies.FILE)  # noqa: PTH113  Path.is_file raises where nobody may look
