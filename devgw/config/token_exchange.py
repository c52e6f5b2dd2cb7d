"""`mcp-token-exchange-inbound`: its options, and what they come to."""

import re
from typing import Any, Literal

from pydantic import Field, ValidationInfo, field_validator

from devgw.config.finding import Findings
from devgw.config.node import Node
from devgw.config.options import Endpoint, Options, Text, Url
from devgw.config.private_key import private_key
from devgw.config.project import ManualClient, Secret, TokenExchange
from devgw.config.shapes import refusal, written
from devgw.ids import UpstreamServerId

_PREFIX = "mcp-token-exchange-"
_ID = re.compile(r"[A-Za-z0-9._~-]{1,100}")


class ClientRegistrationOptions(Options):
    """`clientRegistration` of the token exchange."""

    mode: Literal["auto", "manual"] = "auto"
    client_id: Text | None = None
    client_secret: Text | None = None
    token_endpoint_auth_method: (
        Literal["none", "client_secret_basic", "client_secret_post", "private_key_jwt"] | None
    ) = None

    def model_post_init(self, context: Any, /) -> None:
        """Ask for what the mode and the method need, and for nothing that they would ignore."""
        del context
        if self.mode == "auto":
            self._check_auto()
            return
        if self.client_id is None:
            message = 'With "mode": "manual" the upstream\'s `clientId` is needed.'
            raise refusal("missing-option", message, 'Add "clientId", or write "mode": "auto".')
        method = self.token_endpoint_auth_method
        if method == "private_key_jwt":
            message = '"private_key_jwt" signs with a key, and `clientRegistration` takes none: connecting would fail.'
            raise refusal("missing-option", message, 'Write "client_secret_basic", "client_secret_post" or "none".')
        if method in ("client_secret_basic", "client_secret_post") and self.client_secret is None:
            message = f'"{method}" needs `clientSecret`: without it the upstream refuses each code.'
            raise refusal("missing-option", message, 'Add "clientSecret": "$env(…)".')
        if method == "none" and self.client_secret is not None:
            message = 'With "tokenEndpointAuthMethod": "none" the `clientSecret` would never be sent.'
            raise refusal("unused-option", message, "Take one of the two out.")

    def _check_auto(self) -> None:
        if self.client_id or self.client_secret or self.token_endpoint_auth_method:
            message = 'With "mode": "auto" a `clientId`, `clientSecret` or `tokenEndpointAuthMethod` would be ignored.'
            raise refusal("unused-option", message, 'Write "mode": "manual".')


class ClientAuthOptions(Options):
    """`clientAuth` of either endpoint of cross-app access."""

    method: Literal["client_secret_post", "client_secret_basic", "private_key_jwt"]
    client_id: Text
    client_secret: Text | None = None
    algorithm: Literal["RS256", "RS384", "RS512", "ES256", "ES384", "ES512"] = "RS256"
    private_key_pem: Text | None = None
    """After the algorithm: its check asks for it."""
    key_id: Text | None = None
    audience: Text | None = None
    expires_in_seconds: int = Field(default=300, ge=1, le=3600)

    @field_validator("private_key_pem")
    @classmethod
    def _read_key(cls, pem: str | None, info: ValidationInfo) -> str | None:
        return private_key(pem, info.data.get("algorithm")) if pem else pem

    def model_post_init(self, context: Any, /) -> None:
        """Ask for what the method signs or proves with."""
        del context
        needed, value = ("clientSecret", self.client_secret)
        if self.method == "private_key_jwt":
            needed, value = ("privateKeyPem", self.private_key_pem)
        if not value:
            raise refusal("missing-option", f'"{self.method}" needs `{needed}`.', f'Add "{needed}": "$env(…)".')


class ProviderOptions(Options):
    """`idJag.idp`."""

    token_url: Endpoint
    client_auth: ClientAuthOptions


class ResourceServerOptions(Options):
    """`idJag.resourceAs`."""

    token_url: Endpoint
    audience: Text
    resource: Text | None = None
    client_auth: ClientAuthOptions


class CrossAppOptions(Options):
    """`idJag` of the token exchange."""

    scopes: list[Text] = Field(default_factory=list)
    scope_delimiter: str = " "
    idp: ProviderOptions
    resource_as: ResourceServerOptions


class TokenExchangeOptions(Options):
    """`mcp-token-exchange-inbound`."""

    id: Text | None = None
    display_name: Text
    summary: str = ""
    auth_mode: Literal["user-oauth", "shared-oauth", "id-jag"]
    scopes: list[Text] | None = None
    scope_delimiter: Text = " "
    prompt: Text | Literal[False] | None = None
    client_registration: ClientRegistrationOptions = Field(default_factory=ClientRegistrationOptions)
    protected_resource_metadata_url: Url | None = None
    id_jag: CrossAppOptions | None = None

    def model_post_init(self, context: Any, /) -> None:
        """Ask for `idJag` where the mode needs it."""
        del context
        if self.auth_mode == "id-jag" and self.id_jag is None:
            raise refusal("missing-option", 'With "authMode": "id-jag" the option `idJag` is needed.', 'Add "idJag".')


def token_exchange(name: str, options: Options, node: Node, findings: Findings) -> TokenExchange | None:
    """Return how the gateway gets a credential; the id comes from the policy's name where none is given."""
    if not isinstance(options, TokenExchangeOptions):
        return None
    inferred = name.removeprefix(_PREFIX) if name.startswith(_PREFIX) else ""
    upstream = options.id or inferred
    if not upstream:
        message = f'No `id`, and the name "{name}" is not of the form {_PREFIX}….'
        findings.error("upstream-id-missing", node.place, message, f'Add "id", or call the policy "{_PREFIX}{name}".')
        return None
    if not _ID.fullmatch(upstream) or not upstream.strip("."):
        message = f"The id {written(upstream)} cannot stand in a URL: its connection would have no address."
        at = (node.get("id") or node).place
        findings.error("upstream-id", at, message, "Write letters, digits and . _ ~ - alone, 100 at most.")
        return None
    given = options.client_registration
    secret = Secret(given.client_secret) if given.client_secret else None
    manual = ManualClient(given.client_id, secret, given.token_endpoint_auth_method) if given.client_id else None
    return TokenExchange(
        name=name,
        id=UpstreamServerId(upstream),
        display_name=options.display_name,
        summary=options.summary,
        auth_mode=options.auth_mode,
        scopes=None if options.scopes is None else tuple(options.scopes),
        scope_delimiter=options.scope_delimiter,
        prompt=options.prompt,
        manual_client=manual,
        protected_resource_metadata_url=options.protected_resource_metadata_url,
        id_jag=options.id_jag.model_dump(by_alias=True, exclude_none=True) if options.id_jag else None,
    )
