"""A port of TLS that answers plain http with a 400, as nginx, Apache and Go do."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from tests.support.certificates import key_and_certificate

_HANDSHAKE = b"\x16"


@asynccontextmanager
async def tls_port(folder: Path, body: bytes, content_type: str = "text/html") -> AsyncIterator[str]:
    """Answer a TLS handshake by TLS, and anything else with 400 and `body`; yield the origin with http."""
    file = folder / "port.pem"
    file.write_bytes(key_and_certificate("localhost"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    head = f"HTTP/1.1 400 Bad Request\r\ncontent-type: {content_type}\r\ncontent-length: {len(body)}\r\n\r\n"

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            first = await reader.read(65_536)
            if not first.startswith(_HANDSHAKE):
                writer.write(head.encode() + body)
                await writer.drain()
                writer.close()
                return
            there, back = await asyncio.open_connection("127.0.0.1", inner.sockets[0].getsockname()[1])
            back.write(first)
            await asyncio.gather(_pump(reader, back), _pump(there, writer))

    inner = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0, ssl=context)
    outer = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with inner, outer:
        yield f"http://127.0.0.1:{outer.sockets[0].getsockname()[1]}"


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while piece := await reader.read(65_536):
            writer.write(piece)
    writer.close()
