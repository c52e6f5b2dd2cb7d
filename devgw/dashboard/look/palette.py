"""Four palettes that survive colour blindness: good is blue, bad is vermillion; and every state has a glyph and a word.

A look is a word such as `ok`, `warn!` (bold) or `dim@` (on the cursor's row). `Styles` turns looks into Rich styles.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from rich.style import Style


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of one theme, as Rich names them."""

    name: str
    is_dark: bool
    background: str
    text: str
    dim: str
    ok: str
    warn: str
    bad: str
    now: str
    key: str
    strong: str
    frame: str
    cursor: str
    """The background of the selected row."""
    marked: str
    """The background of a marked row."""
    tab_text: str
    is_ansi: bool = False


DARK = Palette(
    name="devgw-dark",
    is_dark=True,
    background="#111519",
    text="#d6dce5",
    dim="#848e9c",
    ok="#56b4e9",
    warn="#f0c929",
    bad="#ff7f50",
    now="#b79cf5",
    key="#eec170",
    strong="#ffffff",
    frame="#3a4552",
    cursor="#213d5b",
    marked="#30363d",
    tab_text="#111519",
)
LIGHT = Palette(
    name="devgw-light",
    is_dark=False,
    background="#fbfaf7",
    text="#23282e",
    dim="#646b74",
    ok="#0062a8",
    warn="#7f5a00",
    bad="#b3390b",
    now="#6a3fb5",
    key="#8a4f00",
    strong="#000000",
    frame="#b9bec5",
    cursor="#d3e4f5",
    marked="#ece7da",
    tab_text="#ffffff",
)
CONTRAST = Palette(
    name="devgw-contrast",
    is_dark=True,
    background="#000000",
    text="#ffffff",
    dim="#c0c0c0",
    ok="#6fd0ff",
    warn="#ffe600",
    bad="#ff9d73",
    now="#d8c2ff",
    key="#ffd27a",
    strong="#ffffff",
    frame="#9a9a9a",
    cursor="#004a9f",
    marked="#3d3d3d",
    tab_text="#000000",
)
ANSI = Palette(
    name="ansi",
    is_dark=True,
    background="default",
    text="default",
    dim="default",
    ok="blue",
    warn="yellow",
    bad="red",
    now="magenta",
    key="cyan",
    strong="default",
    frame="default",
    cursor="default",
    marked="default",
    tab_text="default",
    is_ansi=True,
)
_MANY_COLOURS = ("256color", "kitty")
"""How names of terminals end of which Rich believes that they have 256."""
PALETTES: dict[str, Palette] = {each.name: each for each in (DARK, LIGHT, CONTRAST, ANSI)}


def seen_as(name: str, environment: Mapping[str, str]) -> str:
    """Return the theme in which `name` is seen: a terminal with 16 colours has but those of `ansi`, and its own.

    Rich, which writes the colours, asks the same.
    """
    term = environment.get("TERM", "")
    depth = environment.get("TEXTUAL_COLOR_SYSTEM") or environment.get("COLORTERM", "")
    has_many = not term or depth in {"truecolor", "24bit", "256"} or term.rpartition("-")[2] in _MANY_COLOURS
    return name if has_many else ANSI.name


class Styles:
    """Looks to Rich styles, each made once."""

    def __init__(self, palette: Palette) -> None:
        self.palette = palette
        self._made: dict[str, Style] = {}

    def style(self, look: str) -> Style:
        """Return the style of `look`."""
        made = self._made.get(look)
        if made is None:
            made = self._made[look] = self._make(look)
        return made

    def _make(self, look: str) -> Style:
        palette = self.palette
        word, on_cursor, is_marked = look.rstrip("@*!"), "@" in look, "*" in look
        if word in {"tab", "tabs"}:
            return self._tab()
        if palette.is_ansi:
            return self._ansi(word, "!" in look, on_cursor, is_marked)
        colour = getattr(palette, _COLOURS.get(word, "text"))
        if on_cursor and word in {"dim", "frame"}:
            colour = palette.text  # dim on the cursor's row would fall below the contrast that can be read
        ground = palette.cursor if on_cursor else palette.marked if is_marked else palette.background
        return Style(color=colour, bgcolor=ground, bold=self._is_bold(look, word))

    def _is_bold(self, look: str, word: str) -> bool:
        return "!" in look or "@" in look or word in {"strong", "key", "title"}

    def _tab(self) -> Style:
        if self.palette.is_ansi:
            return Style(reverse=True, bold=True)
        return Style(color=self.palette.tab_text, bgcolor=self.palette.key, bold=True)

    def _ansi(self, word: str, is_bold: bool, on_cursor: bool, is_marked: bool) -> Style:
        name = getattr(self.palette, _COLOURS.get(word, "text"))
        return Style(
            color=None if name == "default" or on_cursor else name,  # a reversed colour would be a patch of it
            bold=is_bold or on_cursor or word in {"strong", "key", "title"},
            dim=word in {"dim", "frame"} and not on_cursor,
            reverse=on_cursor,
            underline=is_marked or word == "link" or None,
        )


_COLOURS = {
    "": "text",
    "dim": "dim",
    "col": "dim",
    "ok": "ok",
    "warn": "warn",
    "bad": "bad",
    "now": "now",
    "key": "key",
    "strong": "strong",
    "title": "key",
    "frame": "frame",
    "focus": "key",
    "link": "ok",
    "bar": "ok",
}


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two `#rrggbb` colours (WCAG 2.2, 1.4.3)."""
    bright, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    channels = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
