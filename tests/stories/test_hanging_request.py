"""A request that hangs is told of while it hangs, by `devgw trace` and `devgw why`, from the gateway's own process."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest

from tests.support.browser import Browser
from tests.support.bytes_upstream import Seen, bytes_upstream
from tests.trust.client import CALLBACK, Client
from tests.trust.world import World, world

HALF = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"jsonrpc"'


async def answer(seen: Seen, writer: asyncio.StreamWriter) -> None:
    if "half" in seen.line:
        writer.write(HALF)
    await asyncio.Event().wait()


async def told(root: Path, *words: str) -> tuple[int, str]:
    """Return how a command in the project's folder ended, and what it printed."""
    command = [sys.executable, "-m", "devgw", *words]
    done = await asyncio.to_thread(subprocess.run, command, cwd=root, capture_output=True, text=True, timeout=30)
    return done.returncode, done.stdout + done.stderr


async def told_until(root: Path, wanted: str, *words: str) -> tuple[int, str]:
    """Ask again until `wanted` is among what is printed."""
    async with asyncio.timeout(30):
        while wanted not in (answered := await told(root, *words))[1]:
            await asyncio.sleep(0.1)
    return answered


@asynccontextmanager
async def hanging(name: str) -> AsyncIterator[tuple[World, str]]:
    """Yield a world in which a call hangs, and the id of its request."""
    async with bytes_upstream(answer) as upstream:
        routes = {name: f"{upstream.url}/{name}"}
        async with (
            world(routes=routes) as around,
            around.gateway as gateway,
            httpx2.AsyncClient(timeout=60) as http,
            Browser(CALLBACK) as browser,
        ):
            client = Client(gateway.origin, http, browser)
            call = asyncio.ensure_future(client.call(await client.log_in(f"/mcp/{name}")))
            _, listed = await told_until(gateway.root, "waits for the", "trace", "--json")
            (row,) = (each for line in listed.splitlines() if "under_way" in (each := json.loads(line)))
            yield around, row["id"]
            call.cancel()


@pytest.mark.parametrize(
    ("name", "what", "change", "upstream_said"),
    [
        ("silent", "the upstream to begin its answer", "the upstream's own log", "has not answered"),
        ("half", "the body of the upstream's answer", "end the answer that it began", "answered 200"),
    ],
)
async def test_a_request_that_hangs_is_listed_shown_as_far_as_it_is_and_named_with_its_change(
    name: str, what: str, change: str, upstream_said: str
) -> None:
    async with hanging(name) as (around, id_):
        root = around.gateway.root
        _, shown = await told(root, "trace", id_)
        assert "-> no answer yet, " in shown
        assert f"it waits for {what} since" in shown
        assert f"/{name} {upstream_said}" in shown
        assert '"method": "tools/call"' in shown
        code, why = await told_until(root, id_, "why")
        assert f"POST /mcp/{name} tools/call echo waits for {what} since" in why
        assert change in why
        assert (code == 1) is ("Nothing has gone wrong." in why)


async def test_a_request_that_is_over_is_no_longer_under_way() -> None:
    async with (
        world() as around,
        around.gateway as gateway,
        httpx2.AsyncClient(timeout=60) as http,
        Browser(CALLBACK) as browser,
    ):
        client = Client(gateway.origin, http, browser)
        assert (await client.call(await client.log_in("/mcp/sample"))).status_code == 200
        _, listed = await told_until(gateway.root, "tools/call", "trace")
        assert "waits for" not in listed
        assert (await told(gateway.root, "why"))[0] == 1
