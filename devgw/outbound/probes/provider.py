"""P1 to P5 of the identity provider, and the clock."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from urllib.parse import urlsplit

from devgw.config.project import BrowserLogin, OAuthPolicy
from devgw.config.sample import SEED_FILE
from devgw.diagnosis.difference import explain_difference, explain_nearest
from devgw.diagnosis.urls import split_url
from devgw.diagnosis.verdicts import Answer, Check, Verdict, provider
from devgw.diagnosis.verdicts.check import skipped
from devgw.diagnosis.verdicts.login_page import AT_PROVIDER, AskedLogin, OtherAnswers, login_page
from devgw.entropy import token
from devgw.gateway.identity_provider import LoginRequest
from devgw.oauth.pkce import challenge_of
from devgw.outbound import login_requests
from devgw.outbound.client import Bounds, http_client
from devgw.outbound.keys import read_keys
from devgw.outbound.probes.asking import Asker, skew
from devgw.outbound.provider_answer import ProviderTokenAnswer, token_missing
from devgw.outbound.provider_reach import TOKEN_URL, keys_not_reached, token_not_reached
from devgw.outbound.reach import is_refused_for_tls
from devgw.problems import Problem, Refused
from devgw.problems.base import Fault
from devgw.problems.proxy import UpstreamSpeaksTls

_JSON = {"accept": "application/json"}
NO_CODE = "01AAAAAAAAAAAAAAAAAAAAAAAA"
"""A code that nobody ever issued, in the form that WorkOS's have."""


_FORGOTTEN = (
    "; where it stands there already, it was forgotten for a try: press the button on the emulator's error page"
)


@dataclass(frozen=True, slots=True)
class Pair:
    """The policy and the callback that are put to the test."""

    policy: OAuthPolicy
    callback: str
    is_emulated: bool = False
    """Whether the provider is devgw's own emulator, whose environments stand in the project's file."""

    @property
    def registered_in(self) -> str:
        """Return where the redirect URIs of this client id are written, in words."""
        return f"redirectUris in {SEED_FILE}" if self.is_emulated else AT_PROVIDER

    @property
    def is_workos(self) -> bool:
        """Tell whether the provider is WorkOS, or its emulator."""
        return self.policy.provider == "workos"

    @property
    def is_local(self) -> bool:
        """Tell whether the provider runs on this machine."""
        return split_url(self.policy.login.url).is_loopback

    @property
    def secret(self) -> str:
        """Return the client secret, at WorkOS the API key."""
        return self.policy.login.client_secret.value

    @property
    def is_production(self) -> bool:
        """Tell whether the secret is one of a WorkOS production environment."""
        return self.is_workos and self.secret.startswith("sk_live_")

    @property
    def asked(self) -> AskedLogin:
        """Return what the login page is asked with."""
        login = self.policy.login
        return AskedLogin(
            self.callback,
            login.client_id,
            login.url,
            self.is_workos,
            self.is_production,
            self.registered_in,
            or_else=_FORGOTTEN if self.is_emulated else "",
            is_token_url=login.url.partition("?")[0] == login.token_url.partition("?")[0],
        )


Measured = Callable[[str, float], None]
"""Is told a URL of the provider and by how many seconds the clock there is ahead of ours."""


def ignored(url: str, skew: float) -> None:
    """Do nothing."""


async def examine_provider(asker: Asker, pair: Pair, measured: Measured = ignored) -> AsyncIterator[Check]:
    """Yield every check of the provider; `measured` is told by how many seconds its clock is ahead of ours."""
    policy = pair.policy
    if policy.oidc is None:
        yield skipped("provider", "looked at the policy", "dev-login has no identity provider")
        return
    if pair.is_workos:
        yield provider.client_id_shape(policy.login.client_id)
        yield provider.secret_shape(policy.login.client_secret.value, pair.callback)
    page, grant, keys, document = await asyncio.gather(
        asker.ask("GET", authorize_url(pair), {"accept": "text/html"}),
        _grant(asker, pair),
        _key_set(asker, pair, policy.oidc.jwks_url),
        asker.ask("GET", discovery_url(policy.oidc.issuer), {"accept": "application/json"}),
    )
    credentials, listed = _credentials(grant, pair), await _list_uris(asker, pair)
    yield _with_neighbours(await _judged(asker, page, pair), pair, credentials, listed, document)
    yield credentials
    yield provider.keys(keys, _of_keys(keys))
    oidc, login = policy.oidc, policy.login
    urls = (oidc.issuer, oidc.other_issuers, oidc.jwks_url, login.url, login.token_url)
    ours = provider.Configured(*urls, is_workos=pair.is_workos)
    for check in provider.discovery(document, ours):
        yield check
    if pair.is_workos:
        yield _registered(listed, pair, credentials)
    skews = [found for answer in (page, grant, keys, document) if (found := skew(answer)) is not None]
    if skews:
        measured(policy.login.token_url, min(skews, key=abs))
    yield provider.clock(skews)


