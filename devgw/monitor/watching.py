"""The one task that watches: it observes the journal and lets the monitor's time pass."""

import asyncio

from devgw.events.bus import Bus
from devgw.monitor.monitor import Monitor

TICK_SECONDS = 0.25
"""How often the monitor looks for what failed to come."""


class Watching:
    """Runs beside the servers; whatever it meets, it goes on, and so do they."""

    def __init__(self, bus: Bus, monitor: Monitor) -> None:
        self._bus = bus
        self._monitor = monitor

    async def run(self) -> None:
        """Watch until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._bus.run())
            tasks.create_task(self._tick())

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_SECONDS)
            self._bus.guard.call("monitor", "tick", self._monitor.tick)
