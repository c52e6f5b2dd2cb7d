"""The identity provider goes wrong in the ways that developers meet; each has its name, and the twin is silent."""

import asyncio
from functools import partial
from typing import Any

import httpx2
import jwt
import pytest

from devgw.emulators.workos import AnswerFault, CallbackFault, Fault, KeyRotation, TokenFault, WorthlessCode
from devgw.entropy import token
from devgw.events import Published
from devgw.events.flow import FlowState
from devgw.events.taxonomy import McpAuthProviderProbed
from devgw.outbound.provider_watch import ProviderWatch
from tests.diagnosis.stories.conftest import Watched
from tests.support.browser import Browser

SYMMETRIC = jwt.encode({"sub": "user_x"}, "s" * 32, algorithm="HS256", headers={"kid": "any"})
OTHER = "client_01DEVGWSAMP1EENV1R0NMENT02"


async def log_in(gateway: Watched, http: httpx2.AsyncClient, browser: Browser, *faults: Fault) -> None:
    """Sign in while `faults` happen at the provider."""
    gateway.running.runtime.companions.emulator.faults.arm(*faults)
    client = await gateway.running.register(http)
    await gateway.running.sign_in(browser, gateway.running.authorize_url(client["client_id"], token("")))


@pytest.mark.parametrize(
    ("fault", "name", "words"),
    [
        (TokenFault(claims={"iss": "https://sts.windows.net/tenant/"}), "IDT-06", "sts.windows.net"),
        (TokenFault(claims={"iss": "https://other.example/realms/x"}), "IDT-02", "other.example"),
        (TokenFault(claims={"client_id": OTHER}), "IDT-16", OTHER),
        (TokenFault(answer={"access_token": SYMMETRIC}), "IDT-09", "HS256"),
        (TokenFault(claims={"aud": "https://mcp.example/route"}), "AUD-09", "mcp.example"),
        (TokenFault(header={"kid": "sso_oidc_key_pair_unknown"}), "IDT-01", "sso_oidc_key_pair_unknown"),
        (TokenFault(signed_by_stranger=True), "IDT-11", ""),
        (TokenFault(answer={"access_token": "opaque"}), "IDT-10", ""),
        (TokenFault(answer={"access_token": None}), "TOK-08", "access_token"),
        (TokenFault(skew_seconds=3600), "IDT-07", ""),
        (WorthlessCode(code_is="spent"), "WORK-06", ""),
        (
            AnswerFault(path="/user_management/authenticate", status=400, body={"error": "invalid_client"}),
            "TOK-07",
            "invalid_client",
        ),
        (AnswerFault(path="/user_management/authenticate", status=404, body="<h1>Not found</h1>"), "TOK-05", ""),
        (AnswerFault(path="/sso/jwks/*", status=404, times=None), "IDT-05", "404"),
        (AnswerFault(path="/sso/jwks/*", status=503, times=None), "IDT-08", "503"),
        (CallbackFault(parameters={"state": None}), "WORK-03", ""),
        (CallbackFault(parameters={"state": "made-up"}), "SESS-01", ""),
        (
            CallbackFault(parameters={"code": None, "error": "organization_invalid", "error_description": "No org"}),
            "WORK-04",
            "organization_invalid",
        ),
        (CallbackFault(parameters={"code": None, "error": "access_denied"}), "IDT-21", ""),
    ],
)
async def test_a_provider_that_goes_wrong(
    gateway: Watched, http: httpx2.AsyncClient, browser: Browser, fault: Fault, name: str, words: str
) -> None:
    await log_in(gateway, http, browser, fault)

    found = await gateway.only(name)
    assert words in found.cause
    assert found.fix
    assert found.trace_ids


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("", "IDT-24"),
        ("?code=abc", "WORK-03"),
        ("?code=abc&state=", "WORK-03"),
        ("?code=abc&state=of-another-gateway", "SESS-01"),
        ("?error=access_denied&state=of-another-gateway", "SESS-01"),
    ],
)
async def test_a_callback_that_is_nobodys_fails_on_a_row_of_its_own(
    gateway: Watched, http: httpx2.AsyncClient, query: str, name: str
) -> None:
    client = await gateway.running.register(http)
    await http.get(gateway.running.authorize_url(client["client_id"], token("")))
    async with httpx2.AsyncClient() as window:
        assert (await window.get(f"{gateway.origin}/oauth/callback{query}")).status_code == 400

    innocent, stray = await gateway.flows()
    assert (innocent.client_name, innocent.state, innocent.diagnoses) == ("test client", FlowState.ACTIVE, ())
    assert (stray.client_id, stray.client_name, stray.state) == (None, None, FlowState.FAILED)
    assert [each.id for each in stray.diagnoses] == [name]


