"""What is printed for something that does not come is done, it comes, and the suspicion is withdrawn."""

from collections.abc import Awaitable, Callable

import httpx2
import pytest

from devgw.entropy import token
from tests.diagnosis.fixes.way import Client, discover, left, said
from tests.diagnosis.stories.conftest import Watched
from tests.diagnosis.stories.test_absent import client_listening, look_impatiently
from tests.support.browser import Browser
from tests.support.gateway import CALLBACK, mcp_request
from tests.support.mending import mends, written

Story = Callable[[Watched, Client], Awaitable[None]]


async def is_challenged(gateway: Watched, client: Client) -> None:
    await client.http.post(gateway.mcp_url, json=mcp_request("tools/list"))


async def reads_metadata(gateway: Watched, client: Client) -> None:
    await discover(gateway, client.http)


async def registers(gateway: Watched, client: Client) -> None:
    await discover(gateway, client.http)
    await client.register()


async def reads_the_roots_document(gateway: Watched, client: Client) -> None:
    await is_challenged(gateway, client)
    await client.http.get(f"{gateway.origin}/.well-known/oauth-protected-resource{path_of(gateway)}")
    await client.http.get(f"{gateway.origin}/.well-known/oauth-authorization-server")


async def registers_without_end(gateway: Watched, client: Client) -> None:
    for port in range(5):
        await gateway.running.register(client.http, redirect_uris=[f"http://localhost:{4000 + port}/callback"])


async def begins_over_and_over(gateway: Watched, client: Client) -> None:
    await client.register()
    for state in ("one", "two", "three"):
        await client.http.get(client.url(state=state))
        gateway.wait(4)


async def test_what_several_clients_of_one_kind_began_is_no_client_that_begins_over_and_over(
    gateway: Watched, http: httpx2.AsyncClient
) -> None:
    for _ in range(4):
        client = Client(gateway, http)
        await is_challenged(gateway, client)
        await client.register()
        await client.http.get(client.url(state=token("")))
        gateway.wait(4)
    await is_challenged(gateway, Client(gateway, http))

    assert "PORT-01" not in await gateway.names()


def path_of(gateway: Watched) -> str:
    return gateway.mcp_url.removeprefix(gateway.origin)


@mends("BEAR-07", "DISC-12", "REG-14", "DISC-03", "REG-11", "PORT-01")
@pytest.mark.parametrize(
    ("story", "late", "name", "words"),
    [
        (is_challenged, 31, "BEAR-07", "Start the login in the client"),
        (reads_metadata, 11, "DISC-12", "Start the login in the client"),
        (registers, 181, "REG-14", "Start the login in the client"),
        (reads_the_roots_document, 6, "DISC-03", "put the issuer's path into the well-known URL"),
        (registers_without_end, 0, "REG-11", "Let it keep its registration"),
        (begins_over_and_over, 0, "PORT-01", "then stop that, and connect once"),
    ],
)
async def test_a_client_that_goes_on_as_printed_is_suspected_of_nothing(
    gateway: Watched, http: httpx2.AsyncClient, story: Story, late: int, name: str, words: str
) -> None:
    client = Client(gateway, http)
    await story(gateway, client)
    gateway.wait(late)
    assert words in (fix := (await said(gateway, name)).fix), fix

    if name == "DISC-03":
        await discover(gateway, http)
    await client.whole_way()
    assert name not in await left(gateway)


@mends("SESS-09", "CONS-04", "SESS-06")
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("SESS-09", "Finish signing in"),
        ("CONS-04", "Decide on the consent page"),
        ("SESS-06", "Start the connection again from the client"),
    ],
)
async def test_a_person_who_goes_on_as_printed_is_waited_for_no_more(
    gateway: Watched, http: httpx2.AsyncClient, browser: Browser, name: str, words: str
) -> None:
    client = Client(gateway, http)
    await client.register()
    await browser.open(client.url())
    if name == "SESS-06":
        browser.stops = (f"{gateway.origin}/oauth/setup", *browser.stops)
    if name != "SESS-09":
        await browser.press("@")
    gateway.wait(181 if name != "SESS-06" else 21)
    assert words in (await said(gateway, name)).fix

    if name == "SESS-06":
        await client.whole_way()
    else:
        if name == "SESS-09":
            await browser.press("@")
        await browser.press("Allow")
        assert browser.location is not None
        await client.redeem(dict(httpx2.URL(browser.location).params)["code"])
        await client.works()
    assert name not in await left(gateway)


