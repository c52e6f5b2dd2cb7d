"""A login that ends on a page of the provider: named within two seconds, by what a request without a browser meets."""

import asyncio
import json
import shutil
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from devgw.clock import SystemClock
from devgw.config.sample import sample_root
from devgw.entropy import token
from devgw.events.flow import Diagnosis
from devgw.events.taxonomy import McpAuthProviderProbed
from devgw.settings import EmulatorSettings, Settings
from tests.diagnosis.stories.conftest import Watched
from tests.support.browser import Browser
from tests.support.gateway import CALLBACK, running_gateway
from tests.support.mending import mends
from tests.support.oidc import OidcProvider, Reply, oidc_provider, write_oidc_project
from tests.support.serving import listen, origin_of

OURS = "http://localhost:9000/oauth/callback"
OTHER = "client_01DEVGW0THERENV1R0NMENT002"


async def begun(gateway: Watched, http: httpx2.AsyncClient) -> None:
    """Send somebody to the provider who does not come back."""
    client = await gateway.running.register(http)
    await http.get(gateway.running.authorize_url(client["client_id"], token("")))


async def probed(gateway: Watched, seconds: float = 30) -> McpAuthProviderProbed:
    """Return what the provider said when it was asked; fail where nothing came in time."""
    deadline = time.monotonic() + seconds
    while not (found := gateway.running.events(McpAuthProviderProbed)):
        assert time.monotonic() < deadline, "nobody asked the provider"
        await asyncio.sleep(0.02)
    last: McpAuthProviderProbed = found[-1]
    return last


async def only(gateway: Watched, http: httpx2.AsyncClient, name: str) -> Diagnosis:
    """Send somebody to the provider, and return what is said of it."""
    await begun(gateway, http)
    await probed(gateway)
    await said(gateway)
    return await gateway.only(name)


async def said(gateway: Watched, seconds: float = 30) -> None:
    """Wait until something is said of a flow; fail where nothing is in time."""
    deadline = time.monotonic() + seconds
    while not await gateway.names():
        assert time.monotonic() < deadline, "nothing was said"
        await asyncio.sleep(0.02)


@asynccontextmanager
async def emulated(root: Path, *environments: dict[str, Any], registered: bool = False) -> AsyncIterator[Watched]:
    """Run a copy of the sample project whose environments are changed so, the first the configured one's."""
    project = Path(shutil.copytree(sample_root(), root / "project"))
    file = project / "emulators" / "workos.json"
    seed = json.loads(file.read_text(encoding="utf-8"))
    for place, changes in enumerate(environments):
        seed["environments"][place] |= changes
    file.write_text(json.dumps(seed), encoding="utf-8")
    clock = SystemClock()
    async with running_gateway(project, clock=clock, registered=registered) as running:
        yield Watched(running, clock)


@asynccontextmanager
async def provided(tmp_path: Path, provider: OidcProvider, **login: Any) -> AsyncIterator[Watched]:
    """Run a gateway whose people sign in at `provider`."""
    clock = SystemClock()
    async with running_gateway(write_oidc_project(tmp_path, provider, login=login), clock=clock) as running:
        yield Watched(running, clock)


@pytest.fixture
async def provider() -> AsyncIterator[OidcProvider]:
    async with oidc_provider(SystemClock()) as found:
        yield found


