"""What has a name of its own, where a near one, the framework's words or nothing was said before."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from devgw.events.flow import FlowState
from devgw.oauth.pkce import challenge_of
from tests.diagnosis.stories.agent import Agent
from tests.diagnosis.stories.conftest import Watched
from tests.diagnosis.stories.test_client_slips import ACCEPT, form_of, looking
from tests.support.gateway import mcp_request


@pytest.mark.parametrize(
    ("method", "path", "taken"),
    [
        ("PUT", "/oauth/callback", "GET or POST"),
        ("DELETE", "/oauth/setup", "GET or POST"),
        ("POST", "/.well-known/oauth-protected-resource/mcp/sample", "GET"),
        ("PUT", "/.well-known/oauth-authorization-server", "GET"),
        ("GET", "/register/", "POST"),
        ("PATCH", "/token/", "POST"),
    ],
)
async def test_a_method_that_an_endpoint_does_not_take_is_told_of_each(
    gateway: Watched, method: str, path: str, taken: str
) -> None:
    """RFC 9110 §15.5.6; a redirect makes a GET of a POST, and nothing else."""
    answer = await Agent(gateway).http.request(method, gateway.origin + path)
    methods = taken.split(" or ")
    allowed = sorted([*methods, *(["HEAD"] if "GET" in methods else [])])  # who may read may look (RFC 9110 §9.3.2)
    assert (answer.status_code, answer.headers["allow"]) == (405, ", ".join(allowed))
    assert "REQ-06" in answer.text
    fix = next(each.fix for each in [*await gateway.said(), *await gateway.of_gateway()] if each.id == "REQ-06")
    assert fix == f"Send the request by {taken}" + (
        "; a redirect on the way may have turned it into a GET." if method == "GET" else "."
    )


@pytest.mark.parametrize("path", ["/register/", "/register", "/oauth/register/"])
async def test_a_registration_is_followed_with_a_slash_at_its_end_too(gateway: Watched, path: str) -> None:
    await Agent(gateway).http.post(gateway.origin + path, json={})
    gateway.wait(3)

    assert await gateway.names() == ["REQ-01"]


async def test_signing_out_by_a_form_of_another_session_is_told(gateway: Watched) -> None:
    agent = Agent(gateway)
    answer = await agent.http.post(f"{gateway.origin}/oauth/logout", data={"csrf_token": "x"})
    assert answer.status_code == 403

    assert [each.id for each in await gateway.of_gateway()] == ["CONS-03"]
    await agent.http.get(f"{gateway.origin}/oauth/logout")
    gateway.wait(901)
    assert await gateway.of_gateway() == []


async def test_the_words_of_a_provider_are_kept_though_its_state_is_not_known(gateway: Watched) -> None:
    said = "error=server_error&error_description=We+broke&state=foreign"
    page = await Agent(gateway).http.get(f"{gateway.origin}/oauth/callback?{said}", headers={"accept": "text/html"})
    assert "We broke" in page.text

    found = await gateway.only("SESS-01")
    assert "the answer is server_error: We broke" in found.cause
    assert found.fix.startswith("Do what the words of the answer say")


async def test_a_form_that_no_login_sent_is_not_to_be_mended_by_an_option_that_the_policy_has_not(
    gateway: Watched,
) -> None:
    """WorkOS's policy knows its URLs by itself."""
    await Agent(gateway).http.post(f"{gateway.origin}/oauth/callback", data={"code": "c", "state": "s"})
    found = await gateway.only("IDT-22")
    assert found.fix.startswith("Look at what sent this form")
    assert [flow.state for flow in await gateway.flows()] == [FlowState.FAILED]


@pytest.mark.parametrize(
    ("joined", "words"),
    [
        (lambda form: urlencode(form).replace("&", "&amp;"), "`&` was written as `&amp;`"),
        (lambda form: urlencode(form).replace("&", ";"), "other parameters stand inside `grant_type`"),
        (lambda form: quote(urlencode(form), safe="="), "other parameters stand inside `grant_type`"),
        (lambda form: urlencode(form).replace("&", "\\&"), "so the `&` behind it was escaped for a shell"),
    ],
)
async def test_a_form_whose_parameters_were_joined_wrongly_is_told_by_what_stands_in_it(
    gateway: Watched, joined: Callable[[dict[str, str]], str], words: str
) -> None:
    agent = await looking(gateway)
    await agent.authorize()
    headers = {"content-type": "application/x-www-form-urlencoded"}
    form = joined(form_of(agent))
    answer = await agent.http.post(f"{gateway.origin}/oauth/token", content=form, headers=headers)

    assert "REQ-04" in answer.json()["error_description"]
    (found,) = [each for each in await gateway.said() if each.certain]
    assert (found.id, words in found.cause) == ("REQ-04", True), found.cause


