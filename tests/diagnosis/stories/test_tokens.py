"""Tokens that are refused, revoked, refreshed at once or never: over real sockets, with healthy twins."""

from typing import Any

import httpx2

from tests.diagnosis.stories.conftest import Watched
from tests.support.browser import Browser
from tests.support.gateway import CALLBACK, mcp_request

ACCEPT = "application/json, text/event-stream"


async def call(gateway: Watched, http: httpx2.AsyncClient, access_token: str, url: str = "") -> httpx2.Response:
    """List the tools with a token."""
    headers = {"authorization": f"Bearer {access_token}", "accept": ACCEPT}
    return await http.post(url or gateway.mcp_url, json=mcp_request("tools/list"), headers=headers)


async def refresh(gateway: Watched, http: httpx2.AsyncClient, tokens: dict[str, Any], **more: str) -> httpx2.Response:
    """Refresh."""
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"], "client_id": tokens["client_id"]}
    return await http.post(f"{gateway.origin}/oauth/token", data=form | more)


async def test_a_refresh_in_time_is_not_talked_about(
    gateway: Watched, http: httpx2.AsyncClient, browser: Browser
) -> None:
    tokens = await gateway.running.tokens(http, browser)
    assert (await call(gateway, http, tokens["access_token"])).status_code == 200
    gateway.wait(901)
    assert (await call(gateway, http, tokens["access_token"])).status_code == 401
    fresh = (await refresh(gateway, http, tokens)).json()
    assert (await call(gateway, http, fresh["access_token"])).status_code == 200

    assert await gateway.names() == []


async def test_a_refresh_token_presented_again_is_a_lost_answer_or_a_race(
    gateway: Watched, http: httpx2.AsyncClient, browser: Browser
) -> None:
    tokens = await gateway.running.tokens(http, browser)
    await call(gateway, http, tokens["access_token"])
    assert (await refresh(gateway, http, tokens)).status_code == 200
    gateway.wait(2)
    assert (await refresh(gateway, http, tokens)).status_code == 200

    found = await gateway.only("REFR-01")
    assert "lost" in found.cause
    assert "2.0 s after the first time" in found.cause
    assert found.got.startswith("rt:")


async def test_an_old_refresh_token_ends_the_grant(
    gateway: Watched, http: httpx2.AsyncClient, browser: Browser
) -> None:
    tokens = await gateway.running.tokens(http, browser)
    await call(gateway, http, tokens["access_token"])
    fresh = (await refresh(gateway, http, tokens)).json()
    gateway.wait(3600)
    assert (await refresh(gateway, http, tokens | fresh)).status_code == 200
    assert (await refresh(gateway, http, tokens)).status_code == 400

    assert "REFR-03" in await gateway.names()


async def test_a_client_that_never_refreshes(gateway: Watched, http: httpx2.AsyncClient, browser: Browser) -> None:
    tokens = await gateway.running.tokens(http, browser)
    await call(gateway, http, tokens["access_token"])
    gateway.wait(960)
    for _ in range(3):
        assert (await call(gateway, http, tokens["access_token"])).status_code == 401
        gateway.wait(5)

    found = await gateway.only("REFR-05")
    assert "s after it had expired" in found.cause
    assert "never used" in found.cause


async def test_a_client_that_takes_a_final_no_for_a_passing_fault(
    gateway: Watched, http: httpx2.AsyncClient, browser: Browser
) -> None:
    tokens = await gateway.running.tokens(http, browser)
    await call(gateway, http, tokens["access_token"])
    revoked = {"token": tokens["refresh_token"], "client_id": tokens["client_id"]}
    assert (await http.post(f"{gateway.origin}/oauth/revoke", data=revoked)).status_code == 200
    gateway.wait(1)
    assert (await refresh(gateway, http, tokens)).status_code == 400
    for _ in range(2):
        gateway.wait(1)
        assert (await call(gateway, http, tokens["access_token"])).status_code == 401

    assert "REFR-06" in await gateway.names()