@pytest.mark.parametrize(
    ("page", "name", "words"),
    [
        (Reply(400, b'{"error":"redirect_uri_mismatch"}'), "RURI-04", "redirect_uri_mismatch"),
        (Reply(200, b"<p>AADSTS50011: The reply URL</p>", "text/html"), "RURI-04", "AADSTS50011"),
        (Reply(400, b'{"error":"invalid_client","error_description":"unknown"}'), "IDT-30", "invalid_client"),
        (Reply(200, b"<p>AADSTS700016: no application</p>", "text/html"), "IDT-30", "AADSTS700016"),
        (Reply(404, b"<h1>Not Found</h1>", "text/html"), "IDT-29", "404"),
        (Reply(405, b""), "IDT-29", "405"),
        (Reply(403, b"<h1>Blocked by policy 17</h1>", "text/html"), "IDT-29", "Blocked by policy 17"),
        (Reply(500, b"<h1>redirect_uri oops</h1>", "text/html"), "IDT-25", "500"),
        (Reply(503, b""), "IDT-25", "503"),
        (Reply(429, b"<h1>slow down</h1>", "text/html"), "IDT-34", "it was asked too often"),
        (Reply(200, b'{"error":"invalid_client"}'), "IDT-30", "invalid_client"),
    ],
)
async def test_each_error_page_is_told_apart(
    tmp_path: Path, provider: OidcProvider, http: httpx2.AsyncClient, page: Reply, name: str, words: str
) -> None:
    provider.login_page = page
    async with provided(tmp_path, provider) as gateway:
        found = await only(gateway, http, name)
    assert words in found.cause
    assert found.fix
    assert found.certain


@pytest.mark.parametrize(
    ("page", "name"),
    [
        (Reply(400, b"<h1>Invalid parameter: redirect_uri</h1>", "text/html"), "RURI-04"),
        (Reply(400, b'{"error":"invalid_request","error_description":"Callback URL mismatch"}'), "RURI-04"),
        (Reply(401, b"<h1>Client not found.</h1>", "text/html"), "IDT-30"),
    ],
)
async def test_what_only_the_words_of_an_error_page_say_is_suspected(
    tmp_path: Path, provider: OidcProvider, http: httpx2.AsyncClient, page: Reply, name: str
) -> None:
    """Whatever is asked, this provider answers the same: it is not known what it checks."""
    provider.login_page = page
    async with provided(tmp_path, provider) as gateway:
        found = await only(gateway, http, name)
    assert not found.certain
    assert "as far as its words tell" in found.cause


def checking(
    *, callbacks: tuple[str, ...] = (), scopes: tuple[str, ...] = ("openid",)
) -> Callable[[dict[str, str]], Reply]:
    """Return what a provider does that knows one client, and checks client, callback and scope in this order."""

    def page(query: dict[str, str]) -> Reply:
        where = query["redirect_uri"]
        if query["client_id"].startswith("no-client-"):
            return Reply(400, b"<p>Unbekannte Anwendung</p>", "text/html")
        if where not in callbacks:
            return Reply(400, f"<p>Ungültige Weiterleitung {where}, Vorgang 4711</p>".encode(), "text/html")
        if not set(query["scope"].split()) <= set(scopes):
            return Reply(400, f"<p>The redirect URI {where} is fine, the scope is not</p>".encode(), "text/html")
        return Reply(200, b"<h1>Anmelden</h1>", "text/html")

    return page


async def test_a_callback_that_is_not_registered_is_told_by_comparison_in_whatever_language(
    tmp_path: Path, provider: OidcProvider, http: httpx2.AsyncClient
) -> None:
    provider.login_page = checking()
    async with provided(tmp_path, provider) as gateway:
        found = await only(gateway, http, "RURI-04")
        assert found.certain
        assert f"Add exactly {gateway.origin}/oauth/callback" in found.fix


async def test_a_page_that_speaks_of_the_redirect_uri_and_refuses_another_thing_is_not_taken_for_it(
    tmp_path: Path, provider: OidcProvider, http: httpx2.AsyncClient
) -> None:
    async with provided(tmp_path, provider) as gateway:
        provider.login_page = checking(callbacks=(f"{gateway.origin}/oauth/callback",), scopes=())
        found = await only(gateway, http, "IDT-29")
    assert "the scope is not" in found.cause
    assert found.certain


async def test_a_provider_that_takes_the_callback_is_asked_nothing_more(
    tmp_path: Path, provider: OidcProvider, http: httpx2.AsyncClient
) -> None:
    async with provided(tmp_path, provider) as gateway:
        takes = checking(callbacks=(f"{gateway.origin}/oauth/callback",), scopes=("openid", "profile", "email"))
        asked: list[str] = []

        def page(query: dict[str, str]) -> Reply:
            asked.append(query["client_id"])
            return takes(query)

        provider.login_page = page
        await begun(gateway, http)
        assert not (await probed(gateway)).is_refused
        assert not [each for each in asked if each.startswith("no-client-")]


