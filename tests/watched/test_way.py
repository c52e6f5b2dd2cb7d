"""A client goes its whole way through the local ports, and what it did is seen in the server's real URLs."""

import asyncio
from pathlib import Path

import httpx2
import pytest

from devgw.emulators.upstream_auth.faults import SampleFault
from devgw.events.flow import FlowState, Step
from devgw.events.taxonomy import DiagnosisMade
from tests.watched.bench import sample, watching
from tests.watched.raw import RawClient


async def test_a_client_goes_the_whole_way_and_its_flow_tells_it_in_real_urls(tmp_path: Path) -> None:
    async with (
        sample() as server,
        watching(server.metadata.resource, tmp_path) as watched,
        httpx2.AsyncClient(timeout=10, headers={"user-agent": "raw/1"}) as http,
    ):
        client = RawClient(http, watched.url)
        assert await client.go() == "passes"
        await client.refresh()
        assert await client.call() == "passes"
        real = server.metadata.issuer
        assert client.issuer == watched.origin
        assert real not in str([client.resource, client.server])

        flow, *others = watched.flows()
        assert not others
        assert flow.state is FlowState.DONE
        assert flow.client_name == "Raw"
        assert flow.resource == server.metadata.resource
        shown = [each for each in watched.traces() if each.asked != "callback"]
        assert {f"{each.scheme}://{each.host}" for each in shown} == {real}
        told = b"".join(each.response_body.content for each in shown)
        assert watched.origin.encode() not in told
        assert real.encode() in told


@pytest.mark.parametrize(
    ("fault", "diagnosis_id"),
    [
        (SampleFault.ISSUER_SLASH, "DISC-01"),
        (SampleFault.PRM_WRONG_RESOURCE, "AUD-01"),
        (SampleFault.PRM_HTML, "DISC-05"),
        (SampleFault.METADATA_HTML, "DISC-05"),
        (SampleFault.METADATA_BROKEN, "UPST-13"),
        (SampleFault.PLAIN_ONLY, "PKCE-01"),
    ],
    ids=str,
)
async def test_a_fault_of_the_server_is_named_with_its_owner_and_in_its_own_urls(
    fault: SampleFault, diagnosis_id: str, tmp_path: Path
) -> None:
    async with (
        sample() as server,
        watching(server.metadata.resource, tmp_path) as watched,
        httpx2.AsyncClient(timeout=10, headers={"user-agent": "raw/1"}) as http,
    ):
        server.faults.set(fault)
        await RawClient(http, watched.url).go()
        async with asyncio.timeout(15):
            while not (made := watched.events(DiagnosisMade)):
                await asyncio.sleep(0.05)
        assert diagnosis_id in {each.diagnosis_id for each in made}
        told = " ".join(f"{each.explanation} {each.hint}" for each in made)
        assert server.metadata.issuer in told
        assert watched.origin not in told
        assert "devgw" not in told.replace("devgw explain", "")


@pytest.mark.parametrize(
    ("fault", "step"),
    [
        (SampleFault.REGISTRATION_REFUSED, Step.REGISTER),
        (SampleFault.TOKEN_HTML, Step.TOKEN),
        (SampleFault.MCP_FORBIDDEN, Step.MCP),
        (SampleFault.MCP_UNAUTHORIZED, Step.MCP),
    ],
    ids=str,
)
async def test_a_flow_stops_at_the_step_that_the_server_refused(fault: SampleFault, step: Step, tmp_path: Path) -> None:
    async with (
        sample() as server,
        watching(server.metadata.resource, tmp_path) as watched,
        httpx2.AsyncClient(timeout=10, headers={"user-agent": "raw/1"}) as http,
    ):
        server.faults.set(fault)
        await RawClient(http, watched.url).go()
        flow = watched.flows()[0]
        assert flow.state is FlowState.FAILED
        assert flow.failure is not None
        assert flow.failure.step is step
        assert "answered" in flow.failure.explanation
        assert watched.origin not in flow.failure.explanation


async def test_a_client_that_comes_back_is_called_by_its_name(tmp_path: Path) -> None:
    async with sample() as server, watching(server.metadata.resource, tmp_path) as watched:
        async with httpx2.AsyncClient(timeout=10, headers={"user-agent": "raw/1"}) as http:
            client = RawClient(http, watched.url)
            assert await client.go() == "passes"
        async with httpx2.AsyncClient(timeout=10, headers={"user-agent": "raw/1"}) as again:
            await again.get(watched.url)
            await RawClient(again, watched.url).call(client.tokens["access_token"])
        assert {flow.client_name for flow in watched.flows()} == {"Raw"}
        named = [each.client_name for each in watched.traces() if each.asked in {"token", "mcp"} and each.status == 200]
        assert named == ["Raw"] * 3
