"""Clients that fall silent, and what another client of the same make says of them: nothing."""

import pytest

from devgw.cli.why import tell
from devgw.events.taxonomy import McpAuthCallbackProbed, McpAuthCodeIssued
from devgw.monitor.why import NEWEST, why_of
from tests.diagnosis.stories.agent import NODE, Agent
from tests.diagnosis.stories.conftest import Watched

OTHER_PATH = "http://10.0.0.1/callback"


async def test_a_lost_code_is_not_missed_where_its_port_was_looked_at_after_another_was_redeemed(
    gateway: Watched,
) -> None:
    lost, again = Agent(gateway), Agent(gateway)
    await lost.register()
    await lost.authorize()
    await again.sign_in()
    sent = gateway.running.events(McpAuthCodeIssued)[0]
    known = {"transaction_id": sent.transaction_id, "client_id": sent.client_id, "code_id": sent.code_id}
    gateway.wait(3)
    looked = McpAuthCallbackProbed(**known, port=33418, listens_v4=False, listens_v6=False, has_v6=True)
    gateway.running.runtime.bus.publish(looked)
    gateway.wait(40)

    assert await gateway.names() == []


@pytest.mark.parametrize("agent", [NODE, "python-httpx2/2"])
async def test_an_expired_token_and_then_nothing_is_suspected_until_the_client_comes_back(
    gateway: Watched, agent: str
) -> None:
    one = Agent(gateway, agent)
    await one.sign_in()
    await one.call()
    gateway.wait(1000)
    await one.call(status=401)
    assert await gateway.names() == []
    gateway.wait(59)
    assert await gateway.names() == []

    gateway.wait(2)
    found = await gateway.only("REFR-05")
    assert not found.certain
    assert "neither refreshed nor signed in since" in found.cause
    await one.refresh()
    assert await gateway.names() == []


async def test_an_expired_token_is_not_held_against_a_client_that_signs_in_again(gateway: Watched) -> None:
    one = Agent(gateway)
    await one.sign_in()
    await one.call()
    gateway.wait(1000)
    await one.call(status=401)
    gateway.wait(100)
    assert await gateway.names() == ["REFR-05"]
    await one.authorize()
    await one.redeem()
    await one.call()
    gateway.wait(1)

    assert await gateway.names() == []


@pytest.mark.parametrize("step", ["registers", "reads the metadata"])
async def test_nobody_is_told_to_be_well_because_another_program_of_the_same_make_is(
    gateway: Watched, step: str
) -> None:
    one, other = Agent(gateway), Agent(gateway)
    if step == "registers":
        await one.http.post(f"{gateway.origin}/oauth/register", json={"redirect_uris": [OTHER_PATH]})
    else:
        await one.http.get(f"{gateway.origin}/.well-known/oauth-protected-resource/mcp/nothing")
    await gateway.flows()
    await other.sign_in()
    await other.call()
    await gateway.flows()

    told = why_of(gateway.running.runtime.monitor, NEWEST)
    assert told is not None
    assert [each.mended for each in told.cases if each.diagnoses] in ([""], [])
    assert "Nothing is wrong with it now" not in "\n".join(tell(told.cases))
