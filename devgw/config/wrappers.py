"""The other ten provider wrappers: their own options, shape checks, and the URLs that come from them.

Source: `gateway.md` §2, the table; the providers' own discovery documents.
"""

from typing import Annotated, Literal

from pydantic import AfterValidator

from devgw.config.options import ProviderUrls, Text, WrapperOptions
from devgw.config.provider_shapes import (
    keycloak_base,
    logto_endpoint,
    okta_domain,
    plain_id,
    realm,
    region,
    subdomain,
    tenant_id,
    user_pool_domain,
    user_pool_id,
)
from devgw.config.shapes import bare_host, origin, refusal, uuid


class Auth0Options(WrapperOptions):
    """`mcp-auth0-oauth-inbound`."""

    auth0_domain: Annotated[str, AfterValidator(bare_host)]
    audience: Text | None = None

    def urls(self, workos_base: str) -> ProviderUrls:
        """Derive from the tenant's host; Auth0's issuer ends with a slash."""
        del workos_base
        base = f"https://{self.auth0_domain}"
        return ProviderUrls(
            issuer=f"{base}/",
            jwks_url=f"{base}/.well-known/jwks.json",
            authorize=f"{base}/authorize",
            token=f"{base}/oauth/token",
            audience=self.audience,
        )


class OktaOptions(WrapperOptions):
    """`mcp-okta-oauth-inbound`."""

    okta_domain: Annotated[str, AfterValidator(okta_domain)]
    authorization_server_id: Annotated[str, AfterValidator(plain_id)] | None = None

    def urls(self, workos_base: str) -> ProviderUrls:
        """Derive from the org's host, with or without a custom authorization server."""
        del workos_base
        server = f"/{self.authorization_server_id}" if self.authorization_server_id else ""
        base = f"https://{self.okta_domain}/oauth2{server}"
        return ProviderUrls(
            issuer=base if server else f"https://{self.okta_domain}",
            jwks_url=f"{base}/v1/keys",
            authorize=f"{base}/v1/authorize",
            token=f"{base}/v1/token",
        )


class EntraOptions(WrapperOptions):
    """`mcp-entra-oauth-inbound`."""

    tenant_id: Annotated[str, AfterValidator(tenant_id)]

    def urls(self, workos_base: str) -> ProviderUrls:
        """Derive from the tenant's UUID, in the v2.0 form."""
        del workos_base
        base = f"https://login.microsoftonline.com/{self.tenant_id}"
        return ProviderUrls(
            issuer=f"{base}/v2.0",
            jwks_url=f"{base}/discovery/v2.0/keys",
            authorize=f"{base}/oauth2/v2.0/authorize",
            token=f"{base}/oauth2/v2.0/token",
        )


class GoogleOptions(WrapperOptions):
    """`mcp-google-oauth-inbound`."""

    def urls(self, workos_base: str) -> ProviderUrls:
        """Return Google's one set of URLs."""
        del workos_base
        return ProviderUrls(
            issuer="https://accounts.google.com",
            jwks_url="https://www.googleapis.com/oauth2/v3/certs",
            authorize="https://accounts.google.com/o/oauth2/v2/auth",
            token="https://oauth2.googleapis.com/token",  # noqa: S106  a URL
        )


class CognitoOptions(WrapperOptions):
    """`mcp-cognito-oauth-inbound`."""

    aws_region: Annotated[str, AfterValidator(region)]
    user_pool_id: Annotated[str, AfterValidator(user_pool_id)]
    user_pool_domain: Annotated[str, AfterValidator(user_pool_domain)]

    def model_post_init(self, context: object, /) -> None:
        """Ask that the pool lies in the region."""
        del context
        region = self.user_pool_id.split("_")[0]
        if region != self.aws_region:
            message = f"`userPoolId` lies in {region}, `awsRegion` says {self.aws_region}."
            raise refusal("cognito-region", message, f'Write "awsRegion": "{region}".')

    def urls(self, workos_base: str) -> ProviderUrls:
        """Derive the issuer from pool and region, the sign-in from the pool's domain."""
        del workos_base
        issuer = f"https://cognito-idp.{self.aws_region}.amazonaws.com/{self.user_pool_id}"
        base = f"https://{self.user_pool_domain}/oauth2"
        return ProviderUrls(
            issuer=issuer,
            jwks_url=f"{issuer}/.well-known/jwks.json",
            authorize=f"{base}/authorize",
            token=f"{base}/token",
        )


