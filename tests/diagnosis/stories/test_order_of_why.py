"""What `devgw why` tells first, over a gateway that answers: certain before suspected, the newest before the older."""

import asyncio
from typing import Any

import httpx2

from devgw.cli.why import in_order, tell
from devgw.control.actions import NoActions
from devgw.control.answering import Answering
from devgw.control.messages import CheckRow, Command
from devgw.entropy import token
from devgw.monitor.details import CaseView, WhyDetail
from devgw.monitor.why import why_of
from tests.diagnosis.stories.conftest import Watched
from tests.support.browser import Browser
from tests.support.gateway import CALLBACK, mcp_request


async def why(gateway: Watched, id_: str = "newest") -> list[CaseView]:
    """Judge flows and gateway, and return the cases as `devgw why` gets them."""
    await gateway.flows()
    gateway.wait(1)
    await gateway.flows()  # once a second the gateway as a whole is judged
    told: WhyDetail | None = why_of(gateway.running.runtime.monitor, id_)
    return told.cases if told else []


def ids(cases: list[CaseView]) -> list[str]:
    return [each.id for case in cases for each in case.diagnoses]


async def refused_authorization(gateway: Watched, http: httpx2.AsyncClient, client_id: str) -> None:
    wrong = gateway.running.authorize_url(client_id, token(""), redirect_uri=f"{CALLBACK}/")
    assert (await http.get(wrong)).status_code == 400


async def test_nothing_is_told_where_nothing_went_wrong(
    gateway: Watched, http: httpx2.AsyncClient, browser: Browser
) -> None:
    tokens = await gateway.running.tokens(http, browser)
    await call(gateway, http, tokens)

    assert await why(gateway) == []


async def test_a_certain_failure_comes_before_a_newer_suspicion(gateway: Watched, http: httpx2.AsyncClient) -> None:
    client = await gateway.running.register(http)
    await refused_authorization(gateway, http, client["client_id"])
    async with httpx2.AsyncClient(headers={"user-agent": "editor/1"}) as other:
        await other.post(gateway.mcp_url, json=mcp_request("tools/list"))
        gateway.wait(60)
        cases = await why(gateway)

    assert ids(cases) == ["RURI-03", "BEAR-07"]
    assert [each.certain for case in cases for each in case.diagnoses] == [True, False]


async def test_a_failure_without_a_flow_is_told(gateway: Watched, http: httpx2.AsyncClient) -> None:
    client = await gateway.running.register(http)
    await refused_authorization(gateway, http, client["client_id"])
    gateway.wait(5)
    await http.post(f"{gateway.origin}/oauth/revoke", headers={"authorization": "Bearer at_x"})

    first, second = await why(gateway)
    assert (first.flow, first.diagnoses[0].id) == (None, "REVK-04")
    assert second.diagnoses[0].id == "RURI-03"


async def test_a_stale_client_at_the_token_endpoint_is_told(gateway: Watched, http: httpx2.AsyncClient) -> None:
    form = {"grant_type": "refresh_token", "refresh_token": "rt_x", "client_id": "dcr:gone"}
    await http.post(f"{gateway.origin}/oauth/token", data=form)
    gateway.wait(3)

    assert ids(await why(gateway)) == ["REG-02"]


async def test_a_token_in_the_query_is_told(gateway: Watched, http: httpx2.AsyncClient) -> None:
    await http.post(f"{gateway.mcp_url}?access_token=at_x", json=mcp_request("tools/list"))

    assert ids(await why(gateway)) == ["BEAR-08"]


async def test_what_a_later_attempt_mended_comes_last_and_says_so(
    gateway: Watched, http: httpx2.AsyncClient, browser: Browser
) -> None:
    client = await gateway.running.register(http)
    await refused_authorization(gateway, http, client["client_id"])
    (before,) = await why(gateway)
    assert not before.mended
    verifier = token("")
    await gateway.running.sign_in(browser, gateway.running.authorize_url(client["client_id"], verifier))
    await gateway.running.allow(browser)
    assert browser.location is not None
    code = httpx2.URL(browser.location).params["code"]
    form = {"grant_type": "authorization_code", "code": code, "client_id": client["client_id"]}
    form |= {"redirect_uri": CALLBACK, "code_verifier": verifier, "resource": gateway.mcp_url}
    tokens = (await http.post(f"{gateway.origin}/oauth/token", data=form)).json()
    await call(gateway, http, tokens)

    (after,) = await why(gateway)
    assert after.diagnoses[0].id == "RURI-03"
    assert "got through" in after.mended
    newest = (await gateway.flows())[-1]
    (second,) = await why(gateway, newest.id)
    assert after.flow is not None
    assert second.attempt == f"2nd attempt; the 1st ({after.flow.id}) failed at authorize: RURI-03"


