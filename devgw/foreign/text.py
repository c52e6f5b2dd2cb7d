"""One cleaner of foreign text, for every screen, line and page.

Control characters steer terminals, newlines forge rows, and format characters (bidirectional overrides, zero-width
joiners, tags) make a name read as another. What is taken out is shown in its place, so that nobody is deceived twice.
"""

import json
import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache
from typing import Any

_PLAIN = re.compile(r"[\x20-\x7e]*")
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
_PLACEHOLDERS = ("${", "$env(", "{env:", "{{", "%7Benv:", "$%7B", "%24%7B")
_FILLERS = frozenset("\u115f\u1160\u3164\uffa0\u2800\u034f\u17b4\u17b5")
"""Letters and marks by category that are drawn as nothing."""


def clean(text: str, most: int | None = None) -> str:
    """Return `text` on one line: hidden characters written out as `u{…}` behind a backslash, cut beyond `most`."""
    if hidden_in(text):
        text = "".join(each if not is_hidden(each) else f"\\u{{{ord(each):x}}}" for each in text)
    return text if most is None or len(text) <= most else text[: max(0, most - 1)] + "…"


def clean_lines(text: str) -> str:
    """Return `text` cleaned line by line: newlines and tabs stay, for bodies that are shown as they were laid out."""
    lines = text.replace("\r\n", "\n").split("\n")
    return "\n".join("\t".join(clean(each) for each in line.split("\t")) for line in lines)


def shown_json(value: Any, *, indent: int | None = None, default: Callable[[Any], Any] | None = None) -> str:
    """Return a value as JSON in which every hidden character is escaped: the same value, and it may be shown as it is.

    Line breaks are those of `indent` alone; inside a string JSON has none.
    """
    text = json.dumps(value, default=default, indent=indent, ensure_ascii=False)
    if not any(map(is_hidden, set(text) - {"\n"})):
        return text
    return "".join(json.dumps(each)[1:-1] if each != "\n" and is_hidden(each) else each for each in text)


def cells(text: str) -> int:
    """Return how many cells of a terminal `text` takes: two for a wide character, none for one that combines."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len  # noqa: PLC0415  what Textual measures with; most text is ASCII

    return cell_len(text)


@lru_cache(maxsize=4096)
def has_placeholder(text: str) -> bool:
    """Tell whether a text still holds the name of a variable where its value should stand."""
    return any(sign in text for sign in _PLACEHOLDERS)


def is_hidden(character: str) -> bool:
    """Tell whether a character is not seen where it stands, or steers what is."""
    return unicodedata.category(character) in _HIDDEN or character in _FILLERS


def hidden_in(text: str) -> str:
    """Return the first hidden character as `U+202E`, or an empty string where all can be seen."""
    if _PLAIN.fullmatch(text):
        return ""
    if not any(map(is_hidden, set(text))):
        return ""
    found = next(each for each in text if is_hidden(each))
    return f"U+{ord(found):04X}"
