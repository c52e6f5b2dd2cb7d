"""The doctor's probes of provider and upstreams, continuously: their verdicts stand in Health.

A real provider is probed soon after the start, after each reload, and every few minutes, sooner while something is
wrong: what was mended must not stand there as it was. The emulator and everything else are when somebody asks.
"""

import asyncio
from datetime import timedelta

from devgw.diagnosis.verdicts import Check, Verdict
from devgw.events.taxonomy import ClockSkewMeasured
from devgw.gateway.identity import CLOCKS_AGREE
from devgw.monitor.views import PROBED, CheckRow
from devgw.wiring.runtime import Runtime

SOON = timedelta(seconds=2)
EVERY = timedelta(minutes=5)
AGAIN = timedelta(seconds=30)
"""Until the next probe where the last one, or a login since, found something wrong."""
STATES = {Verdict.PASS: "ok", Verdict.WARN: "warning", Verdict.FAIL: "bad", Verdict.NOT_APPLICABLE: "unknown"}


async def keep_probing(runtime: Runtime) -> None:
    """Probe a real provider now and then, until cancelled."""
    await asyncio.sleep(SOON.total_seconds())
    while True:
        generation = runtime.gateway.generation
        if not runtime.loaded.wants_emulator and not runtime.gateway.login.is_dev_login:
            await probe(runtime)
        for second in range(int(EVERY.total_seconds())):
            await asyncio.sleep(1)
            is_due = second >= AGAIN.total_seconds() and runtime.monitor.health.is_probe_due
            if is_due or runtime.gateway.generation != generation:
                break


async def probe(runtime: Runtime, only: str = "") -> list[Check]:
    """Look now, at one part or all, and let Health show the verdicts on provider and upstreams; return all of them."""
    from devgw.wiring.examining import examine_running  # noqa: PLC0415  10 MB that a gateway at rest does without

    def measured(url: str, skew: float) -> None:
        if abs(skew) <= CLOCKS_AGREE:  # that they do not is believed of a token alone: a `Date` may come from a cache
            runtime.bus.publish(ClockSkewMeasured(url=url, skew_seconds=skew))

    checks = await examine_running(runtime, measured, only)
    for check in checks:
        if check.name.startswith(PROBED):
            _show(runtime, check)
    return checks


def _show(runtime: Runtime, check: Check) -> None:
    fix = check.todo if check.verdict is Verdict.FAIL else ""  # what is only odd is nobody's reason for anything
    row = CheckRow(check.name, STATES[check.verdict], check.saw, at=runtime.clock.now().timestamp(), fix=fix)
    runtime.monitor.health.judge(row)
    runtime.monitor.wake()
