"""P1 to P5 of the identity provider, and the clock."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from devgw.config.project import OAuthPolicy
from devgw.diagnosis.verdicts import Answer, Check, provider
from devgw.diagnosis.verdicts.check import skipped
from devgw.entropy import token
from devgw.gateway.login import LoginRequest
from devgw.oauth.pkce import challenge_of
from devgw.outbound import login_requests
from devgw.outbound.probes.asking import Asker, skew
from devgw.outbound.provider_answer import TokenAnswer
from devgw.problems import Problem

NO_CODE = "01AAAAAAAAAAAAAAAAAAAAAAAA"
"""A code that nobody ever issued, in the form that WorkOS's have."""


@dataclass(frozen=True, slots=True)
class Pair:
    """The policy and the callback that are put to the test."""

    policy: OAuthPolicy
    callback: str

    @property
    def is_workos(self) -> bool:
        """Tell whether the provider is WorkOS, or its emulator."""
        return self.policy.provider == "workos"


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
        asker.ask("POST", policy.login.token_url, {"accept": "application/json"}, data=_invalid_grant(pair)),
        asker.ask("GET", policy.oidc.jwks_url, {"accept": "application/json"}),
        asker.ask("GET", discovery_url(policy.oidc.issuer), {"accept": "application/json"}),
    )
    yield provider.authorize(page, pair.callback)
    yield provider.id_and_key(grant, _made_of(grant, pair), policy.login.remote_timeout.total_seconds())
    yield provider.keys(keys)
    oidc, login = policy.oidc, policy.login
    ours = provider.Configured(oidc.issuer, oidc.other_issuers, oidc.jwks_url, login.url, login.token_url)
    for check in provider.discovery(document, ours):
        yield check
    if pair.is_workos:
        yield provider.registered_uris(await _list_uris(asker, pair), pair.callback)
    skews = [found for answer in (page, grant, keys, document) if (found := skew(answer)) is not None]
    if skews:
        measured(policy.login.token_url, min(skews, key=abs))
    yield provider.clock(skews)


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


def _made_of(answer: Answer, pair: Pair) -> Problem | None:
    """Return what a login would make of the token endpoint's answer."""
    login = pair.policy.login
    sent = (NO_CODE, login.client_secret.value)
    return TokenAnswer(login, answer.status, answer.media_type, answer.body, sent).problem()


async def _list_uris(asker: Asker, pair: Pair) -> Answer:
    """Ask WorkOS for its list; the key goes to the origin of its own token endpoint."""
    parts = urlsplit(pair.policy.login.token_url)
    url = f"{parts.scheme}://{parts.netloc}/user_management/redirect_uris?limit=100"
    key = pair.policy.login.client_secret.value.strip()
    if not key.isascii() or not key.isprintable():
        return Answer(url, 401)
    return await asker.ask("GET", url, {"authorization": f"Bearer {key}"})