async def test_the_challenge_in_place_of_the_verifier_is_told_with_what_to_send(gateway: Watched) -> None:
    agent = await looking(gateway)
    await agent.authorize()
    form = form_of(agent) | {"code_verifier": challenge_of(agent.verifier)}
    await agent.http.post(f"{gateway.origin}/oauth/token", data=form)

    assert "and the string itself as code_verifier" in (await gateway.only("PKCE-03")).fix


async def test_an_issuer_that_a_client_may_not_mind_is_suspected_and_not_beside_an_error(gateway: Watched) -> None:
    agent = await looking(gateway)
    await agent.authorize()
    found = await gateway.only("DISC-08")
    assert (found.certain, found.gone_when) == (False, "the client redeems the code")
    await agent.redeem()
    assert await gateway.names() == []

    other = await looking(gateway)
    await other.http.get(other.url(code_challenge_method="plain"))
    assert await gateway.names() == ["PKCE-03"]


@pytest.mark.parametrize("cut", [-1, -10, 4])
async def test_a_token_that_was_cut_is_not_called_forgotten(gateway: Watched, cut: int) -> None:
    agent = Agent(gateway)
    await agent.sign_in()
    whole = agent.tokens["access_token"]
    agent.tokens["access_token"] = whole[:cut]
    await agent.call(status=401)
    found = await gateway.only("BEAR-04")
    assert "was cut off or changed on its way" in found.cause
    assert "Send the access token whole" in found.fix

    agent.tokens["access_token"] = whole
    await agent.call()
    assert await gateway.names() == []


@pytest.mark.parametrize(
    ("sent", "name"),
    [
        ({"data": {"redirect_uris": "x"}}, "LIMIT-27"),
        ({"content": b"[", "headers": {"content-type": "application/json"}}, "REQ-01"),
        ({"content": b'{"a":1,"a":2}', "headers": {"content-type": "application/json"}}, "REQ-01"),
    ],
)
async def test_a_registration_that_cannot_be_read_fails_its_flow(
    gateway: Watched, sent: dict[str, Any], name: str
) -> None:
    await Agent(gateway).http.post(f"{gateway.origin}/oauth/register", **sent)
    (flow,) = await gateway.flows()
    assert (flow.state, [each.id for each in flow.diagnoses]) == (FlowState.FAILED, [name])


async def test_a_host_that_is_refused_is_told_with_what_came(gateway: Watched) -> None:
    await Agent(gateway).http.post(gateway.mcp_url, headers={"host": "gw.example"})
    found = await gateway.only("HOST-02")
    assert found.got == "gw.example"
    assert found.expected.startswith("localhost:")


@pytest.mark.parametrize(
    ("revision", "name"),
    [("", "REQ-07"), ("2025-11-25", "REQ-07"), ("2025-06-18", "REQ-07"), ("2025-03-26", "PROXY-20")],
)
async def test_a_batch_that_is_refused_is_told_as_one_but_in_the_revision_that_has_them(
    gateway: Watched, revision: str, name: str
) -> None:
    agent = Agent(gateway)
    await agent.sign_in()
    headers = {"authorization": f"Bearer {agent.tokens['access_token']}", **ACCEPT}
    headers |= {"mcp-protocol-version": revision} if revision else {}
    batch = [mcp_request("tools/list"), mcp_request("ping", request_id=2)]
    answer = await agent.http.post(gateway.mcp_url, json=batch, headers=headers)
    assert answer.status_code == 400

    found = await gateway.only(name)
    assert ("it is a batch, which MCP had in 2025-03-26 alone" in found.cause) == (name == "REQ-07")
    await agent.call()
    assert await gateway.names() == []
