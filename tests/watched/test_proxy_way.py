"""A client goes its whole way through the forward proxy with the real URLs, and what it did is seen as by the ports."""

from pathlib import Path

import pytest

from devgw.events.flow import FlowState
from tests.watched.proxied import proxied, tls_sample
from tests.watched.raw import RawClient


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "server.pem"))
    return tmp_path


async def test_a_client_goes_the_whole_way_with_the_real_urls(folder: Path) -> None:
    async with tls_sample(folder) as server, proxied(server.metadata.resource, folder) as watched:
        async with watched.http() as http:
            client = RawClient(http, server.metadata.resource)
            assert await client.go() == "passes"
            await client.refresh()
            assert await client.call() == "passes"
        assert client.issuer == server.metadata.issuer
        flow, *others = watched.flows()
        assert not others
        assert (flow.state, flow.client_name) == (FlowState.DONE, "Raw")
        assert {f"{each.scheme}://{each.host}" for each in watched.traces()} == {server.metadata.issuer}
