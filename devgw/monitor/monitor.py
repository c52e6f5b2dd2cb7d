"""The one who observes the bus and remembers."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from devgw.clock import Clock, has_passed
from devgw.config.project import Route
from devgw.events import taxonomy as told
from devgw.events.bus import PAUSE_SECONDS, Bus, Published
from devgw.events.flow import Diagnosis, Flow
from devgw.events.trace import Trace
from devgw.ids import ClientId, OperationId
from devgw.limits import Limits
from devgw.monitor.book import Book, Count, Graveyard, Ring
from devgw.monitor.books import Books
from devgw.monitor.configured_secrets import ConfiguredSecrets
from devgw.monitor.diagnoses import DiagnosisBook
from devgw.monitor.flow_book import FlowBook
from devgw.monitor.flow_follower import FlowFollower
from devgw.monitor.health import Health
from devgw.monitor.judging import Diagnoser, Judgement, Judging
from devgw.monitor.records import Records
from devgw.monitor.rows import FlowRow
from devgw.monitor.trace_view import token_shown
from devgw.monitor.trace_weight import lighten, weight_of
from devgw.monitor.under_way import UnderWay
from devgw.monitor.views import ConfigView, GatewayFacts
from devgw.settings import Settings

_MOST_BYTES = 64 * 1024 * 1024
"""Of bodies and heads of all requests together."""
_JUDGE_EVERY = timedelta(seconds=1)
_LOOK_NS = 1_000_000_000
"""The same of steady time: the wall's can be made to stand still."""
_CATCH_UP_NS = 1_000_000_000
_MOST_LINES = 5_000
_REFUSED = frozenset({401, 403})
_PRUNE_EVERY = timedelta(minutes=1)
_TRACES_FOR_A_DIAGNOSIS = 200


