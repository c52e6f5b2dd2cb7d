"""Nothing on a connection is waited for without end, and one that is over costs nothing."""

import asyncio
import errno
import gc
import json
import socket
import struct

import pytest

from devgw.limits import Limits
from devgw.settings import ProxySettings
from tests.support.gate import gate
from tests.web.incoming import Echo, drip, open_descriptors, say, served, until

HEAD = b"POST /one HTTP/1.1\r\nHost: localhost\r\n"
GET = b"GET /one HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the deadlines of the tests short."""
    monkeypatch.setattr(Limits, "HEAD_SECONDS", 0.5)
    monkeypatch.setattr(Limits, "SILENCE_SECONDS", 0.5)


@pytest.mark.parametrize("sent", [b"G", b"GET /one HTTP/1.1\r\nHos", b"GET /one HTTP/1.1\r\nHost: localhost\r\n"])
async def test_half_a_head_ends_with_408_and_the_reason(sent: bytes) -> None:
    """RFC 9110 §15.5.9."""
    async with served(Echo()) as port:
        answer = await say(port, sent)
    assert answer.startswith(b"HTTP/1.1 408 "), answer
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["reason"] == "request_unfinished"


async def test_half_a_head_after_a_whole_request_ends_in_the_same_way() -> None:
    async with served(Echo()) as port:
        answer = await say(port, GET + b"GET /two HTT")
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"HTTP/1.1 408 " in answer


@pytest.mark.parametrize("framing", [b"Content-Length: 100\r\n\r\nabc", b"Transfer-Encoding: chunked\r\n\r\n5\r\nab"])
async def test_half_bodies_tell_the_app_that_the_client_is_gone_and_leave_nothing(framing: bytes) -> None:
    app = Echo()
    before = open_descriptors()
    async with served(app) as port:
        await asyncio.gather(*(say(port, HEAD + framing) for _ in range(100)))
    assert app.left == 100
    assert open_descriptors() <= before


async def test_the_front_answers_half_a_body_with_408_a_reason_and_a_trace() -> None:
    async with gate("http://127.0.0.1:1/mcp") as gateway, served(gateway.front) as port:
        head = f"POST /mcp/sample HTTP/1.1\r\nHost: {gateway.origin[7:]}\r\nContent-Length: 9\r\n\r\nx"
        answers = [await say(port, head.encode()), await say(port, head.replace("/mcp/sample", "/register").encode())]
    for answer in answers:
        assert answer.startswith(b"HTTP/1.1 408 "), answer
        said = json.loads(answer.partition(b"\r\n\r\n")[2])
        assert said["reason"] == "request_unfinished"
        assert said["traceId"] in {each.id for each in gateway.traces}


@pytest.mark.parametrize(
    ("line", "limit", "fix"),
    [
        ("POST /mcp/sample", ProxySettings().request_limit, "Send less, or raise [proxy] request_limit in devgw.toml."),
        ("POST /register", Limits.OAUTH_BODY_BYTES, "Send less: nothing that this endpoint takes is as large."),
    ],
)
@pytest.mark.parametrize("sent", [b"", b"x" * 1000])
async def test_a_body_that_says_it_is_too_long_is_not_waited_for(line: str, limit: int, fix: str, sent: bytes) -> None:
    """RFC 9110 §15.5.14. The answer says that the connection ends, since the rest of the body is on it."""
    async with gate("http://127.0.0.1:1/mcp") as gateway, served(gateway.front) as port, asyncio.timeout(5):
        bearer = f"Authorization: Bearer {gateway.token}\r\n"
        head = f"{line} HTTP/1.1\r\nHost: {gateway.origin[7:]}\r\n{bearer}Content-Length: "
        answers = [await say(port, f"{head}{size}\r\n\r\n".encode() + sent) for size in (limit + 1, 10**15)]
    for answer in answers:
        top, _, body = answer.partition(b"\r\n\r\n")
        assert top.startswith(b"HTTP/1.1 413 "), answer
        assert top.lower().count(b"connection: close") == 1
        said = json.loads(body)
        assert (said["reason"], said["hint"]) == ("request_too_large", fix)
        assert said["detail"] == f"The request's body is larger than {limit:,} bytes."


async def test_whoever_sends_all_of_a_body_that_is_too_long_reads_why() -> None:
    async with gate("http://127.0.0.1:1/mcp") as gateway, served(gateway.front) as port:
        size = 4 * Limits.OAUTH_BODY_BYTES
        head = f"POST /register HTTP/1.1\r\nHost: {gateway.origin[7:]}\r\nContent-Length: {size}\r\n\r\n"
        answer = await say(port, head.encode() + b"x" * size)
    assert answer.startswith(b"HTTP/1.1 413 ")


async def test_a_head_and_a_body_drop_by_drop_end_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Limits, "BODY_SECONDS", 1.0)
    app = Echo()
    async with served(app) as port:
        answers = await asyncio.gather(
            drip(port, b"GET / HTTP/1.1\r\nx: "), drip(port, HEAD + b"Content-Length: 99\r\n\r\n")
        )
    assert answers[0].startswith(b"HTTP/1.1 408 ")
    assert app.left == 1


