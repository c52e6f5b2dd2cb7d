"""What several rules ask."""

from collections.abc import Iterator
from datetime import datetime

from devgw.diagnosis.clients.recognise import quirks_for, recognise
from devgw.diagnosis.exchange import is_token
from devgw.diagnosis.view import SeenFlow
from devgw.events import Event, Trace
from devgw.events.taxonomy import (
    McpAuthAuthorizationBegun,
    McpAuthCodeIssued,
    McpAuthDownstreamTokenIssued,
    McpAuthDownstreamTokenRefreshed,
    McpAuthLoginFinished,
)

_ORDER: tuple[tuple[type[Event], ...], ...] = (
    (McpAuthAuthorizationBegun,),
    (McpAuthLoginFinished,),
    (McpAuthCodeIssued,),
    (McpAuthDownstreamTokenIssued, McpAuthDownstreamTokenRefreshed),
)
"""How far a flow has come, by the events that prove it; that it came to the end is proved by a good MCP call."""
_WATCHED_ORDER = (("authorization_begun",), ("code_sent",), ("code_sent",), ("token_issued", "token_refreshed"))
"""The same of a server that is only watched, by the steps that its answers tell."""

AUTHORIZE, LOGIN, CODE, TOKEN, MCP = range(5)


def came_past(view: SeenFlow, stage: int, moment: datetime) -> bool:
    """Tell whether the flow reached `stage` or a later one after `moment`: then an earlier refusal is forgiven."""
    if view.last_good_call is not None and view.last_good_call > moment:
        return True
    if stage >= TOKEN and got_token_elsewhere(view, moment):
        return True
    succeeded = view.last_successes
    kinds = (kind for group in _ORDER[stage:] for kind in group)
    if any(kind in succeeded and succeeded[kind] > moment for kind in kinds):
        return True
    steps = (step for group in _WATCHED_ORDER[stage:] for step in group)
    return any(view.last_steps[step] > moment for step in steps if step in view.last_steps)


def got_token_elsewhere(view: SeenFlow, moment: datetime) -> bool:
    """Tell whether the same client got a token after `moment`, perhaps in another flow: it helped itself.

    What was seen to go wrong is forgiven here, so it must be this very client, and not one of the same make.
    """
    return any(
        is_token(trace) and trace.status == 200 and trace.started_at > moment and _is_surely_the_clients(view, trace)
        for trace in view.around.requests.on_the_way(view.flow.user_agent)
    )


def _is_surely_the_clients(view: SeenFlow, trace: Trace) -> bool:
    """Tell whether a request is this flow's client's by its socket or its id.

    A client has several sockets: what came with an id over one of the flow's own says which client it is.
    """
    flow = view.flow
    if trace.peer and trace.peer in flow.peers:
        return True
    if flow.client_id is not None or trace.client_id is None:
        return trace.client_id == flow.client_id and trace.client_id is not None
    known = (each for each in view.around.requests.on_the_way(flow.user_agent) if each.peer in flow.peers)
    return any(each.peer and each.client_id == trace.client_id for each in known)


def _may_be_the_clients(view: SeenFlow, trace: Trace) -> bool:
    """Tell the same of a request under its user agent, which is enough where the flow has no client's id yet.

    Two programs of one make have the same user agent: a client that is known by its id is not the other one, and for
    one that is not, this rules out suspicions alone.
    """
    return view.flow.client_id is None or _is_surely_the_clients(view, trace)


def went_on_elsewhere(view: SeenFlow) -> bool:
    """Tell whether the same client went on in another flow: this one is a request that it made beside its way."""
    own, agent = set(view.flow.trace_ids), view.flow.user_agent
    return bool(agent) and any(
        trace.id not in own and trace.started_at >= view.flow.started_at and _may_be_the_clients(view, trace)
        for trace in view.around.requests.on_the_way(agent)
    )


def known_quirks(view: SeenFlow, failure_id: str) -> tuple[str, ...]:
    """Return what the client is known for that can explain the failure, as lines of evidence."""
    entry = recognise(view.traits)
    return tuple(f"{entry.name}: {words}" for words in quirks_for(view.traits, failure_id)) if entry else ()


def is_person_with_a_tool(view: SeenFlow) -> bool:
    """Tell whether this is curl, a browser or our own doctor: somebody looks around, no client failed."""
    entry = recognise(view.traits)
    return entry is not None and entry.key in ("curl", "browser", "doctor")


def wanted_to_call(view: SeenFlow) -> bool:
    """Tell whether the client sent a message: who only reads metadata is a monitor, or prepares for later."""
    return any(trace.kind == "mcp" and trace.method == "POST" for trace in view.traces)


def mcp_requests(view: SeenFlow) -> Iterator[Trace]:
    """Yield the requests on MCP routes that are more than a preflight."""
    return (trace for trace in view.traces if trace.kind == "mcp" and trace.method != "OPTIONS")


def worked_since(view: SeenFlow, trace: Trace) -> bool:
    """Tell whether a later call on the same route was answered well."""
    worked = view.last_worked.get(trace.path.rstrip("/"))
    return worked is not None and worked > trace.started_at


def last_trace(view: SeenFlow) -> Trace | None:
    """Return the newest request of the flow."""
    return view.traces[-1] if view.traces else None


def seconds(view: SeenFlow, now: datetime) -> str:
    """Return for how long the flow has been quiet, in words."""
    return f"{view.quiet_for(now).total_seconds():.0f} s"
