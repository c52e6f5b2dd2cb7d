"""What a hostile server answers: each a coroutine that writes to the socket itself, by name.

`ENDS` says how a request that meets it may end: `named` (an answer that says what was wrong), `cut` (the answer was
under way and breaks off), `passed` (harmless enough to be relayed). Whatever is not listed must be named.
"""

import asyncio
import gzip
import json
import zlib
from collections.abc import Awaitable, Callable
from functools import cache

from tests.support.bytes_upstream import Seen, response

Answer = Callable[[Seen, asyncio.StreamWriter], Awaitable[None]]
FOR_EVER = 600.0
_MOST = 400_000_000
"""Bytes after which even an endless answer ends, so that a reader without a limit ends too."""
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: "
JSON, HTML, SSE = b"application/json", b"text/html", b"text/event-stream"
CHUNKED = b"\r\nTransfer-Encoding: chunked\r\n\r\n"
GOOD = b'{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"hi"}],"isError":false}}'

LASTING = {"json drop by drop", "html drop by drop"}
"""Kinds that only end when what is no stream has lasted too long."""
ENDS: dict[str, set[str]] = {}
ANSWERS: dict[str, Answer] = {}


def answers(name: str, *ends: str) -> Callable[[Answer], Answer]:
    """Let a coroutine be the answer with this name."""

    def keep(answer: Answer) -> Answer:
        ANSWERS[name] = answer
        ENDS[name] = set(ends or ("named",))
        return answer

    return keep


