"""A text to read: the gateway's last words, or an answer that is longer than a line."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from devgw.dashboard.look.line import BLANK, Line, wrap
from devgw.dashboard.overlays.base import keys_line
from devgw.foreign.folding import folded_with_marks

if TYPE_CHECKING:
    from devgw.dashboard.desk import Desk


@dataclass(slots=True)
class Notice:
    """Lines of text, and keys that do something about it."""

    title: str
    text: str
    keys: list[tuple[str, str, Callable[["Desk"], None]]] = field(default_factory=list)
    """The letters that do something, the shown one first, what they do in words, and how."""
    look: str = ""
    width: int = 100
    shows_end: bool = False
    is_laid_out: bool = False
    """Whether its lines keep their indent, and marks (`^`) their place under what they mark."""
    top: int = 0

    def lines(self, desk: "Desk", width: int, height: int) -> list[Line]:
        """Return the part of the text that fits, the end where that matters."""
        lines = folded_with_marks(self.text, width - 2) if self.is_laid_out else self.text.split("\n")
        body = [one for each in lines for one in self._wrapped(each, width - 2)]
        room = max(1, height - 3)
        last = max(0, len(body) - room)
        self.top = min(self.top, last)
        start = last - self.top if self.shows_end else self.top
        _ = desk
        pairs = [(letters[0], label) for letters, label, _act in self.keys]
        return [BLANK, *body[start : start + room], BLANK, ((" ", ""), *keys_line([*pairs, ("esc", "close")]))]

    def _wrapped(self, text: str, width: int) -> list[Line]:
        if self.is_laid_out:
            return [((f" {text}", self.look),)]
        return wrap(text.expandtabs(4), width, self.look, " ")

    def press(self, desk: "Desk", key: str, character: str | None) -> None:
        """Scroll, do what a key offers, or close."""
        if key in {"down", "up"} or character in {"j", "k"}:
            is_down = key == "down" or character == "j"
            self.top = max(0, self.top + (1 if is_down != self.shows_end else -1))
            return
        act = next((act for letters, _label, act in self.keys if character and character in letters), None)
        if act is not None:
            desk.overlay = None
            act(desk)
        elif key in {"escape", "enter"} or character == "q":
            desk.overlay = None
