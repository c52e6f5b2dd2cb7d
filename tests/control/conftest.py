"""A served monitor, and a reader of it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from devgw.control.actions import NoActions
from devgw.control.client import ControlClient
from devgw.control.commands import Consequences
from devgw.control.messages import ControlMessage, Events, Gap, Snapshot
from devgw.control.server import ControlServer
from devgw.monitor.watching import Watching
from tests.monitor.walk import Walk


class Recorded(NoActions):
    """Actions that end one grant and remember what they were asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, bool]] = []

    async def revoke(self, kind: str, id_: str, *, dry_run: bool) -> Consequences | None:
        self.asked.append((kind, id_, dry_run))
        return Consequences(kind, id_, token_ids=["at:1", "rt:1"], undo_id="u-1") if id_ == "g-1" else None


@dataclass
class Seen:
    """What one reader was sent."""

    messages: list[ControlMessage] = field(default_factory=list)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self, message: ControlMessage) -> None:
        self.messages.append(message)
        self._news.set()

    async def until(self, seq: int) -> None:
        """Wait until everything up to `seq` was seen."""
        await self.when(lambda: self.seq >= seq)

    async def when(self, holds: Callable[[], bool]) -> None:
        """Wait until `holds`."""
        async with asyncio.timeout(30):
            while not holds():
                self._news.clear()
                await self._news.wait()

    @property
    def seq(self) -> int:
        ends = [m.seq for m in self.messages if isinstance(m, Events) or (isinstance(m, Snapshot) and m.is_last)]
        return max(ends, default=-1)

    def ids(self, kind: str) -> list[str]:
        """Return the ids of all rows of a kind, in order of arrival."""
        name = "seq" if kind == "line" else "id"
        told = [m for m in self.messages if isinstance(m, Events | Snapshot)]
        return [str(getattr(row, name)) for message in told for row in message.rows.get(kind, [])]

    @property
    def missed(self) -> int:
        return sum(m.missed for m in self.messages if isinstance(m, Gap))


@dataclass
class Served:
    """A walk whose monitor is served."""

    state_dir: Path
    walk: Walk
    actions: Recorded
    server: ControlServer

    @asynccontextmanager
    async def reading(
        self, client: ControlClient | None = None, **options: object
    ) -> AsyncIterator[tuple[ControlClient, Seen]]:
        """Follow the gateway for a while."""
        reader = client or ControlClient(self.state_dir, **options)  # type: ignore[arg-type]  # passed on
        seen = Seen()
        async with asyncio.TaskGroup() as group:
            following = group.create_task(reader.follow(seen.take))
            yield reader, seen
            following.cancel()


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    walk, actions = Walk(), Recorded()
    server = ControlServer(walk.monitor, actions, tmp_path / "state")
    await server.open()
    async with asyncio.TaskGroup() as group:
        serving = group.create_task(server.serve())
        watching = group.create_task(Watching(walk.bus, walk.monitor).run())
        yield Served(tmp_path / "state", walk, actions, server)
        serving.cancel()
        watching.cancel()
