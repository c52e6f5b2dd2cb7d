"""Descriptors: as many as the machine gives, counted, and none left is no end."""

import asyncio
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from devgw.limits import Limits
from devgw.platforms.here import here
from devgw.web.descriptors import connection_limit, limit
from tests.support.gateway import Running, running_gateway
from tests.web.incoming import Echo, served

_RAISED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (int(sys.argv[1]), int(sys.argv[2])))
from devgw.limits import Limits
from devgw.platforms.here import here
from devgw.web.descriptors import connection_limit, limit
here().raise_open_files(Limits.DESCRIPTORS)
print(limit(), connection_limit())
"""
_CROWD = """
import socket, sys
sys.stdin.readline()
held = [socket.create_connection(("127.0.0.1", int(sys.argv[1])), 10) for _ in range(40)]
asks = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 10)
asks.settimeout(15)
asks.sendall(b"GET /asked HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n")
print(asks.recv(1000).decode(), flush=True)
"""


@pytest.mark.parametrize(
    ("soft", "hard", "raised", "connections"),
    [(256, 256, 256, 64), (256, 2_000, 2_000, 645), (1_024, 1_024, 1_024, 320), (40, 40, 40, 8)],
)
def test_the_soft_limit_is_raised_to_the_hard_one_and_bounds_the_connections(
    soft: int, hard: int, raised: int, connections: int
) -> None:
    """MacOS gives 256 unless asked, and takes more when asked."""
    command = [sys.executable, "-c", _RAISED, str(soft), str(hard)]
    said = subprocess.run(command, check=True, capture_output=True, text=True, cwd=Path(__file__).parents[2]).stdout
    assert said.split() == [str(raised), str(connections)]


def test_no_limit_at_all_is_bounded_too() -> None:
    assert limit() <= Limits.DESCRIPTORS
    assert connection_limit() <= Limits.CONNECTIONS


async def test_health_says_how_many_are_open_and_how_many_may_be(gateway: Running) -> None:
    async with asyncio.timeout(10):
        while not (
            found := [each for each in gateway.runtime.monitor.health.look().checks if each.name == "descriptors"]
        ):
            await asyncio.sleep(0.05)
    assert found[0].state == "ok"
    assert f"of {limit():,} are open" in found[0].text
    assert here().open_files()


async def test_health_names_the_idle_connections_that_were_ended_to_make_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("devgw.web.listening.connection_limit", lambda: 8)
    async with running_gateway() as gateway:
        idle = [await asyncio.open_connection("127.0.0.1", gateway.runtime.listeners.port) for _ in range(30)]
        async with asyncio.timeout(20):
            while not any(
                "were ended to make room" in each.text for each in gateway.runtime.monitor.health.look().checks
            ):
                await asyncio.sleep(0.05)
        for _, writer in idle:
            writer.close()


async def test_a_moment_without_any_descriptor_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Accepting fails with EMFILE: uvloop would close the listening socket for ever, asyncio would wait a second."""
    monkeypatch.setattr("devgw.web.listening.connection_limit", lambda: 1_000)
    app = Echo()
    async with served(app) as port:
        command = [sys.executable, "-c", _CROWD, str(port)]
        crowd = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        with _few_descriptors(6):
            said, _ = await asyncio.wait_for(crowd.communicate(b"go\n"), 30)
    assert said.startswith(b"HTTP/1.1 200")
    assert app.seen == ["GET /asked"]


@contextmanager
def _few_descriptors(left: int) -> Iterator[None]:
    """Leave so many descriptors free while the block runs."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    highest = max(int(each.name) for each in Path("/proc/self/fd").iterdir())
    resource.setrlimit(resource.RLIMIT_NOFILE, (highest + left + 1, before[1]))
    filled = []
    try:
        with suppress(OSError):
            while True:
                filled.append(os.dup(0))
        for _ in range(left):
            os.close(filled.pop())
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
        for each in filled:
            os.close(each)
