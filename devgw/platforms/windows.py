"""Windows. Nothing here was tried on one: it follows Python's and Microsoft's documentation."""

import shutil
import socket
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, ClassVar

from devgw.platforms.platform import Clipboard, Platform

_BEYOND_THE_TEXT = 0x7FFF_0000
_NEW_GROUP = 0x0000_0200
"""CREATE_NEW_PROCESS_GROUP."""


class Windows(Platform):
    """Windows, natively."""

    name = "Windows"
    at_start: ClassVar = (
        "devgw was never tried on Windows itself, only with what Windows lacks taken away. Where something does not "
        "work, run it in WSL2 (`wsl --install`), which is Linux: clients on Windows reach it at localhost."
    )
    has_modes: ClassVar = False
    judges_certificates: ClassVar = True
    clipboards: ClassVar = (Clipboard(("clip",), encoding="utf-16"),)
    pager: ClassVar = "more"
    editor: ClassVar = "notepad"

    def user(self) -> int | None:
        """Return None: users have no numbers."""
        return None

    def keep_private(self, descriptor: int, mode: int = 0o600) -> None:
        """Do nothing: a file takes the access list of its folder, which below a user's profile is that user's."""

    def lock(self, file: BinaryIO) -> None:
        """Lock one byte far behind the text, so that the text can be read."""
        import msvcrt  # noqa: PLC0415  there on Windows alone

        file.seek(_BEYOND_THE_TEXT)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined, unused-ignore]  # Windows alone

    def free_bytes(self, path: Any) -> int:
        """Return what is free on the drive."""
        return shutil.disk_usage(path if path.is_dir() else path.parent).free

    def state_home(self, environ: Mapping[str, str]) -> Path:
        """Return the folder of programs' data that stays on this machine."""
        return Path(environ["LOCALAPPDATA"]) if environ.get("LOCALAPPDATA") else super().state_home(environ)

    def raise_open_files(self, wanted: int) -> None:
        """Do nothing: sockets are no files there, and nothing limits them."""

    def open_files_limit(self) -> int | None:
        """Return None."""
        return None

    def open_files(self) -> int | None:
        """Return None."""
        return None

    def has_unread(self, descriptor: int) -> bool:  # noqa: ARG002  there is no such call
        """Return False: it cannot be asked."""
        return False

    def takes_bytes(self, descriptor: int) -> bool:  # noqa: ARG002  `select` takes sockets alone there
        """Return True: it cannot be asked, and a console takes them."""
        return True

    def claim(self, listener: socket.socket) -> None:
        """Keep the address for this socket alone: SO_REUSEADDR would let anybody else bind it too."""
        exclusive = getattr(socket, "SO_EXCLUSIVEADDRUSE", None)
        if exclusive is not None:
            listener.setsockopt(socket.SOL_SOCKET, exclusive, 1)

    def has_unix_sockets(self) -> bool:
        """Return False: Python and asyncio have none there."""
        return False

    def owner_of(self, port: int) -> str:  # noqa: ARG002  it is not asked
        """Return nothing: `netstat` takes longer than anybody waits, and knows no names."""
        return ""

    @property
    def apart(self) -> Mapping[str, Any]:
        """Return that the child has a process group of its own."""
        return {"creationflags": getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", _NEW_GROUP)}

    def shell_line(self, arguments: Sequence[str]) -> str:
        """Return a command as `cmd` reads it, which knows double quotes alone."""
        return subprocess.list2cmdline(arguments)

    def end_in(self, seconds: float) -> None:
        """Do nothing: there is no such timer."""

    def terminal_settings(self, descriptor: int) -> Any:  # noqa: ARG002  Textual puts the console back
        """Return None."""
        return None

    def put_terminal_back(self, descriptor: int, settings: Any) -> None:
        """Do nothing: Textual puts the console back."""
