"""What the identity provider says of a person, believed only after every check.

PyJWT verifies the signature; times are checked here against the injected clock, with a leeway and a reason each.
Source: OpenID Connect Core §3.1.3.7, RFC 7519 §4.1; for WorkOS `workos.md` §3.
"""

import base64
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from devgw.clock import from_epoch
from devgw.entropy import same
from devgw.ids import SubjectId
from devgw.limits import Limits
from devgw.problems import Refused
from devgw.problems.provider_token import ClockSkewed, Flaw, ProviderTokenInvalid, TokenUntimely

LEEWAY = timedelta(seconds=60)
CLOCKS_AGREE = 30.0
"""Seconds of skew that no token's lifetime notices."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who signed in."""

    subject_id: SubjectId
    issuer: str
    email: str | None = None
    display_name: str | None = None
    provider_session_id: str | None = None
    claims: Mapping[str, Any] = field(default_factory=dict)
    """Roles, groups and permissions, where the provider says any; never a token."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What a token of the provider must say."""

    issuers: tuple[str, ...]
    client_id: str
    audience: str | None
    nonce: str | None
    now: datetime
    skew_seconds: float | None = None
    """How far the provider's clock was ahead of ours when it answered, where that was measured."""


def text_or_none(value: Any) -> str | None:
    """Return a claim that is text with something in it; None for anything else, and for half characters."""
    if not isinstance(value, str) or any("\ud800" <= each <= "\udfff" for each in value):
        return None
    return value or None


