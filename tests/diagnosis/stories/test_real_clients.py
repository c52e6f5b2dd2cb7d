"""Real clients go the whole way, and nothing is said of them: the twin of every failure."""

from datetime import timedelta

import pytest

from devgw.clock import SystemClock
from tests.diagnosis.stories.conftest import Watched
from tests.stories import test_python_clients as python
from tests.support.browser import Browser
from tests.support.sdk_memory import Memory


async def nothing_said(gateway: Watched) -> None:
    """Assert silence now and ten minutes later, about every flow and about the gateway."""
    assert [(each.id, each.cause) for each in await gateway.said()] == []
    assert [flow.state for flow in await gateway.flows()]
    gateway.clock.travel(timedelta(minutes=10))
    assert [(each.id, each.cause) for each in await gateway.said()] == []
    assert [(each.id, each.cause) for each in await gateway.of_gateway()] == []


async def test_the_python_sdk_is_not_talked_about(gateway: Watched, browser: Browser) -> None:
    assert isinstance(gateway.clock, SystemClock)
    auth = python.provider(gateway.running, Memory(), browser)
    await python.call_echo(gateway.running, auth)

    await nothing_said(gateway)


async def test_the_python_sdk_that_refreshes_is_not_talked_about(gateway: Watched, browser: Browser) -> None:
    await python.test_the_python_sdk_goes_the_whole_way(gateway.running, browser)

    await nothing_said(gateway)


@pytest.mark.filterwarnings("ignore::UserWarning")  # it says that its storage is in memory
@python.both_layers
async def test_fastmcp_is_not_talked_about(gateway: Watched, route: str) -> None:
    await python.test_fastmcp_goes_the_whole_way(gateway.running, route)

    await nothing_said(gateway)


@pytest.mark.parametrize("seconds", [20, 200])
async def test_a_slow_person_is_forgiven_in_the_end(gateway: Watched, browser: Browser, seconds: int) -> None:
    class Slow(Browser):
        async def press(self, label: str, **fields: str) -> Browser:
            gateway.wait(seconds)
            return await super().press(label, **fields)

    async with Slow(*browser.stops) as slow:
        auth = python.provider(gateway.running, Memory(), slow)
        await python.call_echo(gateway.running, auth)

    await nothing_said(gateway)
