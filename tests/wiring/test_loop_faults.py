"""A task that nobody waits for fails: it is told as an event, and nothing goes raw to stderr."""

import asyncio
import logging

import pytest

from devgw.events.running import ObserverFailed
from tests.support.gateway import running_gateway


async def test_a_forgotten_fault_is_told_and_printed_nowhere(capfd: pytest.CaptureFixture[str]) -> None:
    async with running_gateway() as gateway:
        loop = asyncio.get_running_loop()
        loop.call_soon(lambda: 1 / 0)
        loop.call_exception_handler({"message": "a task of nobody", "exception": ValueError("lost")})
        logging.getLogger("some.library").warning("something odd")
        async with asyncio.timeout(10):
            while gateway.runtime.bus.guard.failures < 2:
                await asyncio.sleep(0.01)
        failed = gateway.events(ObserverFailed)
        assert {each.who for each in failed} == {"event loop"}
    printed = capfd.readouterr()
    assert "odd" not in printed.err
    assert "Traceback" not in printed.err
