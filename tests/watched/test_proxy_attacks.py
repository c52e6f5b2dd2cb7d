"""What others may try at the port of a command's proxy, and what a server's documents may try by it."""

import asyncio
import ssl
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from devgw.events.taxonomy import RequestTurnedAway
from devgw.limits import Limits
from tests.outbound.upstream import Upstream, running_upstream
from tests.support.serving import listen
from tests.watched.proxied import Proxied, proxied, tls_sample
from tests.watched.raw import HEADERS, INITIALIZE, RawClient


@pytest.fixture
async def watched(upstream: Upstream, tmp_path: Path) -> AsyncIterator[Proxied]:
    async with proxied(f"{upstream.origin}/mcp", tmp_path) as watched:
        yield watched


def credential(watched: Proxied) -> bytes:
    parts = urlsplit(watched.proxy)
    return b"proxy-authorization: Basic " + b64encode(f"{parts.username}:{parts.password}".encode()) + b"\r\n"


async def said(port: int, *pieces: bytes) -> bytes:
    """Return all that is answered to these bytes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for each in pieces:
            writer.write(each)
            await writer.drain()
        async with asyncio.timeout(5):
            return await reader.read()
    finally:
        writer.close()


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


@asynccontextmanager
async def echo() -> AsyncIterator[int]:
    """Serve a port that says what it is told."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(65_536):
            writer.write(piece)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


# --- who asks ---


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\nhost: 127.0.0.1:PORT\r\norigin: https://evil.example\r\n",
        b"OPTIONS / HTTP/1.1\r\nhost: 127.0.0.1:PORT\r\naccess-control-request-headers: proxy-authorization\r\n",
        b"GET / HTTP/1.1\r\nhost: rebound.evil.example:PORT\r\n",
        b"GET ORIGIN/mcp HTTP/1.1\r\nhost: HOST\r\n",
        b"CONNECT HOST HTTP/1.1\r\nhost: HOST\r\n",
        b"CONNECT HOST HTTP/1.1\r\nhost: HOST\r\nproxy-authorization: Basic ZGV2Z3c6\r\n",
        b"CONNECT HOST HTTP/1.1\r\nhost: HOST\r\nproxy-authorization: \xff\r\n",
        b"CONNECT HOST HTTP/1.1\r\nhost: HOST\r\nCREDENTIALproxy-authorization: Basic ZGV2Z3c6\r\n",
        b"CONNECT 169.254.169.254:80 HTTP/1.1\r\nhost: x\r\n",
    ],
    ids=[
        "a page",
        "its preflight",
        "a rebound name",
        "a URL",
        "a tunnel",
        "an empty password",
        "no ASCII",
        "twice",
        "cloud",
    ],
)
async def test_who_does_not_know_the_credential_is_served_nothing(
    head: bytes, upstream: Upstream, watched: Proxied
) -> None:
    host = upstream.origin.partition("://")[2].encode()
    head = head.replace(b"PORT", str(watched.port).encode()).replace(b"HOST", host)
    head = head.replace(b"ORIGIN", upstream.origin.encode()).replace(b"CREDENTIAL", credential(watched))
    answer = await said(watched.port, head + b"\r\n")
    assert status(answer) == 407
    assert b"proxy-authenticate: basic" in answer.lower()
    assert b"access-control" not in answer.lower()
    assert credential(watched).split()[-1] not in answer
    assert not upstream.asked
    assert {each.diagnosis_id for each in watched.events(RequestTurnedAway)} == {"HOST-10"}


@pytest.mark.parametrize(
    "line",
    [
        b"GET /",
        b"OPTIONS *",
        b"GET https://localhost/",
        b"CONNECT localhost",
        b"CONNECT user@localhost:1",
        b"CONNECT localhost:0",
        b"CONNECT localhost:99999",
        b"CONNECT [::1]extra:1",
        b"CONNECT /etc/passwd:1",
    ],
)
async def test_what_is_no_place_is_refused(line: bytes, watched: Proxied) -> None:
    answer = await said(watched.port, line + b" HTTP/1.1\r\nhost: x\r\n" + credential(watched) + b"\r\n")
    assert status(answer) == 400


async def test_a_head_without_end_is_ended(watched: Proxied) -> None:
    endless = b"CONNECT localhost:1 HTTP/1.1\r\nhost: x\r\nx: " + b"a" * (Limits.HEAD_BYTES + 1)
    assert status(await said(watched.port, endless)) == 431
    many = b"".join(b"x-%d: 1\r\n" % number for number in range(Limits.HEADERS + 1))
    answer = await said(watched.port, b"CONNECT localhost:1 HTTP/1.1\r\nhost: x\r\n" + many + b"\r\n")
    assert status(answer) == 431


