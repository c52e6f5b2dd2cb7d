"""What this gateway issued inside a value that is nothing of it as it stands: what was done to it."""

import re
from base64 import b64decode
from binascii import Error
from urllib.parse import unquote

from devgw.entropy import ACCESS_PREFIX, SECRET_CHARACTERS, SECRET_LENGTH
from devgw.problems.bearer import TokenChange

_SECRET = f"[{SECRET_CHARACTERS}]{{{SECRET_LENGTH}}}(?![{SECRET_CHARACTERS}])"
_OURS = re.compile(ACCESS_PREFIX + _SECRET)
ALONE = re.compile(f"(?<![{SECRET_CHARACTERS}]){_OURS.pattern}")
"""An access token that stands among other words."""
_OPENING = ('"', "'", "`", "\x9c", "\x98")
_CLOSING = ('"', "'", "`", "\xe2\x80")
"""Quotation marks; the curly ones as their bytes in a header, of UTF-8 read as Latin-1."""
_TWICE = re.compile(r"(bearer[\s:=]*){2,}", re.IGNORECASE)
_ANOTHER_BEHIND, _ANOTHER_BEFORE = re.compile(r"\s*,\s*\S"), re.compile(r"\S\s*,[A-Za-z\s]*$")
"""Another value of the same header, of which several lines are one list (RFC 9110 §5.3)."""
_BASIC = re.compile(r"basic\s+([A-Za-z0-9+/=]+)", re.IGNORECASE)


def issued_in(value: str, prefix: str) -> str:
    """Return what stands in `value` among other characters and has the shape of what is issued with `prefix`."""
    found = re.search(f"{prefix}{_SECRET}", value)
    return found[0] if found and found[0] != value else ""


def find_token(authorization: str) -> tuple[str, TokenChange] | None:
    """Return what has the shape of an access token in the value of a header, and what became of it.

    The token stands alone behind `Bearer` where nothing became of it: then None is returned, too.
    """
    value = authorization.strip()
    if (basic := _BASIC.fullmatch(value)) and (found := _OURS.search(_decoded(basic[1]))):
        return found[0], TokenChange.BASIC
    if found := _OURS.search(value):
        how = _how(value[: found.start()], value[found.end() :])
        return (found[0], how) if how else None
    found = _OURS.search(unquote(unquote(value)))
    return (found[0], TokenChange.ENCODED) if found else None


def _decoded(value: str) -> str:
    try:
        return b64decode(value, validate=True).decode("latin-1")
    except Error:
        return ""


def _how(before: str, after: str) -> TokenChange | None:
    """Say what stands around the token that should not."""
    if before.endswith(_OPENING) and after.startswith(_CLOSING):
        return TokenChange.QUOTED
    if _TWICE.fullmatch(before):
        return TokenChange.TWICE
    if _ANOTHER_BEHIND.match(after) or _ANOTHER_BEFORE.search(before):
        return TokenChange.SEVERAL
    scheme = before.strip()
    if after.strip() or (scheme and not scheme.isalpha()):
        return TokenChange.SURROUNDED
    if not scheme:
        return TokenChange.NO_SCHEME
    return None if scheme.lower() == "bearer" else TokenChange.OTHER_SCHEME
