"""A process whose observer is slow without a fault of its own; it prints who was set aside.

python -m tests.events.starved (queued|stopped)
"""

import os
import signal
import subprocess
import sys

from devgw.clock import SystemClock
from devgw.events import Bus
from devgw.events.fitness import SLOW_NS
from devgw.events.taxonomy import McpAuthConsentDenied
from devgw.platforms.signals import hear_going_on

HOG = [sys.executable, "-S", "-c", "while True: pass"]
MOST_NS = SLOW_NS * 3 // 5


def queued(clock: SystemClock) -> None:
    """Compute until it looks slow, or has really computed for a part of that time."""
    until, most = clock.ticks() + SLOW_NS, clock.thread_time().computed + MOST_NS
    while clock.ticks() < until and clock.thread_time().computed < most:
        pass


def stopped(_clock: SystemClock) -> None:
    """Be stopped by somebody, until they let it go on."""
    os.kill(os.getpid(), signal.SIGSTOP)


def observe(how: str) -> list[str]:
    """Let an observer be slow three times; return who was set aside."""
    clock, took = SystemClock(), list[int]()
    bus, act = Bus(clock), {"queued": queued, "stopped": stopped}[how]

    def timed(_published: object) -> None:
        began = clock.ticks()
        act(clock)
        took.append(clock.ticks() - began)

    bus.listen(timed, "painter")
    with hear_going_on(bus.fitness.note_going_on):
        while sum(each >= SLOW_NS for each in took) < 3:
            bus.publish(McpAuthConsentDenied())
            bus.drain()
    return [*bus.fitness.set_aside]


def main(how: str) -> None:
    """Come to be given less of a processor than others, or none, and print what came of it."""
    hogs = []
    if how == "queued":
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        hogs = [subprocess.Popen(HOG) for _ in range(3)]
    try:
        found = observe(how)
    finally:
        for each in hogs:
            each.kill()
    sys.stdout.write(f"set aside: {', '.join(found) or 'nobody'}\n")


if __name__ == "__main__":
    main(sys.argv[1])