async def test_what_speaks_tls_or_nonsense_to_the_proxy_is_turned_away(watched: Proxied) -> None:
    assert status(await said(watched.port, b"\x16\x03\x01\x02\x00\x01")) == 400
    assert status(await said(watched.port, b"nonsense\r\n\r\n")) == 400


# --- what is not watched ---


async def test_what_is_not_watched_passes_byte_for_byte_and_is_written_down_nowhere(watched: Proxied) -> None:
    sent = bytes(range(256)) * 4_000
    async with echo() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", watched.port)
        writer.write(b"CONNECT 127.0.0.1:%d HTTP/1.1\r\nhost: x\r\n" % port + credential(watched) + b"\r\n")
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
        writer.write(sent)
        writer.write_eof()
        async with asyncio.timeout(10):
            assert await reader.read() == sent
        writer.close()
    assert not watched.traces()


async def test_a_place_that_cannot_be_reached_is_said(watched: Proxied) -> None:
    with listen() as closed:
        port = closed.getsockname()[1]
    head = b"CONNECT 127.0.0.1:%d HTTP/1.1\r\nhost: x\r\n" % port + credential(watched) + b"\r\n"
    answer = await said(watched.port, head)
    assert status(answer) == 502
    assert b"NET-01" in answer


@pytest.mark.parametrize(
    ("target", "host"),
    [
        (b"http://[::1/x", b"[::1"),
        (b"http://a..b/x", b"a..b"),
        (b"http://" + b"a" * 64 + b".example/x", b"a" * 64 + b".example"),
        (b"http://a:99999/x", b"a:99999"),
        (b"http://\xff/x", b"\xff"),
    ],
)
async def test_a_host_that_is_none_is_refused_in_plain_http_too(target: bytes, host: bytes, watched: Proxied) -> None:
    head = b"GET " + target + b" HTTP/1.1\r\nhost: " + host + b"\r\nconnection: close\r\n" + credential(watched)
    assert status(await said(watched.port, head + b"\r\n")) == 400


@pytest.mark.parametrize("is_watched", [True, False])
async def test_a_target_that_differs_from_host_in_writing_alone_is_answered(
    is_watched: bool, upstream: Upstream, watched: Proxied
) -> None:
    async with running_upstream() as other:
        server = upstream if is_watched else other
        host = server.origin.removeprefix("http://")
        for target in (f"http://user:pass@{host}", f"HTTP://{host}"):
            head = f"GET {target}/mcp HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n"
            assert status(await said(watched.port, head.encode() + credential(watched) + b"\r\n")) == 401
            assert server.asked[-1].headers["host"] == host
            assert "authorization" not in server.asked[-1].headers


async def test_a_request_of_http_1_0_that_names_its_host_in_no_header_is_refused(watched: Proxied) -> None:
    head = b"GET http://127.0.0.1:1/x HTTP/1.0\r\n" + credential(watched)
    assert status(await said(watched.port, head + b"\r\n")) == 400


@pytest.mark.parametrize("line", [b"CONNECT nobody.invalid:443", b"GET http://nobody.invalid/"])
async def test_where_the_command_itself_wants_to_go_is_not_corrected_in_a_file(line: bytes, watched: Proxied) -> None:
    head = line + b" HTTP/1.1\r\nhost: nobody.invalid\r\nconnection: close\r\n" + credential(watched)
    answer = await said(watched.port, head + b"\r\n")
    assert status(answer) == 502
    assert b"the URL that the command asks for" in answer
    assert b"rewritePattern" not in answer


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_what_is_sent_on_says_how_long_it_is(method: str, watched: Proxied) -> None:
    async with running_upstream() as other:
        other.answers["/x"] = 200, {"content-length": "9"}, b"Some page"
        head = f"{method} {other.origin}/x HTTP/1.1\r\nhost: {other.origin[7:]}\r\nconnection: close\r\n"
        answer = await said(watched.port, head.encode() + credential(watched) + b"\r\n")
    lines = answer.partition(b"\r\n\r\n")[0].lower().split(b"\r\n")
    assert b"content-length: 9" in lines
    assert b"transfer-encoding: chunked" not in lines


@pytest.mark.parametrize("scheme", [b"basic ", b"BASIC  "])
async def test_the_scheme_of_the_credential_is_written_in_any_case(scheme: bytes, watched: Proxied) -> None:
    given = credential(watched).replace(b"Basic ", scheme)
    answer = await said(watched.port, b"CONNECT localhost HTTP/1.1\r\nhost: x\r\n" + given + b"\r\n")
    assert status(answer) == 400, "it was let in, and asks for no place"


