"""Slips of clients whose near names say something else: each is told by its own, and what is printed mends it."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest

from devgw.cli.why import tell
from devgw.config.settings_file import read_settings
from devgw.entropy import token
from devgw.monitor.why import NEWEST, why_of
from tests.diagnosis.stories.agent import NODE, Agent
from tests.diagnosis.stories.conftest import Watched
from tests.support.gateway import Code, mcp_request, running_gateway
from tests.support.mending import mends, written

ACCEPT = {"accept": "application/json, text/event-stream"}
OTHER_PATH = "http://10.0.0.1/callback"


async def looking(gateway: Watched) -> Agent:
    """Come as far as the registration."""
    agent = Agent(gateway)
    await agent.call(bare=True, status=401)
    await agent.discover()
    await agent.register()
    return agent


def form_of(agent: Agent, **more: str) -> dict[str, str]:
    assert agent.browser.location is not None
    answer = dict(httpx2.URL(agent.browser.location).params)
    return Code(agent.client_id, agent.verifier, answer).form(resource=agent.gateway.mcp_url, **more)


def at_route(agent: Agent, path: str, **more: str) -> str:
    return agent.url(**more).replace("/oauth/authorize?", f"/oauth/authorize{path}?")


@mends("BEAR-08")
async def test_a_token_in_the_url_works_in_the_header_that_is_printed(gateway: Watched) -> None:
    agent = Agent(gateway)
    await agent.sign_in()
    url = f"{gateway.mcp_url}?access_token={agent.tokens['access_token']}"
    refused = await agent.http.post(url, json=mcp_request("tools/list"), headers=ACCEPT)

    assert refused.json()["diagnosis"] == "BEAR-08"
    found = await gateway.only("BEAR-08")
    assert "in the Authorization header" in found.fix
    assert agent.tokens["access_token"] not in str(found)
    await agent.call()
    assert await gateway.names() == []


@mends("REQ-07")
@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({"content": b"{"}, "its body is no JSON object"),
        ({"content": b""}, "it has no Content-Type"),
        (
            {"content": b'{"jsonrpc": "2.0"}', "headers": {"content-type": "text/plain"}},
            "its Content-Type is text/plain",
        ),
        ({"data": {"method": "tools/list"}}, "x-www-form-urlencoded"),
        ({"json": {"jsonrpc": "1.0", "id": 1, "method": "tools/list"}}, 'no "jsonrpc": "2.0"'),
        ({"json": {"jsonrpc": "2.0", "id": None, "method": "tools/list"}}, '"id" is null, not a string or an integer'),
        ({"json": {"jsonrpc": "2.0", "id": 1, "method": 5}}, '"method" is a number, not a string'),
        ({"json": {"jsonrpc": "2.0", "id": 1}}, 'it has no "method"'),
        ({"json": {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": "x"}}, '"params" is a string'),
    ],
)
async def test_what_is_no_message_is_not_put_on_the_upstream(
    gateway: Watched, sent: dict[str, Any], words: str
) -> None:
    agent = Agent(gateway)
    await agent.sign_in()
    held = ACCEPT | {"authorization": f"Bearer {agent.tokens['access_token']}"}
    is_json = {"content-type": "application/json"} if sent.get("content") == b"{" else {}
    headers = held | is_json | sent.get("headers", {})
    answer = await agent.http.post(gateway.mcp_url, **{**sent, "headers": headers})
    assert answer.status_code == 400

    found = await gateway.only("REQ-07")
    assert words in found.cause
    right = {"content-type": written(found.fix, r"Content-Type: (\S+?)\.")}
    again = await agent.http.post(gateway.mcp_url, json=mcp_request("tools/list"), headers=held | right)
    assert again.status_code == 200
    assert await gateway.names() == []


async def test_backslashes_of_a_shell_are_not_called_a_client_that_was_forgotten(gateway: Watched) -> None:
    agent = await looking(gateway)
    url = agent.url()
    answer = await agent.http.get(url.replace("&", "\\&"))

    assert "REQ-04" in answer.text
    assert "backslash" in (await gateway.only("REQ-04")).cause
    assert (await agent.http.get(url)).status_code == 302


@pytest.mark.parametrize("path", ["/mcp/smaple", "/mcp/Sample", "/mcp/sample/mcp"])
async def test_an_authorization_endpoint_of_no_route_is_told_with_the_nearest(gateway: Watched, path: str) -> None:
    agent = await looking(gateway)
    url = at_route(agent, path)
    assert (await agent.http.get(url)).status_code == 404

    found = await gateway.only("DISC-10")
    nearest = written(found.fix, r"Use (\S+), as")
    assert nearest == f"{gateway.origin}/oauth/authorize/mcp/sample"
    assert (await agent.http.get(f"{nearest}?{url.partition('?')[2]}")).status_code == 302


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
async def test_an_authorization_asked_for_by_another_method(gateway: Watched, method: str) -> None:
    agent = await looking(gateway)
    answer = await agent.http.request(method, agent.url())

    assert answer.status_code == 405
    assert "REQ-06" in answer.text
    assert "GET" in (await gateway.only("REQ-06")).fix


async def test_a_revocation_by_get_is_told_though_it_belongs_to_no_flow(gateway: Watched) -> None:
    agent = Agent(gateway)
    await agent.http.get(f"{gateway.origin}/oauth/revoke?token=x")

    assert [each.id for each in await gateway.of_gateway()] == ["REQ-06"]


@pytest.mark.parametrize(("method", "is_told"), [("PUT", True), ("PATCH", True), ("GET", False), ("OPTIONS", False)])
async def test_methods_by_which_nobody_probes_an_mcp_route(gateway: Watched, method: str, *, is_told: bool) -> None:
    agent = Agent(gateway)
    await agent.sign_in()
    held = {"authorization": f"Bearer {agent.tokens['access_token']}"}
    await agent.http.request(method, gateway.mcp_url, headers=held)

    assert await gateway.names() == (["REQ-06"] if is_told else [])


@pytest.mark.parametrize(
    ("resource", "name", "offers_other"),
    [
        ("https://x.example/mcp", "AUD-01", False),
        ("{origin}/mcp/smaple", "AUD-01", False),
        ("{origin}/mcp/notes", "AUD-06", True),
    ],
)
async def test_only_another_route_is_called_another_route_at_the_token_endpoint(
    gateway: Watched, resource: str, name: str, offers_other: bool
) -> None:
    agent = await looking(gateway)
    await agent.authorize()
    form = form_of(agent) | {"resource": resource.format(origin=gateway.origin)}
    await agent.http.post(f"{gateway.origin}/oauth/token", data=form)

    found = await gateway.only(name)
    assert ("the other route" in found.fix) is offers_other


async def test_a_form_without_a_content_type_is_told_as_that(gateway: Watched) -> None:
    agent = await looking(gateway)
    await agent.authorize()
    body = str(httpx2.QueryParams(form_of(agent)))
    answer = await agent.http.post(f"{gateway.origin}/oauth/token", content=body)

    assert "REQ-05" in answer.text
    assert "no Content-Type" in answer.text


@pytest.mark.parametrize("member", ["grant_types", "response_types"])
async def test_a_registration_for_a_flow_that_is_not_offered(gateway: Watched, member: str) -> None:
    document = {"redirect_uris": ["http://localhost/cb"], member: ["implicit"]}
    await Agent(gateway).http.post(f"{gateway.origin}/oauth/register", json=document)

    assert await gateway.names() == ["REQ-02"]


@pytest.mark.parametrize("path", ["Callback", "callbacks", "oauth/callback"])
async def test_every_other_path_of_a_redirect_uri_has_one_name(gateway: Watched, path: str) -> None:
    agent = await looking(gateway)
    await agent.http.get(agent.url(redirect_uri=f"http://localhost:33418/{path}"))

    await gateway.only("RURI-07")


async def test_a_page_that_was_not_wanted_is_told_though_the_authorization_was_begun(gateway: Watched) -> None:
    agent = await looking(gateway)
    await agent.http.get(at_route(agent, "/mcp/sample", prompt="none"))

    assert "prompt=none" in (await gateway.only("REQ-01")).cause


@pytest.mark.parametrize("name", ["request", "request_uri"])
async def test_parameters_in_an_object_are_told_also_where_nothing_stands_beside_it(
    gateway: Watched, name: str
) -> None:
    agent = await looking(gateway)
    await agent.http.get(f"{gateway.origin}/oauth/authorize", params={"client_id": agent.client_id, name: "urn:one"})

    found = await gateway.only("REQ-01")
    assert f"in {name}, which is not read here" in found.cause
    assert f"without {name}" in found.fix


async def test_another_issuers_endpoint_is_told_with_the_one_to_use_and_not_beside_a_refused_code(
    gateway: Watched,
) -> None:
    agent = await looking(gateway)
    await agent.authorize()
    found = await gateway.only("DISC-08")
    assert written(found.fix, r"browser to (\S+), as") == f"{gateway.origin}/oauth/authorize/mcp/sample"

    await agent.http.post(f"{gateway.origin}/oauth/token", data=form_of(agent) | {"code_verifier": token("")})
    await gateway.only("PKCE-03")


@pytest.mark.parametrize(
    ("break_it", "name"),
    [
        (lambda agent: form_of(agent, code_verifier=token("")), "PKCE-03"),
        (lambda agent: form_of(agent, redirect_uri="http://127.0.0.1:33418/callback"), "RURI-08"),
        (lambda agent: form_of(agent) | {"code": token("ac_")}, "TOK-03"),
    ],
)
async def test_the_reason_of_an_attempt_keeps_its_name_when_the_next_gets_through(
    gateway: Watched, break_it: Callable[[Agent], dict[str, str]], name: str
) -> None:
    agent = await looking(gateway)
    await agent.authorize()
    await agent.http.post(f"{gateway.origin}/oauth/token", data=break_it(agent))
    await agent.authorize()
    await agent.redeem()
    await agent.call()

    first, second = await gateway.flows()
    assert [each.id for each in first.diagnoses] == [name]
    assert not second.diagnoses
    told = why_of(gateway.running.runtime.monitor, NEWEST)
    assert told is not None
    assert tell(told.cases)[0].startswith("Nothing is wrong with it now")


@pytest.mark.parametrize("agent", [NODE, "python-httpx2/2"])
async def test_a_refused_registration_is_not_mended_by_another_program_of_the_same_make(
    gateway: Watched, agent: str
) -> None:
    one, other = Agent(gateway, agent), Agent(gateway, agent)
    await one.call(bare=True, status=401)
    await other.call(bare=True, status=401)
    await one.http.post(f"{gateway.origin}/oauth/register", json={"redirect_uris": [OTHER_PATH]})
    await other.sign_in()
    await other.call()

    assert await gateway.names() == ["REG-05"]
    assert OTHER_PATH not in str([flow.diagnoses for flow in await gateway.flows() if flow.client_id])


async def test_a_lost_code_is_not_missed_once_its_program_redeemed_another(gateway: Watched) -> None:
    lost = Agent(gateway)
    await lost.register()
    await lost.authorize()
    again = Agent(gateway)
    await again.sign_in()
    gateway.wait(40)

    assert await gateway.names() == []


@pytest.mark.parametrize("origin", ["https://app.example", "null"])
async def test_a_preflight_that_was_refused_is_not_called_unanswered_too(gateway: Watched, origin: str) -> None:
    headers = {"origin": origin, "access-control-request-method": "POST", "user-agent": "Mozilla/5.0"}
    await Agent(gateway).http.options(gateway.mcp_url, headers=headers)
    gateway.wait(5)

    assert await gateway.names() == ["CORS-07"]


@pytest.mark.parametrize(
    ("origin", "cause", "advice"),
    [
        ("https://app.example", "A page of https://app.example called", 'add "https://app.example" to allowed_origins'),
        ("https://app.example:8443", "A page of https://app.example:8443", "to allowed_origins in devgw.toml"),
        ("chrome-extension://abcdef", "A page of chrome-extension://abcdef", 'add "chrome-extension://abcdef" to'),
        ("vscode-webview://1a2b", "A page of vscode-webview://1a2b called", 'add "vscode-webview://1a2b" to'),
        ("null", "A page without an origin (a file, a sandboxed frame) called", "Serve the page from a port of this"),
        ("file://", 'A client with the Origin "file://" called', "Send no Origin where no page asks"),
        ("https://app.example/", 'A client with the Origin "https://app.example/"', "as browsers write it"),
        ("https://app.example:443", 'A client with the Origin "https://app.example:443"', "as browsers write it"),
        ("app.example", 'A client with the Origin "app.example"', "as browsers write it"),
    ],
)
async def test_a_page_that_may_not_call_is_told_what_can_be_done_with_its_origin(
    tmp_path: Path, gateway: Watched, origin: str, cause: str, advice: str
) -> None:
    """Nobody is told to allow `null`, which each site can have, nor what devgw.toml does not take or never matches."""
    call: dict[str, Any] = {"json": mcp_request("tools/list"), "headers": {"origin": origin}}
    refused = (await Agent(gateway).http.post(gateway.mcp_url, **call)).json()
    assert cause in refused["detail"]
    assert advice in refused["hint"]
    assert ("allowed_origins" in advice or 'add "' in advice) == ("allowed_origins" in refused["hint"])

    if allowed := re.search('add "(.+)" to allowed_origins', refused["hint"]):
        (tmp_path / "devgw.toml").write_text(f'allowed_origins = ["{allowed[1]}"]\n')
        settings, findings = read_settings(tmp_path, {})
        assert [each for each in findings if each.severity == "error"] == []
        async with running_gateway(settings=settings) as running:
            answer = await Agent(Watched(running, gateway.clock)).http.post(running.mcp_url, **call)
            assert answer.status_code == 401