@mends("HOST-03", "PORT-02", "SESS-05")
@pytest.mark.parametrize(
    ("listens_on", "name", "words"),
    [
        (("127.0.0.1",), "HOST-03", ""),
        ((), "PORT-02", "else sign in once more"),
        (("127.0.0.1", "::1"), "SESS-05", "restart the client and sign in once"),
    ],
)
async def test_a_code_that_is_sent_where_it_is_printed_is_redeemed(
    gateway: Watched, http: httpx2.AsyncClient, listens_on: tuple[str, ...], name: str, words: str
) -> None:
    with client_listening(listens_on) as (port, _):
        told = look_impatiently(gateway)
        client = Client(gateway, http, redirect_uri=f"http://localhost:{port}/callback")
        await client.register(redirect_uris=[client.redirect_uri, f"http://127.0.0.1:{port}/callback"])
        await client.get_code()
        await told
        gateway.wait(31)
        fix = (await said(gateway, name)).fix
        assert words in fix
        if name == "HOST-03":
            host = written(fix, r"or use (\S+) in its redirect URI")
            client.redirect_uri = f"http://{host}:{port}/callback"
            assert host in listens_on
        client.verifier = token("")
        await client.whole_way(state="anew")
    assert name not in await left(gateway)


@mends("SESS-04", "SESS-03")
@pytest.mark.parametrize("name", ["SESS-04", "SESS-03"])
async def test_a_callback_that_is_finished_as_printed_signs_in(
    gateway: Watched, http: httpx2.AsyncClient, browser: Browser, name: str
) -> None:
    client = Client(gateway, http)
    await client.register()
    await browser.open(client.url())
    browser.stops = (f"{gateway.origin}/oauth/callback", *browser.stops)
    await browser.press("@")
    callback, browser.stops = str(browser.location), (CALLBACK,)
    async with Browser(CALLBACK) as another:
        if name == "SESS-04":
            await browser.open(callback)
        await another.open(callback)
    words = "Go back to the MCP client" if name == "SESS-04" else "in the browser window in which it began"
    assert words in (await said(gateway, name)).fix

    if name == "SESS-03":
        await browser.open(callback)
    await browser.press("Allow")
    assert browser.location is not None
    await client.redeem(dict(httpx2.URL(browser.location).params)["code"])
    await client.works()
    assert name not in await left(gateway)


@mends("SESS-07")
async def test_another_account_as_printed_is_chosen_on_the_consent_page(
    gateway: Watched, http: httpx2.AsyncClient, browser: Browser
) -> None:
    client = await Client(gateway, http).whole_way()
    gateway.wait(5)
    await gateway.running.sign_in(browser, client.url(state="anew"), "bob@example.com")
    assert "use the consent page's switch-account link" in (await said(gateway, "SESS-07")).fix

    await browser.press("Use another account")
    await browser.press("@")  # who has allowed this client before
    assert browser.location is not None
    await client.redeem(dict(httpx2.URL(browser.location).params)["code"])
    await client.works()
    assert "SESS-07" not in await left(gateway)


@mends("CONS-03", "CONS-04", "SESS-01")
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("CONS-03", "reload it, and decide again"),
        ("CONS-04", "Connect again and approve"),
        ("SESS-01", "Start the connection again in the MCP client"),
    ],
)
async def test_a_consent_that_is_given_as_printed_brings_a_code(
    gateway: Watched, http: httpx2.AsyncClient, browser: Browser, name: str, words: str
) -> None:
    client = Client(gateway, http)
    await client.register()
    await gateway.running.sign_in(browser, client.url())
    page = browser.page
    assert page is not None
    if name == "CONS-03":
        await browser.press("Allow", **{key: "stale" for key in page.forms[0].fields if "token" in key})
    elif name == "SESS-01":
        gateway.wait(3600)
        await browser.press("Allow")
    else:
        await browser.press("Deny")
    assert words in (fix := (await said(gateway, name)).fix), fix

    if name == "CONS-03":
        await browser.open(page.url)
        await browser.press("Allow")
        await client.redeem(dict(httpx2.URL(str(browser.location)).params)["code"])
        await client.works()
    else:
        client.verifier = token("")
        await client.whole_way(state="anew")
    assert name not in await left(gateway)


@mends("REVK-02")
async def test_old_tokens_that_are_revoked_as_printed_are_not_spoken_of(
    gateway: Watched, http: httpx2.AsyncClient
) -> None:
    clients = [await Client(gateway, http).whole_way() for _ in range(12)]
    await Client(gateway, http).register()
    assert "Revoke them in the Tokens screen" in (await said(gateway, "REVK-02")).fix

    for each in clients:
        await each.post("revoke", {"token": each.tokens["refresh_token"], "client_id": each.client_id})
    await Client(gateway, http).whole_way()
    assert "REVK-02" not in await left(gateway)


@mends("DISC-10")
async def test_a_code_is_redeemed_at_the_endpoint_that_is_printed(gateway: Watched, http: httpx2.AsyncClient) -> None:
    client = Client(gateway, http)
    await client.register()
    form = client.form(await client.get_code())
    assert (await http.post(f"{gateway.origin}/oauth2/token", data=form)).status_code == 404
    url = written((await said(gateway, "DISC-10")).fix, r"(http\S+/token)")

    client.tokens = (await http.post(url, data=form)).json()
    await client.works()
    assert "DISC-10" not in await left(gateway)
