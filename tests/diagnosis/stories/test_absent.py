"""Failures that consist of nothing coming: said when it is late, withdrawn when it comes."""

import httpx2

from devgw.entropy import token
from tests.diagnosis.stories.conftest import Watched
from tests.support.browser import Browser
from tests.support.gateway import mcp_request


async def discover(gateway: Watched, http: httpx2.AsyncClient) -> None:
    """Do what a client does before it registers."""
    await http.post(gateway.mcp_url, json=mcp_request("tools/list"))
    path = gateway.mcp_url.removeprefix(gateway.origin)
    await http.get(f"{gateway.origin}/.well-known/oauth-protected-resource{path}")
    await http.get(f"{gateway.origin}/.well-known/oauth-authorization-server{path}")


async def test_nobody_follows_the_401(gateway: Watched, http: httpx2.AsyncClient) -> None:
    await http.post(gateway.mcp_url, json=mcp_request("tools/list"))
    assert await gateway.names() == []

    gateway.wait(31)
    found = await gateway.only("BEAR-07")
    assert not found.certain

    await discover(gateway, http)
    assert await gateway.names() == []


async def test_somebody_who_looks_around_with_curl_is_left_alone(gateway: Watched) -> None:
    async with httpx2.AsyncClient(headers={"user-agent": "curl/8.5.0"}) as curl:
        await discover(gateway, curl)

    gateway.wait(60)
    assert await gateway.names() == []


async def test_the_metadata_is_read_and_the_client_leaves(gateway: Watched, http: httpx2.AsyncClient) -> None:
    await discover(gateway, http)
    gateway.wait(5)
    assert await gateway.names() == []

    gateway.wait(6)
    assert "consistent" in (await gateway.only("DISC-12")).cause

    await gateway.running.register(http)
    assert await gateway.names() == []


async def test_a_registration_without_a_login(gateway: Watched, http: httpx2.AsyncClient) -> None:
    await discover(gateway, http)
    await gateway.running.register(http)
    gateway.wait(179)
    assert await gateway.names() == []
    gateway.wait(2)

    assert (await gateway.only("REG-14")).gone_when == "it begins the login"


async def test_the_browser_does_not_come_back_from_the_provider(gateway: Watched, http: httpx2.AsyncClient) -> None:
    client = await gateway.running.register(http)
    await http.get(gateway.running.authorize_url(client["client_id"], token("")))
    gateway.wait(179)
    assert await gateway.names() == []

    gateway.wait(2)
    found = await gateway.only("SESS-09")
    assert "not back yet" in found.cause
    assert f"{gateway.origin}/oauth/callback" in found.fix
    assert not found.certain


async def test_a_slow_person_is_waited_for_and_not_blamed(
    gateway: Watched, http: httpx2.AsyncClient, browser: Browser
) -> None:
    client = await gateway.running.register(http)
    verifier = token("")
    await gateway.running.sign_in(browser, gateway.running.authorize_url(client["client_id"], verifier))
    gateway.wait(179)
    assert await gateway.names() == []
    gateway.wait(2)
    waiting = await gateway.only("CONS-04")
    assert waiting.cause.startswith("The person is not back yet")
    assert not waiting.certain

    await browser.press("Allow")
    assert await gateway.names() == []


async def test_a_code_that_is_never_redeemed(gateway: Watched, http: httpx2.AsyncClient, browser: Browser) -> None:
    code = await gateway.running.code(http, browser)
    gateway.wait(29)
    assert await gateway.names() == []

    gateway.wait(2)
    found = await gateway.said()
    assert [each.id for each in found] == ["PORT-02", "HOST-03", "SESS-05"]
    assert not any(each.certain for each in found)
    assert "port 33418" in found[0].cause

    answer = await http.post(f"{gateway.origin}/oauth/token", data=code.form(resource=gateway.mcp_url))
    assert answer.status_code == 200
    assert await gateway.names() == []


async def test_a_token_that_is_lost_on_the_way(gateway: Watched, http: httpx2.AsyncClient, browser: Browser) -> None:
    tokens = await gateway.running.tokens(http, browser)
    await http.post(gateway.mcp_url, json=mcp_request("tools/list"))
    found = await gateway.only("BEAR-03")
    assert found.certain

    headers = {"authorization": f"Bearer {tokens['access_token']}", "accept": "application/json, text/event-stream"}
    await http.post(gateway.mcp_url, json=mcp_request("tools/list"), headers=headers)
    assert await gateway.names() == []


async def test_a_client_that_looks_for_metadata_where_there_is_none(gateway: Watched, http: httpx2.AsyncClient) -> None:
    await http.post(gateway.mcp_url, json=mcp_request("tools/list"))
    await http.get(f"{gateway.origin}/.well-known/oauth-protected-resource")
    gateway.wait(6)

    assert "DISC-09" in await gateway.names()


async def test_logins_that_start_over_and_over(gateway: Watched, http: httpx2.AsyncClient) -> None:
    client = await gateway.running.register(http)
    for state in ("one", "two", "three"):
        await http.get(gateway.running.authorize_url(client["client_id"], token(""), state=state))
        gateway.wait(4)

    found = await gateway.only("PORT-01")
    assert "3 times" in found.cause
    assert "33418" in found.fix


async def test_a_login_that_is_asked_for_twice_in_the_same_words_is_a_preflight(
    gateway: Watched, http: httpx2.AsyncClient
) -> None:
    client = await gateway.running.register(http)
    url = gateway.running.authorize_url(client["client_id"], token(""))
    for _ in range(3):
        await http.get(url)

    assert await gateway.names() == []


async def test_registrations_without_end(gateway: Watched, http: httpx2.AsyncClient) -> None:
    for port in range(5):
        await gateway.running.register(http, redirect_uris=[f"http://localhost:{4000 + port}/callback"])

    assert "REG-11" in await gateway.names()