async def _grant(asker: Asker, pair: Pair) -> Answer:
    """Ask the token endpoint with a code that nobody issued, for as long as a login would wait."""
    login = pair.policy.login
    blame, body = partial(_blamed, token_not_reached, login.token_url, login), _invalid_grant(pair)
    async with _patient(asker, login) as patient:
        answer = await patient.ask("POST", login.token_url, _JSON, data=body, blame=blame)
    if not answer.failure and await is_refused_for_tls(answer.url, answer.status, answer.media_type):
        problem = UpstreamSpeaksTls(answer.url, written_in=TOKEN_URL)
        return replace(answer, problem=problem, failure=problem.explain().rstrip("."))
    return answer


async def _key_set(asker: Asker, pair: Pair, url: str) -> Answer:
    """Ask for the keys, for as long as a login would wait."""
    login = pair.policy.login
    async with _patient(asker, login) as patient:
        return await patient.ask("GET", url, _JSON, blame=partial(_blamed, keys_not_reached, url, login))


@asynccontextmanager
async def _patient(asker: Asker, login: BrowserLogin) -> AsyncIterator[Asker]:
    """Yield who asks with the policy's own limit of time."""
    seconds = login.remote_timeout.total_seconds()
    async with http_client(Bounds(seconds, blamed=Fault.PROVIDER)) as http:
        yield replace(asker, http=http, seconds=seconds)


async def _blamed(
    of: Callable[[BaseException, str, timedelta], Awaitable[Problem]],
    url: str,
    login: BrowserLogin,
    error: BaseException,
) -> Problem:
    return await of(error, url, login.remote_timeout)


def _credentials(grant: Answer, pair: Pair) -> Check:
    return provider.id_and_key(grant, _made_of(grant, pair))


async def examine_login_page(asker: Asker, pair: Pair) -> Check:
    """Return what the provider makes of a login, with what else is asked only where it refuses one.

    The secret goes nowhere but to the token endpoint's own origin, as in each login.
    """
    check = await _judged(asker, await asker.ask("GET", authorize_url(pair), {"accept": "text/html"}), pair)
    if check.verdict is not Verdict.FAIL or pair.policy.oidc is None:
        return check
    grant, listed, document = await asyncio.gather(
        _grant(asker, pair),
        _list_uris(asker, pair),
        asker.ask("GET", discovery_url(pair.policy.oidc.issuer), {"accept": "application/json"}),
    )
    return _with_neighbours(check, pair, _credentials(grant, pair), listed, document)


async def _judged(asker: Asker, page: Answer, pair: Pair) -> Check:
    """Return what a login page is, compared with the answers to another callback and client where it refuses."""
    check = login_page(page, pair.asked)
    if check.is_certain:
        return check
    other, client_id = f"{split_url(pair.callback).origin}/{token('no-callback-')}", token("no-client-")
    unknown = replace(pair.policy, login=replace(pair.policy.login, client_id=client_id))
    to_callback, to_client = await asyncio.gather(
        asker.ask("GET", authorize_url(replace(pair, callback=other)), {"accept": "text/html"}),
        asker.ask("GET", authorize_url(replace(pair, policy=unknown)), {"accept": "text/html"}),
    )
    return login_page(page, pair.asked, OtherAnswers(to_callback, to_client, (other, client_id)))


