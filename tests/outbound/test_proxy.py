"""The data plane's client on the wire: framing, kept connections, TLS."""

import asyncio
import os
import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from devgw.clock import SystemClock
from devgw.gateway.transport import StreamedAnswer, Timing, TransportSettings, UpstreamRequest
from devgw.outbound.proxy import ProxyClient
from devgw.outbound.target import bytes_of, target_of
from devgw.problems import Refused
from devgw.problems.proxy import UpstreamClosedEarly, UpstreamTlsFailed
from devgw.problems.upstream import AddressForbidden
from devgw.problems.upstream_credential import ClientCertificateUnusable
from tests.support.bytes_upstream import Answer, Seen, bytes_upstream, response
from tests.support.certificates import key_and_certificate


def client(**limits: Any) -> ProxyClient:
    return ProxyClient(SystemClock(), TransportSettings(**limits))


def post(url: str, body: bytes = b"{}", **more: str) -> UpstreamRequest:
    return UpstreamRequest("POST", url, [(b"x-a", b"b")], body, **more)


async def whole(answer: StreamedAnswer) -> bytes:
    pieces = []
    while piece := await answer.read():
        pieces.append(piece)
    return b"".join(pieces)


def bit_by_bit(content: bytes) -> Answer:
    async def answer(seen: Seen, writer: asyncio.StreamWriter) -> None:
        for each in content:
            writer.write(bytes([each]))
            await writer.drain()
            await asyncio.sleep(0)
        writer.close()

    return answer


def at_once(content: bytes, *, closes: bool = False) -> Answer:
    async def answer(seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(content)
        if closes:
            writer.close()

    return answer


CHUNKED = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Twice: 1\r\nX-Twice: 2\r\n\r\n"
    b"3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\nX-Trailer: t\r\n\r\n"
)
INTERIM = b"HTTP/1.1 100 Continue\r\nX-No: 1\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n"


