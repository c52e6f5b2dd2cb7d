"""The person stands on an error page of an upstream's own server: named within seconds, and gone when they are back."""

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from devgw.events.flow import Diagnosis
from devgw.events.taxonomy import McpAuthUpstreamLoginProbed
from tests.diagnosis.fixes.test_upstream_connections import Server, in_front_of, lines_of, server
from tests.diagnosis.fixes.way import Client, left, said
from tests.diagnosis.stories.conftest import Watched
from tests.diagnosis.stories.test_connecting_refused import answers, connecting, says, sends_back
from tests.support.browser import Browser
from tests.support.gateway import CALLBACK
from tests.support.mending import mends

__all__ = ["server"]
HTML = {"content-type": "text/html"}


async def probed(gateway: Watched, number: int = 1, seconds: float = 30) -> None:
    """Wait until the upstream's login was looked at so often; fail where it is not in time."""
    deadline = time.monotonic() + seconds
    while len(gateway.running.events(McpAuthUpstreamLoginProbed)) < number:
        assert time.monotonic() < deadline, "nobody looked at the login"
        await asyncio.sleep(0.02)


async def named(gateway: Watched) -> Diagnosis:
    """Return the one thing that is said."""
    await probed(gateway)
    assert await gateway.names() == []
    (found,) = await gateway.of_gateway()
    return found


@pytest.mark.parametrize(
    ("status", "content", "name", "words", "is_certain"),
    [
        (400, b"<h1>Redirect URI mismatch</h1>", "UPST-23", "Redirect URI mismatch", True),
        (400, {"error": "invalid_request", "error_description": "redirect_uri unknown"}, "UPST-23", "unknown", True),
        (404, b"<h1>Not Found</h1>", "UPST-23", "404", True),
        (405, b"", "UPST-23", "405", True),
        (403, b"<h1>Just a moment</h1>", "UPST-23", "Just a moment", False),
        (401, {"error": "invalid_client"}, "UPST-15", "invalid_client", True),
        (400, {"error": "invalid_target"}, "AUD-07", "invalid_target", True),
        (400, {"error": "invalid_scope", "error_description": "no such"}, "UPST-06", "no such", True),
        (500, b"Internal Server Error", "UPST-13", "500", True),
        (503, b"", "UPST-13", "503", True),
        (429, b"slow down", "UPST-13", "slow down", False),
    ],
)
async def test_the_error_page_is_named_within_three_seconds(
    tmp_path: Path, status: int, content: Any, name: str, words: str, *, is_certain: bool
) -> None:
    began = time.monotonic()
    change = answers("/authorize", status, content, **(HTML if isinstance(content, bytes) else {}))
    async with connecting(tmp_path, change) as (gateway, browser, _):
        found = await named(gateway)
        assert time.monotonic() - began < 8  # a gateway and a sign-in among it
        assert (found.id, found.certain, found.gone_when != "") == (name, is_certain, True)
        assert words in found.cause
        assert found.fix

        gateway.wait(200)
        assert "CONS-02" not in await gateway.names()
        gateway.wait(701)
        assert await gateway.of_gateway() == []
        assert browser.page is not None


async def test_a_person_who_only_takes_time_at_the_login_is_accused_of_nothing(tmp_path: Path) -> None:
    async with connecting(tmp_path, answers("/authorize", 200, b"<h1>Log in</h1>", **HTML)) as (gateway, _, _):
        await probed(gateway)
        gateway.wait(100)
        assert (await gateway.names(), await gateway.of_gateway()) == ([], [])


@pytest.mark.parametrize("change", [says(), sends_back(error="access_denied")])
async def test_nothing_is_asked_of_a_login_that_is_over_or_it_is_withdrawn(tmp_path: Path, change: Any) -> None:
    async with connecting(tmp_path, change) as (gateway, _, _):
        await asyncio.sleep(1.3)
        assert "UPST-23" not in [each.id for each in await gateway.of_gateway()]


@mends("UPST-23", "UPST-13")
@pytest.mark.parametrize(
    ("spoil", "name", "words"),
    [
        ((400, HTML, b"<h1>redirect_uri is not allowed</h1>"), "UPST-23", "exactly so; then connect again"),
        ((502, HTML, b"<h1>Bad gateway</h1>"), "UPST-13", "try again"),
    ],
)
async def test_a_login_that_is_mended_as_printed_connects(
    tmp_path: Path, server: Server, spoil: tuple[int, dict[str, str], Any], name: str, words: str
) -> None:
    async with in_front_of(server, tmp_path) as client:
        server.answers["/authorize"] = spoil
        await stuck(client)
        assert words in (await said(client.gateway, name)).fix

        server.answers.clear()
        await client.whole_way()
        assert name not in await left(client.gateway)


