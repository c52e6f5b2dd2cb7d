"""The question before something ends: it names what else goes with it, and no single key that opens it confirms it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from devgw.control.messages import Consequences
from devgw.dashboard.keys.editor import Editor
from devgw.dashboard.look import words
from devgw.dashboard.look.line import BLANK, Line, line, wrap
from devgw.dashboard.overlays.base import keys_line

if TYPE_CHECKING:
    from devgw.dashboard.desk import Desk

_NAMES = 10


@dataclass(slots=True)
class Confirm:
    """Asks before a revocation. The subject is frozen when the question is asked."""

    title: str
    question: str
    act: Callable[["Desk"], None]
    verb: str = "revoke"
    typed: str = ""
    """What must be typed; empty where `y` is enough."""
    known: list[Consequences] = field(default_factory=list)
    named: frozenset[str] = frozenset()
    """What the question names, and so does not end beside it."""
    awaited: int = 0
    """How many dry runs have not been answered yet."""
    problem: str = ""
    notes: list[str] = field(default_factory=list)
    is_final: bool = False
    """Whether nothing brings back what it ends."""
    width: int = 66
    editor: Editor = field(default_factory=Editor)

    def lines(self, desk: "Desk", width: int, height: int) -> list[Line]:
        """Return the question, what else ends, and how to answer."""
        body = [BLANK, *wrap(self.question, width - 1, "strong", " "), BLANK]
        if self.problem:
            body += wrap(self.problem, width - 1, "bad", " ")
        elif self.awaited:
            body.append(line((f" asking the gateway what else ends{desk.glyphs.ellipsis}", "dim")))
        else:
            body += self._losses(desk, width)
        return [*body[: max(3, height - 3)], BLANK, *self._answers(desk)]

    def _losses(self, desk: "Desk", width: int) -> list[Line]:
        found: list[Line] = []
        for name, text, look in self._facts(desk):
            first, *rest = wrap(text, width - _NAMES - 3, look)
            found += [((f" {name:<{_NAMES}} ", "dim"), *first), *(((" " * (_NAMES + 2), ""), *each) for each in rest)]
        found += [line((f" {each}", "dim")) for each in self.notes]
        _ = desk
        return found

    def _facts(self, desk: "Desk") -> list[tuple[str, str, str]]:
        ends = also_ends(self.known, self.named)
        effects = sorted({each.effect for each in self.known if each.effect})
        over = any(each.already_over for each in self.known)
        undoable = (
            bool(self.known) and not self.is_final and all(each.undo_id or not each.already_over for each in self.known)
        )
        return [
            ("Also ends", ends or "nothing else", "warn" if ends else ""),
            *[("Effect", each, "") for each in effects],
            *([("Note", "it had ended before: nothing will change for clients", "warn")] if over else []),
            (
                "Undo",
                f"{desk.keymap.sign('undo')} within 30 s (kept here until then)" if undoable else "cannot be undone",
                "" if undoable else "bad",
            ),
        ]

    def _answers(self, desk: "Desk") -> list[Line]:
        keep = [("n esc", "keep")]
        if self.problem:
            return [(("  ", ""), *keys_line([("esc", "close")]))]
        if self.typed:
            box = f"{self.editor.text}_"
            what = line((f" type {self.typed} to {self.verb}: ", ""), (box, "key"))
            now = [(desk.glyphs.enter, self.verb)] if self.editor.text == self.typed and not self.awaited else []
            return [what, (("  ", ""), *keys_line([*now, ("esc", "keep")]))]
        return [(("  ", ""), *keys_line([("y", self.verb), *keep]), ("enter does nothing", "dim"))]

    def press(self, desk: "Desk", key: str, character: str | None) -> None:
        """Confirm with the right key or word; anything else keeps, Enter does nothing."""
        if self.typed and not self.problem and key != "escape":
            self._type(desk, key, character)
            return
        if key == "enter":
            return
        desk.overlay = None
        if character == "y" and not self.problem:
            if self.awaited:
                desk.overlay = self
                return
            self.act(desk)
        else:
            desk.say("kept")

    def _type(self, desk: "Desk", key: str, character: str | None) -> None:
        if key == "enter":
            if self.editor.text == self.typed and not self.awaited:
                desk.overlay = None
                self.act(desk)
            return
        self.editor.press(key, character)


def also_ends(known: list[Consequences], named: frozenset[str] = frozenset()) -> str:
    """Say what ends beside the things themselves and those that are `named` already."""
    named = named.union(each.id for each in known)
    counts = {
        "token": len({i for each in known for i in each.token_ids} - named),
        "grant": len({i for each in known for i in each.grant_ids} - named),
        "session": len({i for each in known for i in each.session_ids} - named),
        "client": len({i for each in known for i in each.client_ids} - named),
        "flow under way": len({i for each in known for i in each.flow_ids}),
    }
    said = [_many(number, noun) for noun, number in counts.items() if number]
    return ", ".join(said)


def _many(number: int, noun: str) -> str:
    return f"{number} flows under way" if noun.startswith("flow") and number > 1 else words.plural(number, noun)
