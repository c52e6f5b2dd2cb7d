"""What stands in the place of a code, a token, an id or a URL is told as what it is, and the right one still works."""

import json
from typing import Any
from urllib.parse import quote

import httpx2
import pytest

from tests.support.browser import Browser
from tests.support.gateway import CALLBACK, Running


async def ask(gateway: Running, http: httpx2.AsyncClient, form: dict[str, str], path: str = "/oauth/token") -> Any:
    return (await http.post(gateway.at(path), data=form)).json()


@pytest.mark.parametrize(
    "around",
    ["{}&iss=http://localhost:9000", "{}#", '"{}"', " {}\n", "code={}", "http://localhost:33418/cb?code={}&state=x"],
)
async def test_a_code_with_something_around_it_was_issued_here(
    gateway: Running, http: httpx2.AsyncClient, browser: Browser, around: str
) -> None:
    code = await gateway.code(http, browser)
    said = await ask(gateway, http, code.form(code=around.format(code.form()["code"])))
    assert "without it it is one that was issued here" in said["error_description"]
    assert "with nothing around it" in said["error_description"]
    assert "access_token" in await ask(gateway, http, code.form())


async def test_a_code_that_was_cut_or_lengthened_is_not_called_forgotten(
    gateway: Running, http: httpx2.AsyncClient, browser: Browser
) -> None:
    code = await gateway.code(http, browser)
    whole = code.form()["code"]
    for sent in (whole[:-4], whole + "A", whole[:6]):
        said = (await ask(gateway, http, code.form(code=sent)))["error_description"]
        assert f"has {len(sent)} characters; each of this gateway has {len(whole)}" in said
    assert "or so long ago" in (await ask(gateway, http, code.form(code="code_" + "A" * 43)))["error_description"]
    assert "access_token" in await ask(gateway, http, code.form())


async def test_what_is_no_refresh_token_is_told_as_what_it_is(
    gateway: Running, http: httpx2.AsyncClient, browser: Browser
) -> None:
    code = await gateway.code(http, browser)
    tokens = await ask(gateway, http, code.form())
    right, form = tokens["refresh_token"], {"grant_type": "refresh_token", "client_id": code.client_id}

    async def said(sent: str) -> str:
        return str((await ask(gateway, http, form | {"refresh_token": sent}))["error_description"])

    for sent in (f"Bearer {right}", json.dumps(tokens), f'"{right}"', f"{right},"):
        assert "without it it is one that was issued here" in await said(sent)
        assert "with nothing around it" in await said(sent)
    assert "is an access token" in await said(tokens["access_token"])
    assert "is a code" in await said(code.form()["code"])
    assert "is the word undefined" in await said("undefined")
    assert "none of this gateway: each begins with rt_" in await said("1//0gLongTokenOfAnotherServer")
    assert "has 40 characters; each of this gateway has 46" in await said(right[:40])
    assert "or so long ago" in await said("rt_" + "rR7" * 14 + "r")
    assert "all small or all capital" in await said(right.lower())
    assert "access_token" in await ask(gateway, http, form | {"refresh_token": right})


async def test_an_id_that_is_nobodys_is_told_by_what_happened_to_it(gateway: Running, http: httpx2.AsyncClient) -> None:
    """Registering anew mends none of these: the next id would be cut, encoded or swapped like this one."""
    client = await gateway.register(http, token_endpoint_auth_method="client_secret_post")
    own = "client_01DEVGWSAMP1EENV1R0NMENT01"
    for sent, told, change in (
        (client["client_id"][:-1], "is cut or lengthened", "Send the whole client_id"),
        (client["client_id"] + "/", "is cut or lengthened", "Send the whole client_id"),
        (quote(client["client_id"], safe=""), "percent-encoded once too often", "Encode client_id once"),
        (client["client_secret"], "is a client secret", "Send the client_id of the registration's answer"),
        (own, "the gateway's own at the identity provider", "so that it registers by itself"),
        ("dcr:" + "0" * 32, "is not known here any more", "it registers anew"),
        ("somebody", "was never registered", "it registers anew"),
    ):
        asked = gateway.authorize_url("x", "v" * 43).replace("client_id=x", f"client_id={quote(sent, safe='')}")
        page = (await http.get(asked, headers={"accept": "application/json"})).text
        form = {"grant_type": "authorization_code", "code": "code_x", "client_id": sent}
        answer = json.dumps(await ask(gateway, http, form))
        for each in (page.replace("&#39;", "'"), answer):
            assert told in each, (sent, each)
            assert change in each, (sent, each)


