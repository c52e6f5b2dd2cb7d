"""Everything hangs at once, and the gateway stops in order all the same, in less than its last resort takes."""

import asyncio
import logging
import time
from pathlib import Path
from typing import Any

from devgw.cli.ending import LAST_RESORT_SECONDS
from devgw.control.folder import passing_folder
from devgw.events.taxonomy import GatewayStopping
from devgw.settings import Settings
from tests.support.gateway import running_gateway


async def test_all_that_can_hang_at_a_stop_takes_less_than_the_last_resort(tmp_path: Path) -> None:
    released = asyncio.Event()

    async def stubborn() -> None:
        while not released.is_set():
            try:
                await released.wait()
            except asyncio.CancelledError:
                continue

    async with running_gateway(tmp_path, ephemeral=False, settings=Settings(port=0)) as gateway:
        runtime = gateway.runtime
        runtime.supervisor.start("stubborn", stubborn)
        refresh = asyncio.ensure_future(runtime.ground.completion.once("refresh of linear for user_1", released.wait))
        reader, writer = await asyncio.open_unix_connection(tmp_path / ".devgw" / "control.sock")
        half = await asyncio.open_connection("127.0.0.1", runtime.settings.port)
        half[1].write(b"POST /oauth/token HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nhalf")
        await asyncio.sleep(0.1)
        began = time.monotonic()
    took = time.monotonic() - began
    assert took < LAST_RESORT_SECONDS - 0.4
    assert gateway.events(GatewayStopping)[-1].unfinished == ("refresh of linear for user_1",)
    assert refresh.cancelled() or refresh.done()
    released.set()
    for each in (writer, half[1]):
        each.close()
    assert reader is not None


async def test_a_stop_with_nothing_under_way_is_told_once_and_leaves_no_folder_of_what_is_not_kept(
    tmp_path: Path,
) -> None:
    async with running_gateway(tmp_path) as gateway:
        assert passing_folder(tmp_path).is_dir()
    assert not passing_folder(tmp_path).exists()
    assert [each.unfinished for each in gateway.events(GatewayStopping)] == [()]


async def test_what_the_loop_does_with_faults_and_logs_is_as_it_was_before(tmp_path: Path) -> None:
    def own(_loop: asyncio.AbstractEventLoop, _context: dict[str, Any]) -> None:
        """Nothing is met here."""

    loop, kept = asyncio.get_running_loop(), list(logging.getLogger().handlers)
    loop.set_exception_handler(own)
    async with running_gateway(tmp_path):
        assert loop.get_exception_handler() is not own
    assert loop.get_exception_handler() is own
    assert logging.getLogger().handlers == kept
    loop.set_exception_handler(None)
