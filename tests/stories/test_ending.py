"""A gateway that is asked to stop finishes what it began at an upstream, and says what it could not."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import httpx2

from devgw.clock import FrozenClock
from devgw.events.taxonomy import GatewayStopping
from devgw.settings import Settings
from tests.outbound.test_refresh import refreshes, until
from tests.outbound.upstream import Upstream, running_upstream
from tests.support.browser import Browser
from tests.support.gateway import CALLBACK, Running, mcp_request, running_gateway
from tests.web.test_connect import project


@asynccontextmanager
async def refreshing(root: Path, upstream: Upstream, clock: FrozenClock) -> AsyncIterator[Running]:
    """Run a gateway until the upstream has decided, but not answered, the refresh that a call needs."""
    upstream.expires_in = 60
    calling: asyncio.Future[httpx2.Response] | None = None
    async with httpx2.AsyncClient(timeout=20) as http, Browser(CALLBACK) as browser:
        async with running_gateway(root, clock=clock, ephemeral=False, settings=Settings(port=0)) as gateway:
            client = await gateway.register(http)
            await gateway.sign_in(browser, gateway.authorize_url(client["client_id"], "v" * 43))
            await browser.press("Connect Notes")
            await browser.press("Allow")
            assert browser.location
            form = {"grant_type": "authorization_code", "code": httpx2.URL(browser.location).params["code"]}
            form |= {"client_id": client["client_id"], "code_verifier": "v" * 43, "resource": gateway.mcp_url}
            tokens = (await http.post(f"{gateway.origin}/oauth/token", data=form)).json()
            clock.travel(timedelta(seconds=60))
            upstream.held = asyncio.Event()
            headers = {"authorization": f"Bearer {tokens['access_token']}", "accept": "application/json"}
            call = http.post(gateway.mcp_url, json=mcp_request("tools/list"), headers=headers)
            calling = asyncio.ensure_future(call)
            await until(lambda: refreshes(upstream) == 1)
            yield gateway
        await asyncio.wait([calling])
        calling.exception()


async def test_a_stop_finishes_a_refresh_and_the_next_start_goes_on_with_what_it_brought(tmp_path: Path) -> None:
    clock = FrozenClock()
    async with running_upstream() as upstream:
        root = project(tmp_path, upstream.origin + "/mcp")
        async with refreshing(root, upstream, clock) as gateway:
            assert upstream.held
            asyncio.get_running_loop().call_later(2.0, upstream.held.set)
            stopped = time.monotonic()
        assert time.monotonic() - stopped < 5
        assert all(not each.unfinished for each in gateway.events(GatewayStopping))
        async with running_gateway(root, clock=clock, ephemeral=False, settings=Settings(port=0)) as gateway:
            (kept,) = gateway.runtime.upstreams.oauth.connections()
        assert kept.secrets.refresh_token in upstream.refresh_tokens
        assert kept.unanswered_since is None


async def test_a_stop_that_cannot_wait_any_longer_says_for_what_and_the_next_start_knows(tmp_path: Path) -> None:
    clock = FrozenClock()
    async with running_upstream() as upstream:
        root = project(tmp_path, upstream.origin + "/mcp")
        async with refreshing(root, upstream, clock) as gateway:
            stopped = time.monotonic()
        assert time.monotonic() - stopped < 5
        (said,) = [each.unfinished for each in gateway.events(GatewayStopping) if each.unfinished]
        assert said[0].startswith("refresh of notes for ")
        assert upstream.held
        upstream.held.set()
        async with running_gateway(root, clock=clock, ephemeral=False, settings=Settings(port=0)) as gateway:
            (kept,) = gateway.runtime.upstreams.oauth.connections()
        assert (kept.unanswered_since, kept.unanswered_because) == (clock.now(), "devgw was ended before it came")
