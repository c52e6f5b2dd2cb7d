"""Which policy types there are, what each exports, and which options model reads it."""

from dataclasses import dataclass
from enum import StrEnum

from devgw.config.options import GenericOptions, Options, WorkosOptions


class Role(StrEnum):
    """What a policy does here."""

    OAUTH = "oauth"
    TOKEN_EXCHANGE = "token-exchange"
    FILTER = "capability-filter"
    HEADERS = "headers"
    GROUP = "group"


@dataclass(frozen=True, slots=True)
class PolicyKind:
    """One policy type that runs here."""

    policy_type: str
    export: str
    role: Role
    provider: str = ""
    module: str = ""
    """Of the options model, where that is imported on first use."""
    model: str = ""


GROUP_TYPE = "composite-inbound"
API_KEY_TYPE = "set-upstream-api-key-inbound"
_WRAPPERS = "devgw.config.wrappers"
_EXCHANGE = "devgw.config.token_exchange"
_FILTER = "devgw.config.capability_filter"
_HEADERS = "devgw.config.header_edits"


def _wrapper(provider: str, export: str, model: str) -> PolicyKind:
    return PolicyKind(
        f"mcp-{provider}-oauth-inbound", f"Mcp{export}OAuthInboundPolicy", Role.OAUTH, provider, _WRAPPERS, model
    )


_ALL = (
    PolicyKind("mcp-workos-oauth-inbound", "McpWorkosOAuthInboundPolicy", Role.OAUTH, "workos"),
    PolicyKind("mcp-oauth-inbound", "McpOAuthInboundPolicy", Role.OAUTH, "oidc"),
    _wrapper("auth0", "Auth0", "Auth0Options"),
    _wrapper("okta", "Okta", "OktaOptions"),
    _wrapper("entra", "Entra", "EntraOptions"),
    _wrapper("google", "Google", "GoogleOptions"),
    _wrapper("cognito", "Cognito", "CognitoOptions"),
    _wrapper("keycloak", "Keycloak", "KeycloakOptions"),
    _wrapper("clerk", "Clerk", "ClerkOptions"),
    _wrapper("logto", "Logto", "LogtoOptions"),
    _wrapper("onelogin", "OneLogin", "OneLoginOptions"),
    _wrapper("ping", "Ping", "PingOptions"),
    PolicyKind(
        "mcp-token-exchange-inbound",
        "McpTokenExchangeInboundPolicy",
        Role.TOKEN_EXCHANGE,
        "",
        _EXCHANGE,
        "TokenExchangeOptions",
    ),
    PolicyKind(
        "mcp-capability-filter-inbound",
        "McpCapabilityFilterInboundPolicy",
        Role.FILTER,
        "",
        _FILTER,
        "CapabilityFilterOptions",
    ),
    PolicyKind("set-headers-inbound", "SetHeadersInboundPolicy", Role.HEADERS, "", _HEADERS, "SetHeadersOptions"),
    PolicyKind(
        API_KEY_TYPE,
        "SetUpstreamApiKeyInboundPolicy",
        Role.HEADERS,
        "",
        _HEADERS,
        "UpstreamApiKeyOptions",
    ),
    PolicyKind(
        "remove-headers-inbound", "RemoveHeadersInboundPolicy", Role.HEADERS, "", _HEADERS, "RemoveHeadersOptions"
    ),
    PolicyKind(GROUP_TYPE, "CompositeInboundPolicy", Role.GROUP, "", "devgw.config.options", "CompositeOptions"),
)

KINDS = {kind.policy_type: kind for kind in _ALL}
EXPORTS = {kind.export: kind for kind in _ALL}
MODULES = ("$import(@zuplo/runtime)", "$import(@zuplo/runtime/mcp-gateway)")


def options_model(kind: PolicyKind) -> type[Options]:
    """Return the model that reads the options of `kind`; the rarer ones are imported only now."""
    if kind.provider == "workos":
        return WorkosOptions
    if kind.provider == "oidc":
        return GenericOptions
    from importlib import import_module  # noqa: PLC0415  ten providers' models would be built at each start for one

    model: type[Options] = getattr(import_module(kind.module), kind.model)
    return model
