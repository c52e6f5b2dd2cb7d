"""One record opened: its row, and everything that hangs on it."""

from collections.abc import Callable
from itertools import islice

from devgw.events.flow import Flow
from devgw.events.trace import Trace
from devgw.monitor import flow_view, trace_view, under_way
from devgw.monitor.details import (
    ClientDetail,
    GrantDetail,
    JwtView,
    SessionDetail,
    TokenCheckView,
    TokenDetail,
    UnderWayView,
    UpstreamDetail,
)
from devgw.monitor.masking import mask_json
from devgw.monitor.monitor import Monitor
from devgw.monitor.reading import upstream_row
from devgw.monitor.row import Row
from devgw.monitor.rows import FlowRow, GrantRow, TokenRow, TraceRow
from devgw.monitor.why import attempt_of, why_of

UNDER_WAY = "under_way"
"""The kind of the one record that has all requests which are not over."""
_MOST_TRACES = 100


def open_record(monitor: Monitor, kind: str, id_: str) -> Row | None:
    """Return the detail of one record, or None where it is not (or no longer) known.

    Raises:
        KeyError: where there is no such kind.
    """
    return OPENERS[kind](monitor, id_)


def _flow(monitor: Monitor, id_: str) -> Row | None:
    flow = monitor.flow(id_)
    if flow is None:
        return None
    ids = [*filter(None, [flow.code_id]), *flow.token_ids]
    tokens = [row for token_id in ids if (row := monitor.grants.tokens.get(token_id))]
    detail = flow_view.detail_of(flow, tokens)
    detail.attempt = attempt_of(monitor, flow)
    return detail


def _trace(monitor: Monitor, id_: str) -> Row | None:
    trace = monitor.trace(id_)
    if trace is not None:
        return trace_view.detail_of(trace, monitor.flow_of(id_))
    found = next((each for each in monitor.under_way() if each.trace.id == id_), None)
    return under_way.detail_of(found) if found is not None else None


def _under_way(monitor: Monitor, id_: str) -> Row | None:
    """They are opened together: "all" is their one id."""
    return UnderWayView([under_way.row_of(each) for each in monitor.under_way()]) if id_ == "all" else None


def _token(monitor: Monitor, id_: str) -> Row | None:
    row = monitor.grants.tokens.get(id_)
    if row is None:
        return None
    flow = monitor.flow_book.by_key(row.id) or monitor.flow_book.by_key(row.grant_id)
    row.flow_id = flow.id if flow is not None else ""
    detail = TokenDetail(row, monitor.grants.family(row.grant_id) if row.grant_id else [row])
    detail.used_by = _traces(monitor, lambda trace: trace.token_id == id_)
    detail.jwt = _claims(monitor, id_)
    detail.verdict = _verdict(row, monitor.clock.now().timestamp())
    return detail


def _verdict(row: TokenRow, now: float) -> list[str]:
    """Say where this token opens something, and why not where it does not."""
    if row.kind not in {"access", "refresh", "code"}:
        return []
    if row.state in {"revoked", "replayed"}:
        said = f"refused {row.refused_after} times since" if row.refused_after else "not shown since"
        return [f"ended by {row.ended_by.replace('_', ' ') or 'revocation'}: the next use is refused ({said})"]
    if row.state == "spent":
        return [f"{row.ended_by or 'spent'}: shown again it is a replay and ends the whole grant"]
    if row.expires and row.expires <= now:
        return ["expired: the next use is refused"]
    if row.kind == "access":
        return [f"accepted at {row.resource}", "refused at every other route: it is bound to this one"]
    return ["accepted once, at the token endpoint, from this client alone"]


def _claims(monitor: Monitor, id_: str) -> JwtView | None:
    checked = monitor.claims.get(id_)
    if checked is None:
        return None
    checks = [TokenCheckView(each.name, each.passed, each.got, each.expected) for each in checked.checks]
    return JwtView(mask_json(checked.header), mask_json(checked.claims), checked.verdict, checks)


def _traces(monitor: Monitor, fits: Callable[[Trace], bool]) -> list[TraceRow]:
    """Return the rows of the newest that fit."""
    found = islice(filter(fits, reversed(monitor.traces)), _MOST_TRACES)
    return [trace_view.row_of(trace, monitor.flow_of(trace.id)) for trace in found]


def _grant(monitor: Monitor, id_: str) -> Row | None:
    row = monitor.grants.grants.get(id_)
    return GrantDetail(row, monitor.grants.family(id_)) if row is not None else None


def _grants(monitor: Monitor, fits: Callable[[GrantRow], bool]) -> list[GrantRow]:
    return [row for row in monitor.grants.grants if fits(row)]


def _flows(monitor: Monitor, fits: Callable[[Flow], bool]) -> list[FlowRow]:
    return [flow_view.row_of(flow) for flow in monitor.flow_book.flows if fits(flow)]


def _client(monitor: Monitor, id_: str) -> Row | None:
    row = monitor.people.clients.get(id_)
    if row is None:
        return None
    detail = ClientDetail(row, mask_json(monitor.metadata_of(id_)))
    detail.grants = monitor.grants.of_client(id_)
    detail.flows = _flows(monitor, lambda flow: flow.client_id == id_)
    codes = [code for code in monitor.grants.family("") if code.client_id == id_]
    detail.tokens = [*codes, *(token for grant in detail.grants for token in monitor.grants.family(grant.id))]
    return detail


def _session(monitor: Monitor, id_: str) -> Row | None:
    row = monitor.people.sessions.get(id_)
    if row is None:
        return None
    grants = _grants(monitor, lambda grant: grant.session_id == id_)
    return SessionDetail(row, grants, _flows(monitor, lambda flow: flow.session_id == id_))


def _upstream(monitor: Monitor, id_: str) -> Row | None:
    row = upstream_row(monitor, id_)
    if row is None:
        return None
    tokens = [each for each in monitor.grants.tokens if each.upstream_id and each.upstream_id == row.upstream_id]
    return UpstreamDetail(row, tokens, _traces(monitor, lambda trace: trace.operation_id == id_))


OPENERS: dict[str, Callable[[Monitor, str], Row | None]] = {
    "flow": _flow,
    "trace": _trace,
    "token": _token,
    "grant": _grant,
    "client": _client,
    "session": _session,
    "upstream": _upstream,
    "why": why_of,
    UNDER_WAY: _under_way,
}
