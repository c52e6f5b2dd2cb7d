"""Tokens that come in another place than the Authorization header: each is named, and none is shown."""

from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from devgw.events.flow import FlowState
from tests.diagnosis.stories.agent import Agent
from tests.diagnosis.stories.conftest import Watched
from tests.support.gateway import mcp_request
from tests.support.mending import mends

ACCEPT = {"accept": "application/json, text/event-stream"}
CALL = mcp_request("tools/list")
Sent = Callable[[str], dict[str, Any]]
PLACES: list[tuple[Sent, str]] = [
    (lambda token: {"json": CALL, "headers": {"x-api-key": token}}, "the header X-Api-Key"),
    (lambda token: {"json": CALL, "headers": {"x-auth-token": token}}, "the header X-Auth-Token"),
    (lambda token: {"json": CALL, "headers": {"x-access-token": f"Bearer {token}"}}, "the header X-Access-Token"),
    (lambda token: {"json": CALL, "headers": {"proxy-authorization": f"Bearer {token}"}}, "Proxy-Authorization"),
    (lambda token: {"json": CALL, "headers": {"cookie": f"a=b; access_token={token}"}}, "the cookie access_token"),
    (lambda token: {"json": CALL, "params": {"token": token}}, "the query parameter token"),
    (lambda token: {"data": {"access_token": token}}, "the form field access_token"),
]
OF_ANY_NAME: list[tuple[Sent, str]] = [
    (lambda token: {"json": CALL, "headers": {"x-our-own": token}}, "the header X-Our-Own"),
    (lambda token: {"json": CALL, "headers": {"cookie": f"sess={token}"}}, "the cookie sess"),
    (lambda token: {"json": CALL, "params": {"k": token}}, "the query parameter k"),
    (lambda token: {"json": mcp_request("tools/list", {"_meta": {"auth": token}})}, "the body"),
]


async def ask(gateway: Watched, http: httpx2.AsyncClient, sent: dict[str, Any]) -> httpx2.Response:
    return await http.post(gateway.mcp_url, **(sent | {"headers": ACCEPT | sent.get("headers", {})}))


@mends("BEAR-11")
@pytest.mark.parametrize(("sent", "place"), [*PLACES, *OF_ANY_NAME])
async def test_a_token_of_this_gateway_in_another_place_works_in_the_header_that_is_printed(
    gateway: Watched, sent: Sent, place: str
) -> None:
    """The answer offers the login, as to anybody who has no Authorization header (RFC 6750 §3.1)."""
    agent = Agent(gateway)
    await agent.sign_in()
    token = agent.tokens["access_token"]
    async with httpx2.AsyncClient() as http:
        refused = await ask(gateway, http, sent(token))
    assert (refused.status_code, refused.json()["diagnosis"]) == (401, "BEAR-11")
    assert "error=" not in refused.headers["www-authenticate"]
    found = next(each for each in await gateway.said() if each.id == "BEAR-11")
    assert found.certain
    assert place in found.cause
    assert "Authorization: Bearer" in found.fix
    assert token not in f"{found} {refused.text}"
    assert found.cause == refused.json()["error_description"].partition(". ")[0] + "."

    await agent.call()


@pytest.mark.parametrize(("sent", "place"), PLACES)
async def test_a_key_of_somebody_elses_is_suspected_where_its_client_goes_no_further(
    gateway: Watched, http: httpx2.AsyncClient, sent: Sent, place: str
) -> None:
    key = "k3y-of-another-service"
    refused = await ask(gateway, http, sent(key))
    assert refused.status_code == 401
    assert "diagnosis" not in refused.json()
    assert place in refused.json()["error_description"]
    assert await gateway.names() == []

    gateway.wait(5)
    found = await gateway.only("BEAR-11")
    assert not found.certain
    assert place in found.cause
    assert key not in f"{found} {refused.text}"


@pytest.mark.parametrize(("sent", "place"), OF_ANY_NAME)
async def test_what_stands_under_a_name_that_says_no_key_is_taken_for_none(
    gateway: Watched, http: httpx2.AsyncClient, sent: Sent, place: str
) -> None:
    refused = await ask(gateway, http, sent("a-word-of-its-own"))
    assert refused.status_code == 401
    assert place not in refused.json()["error_description"]

    gateway.wait(5)
    assert "BEAR-11" not in await gateway.names()


MANY = "&".join(f"p{number}={number}" for number in range(400))


@pytest.mark.parametrize(
    "sent",
    [
        {"json": CALL, "params": MANY},
        {"content": MANY, "headers": {"content-type": "application/x-www-form-urlencoded"}},
        {"content": "&" * 5_000, "headers": {"content-type": "application/x-www-form-urlencoded"}},
        {"json": CALL, "headers": {"cookie": MANY.replace("&", "; ")}},
    ],
    ids=["query", "form", "ampersands", "cookies"],
)
async def test_a_request_of_very_many_parts_is_asked_for_a_token_like_any_other(
    gateway: Watched, http: httpx2.AsyncClient, sent: dict[str, Any]
) -> None:
    refused = await ask(gateway, http, sent)
    assert (refused.status_code, refused.json()["error"]) == (401, "invalid_token")
    assert "resource_metadata" in refused.headers["www-authenticate"]


async def test_the_url_of_the_page_that_asks_is_no_place_where_a_token_was_sent(gateway: Watched) -> None:
    agent = Agent(gateway)
    await agent.sign_in()
    referer = {"referer": f"http://localhost:1/?t={agent.tokens['access_token']}"}
    async with httpx2.AsyncClient() as http:
        refused = await ask(gateway, http, {"json": CALL, "headers": referer})
    assert "diagnosis" not in refused.json()


async def test_a_client_that_has_a_key_for_its_upstream_and_signs_in_is_not_suspected(gateway: Watched) -> None:
    key = {"x-api-key": "k3y-of-the-upstream"}
    agent = Agent(gateway)
    await ask(gateway, agent.http, {"json": CALL, "headers": key})
    await agent.sign_in()
    await agent.call()
    gateway.wait(60)
    flows = await gateway.flows()
    assert [each for flow in flows for each in flow.diagnoses] == []
    assert FlowState.FAILED not in {flow.state for flow in flows}


@pytest.mark.parametrize("value", ["Token {}", 'Token token="{}"', "token={}", "Bearer token={}", "Api-Key {}"])
async def test_a_token_behind_another_scheme_is_named_by_what_was_done_to_it(gateway: Watched, value: str) -> None:
    agent = Agent(gateway)
    await agent.sign_in()
    token = agent.tokens["access_token"]
    async with httpx2.AsyncClient() as http:
        refused = await ask(gateway, http, {"json": CALL, "headers": {"authorization": value.format(token)}})
    assert (refused.status_code, refused.json()["diagnosis"]) == (401, "BEAR-04")
    found = next(each for each in await gateway.said() if each.id == "BEAR-04")
    assert "an access token of this gateway" in found.cause
    assert token not in str(found)
