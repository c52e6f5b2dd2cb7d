"""Everything hangs at once, and the gateway stops in order all the same, in less than its last resort takes."""

import asyncio
import time
from pathlib import Path

from devgw.cli.ending import LAST_RESORT_SECONDS
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
