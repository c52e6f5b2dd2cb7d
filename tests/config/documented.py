"""Blocks in the forms of the public documentation: one of each policy that it has, and many that devgw does not run.

The shapes are those that the pages on policies, handlers and the MCP Gateway show; names and values are our own.
"""

from typing import Any

RUNTIME, GATEWAY = "$import(@zuplo/runtime)", "$import(@zuplo/runtime/mcp-gateway)"
LOGIN = {"clientId": "$env(IDP_ID)", "clientSecret": "$env(IDP_SECRET)"}
TUNED = {
    "gateway": {"accessTokenTtlSeconds": 600, "refreshTokenTtlSeconds": 86400, "cimdEnabled": False},
    "browserLoginOverrides": {"remoteTimeoutMs": 5000, "stateTtlSeconds": 300, "sessionTtlSeconds": 3600},
}


def policy(
    policy_type: str, export: str, options: Any = None, *, name: str = "", module: str = GATEWAY
) -> dict[str, Any]:
    """Return a block; where there are no options the block has none, as for policies that take nothing."""
    handler: dict[str, Any] = {"export": export, "module": module}
    return {
        "name": name or policy_type,
        "policyType": policy_type,
        "handler": handler if options is None else handler | {"options": options},
    }


SIGN_IN = {
    "WorkOS": policy(
        "mcp-workos-oauth-inbound",
        "McpWorkosOAuthInboundPolicy",
        {"clientId": "$env(WORKOS_CLIENT_ID)", "clientSecret": "$env(IDP_SECRET)", "scope": "openid email", **TUNED},
        module=RUNTIME,
    ),
    "Auth0": policy(
        "mcp-auth0-oauth-inbound",
        "McpAuth0OAuthInboundPolicy",
        LOGIN | {"auth0Domain": "acme.eu.auth0.com", "audience": "https://mcp.acme.example"},
    ),
    "Okta": policy(
        "mcp-okta-oauth-inbound",
        "McpOktaOAuthInboundPolicy",
        LOGIN | {"oktaDomain": "acme.okta.com", "authorizationServerId": "default"},
    ),
    "Entra": policy(
        "mcp-entra-oauth-inbound",
        "McpEntraOAuthInboundPolicy",
        LOGIN | {"tenantId": "7d1c2f0a-9f7e-4c55-8f0e-0123456789ab"},
    ),
    "Google": policy(
        "mcp-google-oauth-inbound", "McpGoogleOAuthInboundPolicy", LOGIN | {"scope": "openid email profile"}
    ),
    "Cognito": policy(
        "mcp-cognito-oauth-inbound",
        "McpCognitoOAuthInboundPolicy",
        LOGIN
        | {"awsRegion": "eu-central-1", "userPoolId": "eu-central-1_Ab12Cd34E", "userPoolDomain": "acme.auth.example"},
    ),
    "Keycloak": policy(
        "mcp-keycloak-oauth-inbound",
        "McpKeycloakOAuthInboundPolicy",
        LOGIN | {"keycloakBaseUrl": "https://sso.acme.example", "realm": "staff"},
    ),
    "Clerk": policy(
        "mcp-clerk-oauth-inbound",
        "McpClerkOAuthInboundPolicy",
        LOGIN | {"frontendApiUrl": "https://clerk.acme.example"},
    ),
    "Logto": policy(
        "mcp-logto-oauth-inbound", "McpLogtoOAuthInboundPolicy", LOGIN | {"logtoEndpoint": "https://acme.logto.app"}
    ),
    "OneLogin": policy(
        "mcp-onelogin-oauth-inbound", "McpOneLoginOAuthInboundPolicy", LOGIN | {"oneLoginSubdomain": "acme"}
    ),
    "Ping": policy(
        "mcp-ping-oauth-inbound",
        "McpPingOAuthInboundPolicy",
        LOGIN | {"environmentId": "0b7c1d2e-3f40-4a51-8b62-c37d48e59f60", "region": "europe"},
    ),
    "any OpenID provider": policy(
        "mcp-oauth-inbound",
        "McpOAuthInboundPolicy",
        {
            "oidc": {
                "issuer": "https://id.acme.example",
                "jwksUrl": "https://id.acme.example/keys",
                "audience": "https://mcp.acme.example",
            },
            "browserLogin": {
                "url": "https://id.acme.example/authorize",
                "tokenUrl": "https://id.acme.example/token",
                **LOGIN,
                "scope": "openid profile email",
                "pkce": "S256",
                "remoteTimeoutMs": 8000,
            },
            "gateway": {"accessTokenTtlSeconds": 900},
        },
    ),
    "development without a provider": policy(
        "mcp-oauth-inbound",
        "McpOAuthInboundPolicy",
        {"browserLogin": {"url": "http://localhost:9000/oauth/dev-login"}},
    ),
}

