"""The faults of the sample upstream's OAuth side: each is seen on the wire, and gone when it is cleared."""

from typing import Any
from urllib.parse import parse_qsl

import httpx2
import pytest

from devgw.emulators.upstream_auth import SampleFault, UpstreamWithOAuth
from devgw.emulators.upstream_auth.metadata import ODD_PRM_PATH
from tests.emulators.upstream_flow import UpstreamClient

PRM = "/.well-known/oauth-protected-resource"
AS = "/.well-known/oauth-authorization-server"
OIDC = "/.well-known/openid-configuration"


async def challenge_of(client: UpstreamClient) -> str | None:
    refused = await client.call(None)
    assert refused.status_code == 401
    challenge: str | None = refused.headers.get("WWW-Authenticate")
    return challenge


async def get(client: UpstreamClient, path: str) -> httpx2.Response:
    return await client.http.get(f"{client.origin}{path}")


async def statuses(client: UpstreamClient, *paths: str) -> list[int]:
    return [(await get(client, path)).status_code for path in paths]


@pytest.mark.parametrize(
    ("fault", "challenge_says", "found_at"),
    [
        (None, f"{PRM}/mcp", [200, 200, 404]),
        (SampleFault.PRM_ELSEWHERE, ODD_PRM_PATH, [404, 404, 200]),
        (SampleFault.PRM_AT_ROOT, None, [404, 200, 404]),
        (SampleFault.PRM_NOWHERE, None, [404, 404, 404]),
    ],
)
async def test_where_the_resource_metadata_is(
    upstream: UpstreamWithOAuth,
    client: UpstreamClient,
    fault: SampleFault | None,
    challenge_says: str | None,
    found_at: list[int],
) -> None:
    """UPST-05, DISC-09."""
    if fault:
        upstream.faults.set(fault)
    challenge = await challenge_of(client) or ""

    assert ("resource_metadata" in challenge) is (challenge_says is not None)
    assert f'"{client.origin}{challenge_says}"' in challenge or challenge_says is None
    assert await statuses(client, f"{PRM}/mcp", PRM, ODD_PRM_PATH) == found_at


async def test_what_the_resource_metadata_says(upstream: UpstreamWithOAuth, client: UpstreamClient) -> None:
    upstream.faults.set(SampleFault.PRM_WRONG_RESOURCE)
    assert (await get(client, PRM)).json()["resource"] == f"{client.origin}/another-mcp"
    upstream.faults.set(SampleFault.PRM_WITHOUT_SCOPES)
    assert "scopes_supported" not in (await get(client, PRM)).json()
    assert "scope=" not in (await challenge_of(client) or "")
    upstream.faults.set(SampleFault.PRM_HTML, times=1)
    assert (await get(client, PRM)).headers["Content-Type"].startswith("text/html")
    assert (await get(client, PRM)).headers["Content-Type"] == "application/json"


async def test_what_the_challenge_says(upstream: UpstreamWithOAuth, client: UpstreamClient) -> None:
    upstream.faults.set(SampleFault.CHALLENGE_READ_ONLY)
    assert 'scope="notes:read"' in (await challenge_of(client) or "")
    upstream.faults.set(SampleFault.CHALLENGE_MISSING)
    assert await challenge_of(client) is None


@pytest.mark.parametrize(
    ("fault", "found"),
    [(None, [200, 200]), (SampleFault.OIDC_ONLY, [404, 200]), (SampleFault.METADATA_NOWHERE, [404, 404])],
)
async def test_where_the_server_metadata_is(
    upstream: UpstreamWithOAuth, client: UpstreamClient, fault: SampleFault | None, found: list[int]
) -> None:
    """DISC-04."""
    if fault:
        upstream.faults.set(fault)

    assert await statuses(client, AS, OIDC) == found


@pytest.mark.parametrize(
    ("fault", "member", "expected"),
    [
        (SampleFault.WRONG_ISSUER, "issuer", "https://login.another-upstream.example"),
        (SampleFault.ISSUER_SLASH, "issuer", "{origin}/"),
        (SampleFault.NO_S256, "code_challenge_methods_supported", None),
        (SampleFault.PLAIN_ONLY, "code_challenge_methods_supported", ["plain"]),
        (SampleFault.NO_CIMD, "client_id_metadata_document_supported", False),
        (SampleFault.NO_REGISTRATION, "registration_endpoint", None),
        (SampleFault.NO_REGISTRATION, "client_id_metadata_document_supported", False),
    ],
)
async def test_what_the_server_metadata_says(
    upstream: UpstreamWithOAuth, client: UpstreamClient, fault: SampleFault, member: str, expected: Any
) -> None:
    """DISC-01, PKCE-01, REG-01."""
    wanted = expected.format(origin=client.origin) if isinstance(expected, str) else expected
    assert (await get(client, AS)).json()[member] != wanted
    upstream.faults.set(fault)

    assert (await get(client, AS)).json().get(member) == wanted


async def test_server_metadata_that_is_no_metadata(upstream: UpstreamWithOAuth, client: UpstreamClient) -> None:
    """DISC-05."""
    upstream.faults.set(SampleFault.METADATA_HTML, times=1)
    page = await get(client, AS)
    upstream.faults.set(SampleFault.METADATA_BROKEN, times=1)

    assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert await statuses(client, AS, AS) == [500, 200]


