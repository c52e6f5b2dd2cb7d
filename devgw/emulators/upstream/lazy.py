"""A front that is there at once, and fetches what speaks MCP while nobody waits, or when the first client asks."""

import asyncio
import contextlib
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

from devgw.clock import Clock
from devgw.emulators.upstream.asgi import App, OpenRequests, Receive, Scope, Send, answer_error, answer_text, drain

MCP_PATH = "/mcp"
"""The one path on which MCP is spoken, with or without a trailing slash."""

SETTLES = 0.4
"""Seconds of the loop's time after which nothing of the host's start is held up any more by loading."""

WELCOME = f"""This is devgw's sample MCP server. It speaks MCP (2025-03-26 to 2026-07-28) at {MCP_PATH}.
Connect an MCP client to a route of the gateway, not to this port: here nothing asks for a token.
"""


class _Router(Protocol):
    def lifespan_context(self, app: Any) -> AbstractAsyncContextManager[Any]: ...


class Loaded(Protocol):
    """What is loaded late: a Starlette app, as the SDK builds it."""

    @property
    def router(self) -> _Router:
        """Return what starts and stops it."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""


class LazyApp:
    """An ASGI app that answers `GET /` by itself and loads what speaks MCP a moment later, or at the first request."""

    def __init__(self, load: Callable[[], Loaded], welcome: str = WELCOME, *, settles: float = SETTLES) -> None:
        self._load = load
        self._welcome = welcome
        self._settles = settles
        self._wanted = asyncio.Event()
        self._settled = asyncio.Event()
        self._app: App | None = None
        self._failure = "this server needs the ASGI lifespan protocol, which the host has not started"
        self._is_live = False
        self._open = OpenRequests()

    @property
    def is_loaded(self) -> bool:
        """Tell whether the SDK has been fetched."""
        return self._app is not None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or live through the host's lifespan."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        else:
            await self._answer(scope, receive, send)

    def close(self) -> None:
        """End every open request and stream at once; later requests are refused."""
        self._open.close()

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        async with asyncio.TaskGroup() as tasks:
            serving = tasks.create_task(self._serve_when_wanted())
            self._is_live = True
            await send({"type": "lifespan.startup.complete"})
            await receive()
            self.close()
            serving.cancel()
        await send({"type": "lifespan.shutdown.complete"})

    async def _serve_when_wanted(self) -> None:
        """Load in a thread, so that the loop goes on answering, and stay inside the lifespan of what was loaded."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wanted.wait(), self._settles)
        try:
            loaded = await asyncio.to_thread(self._load)
        except ImportError as missing:
            self._failure = f"the MCP SDK cannot be loaded: {missing}"
            self._settled.set()
            return
        async with loaded.router.lifespan_context(loaded):
            self._app = loaded
            self._settled.set()
            await asyncio.Event().wait()

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"].rstrip("/")
        if path != MCP_PATH:
            await self._answer_beside(path, scope["method"], receive, send)
            return
        inner = {**scope, "path": MCP_PATH, "raw_path": MCP_PATH.encode()}
        await self._open.hold(self._answer_mcp(inner, receive, send))

    async def _answer_beside(self, path: str, method: str, receive: Receive, send: Send) -> None:
        await drain(receive)
        if path == "" and method == "GET":
            await answer_text(send, 200, self._welcome)
        else:
            await answer_text(send, 404, f"Nothing is here. The MCP endpoint is {MCP_PATH}\n")

    async def _answer_mcp(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._is_live and not self._open.is_closing:
            self._wanted.set()
            await self._settled.wait()
        if self._app is None or self._open.is_closing:
            await drain(receive)
            await answer_error(send, 503, "this server is closing" if self._open.is_closing else self._failure)
            return
        await self._app(scope, receive, send)


def create_app(clock: Clock, settles: float = SETTLES) -> LazyApp:
    """Return the sample MCP server as an ASGI app; `clock` is what its tools call the time."""

    def load() -> Loaded:
        # Here and not above: this import is what the front exists to put off.
        from devgw.emulators.upstream.server import build_app  # noqa: PLC0415

        return build_app(clock)

    return LazyApp(load, settles=settles)
