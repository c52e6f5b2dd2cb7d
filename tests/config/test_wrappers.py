"""The eleven wrappers against the table of `gateway.md` §2, and each wrong shape with the value to write instead."""

from pathlib import Path
from typing import Any

import pytest

from tests.config.bench import CLIENT_ID, codes, only, policy, read, workos_options, write

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


@pytest.mark.parametrize(("provider", "export", "own", "urls"), TABLE)
def test_each_wrapper_derives_what_the_table_says(
    tmp_path: Path, provider: str, export: str, own: dict[str, Any], urls: tuple[str, str, str, str]
) -> None:
    full = {
        **own,
        "scope": "openid",
        "gateway": {"accessTokenTtlSeconds": 60, "cimdEnabled": False, "refreshTokenTtlSeconds": 600},
        "browserLoginOverrides": {"remoteTimeoutMs": 1, "sessionTtlSeconds": 2, "stateTtlSeconds": 3, "pkce": "S256"},
    }
    loaded = read(write(tmp_path, [wrapper(provider, export, full)]))

    assert loaded.findings == ()
    assert loaded.project is not None
    found = loaded.project.oauth
    assert found is not None
    assert found.oidc is not None
    assert (found.oidc.issuer, found.oidc.jwks_url, found.login.url, found.login.token_url) == urls
    assert found.provider == provider
    assert (found.login.audience, found.oidc.audience) == (own.get("audience"), own.get("audience"))
    assert (found.login.client_id, found.login.scope, found.login.pkce) == (
        own.get("clientId", "an-id"),
        "openid",
        "S256",
    )
    seconds = [
        found.login.remote_timeout,
        found.login.session_ttl,
        found.login.state_ttl,
        found.tokens.access_token_ttl,
    ]
    assert [each.total_seconds() for each in seconds] == [0.001, 2, 3, 60]
    assert not found.tokens.cimd_enabled


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


@pytest.mark.parametrize(("provider", "export", "own", "code", "right"), WRONG)
def test_each_wrong_shape_shows_the_right_one(
    tmp_path: Path, provider: str, export: str, own: dict[str, Any], code: str, right: str
) -> None:
    loaded = read(write(tmp_path, [wrapper(provider, export, own)]))

    assert codes(loaded) == [code]
    assert right in loaded.findings[0].fix
    assert loaded.project is None


@pytest.mark.parametrize(
    ("value", "code", "right"),
    [
        (f"https://api.workos.com/user_management/{CLIENT_ID}", "workos-client-id-url", CLIENT_ID),
        ("https://acme.authkit.app", "workos-client-id-url", "Client ID"),
        ("api.workos.com", "workos-client-id-host", "Client ID"),
        (f"api.workos.com/user_management/{CLIENT_ID}", "workos-client-id-host", CLIENT_ID),
        ("acme.authkit.app", "workos-client-id-host", "Client ID"),
        ("sk_test_1234567890abcdef", "workos-client-id-is-key", "clientSecret"),
        ("pk_live_1234567890abcdef", "workos-client-id-is-key", "clientSecret"),
        ("01KC6057N3C66XJAXZ65YHAC72", "workos-client-id-prefix", CLIENT_ID),
        ("org_01H945H0YD4F97JN9MATX7BYAG", "workos-client-id-other", "Client ID"),
        ("${WORKOS_CLIENT_ID}", "workos-client-id-placeholder", "$env(WORKOS_CLIENT_ID)"),
        ("<your client id>", "workos-client-id-placeholder", "$env(WORKOS_CLIENT_ID)"),
        ("your-client-id", "workos-client-id-placeholder", "$env(WORKOS_CLIENT_ID)"),
        (f'"{CLIENT_ID}"', "workos-client-id-quoted", CLIENT_ID),
        (f" {CLIENT_ID}", "workos-client-id-quoted", CLIENT_ID),
        ("client-01KC6057N3C66XJAXZ65YHAC72", "workos-client-id-shape", "client_01"),
        ("hello", "workos-client-id-prefix", "client_01"),
        ("", "workos-client-id-prefix", "client_01"),
    ],
)
def test_the_mistakes_with_a_workos_client_id_are_told_apart(tmp_path: Path, value: str, code: str, right: str) -> None:
    """Issue 2, point 2."""
    loaded = read(write(tmp_path, [policy(workos_options(clientId=value))]))
    found = only(loaded, code)

    assert found.pointer.endswith("/clientId")
    assert right in found.fix
    assert "1234567890abcdef" not in str(found)


