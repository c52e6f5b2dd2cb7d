"""One cleaner of foreign text, for every screen, line and page.

Control characters steer terminals, newlines forge rows, format characters (bidirectional overrides, zero-width joiners,
tags) make a name read as another, and marks piled on a letter are drawn over the lines around it. What is taken out is
shown in its place, so that nobody is deceived twice.
"""

import json
import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import Any, TextIO
from urllib.parse import quote

_PLAIN = re.compile(r"[\x20-\x7e]*")
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
_PLACEHOLDERS = ("${", "$env(", "{env:", "{{", "%7Benv:", "$%7B", "%24%7B")
_WHOLE_PLACEHOLDER = re.compile(
    r"\$[A-Z_a-z]\w*|%[A-Z_a-z]\w*%|<(?![^<>]*:/)[^<>]+>|\{[A-Z_a-z][\w.:-]*\}"
    r"|(?:your|YOUR)[-_]\w[-\w]*|(?i:change|replace)[-_ ]?me"
)
"""What examples and shells write for a value, where it is the whole of one."""
_NO_VALUES = frozenset({"undefined", "null", "none", "nan", "false", "true", "[object object]"})
"""What programs write where a value is missing, or is none that is a text."""
_FILLERS = re.compile(
    "[\u115f\u1160\u3164\uffa0\u2800\u034f\u17b4\u17b5\u180b-\u180d\u180f\u2065\ufe00-\ufe0d\ufff0-\ufff8"
    "\U000e0000-\U000e0fff]"
)
"""What is drawn as nothing, be it a letter, a mark or unassigned; the two selectors for emoji are left (UTS 51 §2)."""
_MARKS = frozenset({"Mn", "Me"})
_MOST_MARKS = 4
"""Marks that may follow one another: no language writes more (UTS 39 §5.4)."""


def clean(text: str, most: int | None = None) -> str:
    """Return `text` on one line: hidden characters and piled marks written out as `u{…}` behind a backslash.

    It is cut beyond `most`.
    """
    text = text if most is None else text[: most + 1]
    if not _PLAIN.fullmatch(text) and any(is_hidden(each) or _is_mark(each) for each in set(text)):
        text = "".join(_written_out(text))
    return text if most is None or len(text) <= most else text[: max(0, most - 1)] + "…"


def on_a_page(value: Any) -> Any:
    """Return what a template prints of a value: a text cleaned, whichever page shows it."""
    return clean(value) if type(value) is str else value


def _written_out(text: str) -> Iterator[str]:
    marks = 0
    for each in text:
        marks = marks + 1 if _is_mark(each) else 0
        yield f"\\u{{{ord(each):x}}}" if is_hidden(each) or marks > _MOST_MARKS else each


def _is_mark(character: str) -> bool:
    """Tell whether a character is drawn over the one before it."""
    return unicodedata.category(character) in _MARKS


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


def has_placeholder(text: str) -> bool:
    """Tell whether a text still holds the name of a variable where its value should stand, or is an example's."""
    return any(sign in text for sign in _PLACEHOLDERS) or _WHOLE_PLACEHOLDER.fullmatch(text) is not None


def is_no_value(text: str) -> bool:
    """Tell whether a text is the word that a program writes where a value is missing or is no text."""
    return text.strip().lower() in _NO_VALUES


def is_hidden(character: str) -> bool:
    """Tell whether a character is not seen where it stands, or steers what is."""
    return unicodedata.category(character) in _HIDDEN or _FILLERS.match(character) is not None


def encode_hidden(url: str) -> str:
    """Return a URL, or a part of one, with its hidden characters percent-encoded: it leads to the same place."""
    return (
        url
        if _PLAIN.fullmatch(url)
        else "".join(quote(each, errors="surrogatepass") if is_hidden(each) else each for each in url)
    )


def is_seen(text: str) -> bool:
    """Tell whether there is anything to see of a text: marks and selectors alone are drawn over nothing."""
    return any(unicodedata.category(each)[0] in "LNPS" and not is_hidden(each) for each in text)


def hidden_in(text: str) -> str:
    """Return the first hidden character as `U+202E`, or an empty string where all can be seen."""
    if _PLAIN.fullmatch(text):
        return ""
    if not any(map(is_hidden, set(text))):
        return ""
    found = next(each for each in text if is_hidden(each))
    return f"U+{ord(found):04X}"


def can_be_written(text: str) -> bool:
    """Tell whether UTF-8 has all of a text: half a pair of surrogates is no letter."""
    return not any("\ud800" <= each <= "\udfff" for each in text)


def writable(text: str, stream: TextIO) -> str:
    """Return `text` as far as the stream's encoding has it; what that lacks becomes `?`."""
    encoding = stream.encoding or "utf-8"
    return text.encode(encoding, "replace").decode(encoding)
