"""True colours, 256 and 16: what is told apart by colour stays told apart."""

from itertools import combinations

import pytest
from rich.color import ColorSystem
from rich.console import Console
from rich.style import Style

from devgw.dashboard.look.palette import PALETTES, Styles, seen_as

_ROWS = ("", "@", "*")
"""A row, the cursor's, a marked one."""
_WORDS = ("", "dim", "ok", "warn", "bad", "now", "strong", "key")
_DEPTHS = {
    ColorSystem.TRUECOLOR: {"TERM": "xterm-256color", "COLORTERM": "truecolor"},
    ColorSystem.EIGHT_BIT: {"TERM": "xterm-256color"},
    ColorSystem.STANDARD: {"TERM": "xterm"},
}


def _ground(style: Style, depth: ColorSystem) -> object:
    """Return how a row's own look arrives at a terminal, whatever is written in it and whether that is bold."""
    colour = style.bgcolor.downgrade(depth) if style.bgcolor else None
    return colour.number if colour and depth is not ColorSystem.TRUECOLOR else colour, style.reverse, style.underline


def _written(style: Style, depth: ColorSystem) -> object:
    colour = style.color.downgrade(depth) if style.color else None
    return colour.number if colour and depth is not ColorSystem.TRUECOLOR else colour, style.bold, style.dim


@pytest.mark.parametrize("depth", _DEPTHS)
@pytest.mark.parametrize("theme", PALETTES)
def test_no_two_of_a_row_the_cursor_and_a_mark_look_the_same(theme: str, depth: ColorSystem) -> None:
    styles = Styles(PALETTES[seen_as(theme, _DEPTHS[depth])])
    for one, other in combinations(_ROWS, 2):
        assert _ground(styles.style(one), depth) != _ground(styles.style(other), depth), (one, other)


@pytest.mark.parametrize("depth", _DEPTHS)
@pytest.mark.parametrize("theme", PALETTES)
def test_no_two_words_look_the_same(theme: str, depth: ColorSystem) -> None:
    styles = Styles(PALETTES[seen_as(theme, _DEPTHS[depth])])
    for one, other in combinations(_WORDS, 2):
        assert _written(styles.style(one), depth) != _written(styles.style(other), depth), (one, other)


@pytest.mark.parametrize(
    ("environment", "theme"),
    [
        ({}, "devgw-light"),
        ({"TERM": "xterm"}, "ansi"),
        ({"TERM": "screen"}, "ansi"),
        ({"TERM": "linux"}, "ansi"),
        ({"TERM": "tmux-256color"}, "devgw-light"),
        ({"TERM": "xterm-kitty"}, "devgw-light"),
        ({"TERM": "xterm-direct"}, "ansi"),
        ({"TERM": "xterm", "COLORTERM": "24bit"}, "devgw-light"),
        ({"TERM": "xterm", "TEXTUAL_COLOR_SYSTEM": "truecolor"}, "devgw-light"),  # the view in a browser
    ],
)
def test_a_terminal_with_16_colours_shows_the_theme_that_is_made_of_them(
    environment: dict[str, str], theme: str
) -> None:
    assert seen_as("devgw-light", environment) == theme
    if environment and "TEXTUAL_COLOR_SYSTEM" not in environment:
        console = Console(force_terminal=True, _environ=environment)
        assert (console.color_system == "standard") == (theme == "ansi")
