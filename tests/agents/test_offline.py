"""From the README's command to a list of tools, without internet: with the agents themselves."""

import json
from datetime import timedelta
from pathlib import Path

from devgw.clock import SystemClock
from devgw.events.flow import Flow, FlowState
from tests.agents.home import Home
from tests.support.gateway import Running, running_gateway


def only_flow(gateway: Running) -> Flow:
    gateway.runtime.bus.drain()
    (flow,) = [each for each in gateway.runtime.monitor.flow_book.flows if each.client_id]
    return flow


def said_later(gateway: Running, clock: SystemClock) -> list[str]:
    """Return what is said of any flow ten minutes on."""
    clock.travel(timedelta(minutes=10))
    gateway.runtime.monitor.tick()
    return [each.id for flow in gateway.runtime.monitor.flow_book.flows for each in flow.diagnoses]


async def test_claude_code_signs_in_and_lists_tools(tmp_path: Path) -> None:
    home, clock = Home(tmp_path, "claude"), SystemClock()
    async with running_gateway(clock=clock) as gateway:
        await home.say(f"claude mcp add --transport http sample {gateway.mcp_url}")
        assert 'Authenticated with "sample"' in await home.sign_in("claude mcp login sample")
        assert "Connected" in await home.say("claude mcp list")

        flow = only_flow(gateway)
        assert (flow.client_name, flow.state) == ("Claude Code", FlowState.DONE)
        assert said_later(gateway, clock) == []


async def test_codex_signs_in(tmp_path: Path) -> None:
    home, clock = Home(tmp_path, "codex"), SystemClock()
    home.write(".codex/config.toml", 'mcp_oauth_credentials_store = "file"\n')
    async with running_gateway(clock=clock) as gateway:
        added = await home.sign_in(f"codex mcp add sample --url {gateway.mcp_url}")
        assert "Successfully logged in" in added
        assert "OAuth" in await home.say("codex mcp list")

        flow = only_flow(gateway)
        assert (flow.client_name, flow.last_seen.value) == ("Codex", "token_issued")


async def test_opencode_signs_in_and_lists_tools(tmp_path: Path) -> None:
    home, clock = Home(tmp_path, "opencode"), SystemClock()
    async with running_gateway(clock=clock) as gateway:
        home.write("opencode.json", json.dumps({"mcp": {"sample": {"type": "remote", "url": gateway.mcp_url}}}))
        await home.sign_in("opencode mcp auth sample")
        assert "connected" in await home.say("opencode mcp list")

        flow = only_flow(gateway)
        assert (flow.client_name, flow.state) == ("OpenCode", FlowState.DONE)
        assert said_later(gateway, clock) == []


async def test_mcporter_signs_in_and_calls_a_tool(tmp_path: Path) -> None:
    home, clock = Home(tmp_path, "mcporter"), SystemClock()
    async with running_gateway(clock=clock) as gateway:
        servers = {"sample": {"url": gateway.mcp_url, "auth": "oauth"}}
        home.write("config/mcporter.json", json.dumps({"mcpServers": servers}))
        await home.sign_in("mcporter auth sample")
        assert "hello" in await home.say("mcporter call sample.echo message=hello")

        flow = only_flow(gateway)
        assert (flow.client_name, flow.state) == ("mcporter (sample)", FlowState.DONE)
        assert said_later(gateway, clock) == []
