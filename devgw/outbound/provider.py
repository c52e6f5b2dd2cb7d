"""The identity provider over HTTP: WorkOS, or any OIDC provider.

WorkOS's user management is no OIDC provider: it needs `provider=authkit`, takes credentials in the body alone, and
answers without token_type, expires_in or id_token (`workos.md` §0-§3). Where an ID token comes it is fully verified.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from devgw.clock import Clock, from_epoch
from devgw.config.project import BrowserLogin, OAuthPolicy, Oidc
from devgw.events import Bus
from devgw.events.taxonomy import ClockSkewMeasured, McpAuthProviderAnswered
from devgw.foreign.dates import read_date
from devgw.foreign.json import JsonRefused, read_object
from devgw.gateway.identity import (
    Expected,
    Identity,
    check_access_token,
    check_id_token,
    header_of,
    permissions_of,
    text_or_none,
    verified_claims,
)
from devgw.gateway.login import LoginRequest
from devgw.gateway.provider_token import checked_event
from devgw.gateway.signing_keys import SigningKeySet
from devgw.ids import SubjectId
from devgw.outbound.client import Bounds, http_client
from devgw.outbound.transport import describe_failure
from devgw.problems import Refused
from devgw.problems.base import Fault
from devgw.problems.provider import (
    ProviderAnswerUnreadable,
    ProviderClientRefused,
    ProviderCodeRefused,
    ProviderFailing,
    ProviderTokenInvalid,
    ProviderUnreachable,
)

WORTH_TELLING = 5.0
"""Seconds of skew below which clocks are called equal."""


class HttpIdentityProvider:
    """Builds the login URL, redeems the code, and verifies what comes back."""

    def __init__(
        self,
        policy: OAuthPolicy,
        keys: SigningKeySet,
        bus: Bus,
        clock: Clock,
        *,
        keep_id_token: Callable[[SubjectId, str, datetime], None] | None = None,
    ) -> None:
        if policy.oidc is None:
            raise ValueError("dev-login has no provider")
        self._is_workos = policy.provider == "workos"
        self._oidc: Oidc = policy.oidc
        self._login: BrowserLogin = policy.login
        self._keys = keys
        self._bus = bus
        self._clock = clock
        self._keep_id_token = keep_id_token
        """Is handed each verified ID token with its end, for cross-app access alone."""

    def authorize_url(self, request: LoginRequest) -> str:
        """Return the provider's authorization URL with every parameter that it needs and none that it refuses."""
        parameters = {
            "response_type": "code",
            "client_id": self._login.client_id,
            "redirect_uri": request.callback,
            "scope": self._login.scope,
            "state": request.state,
            "nonce": request.nonce,
        }
        if self._is_workos:
            parameters["provider"] = "authkit"
        if self._login.audience:
            parameters["audience"] = self._login.audience
        if request.challenge:
            parameters |= {"code_challenge": request.challenge, "code_challenge_method": "S256"}
        if request.prompt:
            parameters["prompt"] = request.prompt
            if self._is_workos:
                parameters["max_age"] = "0"
        if request.login_hint:
            parameters["login_hint"] = request.login_hint
        parts = urlsplit(self._login.url)
        query = urlencode(parse_qsl(parts.query) + list(parameters.items()))
        return urlunsplit(parts._replace(query=query))

    async def redeem(self, code: str, callback: str, verifier: str | None, nonce: str) -> Identity:
        """Exchange `code` and return the verified identity; see `gateway.login.IdentityProvider`."""
        answer, skew = await self._exchange(code, callback, verifier)
        expected = Expected(
            issuers=(self._oidc.issuer, *self._oidc.other_issuers),
            client_id=self._login.client_id,
            audience=self._oidc.audience,
            nonce=nonce or None,
            now=self._clock.now(),
            skew_seconds=skew,
        )
        claims = await self._claims(answer, expected)
        identity = _identity(claims, answer)
        if self._keep_id_token and isinstance(id_token := answer.get("id_token"), str):
            self._keep_id_token(identity.subject_id, id_token, from_epoch(claims["exp"]))
        return identity

    async def _claims(self, answer: Mapping[str, Any], expected: Expected) -> dict[str, Any]:
        """Return the claims of the token that says who it is: the ID token, or WorkOS's access token."""
        access_token, id_token = answer.get("access_token"), answer.get("id_token")
        if isinstance(id_token, str):
            return await self._checked(id_token, "id token", answer, expected)
        wanted = "access_token" if self._is_workos or "openid" not in self._login.scope.split() else "id_token"
        if not isinstance(access_token, str) or wanted == "id_token":
            got = f"members {', '.join(sorted(answer))[:200] or 'none'}"
            raise Refused(ProviderAnswerUnreadable(self._login.token_url, 200, got, wanted))
        return await self._checked(access_token, "access token", answer, expected)

    async def _checked(self, token: str, what: str, answer: Mapping[str, Any], expected: Expected) -> dict[str, Any]:
        """Return the claims of a token that passes every check, and tell what was found of it either way."""
        claims: dict[str, Any] = {}
        try:
            claims, algorithm = await self._verified(token, what)
            if what == "id token":
                check_id_token(claims, expected, text_or_none(answer.get("access_token")), algorithm)
            else:
                check_access_token(claims, expected)
                _check_user(answer.get("user"), claims)
        except Refused as refused:
            self._bus.publish(checked_event(token, claims, expected, refused.problem))
            raise
        self._bus.publish(checked_event(token, claims, expected, None))
        return claims

    async def _verified(self, token: str, what: str) -> tuple[dict[str, Any], str]:
        """Return the claims of a token whose signature is good, and its algorithm."""
        header = header_of(token, what)
        key_id, algorithm = header.get("kid"), str(header["alg"])
        key = await self._keys.find(key_id, algorithm)
        try:
            return verified_claims(token, key, what), algorithm
        except Refused:
            replaced = await self._keys.find_replaced(key_id, algorithm)
            if replaced is None:
                raise
            return verified_claims(token, replaced, what), algorithm

    async def _exchange(self, code: str, callback: str, verifier: str | None) -> tuple[Mapping[str, Any], float | None]:
        import httpx2  # noqa: PLC0415  140 ms that only a login needs

        url = self._login.token_url
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": callback,
            "client_id": self._login.client_id,
            "client_secret": self._login.client_secret.value,
        }
        if verifier:
            form["code_verifier"] = verifier
        began = self._clock.ticks()
        try:
            async with http_client(Bounds(self._login.remote_timeout.total_seconds(), blamed=Fault.PROVIDER)) as client:
                response = await client.post(url, data=form, headers={"accept": "application/json"})
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            failure = describe_failure(error)
            self._publish(url, None, began, failure)
            raise Refused(ProviderUnreachable(url, failure)) from error
        except Refused as refused:
            self._publish(url, None, began, refused.problem.explain())
            raise
        sent = [form[each] for each in ("code", "client_secret", "code_verifier") if form.get(each)]
        return self._read(response.status_code, response.headers, response.content, began, sent)

    def _read(
        self, status: int, headers: Mapping[str, str], content: bytes, began: int, sent: Iterable[str]
    ) -> tuple[Mapping[str, Any], float | None]:
        """Return the answer's members and the measured skew, or refuse with what the provider said."""
        url = self._login.token_url
        skew = self._measure_skew(url, headers.get("date"))
        answer, why_not = _json_object(content)
        members = answer or {}
        error = _quotable(members.get("error") or members.get("code"), sent)
        self._publish(url, status, began, error or None)
        if status == 200 and answer is not None and not error:
            return answer, skew
        description = _quotable(members.get("error_description") or members.get("message"), sent)
        if status == 429 or status >= 500:
            raise Refused(ProviderFailing(url, status, description))
        if error in {"invalid_client", "unauthorized_client"} or status == 401:
            raise Refused(
                ProviderClientRefused(
                    url, error or str(status), description, self._login.client_id, secret_shape(self._login)
                )
            )
        if answer is None:
            kind = headers.get("content-type", "no content type")
            raise Refused(ProviderAnswerUnreadable(url, status, f"{kind} ({why_not})", "a JSON object"))
        raise Refused(ProviderCodeRefused(url, error or f"status {status}", description))

    def _measure_skew(self, url: str, date: str | None) -> float | None:
        theirs = read_date(date or "")
        if theirs is None:
            return None
        skew = (theirs - self._clock.now()).total_seconds()
        if abs(skew) >= WORTH_TELLING:
            self._bus.publish(ClockSkewMeasured(url=url, skew_seconds=skew))
        return skew

    def _publish(self, url: str, status: int | None, began: int, error: str | None) -> None:
        took = (self._clock.ticks() - began) / 1e6
        self._bus.publish(McpAuthProviderAnswered(url=url, status=status, duration_ms=took, error=error))


