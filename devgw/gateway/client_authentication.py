"""How a client proves who it is at the token and revocation endpoints.

Authlib tries the methods; what is ours is the reading of Basic (real clients do not always encode the colon in our
ids), `private_key_jwt` by PyJWT against the injected clock, and the reason when none fits.
Source: RFC 6749 §2.3, RFC 7523 §2.2 and §3, OpenID Connect Core §9.
"""

import base64
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote

from authlib.oauth2.rfc6749.authenticate_client import authenticate_none

from devgw.clock import Clock
from devgw.foreign.json import kind_of
from devgw.foreign.scheme import is_known, scheme_in
from devgw.foreign.text import clean, shown_json
from devgw.gateway.identity import moment_of, text_or_none
from devgw.gateway.jose import JwtUnreadable, read_jwt, usable_keys
from devgw.gateway.oauth_request import RegisteredClient, ServerRequest
from devgw.gateway.store import SpentAssertions
from devgw.limits import Limits
from devgw.oauth.jwk import why_not_verifying
from devgw.oauth.metadata import SIGNING_ALGORITHMS
from devgw.problems import Problem, Refused
from devgw.problems.clients import (
    ClientAssertionInvalid,
    ClientAuthenticationMissing,
    ClientAuthenticationTwice,
    ClientNamedTwice,
    ClientSecretWrong,
)

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LEEWAY = timedelta(seconds=60)
LONGEST_LIFE = timedelta(seconds=Limits.ASSERTION_SECONDS)

FindClient = Callable[[str], RegisteredClient]


def basic_credentials(header: str) -> tuple[str, str] | None:
    """Return client id and secret of a Basic header, form-decoded; None where it is none.

    Our ids contain a colon: a client that does not encode it sends `dcr:…:secret`, so the last colon divides.
    """
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        decoded = base64.b64decode(encoded.strip(), validate=True).decode()
    except ValueError:  # no base64, or no UTF-8
        return None
    client_id, colon, secret = decoded.rpartition(":")
    return (unquote(client_id), unquote(secret)) if colon else None


def presented_client_id(request: ServerRequest) -> str | None:
    """Return the client id that the request names, wherever it does so."""
    basic = basic_credentials(request.headers.get("authorization", ""))
    if basic:
        return basic[0]
    return request.form.get("client_id") or _subject_of(request.form.get("client_assertion", ""))


def _subject_of(assertion: str) -> str | None:
    """Return the `sub` of an assertion before anything of it is believed."""
    try:
        return text_or_none(read_jwt(assertion).claims.get("sub"))
    except JwtUnreadable:
        return None


def authenticate_basic(find: FindClient, request: ServerRequest) -> RegisteredClient | None:
    """Return the client whose Basic credentials are right."""
    basic = basic_credentials(request.headers.get("authorization", ""))
    if basic is None:
        return None
    client = find(basic[0])
    return client if client.check_client_secret(basic[1]) else None


def authenticate_public(find: FindClient, request: ServerRequest) -> RegisteredClient | None:
    """Return the public client that names itself; an Authorization header or assertion rules this method out."""
    if request.headers.get("authorization", "").lower().startswith("basic ") or "client_assertion" in request.form:
        return None
    found: RegisteredClient | None = authenticate_none(find, request)
    return found


def check_presented(request: ServerRequest) -> None:
    """Refuse a request that authenticates in two ways or names two clients, before anything of it is believed.

    Raises:
        Refused: with `ClientAuthenticationTwice` or `ClientNamedTwice`.
    """
    methods = _presented_methods(request)
    if len(methods) > 1:
        raise Refused(ClientAuthenticationTwice(methods))
    basic = basic_credentials(request.headers.get("authorization", ""))
    named = request.form.get("client_id")
    other = basic[0] if basic else _subject_of(request.form.get("client_assertion", ""))
    if named is not None and other is not None and named != other:
        raise Refused(ClientNamedTwice(named, other, methods[0]))


