"""Another program on this machine: cookies know no ports, so it gets the session cookie, and can set ones like it.

A page on another port is sent the cookie by the browser and acts as a program with it; what it forges of a browser's
headers it forges here too.
"""

from urllib.parse import urlsplit

import httpx2
import pytest

from devgw.entropy import token
from devgw.events.taxonomy import McpAuthAuthorizationBegun, McpAuthCodeIssued, McpAuthLoginBegun, McpAuthSessionEnded
from tests.support.browser import Browser, Form
from tests.support.gateway import CALLBACK, Running

AS_A_BROWSER = {
    "accept": "text/html",
    "sec-fetch-mode": "navigate",
    "sec-fetch-dest": "document",
    "sec-fetch-site": "same-origin",
}


async def signed_in(gateway: Running, http: httpx2.AsyncClient, browser: Browser, **parameters: str) -> str:
    """Let a person sign in and come to the consent page; return the client's id."""
    client = await gateway.register(http)
    await gateway.sign_in(browser, gateway.authorize_url(client["client_id"], token(""), **parameters))
    assert browser.page is not None
    assert "Allow" in browser.page.text
    return str(client["client_id"])


def stolen(browser: Browser) -> dict[str, str]:
    """Return what a page on another port is sent: every cookie of the host name."""
    return browser.cookies


def form_of(browser: Browser) -> Form:
    assert browser.page is not None
    return browser.page.forms[0]


@pytest.mark.parametrize("headers", [{}, AS_A_BROWSER], ids=["program", "forged"])
async def test_the_cookie_alone_gets_no_page_with_a_form_and_no_code(
    gateway: Running, http: httpx2.AsyncClient, browser: Browser, headers: dict[str, str]
) -> None:
    """Neither for a client of its own nor for the one that was allowed."""
    allowed = await signed_in(gateway, http, browser)
    open_page = form_of(browser).fields
    await browser.press("Allow")
    own = (await gateway.register(http, client_name="Own"))["client_id"]
    codes = len(gateway.events(McpAuthCodeIssued))
    sent = headers | stolen(browser)
    assert "devgw_session=ss_" in sent["cookie"]
    setup = f"{gateway.origin}/oauth/setup"
    urls = [gateway.authorize_url(each, token("")) for each in (allowed, own)]
    urls += [f"{setup}?transaction={open_page['transaction']}", f"{urls[1]}&prompt=consent"]
    for url in urls:
        answer = await http.get(url, headers=sent)
        assert CALLBACK not in answer.headers.get("location", "")
        assert not any(word in answer.text for word in ("csrf_token", "page_token", "bk_", "ada@acme.example")), url
    for guess in ({}, {"csrf_token": "x"}, {"csrf_token": open_page["csrf_token"]}, {"browser_key": "bk_x"}):
        for endpoint in ("setup", "prove"):
            form = {"transaction": last_begun(gateway), "decision": "approve", **guess}
            answer = await http.post(f"{gateway.origin}/oauth/{endpoint}", data=form, headers=sent)
            assert CALLBACK not in answer.headers.get("location", "")
            assert "page_token" not in answer.headers.get("location", "")
    assert len(gateway.events(McpAuthCodeIssued)) == codes


def last_begun(gateway: Running) -> str:
    """Return the authorization that was begun last."""
    return str(gateway.events(McpAuthAuthorizationBegun)[-1].transaction_id)


async def test_the_address_of_a_page_and_the_cookie_are_not_enough(
    gateway: Running, http: httpx2.AsyncClient, browser: Browser
) -> None:
    """Whoever began an authorization knows its transaction, and may let another's browser sign in for it."""
    await signed_in(gateway, http, browser)
    transaction = form_of(browser).fields["transaction"]
    url = f"{gateway.origin}/oauth/setup?transaction={transaction}"
    for headers in ({}, AS_A_BROWSER):
        answer = await http.get(url, headers=headers | stolen(browser))
        assert "csrf_token" not in answer.text
        wrong = await http.get(f"{url}&page_token=pt_wrong", headers=headers | stolen(browser))
        assert "csrf_token" not in wrong.text


async def test_the_page_token_without_the_cookie_is_not_enough_either(
    gateway: Running, http: httpx2.AsyncClient, browser: Browser
) -> None:
    await signed_in(gateway, http, browser)
    fields = form_of(browser).fields
    answer = await http.post(f"{gateway.origin}/oauth/setup", data=fields | {"decision": "approve"})
    assert CALLBACK not in answer.headers.get("location", "")
    assert gateway.events(McpAuthCodeIssued) == []


