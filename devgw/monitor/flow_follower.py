"""Follows each client on its way: places events and requests in flows, begins flows, gives them up."""

from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta

from devgw.diagnosis.exchange import Asked, client_info, how_asked
from devgw.events.bus import Published
from devgw.events.flow import Flow, FlowState, Milestone, Step
from devgw.events.taxonomy import (
    Event,
    McpAuthDownstreamTokenIssued,
    McpAuthDownstreamTokenRefreshed,
    WatchedStepTaken,
)
from devgw.events.trace import Trace
from devgw.ids import OperationId, TraceId
from devgw.monitor.asked import BROWSER, METADATA, OF_A_FLOW, Purpose, what_was_asked
from devgw.monitor.flow_book import OF_UPSTREAM, FlowBook
from devgw.monitor.flow_identity import FlowIdentity, attempt_keys, challenge_key, is_of_a_login
from devgw.monitor.flow_moves import give_up
from devgw.monitor.flow_reading import CHANGING, conclude, fold
from devgw.monitor.ladder import MOST_MESSAGES, fail_arrow, tell_exchange
from devgw.problems.wrong_path import Meant, PathUnknown

_MOST_WAITING = 1_000
_MOST_TRACES = 400
_MOST_CALLS_TOLD = 60
_PATIENCE: dict[Milestone, timedelta] = {
    Milestone.REGISTERED: timedelta(minutes=15),
    Milestone.SENT_TO_IDP: timedelta(minutes=15),
    Milestone.CONSENT_SHOWN: timedelta(minutes=15),
    Milestone.CONNECT_REQUIRED: timedelta(minutes=15),
    Milestone.AUTHORIZATION_BEGUN: timedelta(minutes=15),
}
_MOST_PEERS = 16
_LOOKED = frozenset(
    {Milestone.MCP_401, Milestone.MCP_401_WITH_TOKEN, Milestone.RESOURCE_METADATA, Milestone.SERVER_METADATA}
)
"""Where somebody stands who looked whether a token is needed, or showed an old one, and may yet have a good one."""
_AT_ONCE = timedelta(seconds=15)
"""How soon the call with a token comes of a client that first asked without."""
_AFTER_ARRIVAL = (McpAuthDownstreamTokenRefreshed, McpAuthDownstreamTokenIssued, WatchedStepTaken)
"""What is told of a flow that has arrived, too."""
_SHORT_PATIENCE = timedelta(seconds=90)
"""A machine that says nothing for so long has given up."""


