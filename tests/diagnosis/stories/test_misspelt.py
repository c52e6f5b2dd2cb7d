"""What was changed in its letters on its way: ids, codes, names; and token requests in the wrong place."""

import base64
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx2
import pytest

from devgw.entropy import token
from tests.diagnosis.stories.agent import Agent
from tests.diagnosis.stories.conftest import Watched
from tests.support.gateway import CALLBACK, Code, mcp_request
from tests.support.mending import mends, written

ACCEPT = {"accept": "application/json, text/event-stream"}
WORD = "is the word that a program writes where a value is missing or is no text"


async def with_code(gateway: Watched, **metadata: Any) -> tuple[Agent, dict[str, str]]:
    """Come as far as a code; return the agent and the form that redeems it."""
    agent = Agent(gateway)
    await agent.call(bare=True, status=401)
    await agent.discover()
    await agent.register(**metadata)
    await agent.authorize()
    assert agent.browser.location is not None
    answer = dict(httpx2.URL(agent.browser.location).params)
    return agent, Code(agent.client_id, agent.verifier, answer).form(resource=gateway.mcp_url)


@pytest.mark.parametrize(
    "change",
    [str.upper, lambda id_: id_.removeprefix("dcr:"), lambda id_: f"{id_} ", lambda id_: f'"{id_}"', str.title],
)
async def test_a_client_id_that_is_nearly_one_is_told_with_that_one(
    gateway: Watched, http: httpx2.AsyncClient, change: Callable[[str], str]
) -> None:
    id_ = (await gateway.running.register(http))["client_id"]
    refused = await http.get(gateway.running.authorize_url(change(id_), token("")), headers={"accept": "text/html"})
    assert f"is nearly one that is known here: {id_}." in refused.text
    gateway.wait(3)
    (found,) = [each for each in await gateway.said() if each.id == "REG-02"]
    assert written(found.fix, r"client_id=(\S+),") == id_
    assert "forget" not in found.fix


async def test_an_id_that_is_none_of_ours_is_also_looked_for_in_the_configuration(
    gateway: Watched, http: httpx2.AsyncClient
) -> None:
    await gateway.running.register(http)
    await http.get(gateway.running.authorize_url("my-own-app", token("")))
    gateway.wait(3)
    found = next(each for each in await gateway.said() if each.id == "REG-02")
    assert "An id that stands in its configuration has to be taken out there." in found.fix


@pytest.mark.parametrize("sent", ["undefined", "null", "None"])
async def test_a_word_for_nothing_in_the_place_of_a_uri_is_told_as_that(
    gateway: Watched, http: httpx2.AsyncClient, sent: str
) -> None:
    id_ = (await gateway.running.register(http))["client_id"]
    page = await http.get(gateway.running.authorize_url(id_, token(""), redirect_uri=sent))
    assert WORD in page.text
    await gateway.only("CONF-01")
    await http.get(gateway.running.authorize_url(id_, token(""), resource=sent))
    assert set(await gateway.names()) == {"CONF-01"}


@pytest.mark.parametrize("change", [str.lower, str.upper])
async def test_a_code_whose_letters_are_all_of_one_case_is_told_as_that(
    gateway: Watched, change: Callable[[str], str]
) -> None:
    agent, form = await with_code(gateway)
    url = f"{gateway.origin}/oauth/token"
    refused = (await agent.http.post(url, data=form | {"code": change(form["code"])})).json()
    assert "its letters are all small or all capital" in refused["error_description"]
    assert "capital letters and small ones count" in (await gateway.only("TOK-03")).fix
    assert (await agent.http.post(url, data=form)).status_code == 200


