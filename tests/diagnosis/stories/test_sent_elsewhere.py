"""What is sent to one endpoint and belongs to another; and what of a page's request keeps the browser back."""

from typing import Any

import httpx2
import pytest

from tests.diagnosis.stories.agent import Agent
from tests.diagnosis.stories.conftest import Watched
from tests.diagnosis.stories.test_misspelt import ACCEPT, with_code
from tests.diagnosis.stories.test_no_browser import PAGE, of_pages, preflight
from tests.support.gateway import CALLBACK
from tests.support.mending import mends, written

SCRIPT = {"sec-fetch-mode": "cors", "sec-fetch-dest": "empty", "sec-fetch-site": "same-site", "origin": PAGE}


@pytest.mark.parametrize(
    ("path", "as_json"), [("/oauth/register", False), ("/oauth/register", True), ("/oauth/revoke", False)]
)
async def test_a_token_request_at_another_endpoint_is_sent_to_the_one_that_is_printed(
    gateway: Watched, path: str, as_json: bool
) -> None:
    agent, form = await with_code(gateway)
    sent: dict[str, Any] = {"json": form} if as_json else {"data": form}
    refused = await agent.http.post(f"{gateway.origin}{path}", **sent)
    assert refused.json()["reason"] == "sent_elsewhere"
    found = next(each for each in [*await gateway.said(), *await gateway.of_gateway()] if each.id == "TOK-05")
    assert (await agent.http.post(written(found.fix, r"to (\S+?),"), data=form)).status_code == 200


@mends("REG-21")
@pytest.mark.parametrize("path", ["/oauth/token", "/oauth/revoke"])
async def test_a_registration_at_another_endpoint_is_sent_to_the_one_that_is_printed(
    gateway: Watched, http: httpx2.AsyncClient, path: str
) -> None:
    document = {"redirect_uris": [CALLBACK], "client_name": "x"}
    assert (await http.post(f"{gateway.origin}{path}", json=document)).json()["reason"] == "sent_elsewhere"
    found = next(each for each in [*await gateway.said(), *await gateway.of_gateway()] if each.id == "REG-21")
    assert (await http.post(written(found.fix, r"to (\S+?),"), json=document)).status_code == 201


async def test_a_registration_at_the_url_of_a_route_is_told_as_one(gateway: Watched, http: httpx2.AsyncClient) -> None:
    document = {"redirect_uris": [CALLBACK], "client_name": "x"}
    answer = await http.post(gateway.mcp_url, json=document, headers=ACCEPT)
    assert (answer.status_code, answer.json()["diagnosis"]) == (401, "REG-21")
    await gateway.only("REG-21")


async def test_a_form_without_what_another_endpoint_takes_is_told_by_what_it_lacks(gateway: Watched) -> None:
    agent = Agent(gateway)
    await agent.sign_in()
    answer = await agent.http.post(f"{gateway.origin}/oauth/revoke", data={"client_id": agent.client_id})
    assert "has no token. Send token in the form." in answer.json()["error_description"]


@pytest.mark.parametrize("credentials", ["bm8tY29sb24=", "not base64!", "aWQ6Pz8_Pj4-"])
async def test_basic_credentials_that_cannot_be_read_are_told_as_that_and_no_wrong_secret(
    gateway: Watched, credentials: str
) -> None:
    agent, form = await with_code(gateway, token_endpoint_auth_method="client_secret_basic")
    sent = {"authorization": f"Basic {credentials}"}
    refused = (await agent.http.post(f"{gateway.origin}/oauth/token", data=form, headers=sent)).json()
    assert "authenticates with nothing that is read; its Authorization header is Basic" in refused["error_description"]
    assert "base64 form of client_id:client_secret" in refused["error_description"]


async def test_the_consent_page_that_a_script_asks_for_is_told_as_that_and_not_as_a_lost_cookie(
    gateway: Watched,
) -> None:
    agent = Agent(gateway)
    await agent.call(bare=True, status=401)
    await agent.discover()
    await agent.register()
    await gateway.running.sign_in(agent.browser, agent.url())
    url = next(each for each in reversed(agent.browser.visited) if "/oauth/setup" in each).partition(" ")[2]
    async with httpx2.AsyncClient(timeout=20) as script:
        assert (await script.get(url, headers=SCRIPT)).status_code == 403
    await gateway.only("SESS-12")
    await gateway.running.allow(agent.browser)
    await agent.redeem()
    assert await gateway.names() == []


@pytest.mark.parametrize(("path", "name"), [("/", "DISC-14"), ("/mcp", "DISC-14"), ("/oauth/introspect", "DISC-10")])
async def test_a_preflight_for_what_is_no_route_is_told_as_the_request_that_it_keeps_back(
    gateway: Watched, path: str, name: str
) -> None:
    assert (await preflight(gateway, path, "POST")).status_code == 404
    assert [each.id for each in await of_pages(gateway)] == [name]
