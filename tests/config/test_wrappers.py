"""The eleven wrappers against the table of `gateway.md` §2, and the generic policy."""

from pathlib import Path
from typing import Any

import pytest

from tests.config.bench import codes, only, policy, read, write
from tests.config.providers import TABLE, WRONG, wrapper


@pytest.mark.parametrize(("provider", "export", "own", "urls"), TABLE)
def test_each_wrapper_derives_what_the_table_says(
    tmp_path: Path, provider: str, export: str, own: dict[str, Any], urls: tuple[str, str, str, str]
) -> None:
    full = {
        **own,
        "scope": "openid",
        "gateway": {"accessTokenTtlSeconds": 60, "cimdEnabled": False, "refreshTokenTtlSeconds": 600},
        "browserLoginOverrides": {
            "remoteTimeoutMs": 301,
            "sessionTtlSeconds": 2,
            "stateTtlSeconds": 31,
            "pkce": "S256",
        },
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
    assert [each.total_seconds() for each in seconds] == [0.301, 2, 31, 60]
    assert not found.tokens.cimd_enabled


@pytest.mark.parametrize(("provider", "export", "own", "code", "right"), WRONG)
def test_each_wrong_shape_shows_the_right_one(
    tmp_path: Path, provider: str, export: str, own: dict[str, Any], code: str, right: str
) -> None:
    loaded = read(write(tmp_path, [wrapper(provider, export, own)]))

    assert codes(loaded) == [code]
    assert right in loaded.findings[0].fix
    assert loaded.project is None


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