@pytest.mark.parametrize(
    ("header", "says"),
    [
        ("Basic {id}:{secret}", "is Basic without the base64 form of an id, a colon and a secret"),
        ("Bearer {secret}", "has the scheme Bearer, not Basic"),
        ("bearer", "has the scheme bearer, not Basic"),
        ("Bearer\t{secret}", "has the scheme Bearer, not Basic"),
        ("Basic", "is Basic without the base64 form of an id, a colon and a secret"),
        ("Basic\t{packed}", "has a tab and no space after Basic"),
        ("basic \t{packed}x", "is Basic without the base64 form of an id, a colon and a secret"),
        ("hunter2correcthorse {secret}", "begins with another word than Basic"),
        ("{id} {secret}", "has no scheme"),
        ("hunter2correcthorse", "has no scheme"),
        ("{packed}", "has no scheme"),
        ("{secret}", "has no scheme"),
    ],
)
async def test_an_authorization_header_that_is_no_basic_one_is_told_and_mended_as_printed(
    gateway: Watched, header: str, says: str
) -> None:
    """RFC 6749 §2.3.1."""
    agent, form = await with_code(gateway, token_endpoint_auth_method="client_secret_basic")
    secret = "cs_" + "aB3" * 14 + "x"
    form.pop("client_id")
    packed = base64.b64encode(f"{agent.client_id}:{secret}".encode()).decode()
    sent = {"authorization": header.format(id=agent.client_id, secret=secret, packed=packed)}
    refused = (await agent.http.post(f"{gateway.origin}/oauth/token", data=form, headers=sent)).json()
    assert f"its Authorization header {says}" in refused["error_description"]
    assert not any(each in str(refused) for each in ("hunter2", secret[:9], packed[:9]))
    assert "base64 form of client_id:client_secret" in refused["error_description"]

    sent = {"authorization": f"Basic {packed}"}
    read = (await agent.http.post(f"{gateway.origin}/oauth/token", data=form, headers=sent)).json()
    assert read["reason"] == "client_secret_wrong"  # which is made up: it is read now


async def test_a_client_id_or_secret_as_bearer_is_told_as_what_it_is(gateway: Watched) -> None:
    agent = Agent(gateway)
    await agent.sign_in()
    for sent, words in ((agent.client_id, "a client id"), ("cs_" + "aB3" * 14 + "x", "a client secret")):
        answer = await agent.http.post(
            gateway.mcp_url, json=mcp_request("tools/list"), headers={**ACCEPT, "authorization": f"Bearer {sent}"}
        )
        assert f"it looks like {words} of this gateway" in answer.json()["error_description"]


async def test_two_authorization_headers_are_told_as_two(gateway: Watched) -> None:
    agent = Agent(gateway)
    await agent.sign_in()
    headers = [("authorization", f"Bearer {agent.tokens['access_token']}"), ("authorization", "Bearer of-another")]
    answer = await agent.http.post(gateway.mcp_url, json=mcp_request("tools/list"), headers=[*headers, *ACCEPT.items()])
    assert "in a list with another value: in one header, or in two" in answer.json()["error_description"]


@pytest.mark.parametrize("path", ["/oauth/register", "{mcp}"])
async def test_a_token_request_in_another_place_is_told_where_it_belongs(gateway: Watched, path: str) -> None:
    agent, form = await with_code(gateway)
    url = gateway.origin + path.format(mcp=gateway.mcp_url.removeprefix(gateway.origin))
    refused = (await agent.http.post(url, data=form)).json()
    assert "[TOK-05" in refused["error_description"]
    assert "TOK-05" in await gateway.names()
    assert (await agent.http.post(f"{gateway.origin}/oauth/token", data=form)).status_code == 200


@mends("DISC-18")
@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("oauth-authorisation-server", "oauth-authorization-server"),
        ("oauth-protected-resources{mcp}", "oauth-protected-resource{mcp}"),
        ("oauth_authorization_server{mcp}", "oauth-authorization-server{mcp}"),
        ("openid-config", "openid-configuration"),
    ],
)
async def test_a_misspelt_metadata_document_is_told_by_the_name_that_there_is(
    gateway: Watched, http: httpx2.AsyncClient, asked: str, meant: str
) -> None:
    mcp = gateway.mcp_url.removeprefix(gateway.origin)
    answer = await http.get(f"{gateway.origin}/.well-known/{asked.format(mcp=mcp)}")
    assert answer.status_code == 404
    found = await gateway.only("DISC-18")
    url = written(found.fix, r"Ask for (\S+)\. ")
    assert url.endswith(meant.format(mcp=mcp))
    assert (await http.get(url)).status_code == 200


