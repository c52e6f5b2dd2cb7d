"""What a connect link is worth: to whom it is given, where it leads, and what a cookie beside it changes.

Whoever connects an account decides whose data goes through the gateway for whom; another port has the session cookie,
and can set one of its own.
"""

from datetime import timedelta
from urllib.parse import parse_qs, urljoin, urlsplit

import pytest

from devgw.entropy import token
from devgw.events.taxonomy import Event, McpAuthAuthorizationBegun, McpAuthUpstreamConnectionBegun
from devgw.ids import UpstreamServerId
from devgw.problems import Refused
from tests.support.browser import Browser
from tests.web.test_connect import Bench, bench

__all__ = ["bench"]


OPENED = {"sec-fetch-site": "none", "sec-fetch-mode": "navigate"}


async def link_of(bench: Bench) -> str:
    """Return the link that a call without a connection carries."""
    await bench.everything()
    side = bench.gateway.runtime.upstreams
    assert side
    (connection,) = side.oauth.connections()
    await side.oauth.disconnect(connection.subject_id, connection.upstream_server_id)
    return str((await bench.call()).json()["error"]["data"]["authUrl"])


@pytest.mark.parametrize("query", ["", "redirect=true", "redirect=true&register=anew", "browserTicket="])
async def test_the_session_cookie_alone_begins_nothing_and_gets_no_link(bench: Bench, query: str) -> None:
    """Another program's own account would be connected for the person whose cookie it was sent."""
    await link_of(bench)
    begun = len(bench.gateway.events(McpAuthUpstreamConnectionBegun))
    url = f"{bench.gateway.origin}/auth/connections/notes/connect?{query}"
    for sent in ({}, {"sec-fetch-site": "same-origin", "sec-fetch-mode": "navigate"}):
        for accept in ("text/html", "application/json"):
            headers = bench.browser.cookies | sent | {"accept": accept}
            assert "devgw_session=ss_" in headers["cookie"]
            for answer in (await bench.http.get(url, headers=headers), await bench.http.post(url, headers=headers)):
                assert answer.status_code == 403
                assert "it carries no ticket" in answer.text
                assert "browserTicket=" not in answer.text
    assert len(bench.gateway.events(McpAuthUpstreamConnectionBegun)) == begun


@pytest.mark.parametrize("site", ["same-site", "cross-site", ""])
async def test_a_page_that_another_one_leads_to_asks_before_anything_begins(bench: Bench, site: str) -> None:
    """It may have set its own session beside its own link: whoever follows would connect their account for it.

    An old browser does not say who led it here.
    """
    link = await link_of(bench)
    begun = len(bench.gateway.events(McpAuthUpstreamConnectionBegun))
    led = {"sec-fetch-site": site, "sec-fetch-mode": "navigate"} if site else {}
    led |= {"accept": "text/html"}
    asked = await bench.http.get(link, headers=bench.browser.cookies | led)
    assert asked.status_code == 200
    assert "page or program may have opened this one" in asked.text
    assert "for <strong>ada@acme.example</strong>" in asked.text
    assert len(bench.gateway.events(McpAuthUpstreamConnectionBegun)) == begun
    direct = await bench.http.get(link, headers=bench.browser.cookies | led | OPENED)
    assert (direct.status_code, "sees whether this browser signed in" in direct.text) == (200, True)
    assert len(bench.gateway.events(McpAuthUpstreamConnectionBegun)) == begun
    await bench.browser.open(link)
    assert len(bench.gateway.events(McpAuthUpstreamConnectionBegun)) == begun + 1


async def test_the_link_of_a_consent_page_says_whose_it_is(bench: Bench) -> None:
    await bench.sign_in()
    assert bench.browser.page
    link = next(href for href, label in bench.browser.page.links if label == "Connect Notes")
    page = await bench.http.get(link, headers=bench.browser.cookies)
    assert "for <strong>ada@acme.example</strong>" in page.text
    copied = await bench.http.get(link)
    assert (copied.status_code, "state=st_" in copied.headers["location"]) == (302, True)


async def test_a_remembered_yes_leads_to_the_page_while_an_account_is_missing(bench: Bench) -> None:
    """Without it the route could not answer; the page has the link that mends it."""
    await link_of(bench)
    again = bench.gateway.authorize_url(bench.client_id, token(""))
    shown = (await bench.browser.open(again)).page
    assert shown
    assert (shown.status, shown.url.startswith(f"{bench.gateway.origin}/oauth/setup?")) == (200, True)
    assert "Connect Notes" in bench.text
    await bench.connect()
    assert bench.browser.location
    assert "code=" in bench.browser.location


async def test_a_link_that_is_only_looked_at_makes_no_other(bench: Bench) -> None:
    """Else one link would be any number of them, each good for another half hour."""
    link = await link_of(bench)
    looked = await bench.http.get(link.replace("&redirect=true", ""))
    (ticket,) = parse_qs(urlsplit(looked.json()["authUrl"]).query)["browserTicket"]
    assert ticket == parse_qs(urlsplit(link).query)["browserTicket"][0]
    await bench.browser.open(looked.json()["authUrl"])
    await bench.browser.press("Approve as")
    for again in (link, link.replace("&redirect=true", "")):
        spent = await bench.http.get(again)
        assert (spent.status_code, "it was used at" in spent.text) == (403, True)


