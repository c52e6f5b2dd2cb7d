"""Whatever an upstream sends or holds back ends with a name, costs bounded memory, and nobody else waits for it."""

import asyncio
import gzip
import json
import resource
import zlib
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from devgw.config.project import CapabilityEntry, CapabilityFilter
from devgw.gateway.transport import TransportSettings
from devgw.limits import Limits
from tests.support.bytes_upstream import Answer, Seen, bytes_upstream, response
from tests.support.gate import Gate, gate

CALL = {"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {"name": "echo"}}
LIST = {"jsonrpc": "2.0", "id": 7, "method": "tools/list", "params": {}}
OWN = b'{"jsonrpc":"2.0","id":7,"result":{}}'
FILTERED: dict[str, Any] = {"capability_filter": CapabilityFilter("only-echo", tools=(CapabilityEntry("echo"),))}
QUICK = TransportSettings(response_timeout=1, silence_timeout=0.3, whole_timeout=0.8)


async def ask(gateway: Gate, message: Any = CALL) -> httpx2.Response:
    async with httpx2.AsyncClient(timeout=20) as client:
        return await client.post(gateway.url, json=message, headers=gateway.bearer)


def reason_of(answer: httpx2.Response) -> str:
    assert answer.status_code == 200, answer.text
    return str(answer.json()["error"]["data"]["reason"])


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize(
    ("status", "reason"), [("200 OK", "upstream_response_malformed"), ("500 Oh", "upstream_failed")]
)
async def test_an_answer_in_another_coding_is_the_last_over_its_connection(
    encoding: str, status: str, reason: str
) -> None:
    """Nobody knows whose it was: what follows over that connection may be as little meant for its request."""
    content = response(OWN.decode().encode(encoding), status=status)

    async def answer(_seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(content)

    async with bytes_upstream(answer) as upstream, gate(upstream.url) as gateway:
        said = {reason_of(await ask(gateway)) for _ in range(2)}
    assert said == {reason}
    assert upstream.connections == 2


# --- what hangs -------------------------------------------------------------------------------------------------------


def hanging(head: bytes, beginning: bytes = b"") -> Answer:
    async def answer(seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(head + b"\r\n\r\n" + beginning)
        await asyncio.Event().wait()

    return answer


JSON = b"Content-Type: application/json\r\nContent-Length: 99"
CHUNKED = b"Content-Type: application/json\r\nTransfer-Encoding: chunked"


@pytest.mark.parametrize(
    ("head", "beginning", "reason"),
    [
        (b"HTTP/1.1 200 OK\r\n" + JSON, b'{"jsonrpc"', "answer_unfinished"),
        (b"HTTP/1.1 200 OK\r\n" + JSON, b"", "answer_unfinished"),
        (b"HTTP/1.1 200 OK\r\nContent-Type: application/json", OWN, "answer_unfinished"),
        (
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked",
            b"5\r\n{",
            "answer_unfinished",
        ),
        (b"HTTP/1.1 404 Not Found\r\n" + JSON, b"{", "answer_unfinished"),
        (b"HTTP/1.1 404 Not Found\r\nContent-Type: text/html", b"<p>", "answer_unfinished"),
        (b"HTTP/1.1 401 Unauthorized\r\n" + JSON, b"no", "upstream_credential_refused"),
        (b"HTTP/1.1 500 Oops\r\nContent-Type: text/html", b"<p>no", "upstream_failed"),
        (b"HTTP/1.1 500 Oops\r\n" + JSON, b'{"jsonrpc"', "upstream_failed"),
        (b"HTTP/1.1 200 OK\r\nContent-Type: text/html", b"<p>no", "upstream_answer_not_mcp"),
        (b"HTTP/1.1 202 Accepted\r\nContent-Length: 9", b"", "answer_unfinished"),
        (b"HTTP/1.1 307 Temporary Redirect\r\nLocation: /x\r\nContent-Length: 9", b"", "upstream_redirected"),
    ],
)
async def test_an_upstream_that_hangs_in_its_body_is_named(
    head: bytes, beginning: bytes, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Limits, "UNSHOWN_SECONDS", 0.3)
    async with bytes_upstream(hanging(head, beginning)) as upstream, gate(upstream.url, timeouts=QUICK) as gateway:
        answer = await asyncio.wait_for(ask(gateway), 5)
        await asyncio.wait_for(upstream.ended.wait(), 5)

    assert reason_of(answer) == reason
    if reason != "answer_unfinished":
        assert any("did not end" in note for note in gateway.traces[0].notes)


async def test_an_answer_that_comes_byte_by_byte_is_not_waited_for_without_end() -> None:
    async def trickle(seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n" + JSON.replace(b"99", b"9999") + b"\r\n\r\n")
        while not writer.is_closing():
            writer.write(b" ")
            await asyncio.sleep(0.05)

    async with bytes_upstream(trickle) as upstream, gate(upstream.url, timeouts=QUICK) as gateway:
        answer = await asyncio.wait_for(ask(gateway), 5)

    assert reason_of(answer) == "answer_unfinished"
    assert "0.8 s" in answer.json()["error"]["message"]


async def test_a_stream_may_be_silent_for_as_long_as_it_likes() -> None:
    async def silent(seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n: begun\n\n")
        await asyncio.sleep(1.2)
        writer.write(b"data: " + OWN + b"\n\n")
        writer.close()

    async with bytes_upstream(silent) as upstream, gate(upstream.url, timeouts=QUICK) as gateway:
        answer = await asyncio.wait_for(ask(gateway), 5)

    assert answer.content == b": begun\n\ndata: " + OWN + b"\n\n"


# --- what has no end --------------------------------------------------------------------------------------------------


def endless(kind: str, piece: bytes, *, status: str = "200 OK", beginning: bytes = b"", more: str = "") -> Answer:
    """Return an answer that goes on until somebody closes."""

    async def answer(seen: Seen, writer: asyncio.StreamWriter) -> None:
        if b"ping" in seen.body:
            writer.write(response(OWN))
            return
        writer.write(f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\n{more}\r\n".encode() + beginning)
        while not writer.is_closing():
            writer.write(piece)
            await writer.drain()

    return answer


def bomb(kind: str, packer: Callable[[bytes], bytes], encoding: str) -> Answer:
    packed = packer(b" " * 300_000_000)

    async def answer(seen: Seen, writer: asyncio.StreamWriter) -> None:
        if b"ping" in seen.body:
            writer.write(response(OWN))
        else:
            writer.write(response(packed, content_type=kind, more=f"Content-Encoding: {encoding}\r\n"))

    return answer


def grown_mb(before: int) -> float:
    return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024


PIECE = b"x" * 65_536


@pytest.mark.parametrize(
    ("answer", "message", "reason"),
    [
        (endless("text/html", PIECE), CALL, "upstream_answer_not_mcp"),
        (endless("text/html", PIECE, status="500 Oops"), CALL, "upstream_failed"),
        (endless("application/json", PIECE, status="500 Oops"), CALL, "upstream_failed"),
        (endless("text/html", PIECE, status="401 Unauthorized"), CALL, "upstream_credential_refused"),
        (endless("application/json", PIECE, beginning=b'{"result":"'), CALL, "answer_too_long"),
        (endless("application/json", b"[" * 65_536), CALL, "upstream_answer_unreadable"),
        (endless("application/json", b'{"a":' * 10_000), CALL, "upstream_answer_unreadable"),
        (endless("application/json", b'{"a":1},' * 8_000, beginning=b"["), CALL, "upstream_answer_unreadable"),
        (endless("application/json", b'{"a":[1]},' * 6_000, beginning=b'{"result":['), CALL, "answer_too_long"),
        (endless("application/json", PIECE, beginning=b'{"result":{"tools":"'), LIST, "answer_too_long"),
        (bomb("application/json", gzip.compress, "gzip"), CALL, "answer_unpacks_too_long"),
        (bomb("application/json", zlib.compress, "deflate"), CALL, "answer_unpacks_too_long"),
        (bomb("application/json", gzip.compress, "gzip"), LIST, "answer_unpacks_too_long"),
    ],
)
async def test_an_answer_without_end_costs_little_and_keeps_nobody_waiting(
    answer: Answer, message: dict[str, Any], reason: str
) -> None:
    async with bytes_upstream(answer) as upstream, gate(upstream.url, **FILTERED) as gateway:
        await ask(gateway, CALL | {"method": "ping"})
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        hostile = asyncio.ensure_future(ask(gateway, message))
        longest = 0.0
        while not hostile.done():
            began = asyncio.get_running_loop().time()
            assert (await ask(gateway, CALL | {"method": "ping"})).content == OWN
            longest = max(longest, asyncio.get_running_loop().time() - began)

    assert reason_of(await hostile) == reason
    assert longest < 1
    assert grown_mb(before) < 50


@pytest.mark.parametrize(
    "piece", [PIECE, b"data: " + b"x" * 999 + b"\n", b": \n\n" * 9_999], ids=["no line", "one event", "comments"]
)
async def test_an_event_without_end_is_held_no_longer_than_an_answer(piece: bytes) -> None:
    """Comments go on; what never becomes an event is held up to the limit."""
    async with (
        bytes_upstream(endless("text/event-stream", piece)) as upstream,
        gate(upstream.url) as gateway,
        httpx2.AsyncClient(timeout=20) as client,
        client.stream("POST", gateway.url, json=CALL, headers=gateway.bearer) as answer,
    ):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        size = 0
        async for each in answer.aiter_raw():
            size += len(each)
            if size > 2_000_000:
                break
        assert grown_mb(before) < 60

    assert (size > 2_000_000) is piece.startswith(b":")
    if not piece.startswith(b":"):
        assert gateway.traces[-1].reason_code == "answer_too_long"


async def test_a_list_of_too_many_values_is_not_built() -> None:
    """4 MB of `[],` are 300 MB of lists."""
    body = b'{"jsonrpc":"2.0","id":7,"result":{"tools":[' + b"[]," * 1_000_000 + b"[]]}}"

    async def answer(seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(response(body))

    async with bytes_upstream(answer) as upstream, gate(upstream.url, **FILTERED) as gateway:
        said = await ask(gateway, LIST)

    assert reason_of(said) == "upstream_answer_unreadable"


@pytest.mark.parametrize("tools", [b'[{"name":"a"}],"tools":[]', b'[{"name":NaN}]', b"[" * 90 + b"]" * 90])
async def test_a_list_that_two_readers_read_differently_is_not_let_through_unfiltered(tools: bytes) -> None:
    body = b'{"jsonrpc":"2.0","id":7,"result":{"tools":' + tools + b"}}"

    async def answer(seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(response(body))

    async with bytes_upstream(answer) as upstream, gate(upstream.url, **FILTERED) as gateway:
        found = reason_of(await ask(gateway, LIST))
    assert found == ("upstream_response_malformed" if b"NaN" in tools else "upstream_answer_unreadable")


@pytest.mark.parametrize("more", [0, 1])
async def test_a_list_is_read_up_to_the_limit_and_not_one_byte_further(more: int) -> None:
    head, tail = b'{"jsonrpc":"2.0","id":7,"result":{"tools":[{"name":"echo"},{"name":"', b'"}]}}'
    body = head + b"x" * (Limits.FILTERED_BYTES - len(head) - len(tail) + more) + tail

    async def answer(seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(response(body))

    async with bytes_upstream(answer) as upstream, gate(upstream.url, **FILTERED) as gateway:
        said = await ask(gateway, LIST)

    if more:
        assert reason_of(said) == "answer_too_long"
    else:
        assert said.json()["result"]["tools"] == [{"name": "echo"}]
        assert said.headers["content-length"] == str(len(said.content))


async def test_a_filtered_list_of_ordinary_length_is_filtered() -> None:
    tools = [{"name": f"tool-{number}", "description": "x" * 200} for number in range(2_000)]
    body = json.dumps({"jsonrpc": "2.0", "id": 7, "result": {"tools": [*tools, {"name": "echo"}]}}).encode()

    async def answer(seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(response(body))

    async with bytes_upstream(answer) as upstream, gate(upstream.url, **FILTERED) as gateway:
        assert (await ask(gateway, LIST)).json()["result"]["tools"] == [{"name": "echo"}]
