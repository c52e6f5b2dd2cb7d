"""What loads and signs nobody in: placeholders for credentials, issuers that no token names, no OpenAPI 3."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.config.bench import CLIENT_ID, codes, exchange, headers, only, operation, policy, read, workos_options, write

OKTA = ("mcp-okta-oauth-inbound", "McpOktaOAuthInboundPolicy")
GENERIC = ("mcp-oauth-inbound", "McpOAuthInboundPolicy")
SECRET = "sk_test_1234567890abcdef"


def okta(**changed: str) -> dict[str, Any]:
    return policy({"oktaDomain": "dev-1.okta.com", "clientId": "0oa1b2c3", "clientSecret": "s3cr3t-1"} | changed, *OKTA)


def generic(issuer: str = "https://idp.example", **login: str) -> dict[str, Any]:
    urls = {"url": "https://idp.example/authorize", "tokenUrl": "https://idp.example/token"}
    given = urls | {"clientId": "gateway", "clientSecret": "s3cr3t-1"} | login
    return policy({"oidc": {"issuer": issuer, "jwksUrl": "https://idp.example/jwks"}, "browserLogin": given}, *GENERIC)


PLACEHOLDERS = [
    "<client id>",
    "YOUR_CLIENT_ID",
    "your-client-secret",
    "xxx",
    "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx",
    "00000000-0000-0000-0000-000000000000",
    "client_id",
    "OKTA_CLIENT_SECRET",
    "[client id]",
    "{clientId}",
    "...",
    "changeme",
    "insert-the-secret",
    "TODO",
    "undefined",
]


@pytest.mark.parametrize("value", PLACEHOLDERS)
@pytest.mark.parametrize("name", ["clientId", "clientSecret"])
def test_a_placeholder_for_a_credential_is_found_in_every_policy(tmp_path: Path, name: str, value: str) -> None:
    for listed in (okta(**{name: value}), generic(**{name: value})):
        finding = only(read(write(tmp_path, [listed])), "credential-placeholder")
        assert f"`{name}` reads like a placeholder" in finding.message
        assert (value in finding.message) == (name == "clientId"), "no secret is shown, be it one or not"
        assert "Copy it from the settings" in finding.fix


@pytest.mark.parametrize("value", ["Bearer <token>", "YOUR_API_KEY", "Bearer xxx", "api-key", "changeme", "Bearer ..."])
def test_a_placeholder_for_the_key_of_an_upstream_is_found(tmp_path: Path, value: str) -> None:
    key = policy({"value": value}, "set-upstream-api-key-inbound", "SetUpstreamApiKeyInboundPolicy", "key")
    for more in (key, headers([{"name": "Authorization", "value": value}])):
        finding = only(read(write(tmp_path, [okta(), more])), "credential-placeholder")
        assert value not in finding.message


@pytest.mark.parametrize("value", ["Bearer k3y-0f-0urs", "s3cr3t", "test", "abc-def"])
def test_a_key_that_may_be_one_is_not_doubted(tmp_path: Path, value: str) -> None:
    listed = headers([{"name": "Authorization", "value": value}, {"name": "X-Tenant", "value": "example"}])
    assert "credential-placeholder" not in codes(read(write(tmp_path, [okta(), listed])))


@pytest.mark.parametrize("name", ["clientId", "clientSecret"])
def test_a_placeholder_for_a_client_that_was_made_by_hand_is_found(tmp_path: Path, name: str) -> None:
    manual = {"mode": "manual", "clientId": "0oa1", "clientSecret": "s3cr3t-1"} | {name: "<paste it here>"}
    loaded = read(write(tmp_path, [okta(), exchange(clientRegistration=manual)]))
    assert f"/{name}" in only(loaded, "credential-placeholder").pointer


@pytest.mark.parametrize("value", ["0oa1b2c3d4", "gateway", "test", "secret", "my.app", "an-id", "mcp-gateway", "x1"])
def test_a_name_that_a_client_may_have_is_no_placeholder(tmp_path: Path, value: str) -> None:
    for listed in (okta(clientId=value, clientSecret=value), generic(clientId=value, clientSecret=value)):
        assert codes(read(write(tmp_path, [listed]))) in ([], ["literal-secret"])


@pytest.mark.parametrize("value", ["client_abc", "client_123", "client_test"])
def test_a_client_id_of_workos_that_is_far_too_short_is_doubted(tmp_path: Path, value: str) -> None:
    finding = only(
        read(write(tmp_path, [policy(workos_options(clientId=value, clientSecret=SECRET))])), "workos-client-id-length"
    )
    assert f"{len(value) - 7} characters after `client_`" in finding.message


@pytest.mark.parametrize("value", ["sk_test_xxx", "<your api key>", "YOUR_API_KEY", "changeme"])
def test_a_placeholder_for_the_key_of_workos_is_called_one(tmp_path: Path, value: str) -> None:
    loaded = read(write(tmp_path, [policy(workos_options(clientId=CLIENT_ID, clientSecret=value))]))
    finding = only(loaded, "workos-secret-placeholder")
    assert value not in finding.message


UUID = "7f1c2d3e-1111-4111-8111-111111111111"
MS = "https://login.microsoftonline.com"


@pytest.mark.parametrize(
    ("issuer", "right"),
    [
        ("https://idp.example/authorize", "https://idp.example"),
        ("https://idp.example/oauth2/token", "https://idp.example"),
        ("https://idp.example/.well-known/jwks.json", "https://idp.example"),
        ("https://kc.example/realms/x/protocol/openid-connect", "https://kc.example/realms/x"),
        ("https://kc.example/realms/x/protocol/openid-connect/auth", "https://kc.example/realms/x"),
        ("https://kc.example/realms/x/", "https://kc.example/realms/x"),
        ("https://me.eu.auth0.com", "https://me.eu.auth0.com/"),
        ("https://dev-1.okta.com/", "https://dev-1.okta.com"),
        ("https://dev-1.okta.com/oauth2/default/", "https://dev-1.okta.com/oauth2/default"),
        ("https://dev-1.okta.com/oauth2/default/v1/authorize", "https://dev-1.okta.com/oauth2/default"),
        ("https://accounts.google.com/", "https://accounts.google.com"),
        (f"{MS}/common/v2.0", f"{MS}/<tenant id>/v2.0"),
        (f"{MS}/organizations", f"{MS}/<tenant id>/v2.0"),
        (f"{MS}/{UUID}", f"{MS}/{UUID}/v2.0"),
        (f"{MS}/{UUID}/v2.0/", f"{MS}/{UUID}/v2.0"),
        (f"{MS}/{UUID}/oauth2/v2.0/token", f"{MS}/{UUID}"),
    ],
)
def test_an_issuer_that_no_token_will_name_is_found_with_what_to_write(tmp_path: Path, issuer: str, right: str) -> None:
    finding = only(read(write(tmp_path, [generic(issuer)])), "issuer-doubtful")
    assert f'"{right}"' in finding.fix


@pytest.mark.parametrize("template", ["{tenantid}", "{tenant_id}", "{realm}"])
def test_an_issuer_that_is_a_template_is_refused_with_what_belongs_there(tmp_path: Path, template: str) -> None:
    loaded = read(write(tmp_path, [generic(f"{MS}/{template}/v2.0")]))
    finding = only(loaded, "issuer-template")
    assert template in finding.message
    assert "Directory (tenant) ID" in finding.fix
    assert loaded.project is None


@pytest.mark.parametrize(
    "issuer",
    [
        "https://idp.example",
        "https://idp.example/",
        "https://idp.example/tenant/",
        "https://me.eu.auth0.com/",
        "https://dev-1.okta.com/oauth2/default",
        "https://kc.example/realms/x",
        "https://accounts.google.com",
        f"{MS}/{UUID}/v2.0",
        "https://idp.example/oauth2",
        "https://idp.example/oidc",
        "http://localhost:8080/realms/dev",
    ],
)
def test_an_issuer_as_providers_write_it_is_not_doubted(tmp_path: Path, issuer: str) -> None:
    assert codes(read(write(tmp_path, [generic(issuer)]))) == ["literal-secret"]


@pytest.mark.parametrize("url", ["http://idp.example", "http://10.0.0.5:8080/realms/x", "http://idp.localhost.example"])
def test_a_provider_in_plain_http_beyond_this_machine_is_an_error(tmp_path: Path, url: str) -> None:
    for listed in (generic(url), generic(url=f"{url}/authorize"), generic(tokenUrl=f"{url}/token")):
        loaded = read(write(tmp_path, [listed]))
        assert only(loaded, "url-not-https").fix.startswith('Write "https://')
        assert loaded.project is None


PATHS = {"/mcp/linear": {"post": operation()}}


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"openapi": "2.0"}, '"2.0"'),
        ({"openapi": "3"}, '"3"'),
        ({"openapi": "4.0.0"}, '"4.0.0"'),
        ({"openapi": 3.1}, "a number"),
        ({"openapi": None}, "null"),
        ({"openapi": ""}, '""'),
        ({"swagger": "2.0"}, "does not say which OpenAPI"),
        ({}, "does not say which OpenAPI"),
    ],
)
def test_a_document_that_is_no_openapi_3_is_found_and_served_all_the_same(
    tmp_path: Path, members: dict[str, Any], words: str
) -> None:
    loaded = read(write(tmp_path, [generic()], routes_text=json.dumps(members | {"paths": {}})))
    finding = only(loaded, "openapi-version")
    assert words in finding.message
    assert "3.1.0" in finding.fix
    assert loaded.project is not None


@pytest.mark.parametrize("version", ["3.0.0", "3.0.3", "3.1.0", "3.1.1", "3.2.0"])
def test_any_openapi_3_is_as_good(tmp_path: Path, version: str) -> None:
    loaded = read(write(tmp_path, [generic()], routes_text=json.dumps({"openapi": version, "paths": {}})))
    assert "openapi-version" not in codes(loaded)
