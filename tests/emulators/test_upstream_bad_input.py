"""No query, no body and no header makes the sample upstream with OAuth answer 5xx."""

import httpx2
import pytest

from devgw.emulators.upstream_auth import UpstreamWithOAuth
from tests.emulators.upstream_flow import CALLBACK, UpstreamClient

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/json"}
BODIES = [b"", b"\xff\xfe", b"null", b"[]", b"[1,2]", b'"x"', b"{", b"a=1&a=2", b"%zz=%", b"\x00" * 10, b"[" * 50_000]


@pytest.mark.parametrize("path", ["/register", "/token", "/revoke", "/authorize", "/__emulator/faults", "/mcp"])
@pytest.mark.parametrize("headers", [FORM, JSON, {"Content-Type": "text/plain"}, {"Content-Type": ";;=,\x7f"}])
async def test_no_body_breaks_an_endpoint(client: UpstreamClient, path: str, headers: dict[str, str]) -> None:
    for body in BODIES:
        answer = await client.http.post(f"{client.origin}{path}", content=body, headers=headers)
        assert answer.status_code < 500, (body[:20], answer.text)


@pytest.mark.parametrize(
    "metadata",
    [
        {"redirect_uris": [1]},
        {"redirect_uris": {"a": 1}},
        {"redirect_uris": ["http://[::1"]},
        {"redirect_uris": ["http://localhost:99999/cb"]},
        {"redirect_uris": [CALLBACK], "token_endpoint_auth_method": ["none"]},
        {"redirect_uris": [CALLBACK], "token_endpoint_auth_method": {}},
        {"redirect_uris": [CALLBACK], "client_name": {"a": "b"}},
    ],
)
async def test_no_metadata_breaks_registration(client: UpstreamClient, metadata: dict[str, object]) -> None:
    assert (await client.register(**metadata)).status_code < 500


@pytest.mark.parametrize(
    "value", ["", "\x00", "http://[::1", "http://localhost:x/cb", "é", "a" * 5000, "javascript:x", "//"]
)
@pytest.mark.parametrize("name", ["client_id", "redirect_uri", "scope", "state", "resource", "code_challenge"])
async def test_no_parameter_breaks_the_authorization_endpoint(client: UpstreamClient, name: str, value: str) -> None:
    await client.register()
    answer = await client.http.get(client.authorize_url(**{name: value}))

    assert answer.status_code < 500
    if name in {"client_id", "redirect_uri"}:
        assert answer.status_code == 400


@pytest.mark.parametrize("value", ["Basic", "Basic !!!", "Basic gA==", "Bearer x", "Basic Og==", "\x80"])
async def test_no_authorization_breaks_an_endpoint(
    client: UpstreamClient, upstream: UpstreamWithOAuth, value: str
) -> None:
    headers = httpx2.Headers([(b"authorization", value.encode("latin-1"))])
    form = {"grant_type": "refresh_token", "refresh_token": "x"}
    token = await client.http.post(f"{client.origin}/token", data=form, headers=headers)
    tools = await client.http.post(client.resource, json={}, headers=headers)

    assert (token.status_code, token.json()["error"]) == (401, "invalid_client")
    assert tools.status_code == 401
