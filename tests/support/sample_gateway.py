"""The sample project as its own command runs it, in a process and on ports of its own."""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from click.testing import CliRunner

from devgw.cli import main
from devgw.testing import run_gateway
from devgw.testing.gateway import gateway_environ
from tests.support.terminal import devgw


@dataclass
class SampleGateway:
    """A gateway that runs for a folder."""

    folder: Path
    state_dir: Path
    environ: dict[str, str]
    """By which commands find it."""
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
    environ = {"BROWSER": "true", **environ}
    subprocess.run(devgw("init", str(folder)), env=gateway_environ(environ), check=True, capture_output=True)
    with run_gateway(folder, **environ) as gateway:
        asking = gateway_environ({**environ, "DEVGW_STATE_DIR": str(gateway.state_dir)})
        yield SampleGateway(folder, gateway.state_dir, asking, gateway.origin)
