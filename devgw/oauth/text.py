"""Strings of foreign JSON, before they reach a database, a URL or a header."""

import re
from typing import Any, TypeGuard

_VISIBLE = re.compile(r"[\x21-\x7e]+")


def is_text(value: Any) -> TypeGuard[str]:
    """Tell whether a value is a string that is not empty; JSON may carry half a character, which nothing can encode."""
    if not isinstance(value, str) or not value:
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def is_visible(value: Any) -> TypeGuard[str]:
    """Tell whether a value may stand in a header: visible ASCII alone (RFC 6749 App. A, RFC 6750 §2.1)."""
    return isinstance(value, str) and _VISIBLE.fullmatch(value) is not None


def unsendable_in(token: str) -> str:
    """Return which character of a token no header carries, by its number, as some are not seen; empty where all are."""
    if not token:
        return "it is empty"
    odd = next((each for each in token if not is_visible(each)), "")
    return f"it has U+{ord(odd):04X} in it" if odd else ""