@pytest.mark.parametrize(
    "value", ["client_123456789", "client_01HXYZ123456789ABCDEFGHJK", "project_01GS91XFB2YPR1C0NR5SH758Q0"]
)
def test_the_ids_of_documentations_and_legacy_ones_are_never_refused(tmp_path: Path, value: str) -> None:
    """`workos.md` §9: warn, never refuse."""
    loaded = read(write(tmp_path, [policy(workos_options(clientId=value))]))

    assert loaded.project is not None
    assert loaded.findings == ()


def test_a_letter_that_no_ulid_has_is_a_warning_with_its_position(tmp_path: Path) -> None:
    """`workos.md` §9: the O/0 trap is real."""
    loaded = read(write(tmp_path, [policy(workos_options(clientId="client_O1KC6057N3C66XJAXZ65YHAC7L"))]))

    assert [each.code for each in loaded.findings] == ["workos-client-id-letter"] * 2
    assert "Character 8" in loaded.findings[0].message
    assert "letter O" in loaded.findings[0].message
    assert "it is 0" in loaded.findings[0].fix
    assert "Character 33" in loaded.findings[1].message
    assert loaded.project is not None


@pytest.mark.parametrize(
    ("secret", "code"),
    [
        ("pk_test_12345678", "workos-secret-publishable"),
        (CLIENT_ID, "workos-secret-is-client-id"),
        ("hunter2hunter2", "workos-secret-shape"),
    ],
)
def test_a_secret_that_is_no_api_key_is_a_warning(tmp_path: Path, secret: str, code: str) -> None:
    loaded = read(write(tmp_path), {"WORKOS_CLIENT_ID": CLIENT_ID, "WORKOS_CLIENT_SECRET": secret})

    assert codes(loaded) == [code]
    assert secret not in str(loaded.findings)


GENERIC = {
    "oidc": {"issuer": "https://id.example.com", "jwksUrl": "https://id.example.com/jwks", "audience": "api"},
    "browserLogin": {
        "url": "https://id.example.com/authorize",
        "tokenUrl": "https://id.example.com/token",
        "clientId": "an-id",
        "clientSecret": "$env(WORKOS_CLIENT_SECRET)",
        "audience": "api",
    },
}


def generic(options: Any) -> dict[str, Any]:
    return policy(options, "mcp-oauth-inbound", "McpOAuthInboundPolicy")


def test_the_generic_policy_is_taken_as_it_stands(tmp_path: Path) -> None:
    id_jag = {
        "enabled": True,
        "trustedIssuers": [{"issuer": "https://i.example.com", "jwksUrl": "https://i.example.com/k"}],
    }
    loaded = read(write(tmp_path, [generic({**GENERIC, "idJag": id_jag})]))

    assert loaded.findings == ()
    assert loaded.project is not None
    found = loaded.project.oauth
    assert found is not None
    assert found.provider == "oidc"
    assert found.oidc is not None
    assert (found.oidc.issuer, found.oidc.audience, found.login.audience) == ("https://id.example.com", "api", "api")
    assert found.id_jag.enabled
    assert found.id_jag.trusted_issuers[0].subject_claim == "sub"


def test_what_a_provider_needs_is_asked_for(tmp_path: Path) -> None:
    loaded = read(write(tmp_path, [generic({"browserLogin": {"url": "https://id.example.com/authorize"}})]))

    found = only(loaded, "missing-option")
    assert all(name in found.message for name in ("`oidc`", "tokenUrl", "clientId", "clientSecret"))


def test_the_login_without_a_provider_needs_nothing_but_loopback(tmp_path: Path) -> None:
    url = "http://localhost:9000/oauth/dev-login"
    loaded = read(write(tmp_path, [generic({"browserLogin": {"url": url}})]))

    assert loaded.findings == ()
    assert loaded.project is not None
    assert loaded.project.oauth is not None
    assert loaded.project.oauth.provider == "dev-login"
    assert loaded.project.oauth.oidc is None

    away = url.replace("localhost:9000", "gateway.example.com")
    loaded = read(write(tmp_path, [generic({"browserLogin": {"url": away}})]))
    assert codes(loaded) == ["dev-login-not-loopback"]
