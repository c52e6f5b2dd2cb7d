"""Whether a folder can hold the state at all, and where that is kept instead.

Mounts of Windows in WSL2, of virtual machines and of the network keep no file modes, no locks or no shared memory: the
key would be everybody's, two gateways would run, and SQLite's log would be lost. Nothing of that is noticed by writing.
"""

import mmap
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from devgw.control.folder import control_folder, is_met, passing_folder, prepare
from devgw.entropy import digest, short_id
from devgw.files import create, is_made_by_devgw
from devgw.platforms.here import here
from devgw.platforms.paths import spelt
from devgw.problems import Refused
from devgw.settings import Settings

_PAGE: Final = mmap.PAGESIZE
_FOR_OTHERS: Final = 0o077


def placed(settings: Settings, environ: Mapping[str, str]) -> tuple[Settings, str]:
    """Return settings whose state folder can hold the state, and in words why it is another; a named one is kept."""
    if settings.ephemeral or settings.state_dir is not None or not (why := _why_not(settings.state_path)):
        return settings, ""
    elsewhere = own_state_folder(settings.root, environ)
    text = f"State is kept in {elsewhere}: {why} in {settings.state_path}. --state-dir names another folder."
    return replace(settings, state_dir=elsewhere), text


def folder_to_join(settings: Settings, environ: Mapping[str, str]) -> Path:
    """Return where the gateway of this project is to be found, with state in the project, elsewhere or nowhere."""
    others = (passing_folder(settings.root), own_state_folder(settings.root, environ))
    found = next(filter(is_met, (settings.state_path, *others)), None)
    return found or next(filter(Path.is_dir, others), control_folder(settings))


def own_state_folder(root: Path, environ: Mapping[str, str]) -> Path:
    """Return where the state of a project is kept that cannot be in it: below the person's own state folder."""
    return here().state_home(environ) / "devgw" / "projects" / f"{root.name}-{digest(str(spelt(root)))[:12]}"


def _why_not(folder: Path) -> str:
    """Return what cannot be had in a folder; empty where all can, or nothing at all, which is refused elsewhere."""
    was_there = folder.exists()
    try:
        if folder.is_symlink() or not is_made_by_devgw(folder):  # else whoever takes it closes it, and says so
            prepare(folder)
        return _tried(folder)
    except (Refused, OSError):
        return ""
    finally:
        if not was_there and is_made_by_devgw(folder) and len(list(folder.iterdir())) == 1:
            (folder / ".gitignore").unlink()
            folder.rmdir()


def _tried(folder: Path) -> str:
    probe = folder / short_id("probe-")
    try:
        with create(probe) as file:
            if here().has_modes and probe.stat().st_mode & _FOR_OTHERS:
                return "file modes mean nothing"
            file.write(bytes(_PAGE))
            file.flush()
            try:
                here().lock(file)
            except OSError:
                return "files cannot be locked"
            try:
                mmap.mmap(file.fileno(), _PAGE).close()
            except (OSError, ValueError):
                return "no memory can be shared"
    finally:
        probe.unlink(missing_ok=True)
    return ""
