"""The identity provider over HTTP: WorkOS, or any OIDC provider.

WorkOS's user management is no OIDC provider: it needs `provider=authkit`, takes credentials in the body alone, and
answers without token_type, expires_in or id_token (`workos.md` §0-§3). Where an ID token comes it is fully verified.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from devgw.clock import Clock, beside, from_epoch, travelled
from devgw.config.project import BrowserLogin, OAuthPolicy, Oidc
from devgw.events import Bus
from devgw.events.taxonomy import ClockSkewMeasured, McpAuthProviderAnswered
from devgw.foreign.dates import read_date
from devgw.gateway.identity import (
    Expected,
    Identity,
    agreed_skew,
    check_access_token,
    check_id_token,
    moment_of,
    permissions_of,
    text_or_none,
)
from devgw.gateway.identity_provider import LoginRequest
from devgw.gateway.provider_jwt import header_of, verified_claims
from devgw.gateway.provider_token import checked_event
from devgw.gateway.signing_keys import SigningKeySet
from devgw.ids import SubjectId
from devgw.outbound.client import Bounds, http_client
from devgw.outbound.login_requests import authorize_url, token_form
from devgw.outbound.provider_answer import ProviderTokenAnswer, token_missing
from devgw.outbound.provider_reach import TOKEN_URL, token_not_reached
from devgw.outbound.reach import is_refused_for_tls
from devgw.problems import Refused
from devgw.problems.base import Fault
from devgw.problems.provider_token import Flaw, ProviderTokenInvalid
from devgw.problems.proxy import UpstreamSpeaksTls


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
        self._policy = policy
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
        return authorize_url(self._policy, request)

    async def redeem(self, code: str, callback: str, verifier: str | None, nonce: str) -> Identity:
        """Exchange `code` and return the verified identity; see `gateway.identity_provider.IdentityProvider`."""
        answer, theirs = await self._exchange(code, callback, verifier)
        now = self._clock.now()
        now = beside(theirs, now, travelled(self._clock)) if theirs else now
        expected = Expected(
            issuers=(self._oidc.issuer, *self._oidc.other_issuers),
            client_id=self._login.client_id,
            audience=self._oidc.audience,
            nonce=nonce or None,
            now=now,
            skew_seconds=(theirs - now).total_seconds() if theirs else None,
        )
        claims = await self._claims(answer, expected)
        identity = _identity(claims, answer)
        if self._keep_id_token and isinstance(id_token := answer.get("id_token"), str):
            self._keep_id_token(identity.subject_id, id_token, from_epoch(claims["exp"]))
        return identity

    async def _claims(self, answer: Mapping[str, Any], expected: Expected) -> dict[str, Any]:
        """Return the claims of the token that says who it is: the ID token, or WorkOS's access token."""
        id_token = answer.get("id_token")
        if isinstance(id_token, str):
            return await self._checked(id_token, "id token", answer, expected)
        missing = token_missing(self._login, answer, is_workos=self._is_workos)
        if missing is not None:
            raise Refused(missing)
        return await self._checked(answer["access_token"], "access token", answer, expected)

    async def _checked(self, token: str, what: str, answer: Mapping[str, Any], expected: Expected) -> dict[str, Any]:
        """Return the claims of a token that passes every check, and tell what was found of it either way."""
        claims: dict[str, Any] = {}
        try:
            claims, algorithm = await self._verified(token, what)
            self._tell_skew(claims, expected)
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
        began = self._clock.now()
        key = await self._keys.find(key_id, algorithm)
        try:
            return verified_claims(token, key, what), algorithm
        except Refused as refused:
            for other in self._keys.others(key_id, algorithm):
                with suppress(Refused):
                    return verified_claims(token, other, what), algorithm
            replaced = await self._keys.find_replaced(key_id, algorithm)
            if replaced is None and getattr(refused.problem, "flaw", None) is Flaw.OF_ANOTHER_KEY:
                raise Refused(self._keys.asked_before(began, key_id, algorithm) or refused.problem) from refused
            if replaced is None:
                raise
            return verified_claims(token, replaced, what), algorithm

    async def _exchange(
        self, code: str, callback: str, verifier: str | None
    ) -> tuple[Mapping[str, Any], datetime | None]:
        import httpx2  # noqa: PLC0415  140 ms that only a login needs

        url = self._login.token_url
        form = token_form(self._login, code, callback, verifier)
        began = self._clock.ticks()
        try:
            async with http_client(Bounds(self._login.remote_timeout.total_seconds(), blamed=Fault.PROVIDER)) as client:
                response = await client.post(url, data=form, headers={"accept": "application/json"})
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            problem = await token_not_reached(error, url, self._login.remote_timeout)
            self._publish(url, None, began, getattr(problem, "failure", "") or problem.explain())
            raise Refused(problem) from error
        except Refused as refused:
            self._publish(url, None, began, refused.problem.explain())
            raise
        sent = [form[each] for each in ("code", "client_secret", "code_verifier") if form.get(each)]
        kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        if await is_refused_for_tls(url, response.status_code, kind):
            self._publish(url, response.status_code, began, UpstreamSpeaksTls.__name__)
            raise Refused(UpstreamSpeaksTls(url, written_in=TOKEN_URL))
        answer = ProviderTokenAnswer(
            self._login,
            response.status_code,
            kind,
            response.content,
            sent,
            callback,
            is_workos=self._is_workos,
            headers=response.headers,
        )
        refusal = answer.problem()
        self._publish(url, response.status_code, began, answer.error or (refusal.reason if refusal else None))
        if refusal:
            raise Refused(refusal)
        return answer.members, read_date(response.headers.get("date", ""))

    def _tell_skew(self, claims: Mapping[str, Any], expected: Expected) -> None:
        """Tell how the clocks stand, where `Date` and `iat` agree on it: also that they do again."""
        skew = agreed_skew(expected.skew_seconds, moment_of(claims.get("iat")), expected.now)
        if skew is not None:
            self._bus.publish(ClockSkewMeasured(url=self._login.token_url, skew_seconds=skew))

    def _publish(self, url: str, status: int | None, began: int, error: str | None) -> None:
        took = (self._clock.ticks() - began) / 1e6
        self._bus.publish(McpAuthProviderAnswered(url=url, status=status, duration_ms=took, error=error))


def _check_user(user: Any, claims: Mapping[str, Any]) -> None:
    """Refuse a token of somebody else than the user beside it."""
    if isinstance(user, dict) and user.get("id") not in (None, claims["sub"]):
        raise Refused(
            ProviderTokenInvalid("access token", "sub", str(claims["sub"]), f"that of its user, {user['id']}")
        )


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
