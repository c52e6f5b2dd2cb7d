"""The wire, against the real control server: live, lost, back, another gateway, turned away."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from devgw.clock import SystemClock
from devgw.control.messages import CommandAnswer
from devgw.control.server import ControlServer
from devgw.dashboard.feed import Feed
from devgw.dashboard.world import Link, World
from tests.support.control_feed import Feed as Gateway


class Line:
    """A feed that runs, and the world behind it."""

    def __init__(self, state_dir: Path) -> None:
        self.state_dir = state_dir
        self.world = World()
        self.news = asyncio.Event()
        self.feed = Feed(self.world, SystemClock(), state_dir, self.news.set)

    async def when(self, holds: Callable[[], bool]) -> None:
        """Wait until `holds`."""
        async with asyncio.timeout(15):
            while not holds():
                await asyncio.sleep(0.01)

    async def ask(self, name: str, **arguments: object) -> CommandAnswer:
        """Ask the gateway, as a key does."""
        came: asyncio.Future[CommandAnswer] = asyncio.get_running_loop().create_future()
        self.feed.ask(name, arguments, came.set_result)
        async with asyncio.timeout(15):
            return await came


@pytest.fixture
async def line(tmp_path: Path) -> AsyncIterator[Line]:
    one = Line(tmp_path / "s")
    running = asyncio.ensure_future(one.feed.run())
    yield one
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def up(state_dir: Path, gateway: Gateway) -> ControlServer:
    server = ControlServer(gateway.monitor, gateway, state_dir)
    await server.open()
    return server


async def test_without_a_gateway_it_waits_and_commands_say_so(line: Line) -> None:
    await line.when(line.news.is_set)

    assert line.world.link is Link.CONNECTING
    answer = await line.ask("reload")
    assert (answer.ok, answer.code) == (False, "unreachable")


async def test_what_the_gateway_tells_arrives_first_whole_then_as_it_changes(line: Line) -> None:
    gateway = Gateway()
    gateway.fill(traces=30, tokens=4)
    server = await up(line.state_dir, gateway)
    await line.when(lambda: (len(line.world.table("token")), len(line.world.table("trace"))) == (8, 30))
    assert line.world.link is Link.LIVE

    gateway.exchange()
    await line.when(lambda: len(line.world.table("trace")) == 31)
    changes = line.world.drain()
    assert changes.is_whole
    await server.close()


async def test_a_command_is_answered_and_its_effect_comes_as_rows(line: Line) -> None:
    gateway = Gateway()
    gateway.fill(traces=0, tokens=1)
    server = await up(line.state_dir, gateway)
    await line.when(lambda: len(line.world.table("token")) == 2)
    answer = await line.ask("revoke", kind="token", id="at:000000000000")

    assert answer.ok
    await line.when(lambda: line.world.table("token").rows["at:000000000000"].state == "revoked")
    await server.close()


async def test_a_gateway_that_goes_leaves_its_rows_and_another_one_begins_anew(line: Line) -> None:
    first = Gateway()
    first.fill(traces=5, tokens=0)
    server = await up(line.state_dir, first)
    await line.when(lambda: len(line.world.table("trace")) == 5)

    await server.close()
    await line.when(lambda: line.world.link is Link.LOST)
    assert len(line.world.table("trace")) == 5

    second = Gateway()
    second.fill(traces=2, tokens=0)
    server = await up(line.state_dir, second)
    await line.when(lambda: len(line.world.table("trace")) == 2)
    assert line.world.link is Link.LIVE
    assert line.world.restarted_at > 0
    await server.close()


async def test_a_gateway_of_another_version_is_named(tmp_path: Path) -> None:
    """It says which version it speaks, and what to do."""
    state_dir = tmp_path / "s"
    state_dir.mkdir()
    refusal = {
        "type": "turned_away",
        "code": "other_version",
        "explanation": "This gateway speaks version 9.",
        "hint": "Restart the older.",
    }

    async def refuse(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(json.dumps(refusal).encode() + b"\n")
        writer.close()

    server = await asyncio.start_unix_server(refuse, state_dir / "control.sock")
    line = Line(state_dir)
    running = asyncio.ensure_future(line.feed.run())
    await line.when(lambda: line.world.link is Link.REFUSED)

    assert line.world.link_words == "This gateway speaks version 9. Restart the older."
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    server.close()
