"""What a page of another site makes us fetch, and what it learns: nothing, and nothing."""

import asyncio
import base64
import json
import re

import httpx2
import pytest

from devgw.entropy import token
from tests.support.gateway import Running
from tests.support.hostile import OK, hangs, hostile, says
from tests.support.serving import listen, origin_of

ELSEWHERE = {"Origin": "https://evil.example"}
NULL = {"Origin": "null"}
PAGES = [
    ELSEWHERE,
    NULL,
    {"Origin": "http://localhost.evil.example"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Referer": "https://evil.example/"},
    {"Referer": "http://localhost.evil.example/a?b"},
]
SERVICES = [
    says(b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1/secret?session=hidden\r\ncontent-length: 0\r\n\r\n"),
    says(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n"),
    says(OK + b"content-length: 4\r\n\r\nnope"),
    says(OK + b"content-length: 2\r\n\r\n{}"),
    says(b"SSH-2.0-OpenSSH\r\n"),
    says(b""),
    hangs(),
]


@pytest.mark.parametrize("headers", [{}, *PAGES])
@pytest.mark.parametrize(
    "grant", ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:jwt-bearer"]
)
async def test_the_token_endpoint_fetches_no_document(
    gateway: Running, http: httpx2.AsyncClient, grant: str, headers: dict[str, str]
) -> None:
    """A client whose authorization never began here has nothing to redeem; its URL is not asked."""
    async with hostile(SERVICES[0]) as served:
        form = {"grant_type": grant, "code": "x", "refresh_token": "x", "client_id": f"{served.origin}/c"}
        answers = [
            await http.post(f"{gateway.origin}/oauth/{endpoint}", data=form | {"token": "x"}, headers=headers)
            for endpoint in ("token", "revoke")
        ]
        assert served.connections == 0
    for answer in answers:
        assert answer.status_code in {400, 401}, answer.text
        assert "hidden" not in answer.text


@pytest.mark.parametrize("headers", PAGES)
async def test_a_page_of_another_site_makes_us_ask_nothing_of_this_machine(
    gateway: Running, http: httpx2.AsyncClient, headers: dict[str, str]
) -> None:
    async with hostile(SERVICES[0]) as served:
        for url in (f"{served.origin}/c", f"{served.origin.replace('127.0.0.1', 'localhost')}/c"):
            answer = await http.get(gateway.authorize_url(url, token("")), headers=headers)
            assert answer.status_code == 400
            assert "because a page of another site asks" in answer.text
        assert served.connections == 0


async def test_a_program_and_a_page_of_this_machine_may(gateway: Running, http: httpx2.AsyncClient) -> None:
    async with hostile(SERVICES[1]) as served:
        for headers in (
            {},
            {"Sec-Fetch-Site": "none"},
            {"Origin": "http://localhost:6274"},
            {"Origin": gateway.origin},
            {"Referer": f"{gateway.origin}/"},
            {"Referer": "about:blank"},
            {"Referer": "https://evil.example/", "Sec-Fetch-Site": "same-origin"},
        ):
            await http.get(gateway.authorize_url(f"{served.origin}/c", token("")), headers=headers)
        assert served.connections == 7


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost:6274"])
async def test_every_failure_to_fetch_reads_the_same_to_a_page_of_another_origin(
    gateway: Running, http: httpx2.AsyncClient, origin: str
) -> None:
    """Nobody learns from us whether something answers, redirects or is missing on this machine."""
    heard = set()
    for speak in SERVICES[:-1]:
        async with hostile(speak) as served:
            heard.add(await answer_about(gateway, http, f"{served.origin}/c", origin))
    with listen() as silent:
        nobody = origin_of(silent)
    for url in (f"{nobody}/c", "https://10.0.0.1/c", "https://nobody.invalid/c", "https://[fec0::1]/c"):
        heard.add(await answer_about(gateway, http, url, origin))
    assert len(heard) == 1, heard


async def answer_about(gateway: Running, http: httpx2.AsyncClient, client_id: str, origin: str) -> tuple[str, ...]:
    """Return status and words of the refusal, without the id of its trace, which must say more."""
    headers = {"Origin": origin, "Accept": "application/json"}
    answer = await http.get(gateway.authorize_url(client_id, token("")), headers=headers)
    said = answer.json()
    found = re.search(r"Trace ([0-9a-f]+) says why", said["error_description"])
    assert found, said
    async with asyncio.timeout(5):
        while (trace := gateway.runtime.monitor.trace(found[1])) is None:
            gateway.runtime.bus.drain()
            await asyncio.sleep(0.01)
    assert str(trace.reason_code).startswith("client_document_")
    assert trace.explanation
    return str(answer.status_code), said["error"], said["reason"], said["error_description"].replace(found[1], "")


@pytest.mark.parametrize(("headers", "is_asked"), [({}, True), (ELSEWHERE, False), (NULL, False)])
async def test_the_keys_of_a_client_on_this_machine_are_not_fetched_for_a_page_of_another_site(
    gateway: Running, http: httpx2.AsyncClient, headers: dict[str, str], is_asked: bool
) -> None:
    """Anybody may register a client whose keys are said to be at a service of this machine."""
    async with hostile(SERVICES[0]) as served:
        metadata = {"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": f"{served.origin}/keys"}
        client = await gateway.register(http, **metadata)
        subject = base64.urlsafe_b64encode(json.dumps({"sub": client["client_id"]}).encode()).decode().rstrip("=")
        form = {
            "grant_type": "refresh_token",
            "refresh_token": "x",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": f"e30.{subject}.x",
        }
        answer = await http.post(f"{gateway.origin}/oauth/token", data=form, headers=headers)
        assert (served.connections == 1) is is_asked
    assert answer.json()["error"] == "invalid_client"
    assert ("hidden" in answer.text) is is_asked