class FlowFollower:
    """Keeps the flows in step with events and requests."""

    def __init__(self, book: FlowBook, operation_at: Callable[[str], OperationId | None]) -> None:
        self.book = book
        self.dirty: dict[str, Flow] = {}
        """Flows that changed since somebody judged them last."""
        self.opened: Callable[[Flow], None] = lambda _flow: None
        self._operation_at = operation_at
        self._identity = FlowIdentity(book)
        self._called: dict[str, None] = {}
        self._troubled: set[str] = set()
        """The flows that had arrived, and whose last call was refused all the same."""
        self._waiting: OrderedDict[TraceId, list[Published]] = OrderedDict()

    # --- events ---

    def take(self, published: Published) -> None:
        """Fold an event into its flow, or let it wait for its request where only that tells which flow it is."""
        event = published.event
        if isinstance(event, OF_UPSTREAM):  # those whose upstream was connected, or lost, have no event of their own
            self.dirty |= {flow.id: flow for flow in self.book.of_upstream(event)}
        if type(event) not in CHANGING:
            return
        flow = self.book.of_event(event)
        if flow is None and event.trace_id is not None:
            self._wait(event.trace_id, published)
        elif flow is not None and not self._is_routine(flow, event):
            self._fold(flow, published)

    def _is_routine(self, flow: Flow, event: Event) -> bool:
        """Tell whether an event of a flow that arrived long ago changes nothing. On the hot path."""
        return (
            flow.state is FlowState.DONE
            and not flow.needs_attention
            and event.reason_code is None
            and not isinstance(event, _AFTER_ARRIVAL)
        )

    def _wait(self, trace_id: TraceId, published: Published) -> None:
        self._waiting.setdefault(trace_id, []).append(published)
        if len(self._waiting) > _MOST_WAITING:
            self._waiting.popitem(last=False)

    def _fold(self, flow: Flow, published: Published) -> None:
        event = published.event
        fold(flow, event, published.at)
        self.book.bind(flow, event.transaction_id, event.grant_id, *_tokens_of(event))
        self.book.bind(flow, event.trace_id and f"trace:{event.trace_id}")
        self.book.learn(flow, flow.client_id)
        self._changed(flow)

    def _changed(self, flow: Flow) -> None:
        self.book.touch(flow)
        self.dirty[flow.id] = flow

    # --- requests ---

    def see(self, trace: Trace, now: datetime) -> Flow | None:
        """Place a finished request, with the events that waited for it; return its flow."""
        waiting = self._waiting.pop(trace.id, [])
        is_routine = self._is_routine_call(trace)
        if trace.kind == "mcp" and trace.grant_id is not None and trace.status < 400:
            self._relieve(trace, now)
        if is_routine:
            return self.book.by_key(trace.grant_id)
        asked = what_was_asked(trace)
        if asked not in OF_A_FLOW:
            return None
        if asked is Purpose.TOKEN and trace.peer and trace.client_name:
            self._name_over_socket(trace)
        if trace.operation_id is None:
            trace.operation_id = self._operation_at(trace.path)
        flow, guessed = self._flow_for(trace, asked, waiting, now)
        if flow is None:
            return None
        for published in waiting:
            self._fold(flow, published)
        self._join(flow, trace, asked, guessed=guessed)
        self._conclude(flow, trace, asked)
        self._changed(flow)
        return flow

    def _is_routine_call(self, trace: Trace) -> bool:
        """Tell whether this is one more call of a client that arrived long ago. On the hot path."""
        if trace.kind != "mcp" or trace.grant_id is None or trace.status >= 400 or trace.problem is not None:
            return False
        flow = self.book.by_key(trace.grant_id)
        if flow is None:
            return True  # it arrived before this start, or its row is gone
        if flow.id in self._troubled:  # so that what was said of it is looked at once more
            return False
        return flow.state is FlowState.DONE and self._has_arrived(flow, trace)

    def _has_arrived(self, flow: Flow, trace: Trace) -> bool:
        """Tell whether its first tool call was told, or so much else that it does not matter."""
        if len(flow.trace_ids) >= _MOST_CALLS_TOLD or flow.id in self._called:
            return True
        if trace.mcp_method == "tools/call":
            self._called[flow.id] = None
            if len(self._called) > _MOST_WAITING:
                self._called.pop(next(iter(self._called)))
        return False

    def _relieve(self, trace: Trace, now: datetime) -> None:
        """Let a row arrive that began with a 401, where its client had a good token after all, or got one.

        It is the same client where it comes over the same socket, and nothing else tells. One that comes over another
        at once, under the same user agent, may be it: that is noted, for the rules that suspect.
        """
        for flow in self.book.newest_first():
            is_looking = flow.client_id is None and flow.last_seen in _LOOKED and flow.state is FlowState.ACTIVE
            if is_looking and trace.peer and trace.peer in flow.peers:
                conclude(flow, trace, Purpose.MCP, now)
                flow.client_name = flow.client_name or trace.client_name
                self._changed(flow)
            elif is_looking and trace.user_agent == flow.user_agent and now - (flow.last_at or now) <= _AT_ONCE:
                flow.let_in_beside = now
                self._changed(flow)

    def _name_over_socket(self, trace: Trace) -> None:
        """Give a row that has no client's name the one of the client that comes with its id over the same socket."""
        for flow in self.book.newest_first():
            if flow.client_id is None and not flow.client_name and trace.peer in flow.peers:
                flow.client_name = trace.client_name
                self._changed(flow)

    def _flow_for(
        self, trace: Trace, asked: Purpose, waiting: list[Published], now: datetime
    ) -> tuple[Flow | None, bool]:
        for published in waiting:
            if (known := self.book.of_event(published.event)) is not None:
                return known, False
        flow, guessed = self._identity.place(trace, asked, now)
        if flow is not None and not _is_a_new_beginning(flow, trace, asked):
            return flow, guessed
        if not _may_begin(trace, asked):
            return flow, guessed
        begun = self.book.open(trace, by_browser=asked in BROWSER)
        self.opened(begun)
        return begun, False

    def _join(self, flow: Flow, trace: Trace, asked: Purpose, *, guessed: bool) -> None:
        self.book.bind(flow, f"trace:{trace.id}", trace.transaction_id, trace.grant_id, trace.token_id)
        self.book.bind(flow, *attempt_keys(trace, asked), challenge_key(trace, asked))
        self._know(flow, trace, asked)
        if asked is Purpose.MCP and flow.state is FlowState.DONE:
            (self._troubled.discard if trace.problem is None else self._troubled.add)(flow.id)
            if len(self._troubled) > _MOST_WAITING:
                self._troubled.clear()
        flow.guessed = flow.guessed or guessed
        flow.trace_ids = [*flow.trace_ids, trace.id][-_MOST_TRACES:]  # whole: another thread may be reading them
        if trace.host and trace.host not in flow.hosts:
            flow.hosts.append(trace.host)
        flow.operation_id = flow.operation_id or trace.operation_id
        flow.protocol_version = trace.protocol_version or flow.protocol_version
        flow.client_id, flow.client_name = trace.client_id or flow.client_id, trace.client_name or flow.client_name
        if asked is Purpose.MCP and not flow.client_info:
            flow.client_info = client_info(trace)
        if len(flow.messages) < MOST_MESSAGES:
            tell_exchange(flow, trace, asked, guessed=guessed)

    def _know(self, flow: Flow, trace: Trace, asked: Purpose) -> None:
        """Remember by what its client is told: its user agent, the sockets over which it asks."""
        if asked in BROWSER and not (asked is Purpose.AUTHORIZE and how_asked(trace) is Asked.BY_PROGRAM):
            return  # a program that looks first comes by itself
        flow.user_agent = flow.user_agent or trace.user_agent
        if asked is Purpose.REGISTER:
            flow.peers.clear()  # whoever registers claims the row: others that waited in it are not the client
        if trace.peer and trace.peer not in flow.peers:
            flow.peers.append(trace.peer)
            del flow.peers[:-_MOST_PEERS]

    def _conclude(self, flow: Flow, trace: Trace, asked: Purpose) -> None:
        at = trace.started_at + timedelta(milliseconds=trace.duration_ms)
        flow.last_at = max(flow.last_at or at, at)
        conclude(flow, trace, asked, at)
        is_failure = flow.failure is not None and flow.failure.trace_id == trace.id
        if is_failure or (asked is Purpose.TOKEN and trace.status >= 400):
            fail_arrow(flow, trace.id)

    # --- time ---

    def tick(self, now: datetime) -> None:
        """Give up flows of which nothing was seen for long, and let the failed ones rest."""
        for flow in self.book.active():
            silent = now - (flow.last_at or flow.started_at)
            if silent <= _PATIENCE.get(flow.last_seen, _SHORT_PATIENCE):
                continue
            give_up(flow, now)
            self._changed(flow)
            self.book.retire(flow)


