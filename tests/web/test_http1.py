"""What is no HTTP/1.1 request, or two at once, never becomes one. Source: RFC 9112."""

import asyncio
import json
import sys
from itertools import pairwise

import h11
import pytest

from devgw.events.taxonomy import HttpExchanged, RequestTurnedAway
from devgw.limits import Limits
from devgw.web.http1 import RequestReader
from tests.support.gateway import Running
from tests.web.incoming import Echo, say, served

HOST = b"Host: localhost\r\n"
CLOSE = b"Connection: close\r\n"
GET = b"GET /one HTTP/1.1\r\n" + HOST
POST = b"POST /one HTTP/1.1\r\n" + HOST
HIDDEN = b"GET /hidden HTTP/1.1\r\nHost: localhost\r\n\r\n"
MALFORMED = {
    "length and chunks": POST + b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "chunks and length": POST + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n" + HIDDEN,
    "two lengths": POST + b"Content-Length: 0\r\nContent-Length: 44\r\n\r\n" + HIDDEN,
    "a list of lengths": POST + b"Content-Length: 0, 44\r\n\r\n" + HIDDEN,
    "a signed length": POST + b"Content-Length: +5\r\n\r\nhello" + HIDDEN,
    "a hexadecimal length": POST + b"Content-Length: 0x5\r\n\r\nhello" + HIDDEN,
    "chunked twice": POST + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "chunked after gzip": POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "an encoding like chunked": POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "chunks in HTTP/1.0": b"POST /one HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "a space before the colon": POST + b"Content-Length : 44\r\n\r\n" + HIDDEN,
    "a bare CR in a value": GET + b"x: a\rContent-Length: 44\r\n\r\n" + HIDDEN,
    "a bare CR as line end": b"GET /one HTTP/1.1\rHost: localhost\r\r" + HIDDEN,
    "NUL in a value": GET + b"x: a\x00b\r\n\r\n" + HIDDEN,
    "a folded first header": b"GET /one HTTP/1.1\r\n folded: x\r\n" + HOST + b"\r\n",
    "no Host": b"GET /one HTTP/1.1\r\n\r\n",
    "two Hosts": GET + b"Host: evil.example\r\n\r\n",
    "a target with another host": b"GET http://evil.example/one HTTP/1.1\r\n" + HOST + b"\r\n",
    "a target with another port": b"GET http://localhost:81/one HTTP/1.1\r\n" + HOST + b"\r\n",
    "a target of TLS": b"GET https://localhost:80/one HTTP/1.1\r\n" + HOST + b"\r\n",
    "a target whose user is our host": b"GET http://localhost@evil.example/one HTTP/1.1\r\n" + HOST + b"\r\n",
    "a user in Host": b"GET http://localhost/one HTTP/1.1\r\nHost: a@localhost\r\n\r\n",
    "a target with a host that ends otherwise": b"GET http://localhost./one HTTP/1.1\r\n" + HOST + b"\r\n",
    "a target of another scheme": b"GET file:///etc/passwd HTTP/1.1\r\n" + HOST + b"\r\n",
    "a target without a slash": b"GET one HTTP/1.1\r\n" + HOST + b"\r\n",
    "an asterisk for GET": b"GET * HTTP/1.1\r\n" + HOST + b"\r\n",
    "a tunnel": b"CONNECT localhost:22 HTTP/1.1\r\n" + HOST + b"\r\n",
    "HTTP/0.9": b"GET /one\r\n\r\n",
    "two content types": POST
    + b"Content-Type: application/json\r\ncontent-type: text/xml\r\nContent-Length: 0\r\n\r\n",
    "one content type twice": POST + b"Content-Type: a/b\r\nContent-Type: a/b\r\nContent-Length: 0\r\n\r\n",
    "two origins": GET + b"Origin: http://localhost:1\r\nOrigin: https://evil.example\r\n\r\n",
    "two MCP methods": GET + b"Mcp-Method: tools/list\r\nMCP-METHOD: tools/call\r\n\r\n",
    "two MCP names": GET + b"Mcp-Name: a\r\nMcp-Name: b\r\n\r\n",
    "two sessions": GET + b"Mcp-Session-Id: a\r\nMcp-Session-Id: b\r\n\r\n",
    "two revisions": GET + b"MCP-Protocol-Version: 2025-06-18\r\nMCP-Protocol-Version: 2026-07-28\r\n\r\n",
}


