"""The one maker of clients keeps to the environment's authorities and proxies, over real TLS."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from devgw.foreign.addresses import PUBLIC
from devgw.outbound.client import Bounds, http_client
from devgw.outbound.guard import address_check
from devgw.outbound.transport import describe_failure
from devgw.problems import Refused
from devgw.problems.upstream import AddressForbidden
from tests.support.hostile import OK

NAME = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
ANSWER = OK + b"content-length: 2\r\nconnection: close\r\n\r\n{}"


def write_certificate(path: Path) -> Path:
    """Write a certificate that vouches for itself, and its key."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    names = x509.SubjectAlternativeName(
        [x509.DNSName("localhost"), x509.DNSName("far.example"), x509.IPAddress(ip_address("127.0.0.1"))]
    )
    made = x509.CertificateBuilder(NAME, NAME, key.public_key(), x509.random_serial_number(), now, now + timedelta(1))
    made = made.add_extension(names, critical=False)
    made = made.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    written = made.sign(key, SHA256()).public_bytes(Encoding.PEM)
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(written + secret)
    return path


@asynccontextmanager
async def secure_server(certificate: Path) -> AsyncIterator[int]:
    """Answer over TLS, and yield the port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(ANSWER)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
    yield server.sockets[0].getsockname()[1]
    server.close()


@asynccontextmanager
async def tunnel(port: int) -> AsyncIterator[tuple[str, list[bytes]]]:
    """A proxy that leads every CONNECT to `port` of this machine; yields its URL and the lines it was asked with."""
    asked: list[bytes] = []

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(65_536):
            writer.write(piece)
        writer.close()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append((await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")[0])
        there, back = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
        await asyncio.gather(pump(reader, back), pump(there, writer), return_exceptions=True)

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", asked
    server.close()


async def status_of(url: str) -> int:
    async with http_client(Bounds(3)) as client:
        return (await client.get(url)).status_code


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"])
async def test_an_authority_of_the_environment_is_believed(
    variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = write_certificate(tmp_path / "own.pem")
    async with secure_server(certificate) as port:
        with pytest.raises(httpx2.ConnectError) as failure:
            await status_of(f"https://127.0.0.1:{port}/")
        assert describe_failure(failure.value) == "the TLS certificate is not trusted (self-signed certificate)"
        monkeypatch.setenv(variable, str(certificate))
        assert await status_of(f"https://127.0.0.1:{port}/") == 200


async def test_a_bundle_that_is_missing_is_named_before_anything_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere/ca.pem")
    with pytest.raises(Refused, match="ca_file_unusable"):
        await status_of("https://127.0.0.1:1/")


async def test_the_world_is_reached_through_the_environments_proxy_and_this_machine_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = write_certificate(tmp_path / "own.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    async with secure_server(certificate) as port, tunnel(port) as (proxy, asked):
        monkeypatch.setenv("HTTPS_PROXY", proxy)
        assert await status_of("https://far.example/") == 200
        assert asked == [b"CONNECT far.example:443 HTTP/1.1"]
        assert await status_of(f"https://localhost:{port}/") == 200
        assert len(asked) == 1
        monkeypatch.setenv("NO_PROXY", ".example")
        with pytest.raises(httpx2.ConnectError):
            await status_of("https://far.example/")
        assert len(asked) == 1


async def test_a_proxy_on_this_machine_is_no_reason_to_refuse_a_public_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connected peer is the proxy then; where the name leads, it alone knows."""
    certificate = write_certificate(tmp_path / "own.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    check = address_check(frozenset({PUBLIC}), lambda address, kind: AddressForbidden(url=address, why=kind))
    async with secure_server(certificate) as port, tunnel(port) as (proxy, asked):
        monkeypatch.setenv("HTTPS_PROXY", proxy)
        async with http_client(Bounds(3), check) as client:
            assert (await client.get("https://far.example/")).status_code == 200
        assert len(asked) == 1


@pytest.mark.parametrize("cookie", [b"a=b; Path=/", b"\xff=\xfe", b"a=b; Expires=Mon, 01-Jan-0000 00:00:00 GMT"])
async def test_no_cookie_of_who_is_asked_is_sent_with_the_next_question(cookie: bytes) -> None:
    heads: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(OK + b"set-cookie: " + cookie + b"\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, http_client() as client:
        for _ in range(2):
            assert (await client.get(f"http://127.0.0.1:{port}/")).status_code == 200
    assert [b"cookie" in head.lower() for head in heads] == [False, False]
