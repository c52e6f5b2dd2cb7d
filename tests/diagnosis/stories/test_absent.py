"""Failures that consist of nothing coming: said when it is late, withdrawn when it comes."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from socket import AF_INET6, create_server, socket

import httpx2
import pytest

from devgw.entropy import token
from devgw.events import Published
from devgw.events.taxonomy import McpAuthCallbackProbed, McpAuthCodeIssued
from devgw.outbound.callback_watch import CallbackWatch
from tests.diagnosis.stories.conftest import Watched
from tests.support.browser import Browser
from tests.support.gateway import mcp_request


async def discover(gateway: Watched, http: httpx2.AsyncClient) -> None:
    """Do what a client does before it registers."""
    await http.post(gateway.mcp_url, json=mcp_request("tools/list"))
    path = gateway.mcp_url.removeprefix(gateway.origin)
    await http.get(f"{gateway.origin}/.well-known/oauth-protected-resource{path}")
    await http.get(f"{gateway.origin}/.well-known/oauth-authorization-server{path}")


async def test_nobody_follows_the_401(gateway: Watched, http: httpx2.AsyncClient) -> None:
    await http.post(gateway.mcp_url, json=mcp_request("tools/list"))
    assert await gateway.names() == []

    gateway.wait(31)
    found = await gateway.only("BEAR-07")
    assert not found.certain

    await discover(gateway, http)
    assert await gateway.names() == []


async def test_somebody_who_looks_around_with_curl_is_left_alone(gateway: Watched) -> None:
    async with httpx2.AsyncClient(headers={"user-agent": "curl/8.5.0"}) as curl:
        await discover(gateway, curl)

    gateway.wait(60)
    assert await gateway.names() == []


async def test_the_metadata_is_read_and_the_client_leaves(gateway: Watched, http: httpx2.AsyncClient) -> None:
    await discover(gateway, http)
    gateway.wait(5)
    assert await gateway.names() == []

    gateway.wait(6)
    assert "consistent" in (await gateway.only("DISC-12")).cause

    await gateway.running.register(http)
    assert await gateway.names() == []


async def test_a_registration_without_a_login(gateway: Watched, http: httpx2.AsyncClient) -> None:
    await discover(gateway, http)
    await gateway.running.register(http)
    gateway.wait(179)
    assert await gateway.names() == []
    gateway.wait(2)

    assert (await gateway.only("REG-14")).gone_when == "it begins the login"


async def test_the_browser_does_not_come_back_from_the_provider(gateway: Watched, http: httpx2.AsyncClient) -> None:
    client = await gateway.running.register(http)
    opened = {"user-agent": "Mozilla/5.0", "accept": "text/html", "sec-fetch-mode": "navigate"}
    await http.get(gateway.running.authorize_url(client["client_id"], token("")), headers=opened)
    gateway.wait(179)
    assert await gateway.names() == []

    gateway.wait(2)
    found = await gateway.only("SESS-09")
    assert "not back yet" in found.cause
    assert f"{gateway.origin}/oauth/callback" in found.fix
    assert not found.certain


async def test_a_slow_person_is_waited_for_and_not_blamed(
    gateway: Watched, http: httpx2.AsyncClient, browser: Browser
) -> None:
    client = await gateway.running.register(http)
    verifier = token("")
    await gateway.running.sign_in(browser, gateway.running.authorize_url(client["client_id"], verifier))
    gateway.wait(179)
    assert await gateway.names() == []
    gateway.wait(2)
    waiting = await gateway.only("CONS-04")
    assert waiting.cause.startswith("The person is not back yet")
    assert not waiting.certain

    await browser.press("Allow")
    assert await gateway.names() == []


async def test_a_code_that_is_never_redeemed(gateway: Watched, http: httpx2.AsyncClient, browser: Browser) -> None:
    code = await gateway.running.code(http, browser)
    gateway.wait(29)
    assert await gateway.names() == []

    gateway.wait(2)
    found = await gateway.said()
    assert [each.id for each in found] == ["PORT-02", "HOST-03", "SESS-05"]
    assert not any(each.certain for each in found)
    assert "port 33418" in found[0].cause

    answer = await http.post(f"{gateway.origin}/oauth/token", data=code.form(resource=gateway.mcp_url))
    assert answer.status_code == 200
    assert await gateway.names() == []


@pytest.mark.parametrize(
    ("listens_on", "host", "names", "saw"),
    [
        ((), "localhost", ["PORT-02", "SESS-05"], "127.0.0.1 and [::1] took none"),
        ((), "127.0.0.1", ["PORT-02", "SESS-05"], "127.0.0.1 and [::1] took none"),
        (
            ("127.0.0.1",),
            "localhost",
            ["HOST-03", "SESS-05", "PORT-02"],
            "127.0.0.1 took a connection, [::1] took none",
        ),
        (("::1",), "127.0.0.1", ["HOST-03", "SESS-05", "PORT-02"], "[::1] took a connection, 127.0.0.1 took none"),
        (("127.0.0.1",), "127.0.0.1", ["SESS-05", "PORT-02"], "127.0.0.1 took a connection, [::1] took none"),
        (("127.0.0.1", "::1"), "localhost", ["SESS-05", "PORT-02"], "127.0.0.1 and [::1] took a connection"),
    ],
)
async def test_the_suspects_of_a_lost_code_follow_who_listens_where_it_was_sent(
    gateway: Watched,
    http: httpx2.AsyncClient,
    browser: Browser,
    listens_on: tuple[str, ...],
    host: str,
    names: list[str],
    saw: str,
) -> None:
    heard: list[bytes] = []
    with client_listening(listens_on) as (port, servers):
        uri = f"http://{host}:{port}/callback"
        told = look_impatiently(gateway)
        browser.stops = (uri,)
        client = await gateway.running.register(http, redirect_uris=[uri])
        url = gateway.running.authorize_url(client["client_id"], token(""), redirect_uri=uri)
        await gateway.running.sign_in(browser, url)
        await browser.press("Allow")
        async with asyncio.timeout(10):
            await told
        heard += [said for server in servers for said in words_sent_to(server)]

    gateway.wait(31)
    found = await gateway.said()
    assert [each.id for each in found] == names
    assert all(saw in each.evidence[0] for each in found)
    assert not any(each.certain for each in found)
    assert heard == [b""] * len(listens_on), "it is connected to once, and nothing is said"


async def test_a_port_is_not_looked_at_where_the_code_was_redeemed(
    gateway: Watched, http: httpx2.AsyncClient, browser: Browser
) -> None:
    told = look_impatiently(gateway, patience=0.5)
    await gateway.running.tokens(http, browser)
    async with Browser(*browser.stops) as another:
        await gateway.running.code(http, another)
    async with asyncio.timeout(10):
        await told

    sent, lost = [each.code_id for each in gateway.running.events(McpAuthCodeIssued)]
    assert [each.code_id for each in gateway.running.events(McpAuthCallbackProbed)] == [lost]
    assert sent != lost


@contextmanager
def client_listening(hosts: tuple[str, ...]) -> Iterator[tuple[int, list[socket]]]:
    """Listen on one free port of these loopback addresses, on none of them where there are none."""
    with ExitStack() as stack:
        first = stack.enter_context(create_server(("::1", 0), family=AF_INET6))
        port = first.getsockname()[1]
        servers = [first] if "::1" in hosts else []
        if "127.0.0.1" in hosts:
            servers.append(stack.enter_context(create_server(("127.0.0.1", port))))
        if "::1" not in hosts:
            first.close()
        yield port, servers


def words_sent_to(server: socket) -> Iterator[bytes]:
    """Yield what each connection that waits at `server` said before it left."""
    server.setblocking(False)
    with suppress(BlockingIOError):
        while True:
            connection, _ = server.accept()
            with connection:
                connection.settimeout(5)
                yield connection.recv(100)


def look_impatiently(gateway: Watched, patience: float = 0) -> "asyncio.Future[None]":
    """Let the port of an unredeemed code be looked at at once; return what is done after the first look."""
    runtime = gateway.running.runtime
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    watch = CallbackWatch(runtime.bus, partial(runtime.supervisor.once, "callback watch"), patience)
    runtime.bus.listen(watch.hear)

    def note(published: Published) -> None:
        if isinstance(published.event, McpAuthCallbackProbed) and not done.done():
            done.set_result(None)

    runtime.bus.listen(note)
    return done


async def test_a_token_that_is_lost_on_the_way(gateway: Watched, http: httpx2.AsyncClient, browser: Browser) -> None:
    tokens = await gateway.running.tokens(http, browser)
    await http.post(gateway.mcp_url, json=mcp_request("tools/list"))
    found = await gateway.only("BEAR-03")
    assert not found.certain, "a client that did not send it looks the same"

    headers = {"authorization": f"Bearer {tokens['access_token']}", "accept": "application/json, text/event-stream"}
    await http.post(gateway.mcp_url, json=mcp_request("tools/list"), headers=headers)
    assert await gateway.names() == []


async def test_a_client_that_looks_for_metadata_where_there_is_none(gateway: Watched, http: httpx2.AsyncClient) -> None:
    await http.post(gateway.mcp_url, json=mcp_request("tools/list"))
    await http.get(f"{gateway.origin}/.well-known/oauth-protected-resource")
    gateway.wait(6)

    assert "DISC-09" in await gateway.names()


async def test_logins_that_start_over_and_over(gateway: Watched, http: httpx2.AsyncClient) -> None:
    client = await gateway.running.register(http)
    for state in ("one", "two", "three"):
        await http.get(gateway.running.authorize_url(client["client_id"], token(""), state=state))
        gateway.wait(4)

    found = await gateway.only("PORT-01")
    assert "began the login 3 times" in found.cause
    assert "redeemed no code" in found.cause
    assert "something may hold its callback port 33418" in found.fix
    assert not found.certain


async def test_a_login_that_is_asked_for_twice_in_the_same_words_is_a_preflight(
    gateway: Watched, http: httpx2.AsyncClient
) -> None:
    client = await gateway.running.register(http)
    url = gateway.running.authorize_url(client["client_id"], token(""))
    for _ in range(3):
        await http.get(url)

    assert await gateway.names() == []


async def test_registrations_without_end(gateway: Watched, http: httpx2.AsyncClient) -> None:
    for port in range(5):
        await gateway.running.register(http, redirect_uris=[f"http://localhost:{4000 + port}/callback"])

    assert "REG-11" in await gateway.names()
