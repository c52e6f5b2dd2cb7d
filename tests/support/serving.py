"""An ASGI app on a real socket: `async with serve(app) as origin:`.

An app that has to know its origin before it exists is served on a socket that was opened first:

    with listen() as socket:
        app = create_app(origin=origin_of(socket))
        async with serve(app, on=socket) as origin: ...
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from socket import AF_INET, AF_INET6, SO_REUSEADDR, SOCK_STREAM, SOL_SOCKET, socket
from typing import Any

from hypercorn.asyncio import serve as hypercorn_serve
from hypercorn.config import Config

CLOSING_SECONDS = 0.5
"""How long streams may take to notice that the server closes; after that they are cut."""


def listen(host: str = "127.0.0.1", port: int = 0) -> socket:
    """Return a socket that is bound to `host` and to `port`, or to any free port."""
    listener = socket(AF_INET6 if ":" in host else AF_INET, SOCK_STREAM)
    listener.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
    listener.bind((host, port))
    return listener


def origin_of(listener: socket, host: str | None = None) -> str:
    """Return the origin at which `listener` answers, under the name `host` if that is given."""
    address, port = listener.getsockname()[:2]
    name = host or (f"[{address}]" if ":" in address else address)
    return f"http://{name}:{port}"


@asynccontextmanager
async def serve(
    app: Any, *, host: str = "127.0.0.1", port: int = 0, on: socket | None = None, config: Config | None = None
) -> AsyncIterator[str]:
    """Serve `app` with Hypercorn while the block runs, and yield its origin without a trailing slash."""
    listener = on or listen(host, port)
    origin = origin_of(listener)
    closing = asyncio.Event()
    settings = config or _without_date()
    settings.bind = [f"fd://{listener.detach()}"]
    settings.graceful_timeout = CLOSING_SECONDS
    # Nothing is to be written to the terminal of the tests.
    settings.accesslog, settings.errorlog = None, None
    server = asyncio.ensure_future(hypercorn_serve(app, settings, shutdown_trigger=closing.wait, mode="asgi"))
    await _until_it_answers(origin, server)
    try:
        yield origin
    finally:
        closing.set()
        done, _ = await asyncio.wait({server}, timeout=CLOSING_SECONDS + 1)
        if not done:
            server.cancel()
        await asyncio.gather(server, return_exceptions=True)


def _without_date() -> Config:
    # An app under test tells the time by its own clock, or not at all.
    settings = Config()
    settings.include_date_header = False
    return settings


async def _until_it_answers(origin: str, server: asyncio.Future[None]) -> None:
    host, _, port = origin.removeprefix("http://").rpartition(":")
    while not server.done():
        try:
            _, writer = await asyncio.open_connection(host.strip("[]"), int(port))
        except ConnectionRefusedError:
            await asyncio.sleep(0.005)
        else:
            writer.close()
            return
    server.result()
