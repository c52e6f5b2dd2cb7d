"""Several at once: tabs, browsers, redemptions and refreshes that meet; and what never leaves in an event."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx2

from devgw.cli.headless import as_ndjson
from devgw.clock import FrozenClock
from devgw.entropy import token
from devgw.events.taxonomy import FaultMet, McpAuthCodeIssued
from devgw.ids import TransactionId
from devgw.monitor.lines import line_of
from tests.support.browser import Browser
from tests.support.gateway import CALLBACK, Code, Running, mcp_request, running_gateway
from tests.support.oidc import CLIENT_SECRET, oidc_provider, write_oidc_project


async def test_a_code_pays_for_one_pair_of_tokens_however_many_redeem_it_at_once(
    gateway: Running, http: httpx2.AsyncClient, browser: Browser
) -> None:
    """Each answer makes the one before void: of all of them one works, and there is one grant."""
    code = await gateway.code(http, browser)
    form = code.form(resource=gateway.mcp_url)
    answers = await asyncio.gather(*(http.post(f"{gateway.origin}/oauth/token", data=form) for _ in range(10)))
    assert {each.status_code for each in answers} == {200}
    assert await working(gateway, http, [each.json() for each in answers]) == 1
    assert len(gateway.runtime.ground.store.grants()) == 1


async def working(gateway: Running, http: httpx2.AsyncClient, answers: list[dict[str, str]]) -> int:
    """Return how many of the answers' access tokens open the route."""
    headers = [{"authorization": f"Bearer {each['access_token']}"} for each in answers]
    calls = [await http.post(gateway.mcp_url, json=mcp_request("ping"), headers=each) for each in headers]
    return sum(each.status_code != 401 for each in calls)


async def test_of_parallel_refreshes_one_works_and_whichever_is_kept_goes_on(
    gateway: Running, http: httpx2.AsyncClient, browser: Browser
) -> None:
    tokens = await gateway.tokens(http, browser)
    form = {name: tokens[name] for name in ("refresh_token", "client_id")} | {"grant_type": "refresh_token"}
    answers = await asyncio.gather(*(http.post(f"{gateway.origin}/oauth/token", data=form) for _ in range(8)))
    assert {each.status_code for each in answers} == {200}
    assert await working(gateway, http, [each.json() for each in answers]) == 1
    kept = form | {"refresh_token": answers[0].json()["refresh_token"]}
    after = await http.post(f"{gateway.origin}/oauth/token", data=kept)
    assert after.status_code == 200, after.text
    assert await working(gateway, http, [after.json()]) == 1


async def test_of_processes_that_refresh_and_call_at_once_one_works_and_every_other_recovers(
    gateway: Running, http: httpx2.AsyncClient, browser: Browser
) -> None:
    """Each has a memory of its own, and refreshes with its own token where its call is refused."""
    tokens = await gateway.tokens(http, browser)
    form = {"client_id": tokens["client_id"], "grant_type": "refresh_token"}

    async def refreshed(held: dict[str, str]) -> dict[str, str]:
        sent = form | {"refresh_token": held["refresh_token"]}
        answer = await http.post(f"{gateway.origin}/oauth/token", data=sent)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def process() -> dict[str, str]:
        held = await refreshed(tokens)
        for _ in range(3):
            if await working(gateway, http, [held]):
                break
            held = await refreshed(held)
        return held

    held = list(await asyncio.gather(*(process() for _ in range(6))))
    assert await working(gateway, http, held) >= 1
    for number, each in enumerate(held):
        if not await working(gateway, http, [each]):
            held[number] = await refreshed(each)
            assert await working(gateway, http, [held[number]])
    assert await working(gateway, http, held) == 6


async def test_a_callback_in_another_browser_opens_no_session(gateway: Running, http: httpx2.AsyncClient) -> None:
    """RFC 6749 §10.12: neither login CSRF nor a fixed session."""
    client = await gateway.register(http)
    callback = f"{gateway.origin}/oauth/callback"
    async with Browser(CALLBACK, callback) as attacker, Browser(CALLBACK) as victim:
        await gateway.sign_in(attacker, gateway.authorize_url(client["client_id"], token("")))
        assert attacker.location is not None
        await victim.open(attacker.location)
        assert victim.page is not None
        assert victim.page.status == 403
        assert "login_cookie_missing" in victim.page.html
        assert not [each for each in victim.page.headers.get_list("set-cookie") if "devgw_session=ss_" in each]


