"""How long the sample server's first call takes, and the second: a moment after `devgw up` answers, and at once."""

import json
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from dataclasses import dataclass
from os import environ
from pathlib import Path
from statistics import median

from tests.bench.startup import resident_mb, until_200
from tests.support.serving import listen, origin_of

DASHBOARD_SHOWS = 1.5
"""Seconds after the first answer: the dashboard, a process of its own, needs as long for its first picture."""
WANTED_MS = 300


@dataclass(frozen=True)
class FirstCall:
    """Milliseconds of the first and second `tools/call`, and the resident megabytes before them."""

    first: float
    second: float
    resident_mb: float


def measure(after: float) -> FirstCall:
    """Start the gateway in an empty folder, wait `after` seconds from its first answer, and call `echo` twice."""
    with listen() as one, listen() as other:
        gateway, sample = origin_of(one, "localhost"), origin_of(other, "localhost")
    ports = {"DEVGW_PORT": gateway, "DEVGW_EMULATORS_UPSTREAM_PORT": sample}
    env = {**environ, **{name: origin.rpartition(":")[2] for name, origin in ports.items()}}
    with tempfile.TemporaryDirectory() as folder:
        _lead_to(folder, env, sample)
        command = [sys.executable, "-m", "devgw", "up", "--headless"]
        process = subprocess.Popen(command, cwd=folder, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        try:
            until_200(f"{gateway}/.well-known/oauth-authorization-server", process, time.perf_counter())
            time.sleep(after)
            resident = resident_mb(process.pid)
            return FirstCall(_call(sample), _call(sample), resident)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(10)


def _lead_to(folder: str, env: dict[str, str], sample: str) -> None:
    """Write the sample's project with the port that is free here."""
    subprocess.run([sys.executable, "-m", "devgw", "init"], cwd=folder, env=env, check=True, capture_output=True)
    routes = Path(folder, "config", "routes.oas.json")
    routes.write_text(routes.read_text("utf-8").replace("http://localhost:9002", sample), "utf-8")


def _call(sample: str) -> float:
    """Call `echo` and return the milliseconds."""
    call = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {"name": "echo", "arguments": {"message": "hi"}},
    }
    headers = {"content-type": "application/json", "accept": "application/json, text/event-stream"}
    asked = urllib.request.Request(f"{sample}/mcp", json.dumps(call).encode(), headers)  # noqa: S310  our own
    began = time.perf_counter()
    with urllib.request.urlopen(asked, timeout=30) as answer:  # noqa: S310  our own loopback URL
        assert b'"hi"' in answer.read()
    return (time.perf_counter() - began) * 1000


def report(rounds: int = 3) -> str:
    """Return two lines: called when the dashboard shows, and called at once."""
    lines = []
    for name, after in (("when the dashboard shows", DASHBOARD_SHOWS), ("at once", 0.0)):
        found = [measure(after) for _ in range(rounds)]
        first, second = median(each.first for each in found), median(each.second for each in found)
        verdict = f" (wanted: {WANTED_MS}, {'ok' if first < WANTED_MS else 'TOO SLOW'})" if after else ""
        resident = median(each.resident_mb for each in found)
        lines.append(f"first call {name}: {first:.0f} ms{verdict}, then {second:.0f} ms · {resident:.0f} MB resident")
    return "\n".join(lines)


if __name__ == "__main__":
    print(report())
