"""All flows, and the ids by which each is found."""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import islice

from devgw.entropy import short_id
from devgw.events.flow import Flow, FlowState
from devgw.events.taxonomy import (
    Event,
    McpAuthUpstreamConnectionBegun,
    McpAuthUpstreamConnectionEstablished,
    McpAuthUpstreamConnectionLost,
)
from devgw.events.trace import Trace
from devgw.ids import FlowId
from devgw.monitor.book import Book, Count, Graveyard
from devgw.monitor.flow_moves import give_up, go_on_from

_KEPT = 2_000
_MOST_ALIKE = 300
_MOST_KEYS = 50_000
_MISSED_WITHIN = timedelta(minutes=5)
"""For how long after a refusal it is looked whether a client that had arrived comes back."""
_EVERYBODY = "shared"
"""Whose connection it is where one serves all."""
OF_UPSTREAM = (
    McpAuthUpstreamConnectionBegun,
    McpAuthUpstreamConnectionEstablished,
    McpAuthUpstreamConnectionLost,
)
"""What happens to the connection of an upstream: it concerns every flow of its people."""


class FlowBook:
    """Keeps the flows, those under way apart from those at rest."""

    def __init__(self, count: Count, graveyard: Graveyard) -> None:
        self.flows: Book[Flow] = Book("flow", count, graveyard, _KEPT)
        self._by_key: OrderedDict[str, FlowId] = OrderedDict()
        self._active: OrderedDict[FlowId, Flow] = OrderedDict()
        self._restless: OrderedDict[FlowId, Flow] = OrderedDict()
        """Flows that had arrived and were refused since."""
        self._accused: dict[FlowId, Flow] = {}
        """Flows of which something is said: it may have to be withdrawn although nothing moves in them."""
        self._agents: OrderedDict[str, str] = OrderedDict()
        self.flows.left = self._leave
        self.left: Callable[[Flow], None] = lambda _flow: None
        """Told each flow that is kept no longer."""
        self.is_taken: Callable[[str], bool] = lambda _id: False
        """Tells whether a flow of an earlier run has this id."""

    # --- finding ---

    def bind(self, flow: Flow, *keys: str | None) -> None:
        """Remember that these ids belong to `flow`."""
        for key in keys:
            if key:
                self._by_key[key] = flow.id
        while len(self._by_key) > _MOST_KEYS:
            self._by_key.popitem(last=False)

    def by_key(self, *keys: str | None) -> Flow | None:
        """Return the flow to which one of these ids belongs."""
        for key in keys:
            id_ = self._by_key.get(key) if key else None
            if id_ is not None and (flow := self.flows.get(id_)) is not None:
                return flow
        return None

    def of_event(self, event: Event) -> Flow | None:
        """Return the flow to which `event` certainly belongs."""
        codes = (
            getattr(event, "code_id", None),
            getattr(event, "token_id", None),
            getattr(event, "spent_token_id", None),
        )
        found = self.by_key(event.transaction_id, *codes, event.trace_id and f"trace:{event.trace_id}")
        return found or self.by_key(event.grant_id)

    def agent_of(self, client_id: str) -> str:
        """Return the user agent with which a client comes, empty where it is not known."""
        return self._agents.get(client_id, "")

    def of_upstream(self, event: Event) -> Iterator[Flow]:
        """Yield the flows of those whose upstream an event of `OF_UPSTREAM` is about."""
        for flow in list(self.flows):
            is_theirs = event.subject_id in (None, _EVERYBODY, flow.subject_id)
            if is_theirs and event.operation_id in (None, flow.operation_id):
                yield flow

    def newest_first(self) -> list[Flow]:
        """Return the flows that are under way or failed a moment ago, the one that changed last first.

        They are the newest few hundred: likeness says nothing among more, and each request pays for looking.
        """
        return list(islice(reversed(self._active.values()), _MOST_ALIKE))

    def restless(self) -> list[Flow]:
        """Return the flows that had arrived and were refused since, the one that changed last first."""
        return list(islice(reversed(self._restless.values()), _MOST_ALIKE))

    # --- beginnings and ends ---

    def open(self, trace: Trace, *, by_browser: bool) -> Flow:
        """Begin a flow with `trace`; a browser's user agent is not the client's."""
        agent = self.agent_of(trace.client_id or "") or ("" if by_browser else trace.user_agent)
        flow = Flow(self._new_id(), trace.started_at, agent, trace.operation_id)
        self._active[flow.id] = flow
        return self.flows.put(flow.id, flow)

    def _new_id(self) -> FlowId:
        """Return an id that no flow has which can still be asked for."""
        id_ = short_id("f-", 6)
        while id_ in self.flows or self.is_taken(id_):
            id_ = short_id("f-", 6)
        return FlowId(id_)

    def learn(self, flow: Flow, client_id: str | None) -> None:
        """Remember whose flow this is: with which user agent its client comes, and which attempt it made before."""
        if not client_id:
            return
        if flow.user_agent:
            self._agents[client_id] = flow.user_agent
            while len(self._agents) > _MOST_KEYS:
                self._agents.popitem(last=False)
        before = self.by_key(f"client:{client_id}")
        if before is None or before.started_at <= flow.started_at:
            self.bind(flow, f"client:{client_id}")
            if before is not None and before is not flow and flow.before is None:
                self._link(flow, before)

    def _link(self, flow: Flow, before: Flow) -> None:
        """Let `flow` follow the attempt that its client made before; one that was under way rests from now on."""
        flow.before, before.after = before.id, flow.id
        if before.state is FlowState.ACTIVE:
            give_up(before, flow.started_at, f", then began again as {flow.id}")
        elif before.needs_attention:
            go_on_from(before, flow)
        flow.attempt = 1 if before.state is FlowState.DONE else before.attempt + 1
        self.touch(before)

    def touch(self, flow: Flow) -> None:
        """Note that `flow` changed, if it is still kept; a flow that is over no longer takes strangers in."""
        if flow.id not in self.flows:
            return
        self.flows.touch(flow.id)
        self._restless.pop(flow.id, None)
        if flow.needs_attention and flow.state is FlowState.DONE:
            self._restless[flow.id] = flow
        self._accused.pop(flow.id, None)
        if flow.diagnoses:
            self._accused[flow.id] = flow
        if flow.state in {FlowState.ACTIVE, FlowState.FAILED}:
            self._active.setdefault(flow.id, flow)
            self._active.move_to_end(flow.id)
        else:
            self._active.pop(flow.id, None)

    def active(self) -> Iterator[Flow]:
        """Return the flows that are under way or failed a moment ago."""
        return iter(list(self._active.values()))

    def awaited(self, now: datetime) -> Iterator[Flow]:
        """Return the flows that are judged anew although nothing moved: time, or another flow, may change the words."""
        refused = {each.id: each for each in self.restless() if now - (each.last_at or now) <= _MISSED_WITHIN}
        return iter((self._active | self._accused | refused).values())

    def retire(self, flow: Flow) -> None:
        """Let `flow` take no more strangers in."""
        self._active.pop(flow.id, None)

    def _leave(self, flow: Flow) -> None:
        """Look no more at a flow that is kept no longer."""
        self._active.pop(flow.id, None)
        self._restless.pop(flow.id, None)
        self._accused.pop(flow.id, None)
        self.left(flow)

    def clear(self) -> int:
        """Forget all flows; return how many they were."""
        self._by_key.clear()
        self._active.clear()
        self._restless.clear()
        self._accused.clear()
        return self.flows.clear()
