"""A gateway that forgot everything, and clients that did not: what they are told, until they have helped themselves."""

import httpx2
import pytest

from devgw.entropy import token
from devgw.events.flow import FlowState
from tests.diagnosis.stories.conftest import Watched
from tests.support.browser import Browser
from tests.support.documented import documented_client
from tests.support.gateway import Code, mcp_request

AGENT = {"user-agent": "agent/2.1"}
FORGOTTEN = "http://localhost:3334/oauth/callback"
FAR = "http://localhost:4999/oauth/callback"


async def signed_in_with_document(gateway: Watched, http: httpx2.AsyncClient, browser: Browser, client_id: str) -> str:
    verifier = token("")
    await gateway.running.sign_in(browser, gateway.running.authorize_url(client_id, verifier))
    await browser.press("Allow")
    assert browser.location is not None
    query = httpx2.URL(browser.location).params
    form = Code(client_id, verifier, dict(query)).form(resource=gateway.mcp_url)
    answer = await http.post(f"{gateway.origin}/oauth/token", data=form)
    return str(answer.json()["access_token"])


@pytest.mark.parametrize("same_socket", [False, True])
@pytest.mark.parametrize(
    ("with_document", "seconds"),
    [(False, 5), (False, 60), (False, 1200), (True, 5), (True, 60), (True, 600), (True, 1200)],
)
async def test_a_row_of_an_old_token_is_done_once_its_client_has_signed_in_again(
    gateway: Watched, browser: Browser, with_document: bool, same_socket: bool, seconds: int
) -> None:
    path = gateway.mcp_url.removeprefix(gateway.origin)
    headers = {"accept": "application/json, text/event-stream"}
    async with (
        httpx2.AsyncClient(headers=AGENT) as first,
        httpx2.AsyncClient(headers=AGENT) as other,
        documented_client() as client_id,
    ):
        stale = headers | {"authorization": f"Bearer {token('at_')}"}
        assert (await first.post(gateway.mcp_url, json=mcp_request("tools/list"), headers=stale)).status_code == 401
        gateway.wait(3)
        await gateway.only("BEAR-06")

        http = first if same_socket else other
        await http.get(f"{gateway.origin}/.well-known/oauth-protected-resource{path}")
        await http.get(f"{gateway.origin}/.well-known/oauth-authorization-server{path}")
        gateway.wait(seconds)
        await gateway.flows()  # as the gateway does each second; else it depends on the load whether it does here
        if with_document:
            access = await signed_in_with_document(gateway, http, browser, client_id)
        else:
            access = (await gateway.running.tokens(http, browser))["access_token"]
        good = headers | {"authorization": f"Bearer {access}"}
        assert (await http.post(gateway.mcp_url, json=mcp_request("tools/list"), headers=good)).status_code == 200

    gateway.wait(600)
    flows = await gateway.flows()
    assert [each.id for flow in flows for each in flow.diagnoses] == []
    states = {flow.state for flow in flows}
    is_late = seconds > 90  # a machine that says nothing for so long is given up, and its row rests
    assert states == {FlowState.DONE} or (is_late and states == {FlowState.DONE, FlowState.ABANDONED})


@pytest.mark.parametrize(
    ("uri", "agent"),
    [
        (FORGOTTEN, "another/1"),
        (FORGOTTEN, "browser/1"),
        (FAR, "another/1"),
        (FAR, ""),
        ("http://localhost:3334/elsewhere", "another/1"),
        ("http://127.0.0.1:3334/oauth/callback", "another/1"),
    ],
)
async def test_another_programs_registration_is_no_healing_of_a_forgotten_client(
    gateway: Watched, uri: str, agent: str
) -> None:
    """A port and a user agent may be those of two programs: the socket alone says who it is."""
    async with httpx2.AsyncClient(headers={"user-agent": "browser/1"}) as window:
        url = gateway.running.authorize_url("dcr:gone", token(""), redirect_uri=FORGOTTEN)
        assert (await window.get(url)).status_code == 400
    async with httpx2.AsyncClient(headers={"user-agent": agent}) as other:
        await gateway.running.register(other, client_name="probe", redirect_uris=[uri])

    gateway.wait(3)
    assert "REG-02" in await gateway.names()
