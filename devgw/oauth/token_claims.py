"""What an access token says of itself, where it is a JWT: whose it is, for whom, and until when. Nothing is checked.

Source: RFC 7519 §4.1; RFC 9068 §2.2.
"""

from base64 import urlsafe_b64decode
from binascii import Error
from dataclasses import dataclass
from typing import Any

from devgw.foreign.json import JsonRefused, read_object
from devgw.limits import Limits

_PARTS = 3


@dataclass(frozen=True, slots=True)
class TokenClaims:
    """Those that tell why a token is refused; none is a secret."""

    issuer: str = ""
    audience: tuple[str, ...] = ()
    ends: float | None = None
    """In epoch seconds."""


def read_claims(token: str) -> TokenClaims:
    """Return what a token says; nothing of one that is no JWT."""
    parts = token.split(".")
    if len(parts) != _PARTS or len(token) > Limits.ANSWER_BYTES:
        return TokenClaims()
    try:
        content = urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))
        said = read_object(content)
    except (Error, ValueError, JsonRefused):
        return TokenClaims()
    issuer, ends = said.get("iss"), said.get("exp")
    is_number = isinstance(ends, int | float) and not isinstance(ends, bool)
    return TokenClaims(issuer if isinstance(issuer, str) else "", _audience(said), ends if is_number else None)


def _audience(said: dict[str, Any]) -> tuple[str, ...]:
    found = said.get("aud")
    listed = found if isinstance(found, list) else [found]
    return tuple(each for each in listed if isinstance(each, str) and each)
