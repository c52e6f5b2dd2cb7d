"""A gateway for a dashboard to look at: the real monitor and the real control server, fed with made-up events.

Run it as a program, also as the child of a dashboard: `python -m tests.support.control_feed STATE_DIR --rate 1000`.
"""

import argparse
import asyncio
import contextlib
import itertools
import os
import signal
from datetime import timedelta
from pathlib import Path

from devgw.clock import SystemClock
from devgw.config.project import Route
from devgw.control.actions import NoActions
from devgw.control.commands import Consequences
from devgw.control.server import ControlServer
from devgw.events import taxonomy as told
from devgw.events.bus import Bus
from devgw.events.trace import Trace
from devgw.ids import ClientId, GrantId, OperationId, SessionId, SubjectId, TokenId, TraceId
from devgw.monitor.monitor import Monitor
from devgw.monitor.views import GatewayFacts
from devgw.monitor.watching import Watching
from devgw.settings import Settings

CALC = OperationId("calc")
ROUTE = Route("/mcp/calc", CALC, "Calculator", "http://localhost:9002/mcp")
_CLIENTS = ("claude-code", "cursor", "vscode-mcp", "mcp-inspector", "my-agent")
_STATUSES = (200, 200, 200, 200, 401, 200, 502)


class Feed(NoActions):
    """Publishes what a busy gateway would; revokes what it is asked to."""

    def __init__(self) -> None:
        self.clock = SystemClock()
        self.bus = Bus(self.clock)
        self.monitor = Monitor(self.clock, Settings(), self.bus)
        self.monitor.take_routes([ROUTE])
        self.monitor.gateway = GatewayFacts(
            "0.1.0",
            "http://localhost:9000",
            os.getpid(),
            self.clock.now().timestamp(),
            "workos-emulator",
            ["http://localhost:9000/mcp/calc"],
        )
        self._numbers = itertools.count(1)

    def tell(self, event: told.Event) -> None:
        """Publish an event and let it be observed."""
        self.bus.publish(event)
        self.bus.drain()

    def exchange(self) -> None:
        """Publish one request on an MCP route."""
        number = next(self._numbers)
        status = _STATUSES[number % len(_STATUSES)]
        client = _CLIENTS[number % len(_CLIENTS)]
        trace = Trace(
            TraceId(f"{number:08x}"), self.clock.now(), "POST", "/mcp/calc", host="localhost:9000", kind="mcp"
        )
        trace.client_id, trace.client_name, trace.operation_id = ClientId(f"dcr:{client}"), client, CALC
        trace.query = f"n={number}".encode()
        trace.mcp_method, trace.status, trace.duration_ms, trace.upstream_ms = (
            "tools/call",
            status,
            1.0 + number % 90,
            1.0,
        )
        if status != 200:
            trace.reason_code, trace.outcome = ("token_expired" if status == 401 else "upstream_unreachable"), "failure"
        trace.response_body.size = number % 4_000
        self.tell(told.HttpExchanged(trace=trace))

    def issue(self, number: int) -> None:
        """Publish that a code was redeemed."""
        client = _CLIENTS[number % len(_CLIENTS)]
        now = self.clock.now()
        self.tell(
            told.McpAuthDownstreamTokenIssued(
                client_id=ClientId(f"dcr:{client}"),
                client_name=client,
                grant_id=GrantId(f"g-{number // 2:05d}"),
                operation_id=CALC,
                subject_id=SubjectId("user_1"),
                session_id=SessionId("s-1"),
                access_token_id=TokenId(f"at:{number:012x}"),
                access_expires_at=now + timedelta(seconds=5 + number % 900),
                refresh_token_id=TokenId(f"rt:{number:012x}"),
                refresh_expires_at=now + timedelta(days=30),
                resource="http://localhost:9000/mcp/calc",
                scope="mcp:tools",
            )
        )

    def fill(self, traces: int, tokens: int) -> None:
        """Publish a past."""
        for number in range(tokens):
            self.issue(number)
        for _ in range(traces):
            self.exchange()

    # --- commands ---

    async def revoke(self, kind: str, id_: str, *, dry_run: bool) -> Consequences | None:
        """End one token."""
        if kind != "token":
            return None
        label = f"{'refresh' if id_.startswith('rt') else 'access'} token {id_}"
        result = Consequences(
            kind, id_, label, [id_], effect="the next call answers 401 invalid_token", undo_id=f"u-{id_}"
        )
        if not dry_run:
            event = told.McpAuthDownstreamTokenRevoked(token_ids=(TokenId(id_),), cause="revoked_by_user")
            self.tell(event)
            result.undo_until = self.clock.now().timestamp() + 30
        return result

    async def undo(self, undo_id: str) -> Consequences | None:
        """Say that it was taken back."""
        return Consequences("token", undo_id.removeprefix("u-"), undo_id.removeprefix("u-"))


async def serve(state_dir: Path, feed: Feed, rate: float, stopping: asyncio.Event) -> None:
    """Serve `feed` until `stopping` is set, with `rate` requests a second."""
    server = ControlServer(feed.monitor, feed, state_dir)
    await server.open()
    print("gateway: listening", flush=True)
    async with asyncio.TaskGroup() as group:
        serving = group.create_task(server.serve())
        watching = group.create_task(Watching(feed.bus, feed.monitor).run())
        busy = group.create_task(_publish(feed, rate)) if rate else None
        await stopping.wait()
        serving.cancel()
        watching.cancel()
        if busy is not None:
            busy.cancel()
    print("gateway: stopped", flush=True)


async def _publish(feed: Feed, rate: float) -> None:
    owed = 0.0
    while True:
        await asyncio.sleep(0.02)
        owed += rate * 0.02
        for _ in range(int(owed)):
            feed.exchange()
        owed %= 1


async def _main(given: argparse.Namespace) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(each, stopping.set)
    if given.parent_pipe is not None:
        loop.add_reader(given.parent_pipe, stopping.set)
    feed = Feed()
    feed.fill(given.traces, given.tokens)
    with contextlib.suppress(asyncio.CancelledError):
        await serve(given.state_dir, feed, given.rate, stopping)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("state_dir", type=Path)
    parser.add_argument("--rate", type=float, default=0.0)
    parser.add_argument("--traces", type=int, default=20)
    parser.add_argument("--tokens", type=int, default=6)
    parser.add_argument("--parent-pipe", type=int)
    asyncio.run(_main(parser.parse_args()))
