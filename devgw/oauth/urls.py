"""Every URL of the gateway, minted in one place: the base path, the origin that asked, and what stands below them.

Endpoints live below the base path; the well-known documents stand at the root of the origin, where RFC 8414 §3 and
RFC 9728 §3 look for them, and an MCP route stands at the path that its file says. The issuer of a route is the route's
own URL; the gateway-wide issuer is the origin (`gateway.md` §3, §5).
"""

import re
from dataclasses import dataclass
from typing import Final, Protocol
from urllib.parse import urlencode

from devgw.oauth.metadata import Endpoints

ALIAS_BASE: Final = "/__zuplo"
"""Today's default base path of the deployed gateway, always answered here too (`gateway.md` §9)."""
WELL_KNOWN: Final = "/.well-known/"
OAUTH_SERVER: Final = "/.well-known/oauth-authorization-server"
OPENID_SERVER: Final = "/.well-known/openid-configuration"
PROTECTED_RESOURCE: Final = "/.well-known/oauth-protected-resource"
CLIENT_DOCUMENT: Final = "/.well-known/oauth-client"

REGISTER: Final = "/oauth/register"
AUTHORIZE: Final = "/oauth/authorize"
CALLBACK: Final = "/oauth/callback"
CONSENT: Final = "/oauth/setup"
TOKEN: Final = "/oauth/token"
REVOKE: Final = "/oauth/revoke"
JWKS: Final = "/oauth/jwks"
PROVE: Final = "/oauth/prove"
LOGOUT: Final = "/oauth/logout"
SCRIPT: Final = "/oauth/browser.js"
DEV_LOGIN: Final = "/oauth/dev-login"
STYLE: Final = "/oauth/style.css"
CONNECTIONS: Final = "/auth/connections"
REGISTRY: Final = "/mcp-registry"
GUESSED: Final = ("/token", "/authorize", "/register", "/revoke")
"""Endpoints that clients guess at the root of the origin, answered as aliases."""

_OURS = ("/oauth/", "/auth/connections/", WELL_KNOWN, "/mcp-registry/")
_BASE = re.compile(r"/|(?:/[A-Za-z0-9._~-]+)+/?")


class Located(Protocol):
    """An MCP route, as far as its URLs go."""

    @property
    def path(self) -> str:
        """Return where it is served: begins with a slash, ends without."""
        ...


def base_path_of(written: str) -> str | None:
    """Return a base path as it is used, `/` or one without a slash at its end; None where it is no path at all."""
    if not _BASE.fullmatch(written) or {".", ".."} & set(written.split("/")):
        return None
    return written.rstrip("/") or "/"


def below_base(path: str, base_path: str) -> str:
    """Return the gateway's own endpoint that `path` names under the base path or its alias; else `path` itself."""
    for base in (base_path.rstrip("/"), ALIAS_BASE):
        below = path[len(base) :] if path.startswith(base) else ""
        if below in ("/", *GUESSED, REGISTRY) or below.startswith(_OURS):
            return below
    return path


def is_alias(path: str, base_path: str) -> bool:
    """Tell whether an endpoint of ours is asked for at another path than the one that the metadata names."""
    endpoint = below_base(path, base_path)
    if endpoint in GUESSED:
        return True
    is_ours = endpoint == REGISTRY or endpoint.startswith(_OURS)
    at_home = {base_path.rstrip("/") + endpoint, endpoint if endpoint.startswith(WELL_KNOWN) else ""}
    return is_ours and path not in at_home


@dataclass(frozen=True, slots=True)
class Urls:
    """The URLs under one origin, such as `http://localhost:9000`, and base path."""

    origin: str
    base_path: str = "/"

    def at(self, path: str, **query: str) -> str:
        """Return the absolute URL of `path`, which begins with a slash, below the base path."""
        asked = f"?{urlencode(query)}" if query else ""
        return f"{self.origin}{self.base_path.rstrip('/')}{path}{asked}"

    def resource(self, route: Located) -> str:
        """Return the canonical resource URI of a route."""
        return f"{self.origin}{route.path}"

    def issuer(self, route: Located | None) -> str:
        """Return the issuer of a route, or the gateway-wide one."""
        return self.resource(route) if route else self.origin

    def resource_metadata(self, route: Located) -> str:
        """Return where a route's RFC 9728 document is: the well-known segment goes between host and path."""
        return f"{self.origin}{PROTECTED_RESOURCE}{route.path}"

    def server_metadata(self, route: Located | None) -> str:
        """Return where the RFC 8414 document of a route's issuer is, or of the gateway-wide one."""
        return f"{self.origin}{OAUTH_SERVER}{route.path if route else ''}"

    def endpoints(self, route: Located | None) -> Endpoints:
        """Return the endpoints of a route's issuer, or of the gateway-wide one."""
        return Endpoints(
            issuer=self.issuer(route),
            authorization=self.at(f"{AUTHORIZE}{route.path if route else ''}"),
            token=self.at(TOKEN),
            registration=self.at(REGISTER),
            revocation=self.at(REVOKE),
            jwks=self.at(JWKS),
        )

    @property
    def callback(self) -> str:
        """Return the redirect URI that must be registered at the identity provider."""
        return self.at(CALLBACK)

    def consent(self, transaction_id: str, page_token: str | None = None) -> str:
        """Return the consent page of a pending authorization, with what proves the browser to it."""
        more = {"page_token": page_token} if page_token else {}
        return self.at(CONSENT, transaction=transaction_id, **more)

    def sign_in_again(self, transaction_id: str) -> str:
        """Return where the person of a pending authorization signs in, whoever signed in before."""
        return self.at(CONSENT, transaction=transaction_id, sign_in="again")

    @property
    def logout(self) -> str:
        """Return the page that signs out."""
        return self.at(LOGOUT)

    def dev_login(self, state: str) -> str:
        """Return the page that signs in without a provider."""
        return self.at(DEV_LOGIN, state=state)

    def connect(self, connection: str, **query: str) -> str:
        """Return where a browser begins to connect an upstream."""
        return self.at(f"{CONNECTIONS}/{connection}/connect", **query)

    def connected(self, connection: str) -> str:
        """Return our redirect URI at an upstream's authorization server: the same for every browser and route."""
        return self.at(f"{CONNECTIONS}/{connection}/callback")

    def client_document(self, connection: str) -> str:
        """Return where our own client metadata document towards an upstream stands."""
        return self.at(f"{CLIENT_DOCUMENT}/{connection}")


@dataclass(slots=True)
class CanonicalUrls:
    """The URLs under the canonical origin, as the generation that is served now has them; a reload replaces them."""

    now: Urls
