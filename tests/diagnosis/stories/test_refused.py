"""Refusals over real sockets: each with its name, its facts and its fix, and healthy twins that nobody talks about."""

import httpx2
import pytest

from devgw.entropy import token
from devgw.oauth.redirect_uri import with_port_of
from tests.diagnosis.stories.conftest import Watched
from tests.support.browser import Browser
from tests.support.gateway import CALLBACK, mcp_request

GONE = "dcr:" + "0" * 32
"""An id as the gateway gives them, of a registration that it has no more."""


async def test_a_clean_way_is_not_talked_about(gateway: Watched, http: httpx2.AsyncClient, browser: Browser) -> None:
    assert (await http.post(gateway.mcp_url, json=mcp_request("tools/list"))).status_code == 401
    tokens = await gateway.running.tokens(http, browser)
    bearer = {"authorization": f"Bearer {tokens['access_token']}", "accept": "application/json, text/event-stream"}
    assert (await http.post(gateway.mcp_url, json=mcp_request("tools/list"), headers=bearer)).status_code == 200

    gateway.wait(300)

    assert await gateway.names() == []


@pytest.mark.parametrize(
    ("sent", "name", "words"),
    [
        ("http://127.0.0.1:33418/callback", "RURI-02", "127.0.0.1"),
        ("http://localhost:33418/callback/", "RURI-03", "callback/"),
        ("http://localhost:33418/oauth/callback", "RURI-07", "/oauth/callback"),
        ("http://localhost:1/callback/", "RURI-03", "ends in a slash"),
        ("http://127.0.0.1:1/callback", "RURI-02", "localhost"),
        ("http%3A%2F%2Flocalhost%3A33418%2Fcallback", "RURI-13", "percent-encoded once too often"),
        ("https://app.example.com/callback", "RURI-12", "app.example.com"),
    ],
)
async def test_a_redirect_uri_that_is_not_registered(
    gateway: Watched, http: httpx2.AsyncClient, sent: str, name: str, words: str
) -> None:
    client = await gateway.running.register(http)
    url = gateway.running.authorize_url(client["client_id"], token(""), redirect_uri=sent)
    answer = await http.get(url)

    assert answer.status_code == 400
    assert name in answer.text
    found = await gateway.only(name)
    assert found.got == sent
    assert found.expected == with_port_of(sent, CALLBACK)
    assert words in found.cause
    assert found.expected in found.fix


async def test_another_loopback_port_is_no_failure(gateway: Watched, http: httpx2.AsyncClient) -> None:
    client = await gateway.running.register(http)
    url = gateway.running.authorize_url(client["client_id"], token(""), redirect_uri="http://localhost:5/callback")

    assert (await http.get(url)).status_code in (302, 303)
    assert await gateway.names() == []


async def test_a_client_that_heals_itself_is_forgiven(
    gateway: Watched, http: httpx2.AsyncClient, browser: Browser
) -> None:
    answer = await http.get(gateway.running.authorize_url(GONE, token("")))
    assert answer.status_code == 400
    assert await gateway.names() == []  # good clients register anew at once

    gateway.wait(3)
    stale = await gateway.only("REG-02")
    assert stale.got == GONE

    await gateway.running.tokens(http, browser)

    assert await gateway.names() == []


@pytest.mark.parametrize(
    ("parameters", "name"),
    [
        ({"code_challenge": None, "code_challenge_method": None}, "PKCE-03"),
        ({"code_challenge_method": None}, "PKCE-03"),
        ({"code_challenge": "x" * 43, "code_challenge_method": "plain"}, "PKCE-03"),
        ({"code_challenge": "x" * 43 + "="}, "PKCE-04"),
        ({"scope": "files:write"}, "SCOPE-01"),
        ({"resource": "SLASH"}, None),
        ({"resource": "ORIGIN"}, "AUD-05"),
        ({"resource": "OTHER"}, "AUD-01"),
    ],
)
async def test_authorization_requests_that_cannot_be_taken(
    gateway: Watched, http: httpx2.AsyncClient, parameters: dict[str, str | None], name: str | None
) -> None:
    client = await gateway.running.register(http)
    meant = {"SLASH": gateway.mcp_url + "/", "ORIGIN": gateway.origin + "/", "OTHER": gateway.origin + "/mcp/nothing"}
    sent = {key: meant.get(value or "", value) for key, value in parameters.items()}
    await http.get(gateway.running.authorize_url(client["client_id"], token(""), **sent))

    assert await gateway.names() == ([name] if name else [])


async def test_a_url_cut_at_its_first_ampersand(gateway: Watched, http: httpx2.AsyncClient) -> None:
    await gateway.running.register(http)
    answer = await http.get(f"{gateway.origin}/oauth/authorize?response_type=code")

    found = await gateway.only("RURI-09")
    assert "response_type" in found.cause
    assert "RURI-09" in answer.text  # the page says the same