@pytest.mark.parametrize("uri", ["localhost:3000/cb", "127.0.0.1:8080", "app.example:443/cb"])
async def test_a_redirect_uri_without_a_scheme_is_told_as_that_and_not_as_a_scheme_of_its_own(
    gateway: Watched, http: httpx2.AsyncClient, uri: str
) -> None:
    answer = await http.post(f"{gateway.origin}/oauth/register", json={"redirect_uris": [CALLBACK, uri]})
    assert "host and a port without a scheme in front" in answer.json()["error_description"]


@pytest.mark.parametrize(
    ("wanted", "sent", "name"),
    [
        ("client_id", "clientId", "REQ-01"),
        ("redirect_uri", "redirect_url", "REQ-01"),
        ("response_type", "responseType", "REQ-01"),
        ("code_challenge", "code_challange", "PKCE-03"),
        ("code_challenge", "code-challenge", "PKCE-03"),
    ],
)
async def test_a_parameter_of_an_authorization_under_nearly_its_name_is_told_with_that(
    gateway: Watched, http: httpx2.AsyncClient, wanted: str, sent: str, name: str
) -> None:
    uris = [CALLBACK, "http://localhost:33419/b"]  # of one alone, redirect_uri may be left out
    id_ = (await gateway.running.register(http, redirect_uris=uris))["client_id"]
    url = gateway.running.authorize_url(id_, token(""))
    await http.get(url.replace(f"{wanted}=", f"{sent}="))
    (found,) = [each for each in await gateway.said() if each.id == name]
    assert found.fix == f"Write {wanted} in the place of {sent}: names match letter by letter."


async def test_a_form_that_is_in_no_utf8_is_told_as_that(gateway: Watched) -> None:
    agent, form = await with_code(gateway)
    body = "&".join(f"{name}={value}" for name, value in form.items()).encode("utf-16")
    kind = {"content-type": "application/x-www-form-urlencoded"}
    refused = await agent.http.post(f"{gateway.origin}/oauth/token", content=body, headers=kind)
    assert "its body cannot be read as a form in UTF-8" in refused.json()["error_description"]


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "", None])
@pytest.mark.parametrize("is_chunked", [True, False])
async def test_a_form_of_no_bytes_is_no_form_that_cannot_be_read(
    gateway: Watched, http: httpx2.AsyncClient, kind: str | None, *, is_chunked: bool
) -> None:
    """A body may end before it began, which no header says of one in chunks (RFC 9112 §7.1)."""

    async def nothing() -> AsyncIterator[bytes]:
        for each in list[bytes]():
            yield each

    headers = {} if kind is None else {"content-type": kind}
    content = nothing() if is_chunked else b""
    refused = await http.post(f"{gateway.origin}/oauth/token", content=content, headers=headers)
    assert ("transfer-encoding" in refused.request.headers) is is_chunked
    assert refused.json()["reason"] == "parameter_missing"
    assert "The token request has no grant_type" in refused.json()["error_description"]


async def test_an_authorization_request_at_the_url_of_a_route_is_told_where_it_belongs(gateway: Watched) -> None:
    """Who takes the issuer for the authorization endpoint leads the browser here."""
    agent = Agent(gateway)
    await agent.call(bare=True, status=401)
    await agent.discover()
    await agent.register()
    url = agent.url()
    await agent.browser.open(f"{gateway.mcp_url}?{url.partition('?')[2]}")
    assert agent.browser.page is not None
    assert "there is no authorize endpoint at this path" in agent.browser.page.text
    (found,) = [each for each in await gateway.said() if each.id == "DISC-10"]
    endpoint = written(found.fix, r"Use (\S+?), as")
    await agent.browser.open(f"{endpoint}?{url.partition('?')[2]}")
    assert agent.browser.page.status == 200
