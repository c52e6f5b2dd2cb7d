"""Clean but unusual ways of client programs: how they begin, keep, refresh and begin again."""

import asyncio

from tests.diagnosis.stories.agent import EDITOR, NODE, PYTHON, UNDICI, Agent, whole
from tests.diagnosis.stories.conftest import Watched
from tests.support.gateway import mcp_request

SPOKEN = {"mcp-protocol-version": "2025-06-18"}


async def the_usual_way(gateway: Watched) -> None:
    await whole(gateway)


async def as_python(gateway: Watched) -> None:
    await whole(gateway, PYTHON)


async def as_an_editor(gateway: Watched) -> None:
    await whole(gateway, EDITOR)


async def an_editor_that_registers_at_its_start_alone(gateway: Watched) -> None:
    one = Agent(gateway, EDITOR)
    await one.discover()
    await one.register()


async def a_restart_with_good_tokens(gateway: Watched) -> None:
    one = await whole(gateway)
    for _ in range(3):
        await one.close()
        one.restart()
        gateway.wait(30)
        await one.call()


async def a_restart_that_reads_metadata_under_two_names(gateway: Watched) -> None:
    one = await whole(gateway)
    one.restart(UNDICI)
    await one.discover()
    one.restart(NODE)
    await one.call()


async def a_restart_that_probes_without_its_token(gateway: Watched) -> None:
    one = await whole(gateway)
    one.restart()
    await one.call(bare=True, status=401)
    await one.discover()
    await one.call()


async def a_restart_that_probes_over_sockets_of_their_own(gateway: Watched) -> None:
    one = Agent(gateway, "copilot-cli/1.0.102")
    await one.call(bare=True, status=401)
    await one.discover()
    await one.register(client_name="GitHub Copilot CLI")
    await one.authorize()
    await one.redeem()
    await one.call()
    for _ in range(2):
        gateway.wait(60)
        one.restart()
        await one.call(bare=True, status=401)
        one.restart()
        await one.discover()
        one.restart()
        await one.call()


async def a_restart_that_refreshes_first(gateway: Watched) -> None:
    one = await whole(gateway)
    gateway.wait(60)
    one.restart()
    await one.refresh()
    await one.call()


async def an_expired_token_that_is_refreshed(gateway: Watched) -> None:
    one = await whole(gateway)
    gateway.wait(1000)
    await one.call(status=401)
    await one.refresh()
    await one.call()


async def a_day_of_refreshes(gateway: Watched) -> None:
    one = await whole(gateway)
    for _ in range(6):
        gateway.wait(880)
        await one.refresh()
        await one.call()


async def many_calls(gateway: Watched) -> None:
    one = await whole(gateway)
    for _ in range(80):
        await one.call()


async def parallel_calls(gateway: Watched) -> None:
    one = await whole(gateway)
    await asyncio.gather(*(one.call() for _ in range(10)))


async def two_node_clients_one_after_the_other(gateway: Watched) -> None:
    await whole(gateway)
    gateway.wait(2)
    await whole(gateway)


async def two_node_clients_at_once(gateway: Watched) -> None:
    one, other = Agent(gateway), Agent(gateway)
    for each in (one, other):
        await each.call(bare=True, status=401)
        await each.discover()
        await each.register()
    await other.authorize()
    await one.authorize()
    await other.redeem()
    await one.redeem()
    await one.call()
    await other.call()


async def three_clients_in_parallel(gateway: Watched) -> None:
    await asyncio.gather(*(whole(gateway, agent) for agent in (NODE, PYTHON, EDITOR)))


async def five_runs_in_five_minutes(gateway: Watched) -> None:
    for _ in range(5):
        await whole(gateway, PYTHON)
        gateway.wait(40)


async def runs_on_ports_of_their_own(gateway: Watched) -> None:
    for number in range(6):
        one = Agent(gateway, PYTHON)
        await one.register(redirect_uris=[f"http://localhost:{50_000 + number}/callback"])
        await one.authorize()
        await one.redeem()
        await one.call()


