"""What every system can be asked for."""

import asyncio
import shlex
import socket
import webbrowser
from abc import ABC, abstractmethod
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, ClassVar

from devgw.platforms.paths import home_folder

TAKEN_SECONDS = 1.0
"""In which it is told who has a port, or not at all."""


@dataclass(frozen=True, slots=True)
class Clipboard:
    """A program that takes text for the clipboard on its standard input."""

    command: tuple[str, ...]
    variable: str = ""
    """Of the environment, without which it is not tried; empty where it always works."""
    encoding: str = "utf-8"


class Platform(ABC):
    """One operating system."""

    name: ClassVar[str]
    at_start: ClassVar[str] = ""
    """What a person has to be told before anything runs on it; empty where nothing."""
    has_modes: ClassVar[bool] = True
    """Whether files have owners, modes and links as POSIX means them."""
    judges_certificates: ClassVar[bool] = False
    """Whether the system itself says which servers are trusted, and not a file of authorities."""
    clipboards: ClassVar[tuple[Clipboard, ...]] = ()
    """Tried in turn, the first that is installed."""
    pager: ClassVar[str] = "less -R"
    editor: ClassVar[str] = "vi"

    # --- files --------------------------------------------------------------------------------------------------------

    @abstractmethod
    def user(self) -> int | None:
        """Return the id of the user whose process this is; None where users have no numbers."""

    @abstractmethod
    def keep_private(self, descriptor: int, mode: int = 0o600) -> None:
        """Give an open file or folder a mode that is its owner's alone, as far as the system can."""

    @abstractmethod
    def lock(self, file: BinaryIO) -> None:
        """Lock a file until it is closed, or raise OSError at once. What it says can be read meanwhile."""

    @abstractmethod
    def free_bytes(self, path: Any) -> int:
        """Return how much more fits on the disk of `path`.

        Raises:
            OSError: where it does not tell.
        """

    def state_home(self, environ: Mapping[str, str]) -> Path:
        """Return the person's own folder for state (XDG Base Directory Specification)."""
        given = Path(environ.get("XDG_STATE_HOME", ""))
        return given if given.is_absolute() else home_folder() / ".local" / "state"

    # --- descriptors --------------------------------------------------------------------------------------------------

    @abstractmethod
    def raise_open_files(self, wanted: int) -> None:
        """Let this process open up to `wanted` files, or as many as it may."""

    @abstractmethod
    def open_files_limit(self) -> int | None:
        """Return how many files this process may have open; None where nothing limits them."""

    def how_to_open_more(self) -> str:
        """Return what a person can do here so that more files may be open: whole sentences."""
        return "End what holds files and connections open, and start devgw again."

    @abstractmethod
    def open_files(self) -> int | None:
        """Return how many this process has open; None where the system does not tell."""

    @abstractmethod
    def has_unread(self, descriptor: int) -> bool:
        """Tell whether bytes wait in the kernel that nobody has read yet; False where the system does not tell."""

    @abstractmethod
    def takes_bytes(self, descriptor: int) -> bool:
        """Tell whether something can be written there now without waiting for who reads it.

        Raises:
            OSError, ValueError: where it is closed.
        """

    # --- sockets ------------------------------------------------------------------------------------------------------

    @abstractmethod
    def claim(self, listener: socket.socket) -> None:
        """Set on a socket, before it is bound, what keeps its address for it alone and lets it be bound again soon."""

    def has_unix_sockets(self) -> bool:
        """Tell whether Python has them here; a folder may take none all the same."""
        return hasattr(socket, "AF_UNIX")

    def peer_user(self, connection: socket.socket) -> int | None:  # noqa: ARG002  for those that can tell
        """Return the user id of the process on the other side, or None where that is not told, as on TCP."""
        return None

    @abstractmethod
    def owner_of(self, port: int) -> str:
        """Return name and process id of whoever listens on `port`; empty where that is not told within a second."""

    # --- processes ----------------------------------------------------------------------------------------------------

    @property
    @abstractmethod
    def apart(self) -> Mapping[str, Any]:
        """Return what `subprocess.Popen` is given so that Ctrl-C in this terminal does not reach the child."""

    def shell_line(self, arguments: Sequence[str]) -> str:
        """Return a command as the system's shell reads it."""
        return shlex.join(arguments)

    @abstractmethod
    def end_in(self, seconds: float) -> None:
        """Let the system end this process then, without any thread; do nothing where it cannot."""

    def is_told_by_terminal(self) -> bool:
        """Tell whether what is typed to interrupt or quit reaches the children of this process, too."""
        return True

    def run(self, main: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine on the fastest loop that is installed."""
        try:
            import uvloop  # noqa: PLC0415  not on every system
        except ImportError:
            asyncio.run(main)
        else:
            uvloop.run(main)

    # --- this thread --------------------------------------------------------------------------------------------------

    def queued_ns(self) -> int:
        """Return for how long this thread waited for a processor, in nanoseconds; 0 where the system does not tell."""
        return 0

    def pauses(self) -> int | None:
        """Return how often this thread gave its processor up by itself; None where the system does not tell."""
        return None

    # --- terminal -----------------------------------------------------------------------------------------------------

    @abstractmethod
    def terminal_settings(self, descriptor: int) -> Any:
        """Return a terminal's settings, to be put back; None where there are none.

        Raises:
            OSError: where the terminal is gone, or is none.
        """

    @abstractmethod
    def put_terminal_back(self, descriptor: int, settings: Any) -> None:
        """Give a terminal back its settings, where it is there."""

    def hangups(self, descriptor: int) -> int:  # noqa: ARG002  for those that can tell
        """Return as bits how a descriptor is hung up, broken or gone; 0 for one that is well."""
        return 0

    # --- the person ---------------------------------------------------------------------------------------------------

    def opens_browser(self, environ: Mapping[str, str]) -> tuple[str, str]:  # noqa: ARG002  for those that ask it
        """Return what opens a browser here, or nothing and why there is none."""
        return "the system's own", ""

    def open_page(self, url: str, environ: Mapping[str, str]) -> None:
        """Open a page where there is a browser; without one Python would start a text browser in this terminal."""
        if self.opens_browser(environ)[0]:
            webbrowser.open(url)
