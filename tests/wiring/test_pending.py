"""A request that hangs is seen while it hangs: for what it waits, and since when."""

import asyncio

import httpx2
import pytest

from devgw.monitor.book import Count
from devgw.monitor.health import Health
from devgw.monitor.views import CheckRow
from devgw.wiring import pending
from devgw.wiring.pending import Pending
from tests.support.bytes_upstream import Answer, Seen, bytes_upstream
from tests.support.gate import Gate, gate

CALL = {"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {"name": "slow"}}
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\n"


def hanging(beginning: bytes) -> Answer:
    async def answer(seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(beginning)
        await asyncio.Event().wait()

    return answer


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Show what has lasted a moment, and warn of it soon."""
    monkeypatch.setattr(pending, "SHOWN_AFTER", 0.05)
    monkeypatch.setattr(pending, "WARNING_AFTER", 0.2)


async def rows_until(looking: Pending, health: Health, what: str, state: str) -> list[CheckRow]:
    async with asyncio.timeout(5):
        while True:
            looking.look()
            rows = health.look().checks
            if any(what in row.text and row.state == state for row in rows):
                return rows
            await asyncio.sleep(0.01)


async def call(gateway: Gate) -> None:
    async with httpx2.AsyncClient(timeout=20) as client:
        await client.post(gateway.url, json=CALL, headers=gateway.bearer)


@pytest.mark.parametrize(
    ("beginning", "what", "state"),
    [
        (b"", "the upstream to begin its answer", "warning"),
        (HEAD % b"application/json" + b"Content-Length: 9\r\n\r\n{", "the body of the upstream's answer", "warning"),
        (HEAD % b"application/json" + b"\r\n", "the body of the upstream's answer", "warning"),
        (HEAD % b"text/html" + b"\r\n<p>", "the rest of an answer with 200, to keep it", "warning"),
        (HEAD % b"text/event-stream" + b"\r\n: \n\n", "the next event of the stream", "ok"),
    ],
)
async def test_a_request_that_hangs_stands_in_health_until_it_is_over(beginning: bytes, what: str, state: str) -> None:
    health = Health(Count())
    async with bytes_upstream(hanging(beginning)) as upstream, gate(upstream.url) as gateway:
        looking = Pending(gateway.front, health, gateway.clock)
        asked = asyncio.ensure_future(call(gateway))
        (row,) = await rows_until(looking, health, what, state)
        asked.cancel()
        await asyncio.wait_for(gateway.exchanged.wait(), 5)
        looking.look()

    assert row.name == f"request {gateway.traces[0].id}"
    assert row.text.startswith(f"POST /mcp/sample tools/call slow waits for {what} since ")
    assert bool(row.fix) is (state == "warning"), "a stream may be silent for ever; everything else has a change"
    assert health.look().checks == []


async def test_of_many_only_the_longest_stand_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pending, "MOST", 2)
    health = Health(Count())
    async with bytes_upstream(hanging(b"")) as upstream, gate(upstream.url) as gateway:
        looking = Pending(gateway.front, health, gateway.clock)
        asked = [asyncio.ensure_future(call(gateway)) for _ in range(5)]
        rows = await rows_until(looking, health, "3 more take long", "ok")
        for each in asked:
            each.cancel()

    assert len(rows) == 3


async def test_a_quick_request_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pending, "SHOWN_AFTER", 60)
    health = Health(Count())
    async with bytes_upstream(hanging(b"")) as upstream, gate(upstream.url) as gateway:
        asked = asyncio.ensure_future(call(gateway))
        async with asyncio.timeout(5):
            while not gateway.front.under_way():
                await asyncio.sleep(0.01)
        Pending(gateway.front, health, gateway.clock).look()
        asked.cancel()

    assert health.look().checks == []
