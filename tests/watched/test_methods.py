"""Whatever method a client uses reaches the server: by the ports, in a tunnel, and past what is watched."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from devgw.events.taxonomy import FaultMet
from devgw.gateway.watched.origins import OriginMap
from tests.support.bytes_upstream import BytesUpstream, Seen, bytes_upstream, response
from tests.watched.bench import Watching, watching
from tests.watched.proxied import proxied
from tests.watched.test_proxy_attacks import credential, said

Ask = Callable[[str, str, bytes], Awaitable[bytes]]
"""Sends a method, a path and a body, and returns the answer to its end."""
WAYS = ["ports", "tunnel", "plain", "unwatched"]


async def answer(seen: Seen, writer: asyncio.StreamWriter) -> None:
    """Answer HEAD as the standard has it: with the length of a body that does not come."""
    whole = response(b"Some page", content_type="text/plain")
    writer.write(whole.removesuffix(b"Some page") if seen.line.startswith("HEAD ") else whole)
    await writer.drain()


@pytest.fixture
async def server() -> AsyncIterator[BytesUpstream]:
    async with bytes_upstream(answer) as served:
        yield served


@pytest.fixture(params=WAYS)
async def way(
    request: pytest.FixtureRequest, server: BytesUpstream, tmp_path: Path
) -> AsyncIterator[tuple[Watching, Ask]]:
    """Open one way to the server."""
    origin = server.url.removesuffix("/mcp")
    host = origin.removeprefix("http://").encode()
    async with AsyncExitStack() as stack:
        if request.param == "ports":
            ports = await stack.enter_async_context(watching(server.url, tmp_path))
            near = ports.origin.removeprefix("http://")

            async def by_port(method: str, path: str, body: bytes = b"") -> bytes:
                return await said(int(near.rpartition(":")[2]), _head(method, path, near.encode(), body))

            yield ports, by_port
            return
        is_other = request.param == "unwatched"
        other = await stack.enter_async_context(bytes_upstream(answer)) if is_other else server
        watched = await stack.enter_async_context(proxied(other.url, tmp_path))

        async def in_tunnel(method: str, path: str, body: bytes = b"") -> bytes:
            tunnel = b"CONNECT " + host + b" HTTP/1.1\r\nhost: " + host + b"\r\n" + credential(watched) + b"\r\n"
            came = await said(watched.port, tunnel, _head(method, path, host, body))
            return came.partition(b"\r\n\r\n")[2]

        async def in_plain(method: str, path: str, body: bytes = b"") -> bytes:
            target = origin + ("" if path == "*" else path)
            return await said(watched.port, _head(method, target, host, body, credential(watched)))

        yield watched, in_tunnel if request.param == "tunnel" else in_plain


def _head(method: str, target: str, host: bytes, body: bytes, more: bytes = b"") -> bytes:
    length = b"content-length: %d\r\n" % len(body) if body else b""
    line = f"{method} {target} HTTP/1.1\r\n".encode()
    return line + b"host: " + host + b"\r\nconnection: close\r\n" + length + more + b"\r\n" + body


async def test_head_goes_on_as_head_and_its_answer_has_no_body(
    server: BytesUpstream, way: tuple[Watching, Ask]
) -> None:
    """RFC 9110 §9.3.2; RFC 9112 §6.3: the length is said, and nothing follows the head."""
    watched, ask = way
    for path in ("/mcp", "/page", "/.well-known/oauth-authorization-server"):
        head, _, body = (await ask("HEAD", path, b"")).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 "), head
        is_rewritten = isinstance(watched.runtime.watched.origins, OriginMap) and ".well-known" in path
        assert (b"content-length: 9" in head.lower()) is not is_rewritten
        assert body == b""
        assert server.seen[-1].line == f"HEAD {path} HTTP/1.1"
    assert watched.events(FaultMet) == []


@pytest.mark.parametrize("method", ["OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "QUERY", "get", "Head"])
async def test_every_method_goes_on_letter_for_letter(
    server: BytesUpstream, way: tuple[Watching, Ask], method: str
) -> None:
    """RFC 9110 §9.1: the method is case-sensitive, and unknown ones are the server's to judge."""
    watched, ask = way
    came = await ask(method, "/page?a=b", b"")
    assert came.startswith(b"HTTP/1.1 200 "), came
    assert came.endswith(b"\r\n\r\nSome page")
    assert server.seen[-1].line == f"{method} /page?a=b HTTP/1.1"
    assert watched.events(FaultMet) == []


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
async def test_a_body_goes_along_with_every_method(
    server: BytesUpstream, way: tuple[Watching, Ask], method: str
) -> None:
    _, ask = way
    await ask(method, "/page", b'{"a": 1}')
    assert (server.seen[-1].line, server.seen[-1].body) == (f"{method} /page HTTP/1.1", b'{"a": 1}')


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_an_empty_body_is_said_to_be_empty(server: BytesUpstream, way: tuple[Watching, Ask], method: str) -> None:
    """RFC 9110 §8.6: servers answer 411 to a PUT that says no length."""
    _, ask = way
    await ask(method, "/page", b"")
    assert server.seen[-1].header("content-length") == "0"


async def test_what_is_asked_of_the_whole_server_is_asked_of_it(
    server: BytesUpstream, way: tuple[Watching, Ask]
) -> None:
    """RFC 9112 §3.2.4: OPTIONS with a URL that has no path becomes OPTIONS * on the last leg."""
    watched, ask = way
    came = await ask("OPTIONS", "*", b"")
    assert came.startswith(b"HTTP/1.1 200 "), came
    assert server.seen[-1].line == "OPTIONS * HTTP/1.1"
    assert watched.events(FaultMet) == []


async def test_a_body_that_follows_an_answer_to_head_reaches_nobody(tmp_path: Path) -> None:
    """A server that errs in this would have its page taken for the next answer."""

    async def errs(_seen: Seen, writer: asyncio.StreamWriter) -> None:
        whole = response(b"Some page", content_type="text/plain")
        writer.write(whole.removesuffix(b"Some page"))
        await writer.drain()
        writer.write(b"Some page")
        await writer.drain()

    async with bytes_upstream(errs) as server, watching(server.url, tmp_path) as watched:
        near = watched.origin.removeprefix("http://")
        port = int(near.rpartition(":")[2])
        for method, body in (("HEAD", b""), ("GET", b"Some page"), ("HEAD", b""), ("GET", b"Some page")):
            came = await said(port, _head(method, "/page", near.encode(), b""))
            assert came.partition(b"\r\n\r\n")[2] == body
        assert [each.line.partition(" ")[0] for each in server.seen] == ["HEAD", "GET"] * 2
