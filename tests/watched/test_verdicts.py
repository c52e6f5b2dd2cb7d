"""What a client makes of a server that errs is what it makes of it directly, in the same words but for the origin."""

import asyncio
import re
from datetime import timedelta
from pathlib import Path

import pytest

from devgw.diagnosis.rules.watched import SILENCE
from devgw.emulators.upstream_auth.faults import SampleFault
from devgw.events.taxonomy import DiagnosisMade
from tests.watched import clients
from tests.watched.bench import sample, watching

UNLIKE = {
    SampleFault.TOKEN_SLOW,
    SampleFault.MCP_SLOW,
    SampleFault.MCP_SILENT,
    SampleFault.MCP_ENDLESS,
    SampleFault.MCP_DEAD,
}
"""Of time: how long a client waits is its own."""
FAULTS = [each for each in SampleFault if each not in UNLIKE]
OF_LIBRARIES = [
    SampleFault.CHALLENGE_MISSING,
    SampleFault.PRM_ELSEWHERE,
    SampleFault.PRM_AT_ROOT,
    SampleFault.PRM_NOWHERE,
    SampleFault.PRM_HTML,
    SampleFault.PRM_WRONG_RESOURCE,
    SampleFault.METADATA_NOWHERE,
    SampleFault.METADATA_BROKEN,
    SampleFault.OIDC_ONLY,
    SampleFault.WRONG_ISSUER,
    SampleFault.ISSUER_SLASH,
    SampleFault.PLAIN_ONLY,
    SampleFault.REGISTRATION_REFUSED,
    SampleFault.ISS_MISSING,
    SampleFault.ISS_WRONG,
    SampleFault.STATE_LOST,
    SampleFault.TOKEN_HTML,
    SampleFault.TOKEN_ERROR_200,
    SampleFault.MCP_UNAUTHORIZED,
    SampleFault.MCP_FORBIDDEN,
    SampleFault.TOKEN_ANSWER_LOST,
]
ONCE = re.compile(r"u[ar][a-z]?_[A-Za-z0-9_-]+|[0-9a-f]{8,}|(?<=!= )\S+|(?<==)[A-Za-z0-9_-]{20,}")
"""What is another string each time: codes, tokens, ids, the state of a client that makes it by chance."""


async def compare(verdict: clients.Verdict, fault: SampleFault | None, folder: Path) -> str:
    """Return what the client says through devgw, once it is what it says directly."""
    async with sample() as server, watching(server.metadata.resource, folder) as watched:
        if fault is not None:
            server.faults.set(fault)
        directly = await verdict(server.metadata.resource, folder)
        through = await verdict(watched.url, folder)
        real = server.metadata.issuer
        assert alike(through, watched.origin, real) == alike(directly, watched.origin, real)
        return through


def alike(said: str, local: str, real: str) -> str:
    """Return what a client says, with the real origin for the local one, and without what is another each time."""
    return ONCE.sub("…", said.replace(local, real))


@pytest.mark.parametrize("fault", FAULTS, ids=str)
async def test_a_client_that_is_strict_says_the_same(fault: SampleFault, tmp_path: Path) -> None:
    await compare(clients.raw, fault, tmp_path)


pytestmark = pytest.mark.filterwarnings("ignore:Using in-memory token storage")

OTHERS = [clients.python_2, clients.fastmcp_4, clients.python_1, clients.typescript_2, clients.typescript_1]


@pytest.mark.parametrize("verdict", OTHERS, ids=lambda each: each.__name__)
async def test_a_library_passes_through_as_it_does_directly(verdict: clients.Verdict, tmp_path: Path) -> None:
    assert await compare(verdict, None, tmp_path) == "passes"


@pytest.mark.parametrize("verdict", [clients.python_2, clients.typescript_2], ids=lambda each: each.__name__)
async def test_nothing_is_said_of_a_library_that_passes(verdict: clients.Verdict, tmp_path: Path) -> None:
    async with sample() as server, watching(server.metadata.resource, tmp_path) as watched:
        assert await verdict(watched.url, tmp_path) == "passes"
        await asyncio.sleep((SILENCE + timedelta(seconds=1)).total_seconds())  # what is quiet for so long is judged
        assert watched.events(DiagnosisMade) == []


@pytest.mark.parametrize("fault", OF_LIBRARIES, ids=str)
@pytest.mark.parametrize("verdict", OTHERS, ids=lambda each: each.__name__)
async def test_a_library_says_the_same_of_a_server_that_errs(
    verdict: clients.Verdict, fault: SampleFault, tmp_path: Path
) -> None:
    await compare(verdict, fault, tmp_path)
