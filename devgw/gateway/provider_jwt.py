"""A JWT of the identity provider: read, and its signature verified, before any claim of it is believed.

Source: RFC 7515 §4.1, RFC 7519 §7.2.
"""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from devgw.foreign.text import clean
from devgw.gateway.jose import JwtUnreadable, read_jwt
from devgw.problems import Refused
from devgw.problems.provider_token import Flaw, ProviderTokenInvalid

if TYPE_CHECKING:
    import jwt

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")


def verified_claims(token: str, key: "jwt.PyJWK", what: str) -> dict[str, Any]:
    """Return the claims of a token whose signature is good; nothing else is checked.

    Raises:
        Refused: with `ProviderTokenInvalid`.
    """
    import jwt  # noqa: PLC0415  9 MB and 0.05 s that a start need not pay

    try:
        read_jwt(token)
        return jwt.decode(
            token,
            key,
            algorithms=list(ALGORITHMS),
            options={f"verify_{each}": False for each in ("aud", "exp", "iat", "nbf", "iss", "sub", "jti")},  # type: ignore[arg-type]  # PyJWT's typed dict
        )
    except jwt.InvalidAlgorithmError as error:
        alg = jwt.get_unverified_header(token).get("alg", "none")
        meant = str(key.algorithm_name)
        raise Refused(ProviderTokenInvalid(what, "alg", str(alg), meant, Flaw.OF_ANOTHER_KEY)) from error
    except jwt.InvalidSignatureError as error:
        raise Refused(
            ProviderTokenInvalid(what, "signature", "one that does not fit", "the published key's")
        ) from error
    except JwtUnreadable as error:
        raise Refused(_unreadable(what, error)) from error
    except (jwt.PyJWTError, ValueError, TypeError) as error:
        raise Refused(ProviderTokenInvalid(what, "form", "no claims that can be read", "a signed JWT")) from error


def header_of(token: str, what: str) -> dict[str, Any]:
    """Return the header of a JWT before anything of it is believed.

    Raises:
        Refused: with `ProviderTokenInvalid` where it is no JWT at all.
    """
    import jwt  # noqa: PLC0415  9 MB and 0.05 s that a start need not pay

    try:
        header: dict[str, Any] = dict(read_jwt(token).header)
        _check_critical(header, what)
        header = jwt.get_unverified_header(token)
    except JwtUnreadable as error:
        raise Refused(_unreadable(what, error)) from error
    except jwt.PyJWTError as error:
        raise Refused(ProviderTokenInvalid(what, "form", str(error), "a signed JWT")) from error
    if header.get("alg") not in ALGORITHMS:
        raise Refused(ProviderTokenInvalid(what, "alg", str(header.get("alg")), "an asymmetric algorithm"))
    return header


def _check_critical(header: Mapping[str, Any], what: str) -> None:
    """Refuse a token whose header says that something must be understood: none of that is here (RFC 7515 §4.1.11).

    Raises:
        Refused: with `ProviderTokenInvalid`.
    """
    if "crit" in header:
        named = clean(json.dumps(header["crit"]), 100)
        raise Refused(ProviderTokenInvalid(what, "crit", named, "a header without it"))


def _unreadable(what: str, error: JwtUnreadable) -> ProviderTokenInvalid:
    flaw = {"JSON_DEPTH": Flaw.TOO_DEEP, "": Flaw.WRONG}.get(error.limit, Flaw.TOO_LONG)
    return ProviderTokenInvalid(what, "form", str(error), error.wanted, flaw)


"""A JWT of the identity provider, read and its signature verified, before any claim of it is believed.

Source: RFC 7515 §4.1, RFC 7519 §7.2.
"""
