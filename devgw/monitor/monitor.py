"""The one who observes the bus and remembers."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

from devgw.clock import Clock
from devgw.config.project import Route
from devgw.events import taxonomy as told
from devgw.events.bus import Bus, Published
from devgw.events.flow import Diagnosis, Flow
from devgw.events.trace import Body, Trace
from devgw.ids import OperationId
from devgw.monitor.book import Book, Count, Graveyard, Ring
from devgw.monitor.books import Books
from devgw.monitor.diagnoses import DiagnosisBook
from devgw.monitor.flow_book import FlowBook
from devgw.monitor.flow_follower import FlowFollower
from devgw.monitor.health import Health
from devgw.monitor.records import Records
from devgw.monitor.trace_view import token_shown
from devgw.monitor.views import ConfigView, GatewayFacts
from devgw.settings import Settings

_MOST_BODY_BYTES = 64 * 1024 * 1024
_JUDGE_EVERY = timedelta(seconds=1)
_MOST_LINES = 5_000
_REFUSED = frozenset({401, 403})
_PRUNE_EVERY = timedelta(minutes=1)
_TRACES_FOR_A_DIAGNOSIS = 200


class Diagnoser(Protocol):
    """Names what went wrong with a flow: pure rules, no memory."""

    def diagnose(self, flow: Flow, traces: Sequence[Trace], now: datetime) -> Iterable[Diagnosis]:
        """Return every failure that what was seen, and what failed to come, gives away; asked again after each change.

        Args:
            flow: the flow as it stands.
            traces: its requests, oldest first, as far as they are still kept.
            now: the gateway's time, for absences.
        """

    def diagnose_gateway(self, now: datetime) -> Iterable[Diagnosis]:
        """Return what is wrong with the gateway as a whole; asked once a second."""


class Monitor:
    """Books and rings over everything that happened; `tick` it a few times a second.

    Attributes:
        config: the configuration as it stands; whoever loads it sets it with `take_config`.
        gateway: which gateway this is, set once at its start.
        judged_at: when it began last to look at everything that waits.
    """

    def __init__(self, clock: Clock, settings: Settings, bus: Bus) -> None:
        self.clock = clock
        self.count = Count()
        self.graveyard = Graveyard(self.count)
        self.traces: Ring[Trace] = Ring(self.count, settings.traces.kept)
        self.lines: Ring[Published] = Ring(self.count, _MOST_LINES)
        self.kept = Books(self.count, self.graveyard)
        self.grants, self.people, self.upstreams = self.kept.grants, self.kept.people, self.kept.upstreams
        self.flow_book = FlowBook(self.count, self.graveyard)
        self.flows = FlowFollower(self.flow_book, self._operation_at)
        self.diagnoses = DiagnosisBook(self.count, self.graveyard)
        self.health = Health(self.count)
        self.config = ConfigView()
        self.config_changed = 0
        self.gateway = GatewayFacts("", settings.canonical_origin, 0, clock.now().timestamp())
        self.claims = self.kept.claims
        self.wake: Callable[[], None] = lambda: None
        """Called after each event, for whoever sends changes on."""
        self._by_trace: dict[str, Trace] = {}
        self._flow_of: dict[str, str] = {}
        self._paths: dict[str, OperationId] = {}
        self._body_bytes = 0
        self._diagnoser: Diagnoser | None = None
        self._records: Records | None = None
        self._publish = bus.publish
        self._guard = bus.guard
        self._pruned_at = self.judged_at = clock.now()
        bus.listen(self.hear, "monitor")

    # --- setting up ---

    def seed(self, records: Records) -> None:
        """Take over what the store has from before the start."""
        self.kept.seed(records)
        self._records = records

    def take_routes(self, routes: Iterable[Route]) -> None:
        """Make rows and paths fit the routes that are loaded now."""
        routes = tuple(routes)
        self._paths = {route.path: route.operation_id for route in routes}
        self.upstreams.take_routes(routes)

    def take_config(self, view: ConfigView) -> None:
        """Show this configuration from now on."""
        self.config = view
        self.config_changed = view.seq = self.count.up()
        self.wake()

    def take_diagnoser(self, diagnoser: Diagnoser) -> None:
        """Let flows be judged by `diagnoser` from now on."""
        self._diagnoser = diagnoser

    def _operation_at(self, path: str) -> OperationId | None:
        """Return the route whose path ends `path`, as in `/.well-known/…/mcp/calc`."""
        exact = self._paths.get(path.rstrip("/"))
        return exact or next((id_ for route, id_ in self._paths.items() if path.rstrip("/").endswith(route)), None)

    # --- listening ---

    def hear(self, published: Published) -> None:
        """Fold one event: no sentence, no mask, no JSON. Each part is guarded: one that fails takes no other along."""
        event, guarded = published.event, self._guard.call
        self.lines.add(published)
        if isinstance(event, told.HttpExchanged):
            self._exchanged(published, event.trace)
        else:
            guarded("books", event.name, self.kept.fold, published)
            guarded("flows", event.name, self.flows.take, published)
            guarded("health", event.name, self.health.fold, published, event)
        self.wake()

    def _exchanged(self, published: Published, trace: Trace) -> None:
        """Keep one request before anything is concluded from it."""
        guarded, at = self._guard.call, published.at
        self._keep(trace)
        if trace.kind == "mcp" and trace.status in _REFUSED:
            trace.token_id = trace.token_id or guarded("masking", trace.id, token_shown, trace)
            guarded("books", trace.id, self.grants.shown_in_vain, trace.token_id, at)
        flow = guarded("flows", trace.id, self.flows.see, trace, at)
        if flow is not None:
            self._flow_of[trace.id] = flow.id
        guarded("books", trace.id, self.people.seen, trace)
        guarded("books", trace.id, self.upstreams.exchanged, trace)
        guarded("health", trace.id, self.health.exchanged, trace, at)

    def _keep(self, trace: Trace) -> None:
        self._by_trace[trace.id] = trace
        gone = self.traces.add(trace)
        if gone is not None:
            self._by_trace.pop(gone.id, None)
            self._flow_of.pop(gone.id, None)
        self._weigh(trace, gone)

    def _weigh(self, trace: Trace, gone: Trace | None) -> None:
        """Keep the bodies within bounds: the oldest lose theirs first."""
        self._body_bytes += _weight(trace) - (_weight(gone) if gone is not None else 0)
        if self._body_bytes <= _MOST_BODY_BYTES:
            return
        for old in self.traces:
            if self._body_bytes <= _MOST_BODY_BYTES * 3 // 4:
                return
            self._body_bytes -= _weight(old)
            old.request_body = Body(size=old.request_body.size)
            old.response_body = Body(size=old.response_body.size)

    # --- time ---

    def tick(self) -> None:
        """Let time pass: give up silent flows, judge those that changed or wait, forget what is long over."""
        now = self.clock.now()
        self.flows.tick(now)
        self.health.tick(now)
        if now - self._pruned_at >= _PRUNE_EVERY:
            self.grants.prune(now)
            self._pruned_at = now
        if self._diagnoser is not None:
            self._judge(self._diagnoser, now)
        self.flows.dirty.clear()
        self.wake()

    def _judge(self, diagnoser: Diagnoser, now: datetime) -> None:
        """Judge flows that changed at once; those that wait, and the gateway as a whole, once a second."""
        to_judge = dict(self.flows.dirty)
        if now - self.judged_at >= _JUDGE_EVERY:
            self.judged_at = now
            to_judge |= {flow.id: flow for flow in self.flow_book.active()}
            for event in self.diagnoses.take_gateway(list(diagnoser.diagnose_gateway(now)), now):
                self._publish(event)
        for flow in to_judge.values():
            self._diagnose(flow, diagnoser, now)

    def _diagnose(self, flow: Flow, diagnoser: Diagnoser, now: datetime) -> None:
        """Ask what is wrong with `flow`, and tell the bus what is new."""
        own = [trace for id_ in flow.trace_ids[-_TRACES_FOR_A_DIAGNOSIS:] if (trace := self._by_trace.get(id_))]
        found = tuple(sorted(diagnoser.diagnose(flow, own, now), key=lambda each: not each.certain))
        before = {each.id: each for each in flow.diagnoses}
        if {each.id: each.certain for each in found} == {id_: each.certain for id_, each in before.items()}:
            return
        flow.diagnoses = found
        self.flow_book.touch(flow)
        for event in self.diagnoses.take(flow, before, now):
            self._publish(event)

    # --- asking ---

    def trace(self, id_: str) -> Trace | None:
        """Return the trace called `id_`, while it is kept."""
        return self._by_trace.get(id_)

    def metadata_of(self, client_id: str) -> dict[str, Any]:
        """Return what a client registered, as the store has it now; its secrets are still in it."""
        known = self._records.clients() if self._records is not None else ()
        return next((client.metadata for client in known if client.id == client_id), {})

    def flow(self, id_: str) -> Flow | None:
        """Return the flow called `id_`."""
        return self.flow_book.flows.get(id_)

    def flow_of(self, trace_id: str) -> str:
        """Return the id of the flow to which a trace belongs, or an empty string."""
        return self._flow_of.get(trace_id, "")

    def clear(self, kind: str) -> int:
        """Forget `traces`, `flows`, `lines` or `all` of them; every reader begins again. Return how many rows went."""
        cleared = 0
        if kind in {"traces", "all"}:
            cleared += self.traces.clear()
            self._by_trace.clear()
            self._flow_of.clear()
            self._body_bytes = 0
        if kind in {"flows", "all"}:
            cleared += self.flow_book.clear() + self.diagnoses.book.clear()
            self.flows.dirty.clear()
        if kind in {"lines", "all"}:
            cleared += self.lines.clear()
        self.graveyard.begin_again()
        self.wake()
        return cleared

    def books(self) -> tuple[Book[Any], ...]:
        """Return the books whose items are rows."""
        return (
            self.grants.tokens,
            self.grants.grants,
            self.people.sessions,
            self.people.clients,
            self.diagnoses.book,
        )


def _weight(trace: Trace) -> int:
    return len(trace.request_body.content) + len(trace.response_body.content)
