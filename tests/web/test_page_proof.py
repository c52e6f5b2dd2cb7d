"""How long a session lasts, and which of those whose cookies came counts."""

from datetime import timedelta

import httpx2

from devgw.clock import FrozenClock
from devgw.entropy import token
from devgw.events.taxonomy import McpAuthConsentShown
from devgw.gateway.page_proof import MOST_COOKIES
from tests.support.browser import Browser
from tests.support.gateway import CALLBACK, Running, running_gateway
from tests.web.test_other_ports import AS_A_BROWSER, form_of, last_begun, signed_in, stolen


async def test_a_session_ends_with_its_time(http: httpx2.AsyncClient) -> None:
    clock = FrozenClock()
    async with running_gateway(clock=clock) as gateway, Browser(CALLBACK) as browser:
        client_id = await signed_in(gateway, http, browser)
        await browser.press("Allow")
        logout = f"{gateway.origin}/oauth/logout"
        clock.travel(timedelta(hours=7, minutes=59))
        assert "Signed in as" in (await http.get(logout, headers=stolen(browser))).text
        clock.travel(timedelta(minutes=1))
        assert "Nobody is signed in" in (await http.get(logout, headers=stolen(browser))).text
        await browser.open(gateway.authorize_url(client_id, token("")))
        assert browser.page is not None
        assert "Choose who you are" in browser.page.text


async def test_a_page_of_before_the_end_of_its_session_leads_to_sign_in(
    gateway: Running, http: httpx2.AsyncClient, browser: Browser
) -> None:
    """No cookie of that person comes any more because they signed out, not because one was lost."""
    await signed_in(gateway, http, browser)
    assert browser.page is not None
    shown = browser.page.url
    await browser.open(f"{gateway.origin}/oauth/logout")
    await browser.press("Sign out")
    await browser.open(shown)
    assert "Choose who you are" in browser.page.text


async def test_before_its_browser_has_a_key_a_session_is_proven_by_none(
    gateway: Running, http: httpx2.AsyncClient, browser: Browser
) -> None:
    """Between sign-in and the first page another program has the cookie, and begins an authorization of its own."""
    client_id = (await gateway.register(http))["client_id"]
    browser.stops = (f"{gateway.origin}/oauth/setup",)
    await gateway.sign_in(browser, gateway.authorize_url(client_id, token("")))
    assert "devgw_session=ss_" in stolen(browser)["cookie"]
    await http.get(gateway.authorize_url(client_id, token("")))
    for key in ({}, {"browser_key": ""}):
        form = {"transaction": last_begun(gateway), **key}
        answer = await http.post(f"{gateway.origin}/oauth/prove", data=form, headers=AS_A_BROWSER | stolen(browser))
        assert "page_token" not in answer.headers.get("location", ""), key


async def test_no_more_than_so_many_cookies_of_one_name_are_looked_at(
    gateway: Running, http: httpx2.AsyncClient, browser: Browser
) -> None:
    """Each costs a look into the database, and another port sets as many as it likes."""
    await signed_in(gateway, http, browser)
    ours = next(each.value for each in browser.jar if each.name == "devgw_session")
    page = form_of(browser).fields
    url = f"{gateway.origin}/oauth/setup?transaction={page['transaction']}&page_token={page['csrf_token']}"
    for others, is_found in ((MOST_COOKIES - 1, True), (MOST_COOKIES, False)):
        values = [*(f"x{n}" for n in range(others)), ours]
        cookie = {"cookie": "; ".join(f"devgw_session={each}" for each in values)}
        assert ("csrf_token" in (await http.get(url, headers=AS_A_BROWSER | cookie)).text) is is_found


async def test_of_two_sessions_of_one_person_the_one_of_the_page_counts(
    gateway: Running, http: httpx2.AsyncClient, browser: Browser
) -> None:
    await signed_in(gateway, http, browser)
    page, ours = form_of(browser).fields, next(each.value for each in browser.jar if each.name == "devgw_session")
    shown = gateway.events(McpAuthConsentShown)[-1].session_id
    async with Browser(CALLBACK) as second:
        await signed_in(gateway, http, second)
        theirs = next(each.value for each in second.jar if each.name == "devgw_session")
    url = f"{gateway.origin}/oauth/setup?transaction={page['transaction']}&page_token={page['csrf_token']}"
    for values in ((ours, theirs), (theirs, ours)):
        cookie = {"cookie": "; ".join(f"devgw_session={each}" for each in values)}
        await http.get(url, headers=AS_A_BROWSER | cookie)
        assert gateway.events(McpAuthConsentShown)[-1].session_id == shown
