"""Whatever a save announces that it ends has ended when it is announced; whatever goes on goes on."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import pytest

from devgw.config.changes import Affected, Effect
from devgw.config.sample import sample_root
from devgw.emulators.upstream_auth import SampleFault
from devgw.entropy import token
from devgw.events.taxonomy import ConfigLoaded
from devgw.settings import EmulatorSettings, Settings
from devgw.wiring.effects import Effects
from tests.support.browser import Browser
from tests.support.documented import documented_client
from tests.support.gateway import CALLBACK, Code, Running, mcp_request, register_callback, running_gateway

LIMIT = 10
ACCEPT = "application/json, text/event-stream"
SETTINGS = Settings(port=0, emulators=EmulatorSettings(workos=True))


def env(name: str) -> str:
    return f"WORKOS_CLIENT_ID=client_{name}\nWORKOS_CLIENT_SECRET=sk_test_abcdefghijklmnop\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    shutil.copytree(sample_root(), root)
    (root / ".env").write_text(env("01KC6057N3C66XJAXZ65YHAC72"))
    return root


@pytest.fixture
async def gateway(project: Path) -> AsyncIterator[Running]:
    async with running_gateway(project, settings=SETTINGS, ephemeral=False) as running:
        yield running


async def granted(gateway: Running, http: httpx2.AsyncClient, browser: Browser, client_id: str) -> dict[str, Any]:
    """Walk a login on the route with the upstream connection, and return the tokens."""
    verifier, resource = token(""), gateway.url_of("notes")
    await gateway.sign_in(browser, gateway.authorize_url(client_id, verifier, resource=resource))
    await gateway.allow(browser)
    assert browser.location is not None, browser.page
    answer = {name: values[0] for name, values in parse_qs(urlsplit(browser.location).query).items()}
    form = Code(client_id, verifier, answer).form(resource=resource)
    return dict((await http.post(f"{gateway.origin}/oauth/token", data=form)).json())


async def call(gateway: Running, http: httpx2.AsyncClient, tokens: dict[str, Any]) -> int:
    headers = {"authorization": f"Bearer {tokens['access_token']}", "accept": ACCEPT}
    return (await http.post(gateway.url_of("notes"), json=mcp_request("ping"), headers=headers)).status_code


async def saved(gateway: Running, path: Path, text: str) -> str:
    """Save a file and return what the reload says."""
    before = len(gateway.events(ConfigLoaded))
    await asyncio.to_thread(path.write_text, text)
    async with asyncio.timeout(LIMIT):
        while len(gateway.events(ConfigLoaded)) == before:
            await asyncio.sleep(0.01)
    return " ".join(gateway.events(ConfigLoaded)[-1].changes)


@pytest.mark.parametrize("affected", list(Affected))
async def test_each_kind_that_can_be_announced_is_carried_out(gateway: Running, affected: Affected) -> None:
    async with httpx2.AsyncClient() as http, Browser(CALLBACK) as browser, documented_client() as client_id:
        tokens = await granted(gateway, http, browser, client_id)
        async with Browser(CALLBACK) as other:
            await other.open(gateway.authorize_url(client_id, token(""), resource=gateway.url_of("sample")))
        effects, effect = Effects(gateway.runtime), Effect(affected, ends=True)
        assert effects.count(effect) == 1
        effects.end([Effect(affected, ends=False)])
        assert effects.count(effect) == 1
        effects.end([effect])
        async with asyncio.timeout(LIMIT):
            while effects.count(effect):
                await asyncio.sleep(0.01)
        tokens_end = {Affected.GRANTS, Affected.ACCESS_TOKENS, Affected.REFRESH_TOKENS, Affected.CIMD_CLIENTS}
        assert (await call(gateway, http, tokens) == 401) == (affected in tokens_end)


async def test_another_environment_ends_the_login_that_is_under_way_and_says_so(
    gateway: Running, project: Path
) -> None:
    async with httpx2.AsyncClient() as http, Browser(CALLBACK) as browser:
        client = await gateway.register(http)
        verifier = token("")
        await browser.open(gateway.authorize_url(client["client_id"], verifier))
        authorize = next(each for each in browser.visited if "/user_management/authorize" in each)
        state = parse_qs(urlsplit(authorize).query)["state"][0]
        said = await saved(gateway, project / ".env", env("01KC7SECONDENVIRONMENT0000"))
        assert "Ends 1 sign-in under way." in said
        register_callback(gateway.runtime)
        back = f"{gateway.runtime.urls.callback}?{urlencode({'code': 'x', 'state': state})}"
        page = (await browser.open(back)).page
        assert page is not None
        assert "signs people in at another provider, or as another client of it." in page.text
        assert not gateway.runtime.ground.store.sessions()
        (pending,) = gateway.runtime.ground.store.pendings()
        await gateway.sign_in(browser, gateway.runtime.urls.consent(pending.id))
        assert browser.page is not None
        assert "Allow" in browser.page.text


def without(routes: dict[str, Any]) -> None:
    del routes["paths"]["/mcp/sample"]


def moved(routes: dict[str, Any]) -> None:
    routes["paths"]["/mcp/elsewhere"] = routes["paths"].pop("/mcp/sample")


def renamed(routes: dict[str, Any]) -> None:
    routes["paths"]["/mcp/sample"]["post"]["operationId"] = "another"


@pytest.mark.parametrize("change", [without, moved, renamed])
@pytest.mark.parametrize("at_consent", [False, True])
async def test_a_login_whose_route_went_is_told_so_and_not_that_it_took_too_long(
    gateway: Running, project: Path, change: Any, at_consent: bool
) -> None:
    file = project / "config" / "routes.oas.json"
    async with httpx2.AsyncClient() as http, Browser(CALLBACK) as browser:
        client = await gateway.register(http)
        url = gateway.authorize_url(client["client_id"], token(""))
        await (gateway.sign_in(browser, url) if at_consent else browser.open(url))
        routes = json.loads(file.read_text())
        change(routes)
        assert "Ends 1 sign-in under way." in await saved(gateway, file, json.dumps(routes))
        register_callback(gateway.runtime)
        assert browser.page is not None
        await browser.press("Allow" if at_consent else "@")
        assert browser.location is None
        assert f"no longer has its route, {gateway.origin}/mcp/sample" in browser.page.text
        assert "stateTtlSeconds" not in browser.page.text


async def test_clients_with_a_document_end_where_documents_are_no_longer_taken(gateway: Running, project: Path) -> None:
    policies = project / "config" / "policies.json"
    async with httpx2.AsyncClient() as http, Browser(CALLBACK) as browser, documented_client() as client_id:
        tokens = await granted(gateway, http, browser, client_id)
        text = policies.read_text().replace('"cimdEnabled": true', '"cimdEnabled": false')
        said = await saved(gateway, policies, text)
        assert "Ends 1 client." in said
        assert not gateway.runtime.ground.store.clients()
        assert await call(gateway, http, tokens) == 401


async def test_a_client_whose_document_is_read_while_documents_go_out_of_use_gets_no_login(
    gateway: Running, project: Path
) -> None:
    """The save says that such clients must register: the request that waits for the document is one of them."""
    policies, asked, may = project / "config" / "policies.json", asyncio.Event(), asyncio.Event()
    async with Browser(CALLBACK) as browser, documented_client(asked, may) as client_id:
        url = gateway.authorize_url(client_id, token(""), resource=gateway.url_of("notes"))
        opening = asyncio.ensure_future(browser.open(url))
        await asyncio.wait_for(asked.wait(), LIMIT)
        await saved(gateway, policies, policies.read_text().replace('"cimdEnabled": true', '"cimdEnabled": false'))
        may.set()
        page = (await opening).page
        assert page is not None
        assert (
            f"The client id {client_id} is a metadata document, which this gateway's policy does not take." in page.text
        )
        assert not gateway.runtime.ground.store.pendings()


async def test_a_route_that_is_removed_while_a_document_is_read_gets_no_login(gateway: Running, project: Path) -> None:
    routes, asked, may = project / "config" / "routes.oas.json", asyncio.Event(), asyncio.Event()
    async with Browser(CALLBACK) as browser, documented_client(asked, may) as client_id:
        url = gateway.authorize_url(client_id, token(""), resource=gateway.url_of("notes"))
        opening = asyncio.ensure_future(browser.open(url))
        await asyncio.wait_for(asked.wait(), LIMIT)
        document = json.loads(routes.read_text())
        del document["paths"]["/mcp/notes"]
        await saved(gateway, routes, json.dumps(document))
        may.set()
        assert (await opening).location is not None
        assert "error=invalid_target" in str(browser.location)
        assert not gateway.runtime.ground.store.pendings()


@pytest.mark.parametrize("stage", ["sign-in", "consent", "code"])
async def test_a_login_of_a_client_with_a_document_is_told_that_none_is_taken_any_more(
    gateway: Running, project: Path, stage: str
) -> None:
    policies, verifier, resource = project / "config" / "policies.json", token(""), gateway.mcp_url
    async with httpx2.AsyncClient() as http, Browser(CALLBACK) as browser, documented_client() as client_id:
        url = gateway.authorize_url(client_id, verifier, resource=resource)
        await (browser.open(url) if stage == "sign-in" else gateway.sign_in(browser, url))
        if stage == "code":
            await gateway.allow(browser)
        await saved(gateway, policies, policies.read_text().replace('"cimdEnabled": true', '"cimdEnabled": false'))
        if stage == "code":
            answer = {name: values[0] for name, values in parse_qs(urlsplit(str(browser.location)).query).items()}
            form = Code(client_id, verifier, answer).form(resource=resource)
            said = (await http.post(f"{gateway.origin}/oauth/token", data=form)).text
        else:
            await browser.press("@" if stage == "sign-in" else "Allow")
            assert browser.page is not None
            said = browser.page.text
        assert "is a metadata document, which this gateway's policy does not take" in said
        assert "Make the client register" in said


async def test_an_upstream_that_is_another_one_loses_its_credential(gateway: Running, project: Path) -> None:
    routes = project / "config" / "routes.oas.json"
    async with httpx2.AsyncClient() as http, Browser(CALLBACK) as browser:
        await granted(gateway, http, browser, (await gateway.register(http))["client_id"])
        text = routes.read_text()
        said = await saved(gateway, routes, text.replace("http://localhost:9003/mcp", "http://localhost:9003/mcp/"))
        assert "Ends 1 upstream connection." in said
        async with asyncio.timeout(LIMIT):
            while gateway.runtime.upstreams.oauth.connections():
                await asyncio.sleep(0.01)


def another_upstream(project: Path) -> tuple[Path, str]:
    path = project / "config/routes.oas.json"
    return path, path.read_text().replace("http://localhost:9003/mcp", "http://127.0.0.1:9003/mcp")


def another_client(project: Path) -> tuple[Path, str]:
    path = project / "config/policies.json"
    other = '{"mode": "manual", "clientId": "other", "clientSecret": "$env(WORKOS_CLIENT_SECRET)"}'
    return path, path.read_text().replace('{ "mode": "auto" }', other)


def other_scopes(project: Path) -> tuple[Path, str]:
    path = project / "config/policies.json"
    return path, path.read_text().replace('"displayName"', '"scopes": ["notes:read"], "displayName"')


def for_all(project: Path) -> tuple[Path, str]:
    path = project / "config/policies.json"
    return path, path.read_text().replace('"user-oauth"', '"shared-oauth"')


@pytest.mark.parametrize("change", [another_upstream, another_client, other_scopes, for_all])
async def test_a_browser_that_is_at_an_upstream_that_changes_brings_nothing_back(
    gateway: Running, project: Path, change: Callable[[Path], tuple[Path, str]]
) -> None:
    """Its credential is that of another upstream, client or scope than the configuration has by now."""
    async with httpx2.AsyncClient() as http, Browser(CALLBACK) as browser:
        client = await gateway.register(http)
        url = gateway.authorize_url(client["client_id"], token(""), resource=gateway.url_of("notes"))
        await gateway.sign_in(browser, url)
        await browser.press("Connect")
        said = await saved(gateway, *change(project))
        assert "Ends 1 upstream connection." in said
        await browser.press("Approve as")
        assert browser.page is not None
        assert browser.page.status == 400
        assert "from before the configuration of this upstream changed" in browser.page.text
        assert gateway.runtime.upstreams.oauth.connections() == []


async def test_a_browser_at_an_upstream_that_stays_comes_back_connected_whatever_else_is_saved(
    gateway: Running, project: Path
) -> None:
    async with httpx2.AsyncClient() as http, Browser(CALLBACK) as browser:
        client = await gateway.register(http)
        url = gateway.authorize_url(client["client_id"], token(""), resource=gateway.url_of("notes"))
        await gateway.sign_in(browser, url)
        await browser.press("Connect")
        routes = project / "config/routes.oas.json"
        await saved(gateway, routes, routes.read_text().replace("Sample notes", "Other notes"))
        await browser.press("Approve as")
        await gateway.allow(browser)
        assert browser.location is not None
        assert len(gateway.runtime.upstreams.oauth.connections()) == 1


async def test_a_code_that_is_being_redeemed_when_its_upstream_changes_brings_nothing(
    gateway: Running, project: Path
) -> None:
    """The save comes between the question at the token endpoint and its answer."""
    companions, store = gateway.runtime.companions, gateway.runtime.upstreams.store
    async with httpx2.AsyncClient() as http, Browser(CALLBACK) as browser:
        client = await gateway.register(http)
        url = gateway.authorize_url(client["client_id"], token(""), resource=gateway.url_of("notes"))
        await gateway.sign_in(browser, url)
        await browser.press("Connect")
        companions.upstream_auth.faults.set(SampleFault.TOKEN_SLOW, seconds=3)
        coming = asyncio.ensure_future(browser.press("Approve as"))
        async with asyncio.timeout(LIMIT):
            while not any(each.spent_at for each in store.pending_connections()):
                await asyncio.sleep(0.01)
        await saved(gateway, *another_client(project))
        await coming
        assert browser.page is not None
        assert "from before the configuration of this upstream changed" in browser.page.text
        assert gateway.runtime.upstreams.oauth.connections() == []


async def test_a_route_that_is_removed_ends_its_grants_and_those_of_others_go_on(
    gateway: Running, project: Path
) -> None:
    routes = project / "config" / "routes.oas.json"
    async with httpx2.AsyncClient() as http, Browser(CALLBACK) as browser:
        await gateway.tokens(http, browser)
        tokens = await granted(gateway, http, browser, (await gateway.register(http))["client_id"])
        document = json.loads(routes.read_text())
        del document["paths"]["/mcp/sample"]
        said = await saved(gateway, routes, json.dumps(document))
        assert "Ends 1 grant." in said
        assert await call(gateway, http, tokens) == 200


@pytest.mark.parametrize("change", ["moved", "removed"])
async def test_a_route_that_is_moved_or_removed_ends_the_sign_ins_that_would_lead_to_it(
    gateway: Running, project: Path, change: str
) -> None:
    """Their codes and tokens would be bound to an address at which nothing is served."""
    routes = project / "config" / "routes.oas.json"
    async with httpx2.AsyncClient() as http, Browser(CALLBACK) as here, Browser(CALLBACK) as elsewhere:
        code = await gateway.code(http, here)
        client = await gateway.register(http)
        for browser, route in ((here, "sample"), (elsewhere, "notes")):
            url = gateway.authorize_url(client["client_id"], token(""), resource=gateway.url_of(route))
            browser.location = None
            await gateway.sign_in(browser, url)
        document = json.loads(routes.read_text())
        gone = document["paths"].pop("/mcp/sample")
        document["paths"] |= {"/mcp/moved": gone} if change == "moved" else {}
        old_url = gateway.url_of("sample")
        said = await saved(gateway, routes, json.dumps(document))
        assert "1 sign-in under way." in said
        await here.press("Allow")
        assert here.location is None
        assert here.page is not None
        assert here.page.status == 400
        redeemed = await http.post(f"{gateway.origin}/oauth/token", data=code.form(resource=old_url))
        assert redeemed.status_code == 400, redeemed.text
        assert (await http.post(f"{gateway.origin}/oauth/token", data=code.form())).status_code == 400
        await gateway.allow(elsewhere)
        assert elsewhere.location is not None


async def test_new_lifetimes_leave_what_lives_and_say_so(gateway: Running, project: Path) -> None:
    policies = project / "config" / "policies.json"
    async with httpx2.AsyncClient() as http, Browser(CALLBACK) as browser:
        tokens = await granted(gateway, http, browser, (await gateway.register(http))["client_id"])
        text = policies.read_text().replace('"accessTokenTtlSeconds": 900', '"accessTokenTtlSeconds": 60')
        said = await saved(gateway, policies, text.replace("2592000", "86400").replace("28800", "3600"))
        assert "Goes on as it was for 1 live access token." in said
        assert "Goes on as it was for 1 live refresh token." in said
        assert "Goes on as it was for 1 session." in said
        assert await call(gateway, http, tokens) == 200
        (session,) = gateway.runtime.ground.store.sessions()
        gateway.runtime.ground.store.save_session(replace(session, expires_at=session.started_at))
        said = await saved(gateway, policies, policies.read_text().replace("3600", "7200"))
        assert "Nobody is met by it now." in said
