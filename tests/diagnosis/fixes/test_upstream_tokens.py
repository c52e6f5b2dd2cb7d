"""What is printed for a connection that was lost, or a link that is not followed, is done, and the call succeeds."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.diagnosis.fixes.test_upstream_connections import Server, in_front_of, server, set_options
from tests.diagnosis.fixes.upstream import save, signed_in, upstream
from tests.diagnosis.fixes.way import Client, left, said
from tests.outbound.upstream import Asked
from tests.support.browser import Browser
from tests.support.bytes_upstream import Seen, response
from tests.support.gateway import CALLBACK
from tests.support.mending import mends, written

__all__ = ["server"]
MODERN = "2026-07-28"


class Person:
    """Somebody at a browser, who has connected the upstream for a client."""

    def __init__(self, client: Client, browser: Browser) -> None:
        self.client, self.browser = client, browser

    async def sign_in(self) -> None:
        """Go the whole way in this browser."""
        await self.client.redeem(await self.client.get_code(self.browser))
        await self.client.works()

    async def follow(self, link: str) -> None:
        """Open a link by which the upstream is connected, and see that it is."""
        await self.browser.open(link)
        assert self.browser.page is not None
        if any(label.startswith("Continue") for form in self.browser.page.forms for _, _, label in form.buttons):
            await self.browser.press("Continue")
        assert "is connected" in self.browser.page.text, self.browser.page.text


@pytest.fixture
async def person(tmp_path: Path, server: Server) -> AsyncIterator[Person]:
    async with in_front_of(server, tmp_path) as client, Browser(CALLBACK) as browser:
        yield Person(client, browser)


def link_in(answer: httpx2.Response) -> str:
    """Return the link of an answer that asks to connect."""
    return str(answer.json()["error"]["data"]["authUrl"])


def wants_more(asked: Asked) -> tuple[int, dict[str, str], Any]:
    """Return a wish for another scope."""
    del asked
    return 403, {"www-authenticate": 'Bearer error="insufficient_scope", scope="notes:write"'}, {}


async def lose(person: Person, server: Server, name: str) -> None:
    """Let the connection be lost in the way that has this name."""
    if name == "UPST-04":
        server.token_answer = lambda _, answer: (200, {}, {k: v for k, v in answer.items() if k != "refresh_token"})
    if name == "UPST-20":
        await person.sign_in()
        server.issuer = f"{server.origin}/tenant"
        server.answers["/.well-known/oauth-authorization-server/tenant"] = server._metadata(
            Asked("GET", "", {}, {}, b"")
        )
        server.access_tokens.clear()
        return
    await person.sign_in()
    server.access_tokens.clear()
    if name == "UPST-08":
        server.refresh_tokens.clear()
    if name == "UPST-24":
        server.answers["/token"] = 401, {}, {"error": "invalid_client"}


@mends("UPST-04", "UPST-08", "UPST-24", "UPST-20", "UPST-03")
@pytest.mark.parametrize("name", ["UPST-04", "UPST-08", "UPST-24", "UPST-20"])
async def test_a_connection_that_was_lost_is_made_again_as_printed(
    person: Person,
    server: Server,
    name: str,
) -> None:
    await lose(person, server, name)
    answer = await person.client.call()
    fix = (await said(person.client.gateway, name)).fix
    assert "onnect" in fix
    assert "again" in fix

    server.answers.pop("/token", None)
    server.token_answer = None
    await person.follow(link_in(answer))
    await person.client.works()
    assert name not in await left(person.client.gateway)


@mends("UPST-01")
async def test_the_link_that_is_printed_is_opened_and_the_call_goes_through(
    person: Person,
    server: Server,
) -> None:
    await person.sign_in()
    oauth = person.client.gateway.running.runtime.upstreams.oauth
    (connection,) = oauth.connections()
    await oauth.disconnect(connection.subject_id, connection.upstream_server_id)
    for _ in range(2):
        await person.client.call()
        person.client.gateway.wait(1)
    link = written((await said(person.client.gateway, "UPST-01")).fix, r"yourself: (\S+); then call the tool again")

    await person.follow(link)
    await person.client.works()
    assert server.access_tokens
    assert "UPST-01" not in await left(person.client.gateway)


@mends("UPST-18")
async def test_a_scope_that_is_granted_as_printed_ends_the_asking(
    person: Person,
    server: Server,
) -> None:
    granted = ["notes:read"]
    server.resource_metadata = {"scopes_supported": ["notes:read"]}
    server.token_answer = lambda _, answer: (200, {}, answer | {"scope": " ".join(granted)})
    await person.sign_in()
    server.call = wants_more(Asked("POST", "", {}, {}, b""))
    await person.follow(link_in(await person.client.call()))
    await person.client.call()
    fix = (await said(person.client.gateway, "UPST-18")).fix

    granted.append(written(fix, r"grant `(\S+)` to this client"))
    await person.follow(written(fix, r"then connect again: (\S+)"))
    server.call = None
    await person.client.works()
    assert "UPST-18" not in await left(person.client.gateway)


@mends("SCOPE-02")
async def test_a_right_that_the_person_gets_at_the_upstream_ends_the_circle(
    person: Person,
    server: Server,
) -> None:
    server.token_answer = lambda _, answer: (200, {}, answer | {"scope": "notes:write"})
    await person.sign_in()
    server.call = wants_more(Asked("POST", "", {}, {}, b""))
    await person.client.call()
    assert "The person may lack the right itself at the upstream" in (await said(person.client.gateway, "SCOPE-02")).fix

    server.call = None
    await person.client.works()
    assert "SCOPE-02" not in await left(person.client.gateway)


@mends("CONF-09", "REQ-03", "SESS-02")
@pytest.mark.parametrize(
    ("spoil", "name", "words"),
    [
        (lambda link: link.replace("/connections/notes/", "/connections/nodes/"), "CONF-09", "or from the tool's"),
        (lambda link: link.replace("browserTicket=", "browserTicket=x"), "REQ-03", "both give a fresh one"),
    ],
)
async def test_a_link_as_the_tool_gives_it_connects(
    person: Person,
    server: Server,
    spoil: Any,
    name: str,
    words: str,
) -> None:
    await person.sign_in()
    server.access_tokens.clear()
    server.refresh_tokens.clear()
    link = link_in(await person.client.call())
    await person.browser.open(spoil(link))
    assert words in (await said(person.client.gateway, name)).fix

    await person.follow(link_in(await person.client.call()))
    await person.client.works()
    assert name not in await left(person.client.gateway)


@mends("SESS-02")
async def test_a_connection_that_begins_and_ends_in_one_window_is_made(
    person: Person,
    server: Server,
) -> None:
    await person.sign_in()
    server.access_tokens.clear()
    server.refresh_tokens.clear()
    link = link_in(await person.client.call())
    person.browser.stops = (CALLBACK, f"{person.client.gateway.origin}/auth/connections/notes/callback")
    await person.browser.open(link)
    assert person.browser.location is not None
    async with Browser(CALLBACK) as another:
        await another.open(person.browser.location)
    assert "in one browser window" in (await said(person.client.gateway, "SESS-02")).fix

    person.browser.stops = (CALLBACK,)
    await person.follow(link_in(await person.client.call()))
    await person.client.works()
    assert "SESS-02" not in await left(person.client.gateway)


@mends("UPST-11")
async def test_the_mode_that_is_printed_connects_where_no_identity_token_is_held(
    tmp_path: Path,
    server: Server,
) -> None:
    authentication = {"method": "client_secret_post", "clientId": "c", "clientSecret": "s"}
    at = {"tokenUrl": f"{server.origin}/token", "clientAuth": authentication}
    cross = {"idp": at, "resourceAs": at | {"audience": server.origin}}
    async with in_front_of(server, tmp_path, authMode="id-jag", idJag=cross) as client, Browser(CALLBACK) as browser:
        await client.redeem(await client.get_code(browser))
        await client.call()
        mode = written((await said(client.gateway, "UPST-11")).fix, r"write `authMode`: `([\w-]+)` for this upstream")
        set_options(tmp_path, authMode=mode)
        await save(client)

        await Person(client, browser).follow(link_in(await client.call()))
        await client.works()
        assert "UPST-11" not in await left(client.gateway)


@mends("UPST-02")
async def test_an_upstream_that_answers_in_the_form_of_the_clients_revision_is_understood(tmp_path: Path) -> None:
    old = b'{"jsonrpc":"2.0","id":1,"error":{"code":-32042,"message":"connect","data":{"elicitations":[]}}}'
    new = b'{"jsonrpc":"2.0","id":1,"result":{"resultType":"input_required","inputRequests":[]}}'
    answers = [response(old), response(new)]

    def answer(seen: Seen) -> bytes:
        del seen
        return answers.pop(0)

    async with upstream(answer) as there, signed_in(tmp_path, f"{there.origin}/mcp") as client:
        await client.call(**{"mcp-protocol-version": MODERN})
        assert "resultType input_required" in (await said(client.gateway, "UPST-02")).fix

        assert "input_required" in (await client.call(**{"mcp-protocol-version": MODERN})).text
        assert "UPST-02" not in await left(client.gateway)


@mends("CONS-02")
async def test_pressing_connect_first_lets_consent_be_given(
    person: Person,
    server: Server,
) -> None:
    client, browser = person.client, person.browser
    await client.gateway.running.sign_in(browser, client.url())
    assert browser.page is not None
    (form,) = [each for each in browser.page.forms if each.method == "post"][:1]
    allow = next(button for button in form.buttons if "Allow" in button[2])
    await client.http.post(form.action, data=form.fields | {allow[0]: allow[1]}, headers=browser.cookies)
    assert "Press Connect on the consent page first" in (await said(client.gateway, "CONS-02")).fix

    await browser.press("Connect Notes")
    await browser.press("Allow")
    assert browser.location is not None
    await client.redeem(dict(httpx2.URL(browser.location).params)["code"])
    await client.works()
    assert server.access_tokens
    assert "CONS-02" not in await left(client.gateway)


@mends("UPST-12")
async def test_a_connection_whose_refresh_was_lost_is_made_again_as_printed(
    person: Person,
    server: Server,
) -> None:
    await person.sign_in()
    server.access_tokens.clear()
    server.token_answer = lambda _, answer: (200, {"content-length": "9999"}, answer)  # so that it never ends
    await person.client.call()
    server.token_answer = None
    answer = await person.client.call()
    assert "Connect again" in (await said(person.client.gateway, "UPST-12")).fix

    await person.follow(link_in(answer))
    await person.client.works()
    assert "UPST-12" not in await left(person.client.gateway)
