"""A host that no resolver can be asked for: one sentence, and what to write."""

import subprocess
from pathlib import Path

import pytest

from tests.support.terminal import devgw


@pytest.mark.parametrize("host", ["a" * 70, "a..b"])
def test_a_host_that_cannot_be_asked_for_is_said_with_what_to_write(host: str, tmp_path: Path) -> None:
    done = subprocess.run(
        devgw("up", "--headless", "--port=0", "--host", host),
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "--host" in done.stderr
    assert "Write an address, or a name that resolvers can be asked for" in done.stderr
