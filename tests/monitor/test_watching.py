"""What failed to come is looked for again and again, but not before what came is read."""

import asyncio
import time

from devgw.clock import SystemClock
from devgw.events import Bus
from devgw.monitor.monitor import Monitor
from devgw.monitor.watching import TICK_SECONDS, Watching
from devgw.settings import Settings
from tests.support.calls import calls_of

STILL = 1.5


async def test_nothing_is_missed_at_once_where_nothing_went_on_for_a_while() -> None:
    clock = SystemClock()
    bus = Bus(clock)
    watching = asyncio.ensure_future(Watching(bus, Monitor(clock, Settings(), bus)).run())

    async def until(count: int) -> None:
        async with asyncio.timeout(20):
            while called["Monitor.tick"] < count:
                await asyncio.sleep(0.01)

    loop = asyncio.get_running_loop()
    with calls_of(Monitor.tick) as called:
        took = TICK_SECONDS
        while took >= TICK_SECONDS / 2:  # else another tick may be due, on a busy machine
            await until(called["Monitor.tick"] + 2)
            before = called["Monitor.tick"]
            time.sleep(STILL)  # noqa: ASYNC251  so that the loop stands still
            began = loop.time()
            for _ in range(5):
                await asyncio.sleep(0)
            after, took = called["Monitor.tick"], loop.time() - began
        assert after == before
        await until(before + 2)
    watching.cancel()


async def test_it_is_looked_all_the_same_where_the_loop_stands_still_each_time() -> None:
    """Else a machine that is always late would never say anything."""
    clock = SystemClock()
    bus = Bus(clock)
    watching = asyncio.ensure_future(Watching(bus, Monitor(clock, Settings(), bus)).run())
    with calls_of(Monitor.tick) as called:
        for _ in range(6):
            await asyncio.sleep(0)
            time.sleep(STILL / 2)  # noqa: ASYNC251  so that the loop stands still
            for _ in range(5):
                await asyncio.sleep(0)
    assert called["Monitor.tick"] >= 2
    watching.cancel()