async def test_a_tls_handshake_is_told_as_that_and_becomes_no_request() -> None:
    app = Echo()
    async with served(app) as port:
        answer = await say(port, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 60 + b"\r\n\r\n")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["reason"] == "tls_not_spoken"
    assert app.seen == []


@pytest.mark.parametrize("name", MALFORMED)
async def test_what_could_be_read_in_two_ways_is_refused_and_hides_no_request(name: str) -> None:
    """RFC 9112 §6.3, §11.2: whoever reads it otherwise must not get another request through us."""
    app = Echo()
    async with served(app) as port:
        answer = await say(port, MALFORMED[name])
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 501 ")), answer
    assert b"connection: close" in head.lower()
    assert json.loads(body)["reason"] == ("tunnel_asked" if name == "a tunnel" else "request_malformed")
    assert app.seen == []


@pytest.mark.parametrize(
    ("head", "status", "reason"),
    [
        (GET + b"x: y\r\n" * Limits.HEADERS + b"\r\n", 431, "head_too_large"),
        (GET + b"x: " + b"y" * (Limits.HEAD_BYTES + 1_000) + b"\r\n\r\n", 431, "head_too_large"),
        (GET + b"x: " + b"y" * 200_000, 431, "head_too_large"),
        (b"GET /" + b"y" * Limits.URL_BYTES + b" HTTP/1.1\r\n" + HOST + b"\r\n", 414, "target_too_long"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "protocol_not_spoken"),
    ],
)
async def test_what_passes_a_limit_is_refused_by_its_name(head: bytes, status: int, reason: str) -> None:
    app = Echo()
    async with served(app) as port:
        answer = await say(port, head)
    assert answer.startswith(b"HTTP/1.1 %d " % status), answer[:200]
    said = json.loads(answer.partition(b"\r\n\r\n")[2])
    assert (said["reason"], said["status"]) == (reason, status)
    assert said["hint"]
    assert app.seen == []


@pytest.mark.parametrize(("line", "said"), [(b"PRI * HTTP/2.0", "HTTP/2."), (b"GET / HTTP/3.0", "HTTP/3.")])
async def test_the_version_that_was_spoken_is_the_one_that_is_named(line: bytes, said: str) -> None:
    async with served(Echo()) as port:
        answer = await say(port, line + b"\r\n" + HOST + b"\r\n")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["detail"].endswith(f"began with {said}")


async def test_an_offer_of_http2_is_ignored() -> None:
    """RFC 9110 §7.8: a server MAY ignore Upgrade; some clients offer it with every request."""
    offer = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"
    async with served(Echo()) as port:
        first, _, rest = (await say(port, GET + offer + b"\r\n" + GET + CLOSE + b"\r\n")).partition(b"GET /one")
    assert first.startswith(b"HTTP/1.1 200 ")
    assert rest.startswith(b"HTTP/1.1 200 ")


WEBSOCKET = b"Connection: Upgrade\r\nUpgrade: websocket\r\n"
KEY = b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"


@pytest.mark.parametrize(
    "offer",
    [
        WEBSOCKET + b"Sec-WebSocket-Version: 13\r\n" + KEY,
        WEBSOCKET + b"Sec-WebSocket-Version: 12\r\n" + KEY,
        WEBSOCKET,
        b"Connection: Upgrade\r\nUpgrade: foo/2\r\n",
    ],
)
async def test_an_offer_of_another_protocol_is_ignored_and_holds_no_connection(offer: bytes) -> None:
    app = Echo()
    async with served(app) as port, asyncio.timeout(10):
        first, _, rest = (await say(port, GET + offer + b"\r\n" + GET + CLOSE + b"\r\n")).partition(b"GET /one")
    assert first.startswith(b"HTTP/1.1 200 ")
    assert rest.startswith(b"HTTP/1.1 200 ")
    assert app.seen == ["GET /one"] * 2


