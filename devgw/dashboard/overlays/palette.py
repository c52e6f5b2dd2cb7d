"""The palette: every command with its key, found by typing a part of it."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from devgw.dashboard.keys.editor import Editor
from devgw.dashboard.keys.keymap import Key
from devgw.dashboard.look.line import BLANK, Line, fit, line
from devgw.dashboard.overlays.base import rule

if TYPE_CHECKING:
    from devgw.dashboard.desk import Desk


@dataclass(slots=True)
class CommandPalette:
    """A box with a search line and what it finds."""

    title: str = "Commands"
    width: int = 78
    editor: Editor = field(default_factory=Editor)
    place: int = 0

    def found(self, desk: "Desk") -> list[Key]:
        """Return the commands that match, the best first."""
        known = [each for each in desk.keymap.all if each.in_palette and each.works_in(desk.view.name)]
        scored = [(_score(self.editor.text.lower(), each), each) for each in known]
        return [each for score, each in sorted(scored, key=lambda pair: pair[0]) if score < _NO_MATCH]

    def lines(self, desk: "Desk", width: int, height: int) -> list[Line]:
        """Return the search line and the commands."""
        found = self.found(desk)
        self.place = max(0, min(self.place, len(found) - 1))
        room = max(1, height - 3)
        top = max(0, min(self.place - room // 2, len(found) - room))
        rows = [self._row(desk, each, number == self.place, width) for number, each in enumerate(found)][
            top : top + room
        ]
        head = line(
            (" > ", "key"),
            (f"{self.editor.text}_", ""),
            ("" if self.editor.text else "  type a part of a command", "dim"),
        )
        return [head, rule(width, desk.glyphs), *(rows or [line((" nothing matches", "dim"))]), BLANK]

    def _row(self, desk: "Desk", each: Key, is_chosen: bool, width: int) -> Line:
        suffix, reason = "@" if is_chosen else "", each.reason(desk)
        room = max(0, width - 10)
        text = f"{each.text} ({reason})" if reason else each.text
        shown = each.shown.replace("⏎", desk.glyphs.enter)
        return line((f" {fit(text, room)} ", ("dim" if reason else "") + suffix), (f"{shown:>7} ", "key" + suffix))

    def press(self, desk: "Desk", key: str, character: str | None) -> None:
        """Search, choose, run or close."""
        if key in {"down", "up"}:
            self.place += 1 if key == "down" else -1
        elif key in {"escape", "ctrl+p"}:
            desk.overlay = None
        elif key == "enter":
            self._run(desk)
        elif self.editor.press(key, character):
            self.place = 0

    def _run(self, desk: "Desk") -> None:
        found = self.found(desk)
        if not found:
            return
        chosen = found[self.place]
        desk.overlay = None
        reason = chosen.reason(desk)
        if reason:
            desk.say(f"{chosen.text}: {reason}", "warn")
        else:
            chosen.act(desk)


_NO_MATCH = 1_000


def _score(wanted: str, each: Key) -> int:
    """Return how far a command is from what was typed; letters in order are enough."""
    text = f"{each.text} {each.id}".lower()
    if wanted in text:
        return text.index(wanted)
    place = -1
    for letter in wanted:
        place = text.find(letter, place + 1)
        if place < 0:
            return _NO_MATCH
    return 500 + place
