"""The port, for real: the feed, the clipboard, files, the editor, the pager, the child process."""

import contextlib
import shlex
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual.app import SuspendNotSupported

from devgw.control.messages import CommandAnswer
from devgw.dashboard.child import GatewayChild
from devgw.dashboard.feed import Feed
from devgw.dashboard.keys.looks import COLUMNS_FILE, as_toml
from devgw.dashboard.keys.person import config_dir
from devgw.dashboard.look.palette import seen_as
from devgw.dashboard.port import Then
from devgw.files import create, replace
from devgw.platforms.here import here
from devgw.platforms.paths import home_folder
from devgw.platforms.platform import Clipboard

if TYPE_CHECKING:
    from devgw.dashboard.app import Dashboard

_EDITORS = {
    "code": ("--goto", "{file}:{line}:{column}"),
    "cursor": ("--goto", "{file}:{line}:{column}"),
    "subl": ("{file}:{line}:{column}",),
    "hx": ("{file}:{line}:{column}",),
    "vim": ("+call cursor({line},{column})", "{file}"),
    "nvim": ("+call cursor({line},{column})", "{file}"),
}


def cache_dir(environment: Mapping[str, str]) -> Path:
    """Return the directory for this person's copies and crash logs."""
    base = environment.get("XDG_CACHE_HOME")
    return (Path(base) if base else home_folder() / ".cache") / "devgw"


def write_private(path: Path, text: str) -> Path:
    """Write `text` for this person's eyes only."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with replace(path) as file:
        file.write(_encoded(text))
    return path


def _encoded(text: str) -> bytes:
    """Return text as UTF-8; half of a surrogate pair, which has no form there, is written out."""
    return text.encode("utf-8", "backslashreplace")


_BY_SIGNAL = 128
"""And the signal's number: the exit status of what ended by one, as shells have it."""


class Outside:
    """Carries out what the desk asks for."""

    def __init__(
        self, app: "Dashboard", feed: Feed, child: GatewayChild | None, environment: Mapping[str, str]
    ) -> None:
        self._app, self._feed, self._child, self._environment = app, feed, child, environment
        self._is_repaint_due = False

    def ask(self, name: str, arguments: dict[str, Any], then: Then) -> None:
        """Send a command to the gateway."""

        def came(answer: CommandAnswer) -> None:
            then(answer)
            if not self._is_repaint_due:  # thousands of answers may come at once
                self._is_repaint_due = True
                self._app.call_later(self._repaint)

        self._feed.ask(name, arguments, came)

    def _repaint(self) -> None:
        self._is_repaint_due = False
        self._app.repaint()

    # --- copies -------------------------------------------------------------------------------------------------------

    def copy(self, text: str) -> str:
        """Put `text` on the clipboard, by every way there is: nobody answers whether OSC 52 was understood."""
        text = _encoded(text).decode()
        self._app.copy_to_clipboard(text)
        said = f"copied {len(text):,} characters"
        if self._copied_with_tool(text):
            return said
        try:
            path = write_private(cache_dir(self._environment) / "clip", text)
        except OSError:
            return said
        return f"{said}, also in {_short(path)}"

    def _copied_with_tool(self, text: str) -> bool:
        if "SSH_CONNECTION" in self._environment:
            return False
        for each in here().clipboards:
            if (not each.variable or each.variable in self._environment) and shutil.which(each.command[0]):
                return _fed(each, text)
        return False

    def write(self, name: str, text: str) -> str:
        """Write an export into the working directory, never over another file."""
        stem, dot, suffix = name.rpartition(".")
        for number in range(1, 1_000):
            path = Path.cwd() / (name if number == 1 else f"{stem}-{number}{dot}{suffix}")
            with contextlib.suppress(FileExistsError), create(path) as file:
                file.write(_encoded(text))
                return _short(path)
        raise FileExistsError(name)

    def keep_columns(self, hidden: Mapping[str, set[str]]) -> None:
        """Keep for the next time which columns of which view are left out."""
        path = config_dir(self._environment) / COLUMNS_FILE
        try:
            write_private(path, as_toml(hidden))
        except OSError as reason:
            self._app.desk.complain(f"{_short(path)}: {reason.strerror}")

    # --- other programs -----------------------------------------------------------------------------------------------

    def page(self, text: str) -> None:
        """Show `text` in the person's pager."""
        command = self._named(("PAGER",), here().pager)
        self._run(command, text)

    def edit(self, file: str, line: int, column: int) -> None:
        """Open a file in the person's editor, at the place where it knows how."""
        command = self._named(("VISUAL", "EDITOR"), here().editor)
        root = self._app.project_root
        path = str(root / file) if root else file
        shape = _EDITORS.get(Path(command[0]).name, ("+{line}", "{file}"))
        self._run([*command, *(part.format(file=path, line=line, column=column) for part in shape)], None)

    def _named(self, variables: tuple[str, ...], usual: str) -> list[str]:
        """Return the command that the first of these variables names as a shell would read it, else the usual one."""
        for each in variables:
            with contextlib.suppress(ValueError):  # a quote that does not end
                if command := shlex.split(self._environment.get(each, "")):
                    return command
        return shlex.split(usual)

    def _run(self, command: list[str], text: str | None) -> None:
        """Run a program in the terminal while the dashboard steps aside."""
        try:
            with self._app.suspend():
                subprocess.run(  # noqa: S603  the person's own program
                    command, input=text, encoding="utf-8", errors="replace", check=False
                )
        except SuspendNotSupported:
            self._app.desk.complain(f"{command[0]} needs a terminal, and here is none: `devgw attach` opens one's own.")
        except OSError as reason:
            self._app.desk.complain(f"{command[0]}: {reason.strerror}")
        self._app.repaint()

    def theme(self, name: str) -> str:
        """Use another theme, and return the one that this terminal can show."""
        self._app.dress(shown := seen_as(name, self._environment))
        return shown

    # --- the gateway's process ----------------------------------------------------------------------------------------

    def start_gateway(self) -> None:
        """Start the gateway again."""
        if self._child is not None:
            try:
                self._child.start()
            except OSError as reason:
                self._app.desk.complain(f"the gateway could not be started: {reason.strerror}")

    def last_words(self) -> str:
        """Return the end of the gateway's log."""
        return self._child.last_words() if self._child is not None else ""

    def is_gateway_ours(self) -> bool:
        """Tell whether this dashboard started the gateway."""
        return self._child is not None

    def has_gateway_ended(self) -> bool:
        """Tell whether the gateway that this dashboard started has ended."""
        return self._child is not None and self._child.ended is not None

    def quit(self, code: int) -> None:
        """Leave, with the gateway's exit status where it ended by itself before."""
        ended = (self._child.ended if self._child else None) or 0
        self._app.exit(return_code=code or (ended if ended >= 0 else _BY_SIGNAL - ended))


def _fed(clipboard: Clipboard, text: str) -> bool:
    """Return whether a clipboard tool took `text`."""
    try:
        done = subprocess.run(  # noqa: S603  a fixed list of tools
            clipboard.command,
            input=text.encode(clipboard.encoding, "replace"),
            timeout=1,
            check=False,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _short(path: Path) -> str:
    home = home_folder()
    return f"~/{path.relative_to(home)}" if path.is_relative_to(home) else str(path)
