"""A client id that nobody has, beside what another client got; and a registration that is gone: whose is what."""

import httpx2
import pytest

from devgw.cli.why import tell
from devgw.entropy import token
from devgw.ids import ClientId
from devgw.monitor.why import NEWEST, why_of
from tests.diagnosis.stories.agent import NODE, Agent, whole
from tests.diagnosis.stories.conftest import Watched
from tests.support.gateway import Code
from tests.support.mending import mends, written

GONE = "dcr:" + "0" * 32


@mends("TOK-09")
@pytest.mark.parametrize("made_up", ["my-client", "mcp-inspector", GONE])
async def test_a_code_under_an_id_that_nobody_has_is_told_with_the_client_that_got_it(
    gateway: Watched, made_up: str
) -> None:
    """RFC 6749 §4.1.3: to register again would not mend it."""
    agent = Agent(gateway)
    await agent.call(bare=True, status=401)
    await agent.discover()
    await agent.register()
    await agent.authorize()
    assert agent.browser.location is not None
    code = Code(agent.client_id, agent.verifier, dict(httpx2.URL(agent.browser.location).params))
    form = code.form(resource=gateway.mcp_url)
    refused = await agent.http.post(f"{gateway.origin}/oauth/token", data=form | {"client_id": made_up})
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_client")

    found = await gateway.only("TOK-09")
    assert (found.got, found.expected) == (made_up, agent.client_id)
    assert f"the code that it presents was issued to {agent.client_id}" in found.cause
    mended = written(found.fix, r"client_id=(\S+?),")
    answer = await agent.http.post(f"{gateway.origin}/oauth/token", data=form | {"client_id": mended})
    assert answer.status_code == 200
    assert await gateway.names() == []


@pytest.mark.parametrize(
    ("path", "name", "grant"),
    [
        ("/oauth/token", "refresh_token", {"grant_type": "refresh_token"}),
        ("/oauth/revoke", "refresh_token", {}),
        ("/oauth/revoke", "access_token", {}),
    ],
)
async def test_a_token_under_an_id_that_nobody_has_is_told_with_its_client_in_its_flow(
    gateway: Watched, path: str, name: str, grant: dict[str, str]
) -> None:
    agent = await whole(gateway)
    field = "refresh_token" if grant else "token"
    form = {**grant, field: agent.tokens[name], "client_id": "my-client"}
    refused = await agent.http.post(f"{gateway.origin}{path}", data=form)
    assert refused.json()["reason"] == "client_id_of_nobody"
    gateway.wait(3)
    found = [*await gateway.said(), *await gateway.of_gateway()]
    assert [(each.id, each.expected) for each in found if each.expected] == [("TOK-09", agent.client_id)] or grant == {}
    assert {each.id for each in found} == {"TOK-09"}
    assert len(await gateway.flows()) == 1


@pytest.mark.parametrize(
    ("path", "name", "grant"),
    [
        ("/oauth/token", "refresh_token", {"grant_type": "refresh_token"}),
        ("/oauth/revoke", "refresh_token", {}),
        ("/oauth/revoke", "access_token", {}),
    ],
)
@pytest.mark.parametrize("is_its_own", [True, False])
async def test_what_the_gateway_gave_to_a_registration_that_is_gone_tells_nobody_to_send_that_id(
    gateway: Watched, path: str, name: str, grant: dict[str, str], *, is_its_own: bool
) -> None:
    """It would be refused with it again, for ever: only to register anew helps."""
    agent = await whole(gateway)
    revocation = gateway.running.runtime.ground.revocation
    revocation.end(revocation.of_client(ClientId(agent.client_id)), "deleted")
    field = "refresh_token" if grant else "token"
    sent = agent.client_id if is_its_own else GONE
    form = {**grant, field: agent.tokens[name], "client_id": sent}
    refused = await agent.http.post(f"{gateway.origin}{path}", data=form)
    answer = refused.json()
    assert (refused.status_code, answer["error"], answer["reason"]) == (400, "invalid_client", "client_unknown")
    assert f"The client {sent} is not known here any more" in answer["error_description"]
    assert "it registers anew" in answer["error_description"]


@pytest.mark.parametrize("what", ["code_" + "x" * 43, "", "rt_" + "x" * 43])
async def test_an_id_that_nobody_has_beside_nothing_that_is_known_stays_one_that_is_gone(
    gateway: Watched, http: httpx2.AsyncClient, what: str
) -> None:
    form = {"grant_type": "authorization_code", "code": what, "client_id": GONE, "code_verifier": token("")}
    await http.post(f"{gateway.origin}/oauth/token", data=form)
    gateway.wait(3)
    assert {each.id for each in [*await gateway.said(), *await gateway.of_gateway()]} == {"REG-02"}


async def test_a_registration_that_is_gone_is_claimed_by_no_other_client_of_the_same_address(gateway: Watched) -> None:
    """Two programs with one library have the same user agent, and may have the same redirect URI."""
    one = Agent(gateway, NODE)
    await one.call(bare=True, status=401)
    one.client_id = GONE
    await one.browser.open(one.url())
    gateway.wait(3)
    await gateway.only("REG-02")

    other = await whole(gateway, NODE)
    await gateway.only("REG-02")
    (first, second) = await gateway.flows()
    assert (first.client_id, second.client_id) == (GONE, other.client_id)
    why = why_of(gateway.running.runtime.monitor, NEWEST)
    assert why is not None
    said = tell(why.cases)[0]
    assert f"({second.id}) with the same redirect URI; whether that mended this is not known." in said


async def test_a_program_that_looked_first_and_registers_over_its_socket_goes_on_in_its_flow(gateway: Watched) -> None:
    agent = Agent(gateway, NODE)
    agent.client_id = GONE
    assert (await agent.http.get(agent.url())).status_code == 400
    gateway.wait(3)
    await gateway.only("REG-02")
    await agent.register()
    await agent.authorize()
    await agent.redeem()
    await agent.call()
    (flow,) = await gateway.flows()
    assert (flow.client_id, flow.diagnoses) == (agent.client_id, ())
