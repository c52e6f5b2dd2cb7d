"""Where an upstream's answer ends is never a matter of opinion, and a connection lives on only after usual answers."""

import asyncio
from collections.abc import Callable

import pytest

from devgw.clock import SystemClock
from devgw.gateway.transport import StreamedAnswer, Timing, TransportSettings, UpstreamRequest
from devgw.limits import Limits
from devgw.outbound.framing import BodyInChunks
from devgw.outbound.head import AnswerHeadTooLarge, end_of_head
from devgw.outbound.proxy import ProxyClient
from devgw.problems import Problem, Refused
from devgw.problems.limit import AnswerHeadTooLong
from devgw.problems.proxy import UpstreamSpeaksTls
from devgw.problems.upstream import AddressForbidden
from devgw.problems.upstream_answer import UpstreamAnswerMalformed, UpstreamFramingUnsafe, UpstreamSwitchedProtocols
from tests.support.bytes_upstream import Answer, BytesUpstream, Seen, bytes_upstream, response

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


def at_once(content: bytes) -> Answer:
    async def answer(seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(content)

    return answer


def bit_by_bit(content: bytes) -> Answer:
    async def answer(seen: Seen, writer: asyncio.StreamWriter) -> None:
        for each in content:
            writer.write(bytes([each]))
            await writer.drain()
            await asyncio.sleep(0)

    return answer


def client() -> ProxyClient:
    return ProxyClient(SystemClock(), TransportSettings(response_timeout=5))


async def whole(answer: StreamedAnswer) -> bytes:
    pieces = []
    while piece := await asyncio.wait_for(answer.read(), 5):
        pieces.append(piece)
    return b"".join(pieces)


async def refusal_of(content: bytes, cut: Callable[[bytes], Answer] = at_once) -> Problem:
    """Return with what problem an answer of these bytes ends."""
    async with bytes_upstream(cut(content)) as upstream:
        with pytest.raises(Refused) as refused:
            await whole(await client().open(UpstreamRequest("POST", upstream.url, [], b"{}"), Timing()))
        await asyncio.wait_for(upstream.ended.wait(), 5)
    return refused.value.problem


@pytest.mark.parametrize("cut", [at_once, bit_by_bit], ids=["at once", "byte by byte"])
@pytest.mark.parametrize(
    ("content", "why"),
    [
        (OK + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", "both Content-Length"),
        (OK + b"Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n0\r\n\r\n", "both Content-Length"),
        (OK + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc", "more than one Content-Length"),
        (OK + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", "more than one Content-Length"),
        (OK + b"Content-Length: 3, 3\r\n\r\nabc", "Content-Length is"),
        (OK + b"Content-Length: +3\r\n\r\nabc", "Content-Length is"),
        (OK + b"Content-Length: -1\r\n\r\nabc", "Content-Length is"),
        (OK + b"Content-Length: 0x3\r\n\r\nabc", "Content-Length is"),
        (OK + b"Content-Length: 3 3\r\n\r\nabc", "Content-Length is"),
        (OK + b"Content-Length:\r\n\r\nabc", "Content-Length is"),
        (OK + b"Content-Length: 99999999999999999999\r\n\r\nabc", "Content-Length is"),
        (OK + b"Content-Length : 3\r\n\r\nabc", "space between a header's name and its colon"),
        (OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "not chunked alone"),
        (OK + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", "not chunked alone"),
        (OK + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n", "not chunked alone"),
        (OK + b"Transfer-Encoding: identity\r\n\r\nabc", "not chunked alone"),
        (OK + b"Transfer-Encoding: xchunked\r\n\r\nabc", "not chunked alone"),
        (OK + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n", "characters"),
        (b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "HTTP/1.0"),
        (OK + b"X: a\r\n b\r\nContent-Length: 0\r\n\r\n", "goes on in the next line"),
        (OK + b"X: a\r\n\tContent-Length: 9\r\n\r\n", "goes on in the next line"),
        (OK + b"X: a\nContent-Length: 9\r\n\r\n", "LF or CR alone"),
        (OK + b"X: a\rContent-Length: 9\r\n\r\n", "LF or CR alone"),
        (b"HTTP/1.1 200 OK\nContent-Length: 0\n\n", "LF alone"),
        (CHUNKED + b"3\nabc\n0\n\n", "LF alone"),
        (CHUNKED + b"3;\nabc\r\n0\r\n\r\n", "a chunk's"),
        (CHUNKED + b"3\r\nabcd\r\n0\r\n\r\n", "longer or shorter than its size"),
        (CHUNKED + b"3\r\nabc0\r\n\r\n", "longer or shorter than its size"),
        (CHUNKED + b"0x3\r\nabc\r\n0\r\n\r\n", "a chunk's size"),
        (CHUNKED + b"-3\r\nabc\r\n0\r\n\r\n", "a chunk's size"),
        (CHUNKED + b" 3\r\nabc\r\n0\r\n\r\n", "a chunk's size"),
        (CHUNKED + b"3 \r\nabc\r\n0\r\n\r\n", "a chunk's size"),
        (CHUNKED + b"FFFFFFFFFFFFFFFFF\r\nabc", "a chunk's size"),
        (CHUNKED + b"\r\n3\r\nabc\r\n0\r\n\r\n", "a chunk's size"),
        (CHUNKED + b"0\r\nX Y: z\r\n\r\n", "trailers are no headers"),
        (CHUNKED + b"0\r\nX: y\n\n", "trailers have no end"),
    ],
)
async def test_an_answer_whose_end_is_ambiguous_is_refused_and_named(
    content: bytes, why: str, cut: Callable[[bytes], Answer]
) -> None:
    """RFC 9112 §6.3, §11: what two programs may frame differently carries one exchange's bytes into another."""
    problem = await refusal_of(content, cut)

    assert why in problem.explain()
    if why != "characters":
        assert isinstance(problem, UpstreamFramingUnsafe)


@pytest.mark.parametrize(
    "content",
    [
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/2.0 200 OK\r\n\r\n",
        b"HTTP/1.2 200 OK\r\n\r\n",
        b"HTTP/1.1 099 Odd\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"HTTP/1.1 20 OK\r\n\r\n",
        b"HTTP/1.1  200 OK\r\n\r\n",
        b"\r\nHTTP/1.1 200 OK\r\n\r\n",
        OK + b"no colon\r\n\r\n",
        OK + b": no name\r\n\r\n",
        OK + b"X(y): z\r\n\r\n",
        OK + b"X: a\x00b\r\n\r\n",
    ],
)
async def test_what_is_no_answer_in_http_1_is_named(content: bytes) -> None:
    assert isinstance(await refusal_of(content), UpstreamAnswerMalformed)


async def test_a_protocol_that_nobody_asked_for_is_named() -> None:
    upgraded = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
    assert isinstance(await refusal_of(upgraded), UpstreamSwitchedProtocols)


async def test_a_port_that_answers_plain_http_with_an_alert_of_tls_is_named() -> None:
    problem = await refusal_of(b"\x15\x03\x01\x00\x02")
    assert isinstance(problem, UpstreamSpeaksTls)
    assert "https://" in problem.advise()


async def test_a_malformed_header_is_named_without_what_stands_in_it() -> None:
    problem = await refusal_of(OK + b"x-secret hunter2\r\n\r\n")

    assert "hunter2" not in problem.explain()


def endless(piece: bytes, first: bytes = OK) -> Answer:
    async def answer(seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(first)
        while not writer.is_closing():
            writer.write(piece)
            await writer.drain()

    return answer


@pytest.mark.parametrize(
    "piece", [b"x: y\r\n" * 9, b"x: " + b"y" * 60_000, b"y" * 99], ids=["headers", "a header", "a name"]
)
async def test_a_head_without_end_is_cut_off(piece: bytes) -> None:
    async with bytes_upstream(endless(piece)) as upstream:
        with pytest.raises(Refused) as refused:
            await client().open(UpstreamRequest("POST", upstream.url, [], b"{}"), Timing())

    assert refused.value.problem == AnswerHeadTooLong(upstream.url)


def test_a_head_that_ends_beyond_the_limit_is_cut_off_too() -> None:
    """However many bytes the loop hands over at one time."""
    with pytest.raises(AnswerHeadTooLarge):
        end_of_head(OK + b"x: " + b"y" * Limits.ANSWER_HEAD_BYTES + b"\r\n\r\n")


@pytest.mark.parametrize(
    ("first", "piece", "why"),
    [
        (b"1;", b"a=b;" * 99, "the line before a chunk has no end"),
        (b"", b"0" * 999, "the line before a chunk has no end"),
        (b"0\r\n", b"x: y\r\n" * 99, "its trailers have no end"),
        (b"0\r\nx: ", b"y" * 999, "its trailers have no end"),
    ],
)
async def test_framing_without_end_is_cut_off(first: bytes, piece: bytes, why: str) -> None:
    async with bytes_upstream(endless(piece, CHUNKED + first)) as upstream, asyncio.timeout(10):
        answer = await client().open(UpstreamRequest("POST", upstream.url, [], b"{}"), Timing())
        with pytest.raises(Refused) as refused:
            await whole(answer)

    assert isinstance(refused.value.problem, UpstreamFramingUnsafe)
    assert why in refused.value.problem.explain()


async def test_chunks_of_a_byte_are_read_up_to_a_last_one_and_named() -> None:
    """Sixteen megabytes in chunks of a byte take half a minute to read, and everybody else waits for it."""
    async with bytes_upstream(endless(b"1\r\n \r\n" * 9_999, CHUNKED)) as upstream, asyncio.timeout(20):
        answer = await client().open(UpstreamRequest("POST", upstream.url, [], b"{}"), Timing())
        with pytest.raises(Refused) as refused:
            await whole(answer)

    assert refused.value.problem == AnswerHeadTooLong(upstream.url, part="framing of the body")
    assert answer.received <= 2 * Limits.TINY_CHUNKS


def test_a_stream_of_tiny_chunks_now_and_then_may_go_on_for_ever() -> None:
    body = BodyInChunks()
    for _ in range(2 * Limits.TINY_CHUNKS):
        assert body.take(b"3\r\n:\n\n\r\n") == (b":\n\n", None)
    text = BodyInChunks()
    assert text.take(b"1\r\nx\r\n" * (Limits.TINY_CHUNKS // 2) + b"0\r\n\r\n")[1] == b"", "a text by its characters"


@pytest.mark.parametrize(
    "content",
    [
        OK + b"x: y\r\n" * (Limits.ANSWER_HEADERS + 1) + b"\r\n",
        b"HTTP/1.1 103 Early Hints\r\n\r\n" * (Limits.INTERIM_ANSWERS + 1) + response(b"abc"),
    ],
    ids=["many headers", "many interim answers"],
)
async def test_a_head_with_too_much_in_it_is_refused(content: bytes) -> None:
    assert isinstance(await refusal_of(content), AnswerHeadTooLong)


# --- what lets a connection live on -----------------------------------------------------------------------------------


async def connections_for_two(answer: Answer, method: str = "POST", body: bytes = b"{}", **more: object) -> int:
    """Return over how many connections two requests went, one after the other."""
    async with bytes_upstream(answer) as upstream:
        proxy = client()
        for _ in range(2):
            await _ask(proxy, upstream, method, body, **more)
    return upstream.connections


async def _ask(proxy: ProxyClient, upstream: BytesUpstream, method: str, body: bytes, **more: object) -> None:
    answer = await proxy.open(UpstreamRequest(method, upstream.url, [], body, **more), Timing())  # type: ignore[arg-type]
    await whole(answer)


@pytest.mark.parametrize(
    "content",
    [
        response(b"abc"),
        CHUNKED + b"3\r\nabc\r\n0\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\n\r\n",
        response(b"abc", more="Connection: Keep-Alive\r\nKeep-Alive: timeout=5\r\n"),
    ],
    ids=["with a length", "chunked", "no content", "keep-alive"],
)
async def test_a_connection_is_kept_after_a_usual_answer(content: bytes) -> None:
    assert await connections_for_two(at_once(content)) == 1


@pytest.mark.parametrize(
    "content",
    [
        response(b"abc", status="415 Unsupported Media Type"),
        response(b"abc", status="401 Unauthorized"),
        response(b"abc", status="500 Internal Server Error"),
        response(b"abc", status="307 Temporary Redirect"),
        response(b"abc", more="Connection: close\r\n"),
        response(b"abc", more="Connection: keep-alive\r\nConnection: Close\r\n"),
        response(b"abc", more="Connection: X-Odd\r\n"),
        response(b"abc", more="Upgrade: h2c\r\n"),
        b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 3\r\n\r\nabc",
        b"HTTP/1.1 100 Continue\r\n\r\n" + response(b"abc"),
        b"HTTP/1.1 204 No Content\r\nContent-Length: 3\r\n\r\nabc",
        b"HTTP/1.1 204 No Content\r\nContent-Length: 3\r\n\r\n",
        response(b"abc") + b"\r\n",
        response(b"abc") + b"H",
        response(b"abc") + response(b"evil"),
        CHUNKED + b"3\r\nabc\r\n0\r\n\r\n\r\n",
    ],
)
async def test_no_connection_is_kept_after_anything_unusual(content: bytes) -> None:
    assert await connections_for_two(at_once(content)) == 2


async def test_bytes_that_come_while_nothing_is_asked_end_the_connection() -> None:
    writers: list[asyncio.StreamWriter] = []

    async def answer(seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(response(b"abc"))
        writers.append(writer)

    async with bytes_upstream(answer) as upstream:
        proxy = ProxyClient(SystemClock(), TransportSettings(idle_timeout=60))
        await _ask(proxy, upstream, "POST", b"{}")
        writers[0].write(response(b"evil"))
        await asyncio.wait_for(upstream.ended.wait(), 5)
        await _ask(proxy, upstream, "POST", b"{}")

    assert upstream.connections == 2


async def test_an_answer_that_began_before_the_request_was_written_ends_the_connection() -> None:
    """The rest of the request's body would be the next request for a server that did not read it."""
    connections, answered = 0, asyncio.Event()

    async def early(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await reader.readuntil(b"\r\n\r\n")
        writer.write(response(b"abc"))
        await answered.wait()
        while await reader.read(65_536):
            pass
        writer.close()

    server = await asyncio.start_server(early, "127.0.0.1", 0, limit=1024)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/mcp"
    proxy = client()
    for _ in range(2):
        answer = await proxy.open(UpstreamRequest("POST", url, [], b"x" * 20_000_000), Timing())
        assert await whole(answer) == b"abc"
    answered.set()
    server.close()

    assert connections == 2


async def test_owners_never_share_a_connection() -> None:
    async with bytes_upstream(at_once(response(b"abc"))) as upstream:
        proxy = client()
        for owner in ("anne", "ben", "anne", "ben", ("anne", b"another credential")):
            await _ask_as(proxy, upstream, owner)

    assert upstream.connections == 3


async def test_what_led_to_a_connection_is_part_of_whose_it_is() -> None:
    """A certificate was shown on it or not; and where a redirect leads, the peer has to be judged first."""
    async with bytes_upstream(at_once(response(b"abc"))) as upstream:
        proxy = client()
        for more in ({}, {"certificate": "mine.pem"}, {}):
            await whole(await proxy.open(UpstreamRequest("POST", upstream.url, [], b"{}", **more), Timing()))
        assert upstream.connections == 2
        led = UpstreamRequest("POST", upstream.url, [], b"{}", led_by="1.1.1.1")
        with pytest.raises(Refused) as refused:
            await proxy.open(led, Timing())

    assert isinstance(refused.value.problem, AddressForbidden)
    assert len(upstream.seen) == 3


async def _ask_as(proxy: ProxyClient, upstream: BytesUpstream, owner: object) -> None:
    answer = await proxy.open(UpstreamRequest("POST", upstream.url, [], b"{}", owner=owner), Timing())
    await whole(answer)


async def test_connections_that_wait_are_bounded() -> None:
    async with bytes_upstream(at_once(response(b"abc"))) as upstream:
        proxy = ProxyClient(SystemClock(), TransportSettings(idle_timeout=60))
        for owner in range(Limits.KEPT_CONNECTIONS + 1):
            await _ask_as(proxy, upstream, owner)
        await asyncio.wait_for(upstream.ended.wait(), 5)
        assert upstream.closed == 1
        proxy.close()


async def test_connections_do_not_wait_for_ever() -> None:
    async with bytes_upstream(at_once(response(b"abc"))) as upstream:
        proxy = ProxyClient(SystemClock(), TransportSettings(idle_timeout=0.5))
        for owner in range(3):
            await _ask_as(proxy, upstream, owner)
        async with asyncio.timeout(10):
            while upstream.closed < upstream.connections:
                await asyncio.sleep(0.01)
