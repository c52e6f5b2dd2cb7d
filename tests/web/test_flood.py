"""Nobody fills the store: not a page of another site, not a client in a loop."""

import asyncio
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from devgw.events.taxonomy import McpAuthClientDeleted
from devgw.gateway.pace import Pace
from devgw.limits import Limits
from devgw.wiring import running as wiring
from tests.support.gateway import CALLBACK, Running, running_gateway

PAGE = "https://evil.example"
METADATA = '{"redirect_uris": ["http://localhost:1/c"], "token_endpoint_auth_method": "none"}'
NEAR = "http://localhost:6274"


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "text/json", ""]
)
async def test_a_page_of_another_site_cannot_register_without_the_browsers_question(
    gateway: Running, http: httpx2.AsyncClient, kind: str
) -> None:
    """Fetch §2.2.2: these types are sent to any origin without a preflight."""
    headers = {"origin": PAGE} | ({"content-type": kind} if kind else {})
    answer = await http.post(f"{gateway.origin}/oauth/register", content=METADATA, headers=headers)
    assert answer.status_code == 400
    assert answer.json()["reason"] == "registration_not_json"
    assert "LIMIT-27" in answer.json()["error_description"]
    assert gateway.runtime.ground.store.clients() == []


@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=utf-8", "Application/JSON"])
async def test_a_client_in_a_browser_registers_after_its_question(
    gateway: Running, http: httpx2.AsyncClient, kind: str
) -> None:
    """The Inspector runs in a page on another port of this machine."""
    asked = {"origin": NEAR, "access-control-request-method": "POST", "access-control-request-headers": "content-type"}
    preflight = await http.request("OPTIONS", f"{gateway.origin}/oauth/register", headers=asked)
    assert preflight.headers["access-control-allow-headers"] == "content-type"
    headers = {"origin": NEAR, "content-type": kind}
    answer = await http.post(f"{gateway.origin}/oauth/register", content=METADATA, headers=headers)
    assert answer.status_code == 201
    assert answer.headers["access-control-allow-origin"] == "*"


async def test_clients_that_register_in_a_loop_are_told_when_to_come_back(
    gateway: Running, http: httpx2.AsyncClient
) -> None:
    """RFC 6585 §4."""
    gateway.runtime.served.registrations = Pace(5)
    answers = [
        await http.post(f"{gateway.origin}/oauth/register", json={"redirect_uris": [CALLBACK]}) for _ in range(7)
    ]
    assert [each.status_code for each in answers] == [201] * 5 + [429] * 2
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
    assert answers[-1].json()["reason"] == "registrations_too_frequent"
    assert len(gateway.runtime.ground.store.clients()) == 5


async def test_a_client_that_gave_way_to_newer_ones_stands_in_no_list_as_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """A row that says `known` of what the next authorization calls unknown would be a lie."""
    monkeypatch.setattr(Limits, "UNUSED_CLIENTS", 2)
    monkeypatch.setattr(wiring, "HOUSEKEEPING", timedelta(milliseconds=20))
    async with running_gateway() as gateway, httpx2.AsyncClient() as http:
        ids = [(await gateway.register(http, client_name=f"c{number}"))["client_id"] for number in range(5)]
        async with asyncio.timeout(10):
            while len(gateway.events(McpAuthClientDeleted)) < 3:
                await asyncio.sleep(0.02)
        rows = {row.id: row.state for row in gateway.runtime.monitor.people.clients}
        deleted = gateway.events(McpAuthClientDeleted)
        answer = await http.get(gateway.authorize_url(ids[0], "v" * 43))
    assert [rows[each] for each in ids] == ["deleted"] * 3 + ["known"] * 2
    assert [(each.client_id, each.client_name, each.cause) for each in deleted] == [
        (id_, f"c{number}", "never_used") for number, id_ in enumerate(ids[:3])
    ]
    assert answer.status_code == 400


async def test_a_test_loop_of_a_real_client_is_never_told_so(gateway: Running, http: httpx2.AsyncClient) -> None:
    answers = await asyncio.gather(*(gateway.register(http) for _ in range(100)))
    assert len({each["client_id"] for each in answers}) == 100


async def test_authorizations_that_nobody_finishes_are_bounded_and_finished_ones_do_not_count(
    gateway: Running, http: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RFC 6749 §4.1.2.1: temporarily_unavailable, to the client that asked."""
    monkeypatch.setattr(Limits, "AUTHORIZATIONS_OPEN", 3)
    client = await gateway.register(http)
    url = gateway.authorize_url(client["client_id"], "v" * 43)
    places = [(await http.get(url)).headers["location"] for _ in range(4)]
    assert not any(place.startswith(CALLBACK) for place in places[:3])
    sent_back = parse_qs(urlsplit(places[3]).query)
    assert places[3].startswith(CALLBACK)
    assert sent_back["error"] == ["temporarily_unavailable"]
    assert sent_back["state"] == ["st123"]


async def test_a_page_of_another_site_shuts_no_client_of_this_machine_out(
    gateway: Running, http: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An image a thousand times over is enough, and each lives a quarter of an hour."""
    monkeypatch.setattr(Limits, "AUTHORIZATIONS_OPEN", 6)
    gateway.runtime.served.registrations = Pace(6)
    url, image = f"{gateway.origin}/oauth/register", {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"}
    document = {"redirect_uris": [CALLBACK], "token_endpoint_auth_method": "none"}
    by_page = [await http.post(url, json=document, headers={"origin": PAGE}) for _ in range(5)]
    assert [each.status_code for each in by_page] == [201] * 3 + [429] * 2
    opened = gateway.authorize_url(by_page[0].json()["client_id"], "v" * 43)
    places = [(await http.get(opened, headers=image)).headers["location"] for _ in range(5)]
    assert ["temporarily_unavailable" in each for each in places] == [False] * 3 + [True] * 2
    own = await gateway.register(http)
    answer = await http.get(gateway.authorize_url(own["client_id"], "v" * 43))
    assert "temporarily_unavailable" not in answer.headers["location"]