class Monitor:
    """Books and rings over everything that happened; `tick` it a few times a second.

    Attributes:
        config: the configuration as it stands; whoever loads it sets it with `take_config`.
        secrets: what the project configures and no face may show; whoever loads it keeps them there.
        gateway: which gateway this is, set once at its start.
        guard: with which everything that may fail is called; readers use it too.
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
        self.earlier: Book[FlowRow] = Book("flow", self.count, self.graveyard, 2 * Limits.KEPT_FLOWS)
        """Flows of earlier runs, as rows: whoever keeps flows puts them here."""
        self.flow_book.is_taken = self.earlier.__contains__
        self.diagnoses = DiagnosisBook(self.count, self.graveyard)
        self.health = Health(self.count)
        self.secrets = ConfiguredSecrets()
        self.config = ConfigView()
        self.config_changed = 0
        self.gateway = GatewayFacts("", settings.canonical_origin, 0, clock.now().timestamp())
        self.claims = self.kept.claims
        self.wake: Callable[[], None] = lambda: None
        """Called after each event, for whoever sends changes on."""
        self.is_state_saved: Callable[[], bool] = lambda: False
        """Tries whether the state can be saved at this moment; whoever has the database says how."""
        self.under_way: Callable[[], list[UnderWay]] = list
        """The requests that are not over, for who asks; whoever answers them says so."""
        self._by_trace: dict[str, Trace] = {}
        self._flow_of: dict[str, str] = {}
        self._paths: dict[str, OperationId] = {}
        self._bytes = 0
        self._diagnoser: Diagnoser | None = None
        self._records: Records | None = None
        self._publish, self._bus = bus.publish, bus
        self.guard = bus.guard
        bus.fitness.show = self._show_aside
        self.judging = Judging(clock, bus.guard, self._begin_judging)
        self.judging.done, self.flow_book.left = self._judged, self.judging.forget
        self._is_pruning = False
        self._pruned_at = self.judged_at = clock.now()
        self._looked = clock.ticks()
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
        event, guarded = published.event, self.guard.call
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
        guarded, at = self.guard.call, published.at
        self._keep(trace)
        if trace.kind == "mcp" and trace.status in _REFUSED:
            trace.token_id = trace.token_id or guarded("masking", trace.id, token_shown, trace)
            guarded("books", trace.id, self.grants.shown_in_vain, trace.token_id, at)
        flow = guarded("flows", trace.id, self.flows.see, trace, at)
        if flow is not None:
            self._flow_of[trace.id] = flow.id
        guarded("books", trace.id, self.people.seen, trace)
        guarded("books", trace.id, self.upstreams.exchanged, trace)
        guarded("health", trace.id, self.health.exchanged, trace, at, self.clock.ticks())

    def _keep(self, trace: Trace) -> None:
        self._by_trace[trace.id] = trace
        gone = self.traces.add(trace)
        if gone is not None:
            self._by_trace.pop(gone.id, None)
            self._flow_of.pop(gone.id, None)
        self._weigh(trace, gone)

    def _weigh(self, trace: Trace, gone: Trace | None) -> None:
        """Keep bodies and long heads within bounds: the oldest lose theirs first."""
        self._bytes += weight_of(trace)
        if gone is not None:
            self._bytes -= weight_of(gone)
            lighten(gone)  # its line, or a rule, may remember it for longer
        if self._bytes <= _MOST_BYTES:
            return
        for old in self.traces:
            if self._bytes <= _MOST_BYTES * 3 // 4:
                return
            self._bytes -= weight_of(old)
            lighten(old)
            self._bytes += weight_of(old)

    def _show_aside(self, who: str, cause: str) -> None:
        """Say in Health who watches no more; called at once, since that may be the monitor itself."""
        self.health.set_aside(who, cause, self.clock.now())
        self.wake()

    # --- time ---

    def tick(self) -> None:
        """Let time pass: give up silent flows, judge those that changed or wait, forget what is long over."""
        now, guarded = self.clock.now(), self.guard.call
        guarded("flows", "tick", self.flows.tick, now)
        guarded("health", "tick", self.health.tick, self.clock.ticks())
        guarded("books", "tick", self._prune, now)
        if self._diagnoser is not None:
            self._judge(now)
        self.flows.dirty.clear()
        self.wake()

    async def catch_up(self) -> None:
        """See and judge all that happened so far, for somebody who asks at once; for a second at most."""
        until = self.clock.ticks() + _CATCH_UP_NS
        if self._diagnoser is not None:
            self._look_at_all(self.clock.now())
        while True:
            self.tick()
            if (self.judging.is_idle and not self._bus.is_behind) or self.clock.ticks() >= until:
                return
            await asyncio.sleep(PAUSE_SECONDS)

    def _prune(self, now: datetime) -> None:
        """Once a minute, and a part at each tick until all was looked at."""
        if self._is_pruning or has_passed(self._pruned_at, now, _PRUNE_EVERY):
            self._pruned_at = now
            self._is_pruning = self.grants.prune(now)

    def _judge(self, now: datetime) -> None:
        """Judge flows that changed at once; those that wait, and the gateway as a whole, once a second."""
        self.judging.add_changed(flow for flow in self.flows.dirty.values() if flow.id in self.flow_book.flows)
        if has_passed(self.judged_at, now, _JUDGE_EVERY) or self.clock.ticks() - self._looked >= _LOOK_NS:
            self._look_at_all(now)
        self.judging.run()

    def _look_at_all(self, now: datetime) -> None:
        self.judged_at, self._looked = now, self.clock.ticks()
        self.judging.add_waiting(self.flow_book.awaited(now))

    def _begin_judging(self, flow: Flow | None) -> Judgement:
        """Ask what is wrong with `flow`; with the gateway as a whole where there is none."""
        assert self._diagnoser is not None
        now = self.clock.now()
        if flow is None:
            return self._diagnoser.judge_gateway(now)
        own = [trace for id_ in flow.trace_ids[-_TRACES_FOR_A_DIAGNOSIS:] if (trace := self._by_trace.get(id_))]
        return self._diagnoser.judge(flow, own, now)

    def _judged(self, flow: Flow | None, found: Sequence[Diagnosis]) -> None:
        """Take over what is wrong, and tell the bus what is new."""
        now = self.clock.now()
        if flow is None:
            news = self.diagnoses.take_gateway(found, now)
        else:
            before = {each.id: each for each in flow.diagnoses}
            if {each.id: each.gist for each in found} == {id_: each.gist for id_, each in before.items()}:
                return
            flow.diagnoses = tuple(sorted(found, key=lambda each: not each.certain))
            self.flow_book.touch(flow)
            news = self.diagnoses.take(flow, before, now)
        for event in news:
            self._publish(event)

    # --- asking ---

    def trace(self, id_: str) -> Trace | None:
        """Return the trace called `id_`, while it is kept."""
        return self._by_trace.get(id_)

    def metadata_of(self, client_id: str) -> dict[str, Any]:
        """Return what a client registered, as the store has it now; its secrets are still in it."""
        client = self._records.find_client(ClientId(client_id)) if self._records is not None else None
        return client.metadata if client is not None else {}

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
            self._bytes = 0
        if kind in {"flows", "all"}:
            cleared += self.flow_book.clear() + self.earlier.clear() + self.diagnoses.book.clear()
            self.flows.dirty.clear()
            self.judging.clear()
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
