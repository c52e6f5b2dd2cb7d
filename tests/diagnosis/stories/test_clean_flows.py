"""Clean but unusual ways, over a gateway that answers: nothing is said of them, not now and not ten minutes later."""

from asyncio import iscoroutinefunction
from collections.abc import Awaitable, Callable

import pytest

from devgw.monitor.why import NEWEST, why_of
from tests.diagnosis.stories import ways_of_agents, ways_of_people, ways_of_programs, ways_of_requests
from tests.diagnosis.stories.conftest import Watched
from tests.diagnosis.stories.ways_of_agents import a_lost_answer_of_a_refresh

Way = Callable[[Watched], Awaitable[None]]
WAYS: tuple[Way, ...] = tuple(
    each
    for module in (ways_of_people, ways_of_agents, ways_of_programs, ways_of_requests)
    for each in vars(module).values()
    if iscoroutinefunction(each) and each.__module__ == module.__name__
)


@pytest.mark.parametrize("walk", WAYS, ids=lambda walk: walk.__name__.replace("_", " "))
async def test_nothing_is_said_of_a_clean_way(gateway: Watched, walk: Way) -> None:
    await walk(gateway)
    for seconds in (0, 12, 50, 100, 450, 60):
        gateway.wait(seconds)
        found = await said(gateway)
        if seconds or walk is not a_lost_answer_of_a_refresh:
            found = [each for each in found if not (each == "REFR-01" and walk is a_lost_answer_of_a_refresh)]
            assert found == [], seconds
    told = why_of(gateway.running.runtime.monitor, NEWEST)
    assert told is not None
    assert told.cases == [] or walk is a_lost_answer_of_a_refresh


async def said(gateway: Watched) -> list[str]:
    """Return the ids of everything that is said now, of flows and of the gateway."""
    return await gateway.names() + [each.id for each in await gateway.of_gateway()]


def test_there_are_enough_of_them() -> None:
    assert len(WAYS) >= 84
