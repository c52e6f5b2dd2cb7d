"""Which flow a request or an event belongs to, and where a new one begins."""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from devgw.entropy import short_id
from devgw.events.flow import Flow, FlowState, Step, StepState
from devgw.events.taxonomy import Event
from devgw.events.trace import Trace
from devgw.ids import ClientId, FlowId
from devgw.monitor.asked import BROWSER, METADATA, Asked
from devgw.monitor.book import Book, Count, Graveyard
from devgw.monitor.ladder import query_value

_KEPT = 2_000
_LIKELY = timedelta(seconds=120)
"""How recently something must have been seen of a flow for a stranger's request to be guessed to belong to it."""
_MOST_KEYS = 50_000


class FlowBook:
    """All flows, found by what is certain (transaction, grant, token, client) or likely (user agent and route)."""

    def __init__(self, count: Count, graveyard: Graveyard) -> None:
        self.flows: Book[Flow] = Book("flow", count, graveyard, _KEPT)
        self._by_key: OrderedDict[str, FlowId] = OrderedDict()
        self._active: OrderedDict[FlowId, Flow] = OrderedDict()
        self._restless: OrderedDict[FlowId, Flow] = OrderedDict()
        """Flows that had arrived and were refused since."""
        self._agents: dict[str, str] = {}

    # --- certain ---

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

    # --- likely ---

    def place(self, trace: Trace, asked: Asked, now: datetime) -> tuple[Flow | None, bool]:
        """Return the flow to which a request belongs, and whether that is a guess."""
        found = self.by_key(trace.transaction_id, f"trace:{trace.id}") or self.by_key(trace.grant_id, trace.token_id)
        if found is not None:
            return found, False
        client_id = trace.client_id or (ClientId(query_value(trace, "client_id")) if asked is Asked.AUTHORIZE else None)
        if client_id and (found := self._active_of_client(trace, client_id)) is not None:
            return found, False
        if asked not in BROWSER and (found := self._active_of_agent(trace, asked)) is not None:
            return found, False
        if asked in METADATA and (found := self._unsettled(trace, now)) is not None:
            return found, False
        return self._nearest(trace, asked, now)

    def _newest(self, fits: Callable[[Flow], bool]) -> Flow | None:
        return next((flow for flow in reversed(self._active.values()) if fits(flow)), None)

    def _active_of_client(self, trace: Trace, client_id: str) -> Flow | None:
        agent = self._agents.get(client_id)
        return self._newest(lambda flow: flow.client_id == client_id and _fits_route(flow, trace)) or self._newest(
            lambda flow: (
                flow.client_id is None and agent is not None and flow.user_agent == agent and _fits_route(flow, trace)
            )
        )

    def _active_of_agent(self, trace: Trace, asked: Asked) -> Flow | None:
        agent = trace.user_agent
        return self._newest(
            lambda flow: flow.user_agent == agent and _fits_route(flow, trace) and _fits_client(flow, trace, asked)
        )

    def _unsettled(self, trace: Trace, now: datetime) -> Flow | None:
        """Return the flow that had arrived, was refused a moment ago, and looks around before it refreshes."""
        fitting = [
            flow
            for flow in reversed(self._restless.values())
            if _is_recent(flow, now) and _fits_route(flow, trace) and _fits_agent(flow, trace)
        ]
        return fitting[0] if fitting else None

    def _nearest(self, trace: Trace, asked: Asked, now: datetime) -> tuple[Flow | None, bool]:
        """Return the newest flow for which this would be a next step, seen a moment ago, and whether it is a guess.

        A request without a user agent contradicts no flow: it is a guess only where more than one would do.
        """
        if asked in {Asked.MCP, Asked.OTHER}:
            return None, False
        fitting = [
            flow
            for flow in reversed(self._active.values())
            if _is_recent(flow, now)
            and _fits_route(flow, trace)
            and _fits_client(flow, trace, asked)
            and _could_come_next(flow, asked)
        ]
        is_anonymous = not trace.user_agent and asked not in BROWSER
        return (fitting[0] if fitting else None), len(fitting) > 1 or not is_anonymous

    # --- beginnings and ends ---

    def open(self, trace: Trace) -> Flow:
        """Begin a flow with `trace`."""
        flow = Flow(FlowId(short_id("f-", 6)), trace.started_at, trace.user_agent, trace.operation_id)
        if trace.client_id and trace.client_id in self._agents:
            flow.user_agent = self._agents[trace.client_id]
        before = self.by_key(f"client:{trace.client_id}")
        if before is not None and before.needs_attention:
            _go_on_from(before, flow)
        self._active[flow.id] = flow
        return self.flows.put(flow.id, flow)

    def learn(self, flow: Flow, client_id: str | None) -> None:
        """Remember with which user agent a client comes."""
        if client_id and flow.user_agent:
            self._agents[client_id] = flow.user_agent
        if client_id:
            self._supersede(self.by_key(f"client:{client_id}"), flow)
            self.bind(flow, f"client:{client_id}")

    def _supersede(self, before: Flow | None, flow: Flow) -> None:
        """Let a flow rest whose client signs in again."""
        if before is not None and before is not flow and before.needs_attention:
            before.needs_attention = False
            before.last_words = f"{before.last_words}, then signed in again as {flow.id}"
            self.touch(before)

    def touch(self, flow: Flow) -> None:
        """Note that `flow` changed; a flow that is over no longer takes strangers in."""
        self.flows.touch(flow.id)
        self._restless.pop(flow.id, None)
        if flow.needs_attention and flow.state is FlowState.DONE:
            self._restless[flow.id] = flow
        if flow.state in {FlowState.ACTIVE, FlowState.FAILED}:
            self._active.setdefault(flow.id, flow)
            self._active.move_to_end(flow.id)
        else:
            self._active.pop(flow.id, None)

    def active(self) -> Iterator[Flow]:
        """Return the flows that are under way or failed a moment ago."""
        return iter(list(self._active.values()))

    def retire(self, flow: Flow) -> None:
        """Let `flow` take no more strangers in."""
        self._active.pop(flow.id, None)

    def clear(self) -> int:
        """Forget all flows; return how many they were."""
        self._by_key.clear()
        self._active.clear()
        self._restless.clear()
        return self.flows.clear()


