"""HTTP/1.1 by hand: whatever bytes are sent over a kept socket, and what comes back is read as strictly as may be."""

import asyncio
from dataclasses import dataclass

HANG_SECONDS = 8.0
"""Beyond this an answer to a whole request is a hang."""


@dataclass(frozen=True)
class Answered:
    """What came back: status 0 where the connection was closed without an answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def is_last(self) -> bool:
        """Tell whether the server closes after this answer."""
        return self.status == 0 or self.headers.get("connection", "").lower() == "close"


CLOSED = Answered(0, {}, b"")


class Wire:
    """One socket, opened again whenever the server closed it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self.opened = 0

    async def ask(self, request: bytes, *, is_head: bool = False) -> Answered:
        """Send bytes and return the answer.

        Raises:
            TimeoutError: none came in time.
        """
        async with asyncio.timeout(HANG_SECONDS):
            reader, writer = await self._open()
            try:
                writer.write(request)
                answer = await read_answer(reader, is_head=is_head)
            except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                answer = CLOSED
        if answer.is_last:
            self.close()
        return answer

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._reader is None or self._writer is None or self._reader.at_eof():
            self.close()
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port, limit=2**22)
            self.opened += 1
        return self._reader, self._writer

    def close(self) -> None:
        """Close the socket at once."""
        if self._writer is not None:
            self._writer.transport.abort()
        self._reader = self._writer = None


async def read_answer(reader: asyncio.StreamReader, *, is_head: bool = False) -> Answered:
    """Return the next final answer.

    Raises:
        asyncio.IncompleteReadError: the connection closed before its end.
    """
    while True:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        line, *lines = head.removesuffix("\r\n\r\n").split("\r\n")
        status = int(line.split(" ", 2)[1])
        if status >= 200:
            break
    headers = {name.lower(): value.strip() for name, _, value in (each.partition(":") for each in lines)}
    if is_head or status in {204, 304}:
        return Answered(status, headers, b"")
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return Answered(status, headers, await _read_chunks(reader))
    if "content-length" in headers:
        return Answered(status, headers, await reader.readexactly(int(headers["content-length"])))
    return Answered(status, headers | {"connection": "close"}, await reader.read())


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    pieces = []
    while size := int((await reader.readline()).split(b";")[0], 16):
        pieces.append(await reader.readexactly(size))
        await reader.readexactly(2)
    await reader.readline()
    return b"".join(pieces)