def _check_user(user: Any, claims: Mapping[str, Any]) -> None:
    """Refuse a token of somebody else than the user beside it."""
    if isinstance(user, dict) and user.get("id") not in (None, claims["sub"]):
        raise Refused(ProviderTokenInvalid("access token", "sub", claims["sub"], str(user["id"])))


def secret_shape(login: BrowserLogin) -> str:
    """Say what the gateway's secret looks like, without saying it."""
    secret = login.client_secret.value
    if secret != secret.strip() or secret[:1] in "\"'":
        return "is wrapped in quotes or white space"
    kinds = {
        "sk_test_": "is a staging key (sk_test_)",
        "sk_live_": "is a production key (sk_live_)",
        "pk_": "is a publishable key (pk_), not an API key",
    }
    return next((says for prefix, says in kinds.items() if secret.startswith(prefix)), f"has {len(secret)} characters")


def _quotable(said: Any, sent: Iterable[str]) -> str:
    """Return what the provider said, short, and without the secrets that it repeats."""
    text = str(said or "")[:500].encode("utf-8", "replace").decode()
    for secret in sent:
        text = text.replace(secret, "***")
    return text


def _json_object(content: bytes) -> tuple[dict[str, Any] | None, str]:
    """Return the answer's members, or None and why there are none."""
    try:
        return read_object(content), ""
    except JsonRefused as refused:
        return None, str(refused)


def _identity(claims: Mapping[str, Any], answer: Mapping[str, Any]) -> Identity:
    user = answer.get("user")
    user = user if isinstance(user, dict) else {}
    names = (text_or_none(user.get(each)) for each in ("first_name", "last_name"))
    full_name = " ".join(each for each in names if each)
    return Identity(
        subject_id=SubjectId(claims["sub"]),
        issuer=str(claims["iss"]),
        email=_first_text(user.get("email"), claims.get("email"), claims.get("preferred_username")),
        display_name=_first_text(user.get("name"), full_name, claims.get("name")),
        provider_session_id=text_or_none(claims.get("sid")),
        claims=permissions_of(claims),
    )


def _first_text(*values: Any) -> str | None:
    """Return the first of `values` that is text."""
    return next((each for each in map(text_or_none, values) if each), None)
