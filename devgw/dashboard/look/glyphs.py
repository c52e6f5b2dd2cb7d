"""The signs: one set for Unicode terminals, one for ASCII. None of them has an emoji form, so all are one cell wide."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Glyphs:
    """One sign for each meaning."""

    ok: str = "✓"
    bad: str = "✗"
    warn: str = "!"
    now: str = "►"
    done: str = "●"
    open: str = "○"
    skipped: str = "–"
    dot: str = "·"
    ellipsis: str = "…"
    pointer: str = ">"
    mark: str = "*"
    descending: str = "▾"
    ascending: str = "▴"
    up: str = "↑"
    down: str = "↓"
    enter: str = "⏎"
    becomes: str = "→"
    horizontal: str = "─"
    vertical: str = "│"
    top_left: str = "┌"
    top_right: str = "┐"
    bottom_left: str = "└"
    bottom_right: str = "┘"
    tee: str = "├"
    thumb: str = "┃"
    right: str = "►"
    left: str = "◄"
    stop: str = "×"
    waiting: str = "⋯"
    turn: str = "↺"
    full: str = "█"
    sliver: str = "▏"
    eighths: str = " ▏▎▍▌▋▊▉█"
    empty: str = "░"
    gone: str = "·"
    levels: str = "▁▂▃▄▅▆▇█"
    forever: str = "∞"
    live: str = "●"
    times: str = "×"
    dash: str = "–"


UNICODE = Glyphs()
ASCII = Glyphs(
    ok="+",
    bad="X",
    warn="!",
    now=">",
    done="#",
    open=".",
    skipped="-",
    dot="-",
    ellipsis="~",
    descending="v",
    ascending="^",
    up="^",
    down="v",
    enter="ret",
    becomes="->",
    horizontal="-",
    vertical="|",
    top_left="+",
    top_right="+",
    bottom_left="+",
    bottom_right="+",
    tee="+",
    thumb="#",
    right=">",
    left="<",
    stop="x",
    waiting="...",
    turn="@",
    full="#",
    sliver="|",
    eighths=" ..::+##=",
    empty=".",
    gone=".",
    levels="_.-=+*##",
    forever="--",
    live="*",
    times="x",
    dash="-",
)


def choose(environment: Mapping[str, str], wanted_ascii: bool, encoding: str | None) -> Glyphs:
    """Return the ASCII set where it is wanted or the terminal has nothing better, else the Unicode one."""
    is_utf8 = (encoding or "").lower().replace("-", "") == "utf8"
    return ASCII if wanted_ascii or not is_utf8 or environment.get("TERM") == "linux" else UNICODE
