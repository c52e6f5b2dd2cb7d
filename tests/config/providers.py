"""The table of `gateway.md` §2 as data, and each wrong shape with what the advice must show."""

from typing import Any

from tests.config.bench import CLIENT_ID, policy

UUID = "11111111-1111-4111-8111-111111111111"
COMMON = {"clientId": "an-id", "clientSecret": "$env(WORKOS_CLIENT_SECRET)"}

TABLE: list[tuple[str, str, dict[str, Any], tuple[str, str, str, str]]] = [
    (
        "workos",
        "Workos",
        {"clientId": CLIENT_ID},
        (
            f"https://api.workos.com/user_management/{CLIENT_ID}",
            f"https://api.workos.com/sso/jwks/{CLIENT_ID}",
            "https://api.workos.com/user_management/authorize",
            "https://api.workos.com/user_management/authenticate",
        ),
    ),
    (
        "auth0",
        "Auth0",
        {"auth0Domain": "my-tenant.us.auth0.com", "audience": "https://gateway.example.com"},
        (
            "https://my-tenant.us.auth0.com/",
            "https://my-tenant.us.auth0.com/.well-known/jwks.json",
            "https://my-tenant.us.auth0.com/authorize",
            "https://my-tenant.us.auth0.com/oauth/token",
        ),
    ),
    (
        "okta",
        "Okta",
        {"oktaDomain": "dev-1.okta.com"},
        (
            "https://dev-1.okta.com",
            "https://dev-1.okta.com/oauth2/v1/keys",
            "https://dev-1.okta.com/oauth2/v1/authorize",
            "https://dev-1.okta.com/oauth2/v1/token",
        ),
    ),
    (
        "okta",
        "Okta",
        {"oktaDomain": "dev-1.okta.com", "authorizationServerId": "default"},
        (
            "https://dev-1.okta.com/oauth2/default",
            "https://dev-1.okta.com/oauth2/default/v1/keys",
            "https://dev-1.okta.com/oauth2/default/v1/authorize",
            "https://dev-1.okta.com/oauth2/default/v1/token",
        ),
    ),
    (
        "entra",
        "Entra",
        {"tenantId": UUID},
        (
            f"https://login.microsoftonline.com/{UUID}/v2.0",
            f"https://login.microsoftonline.com/{UUID}/discovery/v2.0/keys",
            f"https://login.microsoftonline.com/{UUID}/oauth2/v2.0/authorize",
            f"https://login.microsoftonline.com/{UUID}/oauth2/v2.0/token",
        ),
    ),
    (
        "google",
        "Google",
        {},
        (
            "https://accounts.google.com",
            "https://www.googleapis.com/oauth2/v3/certs",
            "https://accounts.google.com/o/oauth2/v2/auth",
            "https://oauth2.googleapis.com/token",
        ),
    ),
    (
        "cognito",
        "Cognito",
        {
            "awsRegion": "us-east-1",
            "userPoolId": "us-east-1_AbCdEf123",
            "userPoolDomain": "acme.auth.us-east-1.amazoncognito.com",
        },
        (
            "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEf123",
            "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEf123/.well-known/jwks.json",
            "https://acme.auth.us-east-1.amazoncognito.com/oauth2/authorize",
            "https://acme.auth.us-east-1.amazoncognito.com/oauth2/token",
        ),
    ),
    (
        "keycloak",
        "Keycloak",
        {"keycloakBaseUrl": "https://id.example.com/auth/", "realm": "acme"},
        (
            "https://id.example.com/auth/realms/acme",
            "https://id.example.com/auth/realms/acme/protocol/openid-connect/certs",
            "https://id.example.com/auth/realms/acme/protocol/openid-connect/auth",
            "https://id.example.com/auth/realms/acme/protocol/openid-connect/token",
        ),
    ),
    (
        "clerk",
        "Clerk",
        {"frontendApiUrl": "https://calm-fox-1.clerk.accounts.dev"},
        (
            "https://calm-fox-1.clerk.accounts.dev",
            "https://calm-fox-1.clerk.accounts.dev/.well-known/jwks.json",
            "https://calm-fox-1.clerk.accounts.dev/oauth/authorize",
            "https://calm-fox-1.clerk.accounts.dev/oauth/token",
        ),
    ),
    (
        "logto",
        "Logto",
        {"logtoEndpoint": "https://acme.logto.app"},
        (
            "https://acme.logto.app/oidc",
            "https://acme.logto.app/oidc/jwks",
            "https://acme.logto.app/oidc/auth",
            "https://acme.logto.app/oidc/token",
        ),
    ),
    (
        "onelogin",
        "OneLogin",
        {"oneLoginSubdomain": "acme"},
        (
            "https://acme.onelogin.com/oidc/2",
            "https://acme.onelogin.com/oidc/2/certs",
            "https://acme.onelogin.com/oidc/2/auth",
            "https://acme.onelogin.com/oidc/2/token",
        ),
    ),
    *[
        (
            "ping",
            "Ping",
            {"environmentId": UUID, "region": region},
            (
                f"https://auth.pingone.{domain}/{UUID}/as",
                f"https://auth.pingone.{domain}/{UUID}/as/jwks",
                f"https://auth.pingone.{domain}/{UUID}/as/authorize",
                f"https://auth.pingone.{domain}/{UUID}/as/token",
            ),
        )
        for region, domain in {
            "north-america": "com",
            "canada": "ca",
            "europe": "eu",
            "singapore": "sg",
            "australia": "com.au",
            "asia-pacific": "asia",
        }.items()
    ],
    (
        "ping",
        "Ping",
        {"environmentId": UUID, "region": "europe", "customDomain": "login.example.com"},
        (
            "https://login.example.com/as",
            "https://login.example.com/as/jwks",
            "https://login.example.com/as/authorize",
            "https://login.example.com/as/token",
        ),
    ),
]


