"""A menu of one-letter choices, each with a preview; Enter takes the one under the cursor."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from devgw.dashboard.look.line import BLANK, Line, cut, fit, line
from devgw.dashboard.overlays.base import keys_line

if TYPE_CHECKING:
    from devgw.dashboard.desk import Desk


@dataclass(frozen=True, slots=True)
class Choice:
    """One line of a menu. `blocked` says why it cannot be chosen."""

    letter: str
    label: str
    act: Callable[["Desk"], None]
    preview: str = ""
    blocked: str = ""


@dataclass(slots=True)
class Menu:
    """A box of choices."""

    title: str
    choices: list[Choice]
    width: int = 72
    place: int = field(default=0)

    def lines(self, desk: "Desk", width: int, height: int) -> list[Line]:
        """Return one line for each choice."""
        lines: list[Line] = [BLANK]
        for number, each in enumerate(self.choices[: height - 3]):
            lines.append(self._line(each, "@" if number == self.place else "", width, desk.glyphs.ellipsis))
        return [*lines, BLANK, keys_line([("esc", "close")])]

    def _line(self, each: Choice, suffix: str, width: int, ellipsis: str) -> Line:
        look = "dim" if each.blocked else ""
        label = fit(each.label, 22, ellipsis=ellipsis)
        preview = each.blocked or each.preview
        one = line(
            (f" {each.letter} ", "key" + suffix),
            (f" {label} ", look + suffix),
            (fit(preview, max(0, width - 27)), "dim" + suffix),
        )
        return cut(one, width)

    def press(self, desk: "Desk", key: str, character: str | None) -> None:
        """Take the choice of a letter, move, or close."""
        if key in {"down", "up"}:
            self.place = (self.place + (1 if key == "down" else -1)) % max(1, len(self.choices))
            return
        chosen = next((each for each in self.choices if each.letter == character), None)
        if key == "enter" and self.choices:
            chosen = self.choices[self.place]
        if chosen is None:
            if key in {"escape", "q"}:
                desk.overlay = None
            return
        if chosen.blocked:
            desk.say(f"{chosen.label}: {chosen.blocked}", "warn")
            return
        desk.overlay = None
        chosen.act(desk)
