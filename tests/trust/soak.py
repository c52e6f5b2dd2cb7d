"""Mixed traffic for a long time: memory and descriptors are flat, measured after the trace ring is full.

What has no bound by itself is kept down as people do it: a client that signs in again revokes what it had. What is
over is remembered for a minute where there is much of it, and access tokens live for five: both are full by then.
"""

import asyncio
import random
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import httpx2

from tests.support.browser import Browser
from tests.trust.client import CALLBACK, Client
from tests.trust.process import check_watching
from tests.trust.verdict import Verdict
from tests.trust.world import World, world

KEPT = 300
PERSONAS = ("Ada", "Bob", "Carmen", "дмитро")
GROWTH_PER_MINUTE = 300_000
"""Bytes: beyond this, measured over the second half, memory is not flat. Less than a minute only shows leaps."""
SLACK = 12_000_000
"""Bytes by which an allocator's memory goes up and down."""
DESCRIPTORS = 12
_RARE = ("challenge", "wrong token", "metadata", "register", "leave", "half", "code")
ACTIONS = ("call",) * 12 + ("refresh",) * 3 + _RARE


@dataclass
class Soaking:
    """One client that does this and that."""

    around: World
    client: Client
    chance: random.Random
    counts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    async def work(self, until: float) -> None:
        """Go on until the loop's time is `until`."""
        loop = asyncio.get_running_loop()
        while loop.time() < until:
            action = self.chance.choice(ACTIONS)
            try:
                status = await self._do(action)
            except (httpx2.TransportError, AssertionError) as error:
                status = -1
                self.wrong.append(f"{action}: {error!r}"[:300])
            self.counts[f"{action} {status}"] += 1
            await asyncio.sleep(0.01)

    async def _do(self, action: str) -> int:
        """Do one thing and return the status of its answer."""
        client, grant = self.client, self.client.grants["/mcp/sample"]
        match action:
            case "refresh":
                answer = await client.refresh(grant)
                assert answer.status_code == 200, answer.text
                client.take("/mcp/sample", answer)
            case "challenge":
                answer = await client.http.post(grant.url, json={})
            case "wrong token":
                answer = await client.http.post(grant.url, json={}, headers={"authorization": "Bearer at_wrong"})
            case "metadata":
                answer = await client.http.get(f"{client.origin}/.well-known/oauth-authorization-server")
            case "register":
                answer = await client.try_to_register()
                # a quick machine comes to the limit of a minute, which is kept, too
                assert answer.status_code == 201 or "registrations_too_frequent" in answer.text, answer.text
            case "leave" | "half":
                return await self._leave(begun=action == "half")
            case "code":
                await client.revoke(grant)
                answer = await client.ask(await client.code("/mcp/sample"))
                assert answer.status_code == 200, answer.text
                client.take("/mcp/sample", answer)
            case _:
                answer = await client.call(grant)
                assert answer.status_code == 200, answer.text
        return answer.status_code

    async def _leave(self, *, begun: bool) -> int:
        """Open a connection and go, in the middle of a request or without one."""
        _, writer = await asyncio.open_connection("127.0.0.1", self.around.gateway.port)
        if begun:
            writer.write(b"POST /mcp/sample HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{")
            await writer.drain()
        writer.transport.abort()
        return 0


async def run(count: int, seed: int) -> Verdict:
    """Soak for `count` seconds."""
    verdict, chance = Verdict("soak"), random.Random(seed)
    loop = asyncio.get_running_loop()
    async with world(environ={"DEVGW_TRACES_KEPT": str(KEPT)}, access_seconds=300) as around, AsyncExitStack() as stack:
        await around.gateway.start()
        soaking = []
        for persona in PERSONAS:
            http = await stack.enter_async_context(httpx2.AsyncClient(timeout=20))
            browser = await stack.enter_async_context(Browser(CALLBACK))
            client = Client(around.gateway.origin, http, browser, persona)
            await client.log_in("/mcp/sample")
            soaking.append(Soaking(around, client, random.Random(chance.random())))
        until = loop.time() + count
        working = asyncio.gather(*(each.work(until) for each in soaking))
        measured = await _measure(around, loop.time() + count * 0.5, until)
        await working
        await check_watching(around.gateway, verdict)
    counts = sum((each.counts for each in soaking), Counter[str]())
    _judge(verdict, measured, count / 2 / 60)
    for wrong in (each for one in soaking for each in one.wrong):
        verdict.check(is_kept=False, promise=wrong)
    verdict.figure("seconds", count)
    verdict.figure("requests", sum(counts.values()))
    verdict.figure("traces kept", KEPT)
    verdict.figure("of them", ", ".join(f"{what}: {number:,}" for what, number in sorted(counts.items())))
    return verdict


async def _measure(around: World, since: float, until: float) -> list[tuple[int, int]]:
    """Return memory and descriptors, once a second in the second half."""
    loop = asyncio.get_running_loop()
    await asyncio.sleep(since - loop.time())
    measured = []
    while loop.time() < until and around.gateway.is_alive:
        measured.append((around.gateway.resident(), around.gateway.open_descriptors()))
        await asyncio.sleep(1)
    return measured


def _judge(verdict: Verdict, measured: list[tuple[int, int]], minutes: float) -> None:
    """Compare the first and the last fifth of what was measured."""
    verdict.check(len(measured) > 1, "the process ended")
    if len(measured) <= 1:
        return
    part = max(1, len(measured) // 5)
    (first, files), (last, files_then) = (
        tuple(sum(column) / part for column in zip(*few, strict=True)) for few in (measured[:part], measured[-part:])
    )
    allowed = SLACK + GROWTH_PER_MINUTE * minutes
    verdict.check(last - first < allowed, f"memory grew by {(last - first) / 1e6:.1f} MB in {minutes:.1f} minutes")
    verdict.check(files_then - files < DESCRIPTORS, f"descriptors grew from {files:.0f} to {files_then:.0f}")
    verdict.figure("memory, second half", f"{first / 1e6:.1f} to {last / 1e6:.1f} MB")
    verdict.figure("descriptors, second half", f"{files:.0f} to {files_then:.0f}")
