"""The dashboard in a browser: textual-serve behind a door of our own. A process of its own, which no dashboard imports.

textual-serve alone knows no login and takes WebSockets from any page. Off by default, on loopback only, read-only.
"""

import asyncio
import socket
import sys
from pathlib import Path

from aiohttp import web
from textual_serve.server import Server

from devgw.dashboard.child import GatewayChild
from devgw.dashboard.door import Door
from devgw.dashboard.entry import started
from devgw.dashboard.guard import guard
from devgw.foreign.text import writable
from devgw.platforms.here import here
from devgw.platforms.own_program import own_command
from devgw.platforms.signals import hear


class GuardedServer(Server):  # type: ignore[misc]  # textual-serve brings no types
    """textual-serve with the door in front of every route, and without its banner."""

    def __init__(self, command: str, door: Door) -> None:
        super().__init__(command, title="devgw", public_url=f"http://{door.host}")
        self._door = door

    async def application(self) -> web.Application:
        """Return the guarded application."""
        application = web.Application(middlewares=[guard(self._door)])
        application.add_subapp(self._door.place, await self._make_app())
        return application

    async def on_startup(self, app: web.Application) -> None:
        """Say nothing: the address was printed already."""


def serve_dashboard(directory: Path, state_dir: Path, child: GatewayChild | None = None, port: int = 0) -> int:
    """Serve dashboards on the gateway of `state_dir` to one browser until a signal comes; return the exit status."""
    listening = socket.create_server(("127.0.0.1", port))
    door = Door(listening.getsockname()[1])
    attach = own_command("attach", str(directory), "--state-dir", str(state_dir), "--read-only")
    if child is not None and not started(child):
        return 1
    try:
        said = f"devgw: the dashboard, read-only, for one browser: {door.url}"
        print(writable(said, sys.stdout), flush=True)  # noqa: T201  for the person
        asyncio.run(_serve(GuardedServer(here().shell_line(attach), door), listening))
    finally:
        if child is not None:
            child.stop()
    return 0


async def _serve(server: GuardedServer, listening: socket.socket) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    hear(lambda _signal: loop.call_soon_threadsafe(stopping.set), int)
    runner = web.AppRunner(await server.application(), handle_signals=False, shutdown_timeout=2.0)
    await runner.setup()
    try:
        await web.SockSite(runner, listening).start()
        await stopping.wait()
    finally:
        await runner.cleanup()
