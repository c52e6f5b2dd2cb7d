"""Whatever a server sends, an answer ends in time and within its bytes; who may not be asked is told nothing."""

import asyncio
import gzip
import resource
import socket
import ssl
import struct
import subprocess
import sys
import threading
import zlib
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest
import uvloop

from devgw.clock import SystemClock
from devgw.foreign.addresses import PUBLIC
from devgw.foreign.pieces import PIECE_BYTES
from devgw.gateway.transport import Timing, UpstreamRequest
from devgw.limits import Limits
from devgw.outbound.client import Bounds, http_client
from devgw.outbound.guard import address_check, upstream_check
from devgw.outbound.proxy import ProxyClient
from devgw.problems import Problem, Refused
from devgw.problems.limit import AnswerHeadTooLong, AnswerTooLong, AnswerUnfinished, AnswerUnpacksTooLong
from devgw.problems.upstream import AddressForbidden
from tests.support.bytes_upstream import Seen, bytes_upstream
from tests.support.certificates import key_and_certificate
from tests.support.hostile import OK, Speak, hangs, hostile, repeats, says

QUICK = Bounds(seconds=1.0, silence=0.3)
BOMB = gzip.compress(b"[" + b" " * 50_000_000)
CHUNK = b"10000\r\n" + b"x" * 65_536 + b"\r\n"


async def problem_of(speak: Speak, bounds: Bounds = QUICK) -> Problem:
    """Return why the answer is refused; it must be in time, and the server must see that nobody listens any more."""
    async with hostile(speak) as served, asyncio.timeout(bounds.seconds + 2):
        with pytest.raises(Refused) as refused:
            async with http_client(bounds) as client:
                await client.post(f"{served.origin}/token?code=secret", data={"code": "x"})
    assert "secret" not in refused.value.problem.explain()
    return refused.value.problem


@pytest.mark.parametrize(
    "speak",
    [
        repeats(OK + b"\r\n", b"x" * 65_536),
        repeats(OK + b"transfer-encoding: chunked\r\n\r\n", CHUNK),
        says(OK + b"content-length: 3000000\r\n\r\n" + b"x" * 3_000_000),
        repeats(OK + b"content-encoding: identity\r\n\r\n", b"x" * 65_536),
        repeats(OK + b"transfer-encoding: chunked\r\n\r\n", b"1;" + b"e" * 4_000 + b"\r\nx\r\n"),
    ],
)
async def test_a_body_without_end_is_read_up_to_the_limit(speak: Speak) -> None:
    problem = await problem_of(speak, Bounds(seconds=5))
    assert isinstance(problem, AnswerTooLong)
    assert f"{Limits.ANSWER_BYTES:,}" in problem.explain()


@pytest.mark.parametrize("packed", [BOMB, zlib.compress(b"0" * 50_000_000)])
@pytest.mark.parametrize("name", [b"gzip", b"deflate", b"GZIP", b"x-gzip"])
async def test_a_small_answer_that_unpacks_to_a_large_one_is_unpacked_up_to_the_limit(
    packed: bytes, name: bytes
) -> None:
    head = OK + b"content-encoding: " + name + b"\r\ncontent-length: %d\r\n\r\n" % len(packed)
    assert isinstance(await problem_of(says(head + packed), Bounds(seconds=5)), AnswerUnpacksTooLong)


async def test_bytes_of_framing_are_counted_with_the_body() -> None:
    """A body of one-byte chunks takes a thousandfold the time of its length to read."""
    chunks = repeats(OK + b"transfer-encoding: chunked\r\n\r\n", b"1\r\nx\r\n" * 1_000)
    assert isinstance(await problem_of(chunks, Bounds(seconds=5, most_bytes=10_000)), AnswerTooLong)


@pytest.mark.parametrize(
    "speak",
    [
        repeats(OK + b"transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n", b"x-t: 1\r\n" * 1_000),
        repeats(OK + b"transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nx-t: ", b"y" * 10_000),
        repeats(OK + b"transfer-encoding: chunked\r\n\r\n1;", b"a=b;" * 1_000),
        says(OK + b"transfer-encoding: chunked\r\n\r\n2;" + b"extension" * 30_000),
    ],
)
async def test_framing_without_end_is_no_failure_to_reach_somebody(speak: Speak) -> None:
    problem = await problem_of(speak, Bounds(seconds=5))
    assert isinstance(problem, AnswerHeadTooLong)
    assert "The framing of the body of the answer of" in problem.explain()


