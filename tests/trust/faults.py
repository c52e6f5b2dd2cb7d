"""The machine fails beneath it: disk, database, watches, descriptors, links, pipes, clocks. OAuth and the proxy go on.

What cannot be done is refused with a reason; when the fault is over, everything works again without a restart; and
whatever is broken, SIGTERM ends it within five seconds.
"""

import asyncio
import contextlib
import os
import shutil
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2

from devgw.control.client import snapshot_once
from devgw.monitor.views import HealthView
from tests.support.browser import Browser
from tests.trust.client import CALLBACK, Client
from tests.trust.spaces import Unavailable, in_space
from tests.trust.verdict import Verdict
from tests.trust.world import World, world

STOP_SECONDS = 5.0
CALL_SECONDS = 2.0
RECOVERY_SECONDS = 20.0
AT_ONCE = 2
"""Faults that are tried at the same time, each on a gateway of its own: most of the time they wait."""
ROUTE = "/mcp/sample"


@dataclass
class Broken:
    """A gateway on which a fault is tried."""

    name: str
    around: World
    client: Client
    verdict: Verdict

    @property
    def state(self) -> Path:
        """Return its state directory as its own process sees it."""
        return Path(f"/proc/{self.around.gateway.pid}/root{self.around.gateway.root}/.devgw")

    async def goes_on(self) -> None:
        """Check that a token that exists opens its route, soon."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            answer = await self.client.call(self.client.grants[ROUTE])
            good = answer.status_code == 200 and loop.time() - began < CALL_SECONDS
            said = f"{answer.status_code} after {loop.time() - began:.1f} s: {answer.text[:200]}"
        except httpx2.TransportError as error:
            good, said = False, repr(error)
        self.verdict.check(good, f"{self.name}: a call with a good token: {said}")

    async def tells(self, helper: str, *, is_well: bool) -> None:
        """Check that Health comes to say that a helper is well, or what is wrong with it and what mends that."""
        loop = asyncio.get_running_loop()
        until, said = loop.time() + RECOVERY_SECONDS, "nothing"
        while loop.time() < until:
            health = (await snapshot_once(self.state, ["health"])).rows["health"][0]
            assert isinstance(health, HealthView)
            row = next((each for each in health.checks if each.name == helper), None)
            if row is not None and ((row.state == "ok") if is_well else (row.state != "ok" and row.fix)):
                return
            said = f"{row.state}: {row.text}" if row else "nothing"
            await asyncio.sleep(0.25)
        self.verdict.check(is_kept=False, promise=f"{self.name}: Health says of {helper} {said}"[:300])

    async def refuses_clearly(self) -> None:
        """Check that what cannot be saved is refused with a reason, or was saved after all."""
        try:
            answer = await self._register()
        except httpx2.TransportError as error:
            self.verdict.check(is_kept=False, promise=f"{self.name}: a registration: {error!r}")
            return
        is_clear = answer.status_code == 201 or (answer.status_code in {429, 503} and "reason" in answer.json())
        self.verdict.check(is_clear, f"{self.name}: a registration: {answer.status_code} {answer.text[:200]}")

    async def recovers(self) -> None:
        """Check that a whole login works again, without a restart."""
        loop = asyncio.get_running_loop()
        until, said = loop.time() + RECOVERY_SECONDS, ""
        while loop.time() < until:
            try:
                if (answer := await self._register()).status_code == 201:
                    await self.client.log_in(ROUTE)
                    return
                said = answer.text
            except (httpx2.TransportError, AssertionError) as error:
                said = repr(error)
            await asyncio.sleep(0.25)
        self.verdict.check(is_kept=False, promise=f"{self.name}: does not recover: {said[:300]}")

    async def _register(self) -> httpx2.Response:
        asked = {"redirect_uris": [CALLBACK], "token_endpoint_auth_method": "none"}
        return await self.client.http.post(f"{self.client.origin}/oauth/register", json=asked)


Fault = Callable[[Verdict, int], Awaitable[None]]
FAULTS: dict[str, Fault] = {}


def fault(name: str) -> Callable[[Fault], Fault]:
    """Let a coroutine be the fault with this name."""

    def keep(act: Fault) -> Fault:
        FAULTS[name] = act
        return act

    return keep


@asynccontextmanager
async def _broken(name: str, verdict: Verdict, **gateway: Any) -> AsyncIterator[Broken]:
    """Yield a gateway with one client that is signed in; stop it at the end, and see how long that takes."""
    async with AsyncExitStack() as stack:
        around = await stack.enter_async_context(world(**gateway))
        await around.gateway.start()
        http = await stack.enter_async_context(httpx2.AsyncClient(timeout=15))
        client = Client(around.gateway.origin, http, await stack.enter_async_context(Browser(CALLBACK)))
        await client.log_in(ROUTE)
        yield Broken(name, around, client, verdict)
        alive = around.gateway.is_alive
        verdict.check(alive, f"{name}: the process ended: {around.gateway.said()[-300:]}")
        if alive:
            seconds = await asyncio.to_thread(around.gateway.terminate)
            verdict.figure(f"SIGTERM, {name}", f"{seconds:.1f} s")
            verdict.check(seconds < STOP_SECONDS, f"{name}: SIGTERM took {seconds:.1f} s")


@fault("disk full")
async def _disk_full(verdict: Verdict, seconds: int) -> None:
    space = in_space("mount -t tmpfs -o size=3m,mode=0700 tmpfs .devgw", "--mount")
    async with _broken("disk full", verdict, before=space, folders=(".devgw",)) as broken:
        filler = broken.state / "filler"
        with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
            while True:
                file.write(b"x" * 65_536)
        with contextlib.suppress(OSError), filler.open("ab", buffering=0) as file:
            while True:
                file.write(b"x" * 512)
        for _ in range(5):
            await broken.goes_on()
            await broken.refuses_clearly()
        await asyncio.sleep(seconds)
        await broken.tells("housekeeping", is_well=False)
        await broken.goes_on()
        filler.unlink()
        await broken.recovers()
        await broken.tells("housekeeping", is_well=True)


@fault("database locked")
async def _database_locked(verdict: Verdict, seconds: int) -> None:
    async with _broken("database locked", verdict) as broken:
        other = sqlite3.connect(broken.around.gateway.root / ".devgw" / "devgw.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        await broken.goes_on()
        await broken.refuses_clearly()
        await asyncio.sleep(seconds)
        await broken.goes_on()
        other.execute("ROLLBACK")
        await broken.recovers()
        other.execute("BEGIN IMMEDIATE")  # SIGTERM comes while it is locked
        await broken.goes_on()


@fault("no inotify")
async def _no_inotify(verdict: Verdict, seconds: int) -> None:
    space = in_space("echo 0 >/proc/sys/user/max_inotify_instances", "--user", "--map-root-user")
    async with _broken("no inotify", verdict, before=space) as broken:
        await broken.tells("file watcher", is_well=False)
        await broken.goes_on()
        await broken.recovers()


@fault("few descriptors")
async def _few_descriptors(verdict: Verdict, seconds: int) -> None:
    async with _broken("few descriptors", verdict, descriptors=128) as broken:
        held = []
        for _ in range(200):
            _, writer = await asyncio.open_connection("127.0.0.1", broken.around.gateway.port)
            held.append(writer)
        await asyncio.sleep(0.5)
        await broken.goes_on()
        for each in held:
            each.transport.abort()
        await broken.recovers()


@fault("a loop of links in config")
async def _links(verdict: Verdict, seconds: int) -> None:
    async with _broken("a loop of links in config", verdict) as broken:
        config = broken.around.gateway.root / "config"
        (config / "a").symlink_to(config / "b")
        (config / "b").symlink_to(config / "a")
        (config / "up").symlink_to(config)
        (config / "policies.json").touch()
        await asyncio.sleep(1)
        await broken.goes_on()
        await broken.recovers()


@fault("config is gone and comes back")
async def _config_gone(verdict: Verdict, seconds: int) -> None:
    async with _broken("config is gone and comes back", verdict) as broken:
        root = broken.around.gateway.root
        shutil.move(root / "config", root / "elsewhere")
        await asyncio.sleep(1)
        await broken.goes_on()
        shutil.move(root / "elsewhere", root / "config")
        await asyncio.sleep(1)
        await broken.goes_on()
        await broken.recovers()


@fault("nobody reads its lines")
async def _blocked_pipe(verdict: Verdict, seconds: int) -> None:
    reading, writing = os.pipe()
    async with _broken("nobody reads its lines", verdict, stdout=writing, options=("--json",)) as broken:
        for _ in range(150):  # beyond what a pipe holds
            await broken.goes_on()
        await broken.recovers()
    os.close(reading)
    os.close(writing)


@fault("its lines go nowhere")
async def _closed_pipe(verdict: Verdict, seconds: int) -> None:
    reading, writing = os.pipe()
    async with _broken("its lines go nowhere", verdict, stdout=writing, options=("--json",)) as broken:
        os.close(writing)
        os.close(reading)
        await broken.goes_on()
        await broken.recovers()


@fault("stdout on a full device")
async def _full_device(verdict: Verdict, seconds: int) -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    async with _broken("stdout on a full device", verdict, stdout=full) as broken:
        await broken.goes_on()
        await broken.recovers()
    os.close(full)


@fault("the provider's clock jumps")
async def _clock(verdict: Verdict, seconds: int) -> None:
    async with _broken("the provider's clock jumps", verdict) as broken:
        for hours in (2, -2):
            broken.around.workos.clock.skew = timedelta(hours=hours)
            await broken.goes_on()
            await broken.refuses_clearly()
            await broken.client.browser.open(broken.client.authorize_url(ROUTE, "v" * 43))
        broken.around.workos.clock.skew = timedelta()
        await broken.recovers()


async def run(count: int, seed: int) -> Verdict:
    """Try every fault; those of disk and database last `count` seconds. `seed` is of no use here."""
    del seed
    verdict, places = Verdict("faults"), asyncio.Semaphore(AT_ONCE)
    await asyncio.gather(*(_try(name, act, verdict, count, places) for name, act in FAULTS.items()))
    verdict.figure("faults", len(FAULTS))
    return verdict


async def _try(name: str, act: Fault, verdict: Verdict, count: int, places: asyncio.Semaphore) -> None:
    """Try one fault, when there is a place."""
    async with places:
        began = asyncio.get_running_loop().time()
        try:
            await act(verdict, count)
        except Unavailable as reason:
            verdict.figure(f"not tried: {name}", str(reason))
        except (RuntimeError, AssertionError, TimeoutError, OSError, httpx2.TransportError) as error:
            verdict.check(is_kept=False, promise=f"{name}: {error!r}"[:600])
        verdict.figure(name, f"{asyncio.get_running_loop().time() - began:.1f} s in all")
