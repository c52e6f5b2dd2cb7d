"""Why the identity provider gave no answer, as the same problem whoever asked: a login, or the doctor."""

from datetime import timedelta

from devgw.outbound.reach import is_closed_for_tls, why_unreached
from devgw.problems import Problem
from devgw.problems.provider_keys import KeysUnavailable
from devgw.problems.provider_reach import ProviderTimedOut, ProviderUnreachable
from devgw.problems.proxy import UpstreamSpeaksTls

TOKEN_URL, KEYS_URL = "browserLogin.tokenUrl in config/policies.json", "oidc.jwksUrl in config/policies.json"
"""Where the two URLs stand in a policy."""


async def token_not_reached(error: BaseException, url: str, limit: timedelta) -> Problem:
    """Return what it comes to that the token endpoint was asked with this limit, and `error` was raised."""
    why = why_unreached(error, url)
    return await _known(error, url, limit, TOKEN_URL) or ProviderUnreachable(url, why.failure, why.change)


async def keys_not_reached(error: BaseException, url: str, limit: timedelta) -> Problem:
    """Return the same of the key set."""
    why = why_unreached(error, url)
    return await _known(error, url, limit, KEYS_URL) or KeysUnavailable(url, why.failure, change=why.change)


async def _known(error: BaseException, url: str, limit: timedelta, written_in: str) -> Problem | None:
    import httpx2  # noqa: PLC0415  whoever failed has loaded it

    if isinstance(error, httpx2.TimeoutException):
        return ProviderTimedOut(url, round(limit.total_seconds() * 1000))
    return UpstreamSpeaksTls(url, written_in=written_in) if await is_closed_for_tls(url, error) else None
