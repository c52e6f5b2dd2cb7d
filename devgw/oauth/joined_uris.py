"""Several redirect URIs in one text: a list that was joined, or written as JSON, where one URI belongs."""

import re

from devgw.foreign.json import JsonRefused, read_json
from devgw.limits import Limits

_JOINT = re.compile(r"(?P<sign>(?<!\s)\s++(?:[,;|]\s*+)?|[,;|]\s*+)(?=[A-Za-z][A-Za-z0-9+.-]*+:/)")
"""What stands between two URIs; a comma, a semicolon and a bar may stand inside one, but not before a scheme.

White space is read from its beginning alone, so that the time grows with the text and no faster.
"""
_LONGEST = 10 * Limits.REDIRECT_URI_CHARACTERS
"""Characters of a text that is read as a list of URIs."""
_QUOTES = ("''", '""', "``", "<>", "\u201c\u201d", "\u2018\u2019")
_SIGNS = {",": "a comma", ";": "a semicolon", "|": "a bar"}


def joined_in(text: str) -> tuple[str, ...]:
    """Return the URIs of which `text` holds a list, be it of one; empty where it is one URI, or none.

    A text of more than ten times the characters of the longest URI is none.
    """
    if len(text) > _LONGEST:
        return ()
    if text.lstrip().startswith("["):
        return _of_array(text)
    found = _JOINT.search(text)
    if found is None or ("?" in text[: found.start()] and found["sign"].strip()):  # a query may list others
        return ()
    parts = tuple(each.strip(" ,;|") for each in _JOINT.sub("\n", text).split("\n"))
    return tuple(each for each in parts if each)


def joint_of(text: str) -> str:
    """Return in words what makes one text of several URIs."""
    if text.lstrip().startswith("["):
        return "an array written as one string"
    found = _JOINT.search(text)
    sign = found["sign"].strip() if found else ""
    return f"several URIs joined by {_SIGNS.get(sign, 'white space')}"


def quoted_in(text: str) -> str:
    """Return the URI that stands in quotation marks or angle brackets; empty where it stands alone."""
    plain = text.strip()
    is_quoted = len(plain) > 2 and plain[0] + plain[-1] in _QUOTES
    return plain[1:-1].strip() if is_quoted else ""


def _of_array(text: str) -> tuple[str, ...]:
    try:
        read = read_json(text)
    except JsonRefused:
        return ()
    whole = isinstance(read, list) and all(isinstance(each, str) for each in read)
    return tuple(read) if whole else ()
