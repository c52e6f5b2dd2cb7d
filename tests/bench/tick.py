"""How long watching takes where much is to be watched: one tick, and one registration more.

python -m tests.bench.tick
"""

import gc
import statistics
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from devgw.cli.serving import GC_THRESHOLDS
from devgw.clock import FrozenClock
from devgw.diagnosis.diagnose import RuleDiagnoser
from devgw.events import Bus, Event, Trace
from devgw.events import taxonomy as told
from devgw.events.trace import Body
from devgw.ids import ClientId, GrantId, OperationId, SubjectId, TokenId, TraceId
from devgw.monitor.monitor import Monitor
from devgw.settings import Settings
from tests.monitor.walk import ROUTE

CLIENTS = 20_000
TOKENS = 50_000
REGISTRATIONS = 4_000
TICKS = 400


class SteadyClock(FrozenClock):
    """Stands still, but for durations."""

    def ticks(self) -> int:
        """Return the machine's steady nanoseconds."""
        return time.perf_counter_ns()


class Watched:
    """A monitor with every rule, as wiring makes it."""

    def __init__(self) -> None:
        self.clock = SteadyClock()
        self.bus = Bus(self.clock)
        diagnoser = RuleDiagnoser(self.bus, self.clock)
        self.monitor = Monitor(self.clock, Settings(), self.bus)
        self.monitor.take_routes([ROUTE])
        self.monitor.take_diagnoser(diagnoser)

    def tell(self, *events: Event) -> None:
        """Publish, and let it be observed."""
        for event in events:
            self.bus.publish(event)
        self.bus.drain()

    def register(self, number: int, name: str) -> None:
        """Tell a registration as the gateway does: the event, then its request."""
        trace = Trace(TraceId(f"{number:08x}"), self.clock.now(), "POST", "/oauth/register", kind="oauth")
        body = b'{"client_name":"%s","redirect_uris":["http://localhost/cb"]}' % name.encode()
        trace.request_headers = [(b"user-agent", b"Mozilla/5.0"), (b"content-type", b"text/plain")]
        trace.request_body, trace.status, trace.duration_ms = Body(body, len(body)), 201, 1.0
        registered = told.McpAuthClientRegistered(
            trace_id=trace.id,
            client_id=ClientId(f"dcr:{number}"),
            client_name=name,
            registered_by="dcr",
            redirect_uris=("http://localhost/cb",),
            token_endpoint_auth_method="none",
        )
        trace.client_id, trace.client_name = registered.client_id, name
        self.tell(registered, told.HttpExchanged(trace=trace))

    def ask(self, number: int, kind: str) -> None:
        """Tell a request that was answered as most of its kind are; `own` kinds come each from another program."""
        method, path, status, facts = KINDS[kind]
        trace = Trace(TraceId(f"{number:08x}"), self.clock.now(), method, path, host="localhost:9000", kind="oauth")
        agent = f"agent-{number}" if kind.startswith("own") else "Mozilla/5.0"
        trace.request_headers = [(b"user-agent", agent.encode()), (b"origin", b"https://page.example")]
        trace.status, trace.duration_ms, trace.peer = status, 1.0, f"127.0.0.1:{number}"
        trace.query = b"client_id=dcr:gone&code_challenge=c%d&state=s%d" % (number, number)
        for name, value in facts.items():
            setattr(trace, name, value)
        told_too = told.McpRequestRejected(trace_id=trace.id, status=401) if trace.kind == "mcp" else None
        self.tell(*filter(None, [told_too]), told.HttpExchanged(trace=trace))

    def issue(self, number: int, client: int) -> None:
        """Tell that a code was redeemed for an access and a refresh token."""
        now = self.clock.now()
        self.tell(
            told.McpAuthDownstreamTokenIssued(
                client_id=ClientId(f"dcr:{client}"),
                client_name=f"client {client % 50}",
                grant_id=GrantId(f"g-{client}"),
                operation_id=OperationId("calc"),
                subject_id=SubjectId("user_1"),
                access_token_id=TokenId(f"at:{number}"),
                access_expires_at=now + timedelta(minutes=15),
                refresh_token_id=TokenId(f"rt:{number}"),
                refresh_expires_at=now + timedelta(days=30),
                resource="http://localhost:9000/mcp/calc",
                scope="mcp:tools",
            )
        )


