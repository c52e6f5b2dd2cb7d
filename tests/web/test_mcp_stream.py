"""Streams pass as they come, end when the client leaves, and end in an error when the upstream dies."""

import asyncio
import json
from contextlib import suppress

import httpx2
import pytest

from devgw.events.taxonomy import McpCapabilityCompleted
from tests.support.bytes_upstream import Seen, bytes_upstream
from tests.support.gate import Gate, gate

CALL = {"jsonrpc": "2.0", "id": "c1", "method": "tools/call", "params": {"name": "slow"}}
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
END = b"0\r\n\r\n"
BODY = json.dumps(CALL).encode()


def chunk(content: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(content), content)


async def open_stream(gateway: Gate) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Send the call and return the connection once the head of the answer was read."""
    host, _, port = gateway.origin.partition("://")[2].partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    lines = [f"POST /mcp/sample HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Length: {len(BODY)}"]
    lines += [f"{name}: {value}" for name, value in gateway.bearer.items()]
    writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + BODY)
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    assert b"text/event-stream" in head
    return reader, writer


async def read_chunk(reader: asyncio.StreamReader) -> bytes:
    length = int(await reader.readuntil(b"\r\n"), 16)
    return (await reader.readexactly(length + 2))[:-2]


async def test_each_event_passes_before_the_next_is_sent() -> None:
    """MCP: no buffering. The upstream sends the next event only when the client has the one before."""
    arrived = asyncio.Semaphore(0)

    async def one_by_one(seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD)
        for number in range(3):
            writer.write(chunk(b"id: %d\ndata: {}\n\n" % number))
            await arrived.acquire()
        writer.write(chunk(b": comment\n\n") + END)

    async with bytes_upstream(one_by_one) as upstream, gate(upstream.url) as gateway:
        reader, writer = await open_stream(gateway)
        for number in range(3):
            assert await asyncio.wait_for(read_chunk(reader), 5) == b"id: %d\ndata: {}\n\n" % number
            arrived.release()
        assert await read_chunk(reader) == b": comment\n\n"
        assert await read_chunk(reader) == b""
        writer.close()

    (trace,) = gateway.traces
    assert trace.outcome == "success"
    assert trace.upstream_ms > 0
    assert [phase.name for phase in trace.phases] == [
        "receive",
        "admit",
        "credential",
        "connect",
        "upstream wait",
        "stream",
    ]


@pytest.mark.parametrize(("said", "wanted"), [(b"", ["no"]), (b"X-Accel-Buffering: yes\r\n", ["yes"])])
async def test_who_stands_between_is_asked_to_buffer_nothing_unless_the_upstream_says_otherwise(
    said: bytes, wanted: list[str]
) -> None:
    async def stream(seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD.replace(b"\r\n\r\n", b"\r\n" + said + b"\r\n"))
        writer.write(chunk(b'data: {"jsonrpc":"2.0","id":"c1","result":{}}\n\n') + END)

    async with bytes_upstream(stream) as upstream, gate(upstream.url) as gateway, httpx2.AsyncClient() as client:
        answer = await client.post(gateway.url, json=CALL, headers=gateway.bearer)

    assert answer.headers.get_list("x-accel-buffering") == wanted


async def test_a_client_that_leaves_ends_the_upstream_at_once() -> None:
    """MCP 2026-07-28: disconnecting is cancelling."""
    never = asyncio.Event()

    async def endless(seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + chunk(b"data: {}\n\n"))
        await never.wait()

    async with bytes_upstream(endless) as upstream, gate(upstream.url) as gateway:
        reader, writer = await open_stream(gateway)
        await read_chunk(reader)
        writer.close()
        await asyncio.wait_for(upstream.ended.wait(), 5)
        await asyncio.wait_for(gateway.exchanged.wait(), 5)

    (trace,) = gateway.traces
    assert (trace.outcome, trace.reason_code, trace.status) == ("cancelled", "client_left", 200)
    assert "mcp_capability_completed" in gateway.names()


async def test_a_client_that_leaves_before_any_answer_ends_the_upstream_too() -> None:
    never = asyncio.Event()

    async def silent(seen: Seen, writer: asyncio.StreamWriter) -> None:
        await never.wait()

    async with bytes_upstream(silent) as upstream, gate(upstream.url) as gateway:
        async with httpx2.AsyncClient() as client:
            with suppress(httpx2.ReadTimeout):
                await client.post(gateway.url, json=CALL, headers=gateway.bearer, timeout=0.3)
        await asyncio.wait_for(upstream.ended.wait(), 5)
        await asyncio.wait_for(gateway.exchanged.wait(), 5)

    assert (gateway.traces[0].status, gateway.traces[0].outcome) == (499, "cancelled")
    assert "The client left before it was answered." in gateway.traces[0].notes
    assert [each.status for each in gateway.events if isinstance(each, McpCapabilityCompleted)] == [499]


@pytest.mark.parametrize("before", [b"", b"data: {}\n\n", b"data: {}\r\n\r\n", b"data: " + b"x" * 99_999 + b"\n\n"])
async def test_a_stream_that_the_upstream_cuts_ends_in_an_error_for_the_request(before: bytes) -> None:
    async def cut(seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + (chunk(before) if before else b""))
        await writer.drain()
        writer.close()

    async with bytes_upstream(cut) as upstream, gate(upstream.url) as gateway:
        reader, writer = await open_stream(gateway)
        got = b""
        while len(got) < len(before):
            got += await read_chunk(reader)
        assert got == before
        event = await read_chunk(reader)
        assert await read_chunk(reader) == b""
        writer.close()

    said = json.loads(event.partition(b"data: ")[2])
    assert (said["id"], said["error"]["code"]) == ("c1", 502)
    assert said["error"]["data"]["reason"] == "upstream_closed_early"
    assert gateway.traces[0].reason_code == "upstream_closed_early"


async def test_a_cut_stream_that_can_be_resumed_is_left_to_the_client() -> None:
    """MCP 2025-11-25, Resumability: an error in the request's name would end what Last-Event-ID could go on with."""

    async def cut(seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + chunk(b"id: 1\ndata:\n\n"))
        await writer.drain()
        writer.close()

    async with bytes_upstream(cut) as upstream, gate(upstream.url, stateful=True) as gateway:
        reader, writer = await open_stream(gateway)
        assert await read_chunk(reader) == b"id: 1\ndata:\n\n"
        assert await reader.read() == b""
        writer.close()