def _go_on_from(before: Flow, flow: Flow) -> None:
    """Give a client that sets out again what it did since its token was refused."""
    since = next((each.at for each in reversed(before.messages) if each.status == 401), None)
    if since is None:
        return
    flow.messages = [replace(each) for each in before.messages if each.at >= since]
    flow.started_at = since
    if any(each.step is Step.DISCOVER for each in flow.messages):
        flow.mark(Step.DISCOVER).state, flow.mark(Step.DISCOVER).at = StepState.DONE, since


def _fits_route(flow: Flow, trace: Trace) -> bool:
    return flow.operation_id is None or trace.operation_id is None or flow.operation_id == trace.operation_id


def _fits_agent(flow: Flow, trace: Trace) -> bool:
    return not trace.user_agent or flow.user_agent == trace.user_agent


def _is_recent(flow: Flow, now: datetime) -> bool:
    return now - (flow.last_at or flow.started_at) <= _LIKELY


def _fits_client(flow: Flow, trace: Trace, asked: Asked) -> bool:
    if flow.client_id is None or trace.client_id is None or flow.client_id == trace.client_id:
        return True
    # A client that is told that its id is of no use registers again, and goes on in its flow.
    return asked is Asked.REGISTER and flow.mark(Step.AUTHORIZE).state is not StepState.DONE


def _could_come_next(flow: Flow, asked: Asked) -> bool:
    """Tell whether a request fits to how far `flow` came."""
    if asked in {Asked.AUTHORIZE, Asked.REGISTER, Asked.RESOURCE_METADATA, Asked.SERVER_METADATA}:
        return flow.mark(Step.AUTHORIZE).state in {StepState.NOT_REACHED, StepState.FAILED}
    if asked is Asked.TOKEN:
        return flow.mark(Step.CODE).state is StepState.DONE and flow.mark(Step.TOKEN).state is not StepState.DONE
    return flow.mark(Step.AUTHORIZE).state is not StepState.NOT_REACHED and flow.state is FlowState.ACTIVE
