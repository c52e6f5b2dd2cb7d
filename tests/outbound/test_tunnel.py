"""The environment's proxies carry the data plane too: a tunnel for https, the whole URL for http, never loopback."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from devgw.clock import SystemClock
from devgw.gateway.transport import StreamedAnswer, Timing, TransportSettings, UpstreamRequest
from devgw.outbound.proxy import ProxyClient
from devgw.problems import Refused
from devgw.problems.proxy import UpstreamConnectTimedOut, UpstreamTlsFailed, UpstreamUnreachable
from tests.support.bytes_upstream import Seen, bytes_upstream, response
from tests.support.certificates import key_and_certificate

HOST = "mcp.example.test"
OPEN = b"HTTP/1.1 200 Connection established\r\n\r\n"


@dataclass
class Relay:
    """A proxy that says `answer` to CONNECT and then leads to `port`, whatever was named."""

    port: int
    answer: bytes
    asked: list[bytes] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            self.asked.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(self.answer)
            if b" 200 " in self.answer and not self.answer.endswith(b"too early"):
                inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", self.port)
                await asyncio.gather(_pump(reader, inner_writer), _pump(inner_reader, writer))
            elif not self.answer:
                await reader.read()
        writer.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while piece := await reader.read(65_536):
        writer.write(piece)
    writer.close()


@asynccontextmanager
async def proxy_to(port: int, answer: bytes = OPEN) -> AsyncIterator[tuple[Relay, str]]:
    relay = Relay(port, answer)
    server = await asyncio.start_server(relay.serve, "127.0.0.1", 0)
    yield relay, f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()


async def answer_ok(seen: Seen, writer: asyncio.StreamWriter) -> None:
    writer.write(response(b"abc"))


async def whole(answer: StreamedAnswer) -> bytes:
    pieces = []
    while piece := await asyncio.wait_for(answer.read(), 5):
        pieces.append(piece)
    return b"".join(pieces)


def port_of(url: str) -> int:
    return int(url.split(":")[2].split("/", maxsplit=1)[0])


async def ask(url: str, client: ProxyClient | None = None) -> bytes:
    client = client or ProxyClient(SystemClock(), TransportSettings(connect_timeout=2))
    answer = await client.open(UpstreamRequest("POST", url, [(b"x-a", b"b")], b"{}"), Timing())
    assert answer.peer == ("" if HOST in url else "127.0.0.1"), "the address of a proxy tells nothing of an upstream"
    return await whole(answer)


@pytest.fixture
def server_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """Return what the upstream shows, and let the machine believe it."""
    pem = tmp_path / "server.pem"
    pem.write_bytes(key_and_certificate(HOST))
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


async def test_https_goes_through_a_tunnel_that_is_used_again(
    server_tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with bytes_upstream(answer_ok, tls=server_tls) as upstream, proxy_to(port_of(upstream.url)) as (relay, place):
        monkeypatch.setenv("HTTPS_PROXY", f"http://us%40er:p%3Aw@{place}")
        client = ProxyClient(SystemClock(), TransportSettings(connect_timeout=2))
        for _ in range(3):
            assert await ask(f"https://{HOST}/mcp", client) == b"abc"
        client.close()

    assert upstream.seen[0].header("host") == HOST
    assert upstream.seen[0].header("proxy-authorization") is None
    (asked,) = relay.asked
    assert asked.splitlines()[:2] == [f"CONNECT {HOST}:443 HTTP/1.1".encode(), f"host: {HOST}:443".encode()]
    assert b"proxy-authorization: Basic dXNAZXI6cDp3\r\n" in asked


async def test_the_certificate_is_the_upstreams_and_is_checked(
    server_tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with bytes_upstream(answer_ok, tls=server_tls) as upstream, proxy_to(port_of(upstream.url)) as (_, place):
        monkeypatch.setenv("HTTPS_PROXY", f"http://{place}")
        with pytest.raises(Refused) as refused:
            await ask("https://other.example.test/mcp")

    assert isinstance(refused.value.problem, UpstreamTlsFailed)
    assert upstream.seen == []


async def test_plain_http_is_asked_of_the_proxy_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    async with bytes_upstream(answer_ok) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url.replace("://", "://user:pass@"))
        assert await ask(f"http://{HOST}/mcp?a=b") == b"abc"

    (seen,) = proxy.seen
    assert seen.line == f"POST http://{HOST}/mcp?a=b HTTP/1.1"
    assert seen.header("host") == HOST
    assert seen.header("proxy-authorization") == "Basic dXNlcjpwYXNz"


@pytest.mark.parametrize("exempt", ["", "example.org", "*"])
async def test_this_machine_is_never_asked_through_a_proxy(exempt: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", exempt)
    async with bytes_upstream(answer_ok) as upstream:
        assert await ask(upstream.url) == b"abc"
        assert await ask(upstream.url.replace("127.0.0.1", "localhost")) == b"abc"


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "wants a user name and password"),
        (b"HTTP/1.1 403 Forbidden\r\n\r\n", "answered 403 to CONNECT"),
        (b"HTTP/1.1 302 Found\r\nLocation: http://login/\r\n\r\n", "answered 302"),
        (b"SSH-2.0\r\n", "no HTTP"),
        (b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n", "no HTTP"),
        (b"HTTP/1.1 200 OK\r\n\r\nspoke too early", "spoke before"),
        (b"HTTP/1.1 502 ", "closed the connection"),
    ],
)
async def test_a_proxy_that_opens_no_tunnel_is_named_and_its_password_is_not(
    answer: bytes, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with proxy_to(1, answer=answer) as (_, place):
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:hunter2@{place}")
        with pytest.raises(Refused) as refused:
            await ask(f"https://{HOST}/mcp")

    problem = refused.value.problem
    assert isinstance(problem, UpstreamUnreachable)
    assert why in problem.explain()
    assert f"the proxy http://{place} " in problem.explain()
    assert "hunter2" not in problem.explain()


async def test_a_proxy_that_is_not_there_or_says_nothing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    with pytest.raises(Refused) as refused:
        await ask(f"https://{HOST}/mcp")
    assert isinstance(refused.value.problem, UpstreamUnreachable)
    assert "the proxy http://127.0.0.1:1 cannot be used" in refused.value.problem.explain()

    async with proxy_to(1, answer=b"") as (_, place):
        monkeypatch.setenv("HTTPS_PROXY", f"http://{place}")
        with pytest.raises(Refused) as refused:
            await ask(f"https://{HOST}/mcp", ProxyClient(SystemClock(), TransportSettings(connect_timeout=0.3)))
    assert isinstance(refused.value.problem, UpstreamConnectTimedOut)