async def test_who_waits_for_a_slow_answer_is_not_cut() -> None:
    app = Echo(gate=asyncio.Event())
    async with served(app) as port:
        asking = asyncio.ensure_future(say(port, GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")))
        await until(app, 1)
        await asyncio.sleep(2.5)  # beyond every deadline of a client
        assert app.gate is not None
        app.gate.set()
        assert (await asking).startswith(b"HTTP/1.1 200 ")


async def test_a_client_that_never_reads_its_answer_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Limits, "UNREAD_SECONDS", 0.5)
    async with served(Echo(answer_bytes=30_000_000)) as port, asyncio.timeout(15):
        before = open_descriptors()
        client = socket.create_connection(("127.0.0.1", port))
        client.sendall(GET)
        while open_descriptors() <= before + 1:  # the server's end
            await asyncio.sleep(0.01)
        while open_descriptors() > before + 1:
            await asyncio.sleep(0.05)
        client.close()


async def test_a_client_that_reads_slowly_gets_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Limits, "UNREAD_SECONDS", 1.5)
    async with served(Echo(answer_bytes=12_000_000)) as port, asyncio.timeout(20):
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=65_536)
        writer.write(GET)
        got = 0
        while got < 12_000_000:
            got += len(await reader.read(600_000 // 2))
            await asyncio.sleep(0.05)
        writer.close()


async def test_whatever_the_system_says_of_a_socket_whose_client_is_gone_is_no_fault(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Linux says ENOTCONN where a client left before the answer's last bytes, depending on the moment."""
    loop, faults = asyncio.get_running_loop(), list[object]()
    loop.set_exception_handler(lambda _, context: faults.append(context))
    wait_closed = asyncio.StreamWriter.wait_closed

    async def gone(writer: asyncio.StreamWriter) -> None:
        await wait_closed(writer)
        raise OSError(errno.ENOTCONN, "Transport endpoint is not connected")

    async with served(Echo()) as port:
        monkeypatch.setattr(asyncio.StreamWriter, "wait_closed", gone)
        answer = await say(port, GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    gc.collect()  # a task whose fault nobody took says so at its end
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert faults == []


@pytest.mark.parametrize("how", ["closes", "resets", "closes after an answer", "shuts its side"])
async def test_a_connection_that_the_client_ended_costs_nothing(how: str) -> None:
    """A keep-alive time of 75 s is no reason to keep a descriptor for a client that is gone."""
    async with served(Echo()) as port, asyncio.timeout(10):
        before = open_descriptors()
        for _ in range(60):
            client = socket.create_connection(("127.0.0.1", port))
            if how == "closes after an answer":
                client.sendall(GET)
                await asyncio.to_thread(client.recv, 1_000)
            if how == "resets":
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            if how == "shuts its side":
                client.shutdown(socket.SHUT_WR)
                await asyncio.to_thread(client.recv, 1_000)
            client.close()
        began = asyncio.get_running_loop().time()
        while open_descriptors() > before:
            await asyncio.sleep(0.02)
        assert asyncio.get_running_loop().time() - began < 1


async def test_idle_and_half_sent_connections_make_room_for_those_that_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Limits, "CONNECTIONS", 10)
    monkeypatch.setattr(Limits, "HEAD_SECONDS", 60)
    monkeypatch.setattr(Limits, "SILENCE_SECONDS", 60)
    async with served(Echo()) as port, asyncio.timeout(30):
        held = []
        for number in range(60):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write((b"", b"GET / HT", HEAD + b"Content-Length: 9\r\n\r\nx")[number % 3])
            held.append(writer)
        for _ in range(20):
            answer = await say(port, GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
            assert answer.startswith(b"HTTP/1.1 200 ")
        for writer in held:
            writer.transport.abort()


async def test_where_all_connections_are_at_work_another_is_told_so_and_when_to_come_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Limits, "CONNECTIONS", 8)
    app = Echo(gate=asyncio.Event())
    async with served(app) as port:
        asking = [asyncio.ensure_future(say(port, GET)) for _ in range(8)]
        await until(app, 8)
        answer = await say(port, GET)
        assert answer.startswith(b"HTTP/1.1 503 "), answer
        assert b"retry-after: 2\r\n" in answer.lower()
        assert json.loads(answer.partition(b"\r\n\r\n")[2])["reason"] == "connections_exhausted"
        assert app.gate is not None
        app.gate.set()
        for each in asking:
            each.cancel()


@pytest.mark.parametrize("path", ["/oauth/register", "/mcp/sample"])
async def test_a_client_that_leaves_within_its_body_is_told_with_how_much_came(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Limits, "SILENCE_SECONDS", 60)
    async with gate("http://127.0.0.1:1/mcp") as gateway, served(gateway.front) as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        bearer = f"Authorization: Bearer {gateway.token}\r\nContent-Type: application/json\r\n"
        head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\n{bearer}Content-Length: 40\r\n\r\n"
        writer.write(head.encode() + b'{"clien')
        await writer.drain()
        writer.close()
        async with asyncio.timeout(20):
            await gateway.exchanged.wait()
    (trace,) = gateway.traces
    assert trace.status == 499
    assert "of the 40 bytes of its request's body had been read" in trace.notes[-1]
