"""Cross-app access: the person's identity token becomes an ID-JAG at the identity provider, and that an access token.

Source: draft-ietf-oauth-identity-assertion-authz-grant; RFC 8693 §2; RFC 7523 §2.1; `gateway.md` §6.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from devgw.clock import Clock
from devgw.config.project import Route, Secret, TokenExchange
from devgw.foreign.text import clean
from devgw.gateway.upstream import Admitted
from devgw.ids import SubjectId, UpstreamServerId
from devgw.oauth.discovery import without_query
from devgw.oauth.token_answer import TokenAnswer
from devgw.outbound.reach import why_unreached
from devgw.outbound.upstream_oauth.fetching import WRITTEN_IN, Errand
from devgw.outbound.upstream_oauth.token_requests import ClientKey, Credentials, TokenRequests
from devgw.problems import Problem, Refused
from devgw.problems.base import Fault
from devgw.problems.cross_app import CrossAppAnswerUnreadable, CrossAppLeg, CrossAppRefused
from devgw.problems.limit import AnswerProblem
from devgw.problems.provider_reach import ProviderTimedOut, ProviderUnreachable
from devgw.problems.proxy import UpstreamAnswerTimedOut, UpstreamConnectTimedOut, UpstreamProblem, UpstreamSpeaksTls
from devgw.problems.upstream_connection import IdentityAssertionMissing
from devgw.problems.upstream_token import TokenAnswerShape, TokenAnswerUnreadable, TokenRequestRefused

TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
ID_JAG = "urn:ietf:params:oauth:token-type:id-jag"
ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token"
_CALL_AGAIN = "call again"
PURPOSES = {CrossAppLeg.PROVIDER: "id-jag", CrossAppLeg.UPSTREAM: "id-jag token"}
"""What each step's request is called in the events."""
EARLY = timedelta(seconds=30)
UNKNOWN_LIFETIME = timedelta(minutes=5)
"""How long an access token is used whose end the server does not say."""


@dataclass(frozen=True, slots=True, repr=False)
class IdentityAssertion:
    """What the identity provider said of a person when they signed in."""

    token: str
    token_type: str = ID_TOKEN


class IdentityAssertions(Protocol):
    """Remembers identity tokens of those who signed in, for as long as they are good."""

    def find(self, subject_id: SubjectId) -> IdentityAssertion | None:
        """Return the newest identity token of a subject that has not expired."""


class RememberedAssertions:
    """Identity tokens in memory only: whoever signs in again after a restart has one again."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._tokens: dict[SubjectId, tuple[IdentityAssertion, datetime]] = {}

    def remember(self, subject_id: SubjectId, assertion: IdentityAssertion, expires_at: datetime) -> None:
        """Keep a subject's identity token until it expires."""
        self._tokens[subject_id] = (assertion, expires_at)

    def find(self, subject_id: SubjectId) -> IdentityAssertion | None:
        """Return a subject's identity token, or None where there is none or it expired."""
        kept = self._tokens.get(subject_id)
        return kept[0] if kept and kept[1] > self._clock.now() else None


