"""The internet, as far as it publishes clients' metadata documents: behind a proxy, with certificates of its own."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from devgw.outbound.kept_documents import KeptDocuments
from tests.support.certificates import key_and_certificate

HOSTS = ("claude.ai", "chatgpt.com")


class Publisher:
    """A proxy that leads nowhere, and answers as the hosts would that it is asked for."""

    def __init__(self, folder: Path) -> None:
        self.read: list[str] = []
        """The URLs of the documents that were read."""
        self.authorities = folder / "authorities.pem"
        folder.mkdir(parents=True, exist_ok=True)
        self._contexts = {host: _context(folder / f"{host}.pem", host) for host in HOSTS}
        self.authorities.write_bytes(b"".join((folder / f"{host}.pem").read_bytes() for host in HOSTS))

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection."""
        with suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            _, place, _ = (await reader.readuntil(b"\r\n\r\n")).decode().split(" ", 2)
            host = place.partition(":")[0]
            writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
            await writer.drain()
            await writer.start_tls(self._contexts[host])
            _, path, _ = (await reader.readuntil(b"\r\n\r\n")).decode().split(" ", 2)
            writer.write(self._document(f"https://{host}{path}"))
            await writer.drain()
        writer.close()

    def _document(self, url: str) -> bytes:
        published = KeptDocuments().find(url)
        if published is None:
            return b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        self.read.append(url)
        body = json.dumps(published.document).encode()
        head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\nconnection: close"
        return head.encode() + b"\r\n\r\n" + body


def _context(file: Path, host: str) -> ssl.SSLContext:
    file.write_bytes(key_and_certificate(host))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


@asynccontextmanager
async def publishing(folder: Path) -> AsyncIterator[tuple[Publisher, dict[str, str]]]:
    """Run it while the block runs, and yield it with the variables by which it is found and believed."""
    publisher = Publisher(folder)
    server = await asyncio.start_server(publisher.answer, "127.0.0.1", 0)
    async with server:
        proxy = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield publisher, {"HTTPS_PROXY": proxy, "SSL_CERT_FILE": str(publisher.authorities), "NO_PROXY": ""}