class AssertionAuthentication:
    """`private_key_jwt`: a JWT signed by the client, for us alone, once: over a save and a restart too."""

    def __init__(self, spent: SpentAssertions, clock: Clock) -> None:
        self._spent = spent
        self._clock = clock
        self.audiences: frozenset[str] = frozenset()
        """Our issuers and token endpoints under every name we are asked by; set before each request."""

    def __call__(self, find: FindClient, request: ServerRequest) -> RegisteredClient | None:
        """Return the client whose assertion is good.

        Raises:
            Refused: with `ClientAssertionInvalid`.
        """
        if request.form.get("client_assertion_type") != ASSERTION_TYPE:
            return None
        assertion = request.form.get("client_assertion", "")
        try:
            client_id = text_or_none(read_jwt(assertion).claims.get("sub"))
        except JwtUnreadable as error:
            raise _invalid(request.form.get("client_id", "the client"), "form", str(error), error.wanted) from error
        if client_id is None:
            raise _invalid(request.form.get("client_id", "the client"), "sub", "absent, or no text", "the client_id")
        client = find(client_id)
        keys = client.record.metadata.get("jwks") or request.client_keys or {}
        if not keys and client.record.token_endpoint_auth_method != "private_key_jwt":
            return None  # it registered another way, which is what is said
        claims = _verified(assertion, keys, client_id)
        self._check(claims, client_id)
        return client

    def _check(self, claims: dict[str, Any], client_id: str) -> None:
        if claims.get("iss") != client_id:
            raise _invalid(client_id, "iss", _written(claims.get("iss")), client_id)
        _check_audience(claims.get("aud"), self.audiences, client_id)
        now = self._clock.now()
        expires = moment_of(claims.get("exp"))
        if expires is None or expires <= now - LEEWAY:
            raise _invalid(client_id, "exp", _moment(claims.get("exp")), f"a number, {_SECONDS}, in the future")
        if expires - now > LONGEST_LIFE:
            most = f"at most {LONGEST_LIFE.total_seconds():.0f} s from now"
            raise _invalid(client_id, "exp", _moment(claims["exp"]), most)
        for name in ("nbf", "iat"):
            moment = moment_of(claims.get(name))
            if name in claims and (moment is None or moment > now + LEEWAY):
                raise _invalid(client_id, name, _moment(claims[name]), f"a number, {_SECONDS}, not in the future")
        self._spend(client_id, claims.get("jti"), expires, now)

    def _spend(self, client_id: str, jti: Any, expires: datetime, now: datetime) -> None:
        expected = f"a value of at most {Limits.ASSERTION_ID_LENGTH} characters that was never sent before"
        if text_or_none(jti) is None or len(jti) > Limits.ASSERTION_ID_LENGTH:
            raise _invalid(client_id, "jti", "absent" if jti is None else _written(jti), expected)
        issuer = f"client {client_id}"  # no identity provider's issuer, which is a URL, is called so
        if self._spent.spent_at(issuer, jti):
            raise _invalid(client_id, "jti", "one that was sent before", expected)
        self._spent.spend(issuer, jti, now, expires + LEEWAY)


def _check_audience(named: Any, ours: frozenset[str], client_id: str) -> None:
    """Refuse an assertion for somebody else, or for somebody else too: they could show it here (RFC 7523 §3)."""
    audiences = named if isinstance(named, list) else [named]
    if not audiences or not all(isinstance(each, str) and each in ours for each in audiences):
        raise _invalid(client_id, "aud", _written(named), min(ours, key=len, default=""))


_SECONDS = "the seconds since 1970"