async def test_a_resource_that_is_near_no_route_is_told_all_of_them(gateway: Running, http: httpx2.AsyncClient) -> None:
    client = await gateway.register(http)
    origin = gateway.origin

    async def said(resource: str) -> str:
        url = gateway.authorize_url(client["client_id"], "v" * 43, resource=resource)
        return str(httpx2.URL((await http.get(url)).headers["location"]).params["error_description"])

    both = f"Send resource={origin}/mcp/sample or resource={origin}/mcp/notes,"
    for unclear in (f"{origin}/oauth/token", "http://localhos", origin + "/mcp", "https://elsewhere.example/api"):
        assert both in await said(unclear)
    for clear, meant in (
        (f"{origin}/.well-known/oauth-protected-resource/mcp/sample", "sample"),
        (f"{origin}/mcp/sampel", "sample"),
        (f"{origin}/api/mcp/notes", "notes"),
    ):
        assert f"Send resource={origin}/mcp/{meant}," in await said(clear)
    encoded = await said(quote(f"{origin}/mcp/sample", safe=""))
    assert "is percent-encoded once too often" in encoded
    assert f"Encode resource once, so that {origin}/mcp/sample arrives" in encoded


async def test_a_redirect_uri_that_cannot_be_registered_is_not_offered_for_it(
    gateway: Running, http: httpx2.AsyncClient
) -> None:
    client = await gateway.register(http)
    own = gateway.at("/oauth/callback")
    for sent in ("oob", "http://192.168.1.4/callback", "urn:ietf:wg:oauth:2.0:oob", own):
        page = (await http.get(gateway.authorize_url(client["client_id"], "v" * 43, redirect_uri=sent))).text
        assert f"Let the client send exactly {CALLBACK}." in page, page
        assert "or register " not in page
    assert "callback at which the identity provider answers the gateway" in page
    near = CALLBACK.replace("localhost", "127.0.0.1")
    page = (await http.get(gateway.authorize_url(client["client_id"], "v" * 43, redirect_uri=near))).text
    assert f"or register {near}." in page
    for name in ("localhost", "127.0.0.1", "[::1]"):
        uris = {"redirect_uris": [own.replace("localhost", name)], "token_endpoint_auth_method": "none"}
        refused = await http.post(gateway.at("/oauth/register"), json=uris)
        assert refused.json()["reason"] == "redirect_uri_refused"
        assert "a URI at which the client itself listens" in refused.json()["error_description"]


@pytest.mark.parametrize("sent", [CALLBACK.replace("http", "HTTP"), CALLBACK.replace("localhost", "LOCALHOST")])
async def test_a_difference_of_scheme_or_host_is_not_called_one_of_the_path(
    gateway: Running, http: httpx2.AsyncClient, sent: str
) -> None:
    client = await gateway.register(http)
    page = (await http.get(gateway.authorize_url(client["client_id"], "v" * 43, redirect_uri=sent))).text
    assert "RURI-12" in page
    other = CALLBACK.replace("/callback", "/Callback")
    assert "RURI-07" in (await http.get(gateway.authorize_url(client["client_id"], "v" * 43, redirect_uri=other))).text


@pytest.mark.parametrize("path", ["/oauth/authorize", "/oauth/callback", "/oauth/register"])
async def test_a_token_request_at_another_endpoint_is_told_where_it_belongs(
    gateway: Running, http: httpx2.AsyncClient, browser: Browser, path: str
) -> None:
    code = await gateway.code(http, browser)
    said = await ask(gateway, http, code.form(), path)
    assert "TOK-05" in said["error_description"]
    assert f"Send it to {gateway.at('/oauth/token')}" in said["error_description"]
    assert "access_token" in await ask(gateway, http, code.form())


async def test_a_verifier_is_told_by_what_is_wrong_with_it(
    gateway: Running, http: httpx2.AsyncClient, browser: Browser
) -> None:
    code = await gateway.code(http, browser)
    right = code.form()["code_verifier"]
    for sent, told in (
        (right + "\n", "contains U+000A"),
        (f'"{right}"', "contains U+0022"),
        (right[:42], "has 42 characters"),
    ):
        assert told in json.dumps(await ask(gateway, http, code.form(code_verifier=sent)))
    assert "access_token" in await ask(gateway, http, code.form())


