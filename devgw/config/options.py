"""The options of the OAuth policies as pydantic models: strict, frozen, without room for unknown names.

`defer_build` keeps start-up fast: pydantic builds a model when the first policy of its type is read, not before.
The discriminator of this union is `policyType`, looked up in `catalogue`, so that a misspelt type is never taken for an
unknown one.
"""

from abc import abstractmethod
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from devgw.config import workos
from devgw.config.shapes import endpoint, issuer, refusal, secure_url, split_url
from devgw.oauth.urls import DEV_LOGIN

YEAR = 366 * 86_400

Text = Annotated[str, Field(min_length=1)]
Url = Annotated[str, AfterValidator(secure_url)]
Endpoint = Annotated[str, AfterValidator(endpoint)]
IssuerUrl = Annotated[str, AfterValidator(issuer)]
Seconds = Annotated[int, Field(ge=1, le=YEAR)]


class Options(BaseModel):
    """What all option objects share."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        alias_generator=to_camel,
        populate_by_name=False,
        defer_build=True,
        hide_input_in_errors=True,
    )


class GatewayOptions(Options):
    """`gateway`: what the gateway itself issues."""

    access_token_ttl_seconds: Seconds = 900
    refresh_token_ttl_seconds: Seconds = 2_592_000
    cimd_enabled: bool = True


class LoginOverrides(Options):
    """`browserLoginOverrides`: what every provider's sign-in shares."""

    remote_timeout_ms: Annotated[int, Field(ge=1, le=600_000)] = 10_000
    state_ttl_seconds: Seconds = 900
    session_ttl_seconds: Seconds = 28_800
    pkce: Literal["none", "S256"] = "none"


class TrustedIssuerOptions(Options):
    """One entry of `idJag.trustedIssuers`; without `issuer` and `jwksUrl` it is the provider of the browser login."""

    issuer: IssuerUrl | None = None
    jwks_url: Endpoint | None = None
    audience: Text | None = None
    subject_claim: Text = "sub"
    expected_client_ids: list[Text] = Field(default_factory=list)
    subject_mapping: Literal["iss_prefix", "iss_tenant_prefix", "sub_id_only"] = "iss_prefix"

    def model_post_init(self, context: Any, /) -> None:
        """Ask for both URLs or neither."""
        del context
        if (self.issuer is None) != (self.jwks_url is None):
            message = "`issuer` and `jwksUrl` belong together."
            raise refusal("missing-option", message, "Write both, or neither for the provider of the browser login.")


class IdJagOptions(Options):
    """`idJag`: the jwt-bearer grant at `/oauth/token`."""

    enabled: bool = False
    trusted_issuers: list[TrustedIssuerOptions] = Field(default_factory=list)
    authorization_details_types_allowed: list[Text] = Field(default_factory=list)


class ProviderUrls(BaseModel):
    """What a wrapper derives from its own options."""

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, defer_build=True)

    issuer: str
    jwks_url: str
    authorize: str
    token: str
    audience: str | None = None
    other_issuers: tuple[str, ...] = ()


class WrapperOptions(Options):
    """What all provider wrappers take."""

    client_id: Text
    client_secret: Text
    scope: Text = "openid profile email"
    gateway: GatewayOptions = Field(default_factory=GatewayOptions)
    browser_login_overrides: LoginOverrides = Field(default_factory=LoginOverrides)
    id_jag: IdJagOptions = Field(default_factory=IdJagOptions)

    @abstractmethod
    def urls(self, workos_base: str) -> ProviderUrls:
        """Return what the provider's URLs are; `workos_base` matters to WorkOS alone."""


class WorkosOptions(WrapperOptions):
    """`mcp-workos-oauth-inbound`."""

    client_id: Annotated[str, AfterValidator(workos.client_id)]

    def urls(self, workos_base: str) -> ProviderUrls:
        """Derive everything from the client id; older environments name the bare origin as issuer."""
        return ProviderUrls(
            issuer=f"{workos_base}/user_management/{self.client_id}",
            jwks_url=f"{workos_base}/sso/jwks/{self.client_id}",
            authorize=f"{workos_base}{workos.AUTHORIZE_PATH}",
            token=f"{workos_base}/user_management/authenticate",
            other_issuers=(workos_base, f"{workos_base}/"),
        )


class OidcOptions(Options):
    """`oidc` of the generic policy."""

    issuer: IssuerUrl
    jwks_url: Endpoint
    audience: Text | None = None


def _login_url(value: str) -> str:
    parts = split_url(value)
    if parts is None or not parts.path.endswith(DEV_LOGIN):
        return endpoint(value)
    if parts.hostname not in ("localhost", "127.0.0.1", "::1"):
        message = f"The login without a provider runs on loopback only, not on {parts.hostname}."
        raise refusal("dev-login-not-loopback", message, f'Write "http://localhost:9000{DEV_LOGIN}".')
    return value


class BrowserLoginOptions(Options):
    """`browserLogin` of the generic policy."""

    url: Annotated[str, AfterValidator(_login_url)]
    token_url: Endpoint | None = None
    client_id: Text | None = None
    client_secret: Text | None = None
    scope: Text = "openid profile email"
    audience: Text | None = None
    pkce: Literal["none", "S256"] = "none"
    remote_timeout_ms: Annotated[int, Field(ge=1, le=600_000)] = 10_000
    state_ttl_seconds: Seconds = 900
    session_ttl_seconds: Seconds = 28_800

    @property
    def is_dev_login(self) -> bool:
        """Tell whether this is the login without any provider."""
        return self.url.split("?")[0].endswith(DEV_LOGIN)


class GenericOptions(Options):
    """`mcp-oauth-inbound`."""

    browser_login: BrowserLoginOptions
    oidc: OidcOptions | None = None
    gateway: GatewayOptions = Field(default_factory=GatewayOptions)
    id_jag: IdJagOptions = Field(default_factory=IdJagOptions)

    def model_post_init(self, context: Any, /) -> None:
        """Ask for what only the login without a provider can do without."""
        del context
        login = self.browser_login
        if login.is_dev_login:
            return
        given = {
            "oidc": self.oidc,
            "browserLogin.tokenUrl": login.token_url,
            "browserLogin.clientId": login.client_id,
            "browserLogin.clientSecret": login.client_secret,
        }
        absent = [name for name, value in given.items() if value is None]
        if absent:
            names = ", ".join(f"`{name}`" for name in absent)
            raise refusal("missing-option", f"Missing for a sign-in at a provider: {names}.", f"Add {names}.")


class CompositeOptions(Options):
    """`composite-inbound`: one name for several policies."""

    policies: list[Text]
