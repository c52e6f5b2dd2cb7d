from collections.abc import AsyncIterator

import pytest

from tests.emulators.workos_bench import WorkosBench, emulated


@pytest.fixture
async def workos() -> AsyncIterator[WorkosBench]:
    """The WorkOS emulator, running, on a clock that stands still."""
    async with emulated() as bench:
        yield bench
