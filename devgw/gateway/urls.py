"""Every URL of the gateway, minted in one place from the origin under which it was asked.

The issuer of a route is the route's own URL; the gateway-wide issuer is the origin (`gateway.md` §3, §5).
"""

from dataclasses import dataclass

from devgw.config.project import Route
from devgw.oauth.metadata import Endpoints


@dataclass(frozen=True, slots=True)
class Urls:
    """The URLs under one origin, such as `http://localhost:9000`, and base path."""

    origin: str
    base_path: str = "/"

    def at(self, path: str) -> str:
        """Return the absolute URL of `path`, which begins with a slash, below the base path."""
        return f"{self.origin}{self.base_path.rstrip('/')}{path}"

    def resource(self, route: Route) -> str:
        """Return the canonical resource URI of a route."""
        return f"{self.origin}{route.path}"

    def issuer(self, route: Route | None) -> str:
        """Return the issuer of a route, or the gateway-wide one."""
        return self.resource(route) if route else self.origin

    def resource_metadata(self, route: Route) -> str:
        """Return where a route's RFC 9728 document is: the well-known segment goes between host and path."""
        return f"{self.origin}/.well-known/oauth-protected-resource{route.path}"

    def endpoints(self, route: Route | None) -> Endpoints:
        """Return the endpoints of a route's issuer, or of the gateway-wide one."""
        return Endpoints(
            issuer=self.issuer(route),
            authorization=self.at(f"/oauth/authorize{route.path if route else ''}"),
            token=self.at("/oauth/token"),
            registration=self.at("/oauth/register"),
            revocation=self.at("/oauth/revoke"),
        )

    @property
    def callback(self) -> str:
        """Return the redirect URI that must be registered at the identity provider."""
        return self.at("/oauth/callback")

    def consent(self, transaction_id: str) -> str:
        """Return the consent page of a pending authorization."""
        return self.at(f"/oauth/setup?transaction={transaction_id}")