async def test_a_browser_that_kept_its_key_is_asked_nothing_twice(
    gateway: Running, http: httpx2.AsyncClient, browser: Browser
) -> None:
    """The storage of an origin is what other ports do not get; a browser without it signs in once more."""
    client_id = await signed_in(gateway, http, browser)
    await browser.press("Allow")
    begun = len(gateway.events(McpAuthLoginBegun))
    await browser.open(gateway.authorize_url(client_id, token("")))
    assert browser.location is not None
    assert len(gateway.events(McpAuthLoginBegun)) == begun
    browser.storage.clear()
    await browser.open(gateway.authorize_url(client_id, token("")))
    assert browser.page is not None
    assert "Choose who you are" in browser.page.text


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "cross-site"},
        {"origin": "http://localhost:1", "sec-fetch-site": ""},
        {"origin": "https://evil.example"},
    ],
    ids=str,
)
async def test_a_form_that_another_page_sends_is_refused(
    gateway: Running, http: httpx2.AsyncClient, browser: Browser, headers: dict[str, str]
) -> None:
    """Another port of this host name is the same site, and another origin."""
    await signed_in(gateway, http, browser)
    sent = {name: value for name, value in headers.items() if value} | stolen(browser)
    fields = form_of(browser).fields | {"decision": "approve"}
    answer = await http.post(f"{gateway.origin}/oauth/setup", data=fields, headers={"accept": "text/html"} | sent)
    assert (answer.status_code, "consent_stale" in answer.text) == (403, True)


async def test_a_key_that_another_page_sends_is_refused(
    gateway: Running, http: httpx2.AsyncClient, browser: Browser
) -> None:
    """However it came to know it."""
    await signed_in(gateway, http, browser)
    (key,) = browser.storage.values()
    await http.get(gateway.authorize_url((await gateway.register(http))["client_id"], token("")))
    form = {"transaction": last_begun(gateway), "browser_key": key}
    for headers in ({"sec-fetch-site": "same-site"}, {"origin": "http://localhost:1"}):
        sent = {"accept": "text/html"} | headers | stolen(browser)
        answer = await http.post(f"{gateway.origin}/oauth/prove", data=form, headers=sent)
        assert (answer.status_code, "consent_stale" in answer.text) == (403, True)
    own = await http.post(f"{gateway.origin}/oauth/prove", data=form, headers=AS_A_BROWSER | stolen(browser))
    assert "page_token" in own.headers["location"]


@pytest.mark.parametrize("order", ["before", "after", "around"])
async def test_a_cookie_of_the_same_name_from_another_port_disturbs_nothing(
    gateway: Running, http: httpx2.AsyncClient, browser: Browser, order: str
) -> None:
    """RFC 6265 §8.6: another path puts it in front of ours."""
    client_id = await signed_in(gateway, http, browser)
    (ours, *_) = [each.value for each in browser.jar if each.name == "devgw_session"]
    values = {"before": ["x", ours], "after": [ours, "x"], "around": ["a", "b", ours, "c", "ss_x"]}[order]
    cookie = {"cookie": "; ".join(f"devgw_session={each}" for each in values)}
    page = form_of(browser).fields
    url = f"{gateway.origin}/oauth/setup?transaction={page['transaction']}&page_token={page['csrf_token']}"
    shown = await http.get(url, headers=AS_A_BROWSER | cookie)
    assert "csrf_token" in shown.text, shown.text
    assert client_id in shown.text


async def test_a_cookie_that_does_not_come_back_ends_on_a_page_that_names_it(
    gateway: Running, http: httpx2.AsyncClient, browser: Browser
) -> None:
    """Pushed out by another port, or never taken: no loop through the provider, but a page with a diagnosis."""
    client = await gateway.register(http)
    async with Browser(CALLBACK, f"{gateway.origin}/oauth/setup") as robbed:
        await gateway.sign_in(robbed, gateway.authorize_url(client["client_id"], token("")))
        assert robbed.location is not None
        robbed.forget("devgw_session")
        robbed.stops = (CALLBACK,)
        await robbed.open(robbed.location)
        assert robbed.page is not None
        assert robbed.page.status == 403
        assert "session_cookie_lost" in robbed.page.html
        assert "devgw explain SESS-03" in robbed.page.text
        assert "devgw_session" in robbed.page.text
    assert len(gateway.events(McpAuthLoginBegun)) == 1