@pytest.mark.parametrize(
    "page",
    [
        Reply(200, b"<form><input name=redirect_uri value=x>invalid passwords lock you out</form>", "text/html"),
        Reply(200, b"<script>if (!client_id) throw 'invalid client'</script><h1>Sign in</h1>", "text/html"),
        Reply(200, b"", "text/html"),
    ],
)
async def test_a_login_page_is_no_error_whatever_stands_in_it(
    tmp_path: Path, provider: OidcProvider, http: httpx2.AsyncClient, page: Reply
) -> None:
    provider.login_page = page
    async with provided(tmp_path, provider) as gateway:
        await begun(gateway, http)
        assert not (await probed(gateway)).is_refused
        assert await gateway.names() == []


@mends("IDT-29")
async def test_a_wrong_login_url_is_compared_with_the_discovery_document_and_the_change_mends_it(
    tmp_path: Path, provider: OidcProvider, http: httpx2.AsyncClient
) -> None:
    right = f"{provider.origin}/authorize"
    provider.discovery = {"authorization_endpoint": right}
    (tmp_path / "wrong").mkdir()
    async with provided(tmp_path / "wrong", provider, url=f"{provider.origin}/oauth/authorize") as gateway:
        found = await only(gateway, http, "IDT-29")
        assert found.fix == f"Configure browserLogin.url = {right}."
        assert (found.got, found.expected) == (f"{provider.origin}/oauth/authorize", right)

    (tmp_path / "right").mkdir()
    async with provided(tmp_path / "right", provider, url=right) as gateway, Browser(CALLBACK) as browser:
        assert "access_token" in await gateway.running.tokens(http, browser)


async def test_a_provider_that_cannot_be_reached_is_suspected(
    tmp_path: Path, provider: OidcProvider, http: httpx2.AsyncClient
) -> None:
    with listen() as silent:
        dead = origin_of(silent)
    async with provided(tmp_path, provider, url=f"{dead}/authorize") as gateway:
        found = await only(gateway, http, "IDT-13")
        assert ".." not in found.cause
    assert "cannot be reached from this machine" in found.cause
    assert not found.certain


async def test_what_was_mended_is_not_held_against_the_next_login(
    tmp_path: Path, provider: OidcProvider, http: httpx2.AsyncClient
) -> None:
    provider.login_page = checking()
    async with provided(tmp_path, provider) as gateway:
        await only(gateway, http, "RURI-04")
        provider.login_page = Reply(200, b"<h1>Sign in</h1>", "text/html")
        await begun(gateway, http)
        deadline = time.monotonic() + 30
        while len(gateway.running.events(McpAuthProviderProbed)) < 2:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.02)
        newest = (await gateway.flows())[-1]
        assert [each.id for each in newest.diagnoses] == []


async def test_a_client_id_of_another_environment_than_the_key_is_told_from_a_missing_redirect_uri(
    http: httpx2.AsyncClient,
) -> None:
    """The callback is registered where the key comes from, and the page says that it is not: two environments."""
    environ = {"WORKOS_CLIENT_ID": OTHER, "WORKOS_CLIENT_SECRET": "sk_test_devgw_sample_environment"}
    clock, settings = SystemClock(), Settings(emulators=EmulatorSettings(workos=True))
    async with running_gateway(clock=clock, environ=environ, settings=settings) as running:
        found = await only(Watched(running, clock), http, "WORK-08")
    assert "same WorkOS environment" in found.fix
    assert OTHER in found.cause