async def test_registration_that_does_not_work_out(upstream: UpstreamWithOAuth, client: UpstreamClient) -> None:
    upstream.faults.set(SampleFault.REGISTRATION_REFUSED, times=1)
    refused = await client.register()
    upstream.faults.set(SampleFault.REGISTRATION_WITH_SECRET, times=1)
    with_secret = await client.register()
    upstream.faults.set(SampleFault.NO_REGISTRATION)
    missing = await client.register()

    assert (refused.status_code, refused.headers["Content-Type"]) == (403, "text/html; charset=utf-8")
    assert with_secret.json()["token_endpoint_auth_method"] == "client_secret_basic"
    assert missing.status_code == 404


async def test_callbacks_that_miss_something(upstream: UpstreamWithOAuth, client: UpstreamClient) -> None:
    """DISC-07, DISC-08, SESS-01."""
    await client.register()
    for fault in (SampleFault.ISS_MISSING, SampleFault.ISS_WRONG, SampleFault.STATE_LOST):
        upstream.faults.set(fault, times=1)
    answer = await client.authorize()
    second = await client.authorize()

    assert answer.keys() == {"code"}
    assert second["iss"] == "https://login.another-upstream.example"
    assert second["state"] == "s-1"
    assert (await client.authorize())["iss"] == client.origin


async def test_token_answers_in_the_wrong_shape(upstream: UpstreamWithOAuth, client: UpstreamClient) -> None:
    await client.register()
    upstream.faults.set(SampleFault.TOKEN_HTML, times=1)
    page = await client.redeem("any")
    upstream.faults.set(SampleFault.TOKEN_UNAVAILABLE, times=1)
    unavailable = await client.redeem("any")
    upstream.faults.set(SampleFault.TOKEN_ERROR_200, times=1)
    refused = await client.redeem("any")
    upstream.faults.set(SampleFault.TOKEN_FORM_ENCODED, times=1)
    form = await client.redeem((await client.authorize())["code"])

    assert (page.status_code, page.headers["Content-Type"]) == (502, "text/html; charset=utf-8")
    assert (unavailable.status_code, unavailable.headers["Retry-After"]) == (503, "1")
    assert (refused.status_code, refused.json()["error"]) == (200, "invalid_grant")
    assert form.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert (await client.call(dict(parse_qsl(form.text))["access_token"])).status_code == 200


async def test_token_answers_that_miss_something(upstream: UpstreamWithOAuth, client: UpstreamClient) -> None:
    """REFR-02, UPST-04."""
    for fault in (SampleFault.TOKEN_WITHOUT_REFRESH, SampleFault.TOKEN_WITHOUT_EXPIRY, SampleFault.TOKEN_WITHOUT_TYPE):
        upstream.faults.set(fault, times=1)
    tokens = await client.connect()
    whole = await client.connect()

    assert tokens.keys() == {"access_token", "scope"}
    assert whole.keys() == {"access_token", "scope", "refresh_token", "expires_in", "token_type"}


async def test_a_lost_answer_has_rotated_all_the_same(upstream: UpstreamWithOAuth, client: UpstreamClient) -> None:
    """What makes a client need its retry, and a server its grace."""
    tokens = await client.connect()
    upstream.faults.set(SampleFault.TOKEN_ANSWER_LOST, times=1)
    with pytest.raises(httpx2.RemoteProtocolError):
        await client.refresh(tokens["refresh_token"])

    assert (await client.refresh(tokens["refresh_token"])).json()["error"] == "invalid_grant"


async def test_refreshes_that_do_not_rotate_or_do_not_work(upstream: UpstreamWithOAuth, client: UpstreamClient) -> None:
    """UPST-08."""
    tokens = await client.connect()
    upstream.faults.set(SampleFault.REFRESH_KEPT, times=1)
    kept = (await client.refresh(tokens["refresh_token"])).json()
    upstream.faults.set(SampleFault.REFRESH_REVOKED, times=1)
    revoked = (await client.refresh(tokens["refresh_token"])).json()

    assert "refresh_token" not in kept
    assert revoked["error"] == "invalid_grant"
    assert "refresh_token" in (await client.refresh(tokens["refresh_token"])).json()


async def test_faults_are_set_listed_and_cleared_over_http(upstream: UpstreamWithOAuth, client: UpstreamClient) -> None:
    url = f"{client.origin}/__emulator/faults"
    listed = (await client.http.post(url, json={"name": "no_s256", "times": 2})).json()
    unknown = await client.http.post(url, json={"name": "no_such"})
    forged = await client.http.post(url, content=b'{"name": "no_s256"}', headers={"Content-Type": "text/plain"})
    assert upstream.faults.is_set(SampleFault.NO_S256)
    await client.http.delete(url)

    assert {entry["name"] for entry in listed} == {fault.value for fault in SampleFault}
    assert [entry["name"] for entry in listed if entry["set"]] == ["no_s256"]
    assert all(entry["meaning"] for entry in listed)
    assert (unknown.status_code, forged.status_code) == (400, 415)
    assert "mcp_gzip" in unknown.json()["known"]
    assert not upstream.faults.is_set(SampleFault.NO_S256)


async def test_a_person_takes_the_connection_back(client: UpstreamClient) -> None:
    """UPST-08: the next call is a 401 and the next refresh an invalid_grant."""
    ada, grace = await client.connect("ada"), await client.connect("grace")
    answer = await client.http.post(f"{client.origin}/__emulator/revoke", json={"subject": "grace"})

    assert answer.json() == {"revoked": 1}
    assert (await client.call(grace["access_token"])).status_code == 401
    assert (await client.refresh(grace["refresh_token"])).json()["error"] == "invalid_grant"
    assert (await client.call(ada["access_token"])).status_code == 200
