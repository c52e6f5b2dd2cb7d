"""FastMCP as an upstream with an authorization server that nobody here wrote."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from fastmcp import Client, FastMCP
from fastmcp.server.auth.auth import ClientRegistrationOptions, RevocationOptions
from fastmcp.server.auth.providers.in_memory import InMemoryOAuthProvider

from tests.outbound.bench import ANNE, Bench, connect_required
from tests.outbound.upstream import Upstream
from tests.support.serving import listen, origin_of, serve


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    with listen() as socket:
        origin = origin_of(socket, "localhost")
        auth = InMemoryOAuthProvider(
            base_url=origin,
            client_registration_options=ClientRegistrationOptions(enabled=True),
            revocation_options=RevocationOptions(enabled=True),
        )
        server = FastMCP("notes", auth=auth)
        server.tool(_echo)
        async with serve(server.http_app(path="/mcp"), on=socket):
            bench = Bench(Upstream(origin=origin))
            yield bench


def _echo(text: str) -> str:
    """Say it again."""
    return text


async def test_fastmcp_is_connected_used_renewed_and_disconnected(bench: Bench) -> None:
    assert (await connect_required(bench.token())).state == "authenticating"
    await bench.connect()
    first = await bench.token()
    async with Client(f"{bench.upstream.origin}/mcp", auth=first) as client:
        assert [tool.name for tool in await client.list_tools()] == ["_echo"]
    bench.clock.travel(timedelta(hours=2))
    second = await bench.token()
    assert second != first
    async with Client(f"{bench.upstream.origin}/mcp", auth=second) as client:
        assert await client.list_tools()
    assert await bench.oauth.disconnect(ANNE, bench.exchange.id)
    assert (await connect_required(bench.token())).state == "authenticating"
