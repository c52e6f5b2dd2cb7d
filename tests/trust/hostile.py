"""A hostile upstream and a hostile host of client documents: every answer ends, is named, and costs others nothing."""

import asyncio
import json
import random
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from urllib.parse import quote, unquote

import httpx2

from devgw.entropy import token
from devgw.limits import Limits
from tests.support.browser import Browser
from tests.support.bytes_upstream import Seen, bytes_upstream
from tests.trust import hostile_bursts
from tests.trust.client import CALLBACK, Client, Grant
from tests.trust.hostile_answers import ANSWERS, ENDS, LASTING
from tests.trust.hostile_logins import Logins
from tests.trust.process import check_watching
from tests.trust.verdict import Verdict
from tests.trust.world import World, world

RESPONSE_SECONDS = 4
DEADLINE = Limits.WHOLE_SECONDS + RESPONSE_SECONDS + 10
"""Seconds in which whatever a hostile server does has to be over: what is no stream is waited for so long."""
GROWTH = 50_000_000
LOGINS = 7
"""Answers per login with a hostile server, which takes longer."""
OTHERS = 1.0
"""Seconds in which other requests are answered meanwhile."""
AT_ONCE = 3
"""Answers at one time that send as fast as they can; those that hang all hang together."""
PLACES = ("upstream", "filtered", "document")


@dataclass
class Siege:
    """The state of one run."""

    around: World
    client: Client
    documents: str
    verdict: Verdict
    ended: Counter[str] = field(default_factory=Counter)
    slowest: dict[str, float] = field(default_factory=dict)
    busy: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    async def meet(self, place: str, kind: str) -> None:
        """Let one request meet one answer in one place."""
        if kind.startswith("hangs") or "drop by drop" in kind:
            await self._meet(place, kind)
            return
        async with self.busy:
            await self._meet(place, kind)

    async def _meet(self, place: str, kind: str) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            async with asyncio.timeout(DEADLINE):
                how, what = await self._ask(place, kind)
        except TimeoutError:
            how, what = "never", f"no end within {DEADLINE:g} s"
        self.slowest[f"{place}: {kind}"] = loop.time() - began
        self.ended[how] += 1
        allowed = {"named"} if place == "document" else ENDS[kind]
        self.verdict.check(how in allowed, f"{place}: {kind}: {how}: {what}")

    async def _ask(self, place: str, kind: str) -> tuple[str, str]:
        """Return how a request ended: `named`, `cut`, `passed` or `unnamed`."""
        try:
            status, text = await self._read(self._request(place, kind))
        except httpx2.TransportError as error:
            return "cut", repr(error)
        if '"reason"' in text or ('"error"' in text and place == "document"):
            is_fault = '"fault"' in text or "defect of" in text
            return ("unnamed" if is_fault else "named"), text
        return "passed" if status != 500 else "unnamed", f"{status} {text}"

    async def _read(self, request: httpx2.Request) -> tuple[int, str]:
        """Return status and beginning of an answer, after reading it to its end without keeping it."""
        answer = await self.client.http.send(request, stream=True)
        kept = b""
        try:
            async for piece in answer.aiter_raw():
                kept += piece[: 600 - len(kept)]
        finally:
            await answer.aclose()
        return answer.status_code, kept.decode("utf-8", "replace")

    def _request(self, place: str, kind: str) -> httpx2.Request:
        if place != "document":
            return self.client.call_request(self.client.grants[f"/mcp/{place}"], kind)
        described = Client(
            self.client.origin, self.client.http, self.client.browser, id=f"{self.documents}/{quote(kind)}"
        )
        url = described.authorize_url("/mcp/sample", token(""))  # where a client's document is read, and nowhere else
        return self.client.http.build_request("GET", url, headers={"accept": "application/json"})


async def _answer(seen: Seen, writer: asyncio.StreamWriter) -> None:
    """Answer with the kind that the tool's name, or the document's path, asks for."""
    kind = unquote(seen.line.split(" ")[1]).removeprefix("/document/")
    if seen.body:
        kind = json.loads(seen.body).get("params", {}).get("name", "")
    if kind == hostile_bursts.LONG_ANSWER:
        await hostile_bursts.answer_long(seen, writer)
    elif kind in ANSWERS:
        await ANSWERS[kind](seen, writer)
    else:
        writer.write(b"HTTP/1.1 404 X\r\nContent-Length: 0\r\n\r\n")


