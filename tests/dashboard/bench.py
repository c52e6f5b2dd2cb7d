"""A desk with made-up rows and a port that remembers what it was asked."""

from collections.abc import Mapping
from typing import Any

from devgw.control.messages import CommandAnswer, Rows
from devgw.dashboard.desk import Desk
from devgw.dashboard.draw.screen import Painter, Picture
from devgw.dashboard.draw.text import as_text
from devgw.dashboard.keys.bindings import KEYMAP
from devgw.dashboard.keys.keymap import Keymap
from devgw.dashboard.look.glyphs import UNICODE, Glyphs
from devgw.dashboard.port import Then
from devgw.dashboard.press import press
from devgw.dashboard.world import World
from tests.support import sample_world
from tests.support.sample_world import NOON

_NAMES = {
    "enter": "enter",
    "esc": "escape",
    "tab": "tab",
    "space": "space",
    "down": "down",
    "up": "up",
    "^P": "ctrl+p",
    "^C": "ctrl+c",
    "backspace": "backspace",
    "^U": "ctrl+u",
}


class FakePort:
    """Does nothing outside; answers what was prepared."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.answers: dict[str, CommandAnswer] = {}
        self.waiting: list[Then] = []
        self.copied: list[str] = []
        self.written: dict[str, str] = {}
        self.did: list[tuple[Any, ...]] = []
        self.is_ours = True
        self.has_ended = False

    def ask(self, name: str, arguments: dict[str, Any], then: Then) -> None:
        self.asked.append((name, arguments))
        key = f"{name} dry" if arguments.get("dry_run") else name
        if key in self.answers:
            then(self.answers[key])
        else:
            self.waiting.append(then)

    def copy(self, text: str) -> str:
        self.copied.append(text)
        return f"copied {len(text)} characters"

    def write(self, name: str, text: str) -> str:
        self.written[name] = text
        return name

    def keep_columns(self, hidden: Mapping[str, set[str]]) -> None:
        self.did.append(("columns", {name: set(titles) for name, titles in hidden.items() if titles}))

    def page(self, text: str) -> None:
        self.did.append(("page", text))

    def edit(self, file: str, line: int, column: int) -> None:
        self.did.append(("edit", file, line, column))

    def theme(self, name: str) -> str:
        self.did.append(("theme", name))
        return name

    def start_gateway(self) -> None:
        self.did.append(("start",))

    def last_words(self) -> str:
        return "Traceback: the port is taken\n"

    def is_gateway_ours(self) -> bool:
        return self.is_ours

    def has_gateway_ended(self) -> bool:
        return self.has_ended

    def quit(self, code: int) -> None:
        self.did.append(("quit", code))


class Bench:
    """A person at a desk: presses keys, looks at the picture."""

    def __init__(
        self,
        rows: Rows | None = None,
        glyphs: Glyphs = UNICODE,
        keymap: Keymap = KEYMAP,
        *,
        is_read_only: bool = False,
    ) -> None:
        self.world = World()
        self.port = FakePort()
        self.desk = Desk(self.world, self.port, keymap, glyphs, is_read_only=is_read_only)
        self.desk.tick(NOON)
        self.painter = Painter()
        sample_world.fill(self.world, rows)
        self.desk.scene.details = dict(sample_world.details())
        self.desk.take(self.world.drain())
        self.size = (120, 36)
        self.look()

    @staticmethod
    def told() -> Rows:
        """Return everything that the sample gateway tells."""
        return sample_world.rows()

    def look(self) -> Picture:
        """Return the picture."""
        return self.painter.paint(self.desk, *self.size)

    def text(self) -> str:
        """Return the picture as lines of text."""
        return as_text(self.look(), *self.size)

    def press(self, *keys: str) -> None:
        """Press keys by name, or type what is not a name; the picture is painted after each, as it would be."""
        for key in keys:
            name = _NAMES.get(key)
            if name is not None:
                press(self.desk, name, None)
                self.look()
                continue
            for letter in key:
                press(self.desk, letter, letter)
                self.look()

    def pass_time(self, seconds: float) -> None:
        """Let the gateway's clock go on."""
        self.desk.tick(self.desk.now + seconds)