async def test_an_endpoint_that_is_none_is_written_into_devgw_toml_as_printed(tmp_path: Path, server: Server) -> None:
    server.server_metadata = {"authorization_endpoint": f"{server.origin}/oauth2/auth"}
    async with in_front_of(server, tmp_path) as client:
        await stuck(client)
        fix = (await said(client.gateway, "UPST-23")).fix
    (tmp_path / "devgw.toml").write_text(lines_of(fix, f"{server.origin}/authorize"))
    async with in_front_of(server, tmp_path) as client:
        await client.whole_way()
        assert await left(client.gateway) == []


async def stuck(client: Client) -> None:
    """Press Connect, and stand where that ends."""
    async with Browser(CALLBACK) as browser:
        await client.gateway.running.sign_in(browser, client.url())
        await browser.press("Connect Notes")
        await probed(client.gateway)


# --- the client and its registration ----------------------------------------------------------------------------------


@pytest.mark.parametrize("modes", [["form_post"], ["fragment"], ["form_post", "form_post.jwt"]])
async def test_a_server_that_answers_by_no_query_is_told_before_anybody_signs_in(
    tmp_path: Path, modes: list[str]
) -> None:
    async with connecting(tmp_path, says(response_modes_supported=modes)) as (gateway, browser, _):
        (found,) = await gateway.of_gateway()
        assert (found.id, f"response_modes_supported {', '.join(modes)}" in found.cause) == ("UPST-21", True)
        assert browser.page is not None
        assert "UPST-21" in browser.page.text


@pytest.mark.parametrize("modes", [["query"], ["query", "form_post"], [], None, "form_post"])
async def test_a_server_that_answers_by_query_too_or_says_nothing_is_connected(tmp_path: Path, modes: Any) -> None:
    async with connecting(tmp_path, says(response_modes_supported=modes)) as (gateway, browser, _):
        assert await gateway.of_gateway() == []
        assert browser.page is not None
        assert "✓ connected" in browser.page.text


@mends("UPST-25")
@pytest.mark.parametrize("registered", [["https://elsewhere.example/cb"], ["http://localhost:1/other"], [7, "x"]])
async def test_a_registration_with_another_redirect_uri_is_named_and_mended_as_printed(
    tmp_path: Path, server: Server, registered: list[Any]
) -> None:
    async with in_front_of(server, tmp_path) as client:
        server.answers["/register"] = (201, {}, {"client_id": "c1", "redirect_uris": registered})
        async with Browser(CALLBACK) as browser:
            await client.gateway.running.sign_in(browser, client.url())
            await browser.press("Connect Notes")
            assert browser.page is not None
            assert "UPST-25" in browser.page.text
        assert "register the URI as it was sent" in (await said(client.gateway, "UPST-25")).fix

        server.answers.clear()
        await client.whole_way()
        assert "UPST-25" not in await left(client.gateway)


@pytest.mark.parametrize("registered", [[], None, "none", ["*same"], ["*portless"]])
async def test_a_registration_that_names_the_uri_or_none_is_taken(
    tmp_path: Path, server: Server, registered: Any
) -> None:
    async with in_front_of(server, tmp_path) as client:
        uri = f"{client.gateway.origin}/auth/connections/{connection(client)}/callback"
        shown = {"*same": uri, "*portless": f"http://localhost{uri.partition('localhost')[2].partition('/')[1]}"}
        shown["*portless"] = f"http://localhost/{uri.split('/', 3)[3]}"
        given = [shown.get(each, each) for each in registered] if isinstance(registered, list) else registered
        server.answers["/register"] = (201, {}, {"client_id": "c1", "redirect_uris": given})
        await client.whole_way()
        assert await left(client.gateway) == []


def connection(client: Client) -> str:
    """Return how the project's only upstream is called in URLs."""
    (route,) = client.gateway.running.runtime.gateway.project.routes
    assert route.token_exchange is not None
    return str(route.token_exchange.id)


@mends("UPST-24")
@pytest.mark.parametrize(
    ("lifetime", "words"), [(3600, "expired at"), (0, "deleted there, or its secret replaced"), (None, "deleted there")]
)
async def test_a_client_that_was_good_once_and_is_refused_is_named_and_registered_anew_as_printed(
    tmp_path: Path, server: Server, lifetime: int | None, words: str
) -> None:
    async with in_front_of(server, tmp_path) as client:
        ends = lifetime and client.gateway.clock.now().timestamp() + lifetime
        document = {"client_id": "c1", "client_secret": "s", "token_endpoint_auth_method": "client_secret_post"}
        server.answers["/register"] = (201, {}, document | ({} if ends is None else {"client_secret_expires_at": ends}))
        await client.whole_way()
        client.gateway.wait(3_700)
        server.access_tokens.clear()
        server.answers["/token"] = 401, {}, {"error": "invalid_client"}
        await client.refresh()
        await client.call()
        found = await said(client.gateway, "UPST-24")
        assert words in found.cause
        assert "Connect again" in found.fix

        server.answers.clear()
        await client.whole_way()
        assert "UPST-24" not in await left(client.gateway)