async def test_a_production_environment_takes_no_callback_on_this_machine(http: httpx2.AsyncClient) -> None:
    environ = {"WORKOS_CLIENT_ID": OTHER, "WORKOS_CLIENT_SECRET": "sk_live_devgw_sample_environment"}
    clock, settings = SystemClock(), Settings(emulators=EmulatorSettings(workos=True))
    async with running_gateway(clock=clock, environ=environ, settings=settings) as running:
        found = await only(Watched(running, clock), http, "RURI-05")
    assert "staging" in found.fix
    assert "Add exactly" not in found.fix


@mends("RURI-04")
async def test_the_first_common_issue_a_redirect_uri_that_is_not_registered(
    tmp_path: Path, http: httpx2.AsyncClient
) -> None:
    """Offline, within two seconds, with both strings; and the page's own offer mends it."""
    almost = "http://localhost:9000/oauth/callback/"
    async with emulated(tmp_path, {"redirectUris": [almost]}) as gateway, Browser(CALLBACK) as browser:
        assert any("Invalid redirect URI" in each for each in gateway.running.runtime.notes)
        client = await gateway.running.register(http)
        url = gateway.running.authorize_url(client["client_id"], token(""))
        await browser.open(url)
        began = time.monotonic()
        await said(gateway)
        assert time.monotonic() - began < 2
        found = await gateway.only("RURI-04")
        assert (found.got, found.expected) == (f"{gateway.origin}/oauth/callback", almost)
        assert f"Add exactly {gateway.origin}/oauth/callback" in found.fix
        assert found.certain

        await browser.press("Register it here")
        await browser.open(url)
        await browser.press("Ada")
        await browser.press("Allow")
        assert browser.location is not None
        assert "code=" in browser.location


async def test_the_emulator_registers_what_its_file_says(tmp_path: Path, http: httpx2.AsyncClient) -> None:
    async with emulated(tmp_path, {"redirectUris": ["http://localhost:*/oauth/callback"]}) as gateway:
        assert not any("Invalid redirect URI" in each for each in gateway.running.runtime.notes)
        await begun(gateway, http)
        assert not (await probed(gateway)).is_refused
        emulator = gateway.running.runtime.companions.emulator
        assert [known.uri for each in emulator.environments.values() for known in each.redirect_uris] == [
            "http://localhost:*/oauth/callback",
            "https://gateway.example/oauth/callback",
        ]


async def troubled(gateway: Watched, http: httpx2.AsyncClient, browser: Browser, trouble: str) -> None:
    """Sign in with a trouble of the sign-in page."""
    client = await gateway.running.register(http)
    await browser.open(gateway.running.authorize_url(client["client_id"], token("")))
    await browser.press("Ada", trouble=trouble)


async def test_the_trouble_with_the_redirect_uri_is_named_while_the_browser_stands_there(
    tmp_path: Path, http: httpx2.AsyncClient
) -> None:
    async with emulated(tmp_path, registered=True) as gateway, Browser(CALLBACK) as browser:
        await troubled(gateway, http, browser, "redirect-uri-unregistered")
        assert browser.page is not None
        assert "Invalid redirect URI" in browser.page.text
        began = time.monotonic()
        await said(gateway)
        assert time.monotonic() - began < 2.5
        fix = (await gateway.only("RURI-04")).fix
        assert "where it stands there already" in fix, "as it does: the trouble took it out of the emulator alone"
        assert "press the button on the emulator's error page" in fix
        await browser.press("Register it here")
        await troubled(gateway, http, browser, "")
        assert browser.page is not None
        assert "Allow" in browser.page.text


@pytest.mark.parametrize(
    ("trouble", "name", "change"),
    [
        ("secret-wrong", "TOK-07", "Copy both again, from beside each other"),
        ("secret-of-another-environment", "TOK-07", "take client id and secret from one and the same environment"),
        ("keys-missing", "IDT-05", "take client id and API key from one environment"),
    ],
)
async def test_the_other_common_issues_are_told_apart(
    tmp_path: Path, http: httpx2.AsyncClient, trouble: str, name: str, change: str
) -> None:
    async with emulated(tmp_path, registered=True) as gateway, Browser(CALLBACK) as browser:
        await troubled(gateway, http, browser, trouble)
        found = await gateway.only(name)
    assert change in found.fix
