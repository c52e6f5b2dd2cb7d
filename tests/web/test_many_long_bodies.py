"""Many long requests at once: what is held of all bodies has a limit, and next to nothing of who is refused."""

import asyncio
import gc
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest

from devgw.ids import GrantId
from devgw.limits import Limits
from devgw.settings import ProxySettings, Settings
from tests.support.bytes_upstream import Seen, bytes_upstream, response
from tests.support.gate import PATH, Gate, gate
from tests.trust.process import free_port

SECONDS = 20.0
"""Beyond this a test has failed."""
KB = 1_000
MB = 1_000_000
AT_ONCE = 12
OWN = b'{"jsonrpc":"2.0","id":7,"result":{}}'
CALL: dict[str, Any] = {"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {"name": "echo"}}


async def answer_result(_: Seen, writer: asyncio.StreamWriter) -> None:
    writer.write(response(OWN))


class Half:
    """A request of which a part was sent, and its connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, rest: bytes) -> None:
        self.reader, self.writer, self.rest = reader, writer, rest

    async def finish(self) -> bytes:
        self.writer.write(self.rest)
        head = await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), SECONDS)
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        return head + await self.reader.readexactly(length)


def long_call(size: int) -> bytes:
    return json.dumps(CALL | {"params": {"name": "echo", "arguments": {"text": "x" * size}}}).encode()


async def send_half(
    gateway: Gate, size: int, bearer: str = "", *, method: str = "POST", is_chunked: bool = False
) -> Half:
    port = int(gateway.origin.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=16 * MB)
    body = long_call(size)
    framing = "Transfer-Encoding: chunked" if is_chunked else f"Content-Length: {len(body)}"
    authorization = f"Authorization: Bearer {bearer}\r\n" if bearer else ""
    head = f"{method} {PATH} HTTP/1.1\r\nHost: localhost:{port}\r\n{authorization}{framing}\r\n"
    first, rest = body[:-4], body[-4:]
    if is_chunked:
        first, rest = b"%x\r\n%s\r\n" % (len(first), first), b"%x\r\n%s\r\n0\r\n\r\n" % (len(rest), rest)
    writer.write(head.encode() + b"\r\n" + first)
    return Half(reader, writer, rest)


def come(gateway: Gate) -> list[int]:
    """Return how much has come of each request that is under way."""
    return sorted(each.trace.request_body.size for each in gateway.front.under_way())


async def until(holds: Any) -> None:
    async with asyncio.timeout(SECONDS):
        while not holds():
            await asyncio.sleep(0.01)


def held(gateway: Gate) -> int:
    """Return how many bytes of bodies are held by the requests under way."""
    return sum(len(each.body) for each in gateway.front.under_way())


@asynccontextmanager
async def halves(gateway: Gate, count: int, size: int, bearer: str = "", **more: Any) -> AsyncIterator[list[Half]]:
    """Send `count` requests but for their last bytes, and wait until so much has come."""
    sent = [await send_half(gateway, size, bearer, **more) for _ in range(count)]
    try:
        await until(lambda: sum(each >= size for each in come(gateway)) == count)
        yield sent
    finally:
        for each in sent:
            each.writer.close()


@pytest.mark.parametrize("is_chunked", [False, True])
@pytest.mark.parametrize("bearer", ["", "at_unknown000000000000"])
async def test_of_who_has_no_token_nothing_long_is_held(bearer: str, *, is_chunked: bool) -> None:
    async with (
        bytes_upstream(answer_result) as upstream,
        gate(upstream.url) as gateway,
        halves(gateway, 3, MB, bearer, is_chunked=is_chunked) as sent,
    ):
        assert held(gateway) == 0
        answers = [await each.finish() for each in sent]

    assert all(each.startswith(b"HTTP/1.1 401 ") for each in answers)
    assert not upstream.seen


async def test_of_a_method_that_is_not_offered_nothing_long_is_held() -> None:
    async with (
        bytes_upstream(answer_result) as upstream,
        gate(upstream.url) as gateway,
        halves(gateway, 2, MB, gateway.token, method="PUT") as sent,
    ):
        assert held(gateway) == 0
        assert (await sent[0].finish()).startswith(b"HTTP/1.1 405 ")


async def test_a_long_body_is_taken_of_who_has_a_token_and_looked_at_again_when_it_has_come() -> None:
    async with bytes_upstream(answer_result) as upstream, gate(upstream.url) as gateway:
        async with halves(gateway, 2, MB, gateway.token) as (first, second):
            assert (await first.finish()).endswith(OWN)
            gateway.live.drop_grant(GrantId("g-1"))
            assert (await second.finish()).startswith(b"HTTP/1.1 401 ")
        assert len(upstream.seen) == 1


@pytest.mark.parametrize("protected", [True, False])
async def test_all_together_have_a_limit_and_the_longest_give_way(
    monkeypatch: pytest.MonkeyPatch, *, protected: bool
) -> None:
    monkeypatch.setattr(Limits, "BODIES_TOGETHER_BYTES", 4 * MB)
    async with (
        bytes_upstream(answer_result) as upstream,
        gate(upstream.url, protected=protected) as gateway,
        httpx2.AsyncClient() as client,
        halves(gateway, AT_ONCE, MB, gateway.token) as sent,
    ):
        assert held(gateway) <= 4 * MB
        short = await client.post(gateway.url, json=CALL, headers=gateway.bearer)
        answers = [await each.finish() for each in sent]

    assert short.content == OWN
    gone = [each for each in answers if each.startswith(b"HTTP/1.1 503 ")]
    assert all(b'"reason": "body_gave_way"' in each for each in gone)
    assert len(gone) == AT_ONCE - 3
    assert sum(each.endswith(OWN) for each in answers) == 3


async def test_a_body_counts_until_its_upstream_begins_its_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Limits, "BODIES_TOGETHER_BYTES", 2 * MB)
    goes_on = asyncio.Event()
    ends = asyncio.Event()

    async def answer(seen: Seen, writer: asyncio.StreamWriter) -> None:
        await goes_on.wait()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: " + OWN + b"\n\n")
        await ends.wait()
        writer.close()

    async with bytes_upstream(answer) as upstream, gate(upstream.url) as gateway:
        first = await send_half(gateway, MB + MB // 2, gateway.token)
        first.writer.write(first.rest)
        await until(lambda: len(upstream.seen) == 1)
        second = await (await send_half(gateway, MB, gateway.token)).finish()
        assert b'"reason": "body_gave_way"' in second
        goes_on.set()
        await asyncio.wait_for(first.reader.readuntil(OWN), SECONDS)
        third = await send_half(gateway, MB + MB // 2, gateway.token)
        third.writer.write(third.rest)
        await asyncio.wait_for(third.reader.readuntil(OWN), SECONDS)
        ends.set()
        first.writer.close()
        third.writer.close()


async def test_a_body_whose_request_fails_counts_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Limits, "BODIES_TOGETHER_BYTES", 2 * MB)
    async with gate(f"http://127.0.0.1:{free_port()}/mcp") as gateway, httpx2.AsyncClient() as client:
        for _ in range(3):
            answer = await client.post(gateway.url, content=long_call(MB + MB // 2), headers=gateway.bearer)
            assert answer.json()["error"]["data"]["reason"] == "upstream_refused_connection"


async def test_of_a_body_beyond_its_own_limit_nothing_is_held() -> None:
    settings = Settings(proxy=ProxySettings(request_limit=MB // 2))
    async with (
        bytes_upstream(answer_result) as upstream,
        gate(upstream.url, settings=settings) as gateway,
        halves(gateway, 2, MB, gateway.token, is_chunked=True) as sent,
    ):
        assert held(gateway) == 0
        assert (await sent[0].finish()).startswith(b"HTTP/1.1 413 ")


async def test_a_body_in_tiny_chunks_is_held_as_its_bytes() -> None:
    """As an object of its own each byte would take forty."""
    async with bytes_upstream(answer_result) as upstream, gate(upstream.url) as gateway:
        body = long_call(20 * KB)
        port = int(gateway.origin.rpartition(":")[2])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        head = f"POST {PATH} HTTP/1.1\r\nHost: localhost:{port}\r\nAuthorization: Bearer {gateway.token}\r\n"
        writer.write(head.encode() + b"Transfer-Encoding: chunked\r\n\r\n")
        writer.write(b"".join(b"1\r\n%c\r\n" % each for each in body))
        await until(lambda: come(gateway) == [len(body)])
        assert len(gateway.front.under_way()[0].body._pieces) < 10
        writer.write(b"0\r\n\r\n")
        await asyncio.wait_for(reader.readuntil(OWN), SECONDS)
        writer.close()
    assert upstream.seen[0].body == body


@pytest.mark.parametrize(("count", "expected"), [(1_000, 202), (1_001, 400)])
async def test_a_batch_of_more_than_is_answered_together_goes_nowhere(count: int, expected: int) -> None:
    async def accept(_: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(response(b"", status="202 Accepted"))

    async with bytes_upstream(accept) as upstream, gate(upstream.url) as gateway, httpx2.AsyncClient() as client:
        batch = [{"jsonrpc": "2.0", "method": "notifications/progress"}] * count
        answer = await client.post(gateway.url, json=batch, headers=gateway.bearer)
    assert (answer.status_code, len(upstream.seen)) == (expected, int(expected == 202))
    assert expected == 202 or answer.json()["reason"] == "batch_too_long"


async def test_of_a_long_message_no_object_is_left_while_its_upstream_takes_its_time() -> None:
    """As objects, many small values take a hundred times their text."""
    ends = asyncio.Event()

    async def wait(_: Seen, writer: asyncio.StreamWriter) -> None:
        await ends.wait()
        writer.write(response(OWN))

    async with bytes_upstream(wait) as upstream, gate(upstream.url) as gateway, httpx2.AsyncClient() as client:
        body = json.dumps(CALL | {"params": {"name": "echo", "arguments": [[] for _ in range(100_000)]}})
        gc.collect()
        before = sum(each == [] for each in gc.get_objects() if type(each) is list)
        asked = asyncio.ensure_future(client.post(gateway.url, content=body, headers=gateway.bearer))
        await until(lambda: upstream.seen)
        after = sum(each == [] for each in gc.get_objects() if type(each) is list)
        ends.set()
        assert (await asked).content == OWN
        assert after - before < 10_000
