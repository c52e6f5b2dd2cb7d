"""A served gateway's monitor beside the test: on a loop and thread of its own, as in another process."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from devgw.control.actions import NoActions
from devgw.control.server import ControlServer
from devgw.monitor.watching import Watching
from tests.monitor.walk import Walk


@dataclass
class Beside:
    """A walk that goes on in another thread."""

    root: Path
    walk: Walk
    loop: asyncio.AbstractEventLoop

    def do(self, step: Callable[[], object]) -> None:
        """Let a step happen there, and wait until it has."""
        done = threading.Event()

        def act() -> None:
            step()
            done.set()

        self.loop.call_soon_threadsafe(act)
        assert done.wait(10)


@contextmanager
def served_beside(root: Path) -> Iterator[Beside]:
    """Serve a walk's monitor in `root`/.devgw until the block ends."""
    walk = Walk()
    server = ControlServer(walk.monitor, NoActions(), root / ".devgw")
    ready, loop = threading.Event(), asyncio.new_event_loop()

    async def serve() -> None:
        await server.open()
        ready.set()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(server.serve())
            tasks.create_task(Watching(walk.bus, walk.monitor).run())

    serving = loop.create_task(serve())
    thread = threading.Thread(target=_until_cancelled, args=(loop, serving))
    thread.start()
    try:
        assert ready.wait(10)
        yield Beside(root, walk, loop)
    finally:
        loop.call_soon_threadsafe(serving.cancel)
        thread.join(10)
        loop.close()


def _until_cancelled(loop: asyncio.AbstractEventLoop, serving: "asyncio.Task[None]") -> None:
    loop.run_until_complete(asyncio.wait([serving]))
