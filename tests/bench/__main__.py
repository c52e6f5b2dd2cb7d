"""`python -m tests.bench [SECONDS] [ROUNDS]`: prints the ratios, and what a start and a doctor cost."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from statistics import median

from tests.bench.doctor import report as report_doctor
from tests.bench.first_call import report as report_first_call
from tests.bench.load import requests_per_second
from tests.bench.many_tokens import report as report_many_tokens
from tests.bench.reload import report
from tests.bench.startup import measure
from tests.support.gate import PATH
from tests.support.serving import listen

CONNECTIONS = (1, 16)
WANTED = {1: 0.30, 16: 0.40}
CPU_WANTED, MB_WANTED = 0.8, 80


def _free_port() -> int:
    with listen() as listener:
        return int(listener.getsockname()[1])


@contextmanager
def _running(kind: str, *ports: int) -> Iterator[str]:
    """Run one of the servers in a process of its own, and yield what it says beside being ready."""
    command = [sys.executable, "-m", "tests.bench.servers", kind, *map(str, ports)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        word, _, token = process.stdout.readline().strip().partition(" ")
        if word != "ready":
            raise SystemExit(f"{kind} did not start")
        yield token
    finally:
        process.terminate()
        process.wait(10)


def throughput(seconds: float, rounds: int) -> None:
    """Print the calls per second of upstream, ceiling and gateway, and the gateway's part of each."""
    with ExitStack() as running:
        ports = {kind: _free_port() for kind in ("upstream", "hello", "gateway")}
        running.enter_context(_running("upstream", ports["upstream"]))
        running.enter_context(_running("hello", ports["hello"]))
        token = running.enter_context(_running("gateway", ports["gateway"], ports["upstream"]))
        for connections in CONNECTIONS:
            found: dict[str, list[float]] = {kind: [] for kind in ports}
            for _ in range(rounds):
                for kind, port in ports.items():
                    url = f"http://127.0.0.1:{port}{PATH}"
                    found[kind].append(requests_per_second(url, token, connections, seconds))
            _print_row(connections, {kind: median(values) for kind, values in found.items()})


def _print_row(connections: int, rate: dict[str, float]) -> None:
    part = rate["gateway"] / rate["hello"]
    verdict = "ok" if part >= WANTED[connections] else "TOO SLOW"
    print(
        f"c={connections:<3} upstream directly {rate['upstream']:>9,.0f}/s"
        f" · Hypercorn raw-ASGI hello {rate['hello']:>7,.0f}/s"
        f" · tools/call through devgw {rate['gateway']:>7,.0f}/s\n"
        f"      {part:6.1%} of the ceiling (wanted: {WANTED[connections]:.0%}, {verdict})"
        f" · {rate['gateway'] / rate['upstream']:.1%} of the upstream",
        flush=True,
    )


def startup(rounds: int) -> None:
    """Print what `devgw up --headless` costs in an empty folder."""
    measured = [measure() for _ in range(rounds)]
    cpu, wall = median(each.cpu for each in measured), median(each.wall for each in measured)
    resident = median(each.resident_mb for each in measured)
    print(
        f"start: first 200 after {cpu:.2f} s of CPU (wanted: {CPU_WANTED}, {'ok' if cpu <= CPU_WANTED else 'TOO SLOW'})"
        f", {wall:.2f} s on the wall · idle {resident:.0f} MB resident"
        f" (wanted: {MB_WANTED}, {'ok' if resident < MB_WANTED else 'TOO BIG'})"
    )


if __name__ == "__main__":
    throughput(float(sys.argv[1]) if len(sys.argv) > 1 else 2, int(sys.argv[2]) if len(sys.argv) > 2 else 3)
    startup(3)
    print(report())
    print(report_first_call())
    print(report_doctor())
    print(report_many_tokens())
