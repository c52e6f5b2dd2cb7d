"""Many long answers at once: what is held of all of them has a limit, and short ones never give way."""

import asyncio
import gc
import json
import socket
import tracemalloc
from typing import Any

import httpx2
import pytest

from devgw.config.project import CapabilityEntry, CapabilityFilter
from devgw.foreign.held import HeldTogether
from devgw.gateway.transport import TransportSettings
from devgw.limits import Limits
from devgw.outbound.exchange import Exchange
from devgw.web.held_bytes import HeldBytes
from tests.support.bytes_upstream import Seen, bytes_upstream, response
from tests.support.gate import PATH, Gate, gate

MB = 1_000_000
AT_ONCE = 60
CALL = {"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {"name": "echo"}}
OWN = b'{"jsonrpc":"2.0","id":7,"result":{}}'
KINDS = ["json", "stream", "page", "list", "stream with a list"]
FILTERED: dict[str, Any] = {"capability_filter": CapabilityFilter("only-echo", tools=(CapabilityEntry("echo"),))}
SLOW = TransportSettings(silence_timeout=60, whole_timeout=60)


class Halves:
    """An upstream whose long answers stop before their end until all have come so far."""

    def __init__(self, size: int) -> None:
        self.begun = 0
        self.finish = asyncio.Event()
        filler = b"x" * size
        self._long = b'{"result":{"tools":["%s"]},"jsonrpc":"2.0","id":7}' % filler
        self._early = b'{"jsonrpc":"2.0","id":7,"result":{"tools":["%s"]}}' % filler

    async def answer(self, seen: Seen, writer: asyncio.StreamWriter) -> None:
        kind = json.loads(seen.body)["params"]["arguments"]["kind"]
        if kind not in KINDS:
            writer.write(response(OWN))
            return
        body = self._early if kind == "stream with a list" else self._long
        media = {"page": "text/plain", "json": "application/json", "list": "application/json"}
        if kind.startswith("stream"):
            body = b"data: " + body + b"\n\n"
        status = "404 Not Found" if kind == "page" else "200 OK"
        whole = response(body, status=status, content_type=media.get(kind, "text/event-stream"))
        writer.write(whole[:-4])
        await writer.drain()
        self.begun += 1
        await self.finish.wait()
        writer.write(whole[-4:])


async def ask(gateway: Gate, kind: str) -> httpx2.Response:
    message: dict[str, Any] = CALL | {"params": {"name": "echo", "arguments": {"kind": kind}}}
    if "list" in kind:
        message["method"] = "tools/list"
    async with httpx2.AsyncClient(timeout=60) as client:
        return await client.post(gateway.url, json=message, headers=gateway.bearer)


def reason_of(answer: httpx2.Response) -> str:
    text = answer.text.rpartition("data: ")[2]
    return str((json.loads(text).get("error") or {}).get("data", {}).get("reason", "")) if len(text) < MB else ""


async def until(holds: Any, seconds: float = 30.0) -> None:
    async with asyncio.timeout(seconds):
        while not holds():
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("kind", KINDS)
async def test_all_together_have_a_limit_and_the_longest_give_way(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Limits, "HELD_TOGETHER_BYTES", 8 * MB)
    upstream = Halves(2 * MB)
    async with bytes_upstream(upstream.answer) as served, gate(served.url, timeouts=SLOW, **FILTERED) as gateway:
        asked = [asyncio.ensure_future(ask(gateway, kind)) for _ in range(AT_ONCE)]
        await until(lambda: sum(each.done() for each in asked) >= AT_ONCE - 4)
        assert (await ask(gateway, "short")).content == OWN
        upstream.finish.set()
        answers = await asyncio.gather(*asked)

    reasons = [reason_of(each) for each in answers]
    assert set(reasons) == {"", "answer_gave_way"}
    assert 2 <= reasons.count("") <= 4


class Counted:
    """Something of which bytes are held."""

    def __init__(self) -> None:
        self.has_given_way = False

    def give_way(self) -> None:
        self.has_given_way = True


def test_the_longest_gives_way_and_never_one_that_is_short_or_on_its_way_to_its_client() -> None:
    held = HeldTogether(3 * MB, Limits.HELD_UNCOUNTED_BYTES)
    short, leaving, long, longer, last = (Counted() for _ in range(5))
    held.note(short, Limits.HELD_UNCOUNTED_BYTES)
    assert held.total == 0
    held.note(leaving, 2 * MB, is_leaving=True)
    held.note(long, MB // 2)
    held.note(longer, MB // 2)
    held.note(longer, MB // 2 + 1)
    assert [each.has_given_way for each in (short, leaving, long, longer)] == [False, False, False, True]
    held.note(last, MB)
    assert (last.has_given_way, long.has_given_way, held.total) == (True, False, 2 * MB + MB // 2)
    held.forget(leaving)
    held.forget(long)
    held.note(short, 0)
    assert held.total == 0


@pytest.mark.parametrize(
    "ending", [b"", b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{"]
)
async def test_an_answer_that_failed_is_given_free_at_once(ending: bytes) -> None:
    """An error that is kept where its traceback leads to keeps every body on the way, for minutes."""

    async def cut(seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(ending)
        await writer.drain()
        writer.close()

    async with bytes_upstream(cut) as upstream, gate(upstream.url) as gateway:
        gc.collect()
        gc.disable()
        try:
            assert reason_of(await ask(gateway, "cut")) == "upstream_closed_early"
            await asyncio.wait_for(gateway.exchanged.wait(), 5)
            assert not [each for each in gc.get_objects() if isinstance(each, Exchange)]
        finally:
            gc.enable()


def test_what_comes_byte_by_byte_costs_no_more_than_its_bytes() -> None:
    """As an object of its own each byte would take forty."""
    held = HeldBytes()
    tracemalloc.start()
    for number in range(200_000):
        held.keep(bytes([number % 251]) * 2)
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(held) == 400_000
    assert grown < 800_000
    assert held.take(b"end") == b"".join(bytes([number % 251]) * 2 for number in range(200_000)) + b"end"
    assert (len(held), held.take(b"x")) == (0, b"x")


def long_answer(kind: str, size: int) -> bytes:
    """Return a long answer of a kind, at whose end it is known whose it is."""
    items = b",".join(b'{"name":"echo","description":"%s"}' % (b"x" * 1_000) for _ in range(size // 1_000))
    body = b'{"result":{"tools":[%s]},"jsonrpc":"2.0","id":7}' % items
    if kind.startswith("stream"):
        return response(b"data: " + body + b"\n\n", content_type="text/event-stream")
    return response(body, content_type="text/plain" if kind == "page" else "application/json")


@pytest.mark.parametrize("kind", ["json", "stream", "list", "stream with a list"])
async def test_a_whole_answer_that_waits_for_its_client_counts_and_cannot_give_way(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Limits, "HELD_TOGETHER_BYTES", 5 * MB)

    async def answer(seen: Seen, writer: asyncio.StreamWriter) -> None:
        asked = json.loads(seen.body)["params"]["arguments"]["kind"]
        size = 2_500_000 if asked == "other" else 3_600_000
        writer.write(long_answer(asked, size))

    async with bytes_upstream(answer) as served, gate(served.url, timeouts=SLOW, **FILTERED) as gateway:
        port = int(gateway.origin.rpartition(":")[2])
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        client.connect(("127.0.0.1", port))
        method = "tools/list" if "list" in kind else "tools/call"
        call = json.dumps(CALL | {"method": method, "params": {"name": "echo", "arguments": {"kind": kind}}})
        head = f"POST {PATH} HTTP/1.1\r\nHost: localhost:{port}\r\nAuthorization: {gateway.bearer['Authorization']}\r\n"
        client.sendall(f"{head}Content-Length: {len(call)}\r\n\r\n{call}".encode())
        await until(lambda: any(each.trace.response_body.size for each in gateway.front.under_way()))
        assert reason_of(await ask(gateway, "other")) == "answer_gave_way"
        client.close()
