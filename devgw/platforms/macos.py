"""macOS. Nothing here was tried on one: it follows Apple's manual pages and headers."""

import socket
import struct
from collections.abc import Mapping
from typing import ClassVar

from devgw.platforms.platform import Clipboard
from devgw.platforms.posix import Posix

_SOL_LOCAL, _LOCAL_PEERCRED = 0, 1
_XUCRED = struct.Struct("2I")
"""The beginning of a `struct xucred`: its version, and the user."""


class Macos(Posix):
    """macOS."""

    name = "macOS"
    judges_certificates: ClassVar = True
    clipboards: ClassVar = (Clipboard(("pbcopy",)),)

    def peer_user(self, connection: socket.socket) -> int | None:
        """Ask for the credentials with which the other side connected; the socket's own mode holds where none come."""
        if connection.family != getattr(socket, "AF_UNIX", None):
            return None
        try:
            _version, user = _XUCRED.unpack(connection.getsockopt(_SOL_LOCAL, _LOCAL_PEERCRED, _XUCRED.size))
        except (OSError, struct.error):
            return None
        return int(user)

    def opens_browser(self, environ: Mapping[str, str]) -> tuple[str, str]:
        """Say that the system opens one, but for somebody who came over the network."""
        if environ.get("SSH_CONNECTION") or environ.get("SSH_TTY"):
            return "", "this is a session over SSH: a browser would open on the Mac's own screen"
        return "the system's own", ""
