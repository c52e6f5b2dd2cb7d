"""An upstream for each test."""

from collections.abc import AsyncIterator

import pytest

from tests.outbound.bench import Bench
from tests.outbound.upstream import Upstream, running_upstream


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    async with running_upstream() as served:
        yield served


@pytest.fixture
async def bench(upstream: Upstream) -> Bench:
    return Bench(upstream)