def _moment(value: Any) -> str:
    """Return what came where a moment belongs, and which one it is (RFC 7519 §2, NumericDate)."""
    if value is None or isinstance(value, bool | str | list | dict):
        return "absent" if value is None else f"{_written(value)}, which is {kind_of(value)}"
    moment, in_thousands = moment_of(value), moment_of(value // 1000)
    if moment is None:
        return f"{value}, which are milliseconds" if in_thousands else f"{value}"[:40]
    return f"{value} ({moment:%Y-%m-%d %H:%M:%S} UTC)"


def _written(value: Any) -> str:
    """Return a claim as it may be quoted."""
    return "absent" if value is None else clean(shown_json(value), 60).replace('"', "'")


def _invalid(client_id: str, claim: str, got: str, expected: str) -> Refused:
    return Refused(ClientAssertionInvalid(client_id, claim, got, expected))


def _verified(assertion: str, keys: dict[str, Any], client_id: str) -> dict[str, Any]:
    """Return the claims of an assertion signed by one of the client's keys; times are checked elsewhere."""
    import jwt  # noqa: PLC0415  9 MB and 0.05 s that a start need not pay

    try:
        read_jwt(assertion)
        header = jwt.get_unverified_header(assertion)
    except JwtUnreadable as error:
        raise _invalid(client_id, "form", f"unreadable ({error})", error.wanted) from error
    except jwt.PyJWTError as error:
        raise _invalid(client_id, "form", f"unreadable ({error})", "a JWT whose header is understood") from error
    if header.get("alg") not in SIGNING_ALGORITHMS:
        raise _invalid(client_id, "alg", _written(header.get("alg")), " or ".join(SIGNING_ALGORITHMS))
    for key in _fitting(keys, header.get("kid"), client_id):
        try:
            return jwt.decode(
                assertion,
                key,
                algorithms=list(SIGNING_ALGORITHMS),
                options={
                    "verify_aud": False,
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                    "verify_iss": False,
                    "verify_sub": False,
                    "verify_jti": False,
                },
            )
        except jwt.InvalidSignatureError:
            continue
        except (jwt.PyJWTError, ValueError, TypeError) as error:
            raise _invalid(client_id, "form", str(error), "a JWT that its key can verify") from error
    raise _invalid(client_id, "signature", "one that none of its keys made", "a signature of the client's own key")


def _fitting(keys: dict[str, Any], wanted: Any, client_id: str) -> list[Any]:
    """Return the client's keys that may have signed; never none."""
    candidates = usable_keys(keys)
    named = [(members, key) for members, key in candidates if wanted is None or key.key_id == wanted]
    if candidates and not named:
        known = ", ".join(str(key.key_id) for _, key in candidates)
        raise _invalid(client_id, "kid", str(wanted), f"one of the client's keys ({known})")
    fitting = [key for members, key in named if not why_not_verifying(members)]
    if not fitting:
        why = f"none for signatures ({why_not_verifying(named[0][0])})" if named else "none that can be used"
        raise _invalid(client_id, "keys", why, "a key for signatures (its use is sig, its key_ops verify, or neither)")
    return fitting


def why_not_authenticated(find: FindClient, request: ServerRequest) -> Problem:
    """Return why no method fitted."""
    client_id = presented_client_id(request)
    if client_id is None:
        return ClientAuthenticationMissing(None, "nothing", _why_not_basic(request))
    registered = find(client_id).record.token_endpoint_auth_method
    (presented,) = _presented_methods(request)
    unread = _why_not_basic(request) if presented == "client_secret_basic" else ""
    if presented.startswith("client_secret") and registered.startswith("client_secret") and not unread:
        return ClientSecretWrong(client_id)
    if presented == registered == "private_key_jwt":
        got = request.form.get("client_assertion_type", "absent")
        return ClientAssertionInvalid(client_id, "client_assertion_type", got, ASSERTION_TYPE)
    return ClientAuthenticationMissing(
        registered, "nothing that is read" if unread else presented, _why_not_basic(request)
    )


def _why_not_basic(request: ServerRequest) -> str:
    """Return what is wrong with an Authorization header that authenticates nobody; empty where there is none."""
    header = request.headers.get("authorization", "").strip()
    if not header or basic_credentials(header) is not None:
        return ""
    scheme = scheme_in(header)
    if scheme.lower() != "basic":
        if scheme and not is_known(scheme):
            return "begins with another word than Basic"
        return f"has the scheme {scheme}, not Basic" if scheme else "has no scheme"
    if header.lower().startswith("basic\t"):
        return "has a tab and no space after Basic"
    return "is Basic without the base64 form of an id, a colon and a secret"


def _presented_methods(request: ServerRequest) -> tuple[str, ...]:
    """Return the methods by which a request authenticates, as they are registered."""
    found = []
    if request.headers.get("authorization", "").lower().startswith("basic "):
        found.append("client_secret_basic")
    if "client_secret" in request.form:
        found.append("client_secret_post")
    if "client_assertion" in request.form or "client_assertion_type" in request.form:
        found.append("private_key_jwt")
    return tuple(found) or ("none",)
