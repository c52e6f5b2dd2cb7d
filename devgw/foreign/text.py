"""One cleaner of foreign text, for every screen, line and page.

Control characters steer terminals, newlines forge rows, and format characters (bidirectional overrides, zero-width
joiners, tags) make a name read as another. What is taken out is shown in its place, so that nobody is deceived twice.
"""

import re
import unicodedata

_PLAIN = re.compile(r"[\x20-\x7e]*")
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
_FILLERS = frozenset("\u115f\u1160\u3164\uffa0\u2800\u034f\u17b4\u17b5")
"""Letters and marks by category that are drawn as nothing."""


def clean(text: str, most: int | None = None) -> str:
    """Return `text` on one line: hidden characters written out as `u{…}` behind a backslash, cut beyond `most`."""
    if not _PLAIN.fullmatch(text):
        text = "".join(each if not is_hidden(each) else f"\\u{{{ord(each):x}}}" for each in text)
    return text if most is None or len(text) <= most else text[: max(0, most - 1)] + "…"


def clean_lines(text: str) -> str:
    """Return `text` cleaned line by line: newlines and tabs stay, for bodies that are shown as they were laid out."""
    lines = text.replace("\r\n", "\n").split("\n")
    return "\n".join("\t".join(clean(each) for each in line.split("\t")) for line in lines)


def is_hidden(character: str) -> bool:
    """Tell whether a character is not seen where it stands, or steers what is."""
    return unicodedata.category(character) in _HIDDEN or character in _FILLERS


def hidden_in(text: str) -> str:
    """Return the first hidden character as `U+202E`, or an empty string where all can be seen."""
    if _PLAIN.fullmatch(text):
        return ""
    found = next((each for each in text if is_hidden(each)), "")
    return f"U+{ord(found):04X}" if found else ""
