"""A gateway that is restarted while somebody signs in: what becomes of the login is a flow, and `why` speaks of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree

import httpx2
import pytest

from devgw.clock import SystemClock
from devgw.entropy import token
from devgw.events.flow import Flow, FlowState, Step
from devgw.monitor.why import NEWEST, why_of
from devgw.settings import Settings
from tests.diagnosis.stories.conftest import Watched
from tests.support.browser import Browser
from tests.support.gateway import CALLBACK, Code, mcp_request, running_gateway
from tests.support.oidc import oidc_provider, write_oidc_project


@dataclass
class Login:
    """A login whose browser stands somewhere on its way, while no gateway runs."""

    root: Path
    settings: Settings
    browser: Browser
    client_id: str
    verifier: str

    @asynccontextmanager
    async def restarted(self) -> AsyncIterator[Watched]:
        """Run the gateway again, with its state as it is now."""
        clock = SystemClock()
        async with running_gateway(self.root, ephemeral=False, settings=self.settings, clock=clock) as running:
            yield Watched(running, clock)


@pytest.fixture
async def login(tmp_path: Path) -> AsyncIterator[Login]:
    """Begin a login up to where the browser is sent back by the provider, and end the gateway."""
    async with oidc_provider(SystemClock()) as provider, Browser(CALLBACK) as browser, httpx2.AsyncClient() as http:
        root, verifier = write_oidc_project(tmp_path, provider), token("")
        async with running_gateway(root, ephemeral=False, settings=Settings(port=0)) as gateway:
            client = await gateway.register(http)
            browser.stops += (f"{gateway.origin}/oauth/callback",)
            await browser.open(gateway.authorize_url(client["client_id"], verifier))
            settings = Settings(port=gateway.runtime.settings.port)
        assert browser.location is not None
        browser.stops = (CALLBACK,)
        yield Login(root, settings, browser, client["client_id"], verifier)


async def only_flow(gateway: Watched) -> Flow:
    (flow,) = await gateway.flows()
    return flow


async def told(gateway: Watched) -> list[str]:
    """Return the ids that `why` would print, the first on top."""
    await gateway.flows()
    gateway.wait(1)
    await gateway.flows()  # once a second the gateway as a whole is judged
    found = why_of(gateway.running.runtime.monitor, NEWEST)
    assert found is not None
    return [each.id for case in found.cases for each in case.diagnoses]


async def redeem(gateway: Watched, login: Login, http: httpx2.AsyncClient) -> str:
    """Return the access token for the code that the browser brought."""
    assert login.browser.location is not None
    form = Code(login.client_id, login.verifier, dict(httpx2.URL(login.browser.location).params))
    answer = await http.post(f"{gateway.origin}/oauth/token", data=form.form(resource=gateway.mcp_url))
    return str(answer.json()["access_token"])


async def call(gateway: Watched, access_token: str, http: httpx2.AsyncClient) -> None:
    headers = {"authorization": f"Bearer {access_token}", "accept": "application/json, text/event-stream"}
    answer = await http.post(gateway.mcp_url, json=mcp_request("tools/list"), headers=headers)
    assert answer.status_code == 200


@pytest.fixture
async def http() -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(timeout=20) as client:
        yield client


@pytest.mark.parametrize("again_before", ["nothing", "consent", "decision", "redeeming"])
async def test_a_login_that_goes_on_after_a_restart_is_a_flow_of_its_client_to_its_end(
    login: Login, http: httpx2.AsyncClient, again_before: str
) -> None:
    """Wherever it stood; with nothing said of it."""
    async with login.restarted() as gateway:
        await login.browser.open(login.browser.location or "")
        flow = await only_flow(gateway)
        assert (flow.state, flow.step, flow.client_id) == (FlowState.ACTIVE, Step.CONSENT, login.client_id)
        if again_before in {"nothing", "redeeming"}:
            await login.browser.press("Allow")
        if again_before == "nothing":
            await call(gateway, await redeem(gateway, login, http), http)
            assert ((await only_flow(gateway)).state, await told(gateway)) == (FlowState.DONE, [])
            return

    async with login.restarted() as gateway:
        page = login.browser.page
        if again_before == "consent" and page is not None:
            await login.browser.open(page.url)
        if again_before != "redeeming":
            await login.browser.press("Allow")
        await call(gateway, await redeem(gateway, login, http), http)
        flow = await only_flow(gateway)
        assert (flow.state, flow.client_id, await told(gateway)) == (FlowState.DONE, login.client_id, [])


async def test_a_login_whose_time_passed_before_the_restart_fails_as_its_clients(login: Login) -> None:
    async with login.restarted() as gateway:
        await login.browser.open(login.browser.location or "")
    async with login.restarted() as gateway:
        gateway.wait(3600)
        assert login.browser.page is not None
        await login.browser.open(login.browser.page.url)
        flow = await only_flow(gateway)
        assert (flow.client_id, await told(gateway)) == (login.client_id, ["SESS-01"])


@pytest.mark.parametrize("where", ["callback", "consent"])
async def test_a_login_of_which_the_new_run_knows_nothing_is_told_as_one(login: Login, where: str) -> None:
    url = login.browser.location or ""
    if where == "consent":
        async with login.restarted():
            await login.browser.open(url)
        assert login.browser.page is not None
        url = login.browser.page.url
    rmtree(login.root / ".devgw")
    async with login.restarted() as gateway:
        await login.browser.open(url)
        assert await told(gateway) == ["SESS-01" if where == "callback" else "REQ-03"]
        gateway.wait(300)
        assert await told(gateway) == ["SESS-01" if where == "callback" else "REQ-03"]


async def test_who_only_looks_at_the_page_of_a_login_begins_no_flow(login: Login, http: httpx2.AsyncClient) -> None:
    async with login.restarted() as gateway:
        await login.browser.open(login.browser.location or "")
    async with login.restarted() as gateway:
        assert login.browser.page is not None
        await http.head(login.browser.page.url)
        assert await gateway.flows() == []
