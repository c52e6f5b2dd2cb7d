"""Few descriptors: fresh, half-sent and idle connections by the thousand, under a limit of 256.

The gateway neither ends nor refuses: whoever asks for something is answered, and what asks for nothing makes room.
"""

import asyncio
import random
import socket
from collections import Counter
from dataclasses import dataclass, field

import httpx2

from tests.support.browser import Browser
from tests.trust.client import CALLBACK, Client
from tests.trust.process import GatewayProcess
from tests.trust.verdict import Verdict
from tests.trust.wire import read_answer
from tests.trust.world import world

LIMIT = 256
AT_ONCE = 100
HELD = 2_000
"""Connections that this process holds open at most, before it lets the oldest go."""
ANSWER_SECONDS = 12.0
_GONE_SECONDS = 3.0
GONE = 60
"""Connections that are opened, answered and closed, to see what they leave."""


@dataclass
class Crowd:
    """Connections of all kinds, as many at once as wanted."""

    gateway: GatewayProcess
    chance: random.Random
    answers: Counter[str] = field(default_factory=Counter)
    held: list[asyncio.StreamWriter] = field(default_factory=list)
    slowest: float = 0.0
    most: int = 0
    gate: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    async def come(self, number: int) -> None:
        """Open one connection: seven of ten ask and go, the others hold on to it."""
        async with self.gate:
            kind = self.chance.choice(("asks",) * 7 + ("idle", "half a head", "half a body"))
            try:
                await self._come(kind)
            except (OSError, TimeoutError, asyncio.IncompleteReadError) as error:
                self.answers[f"{kind}: {type(error).__name__}"] += 1
            if number % 50 == 0 and self.gateway.is_alive:
                self.most = max(self.most, self.gateway.open_descriptors())

    async def _come(self, kind: str) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        async with asyncio.timeout(ANSWER_SECONDS):
            reader, writer = await asyncio.open_connection("127.0.0.1", self.gateway.port)
            head = f"Host: localhost:{self.gateway.port}\r\n".encode()
            if kind != "asks":
                writer.write(
                    {
                        "idle": b"",
                        "half a head": b"GET / HTTP/1.1\r\nHo",
                        "half a body": b"POST /oauth/token HTTP/1.1\r\n" + head + b"Content-Length: 9\r\n\r\na",
                    }[kind]
                )
                self.held.append(writer)
                if len(self.held) > HELD:
                    self.held.pop(0).transport.abort()
                self.answers[kind] += 1
                return
            writer.write(b"GET /.well-known/oauth-authorization-server HTTP/1.1\r\n" + head + b"\r\n")
            answer = await read_answer(reader)
            writer.transport.abort()
        self.answers[f"asks: {answer.status}"] += 1
        self.slowest = max(self.slowest, loop.time() - began)


async def run(count: int, seed: int) -> Verdict:
    """Let `count` connections come."""
    verdict = Verdict("fds")
    async with world(descriptors=LIMIT) as around:
        await around.gateway.start()
        left = await _left_behind(around.gateway)
        crowd = Crowd(around.gateway, random.Random(seed))
        await asyncio.gather(*(crowd.come(number) for number in range(count)))
        works = await _works(around.gateway)
        for each in crowd.held:
            each.transport.abort()
        await asyncio.sleep(1.5)
        after = around.gateway.open_descriptors() if around.gateway.is_alive else -1
        verdict.check(around.gateway.is_alive, f"the process ended: {around.gateway.said()}")
    refused = {
        kind: number for kind, number in crowd.answers.items() if kind.startswith("asks") and kind != "asks: 200"
    }
    verdict.check(not refused, f"asked and got no answer: {refused}")
    verdict.check(left <= 2, f"{left} descriptors are kept for {GONE} clients that are gone for {_GONE_SECONDS:.0f} s")
    verdict.check(works, "a whole login does not work while the crowd is there")
    verdict.figure("limit of descriptors", LIMIT)
    verdict.figure("connections", count)
    verdict.figure("what became of them", ", ".join(f"{what} {n:,}" for what, n in sorted(crowd.answers.items())))
    verdict.figure("slowest answer", f"{crowd.slowest:.2f} s")
    verdict.figure(f"kept for {GONE} that had gone", left)
    verdict.figure("most in use", crowd.most)
    verdict.figure("in use after all had gone", after)
    return verdict


async def _left_behind(gateway: GatewayProcess) -> int:
    """Return how many descriptors are left three seconds after some clients were answered and went."""
    await _come_and_go(gateway)  # by then its helpers have opened what they hold: the files of flows, the watcher
    await asyncio.sleep(_GONE_SECONDS)
    before = gateway.open_descriptors()
    await _come_and_go(gateway)
    await asyncio.sleep(_GONE_SECONDS)
    return gateway.open_descriptors() - before


async def _come_and_go(gateway: GatewayProcess) -> None:
    for _ in range(GONE):
        client = socket.create_connection(("127.0.0.1", gateway.port))
        client.sendall(f"GET / HTTP/1.1\r\nHost: localhost:{gateway.port}\r\n\r\n".encode())
        await asyncio.to_thread(client.recv, 65_536)
        client.close()


async def _works(gateway: GatewayProcess) -> bool:
    """Tell whether a whole login and a call still work."""
    try:
        async with httpx2.AsyncClient(timeout=20) as http, Browser(CALLBACK) as browser:
            client = Client(gateway.origin, http, browser)
            return (await client.call(await client.log_in("/mcp/sample"))).status_code == 200
    except (httpx2.TransportError, AssertionError):
        return False
