"""A command that does not take devgw's certificate is told of, whether its library says so or only leaves."""

import asyncio
import os
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from devgw.events.taxonomy import RequestTurnedAway
from devgw.limits import Limits
from devgw.monitor.why import NEWEST, why_of
from tests.watched.proxied import Proxied, proxied, tls_sample
from tests.watched.raw import RawClient
from tests.watched.test_proxy_attacks import credential

LEFT, SAID = "handshake_left", "authority_distrusted"
_SYNC = "import httpx2, sys; httpx2.Client(proxy=sys.argv[1], trust_env=False).get(sys.argv[2])"


@pytest.fixture
async def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Proxied]:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "server.pem"))
    async with tls_sample(tmp_path) as server, proxied(server.metadata.resource, tmp_path / "state") as watched:
        yield watched


def url(watched: Proxied) -> str:
    return watched.runtime.watched.origins.url


async def told(watched: Proxied, count: int = 1) -> list[str | None]:
    """Return the reasons of what was turned away, once there are so many."""
    async with asyncio.timeout(10):
        while len(found := watched.events(RequestTurnedAway)) < count:
            await asyncio.sleep(0.02)
    return [each.reason_code for each in found]


async def tunnel(watched: Proxied) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    place = url(watched).split("/")[2].encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", watched.port)
    writer.write(b"CONNECT " + place + b" HTTP/1.1\r\nhost: x\r\n" + credential(watched) + b"\r\n")
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
    return reader, writer


def hello() -> bytes:
    """Return how a client of TLS begins."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = ssl.create_default_context().wrap_bio(incoming, outgoing, server_hostname="localhost")
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    return outgoing.read()


async def test_a_client_whose_library_says_nothing_and_leaves_is_named_as_a_suspicion(watched: Proxied) -> None:
    """As those on anyio do: the official Python SDKs."""
    strict = ssl.create_default_context(cadata=watched.runtime.ports.authority.pem.decode())
    strict.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF  # there is no list of what was revoked, so that none passes
    async with httpx2.AsyncClient(proxy=watched.proxy, verify=strict, trust_env=False) as http:
        with pytest.raises(httpx2.ConnectError):
            await http.get(url(watched))
    assert await told(watched) == [LEFT]
    watched.runtime.bus.drain()
    await watched.runtime.monitor.catch_up()
    found = why_of(watched.runtime.monitor, NEWEST)
    assert found is not None
    ((diagnosis,),) = [each.diagnoses for each in found.cases]
    assert (diagnosis.id, diagnosis.certain) == ("NET-10", False)
    assert "gave no reason" in diagnosis.cause
    assert "NODE_EXTRA_CA_CERTS" in diagnosis.fix


async def test_a_client_that_says_why_is_quoted(watched: Proxied) -> None:
    environ = {name: value for name, value in os.environ.items() if name != "SSL_CERT_FILE"}
    command = [sys.executable, "-c", _SYNC, watched.proxy, url(watched)]
    running = await asyncio.create_subprocess_exec(*command, env=environ, stderr=subprocess.DEVNULL)
    await running.wait()
    assert await told(watched) == [SAID]


async def test_who_leaves_before_it_was_shown_anything_is_not_said_to_distrust(watched: Proxied) -> None:
    for early in (b"", hello()[:20]):
        reader, writer = await tunnel(watched)
        writer.write(early)
        writer.write_eof()
        async with asyncio.timeout(5):
            await reader.read()
        writer.close()
    assert watched.events(RequestTurnedAway) == []


async def test_who_leaves_once_it_was_shown_the_certificate_is(watched: Proxied) -> None:
    reader, writer = await tunnel(watched)
    writer.write(hello())
    assert await reader.read(1)
    writer.close()
    assert await told(watched) == [LEFT]


async def test_who_does_not_go_on_is_not_said_to_have_left(watched: Proxied, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Limits, "HEAD_SECONDS", 0.3)
    reader, writer = await tunnel(watched)
    writer.write(hello())
    async with asyncio.timeout(10):
        await reader.read()
    writer.close()
    assert watched.events(RequestTurnedAway) == []


async def test_who_takes_it_is_served_on_each_connection(watched: Proxied) -> None:
    for _ in range(3):
        async with watched.http() as http:
            assert await RawClient(http, url(watched)).go() == "passes"
    assert watched.events(RequestTurnedAway) == []
