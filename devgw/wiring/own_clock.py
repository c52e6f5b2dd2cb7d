"""The gateway's clock is moved, made to stand still or set back; whoever looks is told for as long as it lasts."""

from collections.abc import Callable
from datetime import timedelta

from devgw.clock import SystemClock, travelled
from devgw.control.actions import NotPossible
from devgw.control.commands import ClockView
from devgw.monitor.moments import stamp
from devgw.wiring.runtime import Runtime

_PROVIDER = "{} keeps the world's time, and so do its tokens and sessions."
_UPSTREAMS = "Upstreams that are not the sample's keep the world's time."


async def run_clock(runtime: Runtime, act: str, seconds: float = 0.0) -> ClockView:
    """Do `travel`, `freeze` or `reset`, or nothing, and return what time it is then.

    Raises:
        NotPossible: where the clock is a test's own.
    """
    clock = runtime.clock
    if not isinstance(clock, SystemClock):
        raise NotPossible("This gateway's clock cannot travel.")
    acts: dict[str, Callable[[], None]] = {
        "travel": lambda: clock.travel(timedelta(seconds=seconds)),
        "freeze": clock.freeze,
        "reset": clock.reset,
    }
    if act:
        acts[act]()
    frozen = stamp(clock.frozen)
    ahead = 0 if frozen else round(travelled(clock).total_seconds())
    if act:
        runtime.monitor.health.set_clock(ahead, frozen, clock.now())
        runtime.monitor.wake()
    return ClockView(clock.now().timestamp(), ahead, frozen, _note(runtime) if act not in {"", "reset"} else "")


def _note(runtime: Runtime) -> str:
    """Say who does not follow."""
    parts = [] if runtime.loaded.wants_emulator else [_PROVIDER.format(runtime.provider_name)]
    return " ".join(parts if runtime.loaded.is_sample else [*parts, _UPSTREAMS])
