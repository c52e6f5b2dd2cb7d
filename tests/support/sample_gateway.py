"""The sample project as its own command runs it, in a process and on ports of its own."""

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import httpx2
from click.testing import CliRunner

from devgw.cli import main
from tests.support.serving import listen, origin_of
from tests.support.terminal import devgw

_USUAL = {"PORT": 9000, "EMULATORS_WORKOS_PORT": 9001, "EMULATORS_UPSTREAM_PORT": 9002}
_USUAL |= {"EMULATORS_UPSTREAM_AUTH_PORT": 9003}
_SECONDS = 30


@dataclass
class SampleGateway:
    """A gateway that runs for a folder."""

    folder: Path
    environ: dict[str, str]
    origin: str

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run a command of devgw in the folder, and return what it printed: in this process, which is quicker.

        In a thread, since a command runs a loop of its own, and a test may be one that runs in a loop already.
        """
        elsewhere = contextlib.chdir(self.folder), patch.dict(os.environ, self.environ, clear=True)
        with elsewhere[0], elsewhere[1], ThreadPoolExecutor(1) as pool:
            done = pool.submit(CliRunner().invoke, main, arguments).result()
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exc_info
        return subprocess.CompletedProcess(arguments, done.exit_code, done.stdout, done.stderr)


@contextmanager
def sample_gateway(folder: Path, **environ: str) -> Iterator[SampleGateway]:
    """Run the sample project in `folder` until the block ends."""
    with ExitStack() as stack:
        sockets = {name: stack.enter_context(listen()) for name in _USUAL}
        ports = {name: each.getsockname()[1] for name, each in sockets.items()}
        origin = origin_of(sockets["PORT"], "localhost")
    env = {**os.environ, "BROWSER": "true", **{f"DEVGW_{name}": str(port) for name, port in ports.items()}, **environ}
    subprocess.run(devgw("init", str(folder)), env=env, check=True, capture_output=True)
    for path in (folder / "config/routes.oas.json", folder / "emulators/workos.json"):
        text = path.read_text("utf-8")
        for name, usual in _USUAL.items():
            text = text.replace(f"localhost:{usual}", f"localhost:{ports[name]}")
        path.write_text(text, "utf-8")
    with (folder / "up.log").open("wb") as log:
        process = subprocess.Popen(devgw("up", "--headless"), cwd=folder, env=env, stdout=log, stderr=log)
        try:
            _await_answer(origin, process, folder / "up.log")
            yield SampleGateway(folder, env, origin)
        finally:
            process.terminate()
            process.wait(10)


def _await_answer(origin: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + _SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text("utf-8", "replace")
        try:
            if httpx2.get(f"{origin}/.well-known/oauth-authorization-server", timeout=5).status_code == 200:
                return
        except httpx2.TransportError:
            time.sleep(0.05)
    raise AssertionError(log.read_text("utf-8", "replace"))