async def test_only_the_browser_that_began_is_offered_another_try(bench: Bench) -> None:
    await bench.sign_in()
    await bench.browser.press("Connect Notes")
    bench.browser.stops = (f"{bench.gateway.origin}/auth/connections/notes/callback",)
    await bench.browser.press("Deny")
    location = bench.browser.location
    assert location is not None
    stranger = await bench.http.get(location)
    assert "did not come back" in stranger.text
    assert "browserTicket=" not in stranger.text
    own = await bench.http.get(location, headers=bench.browser.cookies)
    assert "answered access_denied" in own.text
    assert "browserTicket=" in own.text


async def test_a_link_is_for_one_upstream_and_half_an_hour(bench: Bench) -> None:
    link = await link_of(bench)
    side = bench.gateway.runtime.upstreams
    assert side
    (sealed,) = parse_qs(urlsplit(link).query)["browserTicket"]
    with pytest.raises(Refused) as refused:
        side.oauth.read_ticket(sealed, UpstreamServerId("other"))
    assert refused.value.problem.explain() == "This link cannot be used: it is for notes."
    bench.clock.travel(timedelta(minutes=29))
    assert (await bench.http.get(link)).status_code == 302
    bench.clock.travel(timedelta(minutes=2))
    late = await bench.http.get(link)
    assert (late.status_code, "it expired at" in late.text) == (403, True)


async def test_the_page_that_asks_is_answered_from_itself_alone(bench: Bench) -> None:
    """A page on another port knows the link and is sent the cookie; it reads no page of ours, and may send none."""
    link = await link_of(bench)
    begun = len(bench.gateway.events(McpAuthUpstreamConnectionBegun))
    async with Browser() as person:
        await person.open(link.replace("&redirect=true", ""))
        assert person.page
        url, fields = urljoin(person.page.url, person.page.forms[0].action), person.page.forms[0].fields
        ours = {"origin": "null", "sec-fetch-site": "same-origin"}
        for headers, form in (
            (ours, fields),
            (ours | person.cookies, {"csrf_token": "x"}),
            (ours | person.cookies, {}),
            (person.cookies | {"origin": "null", "sec-fetch-site": "same-site"}, fields),
            (person.cookies | {"origin": "http://localhost:1"}, fields),
        ):
            refused = await bench.http.post(url, data=form, headers=headers)
            assert (refused.status_code, "form was not taken" in refused.text) == (403, True)
        assert len(bench.gateway.events(McpAuthUpstreamConnectionBegun)) == begun
        await person.press("Continue to Notes")
        await person.press("ada@acme.example")
        await person.press("Approve as")
        assert "Notes is connected" in person.page.text


@pytest.mark.parametrize("signed_in", [True, False])
async def test_a_program_that_looks_at_a_link_does_not_use_it_up(bench: Bench, *, signed_in: bool) -> None:
    """Chats and mail programs ask HEAD of every link, to preview or to check it (RFC 9110 §9.2.1)."""
    link = await link_of(bench)
    headers = bench.browser.cookies if signed_in else {}
    begun = len(bench.gateway.events(McpAuthUpstreamConnectionBegun))
    pending = len(bench.gateway.events(McpAuthAuthorizationBegun))
    for url in (link, f"{link}&redirect=true"):
        for _ in range(3):
            looked = await bench.http.head(url, headers=headers | OPENED)
            assert (looked.status_code, looked.content) in {(200, b""), (428, b"")}
            assert "set-cookie" not in looked.headers
    assert len(bench.gateway.events(McpAuthUpstreamConnectionBegun)) == begun
    assert len(bench.gateway.events(McpAuthAuthorizationBegun)) == pending
    await bench.browser.open(link)
    assert len(bench.gateway.events(McpAuthUpstreamConnectionBegun)) == begun + 1


@pytest.mark.parametrize("path", ["/auth/connections/notes/callback", "/oauth/callback"])
async def test_looking_at_a_callback_spends_neither_code_nor_state(bench: Bench, path: str) -> None:
    stops, bench.browser.stops = bench.browser.stops, (f"{bench.gateway.origin}{path}",)
    await bench.sign_in()
    if bench.browser.location is None:
        await bench.connect()
    assert bench.browser.location
    looked = await bench.http.head(bench.browser.location, headers=bench.browser.cookies)
    assert (looked.status_code, looked.content, "set-cookie" in looked.headers) == (200, b"", False)
    bench.browser.stops = stops
    await bench.browser.open(bench.browser.location)
    assert bench.browser.page
    assert (bench.browser.page.status, "Notes" in bench.text) == (200, True)
    await bench.http.head(bench.browser.page.url, headers=bench.browser.cookies)
    assert not any(each.outcome == "failure" for each in bench.gateway.events(Event))


async def test_looking_at_an_authorization_asks_nobody_and_decides_nothing(bench: Bench) -> None:
    await bench.sign_in()
    url = bench.gateway.authorize_url(bench.client_id, token(""))
    for path in (url, url.replace("/oauth/authorize", "/oauth/setup")):
        looked = await bench.http.head(path, headers=bench.browser.cookies)
        assert (looked.status_code, "location" in looked.headers) == (200, False)