async def test_callbacks_that_come_together_redeem_the_providers_code_once(
    tmp_path: Path, http: httpx2.AsyncClient
) -> None:
    """A provider's code works once: browsers that ask twice get the same session, and foreign ones none."""
    clock = FrozenClock()
    async with oidc_provider(clock) as provider:
        root = write_oidc_project(tmp_path, provider)
        async with running_gateway(root, clock=clock) as gateway:
            client = await gateway.register(http)
            callback = f"{gateway.origin}/oauth/callback"
            async with Browser(CALLBACK, callback) as browser:
                await browser.open(gateway.authorize_url(client["client_id"], token("")))
                assert browser.location is not None
                url, cookies = browser.location, browser.cookies
                came = await asyncio.gather(*(http.get(url, headers=cookies) for _ in range(5)), http.get(url))
    assert [each.status_code for each in came] == [*[303] * 5, 403]
    sessions = {each.headers["set-cookie"].partition("devgw_session=")[2].partition(";")[0] for each in came[:5]}
    assert len(provider.redeemed) == 1
    assert len(sessions) == 1
    assert all(each.startswith("ss_") for each in sessions)


async def test_two_tabs_end_each_where_it_began(gateway: Running, http: httpx2.AsyncClient) -> None:
    first, second = await gateway.register(http), await gateway.register(http, client_name="second client")
    callback = f"{gateway.origin}/oauth/callback"
    async with Browser(CALLBACK, callback) as browser:
        ways = []
        for client in (first, second):
            await gateway.sign_in(
                browser, gateway.authorize_url(client["client_id"], token(""), state=client["client_id"])
            )
            ways.append(browser.location)
        browser.stops = (CALLBACK,)
        for way, client in zip(reversed(ways), (second, first), strict=True):
            assert way is not None
            await browser.open(way)
            assert browser.page is not None
            assert client["client_id"] in browser.page.text
            await browser.press("Allow")
            assert browser.location is not None
            assert httpx2.URL(browser.location).params["state"] == client["client_id"]


async def test_consent_for_one_place_is_none_for_another(
    gateway: Running, http: httpx2.AsyncClient, browser: Browser
) -> None:
    """A remembered consent names redirect host and route; when one changes the person is asked again."""
    elsewhere = "http://127.0.0.1:33418/callback"
    browser.stops = (CALLBACK, elsewhere)
    client = await gateway.register(http, redirect_uris=[CALLBACK, elsewhere])
    other = f"{gateway.origin}{gateway.runtime.served.gateway.project.routes[1].path}"
    asked = [{}, {"redirect_uri": elsewhere}, {"resource": other}]
    for change in asked:
        await gateway.sign_in(browser, gateway.authorize_url(client["client_id"], token(""), **change))
        assert browser.location is None, change
        assert browser.page is not None
        if "disabled" not in browser.page.html:
            await browser.press("Allow")
    await browser.open(gateway.authorize_url(client["client_id"], token("")))
    assert browser.location is not None


async def test_a_client_that_wants_a_new_sign_in_gets_no_code_without_one(
    gateway: Running, http: httpx2.AsyncClient, browser: Browser
) -> None:
    """OpenID Connect Core §3.1.2.1: `prompt=login`, also where a page of before the sign-in is still open."""
    client = await gateway.register(http)
    await gateway.sign_in(browser, gateway.authorize_url(client["client_id"], token("")))
    assert browser.page is not None
    open_page = browser.page
    store = gateway.runtime.ground.store
    pending = store.find_pending(TransactionId(open_page.forms[0].fields["transaction"]))
    assert pending is not None
    store.save_pending(replace(pending, prompt="login consent"))
    await browser.press("Allow")
    assert browser.location is None
    assert "Allow" not in browser.page.text
    assert any("prompt=login" in each for each in browser.visited)


