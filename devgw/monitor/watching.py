"""The one task that watches: it observes the journal and lets the monitor's time pass."""

import asyncio

from devgw.events.bus import Bus
from devgw.monitor.monitor import Monitor
from devgw.tasks import stood_still

TICK_SECONDS = 0.25
"""How often the monitor looks for what failed to come."""


class Watching:
    """Runs beside the servers; whatever it meets, it goes on, and so do they."""

    def __init__(self, bus: Bus, monitor: Monitor) -> None:
        self._bus = bus
        self._monitor = monitor

    async def run(self) -> None:
        """Watch until cancelled.

        Raises:
            RuntimeError: where one of both halves ended, for whatever reason; the other is ended, too.
        """
        halves = [asyncio.ensure_future(self._bus.run()), asyncio.ensure_future(self._tick())]
        try:
            await asyncio.wait(halves, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in halves:
                each.cancel()
            ended = await asyncio.gather(*halves, return_exceptions=True)
        raise RuntimeError("half of the watching ended") from next((each for each in ended if each is not None), None)

    async def _tick(self) -> None:
        loop, has_waited = asyncio.get_running_loop(), False
        while True:
            began = loop.time()
            await asyncio.sleep(TICK_SECONDS)
            has_waited = not has_waited and stood_still(loop.time() - began - TICK_SECONDS) > 0
            if has_waited:  # what came meanwhile is read first: nothing is missed that is only unread
                continue
            self._bus.guard.call("monitor", "tick", self._monitor.tick)
