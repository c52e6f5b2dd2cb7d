"""How long a session lasts, and which of those whose cookies came counts."""

from datetime import timedelta

import httpx2
import pytest

from devgw.clock import FrozenClock
from devgw.entropy import token
from devgw.events.taxonomy import McpAuthCodeIssued, McpAuthConsentShown
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


@pytest.mark.parametrize("persona", [0, 1])
async def test_a_form_is_taken_from_the_browser_alone_in_which_it_was_shown(
    gateway: Running, http: httpx2.AsyncClient, browser: Browser, persona: int
) -> None:
    """The same person in another browser, or somebody else: the form with its token was carried there."""
    await signed_in(gateway, http, browser)
    page = form_of(browser)
    async with Browser(CALLBACK) as other:
        await signed_in(gateway, http, other)
        if persona:
            await other.press("another account")
            assert other.page is not None
            await other.press(
                [text for form in other.page.forms for _, _, text in form.buttons if "@" in text][persona]
            )
        carried = await http.post(
            f"{gateway.origin}/oauth/setup",
            data=page.fields | {"decision": "approve"},
            headers=AS_A_BROWSER | other.cookies,
        )
    assert carried.status_code == 403
    assert "consent_stale" in carried.text
    assert gateway.events(McpAuthCodeIssued) == []
    await browser.press("Allow")
    assert browser.location is not None


async def test_a_page_that_is_carried_to_another_browser_of_its_person_is_shown_there_anew(
    gateway: Running, http: httpx2.AsyncClient, browser: Browser
) -> None:
    await signed_in(gateway, http, browser)
    assert browser.page is not None
    url, ours = browser.page.url, form_of(browser).fields["csrf_token"]
    async with Browser(CALLBACK) as other:
        await signed_in(gateway, http, other)
        await other.open(url)
        assert form_of(other).fields["csrf_token"] != ours
        await other.press("Allow")
        assert other.location is not None


@pytest.mark.parametrize("first", [0, 1])
async def test_the_pages_of_two_tabs_stay_good_where_each_signed_in(
    gateway: Running, http: httpx2.AsyncClient, browser: Browser, first: int
) -> None:
    """Both tabs show the login before anybody signed in; the second sign-in takes nothing from the first."""
    logins = []
    for _ in range(2):
        client = await gateway.register(http)
        await browser.open(gateway.authorize_url(client["client_id"], token("")))
        logins.append(browser.page)
    pages = []
    for login in logins:
        browser.page = login
        await browser.press("@")
        pages.append(browser.page)
    for page in (pages[first], pages[1 - first]):
        browser.page = page
        await browser.press("Allow")
        assert browser.location is not None
    assert len({each.session_id for each in gateway.events(McpAuthCodeIssued)}) == 1


async def test_a_session_that_was_ended_is_not_taken_up_by_the_next_sign_in(
    gateway: Running, http: httpx2.AsyncClient, browser: Browser
) -> None:
    await signed_in(gateway, http, browser)
    (first,) = gateway.runtime.gateway.ground.store.sessions()
    gateway.runtime.gateway.ground.revocation.sign_out(first)
    await signed_in(gateway, http, browser)

    last = gateway.events(McpAuthConsentShown)[-1].session_id
    assert last != first.id