async def test_the_credential_goes_to_nobody(upstream: Upstream, watched: Proxied) -> None:
    async with running_upstream() as other:
        for each in (upstream, other):
            head = f"GET {each.origin}/mcp?a=%7e HTTP/1.1\r\nhost: {each.origin[7:]}\r\nconnection: close\r\n"
            assert status(await said(watched.port, head.encode() + credential(watched) + b"\r\n")) == 401
            assert "proxy-authorization" not in each.asked[-1].headers
        (trace,) = watched.traces()  # the other is not watched
        assert not trace.header(b"proxy-authorization")


# --- what is watched ---


async def opened(watched: Proxied, upstream: Upstream, *pieces: bytes) -> bytes:
    """Return what is answered in a tunnel to a watched server of plain http."""
    host = upstream.origin.partition("://")[2].encode()
    head = b"CONNECT " + host + b" HTTP/1.1\r\nhost: " + host + b"\r\n" + credential(watched) + b"\r\n"
    return (await said(watched.port, head, *pieces)).partition(b"\r\n\r\n")[2]


async def test_two_lengths_reach_no_server(upstream: Upstream, watched: Proxied) -> None:
    host = upstream.origin.partition("://")[2].encode()
    smuggled = b"GET /stolen HTTP/1.1\r\nhost: " + host + b"\r\n\r\n"
    head = (
        b"POST /mcp HTTP/1.1\r\nhost: " + host + b"\r\ntransfer-encoding: chunked\r\ncontent-length: 4\r\n\r\n0\r\n\r\n"
    )
    assert status(await opened(watched, upstream, head + smuggled)) == 400
    assert not upstream.asked


@pytest.mark.parametrize("target", [b"/mcp", b"http://other.example/mcp"])
async def test_another_host_in_a_tunnel_is_refused(target: bytes, upstream: Upstream, watched: Proxied) -> None:
    head = b"GET " + target + b" HTTP/1.1\r\nhost: other.example\r\nconnection: close\r\n\r\n"
    assert status(await opened(watched, upstream, head)) == 421
    assert not upstream.asked


async def test_a_request_may_come_byte_by_byte(upstream: Upstream, watched: Proxied) -> None:
    host = upstream.origin.partition("://")[2].encode()
    head = b"POST /mcp HTTP/1.1\r\nhost: " + host + b"\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n"
    pieces = [head[at : at + 1] for at in range(len(head))]
    body = [b"1\r\n%c\r\n" % each for each in b'{"a": 1}'] + [b"0\r\n\r\n"]
    assert status(await opened(watched, upstream, *pieces, *body)) == 401
    assert upstream.asked[-1].body == b'{"a": 1}'


async def test_a_request_to_a_watched_server_is_not_longer_than_one_of_mcp(
    upstream: Upstream, watched: Proxied
) -> None:
    host = upstream.origin.partition("://")[2].encode()
    limit = watched.runtime.settings.proxy.request_limit
    head = b"POST /mcp HTTP/1.1\r\nhost: " + host + b"\r\ncontent-length: %d\r\n\r\n" % (limit + 1)
    answer = await opened(watched, upstream, head)
    assert status(answer) == 413
    assert b"nothing that this endpoint takes" not in answer, "what somebody else's server takes is not known"
    assert not upstream.asked


async def test_what_is_too_long_to_be_sent_on_is_not_said_to_be_too_long_for_its_server(watched: Proxied) -> None:
    limit = watched.runtime.settings.proxy.request_limit
    async with running_upstream() as other:
        head = f"PUT {other.origin}/x HTTP/1.1\r\nhost: {other.origin[7:]}\r\ncontent-length: {limit + 1}\r\n"
        answer = await said(watched.port, head.encode() + credential(watched) + b"\r\n")
    assert status(answer) == 413
    assert b"Send it to that server without devgw" in answer


# --- what documents lead to ---


async def discovered(upstream: Upstream, watched: Proxied) -> None:
    async with watched.http() as http:
        await http.post(f"{upstream.origin}/mcp", json=INITIALIZE, headers=HEADERS)
        await http.get(f"{upstream.origin}/.well-known/oauth-protected-resource/mcp")


@pytest.mark.parametrize(
    "led", ["http://127.0.0.1:1", "https://10.0.0.1", "http://[::1]:1", "https://169.254.169.254", "http://a.example"]
)
async def test_a_public_server_opens_nothing_of_this_network(led: str, upstream: Upstream, tmp_path: Path) -> None:
    upstream.resource_metadata = {"authorization_servers": [led]}
    async with proxied(f"{upstream.origin}/mcp", tmp_path, is_local=False) as watched:
        await discovered(upstream, watched)
        origins = watched.runtime.watched.origins
        assert list(origins) == [upstream.origin]
        assert list(origins.left) == [led]