def _tokens_of(event: Event) -> list[str | None]:
    names = ("code_id", "access_token_id", "refresh_token_id")
    return [getattr(event, name, None) for name in names]


def _may_begin(trace: Trace, asked: Purpose) -> bool:
    """Tell whether a row begins with this request; what was refused and is nobody's has one of its own."""
    if isinstance(trace.problem, PathUnknown):
        return trace.problem.meant not in {Meant.PAGE, Meant.DOCUMENT}
    if asked is Purpose.MCP:
        if trace.grant_id is not None and trace.problem is not None:
            return True  # it holds a good token, and is refused all the same
        is_refused = (
            trace.problem is not None and trace.problem.diagnosis_id is not None
        )  # of a route for everybody too
        return trace.status in {401, 403, 421} or trace.method == "OPTIONS" or is_refused
    if asked in METADATA | {Purpose.REGISTER, Purpose.AUTHORIZE}:
        return True
    if is_of_a_login(trace, asked):  # begun before this start: it goes on, or fails, all the same
        return True
    return trace.status >= 400 and asked in {Purpose.TOKEN, Purpose.CALLBACK}


def _is_a_new_beginning(flow: Flow, trace: Trace, asked: Purpose) -> bool:
    """Tell whether a client that had arrived, or had failed, sets out once more."""
    if flow.failure is not None and isinstance(flow.failure.problem, PathUnknown):
        return not isinstance(trace.problem, PathUnknown) and asked is Purpose.MCP  # the URL was corrected
    if flow.state is FlowState.FAILED:
        is_turned_away = trace.status == 401 or isinstance(trace.problem, PathUnknown)
        is_first_step = asked is Purpose.MCP and trace.token_id is None and is_turned_away
        return is_first_step and flow.failure is not None and flow.failure.step not in {Step.DISCOVER, Step.MCP}
    return flow.state is FlowState.DONE and asked is Purpose.AUTHORIZE