@pytest.mark.parametrize("cut", [bit_by_bit, at_once], ids=["byte by byte", "at once"])
@pytest.mark.parametrize(
    ("content", "body"),
    [
        (CHUNKED, b"abcdefg"),
        (INTERIM + response(b"abc"), b"abc"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", b""),
        (b"HTTP/1.1 204 No Content\r\nX: y\r\n\r\n", b""),
    ],
    ids=["chunked with trailers", "interim answers", "empty", "no content"],
)
async def test_an_answer_is_read_however_it_is_cut(cut: Callable[[bytes], Answer], content: bytes, body: bytes) -> None:
    async with bytes_upstream(cut(content)) as upstream:
        answer = await client().open(post(upstream.url), Timing())
        assert await whole(answer) == body

    names = [name for name, _ in answer.headers]
    assert names.count(b"x-twice") == (2 if content is CHUNKED else 0)
    assert not {b"x-trailer", b"x-no", b"link"} & set(names)


async def test_a_body_without_a_length_lasts_until_the_connection_closes() -> None:
    async with bytes_upstream(at_once(b"HTTP/1.1 200 OK\r\n\r\nabc", closes=True)) as upstream:
        answer = await client().open(post(upstream.url), Timing())
        assert await whole(answer) == b"abc"


@pytest.mark.parametrize("rest", [b"Content-Length: 9\r\n\r\nabc", b"Transfer-Encoding: chunked\r\n\r\n9\r\nabc"])
async def test_a_body_that_stops_short_is_no_answer(rest: bytes) -> None:
    async with bytes_upstream(at_once(b"HTTP/1.1 200 OK\r\n" + rest, closes=True)) as upstream:
        answer = await client().open(post(upstream.url), Timing())
        with pytest.raises(Refused) as refused:
            await whole(answer)

    assert isinstance(refused.value.problem, UpstreamClosedEarly)
    assert refused.value.problem.received == 3


async def test_the_request_is_written_as_it_should_be() -> None:
    async with bytes_upstream(at_once(response(b""))) as upstream:
        proxy = client()
        await whole(await proxy.open(post(f"{upstream.url}/é?q=1#gone", b"body"), Timing()))
        await whole(await proxy.open(UpstreamRequest("GET", upstream.url, []), Timing()))

    first, second = upstream.seen
    assert first.line == "POST /mcp/%C3%A9?q=1 HTTP/1.1"
    assert first.headers == [("host", upstream.url.split("/")[2]), ("x-a", "b"), ("content-length", "4")]
    assert first.body == b"body"
    assert (second.line, second.headers) == ("GET /mcp HTTP/1.1", [("host", upstream.url.split("/")[2])])


async def test_a_connection_is_used_again_only_when_both_sides_can() -> None:
    async def closes_after_two(seen: Seen, writer: asyncio.StreamWriter) -> None:
        last = len(upstream.seen) % 2 == 0
        writer.write(response(b"abc", more="Connection: close\r\n" if last else ""))
        if last:
            writer.close()

    async with bytes_upstream(closes_after_two) as upstream:
        proxy = client()
        for _ in range(4):
            assert await whole(await proxy.open(post(upstream.url), Timing())) == b"abc"

    assert upstream.connections == 2


async def test_a_kept_connection_that_the_upstream_closed_is_replaced() -> None:
    """Uvicorn closes after 5 s; a restarted server has closed them all."""
    closing: list[asyncio.StreamWriter] = []

    async def answer(seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(response(b"abc"))
        closing.append(writer)

    async with bytes_upstream(answer) as upstream:
        proxy = client()
        await whole(await proxy.open(post(upstream.url), Timing()))
        closing[0].close()
        await asyncio.wait_for(upstream.ended.wait(), 5)
        assert await whole(await proxy.open(post(upstream.url), Timing())) == b"abc"

    assert upstream.connections == 2


async def test_a_connection_that_was_idle_for_long_is_not_used_again() -> None:
    async with bytes_upstream(at_once(response(b"abc"))) as upstream:
        proxy = client(idle_timeout=0)
        for _ in range(2):
            await whole(await proxy.open(post(upstream.url), Timing()))

    assert upstream.connections == 2


async def test_parallel_requests_have_a_connection_each() -> None:
    together = asyncio.Barrier(3)

    async def answer(seen: Seen, writer: asyncio.StreamWriter) -> None:
        await together.wait()
        writer.write(response(seen.body))

    async with bytes_upstream(answer) as upstream:
        proxy = client()
        answers = await asyncio.gather(*(proxy.open(post(upstream.url, b"%d" % n), Timing()) for n in range(3)))
        assert [await whole(each) for each in answers] == [b"0", b"1", b"2"]
        proxy.close()

    assert upstream.connections == 3


def test_a_url_is_taken_apart() -> None:
    target = target_of("https://user@mcp.example.com/a/b?c=d#e")

    assert (target.host, target.port, target.is_https) == ("mcp.example.com", 443, True)
    assert (target.path, target.authority) == (b"/a/b?c=d", b"mcp.example.com")
    bare = target_of("http://[::1]:9002")
    assert bytes_of(UpstreamRequest("GET", bare.url, []), bare).startswith(b"GET / ")
    assert target_of("http://[::1]:9002").authority == b"[::1]:9002"


# --- backpressure and leaving -----------------------------------------------------------------------------------------


async def test_an_upstream_waits_for_a_slow_reader_and_loses_nothing() -> None:
    size, sent = 40_000_000, 0

    async def long(seen: Seen, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        while sent < size:
            writer.write(b"x" * 100_000)
            sent += 100_000
            await writer.drain()

    async with bytes_upstream(long) as upstream:
        answer = await client().open(post(upstream.url), Timing())
        before = -1
        while before < sent:  # until nothing more is taken
            before = sent
            await asyncio.sleep(0.3)
        assert sent < size
        assert len(await whole(answer)) == size


async def test_an_answer_that_nobody_wants_any_more_closes_its_connection() -> None:
    async def begun(seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc")

    async with bytes_upstream(begun) as upstream:
        answer = await client().open(post(upstream.url), Timing())
        answer.abort()
        await asyncio.wait_for(upstream.ended.wait(), 2)


# --- where a redirect leads -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_a_public_upstream_leads_nowhere_on_this_machine_and_connects_to_nothing(host: str) -> None:
    async with bytes_upstream(at_once(response(b"abc"))) as upstream:
        for scheme in ("http", "https"):
            url = upstream.url.replace("http", scheme).replace("127.0.0.1", host)
            with pytest.raises(Refused) as refused:
                await client().open(post(url, led_by="1.1.1.1"), Timing())
            assert isinstance(refused.value.problem, AddressForbidden)

    assert upstream.connections == 0


# --- TLS --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def pems(tmp_path: Path) -> dict[str, str]:
    """Return the PEM files of a server and of a client."""
    found = {name: tmp_path / f"{name}.pem" for name in ("server", "client")}
    for name, path in found.items():
        path.write_bytes(key_and_certificate(name))
    return {name: str(path) for name, path in found.items()}


def server_side(pems: dict[str, str], *, wants_client: bool) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pems["server"])
    if wants_client:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(pems["client"])
    return context


async def test_an_https_upstream_is_verified(pems: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    async with bytes_upstream(at_once(response(b"abc")), tls=server_side(pems, wants_client=False)) as upstream:
        with pytest.raises(Refused) as refused:
            await client().open(post(upstream.url), Timing())
        monkeypatch.setenv("SSL_CERT_FILE", pems["server"])
        answer = await client().open(post(upstream.url), Timing())
        assert await whole(answer) == b"abc"

    assert isinstance(refused.value.problem, UpstreamTlsFailed)
    assert "SSL_CERT_FILE" in refused.value.problem.advise()


async def test_a_client_certificate_is_shown_where_the_route_names_one(
    pems: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", pems["server"])
    async with bytes_upstream(at_once(response(b"abc")), tls=server_side(pems, wants_client=True)) as upstream:
        answer = await client().open(post(upstream.url, certificate=pems["client"]), Timing())
        assert await whole(answer) == b"abc"
        with pytest.raises(Refused) as refused:
            await client().open(post(upstream.url, certificate=pems["client"] + ".gone"), Timing())

    assert isinstance(refused.value.problem, ClientCertificateUnusable)
    assert "No such file" in refused.value.problem.explain()


@pytest.mark.parametrize(("kind", "says"), [("encrypted", "encrypted"), ("named pipe", "no plain file")])
async def test_a_client_certificate_that_somebody_would_be_waited_for_is_refused(
    pems: dict[str, str], tmp_path: Path, kind: str, says: str
) -> None:
    """OpenSSL asks for a passphrase at the terminal and reads a pipe to its end; nobody is answered meanwhile."""
    path = tmp_path / "odd.pem"
    if kind == "encrypted":
        path.write_bytes(key_and_certificate("client", b"secret"))
    else:
        os.mkfifo(path)
    async with bytes_upstream(at_once(response(b"abc")), tls=server_side(pems, wants_client=False)) as upstream:
        with pytest.raises(Refused) as refused:
            await client().open(post(upstream.url, certificate=str(path)), Timing())
    assert isinstance(refused.value.problem, ClientCertificateUnusable)
    assert says in refused.value.problem.explain()


@pytest.mark.parametrize("first", ["127.0.0.1", "1.1.1.1"])
async def test_a_name_that_leads_to_this_machine_is_told_nothing(
    pems: dict[str, str], monkeypatch: pytest.MonkeyPatch, first: str
) -> None:
    """A public upstream redirects to a public name, and whoever owns that says where it is: at first, and then."""
    addresses = [first]

    async def found(_host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        address = addresses.pop() if addresses else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setenv("SSL_CERT_FILE", pems["server"])
    async with bytes_upstream(at_once(response(b"abc")), tls=server_side(pems, wants_client=False)) as upstream:
        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", found)
        url = upstream.url.replace("127.0.0.1", "server")
        with pytest.raises(Refused) as refused:
            await client().open(post(url, led_by="1.1.1.1"), Timing())
        if first == "1.1.1.1":  # the name said something else when it was connected to
            await asyncio.wait_for(upstream.ended.wait(), 2)

    assert isinstance(refused.value.problem, AddressForbidden)
    assert upstream.seen == []
    assert upstream.connections == (first == "1.1.1.1")