def wrapper(provider: str, export: str, own: dict[str, Any]) -> dict[str, Any]:
    return policy({**COMMON, **own}, f"mcp-{provider}-oauth-inbound", f"Mcp{export}OAuthInboundPolicy")


WRONG: list[tuple[str, str, dict[str, Any], str, str]] = [
    ("auth0", "Auth0", {"auth0Domain": "https://t.us.auth0.com/"}, "bare-host", '"t.us.auth0.com"'),
    ("auth0", "Auth0", {"auth0Domain": "tenant"}, "bare-host", "tenant.example.com"),
    ("auth0", "Auth0", {"auth0Domain": "t.us.auth0.com/authorize"}, "bare-host", '"t.us.auth0.com"'),
    ("auth0", "Auth0", {"auth0Domain": "t.us.auth0.com:443"}, "bare-host", '"t.us.auth0.com"'),
    ("okta", "Okta", {"oktaDomain": "https://dev-1.okta.com"}, "bare-host", '"dev-1.okta.com"'),
    ("okta", "Okta", {"oktaDomain": "dev-1-admin.okta.com"}, "okta-admin-domain", '"dev-1.okta.com"'),
    (
        "okta",
        "Okta",
        {"oktaDomain": "a.okta.com", "authorizationServerId": "https://a.okta.com/oauth2/aus1"},
        "plain-id",
        '"aus1"',
    ),
    ("entra", "Entra", {"tenantId": "common"}, "entra-tenant", "UUID"),
    ("entra", "Entra", {"tenantId": "contoso.onmicrosoft.com"}, "uuid", "UUID"),
    ("entra", "Entra", {"tenantId": f"https://login.microsoftonline.com/{UUID}/v2.0"}, "uuid", f'"{UUID}"'),
    ("google", "Google", {"domain": "x"}, "unknown-option", "Known here"),
    (
        "cognito",
        "Cognito",
        {"awsRegion": "Virginia", "userPoolId": "us-east-1_A", "userPoolDomain": "a.example.com"},
        "aws-region",
        "us-east-1",
    ),
    (
        "cognito",
        "Cognito",
        {"awsRegion": "us-east-1", "userPoolId": "AbC", "userPoolDomain": "a.example.com"},
        "cognito-user-pool-id",
        "us-east-1_",
    ),
    (
        "cognito",
        "Cognito",
        {"awsRegion": "eu-west-1", "userPoolId": "us-east-1_A", "userPoolDomain": "a.example.com"},
        "cognito-region",
        '"us-east-1"',
    ),
    (
        "cognito",
        "Cognito",
        {"awsRegion": "us-east-1", "userPoolId": "us-east-1_A", "userPoolDomain": "acme"},
        "bare-host",
        "acme.auth.",
    ),
    (
        "keycloak",
        "Keycloak",
        {"keycloakBaseUrl": "https://id.example.com/realms/acme", "realm": "acme"},
        "keycloak-base-url",
        '"https://id.example.com"',
    ),
    ("keycloak", "Keycloak", {"keycloakBaseUrl": "id.example.com", "realm": "acme"}, "url", '"https://id.example.com"'),
    (
        "keycloak",
        "Keycloak",
        {"keycloakBaseUrl": "http://id.example.com", "realm": "acme"},
        "url-not-https",
        '"https://id.example.com"',
    ),
    (
        "keycloak",
        "Keycloak",
        {"keycloakBaseUrl": "https://id.example.com", "realm": "/realms/acme"},
        "keycloak-realm",
        '"acme"',
    ),
    ("clerk", "Clerk", {"frontendApiUrl": "a.clerk.accounts.dev"}, "origin", '"https://a.clerk.accounts.dev"'),
    (
        "clerk",
        "Clerk",
        {"frontendApiUrl": "https://a.clerk.accounts.dev/v1"},
        "origin",
        '"https://a.clerk.accounts.dev"',
    ),
    ("logto", "Logto", {"logtoEndpoint": "https://acme.logto.app/oidc"}, "logto-endpoint", '"https://acme.logto.app"'),
    ("onelogin", "OneLogin", {"oneLoginSubdomain": "acme.onelogin.com"}, "onelogin-subdomain", '"acme"'),
    ("onelogin", "OneLogin", {"oneLoginSubdomain": "https://acme.onelogin.com"}, "onelogin-subdomain", '"acme"'),
    ("ping", "Ping", {}, "missing-option", "customDomain"),
    ("ping", "Ping", {"environmentId": "abc"}, "uuid", "UUID"),
    ("ping", "Ping", {"environmentId": UUID, "region": "eu"}, "wrong-choice", "europe"),
    ("ping", "Ping", {"customDomain": "https://login.example.com"}, "bare-host", '"login.example.com"'),
]
