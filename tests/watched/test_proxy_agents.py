"""Agents that people use, given a proxy: they log in and call with the server's own URL, and what they did is seen.

They are a Bun program, a Rust program and another Bun program; none of them was told of devgw but by its environment.
"""

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from devgw.emulators.upstream_auth.faults import SampleFault
from devgw.events.flow import FlowState
from devgw.monitor.flow_view import name_of
from tests.agents.agent import Agent
from tests.agents.agents import ClaudeCode, Codex, OpenCode
from tests.agents.home import bring_back
from tests.agents.model import WORD, serve_model
from tests.watched.bench import sign_in
from tests.watched.proxied import proxied, tls_sample


async def walk(url: str) -> None:
    await bring_back(await sign_in(url, parse_qs(urlsplit(url).query)["redirect_uri"][0]))


@pytest.mark.parametrize("kind", [ClaudeCode, Codex, OpenCode], ids=lambda kind: kind.NAME)
async def test_an_agent_logs_in_and_calls_through_the_proxy(
    kind: type[Agent], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "server.pem"))
    async with (
        tls_sample(tmp_path) as server,
        proxied(server.metadata.resource, tmp_path / "state") as watched,
        serve_model() as model,
    ):
        server.faults.set(SampleFault.NO_CIMD)  # its document is on the internet
        agent = kind(tmp_path / "home", model)
        agent.home.environ = watched.environment(agent.home.environ)
        monkeypatch.setattr(agent.home, "walk", walk)
        await agent.login("sample", server.metadata.resource)
        assert WORD in await agent.call("sample")
        flow = next(each for each in watched.flows() if each.client_id and each.state is FlowState.DONE)
        assert name_of(flow).lower().startswith(kind.NAME.lower())
        assert {"token", "mcp"} <= {each.asked for each in watched.traces()}