async def a_login_command_that_ends(gateway: Watched) -> None:
    await Agent(gateway).sign_in()


async def a_login_command_and_a_call_half_an_hour_later(gateway: Watched) -> None:
    one = Agent(gateway)
    await one.sign_in()
    await gateway.flows()
    gateway.wait(600)
    assert await gateway.names() == []
    one.restart()
    await one.call()


async def a_first_call_after_half_a_minute(gateway: Watched) -> None:
    one = Agent(gateway)
    await one.sign_in()
    await gateway.flows()
    gateway.wait(30)
    assert await gateway.names() == []
    await one.call()


async def a_lost_answer_of_a_refresh(gateway: Watched) -> None:
    """Said as what it is (REFR-01): it was forgiven, and ten minutes later it is over."""
    one = await whole(gateway)
    before = dict(one.tokens)
    await one.refresh()
    one.tokens = before
    await one.refresh()
    await one.call()
    assert await gateway.names() == ["REFR-01"]


async def a_refresh_just_before_the_end(gateway: Watched) -> None:
    one = await whole(gateway)
    gateway.wait(one.tokens["expires_in"] - 2)
    await one.refresh()
    await one.call()


async def a_token_that_is_renewed_early_again_and_again(gateway: Watched) -> None:
    one = await whole(gateway)
    for _ in range(5):
        gateway.wait(100)
        await one.refresh()
        await one.call()


async def a_client_that_registers_twice(gateway: Watched) -> None:
    one = Agent(gateway)
    await one.call(bare=True, status=401)
    await one.discover()
    await one.register()
    await one.register()
    await one.authorize()
    await one.redeem()
    await one.call()


async def an_agent_with_one_user_agent_for_oauth_and_one_for_mcp(gateway: Watched) -> None:
    one = Agent(gateway, UNDICI)
    await one.call(bare=True, status=401)
    one.restart(NODE)
    await one.discover()
    await one.register()
    await one.authorize()
    await one.redeem()
    one.restart(UNDICI)
    await one.call()


async def two_routes_by_one_client(gateway: Watched) -> None:
    for operation_id in [each.operation_id for each in gateway.running.runtime.gateway.project.routes][:2]:
        gateway.mcp_url = gateway.running.url_of(operation_id)
        one = Agent(gateway)
        await one.call(bare=True, status=401)
        await one.discover()
        await one.register()
        await one.authorize(resource=gateway.mcp_url)
        await one.redeem()
        await one.call()


async def a_client_whose_grant_was_ended_in_the_dashboard_and_that_signs_in_again(gateway: Watched) -> None:
    one = await whole(gateway)
    ground = gateway.running.runtime.gateway.ground
    (grant,) = ground.store.grants()
    ground.revocation.end_grant(grant.id, "dashboard")
    await one.call(status=401)
    await one.discover()
    await one.authorize()
    await one.redeem()
    await one.call()


async def a_call_that_is_given_up_by_its_client(gateway: Watched) -> None:
    one = await whole(gateway)
    note = {"requestId": 7, "reason": "the user stopped it"}
    await one.send({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": note}, 202)
    await one.call()


async def a_handshake_and_pings(gateway: Watched) -> None:
    one = await whole(gateway)
    about = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "editor", "version": "1"}}
    await one.send(mcp_request("initialize", about))
    await one.send({"jsonrpc": "2.0", "method": "notifications/initialized"}, 202, SPOKEN)
    for number in range(3):
        await one.send(mcp_request("ping", request_id=number + 2), headers=SPOKEN)
        gateway.wait(30)


async def every_list_there_is(gateway: Watched) -> None:
    one = await whole(gateway)
    for number, what in enumerate(("tools", "prompts", "resources", "resources/templates")):
        await one.send(mcp_request(f"{what}/list", request_id=number))


async def a_tool_that_does_not_exist(gateway: Watched) -> None:
    one = await whole(gateway)
    await one.send(mcp_request("tools/call", {"name": "nobody", "arguments": {}}))
    await one.call()