@pytest.mark.parametrize("path", ["/mcp/sample", "/oauth/token"])
async def test_whoever_asks_for_a_websocket_reads_an_answer_with_a_trace(gateway: Running, path: str) -> None:
    port = gateway.runtime.settings.port
    head = f"GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\n".encode()
    answer = await say(port, head + WEBSOCKET.replace(b"Upgrade\r\n", b"Upgrade, close\r\n", 1) + KEY + b"\r\n")
    assert answer.startswith(b"HTTP/1.1 405 "), answer
    assert [each.trace.path for each in gateway.events(HttpExchanged)] == [path]
    assert (b"a WebSocket is not offered" in answer) is (path == "/mcp/sample")


@pytest.mark.parametrize(
    ("request_line", "seen"),
    [
        (b"GET http://localhost/two?a=b HTTP/1.1\r\n", "GET /two"),
        (b"GET http://LOCALHOST HTTP/1.1\r\n", "GET /"),
        (b"GET http://localhost?a HTTP/1.1\r\n", "GET /"),
        (b"GET http://localhost:80/two HTTP/1.1\r\n", "GET /two"),
        (b"GET http://localhost:/two HTTP/1.1\r\n", "GET /two"),
        (b"GET HTTP://user:secret@Localhost:80/two HTTP/1.1\r\n", "GET /two"),
        (b"GET http://@localhost/two HTTP/1.1\r\n", "GET /two"),
        (b"OPTIONS http://localhost HTTP/1.1\r\n", "OPTIONS *"),
        (b"OPTIONS http://localhost/ HTTP/1.1\r\n", "OPTIONS /"),
        (b"get /two HTTP/1.1\r\n", "get /two"),
        (b"OPTIONS * HTTP/1.1\r\n", "OPTIONS *"),
        (b"GET /two HTTP/1.0\r\n", "GET /two"),
        (b"GET /two HTTP/1.2\r\n", "GET /two"),
        (b"GET //two HTTP/1.1\r\n", "GET //two"),
    ],
)
async def test_every_form_of_target_is_taken(request_line: bytes, seen: str) -> None:
    """RFC 9112 §3.2.2: a server MUST accept the absolute form."""
    app = Echo()
    async with served(app) as port:
        answer = await say(port, request_line + HOST + CLOSE + b"\r\n")
    assert answer.startswith(b"HTTP/1.1 200 "), answer
    assert app.seen == [seen]


@pytest.mark.parametrize("host", [b"[::1]", b"[::1]:80"])
async def test_an_absolute_target_may_write_the_port_that_host_leaves_out(host: bytes) -> None:
    app = Echo()
    async with served(app) as port:
        head = b"GET http://[::1]:80/two HTTP/1.1\r\nHost: " + host + b"\r\n"
        assert (await say(port, head + CLOSE + b"\r\n")).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("method", ["HEAD", "PUT", "PATCH", "post", "head", "TRACE"])
@pytest.mark.parametrize("path", ["/mcp/sample", "/oauth/token"])
async def test_a_method_that_is_not_offered_is_refused_as_it_was_written(
    gateway: Running, method: str, path: str
) -> None:
    """RFC 9110 §9.1, §15.5.6: methods are case-sensitive."""
    port = gateway.runtime.settings.port
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost:{port}\r\n".encode()
    answer = await say(port, head + CLOSE + b"\r\n")
    assert answer.startswith(b"HTTP/1.1 405 "), answer
    assert (method == "HEAD") is answer.endswith(b"\r\n\r\n")
    assert [each.trace.method for each in gateway.events(HttpExchanged)] == [method]


