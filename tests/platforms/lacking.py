"""Programs that run without what other systems lack."""

import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

TREE: Final = Path(__file__).parents[2]
SIMULATED: Final = ("windows", "macos", "unix_bind")
"""Whole systems, and a mount that takes no sockets; `without/sitecustomize.py` says what each takes away."""
TAKEN_AWAY: Final = ("unix_sockets", "hangup", "loop_signals", "loop_readers", "uvloop", "proc")
"""What is taken away alone."""


def lacking(what: str, **more: str) -> dict[str, str]:
    """Return the environment of a program that runs without `what`, names by commas."""
    return {**os.environ, **_added(what), **more}


def _added(what: str) -> dict[str, str]:
    return {"PYTHONPATH": f"{Path(__file__).parent / 'without'}{os.pathsep}{TREE}", "WITHOUT": what}


def devgw_without(what: str, arguments: Iterable[str], folder: Path, **more: str) -> "subprocess.CompletedProcess[str]":
    """Run a command of devgw without `what` and return what came of it."""
    return subprocess.run(
        [sys.executable, "-m", "devgw", *arguments],
        cwd=folder,
        env=lacking(what, **more),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=60,
        check=False,
    )
