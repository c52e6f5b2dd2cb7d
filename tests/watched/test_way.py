"""A client goes its whole way through the local ports, and what it did is seen in the server's real URLs."""

from pathlib import Path

import httpx2

from devgw.events.flow import FlowState
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
