"""A gateway as the program it is, in a process of its own, which may be killed."""

import asyncio
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import httpx2

from devgw.control.client import snapshot_once
from devgw.monitor.views import HealthView
from tests.support.serving import listen
from tests.trust.verdict import Verdict

START_SECONDS = 30.0
_TREE = Path(__file__).parents[2]


def free_port() -> int:
    """Return a port that nobody has at this moment, on either loopback family."""
    with listen() as listener:
        return int(listener.getsockname()[1])


@dataclass
class GatewayProcess:
    """`devgw up --headless` for the project in `root`; started and ended as often as wanted, on one port."""

    root: Path
    environ: Mapping[str, str] = field(default_factory=dict)
    options: tuple[str, ...] = ()
    port: int = field(default_factory=free_port)
    descriptors: int | None = None
    """The limit of open descriptors, soft and hard."""
    before: tuple[str, ...] = ()
    """A command that runs the program, such as one that makes a mount namespace."""
    folders: tuple[str, ...] = ()
    """Made in the project before the start, for `before`."""
    stdout: int | IO[bytes] | None = None
    """Where its lines go; a file beside the project if not said."""
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def origin(self) -> str:
        """Return where it answers."""
        return f"http://localhost:{self.port}"

    @property
    def log(self) -> Path:
        """Return the file with everything it printed."""
        return self.root.parent / "gateway.out"

    @property
    def pid(self) -> int:
        """Return the id of the process that was started last."""
        assert self.process is not None
        return self.process.pid

    @property
    def is_alive(self) -> bool:
        """Tell whether the process runs."""
        return self.process is not None and self.process.poll() is None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.kill()

    async def start(self) -> None:
        """Start it and return when it answers."""
        self.launch()
        await self.until_it_answers()

    def launch(self) -> None:
        """Start the process."""
        for each in self.folders:
            (self.root / each).mkdir(mode=0o700, exist_ok=True)
        command = [*self.before, sys.executable, "-m", "devgw", "up", str(self.root), "--headless"]
        environ = {
            **os.environ,
            "PYTHONPATH": os.environ.get("TEST_DEVGW_PATH") or str(_TREE),
            "DEVGW_PORT": str(self.port),
            **self.environ,
        }
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                [*command, *self.options],
                cwd=self.root,
                stdin=subprocess.DEVNULL,
                stdout=out if self.stdout is None else self.stdout,
                stderr=out,
                env=environ,
                preexec_fn=self._limit if self.descriptors else None,  # noqa: PLW1509  no thread runs here
            )

    def _limit(self) -> None:
        assert self.descriptors is not None
        resource.setrlimit(resource.RLIMIT_NOFILE, (self.descriptors, self.descriptors))

    async def until_it_answers(self, seconds: float = START_SECONDS) -> None:
        """Return when the front page is served."""
        async with asyncio.timeout(seconds), httpx2.AsyncClient(timeout=5) as http:
            while True:
                if not self.is_alive:
                    raise RuntimeError(f"the gateway ended at its start: {self.said()}")
                try:
                    if (await http.get(f"{self.origin}/", headers={"accept": "application/json"})).status_code == 200:
                        return
                except httpx2.TransportError:
                    await asyncio.sleep(0.02)

    def kill(self) -> None:
        """End it at once, as `kill -9` does."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(10)

    def terminate(self, seconds: float = 10.0) -> float:
        """Ask it to stop and return the seconds that took; it is killed after `seconds`."""
        assert self.process is not None
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
        return time.monotonic() - began

    def resident(self) -> int:
        """Return its resident memory in bytes."""
        status = Path(f"/proc/{self.pid}/statm").read_text(encoding="ascii")
        return int(status.split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def open_descriptors(self) -> int:
        """Return how many descriptors it has open."""
        return sum(1 for _ in Path(f"/proc/{self.pid}/fd").iterdir())

    async def defects(self) -> str:
        """Return what its own observers, rules and views met, in words; nothing where all is well."""
        health = (await snapshot_once(self.root / ".devgw", ["health"])).rows["health"][0]
        assert isinstance(health, HealthView)
        if not health.faults + health.observer_faults:
            return ""
        log = self.root / ".devgw" / "gateway.log"
        written = log.read_text(encoding="utf-8", errors="replace")[-600:] if log.exists() else ""
        return f"{health.faults} defects, {health.observer_faults} faults of observers: {written}"

    def said(self) -> str:
        """Return the end of what it printed."""
        return self.log.read_text(encoding="utf-8", errors="replace")[-2000:] if self.log.exists() else ""


async def check_watching(gateway: GatewayProcess, verdict: Verdict) -> None:
    """Check that those who watch understood all that happened: their faults reach nobody, and so would not be seen."""
    defects = await gateway.defects() if gateway.is_alive else ""
    verdict.check(not defects, f"the watching met {defects}")
