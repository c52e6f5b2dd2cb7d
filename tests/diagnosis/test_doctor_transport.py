"""`devgw doctor URL` where HTTP itself does not come about: TLS, HTTP/2 alone, what is no HTTP."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from devgw.clock import SystemClock
from devgw.diagnosis.verdicts import Check
from devgw.outbound.probes.http2 import speaks_http2
from devgw.outbound.server_doctor import examine_server
from tests.support.certificates import key_and_certificate

SETTINGS = b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def talking(talk: Talk, context: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """Serve a port that talks as it likes, and yield its URL."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await talk(reader, writer)
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context) as server:
        port = server.sockets[0].getsockname()[1]
        yield f"{'https' if context else 'http'}://127.0.0.1:{port}/mcp"


def tls(
    folder: Path, name: str = "127.0.0.1", *, at: datetime | None = None, alpn: str = "", is_signed: bool = False
) -> ssl.SSLContext:
    file = folder / "server.pem"
    file.write_bytes(key_and_certificate(name, at=at, is_signed=is_signed))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    if alpn:
        context.set_alpn_protocols([alpn])
    return context


async def http2(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(SETTINGS)
    await writer.drain()
    await reader.read(1_000)


async def ssh(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")
    await writer.drain()
    await reader.read(1_000)


async def nothing(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await reader.read(1_000)


async def examined(url: str) -> Check:
    found = await examine_server(url, SystemClock())
    assert not found.is_server
    (check,) = found.checks
    return check


@pytest.mark.parametrize(
    ("talk", "name", "said"),
    [
        (http2, "NET-12", "does not answer HTTP/1.1, and speaks HTTP/2"),
        (ssh, "NET-09", "is no HTTP"),
        (nothing, "NET-05", ""),
    ],
)
async def test_what_speaks_something_else_is_told_apart(talk: Talk, name: str, said: str) -> None:
    async with talking(talk) as url:
        check = await examined(url)

    assert said in check.saw
    assert check.todo
    assert check.diagnosis_id == name or not said


async def test_http2_over_tls_is_known_by_what_is_agreed(tmp_path: Path) -> None:
    async with talking(http2, tls(tmp_path, alpn="h2")) as url:
        assert await speaks_http2(url)
    async with talking(nothing, tls(tmp_path, alpn="http/1.1")) as url:
        assert not await speaks_http2(url)
    assert not await speaks_http2("http://127.0.0.1:1/")


async def test_a_certificate_that_nobody_vouches_for_is_named(tmp_path: Path) -> None:
    async with talking(nothing, tls(tmp_path)) as url:
        check = await examined(url)

    assert check.diagnosis_id == "NET-03"
    assert "SSL_CERT_FILE" in check.todo


async def test_a_certificate_without_the_one_that_signed_it_is_named(tmp_path: Path) -> None:
    async with talking(nothing, tls(tmp_path, is_signed=True)) as url:
        check = await examined(url)

    assert check.diagnosis_id == "NET-11"
    assert "intermediate certificates" in check.todo


async def test_a_certificate_of_another_time_is_named(tmp_path: Path) -> None:
    async with talking(nothing, tls(tmp_path, at=datetime.now(UTC) - timedelta(days=3))) as url:
        check = await examined(url)

    assert check.diagnosis_id == "NET-03"


async def test_http_on_a_port_of_tls_is_said_with_the_scheme(tmp_path: Path) -> None:
    async with talking(nothing, tls(tmp_path)) as url:
        check = await examined(url.replace("https:", "http:"))

    assert check.diagnosis_id == "NET-08"
    assert "https://" in check.todo


@pytest.mark.parametrize(
    ("header", "is_told"),
    [(b"x-a: 1\r\n  2", True), (b"x-a: 1\r\n\t2", True), (b"x-a: 1\r\nx-b: 2\r\n 3", True), (b"x-a:  1 2", False)],
)
async def test_a_header_that_goes_on_in_the_next_line_is_told(header: bytes, is_told: bool) -> None:
    said = b'{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-11-25","note":"a\\r\\n b"}}'
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n" + header + b"\r\ncontent-length: %d\r\n\r\n"

    async def folds(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = asked.partition(b"content-length: ")[2].partition(b"\r\n")[0]
        await reader.readexactly(int(length or 0))
        writer.write(head % len(said) + said)
        await writer.drain()

    async with talking(folds) as url:
        checks = (await examine_server(url, SystemClock())).checks
    told = [each for each in checks if each.diagnosis_id == "PROXY-09"]
    assert bool(told) is is_told
    assert all("a header goes on in the next line" in each.saw for each in told)
