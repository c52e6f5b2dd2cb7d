"""Clean but unusual ways, over a gateway that answers: nothing is said of them, not now and not ten minutes later."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx2
import pytest

from devgw.entropy import token
from devgw.monitor.why import NEWEST, why_of
from tests.diagnosis.stories.conftest import Watched
from tests.support.browser import Browser
from tests.support.gateway import CALLBACK, Code, mcp_request

NODE, PYTHON, UNDICI, EDITOR = "node", "python-httpx2/2", "undici", "Visual Studio Code/1.139"
ROOT = "/.well-known/oauth-authorization-server"


class Agent:
    """A client program: one connection pool, one user agent, what it keeps."""

    def __init__(self, gateway: Watched, agent: str = NODE) -> None:
        self.gateway, self.origin = gateway, gateway.origin
        self.agent = agent
        self.path = gateway.mcp_url.removeprefix(gateway.origin)
        self.http = self._pool(agent)
        self.browser = Browser(CALLBACK)
        self.client_id = ""
        self.verifier = ""
        self.tokens: dict[str, Any] = {}

    def _pool(self, agent: str) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(timeout=20, headers={"user-agent": agent})

    async def close(self) -> None:
        await self.http.aclose()

    def restart(self, agent: str | None = None) -> None:
        """Begin again with what is stored, over new connections."""
        self.http = self._pool(agent or self.agent)

    async def call(self, method: str = "tools/list", *, bare: bool = False, status: int = 200) -> httpx2.Response:
        headers = {"accept": "application/json, text/event-stream"}
        if self.tokens and not bare:
            headers["authorization"] = f"Bearer {self.tokens['access_token']}"
        answer = await self.http.post(self.gateway.mcp_url, json=mcp_request(method), headers=headers)
        assert answer.status_code == status, answer.text
        return answer

    async def discover(self) -> None:
        await self.http.get(f"{self.origin}/.well-known/oauth-protected-resource{self.path}")
        await self.http.get(f"{self.origin}{ROOT}{self.path}")

    async def register(self, **metadata: Any) -> None:
        self.client_id = (await self.gateway.running.register(self.http, **metadata))["client_id"]

    def url(self, **more: str | None) -> str:
        self.verifier = token("")
        asked: dict[str, str | None] = {"state": token(""), **more}
        return self.gateway.running.authorize_url(self.client_id, self.verifier, **asked)

    async def authorize(self, wait: float = 0, **more: str | None) -> None:
        """Sign in, look at the consent page for `wait` seconds, say yes."""
        self.browser.location = None
        await self.gateway.running.sign_in(self.browser, self.url(**more))
        if wait:
            await self.gateway.flows()
            self.gateway.wait(wait)
        await self.gateway.running.allow(self.browser)

    async def redeem(self, **more: str | None) -> None:
        assert self.browser.location is not None
        answer = dict(httpx2.URL(self.browser.location).params)
        sent: dict[str, str | None] = {"resource": self.gateway.mcp_url, **more}
        form = Code(self.client_id, self.verifier, answer).form(**sent)
        got = await self.http.post(f"{self.origin}/oauth/token", data=form)
        assert got.status_code == 200, got.text
        self.tokens = got.json()

    async def sign_in(self) -> None:
        await self.call(bare=True, status=401)
        await self.discover()
        await self.register()
        await self.authorize()
        await self.redeem()

    async def refresh(self) -> None:
        form = {
            "grant_type": "refresh_token",
            "refresh_token": self.tokens["refresh_token"],
            "client_id": self.client_id,
        }
        got = await self.http.post(f"{self.origin}/oauth/token", data=form)
        assert got.status_code == 200, got.text
        self.tokens = self.tokens | got.json()

    async def revoke(self) -> None:
        form = {"token": self.tokens["refresh_token"], "client_id": self.client_id}
        assert (await self.http.post(f"{self.origin}/oauth/revoke", data=form)).status_code == 200
        self.tokens = {}


async def whole(gateway: Watched, agent: str = NODE) -> Agent:
    """Walk all the way once."""
    one = Agent(gateway, agent)
    await one.sign_in()
    await one.call()
    return one


async def the_usual_way(gateway: Watched) -> None:
    await whole(gateway)


async def as_python(gateway: Watched) -> None:
    await whole(gateway, PYTHON)


async def as_an_editor(gateway: Watched) -> None:
    await whole(gateway, EDITOR)


async def without_a_first_401(gateway: Watched) -> None:
    one = Agent(gateway)
    await one.discover()
    await one.register()
    await one.authorize()
    await one.redeem()
    await one.call()


async def without_metadata(gateway: Watched) -> None:
    one = Agent(gateway)
    await one.register()
    await one.authorize()
    await one.redeem()
    await one.call()


async def a_person_who_types_a_password(gateway: Watched) -> None:
    one = Agent(gateway)
    await one.call(bare=True, status=401)
    await one.discover()
    await one.register()
    await one.browser.open(one.url())
    await gateway.flows()
    gateway.wait(170)
    assert await gateway.names() == []
    await one.browser.press("@")
    await gateway.running.allow(one.browser)
    await one.redeem()
    await one.call()


async def a_person_who_reads_the_consent_page(gateway: Watched) -> None:
    one = Agent(gateway)
    await one.call(bare=True, status=401)
    await one.register()
    await one.authorize(wait=170)
    await one.redeem()
    await one.call()


async def a_person_who_comes_back_after_ten_minutes(gateway: Watched) -> None:
    one = Agent(gateway)
    await one.call(bare=True, status=401)
    await one.register()
    await one.authorize(wait=600)
    await one.redeem()
    await one.call()


async def a_person_who_signs_in_two_minutes_after_the_editor_asked(gateway: Watched) -> None:
    one = Agent(gateway, EDITOR)
    await one.call(bare=True, status=401)
    await one.discover()
    await one.register()
    await gateway.flows()
    gateway.wait(120)
    assert await gateway.names() == []
    await one.authorize()
    await one.redeem()
    await one.call()


async def an_editor_that_registers_at_its_start_alone(gateway: Watched) -> None:
    one = Agent(gateway, EDITOR)
    await one.discover()
    await one.register()


async def two_tabs(gateway: Watched) -> None:
    one = Agent(gateway)
    await one.call(bare=True, status=401)
    await one.register()
    await one.browser.open(one.url())
    await one.authorize()
    await one.redeem()
    await one.call()


async def a_reload_of_the_authorization_page(gateway: Watched) -> None:
    one = Agent(gateway)
    await one.register()
    url = one.url()
    for _ in range(3):
        await one.http.get(url)
    await gateway.running.sign_in(one.browser, url)
    await gateway.running.allow(one.browser)
    await one.redeem()
    await one.call()


async def a_tab_that_is_closed_and_begun_anew(gateway: Watched) -> None:
    one = Agent(gateway)
    await one.call(bare=True, status=401)
    await one.discover()
    await one.register()
    await one.http.get(one.url())
    await gateway.flows()
    gateway.wait(20)
    await one.call(bare=True, status=401)
    await one.discover()
    await one.authorize()
    await one.redeem()
    await one.call()


async def a_remembered_consent(gateway: Watched) -> None:
    one = await whole(gateway)
    await one.authorize()
    await one.redeem()
    await one.call()


async def a_restart_with_good_tokens(gateway: Watched) -> None:
    one = await whole(gateway)
    for _ in range(3):
        await one.close()
        one.restart()
        gateway.wait(30)
        await one.call()


async def a_restart_that_reads_metadata_under_two_names(gateway: Watched) -> None:
    one = await whole(gateway)
    one.restart(UNDICI)
    await one.discover()
    one.restart(NODE)
    await one.call()


async def a_restart_that_probes_without_its_token(gateway: Watched) -> None:
    one = await whole(gateway)
    one.restart()
    await one.call(bare=True, status=401)
    await one.discover()
    await one.call()


async def a_restart_that_refreshes_first(gateway: Watched) -> None:
    one = await whole(gateway)
    gateway.wait(60)
    one.restart()
    await one.refresh()
    await one.call()


async def an_expired_token_that_is_refreshed(gateway: Watched) -> None:
    one = await whole(gateway)
    gateway.wait(1000)
    await one.call(status=401)
    await one.refresh()
    await one.call()


async def a_day_of_refreshes(gateway: Watched) -> None:
    one = await whole(gateway)
    for _ in range(6):
        gateway.wait(880)
        await one.refresh()
        await one.call()


async def many_calls(gateway: Watched) -> None:
    one = await whole(gateway)
    for _ in range(80):
        await one.call()


async def parallel_calls(gateway: Watched) -> None:
    one = await whole(gateway)
    await asyncio.gather(*(one.call() for _ in range(10)))


async def two_node_clients_one_after_the_other(gateway: Watched) -> None:
    await whole(gateway)
    gateway.wait(2)
    await whole(gateway)


async def two_node_clients_at_once(gateway: Watched) -> None:
    one, other = Agent(gateway), Agent(gateway)
    for each in (one, other):
        await each.call(bare=True, status=401)
        await each.discover()
        await each.register()
    await other.authorize()
    await one.authorize()
    await other.redeem()
    await one.redeem()
    await one.call()
    await other.call()


async def three_clients_in_parallel(gateway: Watched) -> None:
    await asyncio.gather(*(whole(gateway, agent) for agent in (NODE, PYTHON, EDITOR)))


async def one_client_waits_while_another_signs_in(gateway: Watched) -> None:
    one = Agent(gateway)
    await one.call(bare=True, status=401)
    await one.register()
    await one.browser.open(one.url())
    await whole(gateway)
    await one.browser.press("@")
    await gateway.running.allow(one.browser)
    await one.redeem()
    await one.call()


async def revoked_and_signed_in_again(gateway: Watched) -> None:
    for _ in range(5):
        one = await whole(gateway)
        await one.revoke()
        await one.close()


async def revoked_and_signed_in_again_with_the_same_registration(gateway: Watched) -> None:
    one = await whole(gateway)
    await one.revoke()
    await one.call(bare=True, status=401)
    await one.authorize()
    await one.redeem()
    await one.call()


async def five_runs_in_five_minutes(gateway: Watched) -> None:
    for _ in range(5):
        await whole(gateway, PYTHON)
        gateway.wait(40)


async def runs_on_ports_of_their_own(gateway: Watched) -> None:
    for number in range(6):
        one = Agent(gateway, PYTHON)
        await one.register(redirect_uris=[f"http://localhost:{50_000 + number}/callback"])
        await one.authorize()
        await one.redeem()
        await one.call()


async def a_login_command_that_ends(gateway: Watched) -> None:
    await Agent(gateway).sign_in()


async def a_login_command_and_a_call_half_an_hour_later(gateway: Watched) -> None:
    one = Agent(gateway)
    await one.sign_in()
    await gateway.flows()
    gateway.wait(600)
    assert await gateway.names() == []
    one.restart()
    await one.call()


async def a_first_call_after_half_a_minute(gateway: Watched) -> None:
    one = Agent(gateway)
    await one.sign_in()
    await gateway.flows()
    gateway.wait(30)
    assert await gateway.names() == []
    await one.call()


async def without_resource_at_the_token_endpoint(gateway: Watched) -> None:
    one = Agent(gateway)
    await one.register()
    await one.authorize()
    await one.redeem(resource=None)
    await one.call()


async def a_monitor_of_the_metadata(gateway: Watched) -> None:
    one = Agent(gateway, "metadata-monitor/1")
    for _ in range(4):
        await one.discover()
        await gateway.flows()
        gateway.wait(30)


async def a_monitor_that_asks_whether_we_live(gateway: Watched) -> None:
    one = Agent(gateway, "kube-probe/1.31")
    for path in ("/", "/health", "/healthz", "/ready", one.path):
        await one.http.get(gateway.origin + path)


async def a_person_with_curl(gateway: Watched) -> None:
    one = Agent(gateway, "curl/8.5.0")
    await one.sign_in()
    await one.call()


async def a_person_with_curl_who_stops_after_the_401(gateway: Watched) -> None:
    await Agent(gateway, "curl/8.5.0").call(status=401)


async def a_browser_at_the_front_page(gateway: Watched) -> None:
    one = Agent(gateway, "Mozilla/5.0 (X11; Linux x86_64)")
    for path in ("/", "/favicon.ico", "/oauth/style.css", "/.well-known/appspecific/com.chrome.devtools.json"):
        await one.http.get(gateway.origin + path, headers={"accept": "text/html"})


async def the_get_that_every_sdk_tries(gateway: Watched) -> None:
    one = await whole(gateway)
    headers = {"authorization": f"Bearer {one.tokens['access_token']}", "accept": "text/event-stream"}
    assert (await one.http.get(gateway.mcp_url, headers=headers)).status_code == 405


async def a_session_that_is_ended_with_delete(gateway: Watched) -> None:
    one = await whole(gateway)
    headers = {"authorization": f"Bearer {one.tokens['access_token']}"}
    assert (await one.http.delete(gateway.mcp_url, headers=headers)).status_code == 405


async def a_look_for_the_newer_revision_after_a_good_call(gateway: Watched) -> None:
    one = await whole(gateway)
    assert "error" in (await one.call("server/discover")).text


async def a_page_that_asks_first(gateway: Watched) -> None:
    one = Agent(gateway, "Mozilla/5.0")
    origin = {"origin": "http://localhost:6274", "access-control-request-method": "POST"}
    await one.http.options(gateway.mcp_url, headers=origin)
    await one.http.post(gateway.mcp_url, json=mcp_request("initialize"), headers={"origin": origin["origin"]})
    await one.discover()
    await one.register()
    await one.authorize()
    await one.redeem()
    await one.call()


async def the_other_loopback_name(gateway: Watched) -> None:
    one = Agent(gateway)
    await one.register()
    gateway.wait(1)
    await one.authorize(resource=gateway.mcp_url.replace("localhost", "127.0.0.1"))
    await one.redeem(resource=gateway.mcp_url.replace("localhost", "127.0.0.1"))
    await one.call()


async def the_root_metadata_behind_the_resources(gateway: Watched) -> None:
    one = Agent(gateway)
    await one.call(bare=True, status=401)
    await one.http.get(f"{gateway.origin}/.well-known/oauth-protected-resource{one.path}")
    await one.http.get(f"{gateway.origin}{ROOT}")
    await one.register()
    await one.authorize()
    await one.redeem()
    await one.call()


async def both_dialects_of_metadata(gateway: Watched) -> None:
    one = Agent(gateway)
    await one.call(bare=True, status=401)
    await one.discover()
    await one.http.get(f"{gateway.origin}/.well-known/openid-configuration{one.path}")
    await one.http.get(f"{gateway.origin}{one.path}/.well-known/openid-configuration")
    await one.register()
    await one.authorize()
    await one.redeem()
    await one.call()


async def a_slash_at_the_end(gateway: Watched) -> None:
    one = Agent(gateway)
    await one.register()
    await one.authorize(resource=f"{gateway.mcp_url}/")
    await one.redeem(resource=f"{gateway.mcp_url}/")
    await one.call()


async def another_loopback_port(gateway: Watched) -> None:
    one = Agent(gateway)
    await one.register()
    one.browser = Browser("http://localhost:5555/callback")
    await one.authorize(redirect_uri="http://localhost:5555/callback")
    await one.redeem(redirect_uri="http://localhost:5555/callback")
    await one.call()


async def a_lost_answer_of_a_refresh(gateway: Watched) -> None:
    """Said as what it is (REFR-01): it was forgiven, and ten minutes later it is over."""
    one = await whole(gateway)
    before = dict(one.tokens)
    await one.refresh()
    one.tokens = before
    await one.refresh()
    await one.call()
    assert await gateway.names() == ["REFR-01"]


async def an_unknown_token_is_revoked(gateway: Watched) -> None:
    one = await whole(gateway)
    form = {"token": "something", "client_id": one.client_id}
    assert (await one.http.post(f"{gateway.origin}/oauth/revoke", data=form)).status_code == 200


async def a_monitor_that_signs_in_and_reads_metadata_for_ever(gateway: Watched) -> None:
    one = await whole(gateway)
    for _ in range(3):
        await one.discover()
        gateway.wait(200)
        await one.call()


WAYS: tuple[Callable[[Watched], Awaitable[None]], ...] = tuple(
    each
    for name, each in list(globals().items())
    if asyncio.iscoroutinefunction(each) and name != "whole" and not name.startswith("test_")
)


@pytest.mark.parametrize("walk", WAYS, ids=lambda walk: walk.__name__.replace("_", " "))
async def test_nothing_is_said_of_a_clean_way(gateway: Watched, walk: Callable[[Watched], Awaitable[None]]) -> None:
    await walk(gateway)
    for seconds in (0, 12, 50, 100, 450, 60):
        gateway.wait(seconds)
        found = await said(gateway)
        if seconds or walk is not a_lost_answer_of_a_refresh:
            found = [each for each in found if not (each == "REFR-01" and walk is a_lost_answer_of_a_refresh)]
            assert found == [], seconds
    told = why_of(gateway.running.runtime.monitor, NEWEST)
    assert told is not None
    assert told.cases == [] or walk is a_lost_answer_of_a_refresh


async def said(gateway: Watched) -> list[str]:
    """Return the ids of everything that is said now, of flows and of the gateway."""
    return await gateway.names() + [each.id for each in await gateway.of_gateway()]


def test_there_are_enough_of_them() -> None:
    assert len(WAYS) >= 40
