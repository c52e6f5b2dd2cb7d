"""What is drawn as nothing, taken out of a text: between two letters of a secret it would hide it from a search.

Such a character counts however it is written: as it is, as an escape of JSON or HTML, in percent, or as a header has
it, where each byte of UTF-8 is read as a letter of Latin-1.

Source: Unicode, Default_Ignorable_Code_Point (UAX 44); the controls but for tab and line break; what stands for a byte
that is no text (U+FFFD).
"""

import html
import re
import sys
from collections.abc import Callable
from urllib.parse import quote, unquote

_INVISIBLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u2028-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ufffd"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]+"
)
_LESS, _PLUS, _GREATER = r"(?:<|&lt;|%(?:25)?3[Cc])", r"(?:\+|%(?:25)?2[Bb])", r"(?:>|&gt;|%(?:25)?3[Ee])"
_BACKSLASH = rf"(?:(?<!\\)\\++|%(?:25)?5[Cc]|{_LESS}U{_PLUS}005C{_GREATER})"
"""As it is, in a URL, and as an error of OAuth has it (`oauth.text`); each may be in a URL or a page in its turn."""
_ESCAPE = re.compile(
    rf"{_BACKSLASH}u(?:(?P<high>[dD][89abAB][0-9A-Fa-f]{{2}})\\++u(?P<low>[dD][c-fC-F][0-9A-Fa-f]{{2}})"
    r"|(?P<unit>[0-9A-Fa-f]{4})|(?:\{|%(?:25)?7[Bb])(?P<point>[0-9A-Fa-f]{1,6})(?:\}|%(?:25)?7[Dd]))"
    rf"|{_BACKSLASH}U(?P<long>[0-9A-Fa-f]{{8}})|(?P<bytes>(?:{_BACKSLASH}x[0-9A-Fa-f]{{2}})++)"
    rf"|{_LESS}U{_PLUS}(?P<named>[0-9A-F]{{4,6}}){_GREATER}"
)
_BYTE = re.compile(r"x([0-9A-Fa-f]{2})")
_ENTITY = re.compile(r"&(?:amp;)?(#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z]{2,31});")
_PERCENT = re.compile(r"(?:%(?:25)?[0-9A-Fa-f]{2})+")
_LATIN_1 = re.compile("[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")


def uncovered(text: str, masked: Callable[[str], str]) -> str:
    """Return what `masked` makes of `text`, or of what can be seen of it where that alone shows a secret."""
    shown = masked(text)
    seen = without_invisible(text)
    if seen == text:
        return shown
    again = masked(seen)
    return shown if without_invisible(shown) == again else again


def without_invisible(text: str) -> str:
    """Return `text` without what is drawn as nothing; what is written in an escape and seen stands there as itself."""
    if "\\" in text or "U+" in text or "%" in text:
        text = _ESCAPE.sub(_of_escape, text)
    if "&" in text:
        text = _ENTITY.sub(lambda found: _seen(found[0], html.unescape(f"&{found[1]};")), text)
    if "%" in text:
        text = _PERCENT.sub(_of_percent, text)
    if text.isascii() and text.isprintable():
        return text
    return _INVISIBLE.sub("", _LATIN_1.sub(_of_latin_1, text))


def _seen(written: str, meant: str) -> str:
    """Return what is written, or nothing where nothing of it is drawn."""
    return "" if _INVISIBLE.fullmatch(meant) else written


def _of_escape(found: re.Match[str]) -> str:
    """Return the letter that an escape means; one of ASCII as it is written, for a quote would end the string."""
    if found["bytes"]:
        written = bytes.fromhex("".join(_BYTE.findall(found["bytes"])))
        return _seen(found[0], written.decode("utf-8", "replace"))
    units = [int(each, 16) for each in found.groups() if each]
    code = units[0] if len(units) == 1 else 0x10000 + ((units[0] & 0x3FF) << 10) + (units[1] & 0x3FF)
    if code > sys.maxunicode or 0xD800 <= code < 0xE000:
        return ""
    return chr(code) if code >= 0x80 else _seen(found[0], chr(code))


def _of_percent(found: re.Match[str]) -> str:
    meant = unquote(unquote(found[0]))
    return quote(_INVISIBLE.sub("", meant), safe="") if _INVISIBLE.search(meant) else found[0]


def _of_latin_1(found: re.Match[str]) -> str:
    return _seen(found[0], found[0].encode("latin-1").decode("utf-8", "replace"))