def _with_neighbours(check: Check, pair: Pair, credentials: Check, listed: Answer, document: Answer) -> Check:
    """Return the login page's check with what the provider's other answers say about its failure."""
    if check.diagnosis_id == "RURI-04" and pair.is_workos:
        return _of_redirects(check, pair, credentials, listed)
    named, ours = document.said("authorization_endpoint"), pair.policy.login.url.partition("?")[0]
    if check.diagnosis_id == "IDT-29" and named and named != ours:
        difference = explain_difference(ours, named, "url")
        todo = f"Configure browserLogin.url = {named}."
        return replace(check, todo=todo, marks=tuple(difference.lines()), expected=named)
    return check


def _of_redirects(check: Check, pair: Pair, credentials: Check, listed: Answer) -> Check:
    """Return whether the callback is not registered, or the client id is of another environment than the key.

    A key that lists redirect URIs is good, so that one which is no pair with the client id is another environment's.
    """
    uris = provider.listed_uris(listed)
    if provider.is_no_pair(credentials):
        if listed.status != 200:
            return replace(check, saw=f"{check.saw}; and the API key is refused, too")
        has = "has it" if provider.is_listed(pair.callback, uris) else "is another one"
        saw = f"{check.saw}, and the environment of the API key {has}"
        todo = "Take client id and API key from the same WorkOS environment, and register the callback there."
        return replace(check, saw=saw, todo=todo, diagnosis_id="WORK-08")
    nearest = explain_nearest(pair.callback, uris, "callback_uri")
    if nearest is None or not nearest.kinds:
        return check
    saw = f"{check.saw}. Nearest is {nearest.expected}: {nearest.sentence.rstrip('.')}"
    return replace(check, saw=saw, marks=tuple(nearest.lines()), expected=nearest.expected)


def _registered(listed: Answer, pair: Pair, credentials: Check) -> Check:
    if provider.is_no_pair(credentials):
        did = f"asked {listed.url} for the registered redirect URIs"
        return skipped(
            "provider.registered_uris", did, "the API key is not this client id's: its list is another one's"
        )
    return provider.registered_uris(listed, pair.asked)


def authorize_url(pair: Pair) -> str:
    """Return the URL to which a browser would be sent, with a challenge that nobody can redeem."""
    challenge = challenge_of(token("")) if pair.policy.login.pkce == "S256" else None
    return login_requests.authorize_url(pair.policy, LoginRequest(pair.callback, token("st_"), token("no_"), challenge))


def _invalid_grant(pair: Pair) -> dict[str, str]:
    login = pair.policy.login
    return login_requests.token_form(login, NO_CODE, pair.callback, token("cv_") if login.pkce == "S256" else None)


def discovery_url(issuer: str) -> str:
    """Return where OpenID Connect Discovery puts the document of `issuer`."""
    return f"{issuer.rstrip('/')}/.well-known/openid-configuration"


def _of_keys(answer: Answer) -> Problem | None:
    """Return what a login would make of the key set's answer."""
    if answer.failure:
        return answer.problem
    try:
        read_keys(answer.url, answer.status, answer.body, answer.media_type)
    except Refused as refused:
        return refused.problem
    return None


def _made_of(answer: Answer, pair: Pair) -> Problem | None:
    """Return what a login would make of the token endpoint's answer."""
    login = pair.policy.login
    sent = (NO_CODE, login.client_secret.value)
    given = ProviderTokenAnswer(
        login,
        answer.status,
        answer.media_type,
        answer.body,
        sent,
        pair.callback,
        is_workos=pair.is_workos,
        headers=answer.headers,
    )
    return given.problem() or token_missing(login, given.members, is_workos=pair.is_workos)


async def _list_uris(asker: Asker, pair: Pair) -> Answer:
    """Ask WorkOS for its list; the key goes to the origin of its own token endpoint. Others have none."""
    parts = urlsplit(pair.policy.login.token_url)
    url = f"{parts.scheme}://{parts.netloc}/user_management/redirect_uris?limit=100"
    key = pair.policy.login.client_secret.value.strip()
    if not pair.is_workos or not key.isascii() or not key.isprintable():
        return Answer(url, 401)
    return await asker.ask("GET", url, {"authorization": f"Bearer {key}"})