@pytest.mark.parametrize(("stateful", "sent"), [(False, b"id: 1\ndata:\n\n"), (True, b"data:\n\n")])
async def test_a_cut_stream_that_nobody_can_resume_ends_in_an_error(sent: bytes, *, stateful: bool) -> None:
    """Without sessions the gateway forwards no GET, so that Last-Event-ID leads nowhere; without ids there is none."""

    async def cut(seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + chunk(sent))
        await writer.drain()
        writer.close()

    async with bytes_upstream(cut) as upstream, gate(upstream.url, stateful=stateful) as gateway:
        reader, writer = await open_stream(gateway)
        assert await read_chunk(reader) == sent
        event = await read_chunk(reader)
        assert await read_chunk(reader) == b""
        writer.close()

    assert json.loads(event.partition(b"data: ")[2])["error"]["data"]["reason"] == "upstream_closed_early"


async def test_a_stream_cut_inside_an_event_that_was_under_way_is_cut_there_too() -> None:
    """An error behind half an event would be read as its second half."""
    half = b'data: {"jsonrpc":"2.0","id":"c1","result":{"content":"x'

    async def cut(seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + chunk(half))
        await writer.drain()
        writer.close()

    async with bytes_upstream(cut) as upstream, gate(upstream.url) as gateway:
        reader, writer = await open_stream(gateway)
        assert await read_chunk(reader) == half
        assert await reader.read() == b""
        writer.close()

    assert gateway.traces[0].reason_code == "upstream_closed_early"


async def test_a_stream_cut_inside_an_event_ends_in_an_error_without_half_of_it() -> None:
    """Half an event could be anybody's answer, and half an event and an error behind it would be read as one."""

    async def cut(seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + chunk(b'data: {"jsonrpc'))
        await writer.drain()
        writer.close()

    async with bytes_upstream(cut) as upstream, gate(upstream.url) as gateway:
        reader, writer = await open_stream(gateway)
        event = await read_chunk(reader)
        assert await read_chunk(reader) == b""
        writer.close()

    assert json.loads(event.partition(b"data: ")[2])["error"]["data"]["reason"] == "upstream_closed_early"


async def test_a_slow_client_holds_the_upstream_back_and_gets_everything_in_the_end() -> None:
    """What a client does not read must not pile up in the gateway."""
    piece = chunk(b"data: " + b"x" * 65_536 + b"\n\n")
    last = b'data: {"jsonrpc": "2.0", "id": "c1", "result": {}}\n\n'
    sent = 0
    blocked = asyncio.Event()

    async def flood(seen: Seen, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(HEAD)
        while not blocked.is_set():
            writer.write(piece)
            sent += 1
            drained = asyncio.ensure_future(writer.drain())
            done, _ = await asyncio.wait({drained}, timeout=0.5)
            if not done or sent > 600:
                blocked.set()
            await drained
        writer.write(chunk(last))
        writer.write(END)

    async with bytes_upstream(flood) as upstream, gate(upstream.url) as gateway:
        reader, writer = await open_stream(gateway)
        await asyncio.wait_for(blocked.wait(), 20)
        size = 0
        while content := await asyncio.wait_for(read_chunk(reader), 5):
            size += len(content)
        writer.close()

    assert sent < 600
    assert size == sent * (65_536 + 8) + len(last)


async def test_a_tool_that_fails_in_a_stream_is_noted_as_such() -> None:
    result = {"jsonrpc": "2.0", "id": "c1", "result": {"isError": True, "content": [{"type": "text", "text": "no"}]}}

    async def failing(seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + chunk(b"data: " + json.dumps(result).encode() + b"\n\n") + END)

    async with bytes_upstream(failing) as upstream, gate(upstream.url) as gateway, httpx2.AsyncClient() as client:
        await client.post(gateway.url, json=CALL, headers=gateway.bearer)

    (trace,) = gateway.traces
    assert (trace.outcome, trace.reason_code, trace.explanation) == ("application_error", "tool_error", "“no”")
