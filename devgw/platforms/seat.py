"""Where devgw runs, seen from the person: on the machine before them, or in something that their browser is not in."""

import platform
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

_CODESPACES = ("CODESPACES", "CODESPACE_NAME")
_CONTAINER = ("container", "REMOTE_CONTAINERS", "DEVCONTAINER", "KUBERNETES_SERVICE_HOST")
_CONTAINER_FILES = (".dockerenv", "run/.containerenv")
_SSH = ("SSH_CONNECTION", "SSH_TTY", "SSH_CLIENT")
_WSL = ("WSL_DISTRO_NAME", "WSL_INTEROP")


class Seat(StrEnum):
    """Where the gateway sits."""

    HERE = "this machine"
    CODESPACE = "a codespace"
    CONTAINER = "a container"
    SSH = "a machine reached over SSH"
    WSL = "WSL"

    @property
    def is_apart(self) -> bool:
        """Tell whether the person's browser runs in another place, which has ports of its own."""
        return self in {Seat.CODESPACE, Seat.CONTAINER, Seat.SSH}


def seat_of(environ: Mapping[str, str], root: Path = Path("/"), release: str | None = None) -> Seat:
    """Return where this process sits, the innermost first: a container on WSL shows WSL's kernel, and is a container.

    Args:
        environ: the person's environment.
        root: the root of the file system, in which container engines leave a mark.
        release: what the kernel calls itself; None asks it.
    """
    if any(environ.get(each) for each in _CODESPACES):
        return Seat.CODESPACE
    if any(environ.get(each) for each in _CONTAINER) or any((root / each).exists() for each in _CONTAINER_FILES):
        return Seat.CONTAINER
    if any(environ.get(each) for each in _SSH):
        return Seat.SSH
    release = platform.release() if release is None else release
    return Seat.WSL if "microsoft" in release.lower() or any(environ.get(each) for each in _WSL) else Seat.HERE
