"""What the identity provider is asked with, by a login and by whoever tries beforehand whether one would work."""

from urllib.parse import urlsplit, urlunsplit

from devgw.config.project import BrowserLogin, OAuthPolicy
from devgw.gateway.identity_provider import LoginRequest
from devgw.oauth.authorization_url import with_own


def authorize_url(policy: OAuthPolicy, request: LoginRequest) -> str:
    """Return the provider's authorization URL with every parameter that it needs and none that it refuses."""
    login, is_workos = policy.login, policy.provider == "workos"
    parameters = {
        "response_type": "code",
        "client_id": login.client_id,
        "redirect_uri": request.callback,
        "scope": login.scope,
        "state": request.state,
        "nonce": request.nonce,
    }
    if is_workos:
        parameters["provider"] = "authkit"
    if login.audience:
        parameters["audience"] = login.audience
    if request.challenge:
        parameters |= {"code_challenge": request.challenge, "code_challenge_method": "S256"}
    if request.prompt:
        parameters["prompt"] = request.prompt
        if is_workos:
            parameters["max_age"] = "0"
    if request.login_hint:
        parameters["login_hint"] = request.login_hint
    parts = urlsplit(login.url)
    return urlunsplit(parts._replace(query=with_own(parts.query, parameters)))


def token_form(login: BrowserLogin, code: str, callback: str, verifier: str | None) -> dict[str, str]:
    """Return the form with which the provider's token endpoint is asked for a code's tokens."""
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": callback,
        "client_id": login.client_id,
        "client_secret": login.client_secret.value,
    }
    return form | ({"code_verifier": verifier} if verifier else {})
