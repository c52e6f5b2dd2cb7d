"""A watched server in this process: the sample server with OAuth that errs on request, and what stands before it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2

from devgw.clock import SystemClock
from devgw.emulators.upstream_auth import UpstreamWithOAuth, create_app
from devgw.events import Event, Published, Trace
from devgw.events.flow import Flow
from devgw.events.taxonomy import HttpExchanged
from devgw.settings import Settings
from devgw.wiring.watched_runtime import WatchedRuntime, build_watched, run_watched
from tests.support.browser import Browser
from tests.support.heard import Heard
from tests.support.serving import listen, origin_of, serve

CALLBACK = "http://localhost:8976/callback"


@dataclass
class Watching:
    """A server that is watched."""

    runtime: WatchedRuntime
    heard: Heard

    @property
    def url(self) -> str:
        """Return the URL that clients are given."""
        return self.runtime.local_url

    @property
    def origin(self) -> str:
        """Return the local origin of the server."""
        return self.url.removesuffix(urlsplit(self.url).path)

    @property
    def published(self) -> list[Published]:
        return self.heard.published

    def events(self, kind: type[Event]) -> list[Any]:
        return [each for each in self.heard.events if isinstance(each, kind)]

    def traces(self) -> list[Trace]:
        return [each.trace for each in self.events(HttpExchanged)]

    def flows(self) -> list[Flow]:
        self.heard.published  # noqa: B018  what was published so far is folded
        return list(self.runtime.monitor.flow_book.flows)


@asynccontextmanager
async def sample() -> AsyncIterator[UpstreamWithOAuth]:
    """Run the sample server with OAuth."""
    with listen() as socket:
        app = create_app(SystemClock(), origin_of(socket, "localhost"))
        async with serve(app, on=socket):
            yield app


@asynccontextmanager
async def watching(url: str, folder: Path, *, is_local: bool = True, port: int = 0) -> AsyncIterator[Watching]:
    """Watch the server at `url` until the block ends."""
    settings = Settings(root=folder, port=port)
    runtime = build_watched(url, settings, SystemClock(), is_local=is_local)
    async with served(runtime):
        yield Watching(runtime, Heard(runtime.bus))


@asynccontextmanager
async def served(runtime: WatchedRuntime) -> AsyncIterator[None]:
    """Serve what was built until the block ends."""
    is_ready = asyncio.Event()
    running = asyncio.ensure_future(run_watched(runtime, ready=is_ready.set))
    try:
        async with asyncio.timeout(10):
            await asyncio.wait({running, asyncio.ensure_future(is_ready.wait())}, return_when=asyncio.FIRST_COMPLETED)
        yield
    finally:
        runtime.stopping.set()
        async with asyncio.timeout(10):
            await running


async def sign_in(url: str, *stops: str) -> str:
    """Go through the login behind an authorization URL as a person does; return where the client is answered."""
    async with Browser(*(stops or (CALLBACK,))) as browser:
        await browser.open(url)
        if browser.location is None:
            assert browser.page is not None
            assert browser.page.forms, f"{browser.page.status} {browser.page.text}"
            await browser.press(browser.page.forms[0].buttons[0][2])
        assert browser.location is not None, browser.page
        return browser.location


def query_of(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query, keep_blank_values=True).items()}


async def document(http: httpx2.AsyncClient, url: str) -> dict[str, Any]:
    answer = await http.get(url)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())
