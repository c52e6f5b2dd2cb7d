from collections.abc import AsyncIterator

import httpx2
import pytest

from devgw.clock import FrozenClock
from devgw.emulators.upstream_auth import UpstreamWithOAuth, create_app
from tests.emulators.upstream_flow import UpstreamClient
from tests.emulators.workos_bench import WorkosBench, emulated
from tests.support.serving import listen, origin_of, serve


@pytest.fixture
async def workos() -> AsyncIterator[WorkosBench]:
    """The WorkOS emulator, running, on a clock that stands still."""
    async with emulated() as bench:
        yield bench


@pytest.fixture
def clock() -> FrozenClock:
    """The clock of the sample upstream with OAuth."""
    return FrozenClock()


@pytest.fixture
async def upstream(clock: FrozenClock) -> AsyncIterator[UpstreamWithOAuth]:
    """The sample upstream with OAuth, running."""
    with listen() as socket:
        app = create_app(clock, origin_of(socket, "localhost"))
        async with serve(app, on=socket):
            yield app


@pytest.fixture
async def client(upstream: UpstreamWithOAuth) -> AsyncIterator[UpstreamClient]:
    """A client of the sample upstream with OAuth that does each step by itself."""
    async with httpx2.AsyncClient(timeout=10) as http:
        yield UpstreamClient(http, upstream.metadata.issuer)
