"""What is said of odd requests is what came, of the flow that it was, and mended only where it is."""

import asyncio
import zlib

import httpx2
import pytest

from devgw.monitor.details import CaseView
from devgw.monitor.why import NEWEST, why_of
from tests.diagnosis.stories.conftest import Watched
from tests.support.gateway import mcp_request

DOCUMENT = b'{"redirect_uris": ["http://localhost:33418/callback"], "token_endpoint_auth_method": "none"}'
BROWSER = {"accept": "text/html", "sec-fetch-mode": "navigate", "user-agent": "Mozilla/5.0"}


async def cases(gateway: Watched) -> list[CaseView]:
    await gateway.flows()
    gateway.wait(2)
    await gateway.flows()
    told = why_of(gateway.running.runtime.monitor, NEWEST)
    assert told is not None
    return told.cases


@pytest.mark.parametrize("odd", ["%23tools", "%3Fversion=2", "%23", "%3F"])
async def test_a_path_that_ends_beyond_a_routes_is_not_told_as_served(
    gateway: Watched, http: httpx2.AsyncClient, odd: str
) -> None:
    assert (await http.post(gateway.mcp_url + odd, json=mcp_request("initialize"))).status_code == 404

    case = (await cases(gateway))[0]

    assert ([each.id for each in case.diagnoses], case.mended) == (["DISC-14"], "")


async def test_registrations_that_nobody_can_read_are_not_one_that_is_repeated(
    gateway: Watched, http: httpx2.AsyncClient
) -> None:
    for body in (b"", b"[", b"redirect_uris: x", b"{", b"\xff\xfe{\0", b"callback({})", DOCUMENT[:-1]):
        url = f"{gateway.origin}/oauth/register"
        answer = await http.post(url, content=body, headers={"content-type": "application/json"})
        assert answer.status_code == 400, answer.text
    await cut_off(gateway)

    assert "REG-11" not in await gateway.names()


async def cut_off(gateway: Watched) -> None:
    """Begin a registration and leave within its body; return once that is told."""
    before = len(await gateway.flows())
    host = gateway.origin.removeprefix("http://")
    name, _, port = host.partition(":")
    _, writer = await asyncio.open_connection(name, int(port))
    head = f"POST /oauth/register HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\n"
    writer.write(f"{head}content-length: 500\r\n\r\n{{".encode())
    await writer.drain()
    writer.close()
    async with asyncio.timeout(20):
        while len(await gateway.flows()) == before:
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("client_id", ["dcr:" + "0" * 32, "claude-code", "https://client.example/of-nobody"])
async def test_an_unknown_client_is_not_whoever_was_refused_a_registration(
    gateway: Watched, http: httpx2.AsyncClient, client_id: str
) -> None:
    refused = await http.post(f"{gateway.origin}/oauth/register", json={"redirect_uris": ["javascript:alert(1)"]})
    assert refused.status_code == 400
    url = gateway.running.authorize_url(client_id, "v" * 43)
    async with httpx2.AsyncClient(headers=BROWSER, timeout=20) as browser:
        assert (await browser.get(url)).status_code == 400

    told = [[each.id for each in case.diagnoses] for case in await cases(gateway)]

    assert len(told) == 2
    assert told[1] == ["REG-05"]
    assert told[0] != told[1]


async def test_whoever_asks_for_a_websocket_is_told_of_a_method_that_is_not_taken(
    gateway: Watched, http: httpx2.AsyncClient
) -> None:
    headers = {"upgrade": "websocket", "connection": "upgrade"}
    named = await http.get(gateway.mcp_url, headers=headers)
    plain = await http.get(gateway.mcp_url, headers={"accept": "text/event-stream"})

    assert (named.status_code, plain.status_code) == (405, 405)
    assert (named.json().get("diagnosis"), plain.json().get("diagnosis")) == ("REQ-06", None)
    assert [[each.id for each in case.diagnoses] for case in await cases(gateway)] == [["REQ-06"]]


@pytest.mark.parametrize(
    ("body", "coding", "said", "change"),
    [
        (
            zlib.compress(DOCUMENT),
            "deflate",
            "Content-Encoding: deflate, which is not undone",
            "without Content-Encoding",
        ),
        (DOCUMENT, "br", "Content-Encoding: br, which is not undone here", "without Content-Encoding"),
        (DOCUMENT[:-1] + b', "x": "\\ud800"}', "", "half of a character stands in it", "whole characters"),
    ],
)
async def test_a_registration_is_refused_for_what_it_is(
    gateway: Watched, http: httpx2.AsyncClient, body: bytes, coding: str, said: str, change: str
) -> None:
    headers = {"content-type": "application/json"} | ({"content-encoding": coding} if coding else {})
    answer = await http.post(f"{gateway.origin}/oauth/register", content=body, headers=headers)

    told = answer.json()["error_description"]
    assert answer.status_code == 400
    assert said in told
    assert change in told
    assert "than Content-Encoding says" not in told
    assert "is not a JSON object" not in told


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("response_type=code", "request_cut_off"),
        ("cmVzcG9uc2VfdHlwZT1jb2Rl", "parameter_missing"),
        ("x=1", "parameter_missing"),
    ],
)
async def test_a_request_is_cut_only_where_it_begins_as_one(
    gateway: Watched, http: httpx2.AsyncClient, query: str, reason: str
) -> None:
    answer = await http.get(f"{gateway.origin}/oauth/authorize?{query}", headers={"accept": "application/json"})
    assert answer.status_code == 400
    assert reason in answer.text
