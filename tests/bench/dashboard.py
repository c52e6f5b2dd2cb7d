"""How fast is the dashboard? First paint, key to paint, processor, memory; on a real terminal against the real socket.

Run it on a quiet machine: `python -m tests.bench.dashboard`. It prints numbers and judges nothing.
"""

import re
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

from tests.support.terminal import Terminal, devgw

_STYLE = re.compile(rb"\x1b\[[0-9;:]*m")
_POINTED = re.compile(rb"> ?\d\d:\d\d:\d\d\.\d{3}[^\n]{0,90}?n=(\d+)")
_SIZES = ((80, 24), (120, 36), (200, 50))
_KEYS = 60
_GAP = 0.083


def measure(state_dir: Path, columns: int, rows: int) -> str:
    """Return one line of numbers for one size."""
    screen = Terminal(devgw("attach", str(state_dir.parent)), columns, rows)
    try:
        screen.shows("devgw")
        painted, cpu = time.perf_counter() - screen.started, screen.cpu_seconds()
        screen.shows("live")
        settle(screen, 2.0)
        screen.send(b"2")
        settle(screen, 1.5)
        return f"{columns}x{rows}  first paint {painted * 1e3:4.0f} ms, {cpu * 1e3:4.0f} ms of CPU  {keys(screen)}"
    finally:
        screen.end()


def settle(screen: Terminal, seconds: float) -> None:
    """Read for a while."""
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        screen.pump(0.05)


def keys(screen: Terminal) -> str:
    """Return how long it takes from a key to the row that it leads to, and what it all costs."""
    taken: list[float] = []
    began, cpu, size = time.perf_counter(), screen.cpu_seconds(), len(screen.output)
    before = b""
    for number in range(_KEYS):
        start = len(screen.output)
        sent = time.perf_counter()
        screen.send(b"j" if number % 20 < 10 else b"k")
        if screen.until(partial(has_moved, screen, start, before), 2.0):
            taken.append((time.perf_counter() - sent) * 1e3)
            before = pointed(screen, start)
        settle(screen, _GAP)
    passed = time.perf_counter() - began
    taken.sort()
    share = (screen.cpu_seconds() - cpu) / passed
    written = (len(screen.output) - size) / passed / 1e6
    if not taken:
        return "no key was answered"
    p50, p95 = taken[len(taken) // 2], taken[int(len(taken) * 0.95)]
    return (
        f"key to paint p50 {p50:4.1f} p95 {p95:4.1f} max {taken[-1]:4.1f} ms ({len(taken)} of {_KEYS})  "
        f"CPU {share:4.0%}  RSS {screen.resident_megabytes():.0f} MB  {written:.2f} MB/s"
    )


def has_moved(screen: Terminal, start: int, before: bytes) -> bool:
    """Tell whether the pointer was painted on another row since `start`."""
    return pointed(screen, start) not in {b"", before}


def pointed(screen: Terminal, start: int) -> bytes:
    """Return the number of the row that the pointer was painted on last."""
    found = _POINTED.findall(_STYLE.sub(b"", bytes(screen.output[start:])))
    return found[-1] if found else b""


def main(rate: str = "1000") -> None:
    """Measure all sizes."""
    with tempfile.TemporaryDirectory() as root:
        state_dir = Path(root) / ".devgw"
        arguments = ["--rate", rate, "--traces", "10000", "--tokens", "5000"]
        feed = subprocess.Popen(
            [sys.executable, "-m", "tests.support.control_feed", str(state_dir), *arguments], stdout=subprocess.PIPE
        )
        try:
            assert feed.stdout is not None
            feed.stdout.readline()
            for columns, rows in _SIZES:
                print(measure(state_dir, columns, rows), flush=True)
        finally:
            feed.terminate()
            feed.wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
