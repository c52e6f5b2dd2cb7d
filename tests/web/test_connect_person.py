"""A connect link connects in the browser of the person whom it names, and in no other.

Links stand in tools' answers, chats and logs: whoever holds one could connect an account of their own for that person,
and get what that person's tools write.
"""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from devgw.entropy import digest
from devgw.events.taxonomy import (
    McpAuthConsentShown,
    McpAuthLoginBegun,
    McpAuthLoginFinished,
    McpAuthUpstreamConnectionBegun,
    McpAuthUpstreamConnectionEstablished,
)
from devgw.limits import Limits
from tests.support.browser import Browser
from tests.support.mending import mends, written
from tests.web.test_connect import Bench, bench
from tests.web.test_connect_links import OPENED, link_of

__all__ = ["bench"]
ADA, BOB = "ada@acme.example", "bob@example.com"


def begun(bench: Bench) -> int:
    return len(bench.gateway.events(McpAuthUpstreamConnectionBegun))


def connected(bench: Bench) -> list[str]:
    side = bench.gateway.runtime.upstreams
    assert side
    return [each.subject_id for each in side.oauth.connections()]


async def test_whoever_holds_a_link_and_is_not_signed_in_signs_in_as_its_person_or_gets_nowhere(bench: Bench) -> None:
    link, before = await link_of(bench), begun(bench)
    async with Browser() as stranger:
        await stranger.open(link)
        assert stranger.page
        assert "Choose who you are" in stranger.page.text
        await stranger.press(BOB)
        assert stranger.page.status == 403
        assert f"signed in as {BOB}" in stranger.page.text
        assert f"the link is for {ADA}, and connects nobody else" in stranger.page.text
        await stranger.open(link)
        assert stranger.page.status == 403
        assert begun(bench) == before
    async with Browser() as own:
        await own.open(link)
        await own.press(ADA)
        await own.press("Approve as")
        assert own.page
        assert "Notes is connected" in own.page.text
    person = bench.gateway.events(McpAuthUpstreamConnectionEstablished)[-1].subject_id
    assert connected(bench) == [person]
    assert (await bench.call()).status_code == 200


@mends("SESS-10")
async def test_who_signs_out_where_it_is_printed_and_comes_as_the_person_of_the_link_connects(bench: Bench) -> None:
    link = await link_of(bench)
    async with Browser() as person:
        await person.open(link)
        await person.press(BOB)
        assert person.page
        assert "devgw explain SESS-10" in person.page.text
        await person.open(written(person.page.text, r"sign out at (\S+) and"))
        await person.press("Sign out")
        await person.open(link)
        await person.press(ADA)
        await person.press("Approve as")
        assert "Notes is connected" in person.page.text


@pytest.mark.parametrize("site", ["same-origin", "same-site", "none", "cross-site", ""])
async def test_the_link_and_the_cookie_together_are_not_the_person(bench: Bench, site: str) -> None:
    """A program on another port gets the cookie, and may have read the link; it can say what it likes of itself."""
    link, before = await link_of(bench), begun(bench)
    headers = {**bench.browser.cookies, **OPENED, "sec-fetch-site": site, "origin": "null"}
    for url in (link, link.replace("&redirect=true", ""), link + "&transaction=&page_token="):
        shown = await bench.http.get(url, headers=headers)
        assert "location" not in shown.headers
        cookie = {"cookie": f"{headers['cookie']}; devgw_connect_form=cf_1"}
        await bench.http.post(url, headers=headers | cookie, data={"csrf_token": digest("cf_1")})
    assert begun(bench) == before


async def test_a_link_of_whoever_set_their_session_beside_it_connects_nothing_of_the_person(bench: Bench) -> None:
    """Another port sets the cookie of its own session: the browser has that, and not the key that belongs to it."""
    await link_of(bench)
    async with Browser() as mallory:
        await bench.gateway.sign_in(mallory, bench.gateway.authorize_url(bench.client_id, "x" * 43), BOB)
        assert mallory.page
        link = next(href for href, label in mallory.page.links if label == "Connect Notes")
        theirs = next(each.value for each in mallory.jar if each.name == "devgw_session")
    link = link.partition("&transaction=")[0]
    before = begun(bench)
    ours = next(each.value for each in bench.browser.jar if each.name == "devgw_session")
    for values in ((theirs,), (theirs, ours), (ours, theirs)):
        async with Browser() as victim:
            cookie = {"cookie": "; ".join(f"devgw_session={each}" for each in values)}
            victim.storage |= bench.browser.storage
            shown = await bench.http.get(link, headers=OPENED | cookie)
            assert "sees whether this browser signed in" in shown.text
            (transaction,) = {each for each in shown.text.split('"') if each.startswith("t-")}
            form = {"transaction": transaction, "browser_key": bench.browser.storage[bench.gateway.origin]}
            proven = await bench.http.post(f"{bench.gateway.origin}/oauth/prove", data=form, headers=OPENED | cookie)
            if "page_token" in proven.headers.get("location", ""):
                refused = await bench.http.get(proven.headers["location"], headers=OPENED | cookie)
                assert (refused.status_code, f"the link is for {BOB}" in refused.text) == (403, True)
    assert begun(bench) == before


