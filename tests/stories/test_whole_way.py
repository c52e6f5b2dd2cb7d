"""The whole way of a client over real sockets, from its first 401 to its last."""

import httpx2

from devgw.events.taxonomy import McpAuthConsentShown, McpAuthDownstreamTokenRevoked
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