FLOOD = b"HTTP/1.1 100 \r\n\r\n" * 4_000


async def test_over_tls_and_through_a_proxy_the_same_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pem = tmp_path / "server.pem"
    pem.write_bytes(key_and_certificate("localhost"))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))

    async def flood(seen: Seen, writer: asyncio.StreamWriter) -> None:
        while not writer.is_closing():
            writer.write(FLOOD)
            await writer.drain()

    async with bytes_upstream(flood, tls=tls) as secured, bytes_upstream(flood) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url.removesuffix("/mcp"))
        for url in (secured.url.replace("127.0.0.1", "localhost"), "http://name.example/x"):
            with pytest.raises(Refused) as refused:
                async with http_client(Bounds(seconds=5)) as client:
                    await client.get(url)
            assert isinstance(refused.value.problem, AnswerHeadTooLong)
        assert len(proxy.seen) == 1


async def test_an_answer_is_read_in_small_pieces_so_that_others_get_their_turn() -> None:
    body = b"x" * 900_000
    async with (
        hostile(says(OK + b"content-length: %d\r\n\r\n" % len(body) + body)) as served,
        http_client() as client,
        client.stream("GET", served.origin) as answer,
    ):
        pieces = [len(piece) async for piece in answer.aiter_raw()]
    assert sum(pieces) == len(body)
    assert max(pieces) <= PIECE_BYTES


