"""Readers that leave before they are greeted are nobody's fault, on the loop that the program runs on."""

import asyncio
import socket
from pathlib import Path
from typing import Any

import uvloop

from devgw.control.actions import NoActions
from devgw.control.client import snapshot_once
from devgw.control.server import ControlServer
from tests.monitor.walk import Walk

READERS = 100


async def leave(state_dir: Path) -> list[str]:
    """Let many connect and leave at once; return what the loop has to complain of."""
    complaints: list[str] = []

    def hear(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        complaints.append(f"{context['message']}: {context.get('exception')}")

    asyncio.get_running_loop().set_exception_handler(hear)
    server = ControlServer(Walk().monitor, NoActions(), state_dir)
    await server.open()
    for _ in range(READERS):
        reader = socket.socket(socket.AF_UNIX)
        reader.connect(str(state_dir / "control.sock"))
        reader.close()
    await snapshot_once(state_dir, ["flow"])  # whoever comes last is served last
    await server.close()
    return complaints


def test_readers_that_leave_before_they_are_greeted_are_no_defect(tmp_path: Path) -> None:
    assert uvloop.run(leave(tmp_path / "state")) == []
