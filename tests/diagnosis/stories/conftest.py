"""A real gateway over real sockets, and what its rules say about each flow."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx2
import pytest

from devgw.clock import FrozenClock, SystemClock
from devgw.diagnosis import diagnose_gateway
from devgw.events.flow import Diagnosis, Flow
from tests.support.browser import Browser
from tests.support.gateway import CALLBACK, Running, running_gateway

_TURNS = 20
"""How often what is under way is waited for: a stream stays open."""


class Watched:
    """A running gateway whose time can be moved on and whose flows are judged when asked."""

    def __init__(self, running: Running, clock: SystemClock | FrozenClock) -> None:
        self.running = running
        self.clock = clock
        self.origin = running.origin
        self.mcp_url = running.mcp_url

    def wait(self, seconds: float) -> None:
        """Let the gateway's time pass."""
        self.clock.travel(timedelta(seconds=seconds))

    async def flows(self) -> list[Flow]:
        """Judge once every answered request is told, and return all flows, the newest last."""
        monitor, front = self.running.runtime.monitor, self.running.runtime.front
        for _ in range(_TURNS):
            if not front.under_way():  # on a busy machine an answer is read long before its exchange has ended
                break
            await asyncio.sleep(0.01)
        seen = -1
        while seen != (seen := len(self.running.published)):
            await asyncio.sleep(0.01)  # an exchange is published after its answer has left
        monitor.tick()
        while not monitor.judging.is_idle:  # a tick has a budget of time
            monitor.tick()
        return list(monitor.flow_book.flows)

    async def said(self) -> list[Diagnosis]:
        """Judge, and return every diagnosis of every flow."""
        return [each for flow in await self.flows() for each in flow.diagnoses]

    async def names(self) -> list[str]:
        """Judge, and return the ids of all diagnoses."""
        return [each.id for each in await self.said()]

    async def of_gateway(self) -> list[Diagnosis]:
        """Return what is said of the gateway as a whole."""
        await self.flows()
        return diagnose_gateway(self.running.runtime.diagnoser.around, self.clock.now())

    async def only(self, failure_id: str) -> Diagnosis:
        """Return the one diagnosis there is, which must have this id."""
        found = await self.said()
        assert [each.id for each in found] == [failure_id], [(each.id, each.cause) for each in found]
        return found[0]


@pytest.fixture
async def gateway() -> AsyncIterator[Watched]:
    clock = SystemClock()
    async with running_gateway(clock=clock) as running:
        yield Watched(running, clock)


@pytest.fixture
async def http() -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(timeout=20, headers={"user-agent": "python-httpx2/2"}) as client:
        yield client


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with Browser(CALLBACK) as opened:
        yield opened