@pytest.mark.parametrize(
    "speak",
    [
        repeats(OK, b"x-again: 1\r\n" * 1_000),
        repeats(OK + b"x-long: ", b"y" * 65_536),
        repeats(b"HTTP/1.1 200 ", b"O" * 65_536),
        repeats(b"", b"x" * 65_536),
        repeats(b"", b"HTTP/1.1 100 \r\n\r\n" * 4_000),
        repeats(b"", b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n"),
        says(b"HTTP/1.1 100 \r\n\r\n" * 5_000 + OK + b"content-length: 2\r\n\r\n{}"),
        says(OK + b"x-long: " + b"y" * 90_000 + b"\r\ncontent-length: 2\r\n\r\n{}"),
        says(OK + b"set-cookie: a=1\r\n" * 500 + b"content-length: 2\r\n\r\n{}"),
    ],
)
async def test_a_head_without_end_is_given_up(speak: Speak) -> None:
    assert isinstance(await problem_of(speak, Bounds(seconds=3)), AnswerHeadTooLong)


@pytest.mark.parametrize(
    ("speak", "is_silent"),
    [
        (hangs(OK + b"\r\n"), True),
        (hangs(OK + b"content-length: 100\r\n\r\n{"), True),
        (hangs(OK + b"transfer-encoding: chunked\r\n\r\n5\r\n{"), True),
        (hangs(b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 10\r\n\r\n"), True),
        (hangs(b"HTTP/1.1 500 No\r\ncontent-type: text/html\r\n\r\n<html>"), True),
        (hangs(OK + b"content-encoding: gzip\r\n\r\n" + BOMB[:20]), True),
        (repeats(OK + b"\r\n", b" ", 0.05), False),
        (repeats(OK + b"content-length: 100\r\n\r\n", b" ", 0.1), False),
    ],
)
async def test_a_body_that_does_not_come_to_its_end_is_given_up(speak: Speak, is_silent: bool) -> None:
    problem = await problem_of(speak)
    assert isinstance(problem, AnswerUnfinished)
    assert problem.is_silent is is_silent
    assert ("then sent nothing for 0.3 s" if is_silent else "did not end it within 1 s") in problem.explain()


@pytest.mark.parametrize(
    "speak",
    [
        hangs(),
        hangs(b"HTTP/1.1 200"),
        hangs(OK),
        repeats(OK, b"a", 0.05),
        repeats(b"", b"HTTP/1.1 100 Continue\r\n\r\n", 0.01),
    ],
)
async def test_an_answer_that_never_begins_is_no_answer(speak: Speak) -> None:
    async with hostile(speak) as served, asyncio.timeout(3):
        with pytest.raises(httpx2.TimeoutException, match="no answer within 1 s"):
            async with http_client(QUICK) as client:
                await client.get(served.origin)


@pytest.mark.parametrize(
    "answer",
    [
        OK + b"content-encoding: gzip\r\ncontent-length: 4\r\n\r\nnope",
        OK + b"content-encoding: br\r\ncontent-length: 4\r\n\r\nnope",
        OK + b"content-encoding: gzip, gzip\r\ncontent-length: 4\r\n\r\nnope",
        OK + b"content-length: 10\r\n\r\nshort",
        OK + b"transfer-encoding: chunked\r\n\r\nzz\r\n",
        OK + b"content-length: -1\r\n\r\n",
        OK + b"content-length: 1\r\ncontent-length: 2\r\n\r\nxx",
        b"no http at all\r\n\r\n",
        b"",
        b"HTTP/1.1 999999 X\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\x00: y\r\n\r\n",
    ],
)
async def test_what_is_no_answer_of_http_is_an_error_of_http(answer: bytes) -> None:
    async with hostile(says(answer)) as served, asyncio.timeout(3):
        with pytest.raises(httpx2.HTTPError):
            async with http_client(QUICK) as client:
                await client.get(served.origin)


@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 65_537, 700_000])
async def test_what_was_packed_within_the_limit_comes_out_whole(size: int) -> None:
    plain = bytes(number % 251 for number in range(size))
    packed = gzip.compress(plain)
    head = OK + b"content-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(packed)
    async with hostile(says(head + packed)) as served, http_client() as client:
        answer = await client.get(served.origin)
    assert answer.content == plain
    assert b"accept-encoding: identity" in served.received.lower()


async def test_no_redirect_is_followed() -> None:
    moved = b"HTTP/1.1 307 X\r\nlocation: /again\r\ncontent-length: 0\r\n\r\n"
    async with hostile(says(moved)) as served, http_client() as client:
        assert (await client.get(served.origin)).status_code == 307
    assert served.connections == 1


# --- where it connects ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "127.1", "[::ffff:127.0.0.1]", "0"])
async def test_a_peer_that_may_not_be_asked_is_told_nothing(host: str) -> None:
    async with hostile(says(OK + b"content-length: 2\r\n\r\n{}")) as served:
        url = served.origin.replace("127.0.0.1", host).replace("http:", "https:")
        with pytest.raises(Refused) as refused:
            async with http_client(QUICK, upstream_check(url, local_allowed=False)) as client:
                await client.post(url, data={"client_secret": "hidden"})
        assert isinstance(refused.value.problem, AddressForbidden)
        assert served.received == b""


async def test_a_name_that_leads_elsewhere_once_it_was_looked_at_is_told_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """DNS rebinding: what counts is who is connected, before the first byte of the secret is written."""
    async with hostile(says(OK + b"content-length: 2\r\n\r\n{}")) as served:
        rebinding = Rebinding(served.origin)
        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", rebinding)
        with pytest.raises(Refused) as refused:
            async with http_client(QUICK, address_check(frozenset({PUBLIC}), forbidden)) as client:
                await client.post(f"{served.origin.replace('127.0.0.1', 'rebound.example')}/token", data={"code": "x"})
        assert rebinding.asked == 2
        assert "127.0.0.1" in refused.value.problem.explain()
        assert served.connections == 1, "it was connected"
        assert served.received == b"", "and told nothing"


class Rebinding:
    """A resolver that first names a public address, and then this machine."""

    def __init__(self, origin: str) -> None:
        self.port = int(origin.rpartition(":")[2])
        self.asked = 0

    async def __call__(self, _host: Any, _port: Any, **_: Any) -> list[Any]:
        self.asked += 1
        address = "93.184.215.14" if self.asked == 1 else "127.0.0.1"
        return [(2, 1, 6, "", (address, self.port))]


def forbidden(address: str, kind: str) -> Problem:
    return AddressForbidden(url="", why=f"{address} ({kind})")


async def test_one_address_out_of_bounds_among_several_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    async def both(_host: Any, port: Any, **_: Any) -> list[Any]:
        return [(2, 1, 6, "", ("93.184.215.14", port)), (2, 1, 6, "", ("10.0.0.1", port))]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", both)
    with pytest.raises(Refused, match="address_forbidden"):
        async with http_client(QUICK, address_check(frozenset({PUBLIC}), forbidden)) as client:
            await client.get("https://two.example/")


async def test_through_a_proxy_an_address_is_still_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    async with hostile(says(OK + b"content-length: 2\r\n\r\n{}")) as served:
        monkeypatch.setenv("HTTP_PROXY", served.origin)
        check = address_check(frozenset({PUBLIC}), forbidden)
        for host in ("10.0.0.1", "169.254.169.254", "0xa000001", "[64:ff9b::a00:1]", "[fec0::1]"):
            with pytest.raises(Refused, match="address_forbidden"):
                async with http_client(QUICK, check) as client:
                    await client.get(f"http://{host}/x")
        assert served.received == b""
        async with http_client(QUICK, check) as client:
            assert (await client.get("http://name.example/x")).content == b"{}"
        assert served.received.startswith(b"GET http://name.example/x HTTP/1.1")


# --- memory -----------------------------------------------------------------------------------------------------------

GROWTH_LIMIT = 30_000_000
GREEDY: list[Callable[[], Speak]] = [
    lambda: repeats(OK + b"\r\n", b"x" * 1_000_000),
    lambda: says(OK + b"content-encoding: gzip\r\n\r\n" + BOMB),
    lambda: repeats(OK, b"x-again: 1\r\n" * 10_000),
    lambda: repeats(OK + b"x-long: ", b"y" * 1_000_000),
]


def test_memory_does_not_grow_whatever_is_sent() -> None:
    """Measured in a process of its own: twenty answers of each kind, of which each would take gigabytes."""
    ran = subprocess.run([sys.executable, "-m", __spec__.name], capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stderr
    assert int(ran.stdout) < GROWTH_LIMIT


async def _feed() -> int:
    async def ask(speak: Speak) -> None:
        async with hostile(speak) as served, http_client(QUICK) as client:
            with pytest.raises((Refused, httpx2.ReadTimeout)):  # a busy machine may need the second for connecting
                await client.get(served.origin)

    for make in GREEDY:
        await ask(make())
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for make in GREEDY * 20:
        await ask(make())
    return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024


if __name__ == "__main__":
    print(asyncio.run(_feed()))


def refusing(listener: socket.socket) -> None:
    """Take each connection and reset it at once, until the listener is closed."""
    with suppress(OSError):
        while True:
            taken, _ = listener.accept()
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            taken.close()


async def ask_bounded(url: str) -> None:
    async with http_client(QUICK, lambda _: None) as client:
        await client.get(url)


async def ask_as_proxy(url: str, led_by: str = "") -> None:
    request = UpstreamRequest("POST", url, [(b"host", b"x")], b"{}", led_by=led_by)
    await ProxyClient(SystemClock()).open(request, Timing())


async def ask_where_a_redirect_led(url: str) -> None:
    await ask_as_proxy(url, "127.0.0.1")


@pytest.mark.parametrize("loop", [asyncio.run, uvloop.run])
@pytest.mark.parametrize("ask", [ask_bounded, ask_as_proxy, ask_where_a_redirect_led])
def test_whoever_closes_a_connection_as_soon_as_it_is_made_is_not_reached_and_no_defect_of_ours(
    loop: Callable[[Any], Any], ask: Callable[[str], Awaitable[None]]
) -> None:
    """By then no loop knows any more which address answered, and each says so in a way of its own."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=200)
    url, faults = f"http://127.0.0.1:{listener.getsockname()[1]}/", list[Any]()

    async def ask_often() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: faults.append(context))
        for _ in range(30):
            for failure in await asyncio.gather(*(ask(url) for _ in range(10)), return_exceptions=True):
                assert isinstance(failure, (httpx2.TransportError, Refused)), repr(failure)
                assert "forbidden" not in str(failure)

    threading.Thread(target=refusing, args=(listener,), daemon=True).start()
    loop(ask_often())
    assert not faults
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
