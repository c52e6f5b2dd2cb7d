"""The keys of this view, made from the live key map; typing searches them, and what cannot be done now says why."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from devgw.dashboard.keys.editor import Editor
from devgw.dashboard.keys.keymap import Key
from devgw.dashboard.look.line import BLANK, Line, fit, line, line_cells, pad, wrap

if TYPE_CHECKING:
    from devgw.dashboard.desk import Desk

_SHOWN = 7
_ONE_COLUMN = 84


@dataclass(slots=True)
class Help:
    """A box with two columns: this view, and everywhere."""

    title: str = "Keys"
    width: int = 108
    editor: Editor = field(default_factory=Editor)
    top: int = 0

    def lines(self, desk: "Desk", width: int, height: int) -> list[Line]:
        """Return the keys that match what was typed."""
        wanted = self.editor.text.lower()
        here = [each for each in desk.keymap.of_view(desk.view.name) if _matches(each, wanted)]
        everywhere = [each for each in desk.keymap.everywhere(desk.view.name) if _matches(each, wanted)]
        said = [] if wanted else desk.view.legend(desk.glyphs)
        legend = [one for each in said for one in wrap(each, width - 1, indent=" ")]
        room = height - 2 - len(legend)
        if width < _ONE_COLUMN:
            column = [
                line((f"This view: {desk.view.title}", "strong")),
                *self._column(desk, here, width),
                line(("Everywhere", "strong")),
                *self._column(desk, everywhere, width),
            ]
            body = self._scrolled(column, room)
        else:
            half = width // 2
            left = [line((f"This view: {desk.view.title}", "strong")), *self._column(desk, here, half - 1)]
            right = [line(("Everywhere", "strong")), *self._column(desk, everywhere, width - half)]
            body = self._scrolled(_beside(left, right, half), room)
        found = f"{self.editor.text}_" if wanted else "type to search these keys"
        return [
            *legend,
            *body,
            BLANK,
            line((f" {found}", "key" if wanted else "dim"), ("   ↑↓ scroll  esc close", "dim")),
        ]

    def _scrolled(self, body: list[Line], room: int) -> list[Line]:
        self.top = max(0, min(self.top, len(body) - room))
        return body[self.top : self.top + room]

    def _column(self, desk: "Desk", keys: list[Key], width: int) -> list[Line]:
        has_digits = desk.keymap.views_are_digits()
        named = [each for each in keys if each.shown and not _is_second(each, has_digits)]
        lines = [one for each in named for one in _lines(desk, each, width)]
        if has_digits and any(each.id.startswith("view_") for each in keys):
            lines.insert(0, line((f" {'1-9 0':<{_SHOWN}} ", "key"), "show a view: Flows, Traces … Events"))
        return lines

    def press(self, desk: "Desk", key: str, character: str | None) -> None:
        """Search, scroll, or close."""
        if key in {"down", "up"}:
            self.top += 1 if key == "down" else -1
        elif key == "escape" or (character in {"?", "q"} and not self.editor.text):
            desk.overlay = None
        else:
            self.editor.press(key, character)


def _is_second(each: Key, has_digits: bool) -> bool:
    """Tell whether a key is the second of a pair, or one of the ten for the views, that are written in one line."""
    return (has_digits and each.id.startswith("view_")) or each.id in {
        "up",
        "end",
        "page_up",
        "detail_up",
        "previous_problem",
        "previous_tab",
        "shrink",
        "reverse",
    }


def _matches(each: Key, wanted: str) -> bool:
    return wanted in f"{each.shown} {each.label} {each.text} {each.id}".lower()


def _lines(desk: "Desk", each: Key, width: int) -> list[Line]:
    """Return what a key does, and why not now, in as many lines as it takes."""
    reason, room = each.reason(desk), max(12, width - _SHOWN - 3)
    told = wrap(each.text, room, "dim" if reason else "")
    why = wrap(f"({reason})", room, "warn") if reason else []
    if len(why) == 1 and line_cells(told[-1]) + 1 + line_cells(why[0]) <= room:
        told[-1] = (*told[-1], (" ", ""), *why.pop())
    shown = fit(each.shown.replace("⏎", desk.glyphs.enter), _SHOWN)
    first, *rest = [*told, *why]
    head = (f" {shown} ", "dim" if reason else "key")
    return [(head, *first), *(((" " * (_SHOWN + 2), ""), *more) for more in rest)]


def _beside(left: list[Line], right: list[Line], half: int) -> list[Line]:
    rows = max(len(left), len(right))
    left, right = left + [BLANK] * (rows - len(left)), right + [BLANK] * (rows - len(right))
    return [(*pad(one, half), *other) for one, other in zip(left, right, strict=True)]
