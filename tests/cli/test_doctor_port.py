"""The doctor looks at the gateway that runs, on whatever port it was started."""

import asyncio
from pathlib import Path

from devgw.cli.doctor import running_port
from devgw.settings import Settings
from tests.support.gateway import running_gateway


async def test_the_port_of_the_running_gateway_is_the_one_examined(tmp_path: Path) -> None:
    async with running_gateway(tmp_path, settings=Settings(port=0), ephemeral=False) as gateway:
        settings = gateway.runtime.settings
        assert await asyncio.to_thread(running_port, settings.state_path) == settings.port
    assert await asyncio.to_thread(running_port, settings.state_path) is None
