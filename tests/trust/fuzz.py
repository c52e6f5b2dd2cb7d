"""Fuzzed inputs over kept sockets at every endpoint: no fault of devgw's own, no hang, no death, flat memory.

What an input leaves behind is in rings and books with limits: 5,000 lines, 2,000 flows with 50,000 keys, 5,000 rows of
clients. But for the clients they are full before half of a long run; from then on memory is flat.
"""

import asyncio
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field

import httpx2

from tests.support.browser import Browser
from tests.trust.client import CALLBACK, Client
from tests.trust.inputs import Inputs, Known, Sent
from tests.trust.process import check_watching
from tests.trust.verdict import Verdict
from tests.trust.wire import Answered, Wire
from tests.trust.world import World, world

SOCKETS = 8
FULL = 80_000
"""Inputs after which rings and books are full."""
FLAT = 15_000_000
"""Bytes that memory may grow in the second half of so many: an allocator's ups and downs, and rows of clients."""
FILLING = 60_000_000
"""The same in the second half of fewer inputs, while the books fill: it shows leaps only."""
_SMALL = {"DEVGW_TRACES_KEPT": "200", "DEVGW_TRACES_BODY_LIMIT": "2048", "DEVGW_PROXY_RESPONSE_TIMEOUT": "5"}
_CONTROL_SECONDS = 15.0
_MOST_DEATHS = 20
_LAST_BREATH = 5.0
"""Seconds in which a gateway that refuses connections answers again, or has ended."""


@dataclass
class Fuzzing:
    """The state of one run."""

    around: World
    inputs: Inputs
    verdict: Verdict
    statuses: Counter[str] = field(default_factory=Counter)
    restarting: asyncio.Lock = field(default_factory=asyncio.Lock)
    deaths: int = 0

    async def send(self, numbers: range) -> None:
        """Send the inputs with these numbers over one kept socket."""
        wire = Wire(self.around.gateway.port)
        for number in numbers:
            sent = self.inputs.make(number)
            try:
                await self._send(wire, sent)
            except TimeoutError:
                self._broke("a hang", sent)
                wire.close()
            except OSError:
                await self._restart(sent)
        wire.close()

    async def _send(self, wire: Wire, sent: Sent) -> None:
        if sent.is_control:
            await self._send_control(sent)
        elif sent.is_torn:
            await self._tear(sent)
        else:
            answer = await wire.ask(sent.data, is_head=sent.is_head)
            if answer.status == 0:  # the server may close a kept connection at any time
                answer = await wire.ask(sent.data, is_head=sent.is_head)
            self._judge(answer, sent)

    async def _restart(self, sent: Sent) -> None:
        """Start it again where it has ended, so that one death does not hide the next."""
        async with self.restarting:
            with suppress(TimeoutError, RuntimeError):
                await self.around.gateway.until_it_answers(_LAST_BREATH)
                return
            self.around.gateway.kill()
            raised = [line for line in self.around.gateway.said().splitlines() if "Error" in line]
            last = raised[-1].strip(" |") if raised else "it said nothing"
            self._broke(f"the process ended shortly before this input: {last}", sent)
            self.deaths += 1
            if self.deaths > _MOST_DEATHS:
                raise RuntimeError("the process ends again and again")
            await self.around.gateway.start()

    async def _tear(self, sent: Sent) -> None:
        """Send what may be no whole request, and leave."""
        _, writer = await asyncio.open_connection("127.0.0.1", self.around.gateway.port)
        writer.write(sent.data)
        writer.close()
        self.statuses["torn"] += 1

    async def _send_control(self, sent: Sent) -> None:
        path = self.around.gateway.root / ".devgw" / "control.sock"
        async with asyncio.timeout(_CONTROL_SECONDS):
            reader, writer = await asyncio.open_unix_connection(path, limit=2**24)
            try:
                writer.write(sent.data)
                writer.write_eof()
                answer = await reader.read()
            except ConnectionError:
                answer = b""
            writer.close()
        self.statuses["control"] += 1
        if b'"code":"fault"' in answer:
            self._broke(f"a command met a defect: {answer[-300:]!r}", sent)

    def _judge(self, answer: Answered, sent: Sent) -> None:
        self.statuses[str(answer.status)] += 1
        is_limit = answer.status in {503, 504, 502} and b'"reason"' in answer.body and b"fault" not in answer.body
        if answer.status == 0:
            self._broke("a whole request was answered with nothing", sent)
        elif answer.status >= 500 and not is_limit:
            self._broke(f"{answer.status}: {answer.body[:200]!r}", sent)

    def _broke(self, what: str, sent: Sent) -> None:
        data = sent.data if len(sent.data) < 400 else sent.data[:250] + b" ... " + sent.data[-100:]
        self.verdict.check(is_kept=False, promise=f"input {sent.number}: {what}\n          sent: {data!r}")


async def run(count: int, seed: int) -> Verdict:
    """Send `count` inputs."""
    verdict = Verdict("fuzz")
    async with world(environ=_SMALL) as around:
        await around.gateway.start()
        fuzzing = Fuzzing(around, Inputs(seed, await _known(around)), verdict)
        warm = count // 2
        await _send_all(fuzzing, range(warm))
        before = around.gateway.resident() if around.gateway.is_alive else 0
        await _send_all(fuzzing, range(warm, count))
        after = around.gateway.resident() if around.gateway.is_alive else 0
        await check_watching(around.gateway, verdict)
    is_flat = after - before < (FLAT if warm >= FULL else FILLING)
    verdict.check(is_flat, f"memory grew by {(after - before) / 1e6:.0f} MB")
    verdict.figure("seed", str(seed))
    verdict.figure("inputs", count)
    verdict.figure("answers", " ".join(f"{status}:{number:,}" for status, number in sorted(fuzzing.statuses.items())))
    verdict.figure("ended", fuzzing.deaths)
    verdict.figure("memory", f"{before / 1e6:.0f} MB after half, {after / 1e6:.0f} MB at the end")
    return verdict


async def _send_all(fuzzing: Fuzzing, numbers: range) -> None:
    await asyncio.gather(*(fuzzing.send(numbers[start::SOCKETS]) for start in range(SOCKETS)))


async def _known(around: World) -> Known:
    """Return real values, so that inputs get past the first check."""
    async with httpx2.AsyncClient(timeout=20) as http, Browser(CALLBACK) as browser:
        client = Client(around.gateway.origin, http, browser)
        grants = [await client.log_in(route) for route in ("/mcp/sample", "/mcp/notes")]
        code = await client.code("/mcp/sample")
    tokens = [each.access for each in grants]
    values = {
        "client_id": [client.id, "http://localhost:1/client"],
        "redirect_uri": [CALLBACK],
        "resource": [each.url for each in grants],
        "code": [code["code"]],
        "code_verifier": [code["code_verifier"]],
        "refresh_token": [each.refresh for each in grants],
        "token": [grants[1].access + "x"],
        "access_token": tokens,
        "authorization": [f"Bearer {each}" for each in tokens],
        "grant_type": ["authorization_code", "refresh_token"],
        "response_type": ["code"],
        "code_challenge_method": ["S256"],
        "code_challenge": ["x" * 43],
    }
    return Known(f"localhost:{around.gateway.port}", values)