def moment_of(value: Any) -> datetime | None:
    """Return the moment that a numeric date means; None for anything that means none."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        return from_epoch(value)
    except (OverflowError, ValueError, OSError):
        return None


def check_access_token(claims: Mapping[str, Any], expected: Expected) -> None:
    """Check an access token that stands for the sign-in, as WorkOS gives it: `aud` may be absent, `client_id` not.

    Raises:
        Refused: with a problem of `problems.provider_token`.
    """
    what = "access token"
    _check_issuer(claims, expected, what)
    _check_times(claims, expected, what)
    audience = expected.audience or expected.client_id
    if claims.get("aud") is not None:
        if audience not in _strings(claims["aud"]):
            raise Refused(ProviderTokenInvalid(what, "aud", str(claims["aud"]), audience))
    elif claims.get("client_id") is None:
        raise _absent(what, "client_id", f"{expected.client_id}, or an aud")
    if claims.get("client_id") not in (None, expected.client_id):
        raise Refused(ProviderTokenInvalid(what, "client_id", str(claims["client_id"]), expected.client_id))
    _require_subject(claims, what)


def check_id_token(claims: Mapping[str, Any], expected: Expected, access_token: str | None, algorithm: str) -> None:
    """Check an ID token: issuer, audience, authorized party, nonce, times, and the hash of the access token.

    Raises:
        Refused: with a problem of `problems.provider_token`.
    """
    what = "id token"
    _check_issuer(claims, expected, what)
    audiences = _strings(claims.get("aud"))
    if not audiences:
        raise _absent(what, "aud", expected.client_id)
    if expected.client_id not in audiences:
        raise Refused(ProviderTokenInvalid(what, "aud", str(claims["aud"]), expected.client_id))
    party = claims.get("azp")
    if party is not None and party != expected.client_id:
        raise Refused(ProviderTokenInvalid(what, "azp", str(party), expected.client_id))
    if party is None and len(audiences) > 1:
        raise _absent(what, "azp", f"{expected.client_id} beside several audiences")
    _check_times(claims, expected, what)
    if claims.get("iat") is None:
        raise _absent(what, "iat", "the moment at which it was issued, in seconds since 1970")
    _check_nonce(claims, expected, what)
    if access_token and "at_hash" in claims and not same(str(claims["at_hash"]), _half_hash(access_token, algorithm)):
        raise Refused(ProviderTokenInvalid(what, "at_hash", "another hash", "that of the access token beside it"))
    _require_subject(claims, what)


def _check_nonce(claims: Mapping[str, Any], expected: Expected, what: str) -> None:
    if not expected.nonce:
        return
    if claims.get("nonce") is None:
        raise _absent(what, "nonce", "the one sent")
    if not same(str(claims["nonce"]), expected.nonce):
        raise Refused(ProviderTokenInvalid(what, "nonce", "another value", "the one sent"))


def _absent(what: str, claim: str, expected: str) -> Refused:
    return Refused(ProviderTokenInvalid(what, claim, "nothing", expected, Flaw.ABSENT))


def _check_issuer(claims: Mapping[str, Any], expected: Expected, what: str) -> None:
    ours, *also = expected.issuers
    if claims.get("iss") is None:
        raise _absent(what, "iss", ours)
    if not isinstance(claims["iss"], str):
        raise Refused(ProviderTokenInvalid(what, "iss", repr(claims["iss"])[:40], ours, Flaw.MALFORMED))
    if claims["iss"] not in expected.issuers:
        got = claims["iss"]
        raise Refused(ProviderTokenInvalid(what, "iss", got, ours, nearest=ours, also=tuple(also)))


def _check_times(claims: Mapping[str, Any], expected: Expected, what: str) -> None:
    expires = _moment(claims, "exp", what)
    if expires is None:
        raise _absent(what, "exp", "a moment in the future, in seconds since 1970")
    issued = _moment(claims, "iat", what)
    if expires <= expected.now - LEEWAY:
        raise Refused(_untimely("exp", expires, issued, expected, what))
    for name, moment in (("nbf", _moment(claims, "nbf", what)), ("iat", issued)):
        if moment and moment > expected.now + LEEWAY:
            raise Refused(_untimely(name, moment, issued, expected, what))


def _untimely(
    claim: str, moment: datetime, issued: datetime | None, expected: Expected, what: str
) -> ClockSkewed | TokenUntimely:
    """Return whose time is wrong: a clock's where the measured skew explains the claim, else the token's own."""
    skew = agreed_skew(expected.skew_seconds, issued, expected.now)
    if skew is not None and abs(skew) > CLOCKS_AGREE:
        theirs = expected.now + timedelta(seconds=skew)
        ahead = moment - theirs  # a difference: neither has to have a moment beside it
        is_good_there = ahead > -LEEWAY if claim == "exp" else ahead <= LEEWAY
        if is_good_there:
            return ClockSkewed(claim, moment, expected.now, skew)
    return TokenUntimely(what, claim, moment, expected.now, issued, expected.skew_seconds)


def agreed_skew(measured: float | None, issued: datetime | None, now: datetime) -> float | None:
    """Return how far the provider's clock is from ours in seconds, None where its two witnesses do not agree.

    They are the `Date` of its answer (`measured`) and the `iat` of a token that it issued for this answer. Without a
    `Date` the token alone is enough to say that the clocks agree, and never that they do not.
    """
    if issued is None:
        return None
    by_token = (issued - now).total_seconds()
    if measured is None:
        return by_token if abs(by_token) <= CLOCKS_AGREE else None
    return measured if abs(by_token - measured) <= LEEWAY.total_seconds() else None


def _moment(claims: Mapping[str, Any], name: str, what: str) -> datetime | None:
    """Return a numeric date among the claims, None where it is absent; a value that is no moment is refused."""
    value = claims.get(name)
    if value is None:
        return None
    moment = moment_of(value)
    if moment is None:
        raise Refused(ProviderTokenInvalid(what, name, repr(value)[:40], "seconds since 1970", Flaw.MALFORMED))
    return moment


def _require_subject(claims: Mapping[str, Any], what: str) -> None:
    if claims.get("sub") is None:
        raise _absent(what, "sub", "the person's id")
    if text_or_none(claims["sub"]) is None:
        got = repr(claims["sub"])[:40]
        raise Refused(ProviderTokenInvalid(what, "sub", got, "the person's id, as text", Flaw.MALFORMED))
    if len(claims["sub"]) > Limits.PARAMETER_CHARACTERS:  # every row and page of this person holds it
        got, most = f"{len(claims['sub']):,} characters", f"at most {Limits.PARAMETER_CHARACTERS:,}"
        raise Refused(ProviderTokenInvalid(what, "sub", got, f"the person's id, of {most}", Flaw.MALFORMED))


def _strings(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    return tuple(str(each) for each in value) if isinstance(value, Iterable) else ()


def _half_hash(access_token: str, algorithm: str) -> str:
    """Return the left half of the token's hash in base64url (OpenID Connect Core §3.1.3.6)."""
    size = algorithm[-3:] if algorithm[-3:] in {"256", "384", "512"} else "512"
    hashed = hashlib.new(f"sha{size}", access_token.encode()).digest()
    return base64.urlsafe_b64encode(hashed[: len(hashed) // 2]).rstrip(b"=").decode()


_ABOUT_LOGIN = ("at_hash", "c_hash", "s_hash", "auth_time", "acr", "amr", "nonce", "sid")
_OF_THE_TOKEN = frozenset(("iss", "sub", "aud", "exp", "iat", "nbf", "jti", "azp", "client_id", "cnf", *_ABOUT_LOGIN))
"""Claims about the token, and not about the person."""


def permissions_of(claims: Mapping[str, Any]) -> dict[str, Any]:
    """Return roles and groups of a token's claims, in the shape that a session keeps.

    Whatever else is said of the person stays too: a capability filter may decide by any claim (`roleClaim`).
    """
    roles = _strings(claims.get("roles") or claims.get("role"))
    groups = _strings(claims.get("groups"))
    others = {_readable(name): value for name, value in claims.items() if name not in _OF_THE_TOKEN}
    kept = others | {"roles": list(roles), "groups": list(groups), "org_id": claims.get("org_id")}
    return {name: _readable(value) for name, value in kept.items() if value}


def _readable(value: Any) -> Any:
    """Return a claim without half characters, which nothing can store or show."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_readable(name): _readable(each) for name, each in value.items()}
    return [_readable(each) for each in value] if isinstance(value, list) else value