async def test_an_unknown_key_is_told_with_the_history_of_keys(
    gateway: Watched, http: httpx2.AsyncClient, browser: Browser
) -> None:
    await log_in(gateway, http, browser, TokenFault(header={"kid": "sso_oidc_key_pair_unknown"}))

    found = await gateway.only("IDT-01")
    assert any("belong to another client id or environment" in each for each in found.evidence), found.evidence


async def test_keys_that_are_rotated_are_fetched_again_and_nothing_is_said(
    gateway: Watched, http: httpx2.AsyncClient, browser: Browser
) -> None:
    await log_in(gateway, http, browser)
    gateway.running.runtime.companions.emulator.faults.arm(KeyRotation())
    gateway.wait(3600 * 9)
    async with Browser(*browser.stops) as another:
        await log_in(gateway, http, another)

    assert [each.id for each in await gateway.said() if each.certain] == []
    jwks = gateway.running.runtime.diagnoser.around.jwks
    assert len(jwks.rotations()) == 1
    (change,) = gateway.running.runtime.monitor.health.look().jwks_changes
    assert (change.gone, change.came, change.wanted in change.came) == (
        [*jwks.rotations()[0][1]],
        [*jwks.rotations()[0][2]],
        True,
    )
    old = jwks.rotations()[0][1][0]
    assert "rotated at" in jwks.key_sentence(old)
    assert "another client id or environment" in jwks.key_sentence("never-seen")
    assert len(jwks.lines()) == len(jwks.fetches)


async def test_a_callback_that_is_requested_twice(gateway: Watched, http: httpx2.AsyncClient, browser: Browser) -> None:
    visited: list[str] = []
    gateway.running.runtime.bus.listen(lambda published: _note_callback(published.event, visited))
    await log_in(gateway, http, browser)
    await gateway.flows()

    await browser.open(visited[0])
    assert browser.page is not None
    assert browser.page.status == 200
    assert await gateway.names() == []

    async with Browser(*browser.stops) as stranger:
        await stranger.open(visited[0])
    assert "already handled" in (await gateway.only("SESS-04")).cause


def _note_callback(event: Any, visited: list[str]) -> None:
    trace = getattr(event, "trace", None)
    if trace is not None and trace.path.endswith("/oauth/callback"):
        visited.append(f"http://{trace.host}{trace.path}?{trace.query.decode()}")


async def test_a_login_that_comes_back_without_its_cookie(
    gateway: Watched, http: httpx2.AsyncClient, browser: Browser
) -> None:
    client = await gateway.running.register(http)
    await browser.open(gateway.running.authorize_url(client["client_id"], token("")))
    browser._http.cookies.clear()
    await browser.press("@")

    found = await gateway.only("SESS-03")
    assert "login cookie" in found.cause
    assert (found.got, found.expected) == ("", ""), "the two hosts are one: nothing differs there"


@pytest.mark.parametrize(
    ("slug", "name"),
    [
        ("redirect-uri-invalid", "RURI-04"),
        ("client-id-invalid", "WORK-01"),
        ("invalid-connection-selector", "WORK-02"),
    ],
)
async def test_a_login_that_ends_on_the_providers_own_page(
    gateway: Watched, http: httpx2.AsyncClient, slug: str, name: str
) -> None:
    runtime = gateway.running.runtime
    location = {"location": f"https://error.workos.com/sso/{slug}"}
    fault = AnswerFault(path="/user_management/authorize", status=302, headers=location, times=None)
    runtime.companions.emulator.faults.arm(fault)
    probed = watch_impatiently(gateway)
    client = await gateway.running.register(http)
    await http.get(gateway.running.authorize_url(client["client_id"], token("")))
    await probed
    async with asyncio.timeout(10):
        while not await gateway.names():
            await asyncio.sleep(0.02)

    found = await gateway.only(name)
    assert found.certain
    assert slug in found.cause
    assert found.got == f"{gateway.origin}/oauth/callback"


async def test_a_login_that_the_provider_would_take_is_waited_for(gateway: Watched, http: httpx2.AsyncClient) -> None:
    probed = watch_impatiently(gateway)
    client = await gateway.running.register(http)
    await http.get(gateway.running.authorize_url(client["client_id"], token("")))
    await probed

    assert await gateway.names() == []


def watch_impatiently(gateway: Watched) -> "asyncio.Future[None]":
    """Let silent logins be probed at once; return what is done after the first probe."""
    runtime = gateway.running.runtime
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    ask = partial(runtime.supervisor.once, "provider watch")
    watch = ProviderWatch(lambda: runtime.gateway.project.oauth, runtime.bus, runtime.clock, ask, 0)
    runtime.bus.listen(watch.hear)

    def note(published: Published) -> None:
        if isinstance(published.event, McpAuthProviderProbed) and not done.done():
            done.set_result(None)

    runtime.bus.listen(note)
    return done
