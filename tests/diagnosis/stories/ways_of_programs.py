"""Clean but unusual ways of programs: what they send, how often, and what they look at beside it."""

import asyncio
from typing import Any

import httpx2

from devgw.wiring.examining import examine_running
from devgw.wiring.reloading import Reloading
from tests.diagnosis.fixes.way import Client, discover
from tests.diagnosis.stories.conftest import Watched
from tests.support.gateway import CALLBACK, mcp_request


def _client(gateway: Watched, agent: str | None = "python-httpx2/2", **more: Any) -> Client:
    headers = {} if agent is None else {"user-agent": agent}
    return Client(gateway, httpx2.AsyncClient(timeout=20, headers=headers, **more))


async def a_program_without_a_name(gateway: Watched) -> None:
    client = _client(gateway, "")
    await discover(gateway, client.http)
    await client.whole_way()


async def two_of_one_make_by_turns(gateway: Watched) -> None:
    one, other = _client(gateway), _client(gateway)
    await discover(gateway, one.http)
    await discover(gateway, other.http)
    await one.register()
    await other.register()
    code, another = await one.get_code(), await other.get_code()
    await other.redeem(another)
    await one.redeem(code)
    await one.works()
    await other.works()


async def a_second_redirect_uri(gateway: Watched) -> None:
    client = _client(gateway)
    await client.register(redirect_uris=[CALLBACK, "http://127.0.0.1:4711/cb"])
    client.redirect_uri = "http://127.0.0.1:4711/cb"
    await client.redeem(await client.get_code())
    await client.works()


async def another_port_of_this_machine(gateway: Watched) -> None:
    client = _client(gateway)
    await client.register(redirect_uris=["http://127.0.0.1:4711/cb"])
    client.redirect_uri = "http://127.0.0.1:4812/cb"
    await client.redeem(await client.get_code())
    await client.works()


async def a_refresh_before_each_call(gateway: Watched) -> None:
    client = await _client(gateway).whole_way()
    for _ in range(5):
        gateway.wait(60)
        assert (await client.refresh()).status_code == 200
        await client.works()


async def a_logout_and_a_new_sign_in(gateway: Watched) -> None:
    client = await _client(gateway).whole_way()
    await client.post("revoke", {"token": client.tokens["refresh_token"], "client_id": client.client_id})
    await client.redeem(await client.get_code())
    await client.works()


async def a_look_by_get_and_head_first(gateway: Watched) -> None:
    client = _client(gateway)
    for method in ("GET", "HEAD", "DELETE"):
        await client.http.request(method, gateway.mcp_url)
    await client.whole_way()


async def an_older_revision(gateway: Watched) -> None:
    client = await _client(gateway).whole_way()
    params = {"protocolVersion": "2025-03-26", "capabilities": {}, "clientInfo": {"name": "old", "version": "1"}}
    bearer = {
        "authorization": f"Bearer {client.tokens['access_token']}",
        "accept": "application/json, text/event-stream",
    }
    await client.http.post(gateway.mcp_url, json=mcp_request("initialize", params), headers=bearer)
    note = {"jsonrpc": "2.0", "method": "notifications/initialized"}
    assert (await client.http.post(gateway.mcp_url, json=note, headers=bearer)).status_code == 202
    await client.works()


async def a_slash_at_the_end(gateway: Watched) -> None:
    client = await _client(gateway).whole_way()
    await client.works(f"{gateway.mcp_url}/")


async def no_state_and_no_scope(gateway: Watched) -> None:
    await _client(gateway).whole_way(state=None, scope=None)


async def a_client_with_a_secret(gateway: Watched) -> None:
    client = _client(gateway)
    document = await client.register(token_endpoint_auth_method="client_secret_basic")
    auth = httpx2.BasicAuth(client.client_id, document["client_secret"])
    code = await client.get_code()
    answer = await client.http.post(f"{gateway.origin}/oauth/token", data=client.form(code), auth=auth)
    assert answer.status_code == 200, answer.text
    client.tokens = answer.json()
    await client.works()


async def the_doctor_in_the_middle(gateway: Watched) -> None:
    client = _client(gateway)
    await discover(gateway, client.http)
    await examine_running(gateway.running.runtime)
    await client.register()
    code = await client.get_code()
    await examine_running(gateway.running.runtime)
    await client.redeem(code)
    await examine_running(gateway.running.runtime)
    await client.works()


async def a_save_in_the_middle(gateway: Watched) -> None:
    client = _client(gateway)
    await client.register()
    code = await client.get_code()
    assert await Reloading(gateway.running.runtime).reload()
    await client.redeem(code)
    await client.works()


async def many_calls_at_once(gateway: Watched) -> None:
    client = await _client(gateway).whole_way()
    answers = await asyncio.gather(*(client.call() for _ in range(20)))
    assert all(answer.status_code == 200 for answer in answers)


async def a_code_that_is_redeemed_late(gateway: Watched) -> None:
    client = _client(gateway)
    await client.register()
    code = await client.get_code()
    gateway.wait(25)
    await client.redeem(code)
    await client.works()


async def an_answer_of_the_token_endpoint_that_is_asked_for_twice(gateway: Watched) -> None:
    client = _client(gateway)
    await client.register()
    code = await client.get_code()
    await client.redeem(code)
    await client.redeem(code)
    await client.works()


async def probes_of_a_browser_and_a_monitor(gateway: Watched) -> None:
    client = _client(gateway)
    for path in ("/favicon.ico", "/robots.txt", "/apple-touch-icon.png", "/", "/health"):
        await client.http.get(gateway.origin + path, headers={"accept": "text/html"})
    await client.whole_way()


async def a_token_that_expires_and_is_refreshed(gateway: Watched) -> None:
    client = await _client(gateway).whole_way()
    gateway.wait(901)
    assert (await client.call()).status_code == 401
    assert (await client.refresh()).status_code == 200
    await client.works()


async def the_other_name_of_this_machine(gateway: Watched) -> None:
    client = await _client(gateway).whole_way()
    url = gateway.mcp_url.replace("localhost", "127.0.0.1")
    assert (await client.call(url)).status_code in {200, 401}
    await client.works()


async def a_registration_that_is_used_again_after_a_day(gateway: Watched) -> None:
    client = await _client(gateway).whole_way()
    gateway.wait(86_400)
    await client.call()
    await client.redeem(await client.get_code())
    await client.works()


async def a_first_tab_that_is_left_alone(gateway: Watched) -> None:
    client = _client(gateway)
    await client.register()
    await client.http.get(client.url())
    gateway.wait(30)
    await client.redeem(await client.get_code())
    await client.works()