async def test_nothing_secret_is_in_any_event_line_or_page(tmp_path: Path, http: httpx2.AsyncClient) -> None:
    clock = FrozenClock()
    async with oidc_provider(clock) as provider:
        root = write_oidc_project(tmp_path, provider, login={"pkce": "S256"})
        async with running_gateway(root, clock=clock) as gateway, Browser(CALLBACK) as browser:
            code = await gateway.code(http, browser)
            url = f"{gateway.origin}/oauth/token"
            form = code.form(resource=gateway.mcp_url)
            wrong = await http.post(url, data=form | {"code_verifier": "w" * 43})
            tokens = (await http.post(url, data=form)).json()
            replay = await http.post(url, data=form)
            spent = {
                "grant_type": "refresh_token",
                "refresh_token": tokens["refresh_token"],
                "client_id": code.client_id,
            }
            after = await http.post(url, data=spent)
            secrets = [
                CLIENT_SECRET,
                code.answer["code"],
                code.verifier,
                tokens["access_token"],
                tokens["refresh_token"],
            ]
            secrets += [*provider.minted, provider.redeemed[0]["code_verifier"]]
            said = "".join(as_ndjson(line_of(each)) for each in gateway.published) + repr(gateway.published)
            said += wrong.text + replay.text + after.text
            assert gateway.events(FaultMet) == []
            assert not [each[:6] for each in secrets if each in said]


async def test_an_access_token_never_outlives_its_grant(tmp_path: Path, http: httpx2.AsyncClient) -> None:
    """Also where the client takes no refresh token and redeems its code late."""
    clock = FrozenClock()
    lifetimes = {"accessTokenTtlSeconds": 900, "refreshTokenTtlSeconds": 900}
    async with oidc_provider(clock) as provider:
        root = write_oidc_project(tmp_path, provider, gateway=lifetimes)
        async with running_gateway(root, clock=clock) as gateway, Browser(CALLBACK) as browser:
            code = await gateway.code(http, browser)
            clock.travel(timedelta(seconds=30))
            store = gateway.runtime.ground.store
            client = replace(store.clients()[0], grant_types=("authorization_code",))
            store.save_client(client)
            answer = await http.post(f"{gateway.origin}/oauth/token", data=code.form(resource=gateway.mcp_url))
            assert answer.status_code == 200, answer.text
            assert "refresh_token" not in answer.json()
            assert store.access_tokens()[0].expires_at <= store.grants()[0].expires_at
            assert answer.json()["expires_in"] == 870


async def test_a_double_click_on_allow_brings_the_same_redirect_until_its_code_is_redeemed(
    gateway: Running, http: httpx2.AsyncClient, browser: Browser
) -> None:
    """The browser drops the first redirect for the second: the code in that one has to work."""
    client, verifier = await gateway.register(http), token("")
    await gateway.sign_in(browser, gateway.authorize_url(client["client_id"], verifier))
    await browser.press("Allow")
    first = browser.location
    assert first is not None
    await browser.press("Allow")
    assert browser.location == first
    code = Code(client["client_id"], verifier, dict(httpx2.URL(first).params))
    answer = await http.post(f"{gateway.origin}/oauth/token", data=code.form(resource=gateway.mcp_url))
    assert answer.status_code == 200, answer.text
    await browser.press("Allow")
    assert browser.page is not None
    assert "transaction_finished" in browser.page.html


async def test_ten_posts_of_one_form_at_once_bring_one_code_and_one_grant(
    gateway: Running, http: httpx2.AsyncClient, browser: Browser
) -> None:
    client = await gateway.register(http)
    await gateway.sign_in(browser, gateway.authorize_url(client["client_id"], token("")))
    assert browser.page is not None
    (form,) = (each for each in browser.page.forms if "transaction" in each.fields)
    sent = form.fields | {"decision": "approve"}
    url = f"{gateway.origin}/oauth/setup"
    answers = await asyncio.gather(*(http.post(url, data=sent, headers=browser.cookies) for _ in range(10)))
    assert {each.status_code for each in answers} == {303}
    assert len({each.headers["location"] for each in answers}) == 1
    assert len(gateway.events(McpAuthCodeIssued)) == 1
    assert len(gateway.runtime.ground.store.grants()) == 1
    elsewhere = await http.post(url, data=sent | {"decision": "cancel"}, headers=browser.cookies)
    assert "transaction_finished" in elsewhere.text


async def test_a_no_after_a_yes_and_a_yes_after_a_no_change_nothing(
    gateway: Running, http: httpx2.AsyncClient, browser: Browser
) -> None:
    client = await gateway.register(http)
    await gateway.sign_in(browser, gateway.authorize_url(client["client_id"], token("")))
    await browser.press("Deny")
    await browser.press("Allow")
    assert browser.page is not None
    assert "transaction_finished" in browser.page.html
