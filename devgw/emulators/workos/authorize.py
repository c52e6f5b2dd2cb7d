"""`GET /user_management/authorize`: what is checked, in WorkOS's order, and where the browser goes.

A wrong client id, redirect URI or selector ends on an error page of WorkOS's own: the application never hears of it.
Only then are there errors that travel to the redirect URI.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from devgw.emulators.workos.emulator import Emulator
from devgw.emulators.workos.environment import WorkosEnvironment

PROVIDERS = frozenset(
    {
        *("authkit", "AppleOAuth", "BitbucketOAuth", "GitHubOAuth", "GitLabOAuth", "GoogleOAuth", "IntuitOAuth"),
        *("LinkedInOAuth", "MicrosoftOAuth", "SalesforceOAuth", "SlackOAuth", "VercelMarketplaceOAuth"),
        *("VercelOAuth", "XeroOAuth"),
    }
)
SELECTORS = ("provider", "connection_id", "organization_id", "domain_hint")
ERROR_CODES_PAGE = "https://workos.com/docs/reference/sso/get-authorization-url/error-codes"

_S256_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class ErrorPage:
    """The browser ends on WorkOS's own page; the application hears nothing."""

    slug: str
    """`/__error/sso/<slug>`; at WorkOS `https://error.workos.com/sso/<slug>`."""
    facts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ErrorRedirect:
    """The browser goes back to the application with an error."""

    redirect_uri: str
    state: str | None
    error: str
    description: str


@dataclass(frozen=True, slots=True)
class Accepted:
    """The request is good: somebody may sign in."""

    environment: WorkosEnvironment
    redirect_uri: str
    state: str | None
    code_challenge: str | None
    authentication_method: str
    organization_id: str | None
    login_hint: str
    is_sign_up: bool


def read_query(raw: str) -> dict[str, str]:
    """Return the parameters of a query string; a repeated one becomes `one,other`, which then matches nothing."""
    found: dict[str, list[str]] = {}
    for name, value in parse_qsl(raw, keep_blank_values=True):
        found.setdefault(name, []).append(value)
    return {name: ",".join(values) for name, values in found.items()}


def check(emulator: Emulator, query: Mapping[str, str]) -> Accepted | ErrorPage | ErrorRedirect:
    """Return what becomes of an authorization request."""
    client_id = query.get("client_id", "")
    environment = emulator.environments.get(client_id)
    if environment is None:
        return ErrorPage("client-id-invalid", {"client_id": client_id})
    redirect_uri = query.get("redirect_uri", "")
    if not environment.takes(redirect_uri):
        return ErrorPage("redirect-uri-invalid", {"client_id": client_id, "redirect_uri": redirect_uri})
    refusal = _check_selector(environment, query) or _check_response_type(query) or _check_rest(query)
    return refusal or Accepted(
        environment=environment,
        redirect_uri=redirect_uri,
        state=query.get("state"),
        code_challenge=query.get("code_challenge"),
        authentication_method=_method(query.get("provider")),
        organization_id=_organization(environment, query),
        login_hint=query.get("login_hint", ""),
        is_sign_up=query.get("screen_hint") == "sign-up",
    )


def with_parameters(uri: str, parameters: Mapping[str, str | None]) -> str:
    """Return `uri` with `parameters` added to its query; those that are None are left out."""
    parts = urlsplit(uri)
    added = urlencode({name: value for name, value in parameters.items() if value is not None}, quote_via=quote)
    return urlunsplit(parts._replace(query="&".join(part for part in (parts.query, added) if part)))


def _check_selector(environment: WorkosEnvironment, query: Mapping[str, str]) -> ErrorPage | ErrorRedirect | None:
    given = [name for name in SELECTORS if query.get(name)]
    provider = query.get("provider")
    if not given or (provider and provider not in PROVIDERS):
        return ErrorPage(
            "invalid-connection-selector", {"client_id": environment.client_id, "provider": provider or ""}
        )
    if provider == "authkit":
        given = [name for name in given if name not in ("organization_id", "domain_hint")]
    if len(given) > 1 and given != ["provider", "domain_hint"]:
        return _back(query, "ambiguous_connection_selector", f"Only one of {', '.join(given)} may be given.")
    return None if provider else _check_connection(environment, query)


def _check_connection(environment: WorkosEnvironment, query: Mapping[str, str]) -> ErrorRedirect | None:
    connection, organization, domain = (query.get(name) for name in SELECTORS[1:])
    if connection and not environment.connection(connection):
        return _back(query, "connection_invalid", f"No Connection found with ID '{connection}'")
    if organization and not environment.connection_of(organization):
        description = f"No Connection associated with Organization '{organization}'"
        return _back(query, "organization_invalid", description)
    if domain and not environment.connection_for_domain(domain):
        return _back(query, "connection_domain_invalid", f"No Connection found for domain '{domain}'")
    return None


def _check_response_type(query: Mapping[str, str]) -> ErrorPage | None:
    if query.get("response_type") == "code":
        return None
    return _page("response-type-invalid", query, "response_type")


def _check_rest(query: Mapping[str, str]) -> ErrorPage | None:
    challenge, method = query.get("code_challenge"), query.get("code_challenge_method")
    if (challenge is None) != (method is None):
        return _page("code-challenge-missing", query, "code_challenge", "code_challenge_method")
    if challenge is not None and (method != "S256" or not _S256_CHALLENGE.fullmatch(challenge)):
        return _page("code-challenge-invalid", query, "code_challenge", "code_challenge_method")
    hint = query.get("screen_hint")
    if hint is not None and (hint not in ("sign-up", "sign-in") or query.get("provider") != "authkit"):
        return _page("screen-hint-invalid", query, "screen_hint", "provider")
    if "max_age" in query and not query["max_age"].isdecimal():
        return _page("max-age-invalid", query, "max_age")
    return None


def _page(slug: str, query: Mapping[str, str], *names: str) -> ErrorPage:
    return ErrorPage(slug, {name: query[name] for name in ("client_id", *names) if name in query})


def _back(query: Mapping[str, str], error: str, description: str) -> ErrorRedirect:
    return ErrorRedirect(query["redirect_uri"], query.get("state"), error, description)


def _method(provider: str | None) -> str:
    if provider is None:
        return "SSO"
    return "Password" if provider == "authkit" else provider


def _organization(environment: WorkosEnvironment, query: Mapping[str, str]) -> str | None:
    if connection := environment.connection(query.get("connection_id", "")):
        return connection.organization
    return query.get("organization_id")