def timed(work: Callable[[], None]) -> float:
    """Return how many milliseconds `work` computed; what else the machine did meanwhile does not count."""
    began = time.thread_time_ns()
    work()
    return (time.thread_time_ns() - began) / 1e6


def shown(name: str, values: list[float]) -> None:
    """Print median, 99th percentile and maximum."""
    ordered = sorted(values)
    at99 = ordered[int(len(ordered) * 0.99)]
    print(f"{name:<44} median {statistics.median(ordered):8.3f} ms  p99 {at99:8.3f} ms  max {ordered[-1]:8.3f} ms")


def ticks(watched: Watched, count: int) -> list[float]:
    """Return how long each of `count` ticks takes, a quarter of a second apart."""
    found = []
    for _ in range(count):
        watched.clock.travel(timedelta(milliseconds=250))
        found.append(timed(watched.monitor.tick))
    return found


def many_clients_and_tokens() -> None:
    """Measure ticks over many clients and tokens, a minute's pruning included."""
    watched = Watched()
    registering = [timed(lambda n=n: watched.register(n, f"client {n % 50}")) for n in range(CLIENTS)]  # type: ignore[misc]  # bound early
    issuing = [timed(lambda n=n: watched.issue(n, n % CLIENTS)) for n in range(TOKENS // 2)]  # type: ignore[misc]  # bound early
    shown(f"one of {CLIENTS:,} registrations observed", registering)
    shown(f"one of {TOKENS // 2:,} pairs of tokens observed", issuing)
    shown(f"one tick with {CLIENTS:,} clients, {TOKENS:,} tokens", ticks(watched, TICKS))


KINDS: dict[str, tuple[str, str, int, dict[str, Any]]] = {
    "resource metadata": ("GET", "/.well-known/oauth-protected-resource/mcp/calc", 200, {}),
    "own resource metadata": ("GET", "/.well-known/oauth-protected-resource/mcp/calc", 200, {}),
    "authorization": ("GET", "/oauth/authorize", 400, {"reason_code": "client_unknown"}),
    "token request": ("POST", "/oauth/token", 400, {"reason_code": "code_unknown"}),
    "preflight": ("OPTIONS", "/mcp/calc", 204, {"kind": "mcp"}),
    "first call": ("POST", "/mcp/calc", 401, {"kind": "mcp", "reason_code": "token_missing"}),
    "own first call": ("POST", "/mcp/calc", 401, {"kind": "mcp", "reason_code": "token_missing"}),
    "stray": ("POST", "/nowhere", 404, {"kind": "other"}),
}


def a_page_that_asks(kind: str) -> None:
    """Measure each request of a page that asks the same again and again."""
    watched = Watched()
    costs: list[float] = []
    between: list[float] = []
    for number in range(REGISTRATIONS):
        costs.append(timed(lambda n=number: watched.ask(n, kind)))  # type: ignore[misc]  # bound early
        watched.clock.travel(timedelta(milliseconds=5))
        if number % 50 == 49:
            between.append(timed(watched.monitor.tick))
    shown(f"{kind}: the first 100 of {REGISTRATIONS:,}", costs[:100])
    shown(f"{kind}: the last 100", costs[-100:])
    shown(f"{kind}: ticks", between)


def a_page_that_registers() -> None:
    """Measure each registration of a page that registers again and again, ticks included as they come."""
    watched = Watched()
    costs: list[float] = []
    between: list[float] = []
    for number in range(REGISTRATIONS):
        costs.append(timed(lambda n=number: watched.register(n, "page")))  # type: ignore[misc]  # bound early
        watched.clock.travel(timedelta(milliseconds=5))
        if number % 50 == 49:
            between.append(timed(watched.monitor.tick))
        if number + 1 in (100, 1_000, REGISTRATIONS):
            shown(f"registrations up to {number + 1:,}", costs[-100:])
            shown(f"  ticks up to {number + 1:,}", between[-20:])


if __name__ == "__main__":
    gc.set_threshold(*GC_THRESHOLDS)
    many_clients_and_tokens()
    a_page_that_registers()
    for each in KINDS:
        a_page_that_asks(each)
