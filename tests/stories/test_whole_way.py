"""The whole way of a client over real sockets, from its first 401 to its last."""

import httpx2

from devgw.emulators.workos import TokenFault
from devgw.events.taxonomy import McpAuthConsentShown, McpAuthDownstreamTokenRevoked, McpAuthProviderTokenChecked
from tests.support.browser import Browser
from tests.support.gateway import Running, mcp_request


async def test_a_client_goes_the_whole_way(gateway: Running, http: httpx2.AsyncClient, browser: Browser) -> None:
    challenge = await http.post(gateway.mcp_url, json=mcp_request("tools/list"))
    assert challenge.status_code == 401
    assert "resource_metadata=" in challenge.headers["www-authenticate"]
    assert "error=" not in challenge.headers["www-authenticate"]

    tokens = await gateway.tokens(http, browser)
    assert browser.location is not None
    assert "iss=" in browser.location
    assert tokens["resource"] == gateway.mcp_url
    assert tokens["scope"] == "mcp:tools"
    assert len(gateway.events(McpAuthConsentShown)) == 1

    bearer = {"authorization": f"Bearer {tokens['access_token']}", "accept": "application/json, text/event-stream"}
    listed = await http.post(gateway.mcp_url, json=mcp_request("tools/list"), headers=bearer)
    assert listed.status_code == 200, listed.text
    assert "echo" in listed.text

    refreshed = await http.post(
        f"{gateway.origin}/oauth/token",
        data={
            "grant_type": "refresh_token",
            "refresh_token": tokens["refresh_token"],
            "client_id": tokens["client_id"],
            "resource": gateway.mcp_url,
        },
    )
    assert refreshed.status_code == 200, refreshed.text

    revoked = await http.post(
        f"{gateway.origin}/oauth/revoke",
        data={"token": refreshed.json()["refresh_token"], "client_id": tokens["client_id"]},
    )
    assert revoked.status_code == 200
    assert revoked.content == b""
    assert len(gateway.events(McpAuthDownstreamTokenRevoked)) == 1
    refused = await http.post(gateway.mcp_url, json=mcp_request("tools/list"), headers=bearer)
    assert refused.status_code == 401
    assert refused.json()["reason"] == "token_revoked"


async def test_the_providers_token_can_be_inspected_check_by_check(
    gateway: Running, http: httpx2.AsyncClient, browser: Browser
) -> None:
    await gateway.tokens(http, browser)
    (checked,) = gateway.events(McpAuthProviderTokenChecked)
    assert checked.verdict == "good"
    assert checked.header["kid"].startswith("sso_oidc_key_pair_")
    found = {check.name: check for check in checked.checks}
    assert all(check.passed for check in checked.checks)
    assert {"signature", "iss", "client_id", "exp", "iat", "sub"} <= set(found)
    assert found["iss"].got in found["iss"].expected
    detail = gateway.runtime.monitor.claims[checked.token_id]
    assert detail.claims["client_id"] == gateway.runtime.gateway.policy.login.client_id


async def test_a_token_that_fails_shows_the_check_at_which_it_did(
    gateway: Running, http: httpx2.AsyncClient, browser: Browser
) -> None:
    gateway.runtime.companions.emulator.faults.arm(TokenFault(claims={"iss": "https://elsewhere.example"}))
    client = await gateway.register(http)
    await gateway.sign_in(browser, gateway.authorize_url(client["client_id"], "v" * 43))
    (checked,) = gateway.events(McpAuthProviderTokenChecked)
    failed = checked.checks[-1]
    assert (failed.name, failed.passed, failed.got) == ("iss", False, "https://elsewhere.example")
    assert [check.passed for check in checked.checks[:-1]] == [True]
