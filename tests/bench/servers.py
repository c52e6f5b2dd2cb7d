"""The processes that are measured: `python -m tests.bench.servers upstream|hello|gateway PORT [UPSTREAM_PORT]`."""

import asyncio
import gc
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from devgw.cli.serving import GC_THRESHOLDS
from devgw.clock import SystemClock
from devgw.config.project import Project
from devgw.events import Bus
from devgw.gateway.bearer import BearerAdmission
from devgw.gateway.live_tokens import LiveTokens
from devgw.monitor.monitor import Monitor
from devgw.monitor.watching import Watching
from devgw.outbound.proxy import ProxyClient
from devgw.settings import Settings
from devgw.store.database import Database
from devgw.store.migrations import MIGRATIONS
from devgw.store.records import RecordStore
from devgw.web.front import Front
from devgw.web.listening import listen, serve
from tests.support.gate import Generation, let_in, no_pages, route

ANSWER = b'{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"hello"}],"isError":false}}'
HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
    b"mcp-protocol-version: 2025-11-25\r\ncontent-length: %d\r\n\r\n"
)
READY = "ready"


class FastUpstream(asyncio.Protocol):
    """Answers every complete request with the same result, as fast as a loop can."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport
        self.pending = b""

    def data_received(self, data: bytes) -> None:
        self.pending += data
        while (end := self.pending.find(b"\r\n\r\n")) >= 0:
            head = self.pending[:end].lower()
            length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
            if len(self.pending) < end + 4 + length:
                return
            self.pending = self.pending[end + 4 + length :]
            self.transport.write(HEAD % len(ANSWER) + ANSWER)


async def hello(scope: Any, receive: Any, send: Any) -> None:
    """Answer as little as an ASGI app can, after reading the body."""
    if scope["type"] != "http":
        await no_pages(scope, receive, send)
        return
    while (await receive()).get("more_body"):
        pass
    headers = [(b"content-type", b"text/plain"), (b"content-length", b"5")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"hello"})


def gateway(port: int, upstream_port: int) -> tuple[Any, str, Watching]:
    """Return a front as wiring makes it, a token that opens its route, and who watches it."""
    clock = SystemClock()
    bus = Bus(clock)
    settings = replace(Settings(), port=port)
    store = RecordStore(Database(Path(tempfile.mkdtemp()) / "devgw.db", MIGRATIONS))
    live = LiveTokens(store, clock)
    monitor = Monitor(clock, settings, bus)
    place = route(f"http://127.0.0.1:{upstream_port}/mcp")
    monitor.take_routes([place])
    project = Project(root=Path(), oauth=None, routes=(place,))
    front = Front(settings=settings, clock=clock, bus=bus, pages=no_pages, client=ProxyClient(clock))
    front.serve(Generation(project, BearerAdmission(project, live, store, bus, clock)))
    return front, let_in(live, clock, place, f"http://127.0.0.1:{port}"), Watching(bus, monitor)


async def main(kind: str, port: int, upstream_port: int) -> None:
    """Serve until killed; print one line when ready: the word, and the token where there is one."""
    if kind == "upstream":
        server = await asyncio.get_running_loop().create_server(FastUpstream, "127.0.0.1", port)
        print(READY, flush=True)
        await server.serve_forever()
    app, token, watching = gateway(port, upstream_port) if kind == "gateway" else (hello, "", None)
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    listeners = listen("127.0.0.1", port)
    print(READY, token, flush=True)
    async with asyncio.TaskGroup() as tasks:
        if watching is not None:
            tasks.create_task(watching.run())
        await serve(app, listeners, asyncio.Event())


if __name__ == "__main__":
    import uvloop

    uvloop.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 0))
