"""A relay that adds headers to what passes: `async with relay(origin, {"Authorization": "Bearer …"}) as relayed:`.

For clients that cannot be told to send a token, such as the conformance suite. It edits the head of each request and
passes every other byte as it is, both ways, when it comes; each connection carries one request. `Host` becomes the
target's where it named the relay, and stays where a client forged it.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

HEAD_END = b"\r\n\r\n"
HEAD_LIMIT = 256 * 1024
CHUNK = 65_536


class _Relay:
    def __init__(self, target: str, headers: Mapping[str, str]) -> None:
        parts = urlsplit(target)
        self._host, self._port, self._netloc = parts.hostname or "", parts.port or 80, parts.netloc
        self._headers = headers
        self.netloc = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(HEAD_END)
            up_reader, up_writer = await asyncio.open_connection(self._host, self._port)
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):
            writer.close()
            return
        up_writer.write(self._edit(head))
        # Whichever side ends first ends both: an abort by the client is one for the target, and the other way round.
        ways = {asyncio.ensure_future(_pump(reader, up_writer)), asyncio.ensure_future(_pump(up_reader, writer))}
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            up_writer.close()
            writer.close()

    def _edit(self, head: bytes) -> bytes:
        first, *lines = head.removesuffix(HEAD_END).decode("latin-1").split("\r\n")
        ours = {name.lower() for name in self._headers} | {"connection"}
        kept = [self._with_host(line) for line in lines if line.partition(":")[0].lower() not in ours]
        added = [f"{name}: {value}" for name, value in self._headers.items()]
        return "\r\n".join([first, *kept, *added, "Connection: close"]).encode("latin-1") + HEAD_END

    def _with_host(self, line: str) -> str:
        name, _, value = line.partition(":")
        return f"Host: {self._netloc}" if name.lower() == "host" and value.strip() == self.netloc else line


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while chunk := await reader.read(CHUNK):
            writer.write(chunk)
            await writer.drain()


@asynccontextmanager
async def relay(target: str, headers: Mapping[str, str]) -> AsyncIterator[str]:
    """Relay to the origin `target` while the block runs, and yield the relay's own origin.

    `headers` replace those of the same name; a mapping that changes later takes effect with the next request.
    """
    between = _Relay(target, headers)
    connections: set[asyncio.Task[None]] = set()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        connections.add(task)
        try:
            await between.serve(reader, writer)
        except asyncio.CancelledError:
            pass
        finally:
            connections.discard(task)

    server = await asyncio.start_server(accept, "127.0.0.1", 0, limit=HEAD_LIMIT)
    between.netloc = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield f"http://{between.netloc}"
    finally:
        server.close()
        for task in connections:
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)