async def test_somebody_elses_session_that_was_set_from_another_port_is_not_taken_for_ones_own(
    gateway: Running, http: httpx2.AsyncClient, browser: Browser
) -> None:
    """A fixed session: what one allows would be another's."""
    async with Browser(CALLBACK) as other:
        await signed_in(gateway, http, other)
        await other.press("another account")
        assert other.page is not None
        people = [text for form in other.page.forms for _, _, text in form.buttons if "@" in text]
        await other.press(people[1])
        theirs = next(each.value for each in other.jar if each.name == "devgw_session")
        await signed_in(gateway, http, browser)
        ours = next(each.value for each in browser.jar if each.name == "devgw_session")
        page = form_of(browser).fields
    url = f"{gateway.origin}/oauth/setup?transaction={page['transaction']}&page_token={page['csrf_token']}"
    for cookie in (f"devgw_session={theirs}; devgw_session={ours}", f"devgw_session={ours}; devgw_session={theirs}"):
        shown = await http.get(url, headers=AS_A_BROWSER | {"cookie": cookie})
        assert "Signed in as <strong>Ada Admin" in shown.text
    alone = await http.get(url, headers=AS_A_BROWSER | {"cookie": f"devgw_session={theirs}"})
    assert "session_cookie_lost" in alone.text


async def test_two_people_in_two_tabs_are_told_what_happened_and_what_helps(
    gateway: Running, http: httpx2.AsyncClient, browser: Browser
) -> None:
    """The later sign-in has the cookie; nobody is told of other ports as if that were certain."""
    await signed_in(gateway, http, browser)
    assert browser.page is not None
    first, url = form_of(browser), browser.page.url
    async with Browser(CALLBACK) as other:
        await signed_in(gateway, http, other)
        await other.press("another account")
        assert other.page is not None
        people = [text for form in other.page.forms for _, _, text in form.buttons if "@" in text]
        await other.press(people[1])
        theirs = next(each.value for each in other.jar if each.name == "devgw_session")
    headers = AS_A_BROWSER | {"cookie": f"devgw_session={theirs}"}
    sent = await http.post(
        f"{gateway.origin}/oauth/setup", data=first.fields | {"decision": "approve"}, headers=headers
    )
    assert "somebody else signed in since" in sent.text
    assert "Start the connection again in the MCP client" in sent.text
    shown = await http.get(url, headers=headers)
    assert "If somebody else signed in in this browser meanwhile, start the connection again" in shown.text


async def test_the_cookies_are_sent_to_the_browsers_endpoints_alone(
    gateway: Running, http: httpx2.AsyncClient, browser: Browser
) -> None:
    """It keeps honest pages on other ports from seeing them; nobody is stopped by it."""
    await signed_in(gateway, http, browser)
    paths = {each.name: each.path for each in browser.jar}
    assert {each.path for each in browser.jar if each.name == "devgw_session"} == {"/oauth", "/auth/connections"}
    assert all(path != "/" for name, path in paths.items() if name.startswith("devgw_"))


async def test_the_person_sees_whose_session_it_is_and_ends_it(
    gateway: Running, http: httpx2.AsyncClient, browser: Browser
) -> None:
    client_id = await signed_in(gateway, http, browser)
    await browser.press("Sign out")
    assert browser.page is not None
    assert urlsplit(browser.page.url).path == "/oauth/logout"
    assert "Signed in as Ada Admin (ada@acme.example)." in browser.page.text
    before = stolen(browser)
    await browser.press("Sign out", csrf_token="wrong")
    assert browser.page.status == 403
    assert "The form was not taken: its token does not belong to this session" in browser.page.text
    await browser.open(f"{gateway.origin}/oauth/logout")
    await browser.press("Sign out")
    assert "has ended" in browser.page.text
    assert [each.session_id for each in gateway.events(McpAuthSessionEnded)]
    assert [each.name for each in browser.jar if each.name == "devgw_session"] == []
    assert browser.storage == {}
    again = await http.get(f"{gateway.origin}/oauth/logout", headers=before)
    assert "Nobody is signed in" in again.text
    await browser.open(gateway.authorize_url(client_id, token("")))
    assert "Choose who you are" in browser.page.text


async def test_another_page_signs_nobody_out(gateway: Running, http: httpx2.AsyncClient, browser: Browser) -> None:
    await signed_in(gateway, http, browser)
    await browser.open(f"{gateway.origin}/oauth/logout")
    fields = form_of(browser).fields
    sent = stolen(browser) | {"origin": "http://localhost:1", "sec-fetch-site": "same-site"}
    assert (await http.post(f"{gateway.origin}/oauth/logout", data=fields, headers=sent)).status_code == 403
    assert gateway.events(McpAuthSessionEnded) == []