EXCHANGES = {
    "per person": {
        "displayName": "Issues",
        "authMode": "user-oauth",
        "scopes": [],
        "clientRegistration": {"mode": "auto"},
    },
    "shared": {"displayName": "Issues", "authMode": "shared-oauth", "summary": "The team's account", "prompt": False},
    "a client of one's own": {
        "id": "issues-v2",
        "displayName": "Issues",
        "authMode": "user-oauth",
        "scopes": ["read", "write"],
        "scopeDelimiter": ",",
        "prompt": "consent",
        "protectedResourceMetadataUrl": "https://mcp.issues.example/.well-known/oauth-protected-resource/mcp",
        "clientRegistration": {
            "mode": "manual",
            "clientId": "$env(ISSUES_ID)",
            "clientSecret": "$env(KEY)",
            "tokenEndpointAuthMethod": "client_secret_post",
        },
    },
    "across applications": {
        "displayName": "Issues",
        "authMode": "id-jag",
        "idJag": {
            "scopes": ["issues.read"],
            "idp": {
                "tokenUrl": "https://acme.okta.com/oauth2/v1/token",
                "clientAuth": {"method": "client_secret_basic", **LOGIN},
            },
            "resourceAs": {
                "tokenUrl": "https://as.issues.example/token",
                "audience": "https://as.issues.example",
                "resource": "https://mcp.issues.example/mcp",
                "clientAuth": {
                    "method": "client_secret_post",
                    "clientId": "$env(ISSUES_ID)",
                    "clientSecret": "$env(KEY)",
                },
            },
        },
    },
}

FILTERS = {
    "by name": {"tools": ["list_issues", "get_issue"], "prompts": [], "resources": [], "resourceTemplates": []},
    "with other words": {
        "tools": [
            {
                "name": "create_issue",
                "description": "Open an issue. Ask the person before.",
                "annotations": {"destructiveHint": False, "title": "Open an issue"},
                "_meta": {"acme/owner": "tracker team"},
            }
        ],
        "resources": [{"uri": "issues://open", "name": "Open", "description": "All of them", "mimeType": "text/plain"}],
        "resourceTemplates": [{"uriTemplate": "issues://{id}", "description": "One"}, "issues://{id}/comments"],
    },
    "by role": {
        "accessControl": {"mode": "rolesAndGroups", "roleClaim": "https://acme.example/roles", "groupClaim": "groups"},
        "tools": [
            {"name": "list_issues", "public": True},
            {"name": "delete_issue", "roles": ["admin"], "groups": ["tracker-owners"]},
        ],
    },
}

RUN_HERE = {
    "an API key": policy(
        "set-upstream-api-key-inbound",
        "SetUpstreamApiKeyInboundPolicy",
        {"header": "Authorization", "value": "Bearer $env(KEY)"},
        module=RUNTIME,
    ),
    "an API key by default": policy(
        "set-upstream-api-key-inbound",
        "SetUpstreamApiKeyInboundPolicy",
        {"value": "$env(KEY)", "overwrite": False},
        module=RUNTIME,
    ),
    "headers": policy(
        "set-headers-inbound",
        "SetHeadersInboundPolicy",
        {
            "headers": [
                {"name": "x-team", "value": "tracker"},
                {"name": "x-key", "value": "$env(KEY)", "overwrite": False},
            ]
        },
        module=RUNTIME,
    ),
    "fewer headers": policy(
        "remove-headers-inbound", "RemoveHeadersInboundPolicy", {"headers": ["x-debug"]}, module=RUNTIME
    ),
}