async def test_a_grant_that_was_taken_back_comes_before_the_race_that_was_forgiven(
    gateway: Watched, http: httpx2.AsyncClient, browser: Browser
) -> None:
    tokens = await gateway.running.tokens(http, browser)
    await call(gateway, http, tokens)
    await refreshed(gateway, http, tokens)
    second = await refreshed(gateway, http, tokens)  # twice at once: forgiven
    assert ids(await why(gateway)) == ["REFR-01"]
    assert (await refreshed(gateway, http, tokens | second.json())).status_code == 200
    gateway.wait(11)
    assert (await refreshed(gateway, http, tokens)).status_code == 400

    (case,) = await why(gateway)
    assert [each.id for each in case.diagnoses] == ["REFR-03"]
    assert "the whole grant is revoked" in case.diagnoses[0].cause


async def test_who_asks_at_once_is_told_the_name_and_not_the_reason_alone(
    gateway: Watched, http: httpx2.AsyncClient
) -> None:
    await http.post(f"{gateway.mcp_url}x", json=mcp_request("tools/list"))
    in_a_flow = await asked_after(gateway, 1)
    await http.post(f"{gateway.origin}/oauth/revoke", headers={"authorization": "Bearer at_x"})
    in_none = await asked_after(gateway, 2)

    assert (ids(in_a_flow), ids(in_none)) == (["DISC-14"], ["REVK-04", "DISC-14"])


async def test_a_wrong_url_after_a_login_that_failed_is_an_attempt_of_its_own(
    gateway: Watched, http: httpx2.AsyncClient
) -> None:
    client = await gateway.running.register(http)
    await refused_authorization(gateway, http, client["client_id"])
    await http.post(f"{gateway.mcp_url}x", json=mcp_request("tools/list"))

    newest, older = await why(gateway)
    assert (ids([newest]), ids([older])) == (["DISC-14"], ["RURI-03"])
    assert newest.flow is not None
    assert older.flow is not None
    assert (newest.flow.step, older.flow.step) == ("discover", "authorize")


async def test_a_refusal_that_a_client_may_mend_by_itself_has_its_name_meanwhile(
    gateway: Watched, http: httpx2.AsyncClient
) -> None:
    page = await http.get(gateway.running.authorize_url("dcr:gone", token("")))
    (case,) = await asked_after(gateway, 1)

    assert "REG-02" in page.text
    assert case.failure is not None
    assert (case.diagnoses, case.failure.id) == ([], "REG-02")
    assert tell([case])[2].startswith("REG-02  ")


async def asked_after(gateway: Watched, exchanges: int) -> list[CaseView]:
    """Ask as the command does, as soon as so many requests were seen: nothing is judged here before."""
    monitor = gateway.running.runtime.monitor
    async with asyncio.timeout(10):
        while len(monitor.traces) < exchanges:
            await asyncio.sleep(0)  # an exchange is published after its answer has left
    command = Command("1", "inspect", {"kind": "why", "id": "newest"})
    answer = await Answering(monitor, NoActions()).answer(command)
    cases: list[CaseView] = answer.result["cases"]
    return cases


async def refreshed(gateway: Watched, http: httpx2.AsyncClient, tokens: dict[str, Any]) -> httpx2.Response:
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"], "client_id": tokens["client_id"]}
    return await http.post(f"{gateway.origin}/oauth/token", data=form)


async def call(gateway: Watched, http: httpx2.AsyncClient, tokens: dict[str, Any]) -> None:
    headers = {"authorization": f"Bearer {tokens['access_token']}", "accept": "application/json, text/event-stream"}
    answer = await http.post(gateway.mcp_url, json=mcp_request("tools/list"), headers=headers)
    assert answer.status_code == 200


async def test_what_a_probe_found_of_others_stands_behind_the_newest_failure(
    gateway: Watched, http: httpx2.AsyncClient
) -> None:
    """A finding stays until the next probe, and is older than what fails meanwhile for another reason."""
    client = await gateway.running.register(http)
    await refused_authorization(gateway, http, client["client_id"])
    cases = await why(gateway)
    rows = [
        CheckRow("upstream.calc", "bad", "refuses the connection", fix="Start it."),
        CheckRow("gateway", "warning", "stopping", fix="Wait."),
        CheckRow("provider.jwks", "bad", "answers 500", fix="Wait for it."),
    ]
    told = in_order(rows, cases, [])
    first = [line for before, line in zip(["", *told], told, strict=False) if not before]
    heads = [line.split("  ")[0] for line in first if line]
    assert heads[0] == "gateway stopping"
    assert heads[1].startswith("f-")
    assert heads[-1] == "upstream.calc refuses the connection"
    assert told.index("provider.jwks answers 500") > told.index("gateway stopping")
    assert in_order(rows[:1], [], []) == ["upstream.calc refuses the connection", "  fix       Start it."]
