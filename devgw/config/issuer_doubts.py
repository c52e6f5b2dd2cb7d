"""Issuers that no token will name: an endpoint in their place, or not as a known provider writes its own.

An issuer is compared character by character (OpenID Connect Core §3.1.3.7), so that a slash decides.
Source: the discovery documents of the providers named here.
"""

import re
from urllib.parse import urlsplit

from devgw.config.shapes import written

_ENDPOINT = re.compile(
    r"(/protocol/openid-connect(/.*)?|/oauth2?(/v\d(\.\d)?)?/(authorize|authorization|token|keys|certs|userinfo|auth)"
    r"|/(authorize|token|jwks|jwks\.json|certs|keys|userinfo|login|callback|\.well-known)|/\.well-known/.*"
    r"|/v\d/(authorize|token|keys|userinfo))/?$"
)
"""What ends an endpoint's path, and no issuer's."""
_ENTRA = re.compile(r"/(common|organizations|consumers)(/|$)")
_TENANT = re.compile(r"[0-9a-fA-F-]{36}")
_WITHOUT_SLASH = (".okta.com", ".oktapreview.com", ".okta-emea.com", ".amazonaws.com", "accounts.google.com")
Doubt = tuple[str, str]
"""Message and advice."""


def doubt_issuer(issuer: str) -> Doubt | None:
    """Return what speaks against an issuer, and what to write; None where nothing does."""
    parts = urlsplit(issuer)
    if (tail := _ENDPOINT.search(parts.path)) is not None:
        right = f"{parts.scheme}://{parts.netloc}{parts.path[: tail.start()]}"
        return f"`issuer` is the URL of an endpoint: {written(issuer)}", f'Write what tokens name, such as "{right}".'
    host = (parts.hostname or "").lower()
    if host == "login.microsoftonline.com":
        return _doubt_entra(issuer, parts.path)
    if host.endswith(".auth0.com") and parts.path == "":
        return "The issuer of Auth0 ends with a slash, and this one does not.", f'Write "{issuer}/".'
    is_realm = "/realms/" in parts.path
    if parts.path.endswith("/") and (is_realm or host.endswith(_WITHOUT_SLASH)):
        whose = "Keycloak" if is_realm else host
        return f"The issuer of {whose} ends without a slash, and this one has one.", f'Write "{issuer.rstrip("/")}".'
    return None


def _doubt_entra(issuer: str, path: str) -> Doubt | None:
    if found := _ENTRA.match(path):
        return (
            f"`{found[1]}` stands for many tenants; each token names its own as the issuer, and none names this.",
            'Write "https://login.microsoftonline.com/<tenant id>/v2.0" with the Directory (tenant) ID, a UUID.',
        )
    if path.endswith("/v2.0/"):
        return "The issuer of Entra ends without a slash, and this one has one.", f'Write "{issuer.rstrip("/")}".'
    tenant = path.strip("/")
    if _TENANT.fullmatch(tenant):
        right = f"https://login.microsoftonline.com/{tenant}/v2.0"
        return "The issuer of Entra's v2.0 tokens ends with /v2.0, and this one does not.", f'Write "{right}".'
    return None
