"""Where a watched server's ports and clients are remembered, and what is left there in the end."""

import contextlib
import shutil
from collections.abc import Mapping
from pathlib import Path

from devgw.control.folder import LOCK, LOG, STUCK_LOG
from devgw.entropy import digest
from devgw.foreign.shell import server_name
from devgw.foreign.urls import read_url
from devgw.gateway.watched.clients import WatchedClient
from devgw.settings import Settings
from devgw.store.watched import WatchedFile
from devgw.web.listening import PortTaken, listen

_PASSING = (LOG, f"{LOG}.1", STUCK_LOG, LOCK)


def folder_of(url: str, environ: Mapping[str, str]) -> Path:
    """Return the folder of a watched server: below the user's own state folder (XDG Base Directory Specification)."""
    given = environ.get("XDG_STATE_HOME", "")
    base = Path(given) if Path(given).is_absolute() else Path.home() / ".local" / "state"
    return base / "devgw" / "watched" / f"{server_name(read_url(url).host)}-{digest(url)[:8]}"


def free_port(url: str, kept: Mapping[str, int]) -> int:
    """Return the port of the local URL: the one that clients know already, else the usual one, else any free one."""
    known = kept.get(read_url(url).origin)
    if known is not None:
        return known
    for port in (Settings().port, 0):
        with contextlib.suppress(PortTaken):
            listeners = listen("localhost", port)
            found = listeners.port
            listeners.close()
            return found
    return 0


def leave(settings: Settings) -> tuple[WatchedClient, ...]:
    """Remove what a watched server's folder has beside its clients, all of it where there are none; return them."""
    folder = settings.state_path
    try:
        clients = WatchedFile(folder).read().clients
    except OSError:
        return ()
    if not clients:
        shutil.rmtree(folder, ignore_errors=True)
        if settings.state_dir is None:
            shutil.rmtree(settings.root, ignore_errors=True)
        return ()
    for name in _PASSING:
        with contextlib.suppress(OSError):
            (folder / name).unlink(missing_ok=True)
    return clients