class CrossAppAccess:
    """Gets access tokens by identity assertion, and keeps them in memory until they end."""

    def __init__(self, requests: TokenRequests, assertions: IdentityAssertions, clock: Clock) -> None:
        self._requests = requests
        self._assertions = assertions
        self._clock = clock
        self._tokens: dict[tuple[SubjectId, UpstreamServerId], tuple[str, datetime]] = {}
        self._locks: dict[tuple[SubjectId, UpstreamServerId], asyncio.Lock] = {}

    def forget(self, exchange: TokenExchange, admitted: Admitted) -> None:
        """Drop the access token of a subject, after the upstream refused it."""
        self._tokens.pop((admitted.subject_id, exchange.id), None)

    async def obtain(self, route: Route, exchange: TokenExchange, admitted: Admitted) -> str:
        """Return an access token of the upstream for this subject.

        Raises:
            Refused: with `IdentityAssertionMissing`, or with what one of the two token endpoints answered.
        """
        key = (admitted.subject_id, exchange.id)
        async with self._locks.setdefault(key, asyncio.Lock()):
            kept = self._tokens.get(key)
            if kept is None or kept[1] <= self._clock.now():
                # Both endpoints were written by the user, so that no address is out of bounds.
                errand = Errand(exchange.id, route.operation_id, admitted.subject_id, local_allowed=True)
                kept = self._tokens[key] = await self._exchanged(route, exchange.id_jag or {}, errand, admitted)
        return kept[0]

    async def _exchanged(
        self, route: Route, settings: Mapping[str, Any], errand: Errand, admitted: Admitted
    ) -> tuple[str, datetime]:
        """Go both steps; return the access token and until when to use it."""
        provider, resource_server = settings["idp"], settings["resourceAs"]
        assertion = self._assertions.find(admitted.subject_id)
        if assertion is None:
            raise Refused(IdentityAssertionMissing(subject_id=admitted.subject_id, provider=str(provider["tokenUrl"])))
        scope = str(settings.get("scopeDelimiter", " ")).join(settings.get("scopes", ()))
        asked = {"scope": scope} if scope else {}
        granted = await self._step(
            CrossAppLeg.PROVIDER,
            errand,
            provider,
            {
                "grant_type": TOKEN_EXCHANGE,
                "requested_token_type": ID_JAG,
                "subject_token": assertion.token,
                "subject_token_type": assertion.token_type,
                "audience": str(resource_server["audience"]),
                "resource": str(resource_server.get("resource") or route.upstream_url),
                **asked,
            },
        )
        if granted.issued_token_type not in (None, ID_JAG):
            raise _of_another_kind(provider, granted.issued_token_type or "")
        grant = {"grant_type": JWT_BEARER, "assertion": granted.access_token, **asked}
        answer = await self._step(CrossAppLeg.UPSTREAM, errand, resource_server, grant)
        lifetime = UNKNOWN_LIFETIME if answer.expires_in is None else timedelta(seconds=answer.expires_in)
        return answer.access_token, self._clock.now() + max(lifetime - EARLY, lifetime / 2)

    async def _step(
        self, leg: CrossAppLeg, errand: Errand, server: Mapping[str, Any], parameters: dict[str, str]
    ) -> TokenAnswer:
        """Ask the token endpoint of one step, which the user wrote.

        Raises:
            Refused: with why it gave no token, in the words of that step's options.
        """
        endpoint, credentials = str(server["tokenUrl"]), read_credentials(server["clientAuth"])
        try:
            return await self._requests.ask(errand, PURPOSES[leg], endpoint, credentials, parameters, configured=True)
        except Refused as refused:
            raise Refused(_of_leg(refused, leg)) from refused


def _of_another_kind(server: Mapping[str, Any], issued: str) -> Refused:
    """Return the refusal of a token that is no assertion (RFC 8693 §2.2.1)."""
    url, got = without_query(str(server["tokenUrl"])), clean(f"issued_token_type {issued}", 200)
    problem = TokenAnswerUnreadable(url, 200, TokenAnswerShape.OTHER_KIND, got, "the token itself is not shown")
    return Refused(_of_leg(Refused(problem), CrossAppLeg.PROVIDER))


def _of_leg(refused: Refused, leg: CrossAppLeg) -> Problem:
    """Return a refusal with the options of its step, and with whose answer it is."""
    problem = refused.problem
    if isinstance(problem, TokenRequestRefused):
        return CrossAppRefused(**problem.facts(), leg=leg)
    if isinstance(problem, TokenAnswerUnreadable):
        places = {"written_in": f"{leg}.tokenUrl in config/policies.json", "client_in": f"{leg}.clientAuth"}
        return CrossAppAnswerUnreadable(**problem.facts() | places, leg=leg)
    if leg is CrossAppLeg.UPSTREAM:
        return problem
    if isinstance(problem, AnswerProblem):
        return replace(problem, blamed=Fault.PROVIDER)
    return _provider_not_reached(problem, refused.__cause__)


def _provider_not_reached(problem: Problem, error: BaseException | None) -> Problem:
    """Return why the provider gave no answer, which is told of an upstream where one is asked."""
    if isinstance(problem, UpstreamAnswerTimedOut | UpstreamConnectTimedOut):
        return ProviderTimedOut(problem.url, round(problem.seconds * 1000), is_setting=False)
    if isinstance(problem, UpstreamSpeaksTls) or not isinstance(problem, UpstreamProblem) or error is None:
        return problem  # a wrong scheme in the policy is told alike of both
    why = why_unreached(error, problem.url, WRITTEN_IN[PURPOSES[CrossAppLeg.PROVIDER]])
    return ProviderUnreachable(problem.url, why.failure, why.change, then=_CALL_AGAIN)


def _plain(value: Any) -> str | None:
    """Return a string of the configuration, opened where it is a secret."""
    text = value.value if isinstance(value, Secret) else value
    return text if isinstance(text, str) and text else None


def read_credentials(settings: Mapping[str, Any]) -> Credentials:
    """Return the client authentication that a policy's `clientAuth` describes, in its three forms."""
    method = str(settings["method"])
    key = None
    if method == "private_key_jwt":
        key = ClientKey(
            private_key_pem=_plain(settings["privateKeyPem"]) or "",
            algorithm=str(settings.get("algorithm", "RS256")),
            key_id=_plain(settings.get("keyId")),
            audience=_plain(settings.get("audience")),
            lifetime=timedelta(seconds=settings.get("expiresInSeconds", 300)),
        )
    return Credentials(_plain(settings["clientId"]) or "", method, _plain(settings.get("clientSecret")), key)