async def test_what_the_person_named_is_opened_wherever_it_lies(upstream: Upstream, tmp_path: Path) -> None:
    async with running_upstream() as server:
        upstream.resource_metadata = {"authorization_servers": [server.origin]}
        async with (
            proxied(f"{upstream.origin}/mcp", tmp_path, is_local=False, named=[server.origin]) as watched,
            watched.http() as http,
        ):
            await discovered(upstream, watched)
            await http.get(f"{server.origin}/.well-known/oauth-authorization-server")
            assert not watched.runtime.watched.origins.left
            assert watched.traces()[-1].host == server.origin.partition("://")[2]
            assert watched.traces()[-1].status == 200


async def test_documents_open_eight_origins_at_most(upstream: Upstream, tmp_path: Path) -> None:
    upstream.resource_metadata = {"authorization_servers": [f"http://127.0.0.1:{number}" for number in range(1, 30)]}
    async with proxied(f"{upstream.origin}/mcp", tmp_path) as watched:
        await discovered(upstream, watched)
        origins = watched.runtime.watched.origins
        assert len(list(origins)) == len(origins.left) == Limits.WATCHED_ORIGINS
        assert {each.diagnosis_id for each in origins.left.values()} == {"LIMIT-07"}


# --- certificates ---


async def test_a_server_whose_certificate_nobody_believes_is_not_asked(tmp_path: Path) -> None:
    async with tls_sample(tmp_path) as server, proxied(server.metadata.resource, tmp_path / "state") as watched:
        async with watched.http() as http:
            with pytest.raises(httpx2.RemoteProtocolError):  # as where the server breaks off
                await http.post(server.metadata.resource, json=INITIALIZE, headers=HEADERS)
        trace = watched.traces()[-1]
        assert trace.problem is not None
        assert (trace.problem.reason, trace.problem.diagnosis_id) == ("upstream_tls_failed", "NET-03")


async def test_who_speaks_no_tls_where_that_is_spoken_is_not_said_to_distrust(tmp_path: Path) -> None:
    async with tls_sample(tmp_path) as server, proxied(server.metadata.resource, tmp_path / "state") as watched:
        place = server.metadata.issuer.removeprefix("https://").encode()
        reader, writer = await asyncio.open_connection("127.0.0.1", watched.port)
        writer.write(b"CONNECT " + place + b" HTTP/1.1\r\nhost: x\r\n" + credential(watched) + b"\r\n")
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"GET / HTTP/1.1\r\nhost: " + place + b"\r\n\r\n")
        async with asyncio.timeout(5):
            await reader.read()
        writer.close()
        assert {each.diagnosis_id for each in watched.events(RequestTurnedAway)} == {"LIMIT-25"}


async def test_the_authority_lives_a_day_and_signs_for_servers_that_are_opened_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "server.pem"))
    async with tls_sample(tmp_path) as server, proxied(server.metadata.resource, tmp_path / "state") as watched:
        own = x509.load_pem_x509_certificate(watched.runtime.ports.authority.pem)
        assert isinstance(own.public_key(), ec.EllipticCurvePublicKey)
        assert own.extensions.get_extension_for_class(x509.BasicConstraints).value.path_length == 0
        assert own.not_valid_after_utc - datetime.now(UTC) <= timedelta(days=1)
        context = watched.trust()
        context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_STRICT
        port = urlsplit(server.metadata.resource).port or 0
        reader, writer = await asyncio.open_connection("127.0.0.1", watched.port)
        writer.write(b"CONNECT localhost:%d HTTP/1.1\r\nhost: x\r\n" % port + credential(watched) + b"\r\n")
        await reader.readuntil(b"\r\n\r\n")
        await writer.start_tls(context, server_hostname="localhost")
        shown = writer.get_extra_info("peercert")
        assert shown["subjectAltName"] == (("DNS", "localhost"),)
        assert writer.get_extra_info("ssl_object").selected_alpn_protocol() in {None, "http/1.1"}
        writer.close()
        files = [each for each in (tmp_path / "state").rglob("*") if each.is_file()]
        assert not [each for each in files if b"PRIVATE KEY" in each.read_bytes()]


async def test_a_registered_client_is_named_and_a_stranger_is_nobody(upstream: Upstream, watched: Proxied) -> None:
    async with watched.http() as http:
        client = RawClient(http, f"{upstream.origin}/mcp")
        await client.discover()
        await client.register()
        assert "__watch" not in str(upstream.asked_at("/register")[-1].body)
    assert [each.client_name for each in watched.flows()] == ["Raw"]