NOT_RUN = {
    "custom code": policy(
        "custom-code-inbound", "default", {"limit": 3, "key": "$env(CODE_KEY)"}, module="$import(./modules/check)"
    ),
    "custom code, outbound": policy("custom-code-outbound", "addHeaders", module="$import(./modules/after)"),
    "a policy of old": policy("code-policy", "default", {"sas": "$env(BLOB_SAS)"}, module="$import(./modules/archive)"),
    "rate limit": policy(
        "rate-limit-inbound",
        "RateLimitInboundPolicy",
        {"rateLimitBy": "ip", "requestsAllowed": 100, "timeWindowMinutes": 1},
        module=RUNTIME,
    ),
    "rate limit by a function": policy(
        "rate-limit-inbound",
        "RateLimitInboundPolicy",
        {
            "rateLimitBy": "function",
            "requestsAllowed": 10,
            "timeWindowMinutes": 1,
            "identifier": {"module": "$import(./modules/who)", "export": "who"},
        },
        module=RUNTIME,
    ),
    "complex rate limit": policy(
        "complex-rate-limit-inbound",
        "ComplexRateLimitInboundPolicy",
        {"rateLimitBy": "sub", "limits": {"compute": 10}, "timeWindowMinutes": 5},
        module=RUNTIME,
    ),
    "API keys of consumers": policy(
        "api-key-inbound",
        "ApiKeyInboundPolicy",
        {"allowUnauthenticatedRequests": False, "cacheTtlSeconds": 60, "bucketName": "$env(BUCKET)"},
        module=RUNTIME,
    ),
    "a JWT of one's own": policy(
        "open-id-jwt-auth-inbound",
        "OpenIdJwtInboundPolicy",
        {"issuer": "https://id.acme.example", "jwkUrl": "https://id.acme.example/keys", "audience": "api"},
        module=RUNTIME,
    ),
    "Auth0 without the gateway": policy(
        "auth0-jwt-auth-inbound",
        "Auth0JwtInboundPolicy",
        {"auth0Domain": "acme.eu.auth0.com", "oAuthResourceMetadataEnabled": True},
        module=RUNTIME,
    ),
    "an older OAuth policy": policy(
        "oauth-inbound", "Auth0JwtInboundPolicy", {"auth0Domain": "acme.eu.auth0.com"}, module=RUNTIME
    ),
    "headers on the way back": policy(
        "set-headers-outbound",
        "SetHeadersOutboundPolicy",
        {"headers": [{"name": "x-seen", "value": "1"}]},
        module=RUNTIME,
    ),
    "fewer headers on the way back": policy(
        "remove-headers-outbound", "RemoveHeadersOutboundPolicy", {"headers": ["server"]}, module=RUNTIME
    ),
    "validation": policy(
        "request-validation-inbound",
        "RequestValidationInboundPolicy",
        {"validateBody": "reject-and-log"},
        module=RUNTIME,
    ),
    "a size limit": policy(
        "request-size-limit-inbound", "RequestSizeLimitInboundPolicy", {"maxSizeInBytes": 10_000}, module=RUNTIME
    ),
    "secrets masked": policy(
        "secret-masking-outbound", "SecretMaskingOutboundPolicy", {"mask": "[gone]"}, module=RUNTIME
    ),
    "injection detection": policy(
        "prompt-injection-outbound",
        "PromptInjectionDetectionOutboundPolicy",
        {"apiKey": "$env(MODEL_KEY)", "strict": False},
        module=RUNTIME,
    ),
    "a mock": policy("mock-api-inbound", "MockApiInboundPolicy", {"random": False}, module=RUNTIME),
    "a query parameter": policy(
        "set-query-params-inbound",
        "SetQueryParamsInboundPolicy",
        {"params": [{"name": "t", "value": "$env(T)"}]},
        module=RUNTIME,
    ),
    "GraphQL of another package": policy(
        "graphql-complexity-limit-inbound",
        "GraphQLComplexityLimitInboundPolicy",
        {"useDepthLimit": {"depthLimit": 5}},
        module="$import(@zuplo/graphql)",
    ),
    "an audit log without options": policy("audit-log-inbound", "AuditLogsInboundPolicy", module=RUNTIME),
}