@pytest.mark.parametrize(
    ("uri", "told", "change"),
    [
        (
            "http%3A%2F%2Flocalhost%3A33418%2Fcallback",
            "is percent-encoded",
            "Register http://localhost:33418/callback.",
        ),
        ("http://::1:33418/callback", "an IPv6 address without brackets", "as in http://[::1]:8080/callback"),
        ("http://localhost:{port}/callback", "CONF-01", "Give the variable in it a value"),
        ("http://localhost:port/callback", "has a port that is no number", "with a port from 1 to 65535"),
    ],
)
async def test_a_redirect_uri_is_refused_with_what_is_wrong_with_it(
    gateway: Running, http: httpx2.AsyncClient, uri: str, told: str, change: str
) -> None:
    document = {"redirect_uris": [uri], "token_endpoint_auth_method": "none"}
    said = (await http.post(gateway.at("/oauth/register"), json=document)).json()["error_description"]
    assert told in said
    assert change in said


async def test_a_url_that_was_pasted_with_a_line_break_in_a_name_is_told_as_that(
    gateway: Running, http: httpx2.AsyncClient
) -> None:
    client = await gateway.register(http)
    whole = gateway.authorize_url(client["client_id"], "v" * 43)
    for name in ("code_challenge", "code_challenge_method", "client_id"):
        broken = whole.replace(f"&{name}=", f"&{name[:4]}%0A{name[4:]}=")
        answer = await http.get(broken)
        said = answer.headers.get("location", "").replace("+", " ") + answer.text
        assert f"a line break stands in `{name}`" in said.replace("%60", "`"), said
        assert "Open the URL as one line" in said


async def test_a_grant_that_does_not_fit_what_it_brings_is_told_by_both(
    gateway: Running, http: httpx2.AsyncClient, browser: Browser
) -> None:
    code = await gateway.code(http, browser)
    told = (await ask(gateway, http, code.form(grant_type="refresh_token")))["error_description"]
    assert "grant_type is refresh_token, but the token request has code and no refresh_token" in told
    assert "Send grant_type=authorization_code with code" in told
    tokens = await ask(gateway, http, code.form())
    form = {"refresh_token": tokens["refresh_token"], "client_id": code.client_id}
    told = (await ask(gateway, http, form | {"grant_type": "authorization_code"}))["error_description"]
    assert "but the token request has refresh_token and no code" in told
    assert "access_token" in await ask(gateway, http, form | {"grant_type": "refresh_token"})


@pytest.mark.parametrize(
    "mask", ["[REDACTED]", "at_xxxxxxxxxxxxxxxx", "\u2022\u2022\u2022\u2022", "at_...f3", "<masked>", "****"]
)
async def test_a_mask_is_told_as_one_however_it_is_drawn(gateway: Running, http: httpx2.AsyncClient, mask: str) -> None:
    headers = {b"authorization": f"Bearer {mask}".encode()}
    refused = await http.post(gateway.mcp_url, json={}, headers=headers)
    assert "[BEAR-05]" in refused.json()["error_description"]


async def test_a_token_whose_letters_were_all_made_small_was_not_forgotten(
    gateway: Running, http: httpx2.AsyncClient, browser: Browser
) -> None:
    right = (await gateway.tokens(http, browser))["access_token"]

    async def said(sent: str) -> str:
        headers = {"authorization": f"Bearer {sent}"}
        return str((await http.post(gateway.mcp_url, json={}, headers=headers)).json()["error_description"])

    for sent in (right.lower(), right.upper()):
        assert "all made small or all made capital" in await said(sent)
        assert "capital letters and small ones count" in await said(sent)
    assert "that was forgotten" in await said("at_" + "aB" * 21 + "c")


async def test_a_scope_is_quoted_as_it_was_sent(gateway: Running, http: httpx2.AsyncClient) -> None:
    document = {"redirect_uris": [CALLBACK], "token_endpoint_auth_method": "none", "scope": "mcp:tools  profile"}
    said = (await http.post(gateway.at("/oauth/register"), json=document)).json()["error_description"]
    assert "scope is 'mcp:tools profile'; expected mcp:tools, or no scope at all" in said


async def test_nobody_else_takes_over_the_attempt_of_an_id_that_came_cut(
    gateway: Running, http: httpx2.AsyncClient
) -> None:
    """Who lost a registration registers anew; who cuts its id does not, and another client is another attempt."""
    node = {"user-agent": "node"}
    cut = (await gateway.register(http))["client_id"][:-2]
    await http.get(gateway.authorize_url(cut, "v" * 43), headers=node)
    document = {"client_name": "other", "redirect_uris": [CALLBACK], "token_endpoint_auth_method": "none"}
    other = (await http.post(gateway.at("/oauth/register"), json=document, headers=node)).json()["client_id"]
    await http.get(gateway.authorize_url(other, "w" * 43), headers=node)
    gateway.runtime.bus.drain()
    flows = {each.client_id: each for each in gateway.runtime.monitor.flow_book.flows}
    assert flows[cut].failure is not None
    assert flows[other].failure is None
    assert flows[cut] is not flows[other]