async def test_a_sign_in_for_a_link_is_no_authorization_and_gets_no_code(bench: Bench) -> None:
    link = await link_of(bench)
    shown = len(bench.gateway.events(McpAuthConsentShown))
    async with Browser(f"{bench.gateway.origin}/auth/connections/notes/connect?operationId") as person:
        await person.open(link)
        await person.press(ADA)
        assert person.location
        query = {name: values[0] for name, values in parse_qs(urlsplit(person.location).query).items()}
        assert "browserTicket" not in query
        setup = f"{bench.gateway.origin}/oauth/setup"
        headers = OPENED | person.cookies
        asked = await bench.http.get(setup, params=query, headers=headers)
        form = {"transaction": query["transaction"], "csrf_token": query["page_token"], "decision": "approve"}
        said = await bench.http.post(setup, data=form, headers=headers | {"sec-fetch-site": "same-origin"})
        for answer in (asked, said):
            assert (answer.status_code, "belongs to no authorization" in answer.text) == (400, True)
    assert len(bench.gateway.events(McpAuthConsentShown)) == shown
    finished = bench.gateway.events(McpAuthLoginFinished)[-1]
    assert (finished.client_id, finished.client_name, finished.email) == (None, None, ADA)
    assert bench.gateway.events(McpAuthLoginBegun)[-1].client_id is None


async def test_a_link_that_was_used_leads_nowhere_even_by_its_sign_in(bench: Bench) -> None:
    link = await link_of(bench)
    stop = f"{bench.gateway.origin}/auth/connections/notes/connect?operationId"
    async with Browser(stop) as person:
        await person.open(link)
        await person.press(ADA)
        back = person.location
        assert back
        person.stops = ()
        await person.open(back)
        await person.press("Approve as")
        before = begun(bench)
        for again, why in ((back, "its sign-in is over"), (link, "it was used at")):
            await person.open(again)
            assert person.page
            assert (person.page.status, why in person.page.text) == (403, True)
    assert begun(bench) == before


async def test_no_more_sign_ins_for_links_are_open_than_authorizations_may_be(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = await link_of(bench)
    monkeypatch.setattr(Limits, "AUTHORIZATIONS_OPEN", 4)
    answers = [await bench.http.get(link, headers=OPENED) for _ in range(5)]
    assert [each.status_code for each in answers][:2] == [302, 302]
    assert answers[-1].status_code == 503


async def test_a_provider_that_says_no_is_told_to_the_person_and_to_no_client(bench: Bench) -> None:
    link = await link_of(bench)
    async with Browser() as person:
        await person.open(link)
        (sent,) = {parse_qs(urlsplit(each).query)["state"][0] for each in person.visited if "state=st_" in each}
        await person.open(f"{bench.gateway.origin}/oauth/callback?error=access_denied&state={sent}")
        assert person.page
        assert (person.page.status, person.location) == (400, None)
        assert "access_denied" in person.page.text


async def test_registering_anew_is_not_forgotten_over_the_sign_in(bench: Bench) -> None:
    link = await link_of(bench)
    registered = set(bench.upstream.records.clients)
    async with Browser() as person:
        await person.open(f"{link}&register=anew")
        await person.press(ADA)
        await person.press("Approve as")
        assert person.page
        assert "Notes is connected" in person.page.text
    assert set(bench.upstream.records.clients) - registered


@pytest.mark.parametrize("bench", ["shared-oauth"], indirect=True)
async def test_what_all_share_is_connected_by_whoever_signs_in(bench: Bench) -> None:
    link, before = await link_of(bench), begun(bench)
    async with Browser() as person:
        await person.open(link)
        assert begun(bench) == before
        await person.press(BOB)
        await person.press("Approve as")
        assert person.page
        assert "Notes is connected" in person.page.text
    assert connected(bench) == ["shared"]


async def test_a_sign_in_for_a_link_is_no_clients_flow_and_no_diagnosis(bench: Bench) -> None:
    link = await link_of(bench)
    monitor = bench.gateway.runtime.monitor
    assert bench.gateway.published
    flows = list(monitor.flow_book.flows)
    async with Browser() as person:
        await person.open(link)
        await person.press(ADA)
        await person.press("Approve as")
    bench.clock.travel(timedelta(minutes=3))
    assert bench.gateway.published
    monitor.tick()
    assert [each.id for each in monitor.flow_book.flows] == [each.id for each in flows]
    assert [each.id for flow in monitor.flow_book.flows for each in flow.diagnoses] == []