class KeycloakOptions(WrapperOptions):
    """`mcp-keycloak-oauth-inbound`."""

    keycloak_base_url: Annotated[str, AfterValidator(keycloak_base)]
    realm: Annotated[str, AfterValidator(realm)]

    def urls(self, workos_base: str) -> ProviderUrls:
        """Derive from base URL and realm."""
        del workos_base
        issuer = f"{self.keycloak_base_url}/realms/{self.realm}"
        base = f"{issuer}/protocol/openid-connect"
        return ProviderUrls(issuer=issuer, jwks_url=f"{base}/certs", authorize=f"{base}/auth", token=f"{base}/token")


class ClerkOptions(WrapperOptions):
    """`mcp-clerk-oauth-inbound`."""

    frontend_api_url: Annotated[str, AfterValidator(origin)]

    def urls(self, workos_base: str) -> ProviderUrls:
        """Derive from the frontend API's origin."""
        del workos_base
        base = self.frontend_api_url
        return ProviderUrls(
            issuer=base,
            jwks_url=f"{base}/.well-known/jwks.json",
            authorize=f"{base}/oauth/authorize",
            token=f"{base}/oauth/token",
        )


class LogtoOptions(WrapperOptions):
    """`mcp-logto-oauth-inbound`."""

    logto_endpoint: Annotated[str, AfterValidator(logto_endpoint)]

    def urls(self, workos_base: str) -> ProviderUrls:
        """Derive from the tenant's endpoint."""
        del workos_base
        base = f"{self.logto_endpoint}/oidc"
        return ProviderUrls(issuer=base, jwks_url=f"{base}/jwks", authorize=f"{base}/auth", token=f"{base}/token")


class OneLoginOptions(WrapperOptions):
    """`mcp-onelogin-oauth-inbound`."""

    one_login_subdomain: Annotated[str, AfterValidator(subdomain)]

    def urls(self, workos_base: str) -> ProviderUrls:
        """Derive from the subdomain, in the OIDC v2 form."""
        del workos_base
        base = f"https://{self.one_login_subdomain}.onelogin.com/oidc/2"
        return ProviderUrls(issuer=base, jwks_url=f"{base}/certs", authorize=f"{base}/auth", token=f"{base}/token")


_PING_DOMAINS = {
    "north-america": "com",
    "canada": "ca",
    "europe": "eu",
    "singapore": "sg",
    "australia": "com.au",
    "asia-pacific": "asia",
}


class PingOptions(WrapperOptions):
    """`mcp-ping-oauth-inbound`."""

    environment_id: Annotated[str, AfterValidator(uuid)] | None = None
    region: Literal["north-america", "canada", "europe", "singapore", "australia", "asia-pacific"] = "north-america"
    custom_domain: Annotated[str, AfterValidator(bare_host)] | None = None

    def model_post_init(self, context: object, /) -> None:
        """Ask for one of the two ways to name an environment."""
        del context
        if self.custom_domain is None and self.environment_id is None:
            message = "Neither `environmentId` nor `customDomain` is given."
            raise refusal("missing-option", message, 'Add "environmentId" (and "region"), or "customDomain".')

    def urls(self, workos_base: str) -> ProviderUrls:
        """Derive from the environment and its region, or from its custom domain."""
        del workos_base
        if self.custom_domain is not None:
            base = f"https://{self.custom_domain}/as"
        else:
            base = f"https://auth.pingone.{_PING_DOMAINS[self.region]}/{self.environment_id}/as"
        return ProviderUrls(issuer=base, jwks_url=f"{base}/jwks", authorize=f"{base}/authorize", token=f"{base}/token")
