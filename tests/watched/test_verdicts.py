"""What a client makes of a server that errs is what it makes of it directly, in the same words but for the origin."""

from pathlib import Path

import httpx2
import pytest

from devgw.emulators.upstream_auth.faults import Fault
from tests.watched.bench import sample, watching
from tests.watched.raw import RawClient

UNLIKE = {
    Fault.TOKEN_SLOW,
    Fault.TOKEN_ANSWER_LOST,
    Fault.MCP_SLOW,
    Fault.MCP_SILENT,
    Fault.MCP_ENDLESS,
    Fault.MCP_DEAD,
    Fault.MCP_CUT,
}
"""Of time and of broken connections: their words are the HTTP library's."""
FAULTS = [each for each in Fault if each not in UNLIKE]


async def verdict(url: str) -> str:
    async with httpx2.AsyncClient(timeout=10, headers={"user-agent": "raw/1"}) as http:
        return await RawClient(http, url).go()


@pytest.mark.parametrize("fault", FAULTS, ids=str)
async def test_a_client_that_is_strict_says_the_same(fault: Fault, tmp_path: Path) -> None:
    async with sample() as server, watching(server.metadata.resource, tmp_path) as watched:
        server.faults.set(fault)
        directly = await verdict(server.metadata.resource)
        through = await verdict(watched.url)
        assert through.replace(watched.origin, server.metadata.issuer) == directly
