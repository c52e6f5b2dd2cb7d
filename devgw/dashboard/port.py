"""What the desk asks of the world outside: the gateway, the clipboard, other programs, the terminal."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from devgw.control.messages import CommandAnswer

Then = Callable[[CommandAnswer], None]


class Port(Protocol):
    """Carries out what a key means, where it means more than another picture."""

    def ask(self, name: str, arguments: dict[str, Any], then: Then) -> None:
        """Send a command to the gateway, and hand its answer to `then`."""

    def copy(self, text: str) -> str:
        """Put `text` on the clipboard; return what the person should know about that."""

    def write(self, name: str, text: str) -> str:
        """Write an export for this person's eyes only; return its path."""

    def keep_columns(self, hidden: Mapping[str, set[str]]) -> None:
        """Keep for the next time which columns of which view are left out."""

    def page(self, text: str) -> None:
        """Show `text` in the person's pager."""

    def edit(self, file: str, line: int, column: int) -> None:
        """Open a file in the person's editor."""

    def theme(self, name: str) -> str:
        """Use another theme, and return the one that this terminal can show."""

    def start_gateway(self) -> None:
        """Start the gateway again after it ended."""

    def last_words(self) -> str:
        """Return the end of the gateway's log."""

    def is_gateway_ours(self) -> bool:
        """Tell whether this dashboard started the gateway, and ends it."""

    def has_gateway_ended(self) -> bool:
        """Tell whether the gateway that this dashboard started has ended."""

    def quit(self, code: int) -> None:
        """Leave."""


def refused(explanation: str, code: str = "not_possible") -> CommandAnswer:
    """Return the answer that says no."""
    return CommandAnswer(id="", ok=False, code=code, explanation=explanation)
