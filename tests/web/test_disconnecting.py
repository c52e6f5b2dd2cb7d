"""What is read with somebody's account at an upstream is read no more once that is disconnected, however that was."""

import asyncio
import json
from collections.abc import Awaitable, Callable

import pytest

from devgw.events.taxonomy import HttpExchanged
from devgw.ids import SubjectId, UpstreamServerId
from devgw.wiring.acting import GatewayActions
from devgw.wiring.effects import CAUSE
from devgw.wiring.reloading import Reloading
from tests.support.gateway import mcp_request
from tests.web.test_connect import Bench, bench

__all__ = ["bench"]


async def by_command(bench: Bench) -> None:
    runtime = bench.gateway.runtime
    (kept,) = runtime.upstreams.oauth.connections()
    actions = GatewayActions(runtime, Reloading(runtime))
    assert await actions.disconnect(kept.upstream_server_id, kept.subject_id)


async def by_reload(bench: Bench) -> None:
    oauth = bench.gateway.runtime.upstreams.oauth
    (kept,) = oauth.connections()
    bench.gateway.runtime.supervisor.once(
        "disconnecting", oauth.disconnect(kept.subject_id, kept.upstream_server_id, CAUSE)
    )


async def stream(bench: Bench, act: Callable[[Bench], Awaitable[None]]) -> bytes:
    """Open a stream, act once its first event is here, and return what follows within a second."""
    headers = {
        "authorization": f"Bearer {bench.tokens['access_token']}",
        "accept": "application/json, text/event-stream",
        "mcp-protocol-version": "2025-11-25",
    }
    counting = {"name": "count_slowly", "arguments": {"steps": 20, "seconds": 0.2}}
    asked = mcp_request("tools/call", counting | {"_meta": {"progressToken": "p"}})
    async with bench.http.stream("POST", bench.gateway.mcp_url, json=asked, headers=headers) as answer:
        pieces = answer.aiter_raw()
        await anext(pieces)
        await act(bench)
        async with asyncio.timeout(1):
            return b"".join([piece async for piece in pieces])


@pytest.mark.parametrize("bench", ["user-oauth", "shared-oauth"], indirect=True)
@pytest.mark.parametrize("way", [by_command, by_reload])
async def test_an_open_stream_ends_with_its_connection(bench: Bench, way: Callable[[Bench], Awaitable[None]]) -> None:
    await bench.everything()
    rest = await stream(bench, way)
    error = json.loads(rest.rpartition(b"data: ")[2])["error"]
    assert error["code"] == -32042
    assert error["data"]["elicitations"][0]["url"].startswith(bench.gateway.origin)
    (trace,) = [each.trace for each in bench.gateway.events(HttpExchanged) if each.trace.mcp_method == "tools/call"]
    assert (trace.outcome, trace.reason_code) == ("connect_required", "connect_required")


async def test_the_stream_of_another_person_goes_on(bench: Bench) -> None:
    await bench.everything()

    async def other(bench: Bench) -> None:
        open_answers = bench.gateway.runtime.front.open_answers
        open_answers.end_connection(SubjectId("somebody else"), UpstreamServerId("notes"))
        exchange = bench.gateway.runtime.gateway.project.routes[0].token_exchange
        assert exchange
        open_answers.end_connection(SubjectId("somebody else"), exchange.id)

    with pytest.raises(TimeoutError):
        await stream(bench, other)
