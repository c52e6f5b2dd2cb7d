"""Where a watched server's ports and clients are remembered, and what is left there in the end."""

import contextlib
import shutil
from collections.abc import Mapping
from pathlib import Path

from devgw.control.folder import LOCK, LOG, STUCK_LOG, WATCHED
from devgw.entropy import digest
from devgw.foreign.shell import server_name
from devgw.foreign.urls import read_url
from devgw.gateway.watched.clients import WatchedClient
from devgw.platforms.here import here
from devgw.settings import Settings
from devgw.store.watched import WatchedFile
from devgw.web.listening import PortTaken, listen

_TRIES = 8
"""A port that is free on one loopback family may be taken on the other."""
_PASSING = (LOG, f"{LOG}.1", STUCK_LOG, LOCK)


def folder_of(url: str, environ: Mapping[str, str]) -> Path:
    """Return the folder of a watched server: below the user's own state folder."""
    return here().state_home(environ) / "devgw" / "watched" / f"{server_name(read_url(url).host)}-{digest(url)[:8]}"


def port_of(url: str, kept: Mapping[str, int], given: int | None) -> int:
    """Return the port of the local URL: the given one, that which clients know already, the usual, or any free one.

    Raises:
        PortTaken: where somebody else has the given one, or the one that clients know.
    """
    if wanted := given or kept.get(read_url(url).origin):
        listen("localhost", wanted).close()
        return wanted
    for port in (Settings().port, *[0] * _TRIES):
        with contextlib.suppress(PortTaken), contextlib.closing(listen("localhost", port)) as listeners:
            return listeners.port
    raise PortTaken("localhost", Settings().port)


def leave(settings: Settings) -> tuple[WatchedClient, ...]:
    """Remove what a watched server's folder has beside its clients, all of it where there are none; return them."""
    folder = settings.state_path
    try:
        clients = WatchedFile(folder / WATCHED).read().clients
    except OSError:
        return ()
    if not clients:
        shutil.rmtree(folder, ignore_errors=True)
        if settings.state_dir is None:
            shutil.rmtree(settings.root, ignore_errors=True)
            _remove_empty(settings.root.parent, settings.root.parent.parent)
        return ()
    for name in _PASSING:
        with contextlib.suppress(OSError):
            (folder / name).unlink(missing_ok=True)
    return clients


def _remove_empty(*folders: Path) -> None:
    """Remove the folders above that have nothing else."""
    for each in folders:
        with contextlib.suppress(OSError):
            each.rmdir()