async def run(count: int, seed: int) -> Verdict:
    """Meet `count` answers, chosen by `seed` where that is not all of them."""
    verdict = Verdict("hostile")
    pairs = [(place, kind) for kind in ANSWERS for place in PLACES]
    if count < len(pairs):  # in short: none that takes as long as an answer may
        pairs = [(place, kind) for place, kind in pairs if kind not in LASTING]
    chosen = random.Random(seed).sample(pairs, min(count, len(pairs)))
    environ = {"DEVGW_PROXY_RESPONSE_TIMEOUT": str(RESPONSE_SECONDS), "DEVGW_TRACES_KEPT": "100"}
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(bytes_upstream(_answer))
        routes = dict.fromkeys(PLACES[:2], server.url)
        around = await stack.enter_async_context(world(routes=routes, filtered=("filtered",), environ=environ))
        await around.gateway.start()
        http = await stack.enter_async_context(
            httpx2.AsyncClient(timeout=DEADLINE + 5, limits=httpx2.Limits(max_connections=None))
        )
        client = Client(around.gateway.origin, http, await stack.enter_async_context(Browser(CALLBACK)))
        for route in ("/mcp/sample", *(f"/mcp/{place}" for place in PLACES[:2])):
            await client.log_in(route)
        documents = server.url.replace("127.0.0.1", "localhost").replace("/mcp", "/document")
        siege = Siege(around, client, documents, verdict)
        watch = Watch(around, client.grants["/mcp/sample"], client)
        watching = asyncio.ensure_future(watch.keep())
        await asyncio.gather(*(siege.meet(place, kind) for place, kind in chosen))
        logins = Logins(around, http, verdict)
        await logins.meet(count // LOGINS, random.Random(seed))
        watching.cancel()
        bursts = hostile_bursts.Bursts(client, verdict, hostile_bursts.AT_ONCE if count >= len(pairs) else 10)
        await _meet_bursts(bursts, Watch(around, client.grants["/mcp/sample"], client))
        await check_watching(around.gateway, verdict)
    _report(siege, watch, len(chosen))
    verdict.figure("logins", f"{logins.tried}, hostile to {logins.struck}, {logins.named} ended with a reason")
    verdict.figure("slowest of them", "{:.1f} s ({})".format(*logins.slowest))
    verdict.check(watch.growth < GROWTH, f"memory grew by {watch.growth / 1e6:.0f} MB")
    verdict.check(watch.slowest < OTHERS, f"another request waited {watch.slowest:.1f} s")
    verdict.check(not watch.failed, f"{watch.failed} other requests failed")
    return verdict


@dataclass
class Watch:
    """Calls another route all the time, and looks at the gateway's memory."""

    around: World
    grant: Grant
    client: Client
    slowest: float = 0.0
    calls: int = 0
    failed: int = 0
    growth: int = 0

    async def keep(self) -> None:
        """Watch until cancelled; the first call is not counted, it wakes things up."""
        loop = asyncio.get_running_loop()
        await self.client.call(self.grant)
        least = self.around.gateway.resident()
        while self.around.gateway.is_alive:
            began = loop.time()
            try:
                answer = await self.client.call(self.grant)
                self.failed += answer.status_code != 200
            except httpx2.TransportError:
                self.failed += 1
            self.calls += 1
            self.slowest = max(self.slowest, loop.time() - began)
            self.growth = max(self.growth, self.around.gateway.resident() - least)
            await asyncio.sleep(0.05)


async def _meet_bursts(bursts: hostile_bursts.Bursts, watch: Watch) -> None:
    """Meet many long bodies at once: memory has a limit, and others are served meanwhile."""
    watching = asyncio.ensure_future(watch.keep())
    await bursts.answers(bursts.client.grants["/mcp/upstream"])
    for bearer in ("", watch.grant.access):
        await bursts.bodies(watch.grant, bearer)
    watching.cancel()
    verdict = bursts.verdict
    verdict.figure(
        "meanwhile",
        f"{watch.calls} calls, slowest {watch.slowest:.2f} s, failed {watch.failed}, "
        f"memory grew by {watch.growth / 1e6:.0f} MB",
    )
    verdict.check(watch.growth < hostile_bursts.GROWTH, f"in a burst memory grew by {watch.growth / 1e6:.0f} MB")
    verdict.check(watch.slowest < OTHERS, f"in a burst another request waited {watch.slowest:.1f} s")
    verdict.check(not watch.failed, f"in a burst {watch.failed} other requests failed")


def _report(siege: Siege, watch: Watch, count: int) -> None:
    verdict = siege.verdict
    verdict.figure("kinds of answers", len(ANSWERS))
    verdict.figure("answers met", count)
    verdict.figure("ended", " ".join(f"{how}:{number}" for how, number in sorted(siege.ended.items())))
    name, seconds = max(siege.slowest.items(), key=lambda each: each[1])
    verdict.figure("slowest end", f"{seconds:.1f} s ({name})")
    verdict.figure("others, meanwhile", f"{watch.calls} calls, slowest {watch.slowest:.2f} s, failed {watch.failed}")
    verdict.figure("memory grew by", f"{watch.growth / 1e6:.0f} MB")
