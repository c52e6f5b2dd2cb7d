"""`kill -9` at random moments under real flows, and every promise that was answered looked at after the restart."""

import asyncio
import random
from collections import Counter
from contextlib import AsyncExitStack

import httpx2

from tests.support.browser import Browser
from tests.trust.client import CALLBACK, Client
from tests.trust.promises import NOTES, SAMPLE, Promises
from tests.trust.verdict import Verdict
from tests.trust.world import World, world

PERSONAS = ("Ada", "Bob", "Carmen", "дмитро")
"""Whose clients they are: one each, since an upstream connection belongs to a person."""
_LONGEST_ROUND = 60.0


async def run(count: int, seed: int) -> Verdict:
    """Kill it `count` times."""
    verdict, counts, chance = Verdict("kill"), Counter[str](), random.Random(seed)
    async with world() as around, AsyncExitStack() as stack:
        await around.gateway.start()
        clients = []
        for persona in PERSONAS:
            http = await stack.enter_async_context(httpx2.AsyncClient(timeout=20))
            browser = await stack.enter_async_context(Browser(CALLBACK))
            client = await _begin(Client(around.gateway.origin, http, browser, persona))
            promises = Promises(around, client, random.Random(chance.random()), verdict, counts)
            clients.append(promises)
        for _ in range(count):
            async with asyncio.timeout(_LONGEST_ROUND):
                await _round(around, clients, chance)
        for each in clients:
            await each.check_all()
    verdict.figure("seed", str(seed))
    verdict.figure("kills", count)
    verdict.figure("clients registered", sum(len(each.registered) for each in clients))
    for name, value in sorted(counts.items()):
        verdict.figure(name, value)
    verdict.figure("promises broken", len(verdict.broken))
    return verdict


async def _begin(client: Client) -> Client:
    for route in (SAMPLE, NOTES):
        await client.log_in(route)
    return client


async def _round(around: World, clients: list[Promises], chance: random.Random) -> None:
    working = [asyncio.ensure_future(each.work()) for each in clients]
    await asyncio.sleep(0.03 + chance.random() * 0.4)
    around.gateway.kill()
    await asyncio.gather(*working)
    await around.gateway.start()
    await asyncio.gather(*(_check(each) for each in clients))


async def _check(promises: Promises) -> None:
    """Look at what one client was promised; where it cannot even begin again, that is a broken promise too."""
    try:
        await promises.check()
    except (AssertionError, httpx2.TransportError) as error:
        promises.broke(f"a client cannot go on after a restart: {error!r}")
