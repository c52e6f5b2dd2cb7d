"""What `devgw up --headless` costs before its first answer, and what it holds when idle."""

import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from tests.support.serving import listen, origin_of

PATIENCE = 30.0


@dataclass(frozen=True)
class Startup:
    """CPU seconds (user and system) until the first 200, wall seconds, and the resident megabytes a moment later."""

    cpu: float
    wall: float
    resident_mb: float


def measure(settle: float = 1.5) -> Startup:
    """Start the gateway in an empty folder, ask until it answers 200, and stop it."""
    with listen() as listener:
        origin = origin_of(listener, "localhost")
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        command = [sys.executable, "-m", "devgw", "up", "--headless", "--port", origin.rpartition(":")[2]]
        process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        try:
            until_200(f"{origin}/.well-known/oauth-authorization-server", process, began)
            wall, cpu = time.perf_counter() - began, _cpu(process.pid)
            time.sleep(settle)
            return Startup(cpu, wall, resident_mb(process.pid))
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(10)


def until_200(url: str, process: "subprocess.Popen[bytes]", began: float) -> None:
    """Ask `url` until it answers 200."""
    while time.perf_counter() - began < PATIENCE:
        if process.poll() is not None:
            assert process.stderr
            raise SystemExit(f"devgw up ended with {process.returncode}: {process.stderr.read().decode()}")
        try:
            with urllib.request.urlopen(url, timeout=1) as answer:  # noqa: S310  our own loopback URL
                json.load(answer)
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.01)
    raise SystemExit(f"{url} did not answer within {PATIENCE:g} s")


def _cpu(pid: int) -> float:
    """Return user and system seconds that the process has had so far."""
    if not Path("/proc").exists():
        return sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mb(pid: int) -> float:
    """Return the resident megabytes of the process."""
    if Path("/proc").exists():
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
    said = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], check=True, capture_output=True, text=True).stdout
    return int(said) / 1000
