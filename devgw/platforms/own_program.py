"""The command that runs this program once more."""

import sys
from pathlib import Path

_TREE = Path(__file__).parents[2]


def own_command(*arguments: str) -> list[str]:
    """Return the command that runs this program with other arguments.

    Before its own modules `python -m` looks for them in the current folder: that is a project, maybe somebody else's,
    and a `json.py` in it would run. So that folder is left out (`-P`), unless this program itself lies there.
    """
    apart = [] if _is_here() else ["-P"]
    return [sys.executable, *apart, "-m", "devgw", *arguments]


def _is_here() -> bool:
    """Tell whether the current folder is that of this program, whatever way each is written."""
    try:
        return Path.cwd().samefile(_TREE)
    except OSError:  # one of them is gone
        return False