def sends(name: str, data: bytes, *ends: str, stays: bool = False) -> None:
    """Let these bytes be an answer; `stays`: and then nothing, on an open connection."""

    @answers(name, *ends)
    async def _(_seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await writer.drain()
        if stays:
            await asyncio.sleep(FOR_EVER)
        writer.close()


def repeats(name: str, head: bytes, piece: bytes, *ends: str, pause: float = 0.0) -> None:
    """Let a piece without end be an answer."""

    @answers(name, *ends)
    async def _(_seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        sent = 0
        while sent < _MOST:
            writer.write(piece)
            sent += len(piece)
            await writer.drain()
            await asyncio.sleep(pause)
        writer.close()


def chunk(data: bytes) -> bytes:
    """Return a chunk."""
    return b"%x\r\n%s\r\n" % (len(data), data)


@cache
def bomb(megabytes: int) -> bytes:
    """Return gzip that unpacks to so much."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    zeros = b'{"a":"' + b"0" * 1_048_570
    return b"".join([*(packer.compress(zeros) for _ in range(megabytes)), packer.flush()])


def whole(body: bytes, *, kind: str = "application/json", more: str = "", status: str = "200 OK") -> bytes:
    """Return an ordinary answer with this body."""
    return response(body, status=status, content_type=kind, more=more)


# --- without end ---
_BIG = b"x" * 65_536
repeats("endless html, chunked", HEAD + HTML + CHUNKED, chunk(_BIG), "named", "cut")
repeats("endless html until close", HEAD + HTML + b"\r\n\r\n", _BIG, "named", "cut")
repeats("endless json, chunked", HEAD + JSON + CHUNKED, chunk(b'["' + _BIG + b'"],'), "named", "cut")
repeats("endless json string", HEAD + JSON + b'\r\n\r\n{"jsonrpc":"', _BIG, "named", "cut")
repeats("endless plain text, status 500", b"HTTP/1.1 500 X\r\nContent-Type: text/plain\r\n\r\n", _BIG, "named", "cut")
repeats("endless 401", b"HTTP/1.1 401 X\r\nContent-Type: text/plain\r\n\r\n", _BIG, "named", "cut")
repeats("endless header lines", HEAD + JSON + b"\r\n", b"x-more: " + b"y" * 1000 + b"\r\n")
repeats("one endless header", HEAD + JSON + b"\r\nx-long: ", _BIG)
repeats("endless status line", b"HTTP/1.1 200 ", _BIG)
repeats("endless informational answers", b"", b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n" * 50)
repeats("endless empty lines", b"", b"\r\n" * 5_000)
repeats(
    "endless trailers",
    HEAD + JSON + CHUNKED + chunk(GOOD) + b"0\r\n",
    b"x-t: " + b"y" * 1000 + b"\r\n",
    "named",
    "cut",
    "passed",
)
repeats("endless chunk extension", HEAD + JSON + CHUNKED + b"5;", b"a=b;" * 4000, "named", "cut")
repeats("endless chunks of a byte", HEAD + JSON + CHUNKED, b"1\r\n \r\n" * 5_000, "named", "cut")
repeats("endless chunk size digits", HEAD + JSON + CHUNKED, b"0" * 4096, "named", "cut")
repeats("endless garbage", b"", _BIG)
repeats("one endless event", HEAD + SSE + CHUNKED, chunk(b"data: " + _BIG), "named", "cut")

# --- drop by drop, and not at all ---
repeats("head drop by drop", b"HTTP/1.1 200 OK\r\n", b"a", pause=0.5)
repeats("json drop by drop", HEAD + JSON + b"\r\nContent-Length: 100000\r\n\r\n", b" ", "named", "cut", pause=0.5)
repeats("html drop by drop", HEAD + HTML + CHUNKED, chunk(b"x"), "named", "cut", pause=0.5)
for _name, _data in {
    "no byte": b"",
    "half a status line": b"HTTP/1.1 2",
    "half a head": HEAD + JSON + b"\r\nContent-Le",
    "one hundred, then nothing": b"HTTP/1.1 100 Continue\r\n\r\n",
}.items():
    sends(f"hangs after {_name}", _data, stays=True)
for _name, _data in {
    "a json head": HEAD + JSON + b"\r\nContent-Length: 100\r\n\r\n",
    "half a json body": HEAD + JSON + b"\r\nContent-Length: 100\r\n\r\n" + GOOD[:20],
    "half a chunk": HEAD + JSON + CHUNKED + b"64\r\n" + GOOD[:20],
    "a chunk without the last": HEAD + JSON + CHUNKED + chunk(GOOD),
    "a html head": HEAD + HTML + b"\r\nContent-Length: 100\r\n\r\n",
    "401 and half a body": b"HTTP/1.1 401 X\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{",
    "500 and half a body": b"HTTP/1.1 500 X\r\nContent-Type: text/plain\r\nContent-Length: 50\r\n\r\nx",
    "403 without length": b"HTTP/1.1 403 X\r\nContent-Type: text/plain\r\n\r\nx",
    "half a gzip": HEAD + JSON + b"\r\nContent-Encoding: gzip\r\nContent-Length: 99\r\n\r\n" + gzip.compress(GOOD)[:12],
    "404 and a head": b"HTTP/1.1 404 X\r\nContent-Length: 50\r\n\r\n",
}.items():
    sends(f"hangs after {_name}", _data, "named", "cut", "passed", stays=True)
    LASTING.add(f"hangs after {_name}")

# --- bombs and depths ---
sends("gzip bomb of a gigabyte", whole(bomb(1000), more="Content-Encoding: gzip\r\n"), "named", "cut", "passed")
sends(
    "gzip bomb as html", whole(bomb(300), kind="text/html", more="Content-Encoding: gzip\r\n"), "named", "cut", "passed"
)
sends(
    "gzip in gzip", whole(gzip.compress(bomb(300)), more="Content-Encoding: gzip, gzip\r\n"), "named", "cut", "passed"
)
sends("no gzip at all", whole(GOOD, more="Content-Encoding: gzip\r\n"), "named", "cut", "passed")
sends("unknown encoding", whole(GOOD, more="Content-Encoding: snail\r\n"), "named", "passed")
sends("deep arrays", whole(b"[" * 100_000 + b"]" * 100_000), "named", "passed")
sends("deep objects", whole(b'{"a":' * 50_000 + b"1" + b"}" * 50_000), "named", "passed")
sends(
    "a deep result", whole(b'{"jsonrpc":"2.0","id":1,"result":' + b'{"a":' * 900 + b"1" + b"}" * 901), "named", "passed"
)
sends("a huge number", whole(b'{"jsonrpc":"2.0","id":1,"result":' + b"9" * 100_000 + b"}"), "named", "passed")
sends("members twice", whole(b'{"jsonrpc":"2.0","id":1,"id":2,"result":{},"result":[]}'), "named", "passed")
sends("no JSON", whole(b"{'a': 1}"), "named", "passed")
sends("not UTF-8", whole(b'{"jsonrpc":"2.0","id":1,"result":"\xff\xfe"}'), "named", "passed")
sends("lone surrogates", whole(b'{"jsonrpc":"2.0","id":1,"result":{"a":"\\ud800"}}'), "named", "passed")
sends("empty body", whole(b""), "named", "passed")
sends("10,000 headers", HEAD + JSON + b"\r\n" + b"a: b\r\n" * 10_000 + b"Content-Length: 2\r\n\r\n{}")
sends("a header of a megabyte", HEAD + JSON + b"\r\nx: " + b"y" * 1_048_576 + b"\r\nContent-Length: 2\r\n\r\n{}")

# --- not what was asked ---
sends("an id that nobody asked with", whole(GOOD.replace(b'"id":1', b'"id":99')))
sends("the id as text", whole(GOOD.replace(b'"id":1', b'"id":"1"')))
sends("a batch of answers", whole(b"[" + GOOD + b"," + GOOD + b"]"), "named", "passed")
sends("a request as answer", whole(b'{"jsonrpc":"2.0","id":1,"method":"ping"}'), "named", "passed")
sends("bytes after the end", whole(GOOD) + whole(GOOD.replace(b"hi", b"not yours")), "passed", "named")
sends("204 with a body", b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello", "named", "passed", "cut")
sends("101", b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n")
sends("status 99", b"HTTP/1.1 099 X\r\nContent-Length: 0\r\n\r\n")
sends("status 999", b"HTTP/1.1 999 X\r\nContent-Length: 0\r\n\r\n", "named", "passed")
sends("no status", b"HTTP/1.1\r\n\r\n")
sends("HTTP/0.9", b"hello")
sends("HTTP/2 preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
sends("TLS alert", b"\x15\x03\x03\x00\x02\x02\x28")
sends("closes at once", b"")
sends("two lengths", HEAD + JSON + b"\r\nContent-Length: 2\r\nContent-Length: 90\r\n\r\n{}", "named", "cut")
sends(
    "length and chunks",
    HEAD + JSON + b"\r\nContent-Length: 5" + CHUNKED + chunk(GOOD) + b"0\r\n\r\n",
    "named",
    "cut",
    "passed",
)
sends("negative length", HEAD + JSON + b"\r\nContent-Length: -5\r\n\r\n{}")
sends("length of 400 digits", HEAD + JSON + b"\r\nContent-Length: " + b"9" * 400 + b"\r\n\r\n{}", "named", "cut")
sends("malformed chunk", HEAD + JSON + CHUNKED + b"zz\r\nhello\r\n0\r\n\r\n", "named", "cut")
sends("chunk longer than said", HEAD + JSON + CHUNKED + b"3\r\nhello\r\n0\r\n\r\n", "named", "cut")
sends("ends in mid-chunk", HEAD + JSON + CHUNKED + b"ff\r\nhello", "named", "cut")
sends("ends in mid-body", HEAD + JSON + b"\r\nContent-Length: 500\r\n\r\n{", "named", "cut")
sends(
    "bare CR in a header", HEAD + JSON + b"\r\nx: a\rSet-Cookie: b=c\r\nContent-Length: 2\r\n\r\n{}", "named", "passed"
)
sends("NUL in a header", HEAD + JSON + b"\r\nx: a\x00b\r\nContent-Length: 2\r\n\r\n{}", "named", "passed")
sends("redirect to itself", b"HTTP/1.1 307 X\r\nLocation: /mcp\r\nContent-Length: 0\r\n\r\n")
sends("redirect to a file", b"HTTP/1.1 302 X\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n")
sends("redirect to nonsense", b"HTTP/1.1 301 X\r\nLocation: http://[::1\r\nContent-Length: 0\r\n\r\n")
sends("redirect without Location", b"HTTP/1.1 308 X\r\nContent-Length: 0\r\n\r\n")
sends(
    "challenge of a megabyte",
    b'HTTP/1.1 401 X\r\nWWW-Authenticate: Bearer a="' + b"x" * 1_000_000 + b'"\r\nContent-Length: 0\r\n\r\n',
)
sends("challenge of nonsense", b'HTTP/1.1 401 X\r\nWWW-Authenticate: Bearer ",,=="\r\nContent-Length: 0\r\n\r\n')
sends("javascript as content type", whole(b"alert(1)", kind="text/javascript"))
sends("content type of nonsense", whole(GOOD, kind=";;;=/"), "named", "passed")
sends("SSE of nonsense", whole(b"data: {\n\n:\x00\n\nid: \xff\n\n", kind="text/event-stream"), "named", "passed", "cut")
sends("SSE without an answer", whole(b"data: {}\n\n", kind="text/event-stream"), "named", "passed", "cut")
sends(
    "terminal codes in a body",
    whole(json.dumps({"error": "\x1b]52;c;eA==\x07\u202e"}).encode(), status="500 X"),
    "named",
    "passed",
)


@answers("answers before the body is read", "named", "passed")
async def _early(_seen: Seen, writer: asyncio.StreamWriter) -> None:
    writer.write(whole(b"no", kind="text/plain", status="415 X"))
    await writer.drain()


@answers("resets", "named")
async def _resets(_seen: Seen, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(0)
    writer.transport.abort()