@pytest.mark.parametrize("cut", ["code_challenge=", "code_challenge=abcdefgh", "code_challenge_method=S2"])
async def test_a_url_cut_within_its_challenge(gateway: Watched, http: httpx2.AsyncClient, cut: str) -> None:
    client = await gateway.running.register(http)
    url = gateway.running.authorize_url(client["client_id"], token(""), code_challenge_method=None)
    before, _, behind = url.partition("&code_challenge=")
    whole = f"&code_challenge={behind.partition('&')[0]}" if "method" in cut else ""
    answer = await http.get(f"{before}&resource={gateway.mcp_url}{whole}&{cut}")

    if cut == "code_challenge=":
        assert await gateway.names() == ["PKCE-03"]
        return
    found = await gateway.only("RURI-10")
    assert cut.partition("=")[0] in found.cause
    assert "RURI-10" in answer.headers["location"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("&", "&amp;"), "&amp;"),
        (("?client_id", "?x=1?client_id"), "another `?`"),
        (("?response_type=code&", "?response_type=code?"), "another `?`"),
    ],
)
async def test_parameters_that_were_changed_on_their_way(
    gateway: Watched, http: httpx2.AsyncClient, change: tuple[str, str], words: str
) -> None:
    client = await gateway.running.register(http)
    url = gateway.running.authorize_url(client["client_id"], token(""))
    if change[0] not in url:
        url = url.replace("?response_type=code&client_id", "?client_id")
    answer = await http.get(url.replace(*change))

    assert "REQ-04" in answer.text
    assert words in (await gateway.only("REQ-04")).cause


async def test_the_resource_of_another_route_is_not_called_none(gateway: Watched, http: httpx2.AsyncClient) -> None:
    client = await gateway.running.register(http)
    url = gateway.running.authorize_url(client["client_id"], token(""), resource=f"{gateway.origin}/mcp/notes")
    await http.get(url.replace("/oauth/authorize", "/oauth/authorize/mcp/sample"))

    (found,) = await gateway.said()
    assert "is another MCP route" in found.cause
    assert found.expected == gateway.mcp_url


@pytest.mark.parametrize("where", ["json", "query"])
async def test_a_token_request_that_is_no_form(
    gateway: Watched, http: httpx2.AsyncClient, browser: Browser, where: str
) -> None:
    code = await gateway.running.code(http, browser)
    form = code.form(resource=gateway.mcp_url)
    url = f"{gateway.origin}/oauth/token"
    answer = await (http.post(url, json=form) if where == "json" else http.post(url, params=form))

    assert "REQ-05" in answer.json()["error_description"]
    assert ("application/json" if where == "json" else "query") in answer.json()["error_description"]
    assert await gateway.names() == ["REQ-05"]
    assert (await http.post(url, data=form)).status_code == 200  # as it says


async def test_the_verifier_of_a_login_that_is_still_pending(
    gateway: Watched, http: httpx2.AsyncClient, browser: Browser
) -> None:
    code = await gateway.running.code(http, browser)
    other = token("")
    await http.get(gateway.running.authorize_url(code.client_id, other))
    form = code.form(resource=gateway.mcp_url) | {"code_verifier": other}
    answer = await http.post(f"{gateway.origin}/oauth/token", data=form)

    assert "PKCE-02" in answer.json()["error_description"]
    assert "PKCE-02" in await gateway.names()


async def test_a_code_redeemed_wrongly(gateway: Watched, http: httpx2.AsyncClient, browser: Browser) -> None:
    code = await gateway.running.code(http, browser)
    wrong = {"code_verifier": token("")}
    answer = await http.post(f"{gateway.origin}/oauth/token", data=code.form(resource=gateway.mcp_url) | wrong)
    assert answer.status_code == 400
    assert "PKCE-03" in answer.json()["error_description"]
    assert await gateway.names() == ["PKCE-03"]


async def test_a_code_that_came_too_late(gateway: Watched, http: httpx2.AsyncClient, browser: Browser) -> None:
    code = await gateway.running.code(http, browser)
    gateway.wait(83)
    answer = await http.post(f"{gateway.origin}/oauth/token", data=code.form(resource=gateway.mcp_url))
    assert answer.status_code == 400

    assert "expired" in (await gateway.only("TOK-03")).cause


async def test_a_token_request_with_another_redirect_uri(
    gateway: Watched, http: httpx2.AsyncClient, browser: Browser
) -> None:
    code = await gateway.running.code(http, browser)
    form = code.form(resource=gateway.mcp_url) | {"redirect_uri": "http://127.0.0.1:33418/callback"}
    assert (await http.post(f"{gateway.origin}/oauth/token", data=form)).status_code == 400

    found = await gateway.only("RURI-08")
    assert found.got == "http://127.0.0.1:33418/callback"
    assert found.expected == CALLBACK


async def test_registrations_that_are_refused(gateway: Watched, http: httpx2.AsyncClient) -> None:
    document = {"client_name": "x", "redirect_uris": ["http://10.0.0.7/callback"], "token_endpoint_auth_method": "none"}
    assert (await http.post(f"{gateway.origin}/oauth/register", json=document)).status_code == 400

    assert "10.0.0.7" in (await gateway.only("REG-05")).cause


async def test_a_registration_with_a_foreign_scope(gateway: Watched, http: httpx2.AsyncClient) -> None:
    document = {"redirect_uris": [CALLBACK], "scope": "openid email", "token_endpoint_auth_method": "none"}
    assert (await http.post(f"{gateway.origin}/oauth/register", json=document)).status_code == 400

    assert await gateway.names() == ["REG-12"]


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("Bearer", "BEAR-02"),
        ("Bearer ${TOKEN}", "CONF-01"),
        ("Bearer at_abc[redacted]90", "BEAR-05"),
        ("Basic dXNlcjpwYXNz", "BEAR-04"),
        ("Bearer eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJodHRwczovL2FwaS53b3Jrb3MuY29tIn0.c2ln", "BEAR-04"),
    ],
)
async def test_headers_that_hold_no_token_of_ours(
    gateway: Watched, http: httpx2.AsyncClient, header: str, name: str
) -> None:
    headers = {b"authorization": header.encode()}
    answer = await http.post(gateway.mcp_url, json=mcp_request("tools/list"), headers=headers)
    assert answer.status_code == 401

    assert name in await gateway.names()