async def test_a_token_of_one_route_on_another(gateway: Watched, http: httpx2.AsyncClient, browser: Browser) -> None:
    tokens = await gateway.running.tokens(http, browser)
    assert (await call(gateway, http, tokens["access_token"])).status_code == 200
    other = next(route for route in gateway.running.runtime.gateway.project.routes[1:])
    assert (await call(gateway, http, tokens["access_token"], f"{gateway.origin}{other.path}")).status_code == 401

    found = next(each for each in await gateway.said() if each.id == "AUD-06")
    assert found.got == gateway.mcp_url
    assert found.expected == f"{gateway.origin}{other.path}"


async def test_a_code_that_belongs_to_another_client(
    gateway: Watched, http: httpx2.AsyncClient, browser: Browser
) -> None:
    code = await gateway.running.code(http, browser)
    other = await gateway.running.register(http, client_name="another")
    form = code.form(resource=gateway.mcp_url) | {"client_id": other["client_id"]}
    assert (await http.post(f"{gateway.origin}/oauth/token", data=form)).status_code == 400

    assert "TOK-09" in await gateway.names()


async def test_a_code_that_was_encoded_twice(gateway: Watched, http: httpx2.AsyncClient, browser: Browser) -> None:
    code = await gateway.running.code(http, browser)
    raw = code.answer["code"]
    twice = "".join(f"%{ord(sign):02X}" if sign == "_" else sign for sign in raw)
    form = code.form(resource=gateway.mcp_url) | {"code": twice}
    assert twice != raw
    assert (await http.post(f"{gateway.origin}/oauth/token", data=form)).status_code == 400

    assert "percent-encoded" in (await gateway.only("RURI-11")).cause


async def test_a_verifier_of_another_window(gateway: Watched, http: httpx2.AsyncClient, browser: Browser) -> None:
    first = await gateway.running.code(http, browser)
    await http.get(gateway.running.authorize_url(first.client_id, "v" * 50, state="second"))
    form = first.form(resource=gateway.mcp_url) | {"code_verifier": "v" * 50}
    assert (await http.post(f"{gateway.origin}/oauth/token", data=form)).status_code == 400

    assert "PKCE-02" in await gateway.names()


async def test_a_client_that_authenticates_in_another_way(
    gateway: Watched, http: httpx2.AsyncClient, browser: Browser
) -> None:
    client = await gateway.running.register(http, token_endpoint_auth_method="client_secret_basic")
    form = {"grant_type": "refresh_token", "refresh_token": "rt_x", "client_id": client["client_id"]}
    assert (await http.post(f"{gateway.origin}/oauth/token", data=form)).status_code == 401

    assert "client_secret_basic" in (await gateway.only("TOK-01")).cause


async def test_a_session_that_goes_on_with_a_token_that_was_replaced(
    gateway: Watched, http: httpx2.AsyncClient, browser: Browser
) -> None:
    old = await gateway.running.tokens(http, browser)
    await call(gateway, http, old["access_token"])
    revoked = {"token": old["refresh_token"], "client_id": old["client_id"]}
    await http.post(f"{gateway.origin}/oauth/revoke", data=revoked)
    gateway.wait(1)
    assert (await call(gateway, http, old["access_token"])).status_code == 401
    assert await gateway.names() == []

    verifier = "v" * 50
    async with Browser(CALLBACK) as window:
        await gateway.running.sign_in(window, gateway.running.authorize_url(old["client_id"], verifier))
        if window.location is None:
            await window.press("Allow")
        assert window.location
        form = {"grant_type": "authorization_code", "code": window.location.partition("code=")[2].partition("&")[0]}
    form |= {
        "resource": gateway.mcp_url,
        "client_id": old["client_id"],
        "redirect_uri": CALLBACK,
        "code_verifier": verifier,
    }
    assert (await http.post(f"{gateway.origin}/oauth/token", data=form)).status_code == 200
    for _ in range(2):
        gateway.wait(1)
        assert (await call(gateway, http, old["access_token"])).status_code == 401

    found = next(each for each in await gateway.said() if each.id == "BEAR-06")
    assert found.got.startswith("at:")
