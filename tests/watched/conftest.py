"""A sample server, devgw between a client and it, and a client's HTTP."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from tests.outbound.upstream import Upstream, running_upstream
from tests.watched.bench import Watching, watching


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    async with running_upstream() as served:
        yield served


@pytest.fixture
async def watched(upstream: Upstream, tmp_path: Path) -> AsyncIterator[Watching]:
    async with watching(upstream.origin + upstream.mcp_path, tmp_path) as found:
        yield found


@pytest.fixture
async def http() -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(timeout=10, headers={"user-agent": "raw/1"}) as client:
        yield client
