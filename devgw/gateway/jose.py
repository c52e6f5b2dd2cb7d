"""JWTs and key sets from outside, read through the door before PyJWT reads them.

PyJWT parses both by itself, without a limit of depth or of numbers; what was read here holds nothing at which it fails.
Source: RFC 7515 §7.1, RFC 7517 §5, RFC 7519 §7.2.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from devgw.foreign.json import JsonRefused, read_object
from devgw.limits import Limits

if TYPE_CHECKING:
    import jwt


class JwtUnreadable(ValueError):  # noqa: N818  it reads as what happened
    """The text is no JWT that is read; the message says why, in words that may be shown.

    Attributes:
        limit: the name of the limit in `limits.Limits` that it passes; empty where it passes none.
        wanted: what should have come instead.
    """

    def __init__(self, why: str, limit: str = "", wanted: str = "a signed JWT") -> None:
        super().__init__(why)
        self.limit = limit
        self.wanted = wanted


@dataclass(frozen=True, slots=True)
class UnverifiedJwt:
    """What a JWT says before anything of it is believed."""

    header: Mapping[str, Any]
    claims: Mapping[str, Any]


def read_jwt(token: str) -> UnverifiedJwt:
    """Return header and claims of a signed JWT in compact form; the signature is not looked at.

    Raises:
        JwtUnreadable: where it is none, is too long, or is nested too deep.
    """
    if len(token) > Limits.TOKEN_BYTES:
        raise JwtUnreadable(f"a token of more than {Limits.TOKEN_BYTES:,} characters", "TOKEN_BYTES")
    parts = token.split(".")
    if len(parts) != 3:
        raise JwtUnreadable(_opaque(len(parts)) if token else "an empty text")
    return UnverifiedJwt(_part(parts[0], "header"), _part(parts[1], "claims"))


def _opaque(parts: int) -> str:
    """Return what a text is that has not the three parts of a signed JWT; five has one that is encrypted (RFC 7516)."""
    if parts == 5:
        return "an encrypted token (JWE, of 5 parts)"
    return "an opaque value" if parts == 1 else f"an opaque value of {parts} parts"


def _part(text: str, name: str) -> dict[str, Any]:
    try:
        content = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
        return read_object(content)
    except JsonRefused as refused:
        wanted = f"a signed JWT with {refused.wanted} in its {name}"
        raise JwtUnreadable(f"its {name}: {refused}", refused.limit, wanted) from refused
    except (binascii.Error, UnicodeEncodeError) as error:
        raise JwtUnreadable(f"its {name}: no base64url") from error


def usable_keys(document: Any) -> tuple[tuple[dict[str, Any], "jwt.PyJWK"], ...]:
    """Return the keys of a key set, each with its members; what is no key that can be used is passed over.

    A set of more than `Limits.KEYS` is read up to there.
    """
    import jwt  # noqa: PLC0415  9 MB and 0.05 s that a start need not pay
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415  comes with it

    members = document.get("keys") if isinstance(document, Mapping) else None
    found = []
    for each in members[: Limits.KEYS] if isinstance(members, list) else ():
        if not isinstance(each, dict):
            continue
        try:
            found.append((each, jwt.PyJWK(each)))
        except (jwt.PyJWTError, UnsupportedAlgorithm, ValueError, TypeError, KeyError, AttributeError):
            continue  # of a kind that nobody here can use, or odd in a member
    return tuple(found)
