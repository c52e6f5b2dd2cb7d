"""What is under way and takes long stands in Health while it lasts: since when, and for what it waits.

A trace is complete only when its exchange is over; of one that hangs nothing else would be seen.
"""

import asyncio

from devgw.clock import Clock
from devgw.monitor.health import Health
from devgw.monitor.views import REQUEST, CheckRow
from devgw.web.front import Front
from devgw.web.recorder import Recording

EVERY = 1.0
SHOWN_AFTER = 2.0
"""Seconds for which an exchange may last before it is of interest."""
MOST = 10
"""The longest; how many more there are stands with them."""
WARNING_AFTER = 10.0
"""Seconds of waiting for one thing, of what is no stream: those wait for ever by their nature."""


class Pending:
    """Keeps a row in Health for each exchange that takes long."""

    def __init__(self, front: Front, health: Health, clock: Clock) -> None:
        self._front = front
        self._health = health
        self._clock = clock
        self._shown: set[str] = set()

    async def run(self) -> None:
        """Look once a second, until cancelled."""
        while True:
            self.look()
            await asyncio.sleep(EVERY)

    def look(self) -> None:
        """Show what takes long now, and nothing that is over."""
        long = [
            each for each in self._front.under_way() if each.elapsed_ms() > SHOWN_AFTER * 1_000 and not each.is_unseen
        ]
        rows = [self._row(each) for each in long[:MOST]]
        if len(long) > MOST:
            rows.append(CheckRow("requests", "ok", f"{len(long) - MOST} more take long", at=self._now()))
        for row in rows:
            self._health.judge(row)
        names = {row.name for row in rows}
        for name in self._shown - names:
            self._health.forget(name)
        self._shown = names

    def _row(self, recording: Recording) -> CheckRow:
        trace, waited = recording.trace, recording.waited_ms() / 1_000
        what = " ".join(filter(None, (trace.method, trace.path, trace.mcp_method, trace.capability)))
        state = "warning" if waited > WARNING_AFTER and not recording.is_streaming else "ok"
        text, fix = f"{what} {recording.under_way().how_far}", recording.waits_for.change
        return CheckRow(f"{REQUEST} {trace.id}", state, text, recording.elapsed_ms(), at=self._now(), fix=fix)

    def _now(self) -> float:
        return self._clock.now().timestamp()