async def test_requests_sent_at_once_are_answered_in_order() -> None:
    """RFC 9112 §9.3.2."""
    body = b"POST /%d HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n%s\r\nbody"
    app = Echo()
    async with served(app) as port:
        answer = await say(port, b"".join(body % (n, CLOSE if n == 19 else b"") for n in range(20)))
    assert app.seen == [f"POST /{n} body" for n in range(20)]
    assert all(answer.index(b"/%d body" % n) < answer.index(b"/%d body" % m) for n, m in pairwise(range(20)))


@pytest.mark.parametrize("empty", [b"\r\n", b"\n", b"\r\n\r\n"])
async def test_empty_lines_before_a_request_are_skipped(empty: bytes) -> None:
    """RFC 9112 §2.2: old clients end a body with one more line end than its length says."""
    app = Echo()
    post = POST + b"Content-Length: 4\r\n\r\nbody"
    async with served(app) as port:
        answer = await say(port, empty + post + empty + GET + CLOSE + b"\r\n")
    assert answer.count(b"HTTP/1.1 200 ") == 2, answer
    assert app.seen == ["POST /one body", "GET /one"]


async def test_an_empty_line_that_comes_in_pieces_begins_no_request() -> None:
    app = Echo()
    async with served(app) as port, asyncio.timeout(10):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for piece in (b"\r", b"\n", GET + CLOSE + b"\r\n"):
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.02)
        assert (await reader.read()).startswith(b"HTTP/1.1 200 ")
        writer.close()
    assert app.seen == ["GET /one"]


async def test_a_body_that_comes_chunk_by_chunk_with_a_pause_is_read() -> None:
    app = Echo()
    async with served(app) as port, asyncio.timeout(10):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(POST + CLOSE + b"Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n")
        await asyncio.sleep(0.05)
        writer.write(b"1;x=y\r\nc\r\n0\r\nTrailer: z\r\n\r\n")
        assert (await reader.read()).startswith(b"HTTP/1.1 200 ")
        writer.close()
    assert app.seen == ["POST /one abc"]


async def test_what_was_turned_away_is_told_with_the_reason(gateway: Running) -> None:
    """No trace has it, since it never was a request."""
    await say(gateway.runtime.settings.port, b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")
    await say(gateway.runtime.settings.port, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
    told = gateway.events(RequestTurnedAway)
    assert [(each.status, each.reason_code) for each in told] == [
        (400, "request_malformed"),
        (505, "protocol_not_spoken"),
    ]
    assert all(each.explanation and each.hint and each.peer.startswith("127.0.0.1:") for each in told)


@pytest.mark.parametrize(
    "sent",
    [
        b"G",
        b"POST /register HTTP/1.1\r\nHos",
        b"POST /register HTTP/1.1\r\n",
        b"POST /register HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nx",
        b"POST /register HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        b"POST /register HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n",
    ],
)
async def test_whoever_leaves_in_the_middle_of_a_request_is_not_told_of_as_one_that_cannot_write_http(
    gateway: Running, sent: bytes
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.runtime.settings.port)
    writer.write(sent)
    await writer.drain()
    writer.write_eof()
    assert await asyncio.wait_for(reader.read(), 5) == b"", "nothing is answered (RFC 9112 §8: MAY)"
    writer.close()
    gateway.runtime.bus.drain()
    assert gateway.events(RequestTurnedAway) == []


def test_whoever_sends_nothing_but_empty_lines_holds_up_nobody() -> None:
    """They are passed over as many at one time as have come, and not one by one."""
    connection = RequestReader(h11.SERVER)
    connection.receive_data(b"\r\n" * 2_000_000)
    calls = 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in {"call", "c_call"}

    sys.setprofile(count)
    try:
        assert connection.next_event() is h11.NEED_DATA
    finally:
        sys.setprofile(None)
    assert calls < 100
    connection.receive_data(b"\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert isinstance(connection.next_event(), h11.Request)
