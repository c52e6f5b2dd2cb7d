"""A stub of somebody's server, with its own authorization server, for whoever asks for it."""

from collections.abc import AsyncIterator

import pytest

from tests.outbound.upstream import Upstream, running_upstream


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    async with running_upstream() as served:
        served.server_metadata["authorization_response_iss_parameter_supported"] = True
        yield served
