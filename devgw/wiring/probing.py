"""The doctor's probes of provider and upstreams, continuously: their verdicts stand in Health.

A real provider is probed soon after the start, after each reload, and every few minutes; the emulator and everything
else when somebody asks. The gateway's own routes are left to `devgw doctor`: probing them here would fill the traces.
"""

import asyncio
from datetime import timedelta

from devgw.diagnosis.verdicts import Check, Verdict
from devgw.events.taxonomy import ClockSkewMeasured
from devgw.monitor.views import CheckRow
from devgw.outbound.client import Bounds, http_client
from devgw.wiring.runtime import Runtime

SOON = timedelta(seconds=2)
EVERY = timedelta(minutes=5)
TIMEOUT_SECONDS = 5.0
STATES = {Verdict.PASS: "ok", Verdict.WARN: "warning", Verdict.FAIL: "bad", Verdict.NOT_APPLICABLE: "unknown"}


async def keep_probing(runtime: Runtime) -> None:
    """Probe a real provider now and then, until cancelled."""
    await asyncio.sleep(SOON.total_seconds())
    while True:
        generation = runtime.gateway.generation
        if not runtime.loaded.wants_emulator and not runtime.gateway.login.is_dev_login:
            await probe(runtime)
        for _ in range(int(EVERY.total_seconds())):
            await asyncio.sleep(1)
            if runtime.gateway.generation != generation:
                break


async def probe(runtime: Runtime) -> None:
    """Ask provider and upstreams now, and let Health show the verdicts."""
    from devgw.outbound.probes.asking import Asker  # noqa: PLC0415  10 MB that a gateway at rest does without
    from devgw.outbound.probes.provider import Pair, examine_provider  # noqa: PLC0415  comes with it
    from devgw.outbound.probes.routes import examine_upstream  # noqa: PLC0415  comes with it

    gateway = runtime.gateway
    callback = runtime.urls.callback

    def measured(url: str, skew: float) -> None:
        runtime.bus.publish(ClockSkewMeasured(url=url, skew_seconds=skew))

    async with http_client(Bounds(TIMEOUT_SECONDS), user_agent="devgw-doctor") as http:
        asker = Asker(http, runtime.clock)
        if not gateway.login.is_dev_login:
            async for check in examine_provider(asker, Pair(gateway.policy, callback), measured):
                _show(runtime, check)
        for route in gateway.project.routes:
            _show(runtime, await examine_upstream(asker, route))


def _show(runtime: Runtime, check: Check) -> None:
    text = f"{check.saw} {check.todo}".strip()
    if check.name == "machine.clock":  # told by the measuring itself, for everybody who keeps it
        return
    runtime.monitor.health.judge(CheckRow(check.name, STATES[check.verdict], text, at=runtime.clock.now().timestamp()))
    runtime.monitor.wake()
