"""The options of the policies that shape what goes up: token exchange, capability filter, headers."""

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from devgw.config.options import Options, Text, Url
from devgw.config.shapes import refusal, written

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


class ClientRegistrationOptions(Options):
    """`clientRegistration` of the token exchange."""

    mode: Literal["auto", "manual"] = "auto"
    client_id: Text | None = None
    client_secret: Text | None = None
    token_endpoint_auth_method: (
        Literal["none", "client_secret_basic", "client_secret_post", "private_key_jwt"] | None
    ) = None

    def model_post_init(self, context: Any, /) -> None:
        """Ask for the client id that `manual` needs, and for nothing that `auto` would ignore."""
        del context
        if self.mode == "manual" and self.client_id is None:
            message = 'With "mode": "manual" the upstream\'s `clientId` is needed.'
            raise refusal("missing-option", message, 'Add "clientId", or write "mode": "auto".')
        if self.mode == "auto" and (self.client_id or self.client_secret):
            message = 'With "mode": "auto" a `clientId` or `clientSecret` would be ignored.'
            raise refusal("unused-option", message, 'Write "mode": "manual".')


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
    id_jag: dict[str, Any] | None = None

    def model_post_init(self, context: Any, /) -> None:
        """Ask for `idJag` where the mode needs it."""
        del context
        if self.auth_mode == "id-jag" and self.id_jag is None:
            raise refusal("missing-option", 'With "authMode": "id-jag" the option `idJag` is needed.', 'Add "idJag".')


class AccessOptions(Options):
    """Who may see an entry, where `accessControl` asks."""

    roles: list[Text] = Field(default_factory=list)
    groups: list[Text] = Field(default_factory=list)
    public: bool = False
    description: str | None = None
    annotations: dict[str, Any] | None = None
    meta: Annotated[dict[str, Any] | None, Field(alias="_meta")] = None


class NamedEntry(AccessOptions):
    """A tool or prompt."""

    name: Text


class ResourceEntry(AccessOptions):
    """A resource."""

    uri: Text
    name: str | None = None
    mime_type: str | None = None


class TemplateEntry(AccessOptions):
    """A resource template."""

    uri_template: Text
    name: str | None = None
    mime_type: str | None = None


def _named(key: str, entry: type[AccessOptions]) -> BeforeValidator:
    """Let a string stand for an object with that key alone, as the policy does."""
    either: Any = str | entry
    return BeforeValidator(
        lambda value: {key: value} if isinstance(value, str) else value, json_schema_input_type=either
    )


class CapabilityFilterOptions(Options):
    """`mcp-capability-filter-inbound`."""

    tools: list[Annotated[NamedEntry, _named("name", NamedEntry)]] | None = None
    prompts: list[Annotated[NamedEntry, _named("name", NamedEntry)]] | None = None
    resources: list[Annotated[ResourceEntry, _named("uri", ResourceEntry)]] | None = None
    resource_templates: list[Annotated[TemplateEntry, _named("uriTemplate", TemplateEntry)]] | None = None
    access_control: dict[str, Any] | None = None


def _header_name(value: str) -> str:
    if _TOKEN.fullmatch(value):
        return value
    right = re.sub(r"[^!#$%&'*+.^_`|~0-9A-Za-z-]+", "-", value.strip().rstrip(":")).strip("-")
    raise refusal("header-name", f"This is no header name: {written(value)}", f'Write "{right}".')


def _header_value(value: str) -> str:
    if "\r" in value or "\n" in value or "\x00" in value:
        raise refusal("header-value", "A header value has no line breaks.", "Put it on one line.")
    if value.startswith("$function("):
        message = "A value computed by code is not available here."
        raise refusal("header-function", message, "Write the value, or $env(NAME).")
    return value


HeaderName = Annotated[str, AfterValidator(_header_name)]
HeaderValue = Annotated[str, AfterValidator(_header_value)]


class SetHeaderOptions(Options):
    """One entry of `headers`."""

    name: HeaderName
    value: HeaderValue
    overwrite: bool = True


class SetHeadersOptions(Options):
    """`set-headers-inbound`."""

    headers: list[SetHeaderOptions]


class UpstreamApiKeyOptions(Options):
    """`set-upstream-api-key-inbound`."""

    header: HeaderName = "Authorization"
    value: HeaderValue
    overwrite: bool = True


class RemoveHeadersOptions(Options):
    """`remove-headers-inbound`."""

    headers: list[HeaderName]


class CompositeOptions(Options):
    """`composite-inbound`: one name for several policies."""

    policies: list[Text]
