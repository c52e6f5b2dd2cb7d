"""Upstream connections: links that nobody opens, credentials that do not work or cannot be renewed."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from devgw.diagnosis.exchange import error_code, rpc_error
from devgw.diagnosis.rule import Observation, Rule, diagnosis
from devgw.diagnosis.rules.common import known_quirks, mcp_requests, worked_since
from devgw.diagnosis.view import SeenFlow
from devgw.events import Trace
from devgw.events.flow import Diagnosis
from devgw.events.taxonomy import (
    McpAuthUpstreamConnectionBegun,
    McpAuthUpstreamConnectionEstablished,
    McpAuthUpstreamConnectionLost,
)

ELICITATION_REQUIRED = -32042
MODERN = "2026-07-28"
PATIENCE = timedelta(seconds=60)
LOST = ("UPST-04", "UPST-08", "UPST-12", "UPST-20", "UPST-24")
"""By which a connection ends that nobody wished to end."""


def _asked_to_connect(view: SeenFlow) -> list[Trace]:
    """Return the calls that were answered with a connect link."""
    return [
        trace
        for trace in mcp_requests(view)
        if trace.outcome == "connect_required" or error_code(trace) == ELICITATION_REQUIRED
    ]


def link_never_opened(view: SeenFlow, now: datetime) -> Iterator[Diagnosis]:
    """UPST-01: connect was asked for twice or a minute ago, and nobody opened the link."""
    asked = _asked_to_connect(view)
    if not asked:
        return
    first = asked[0].started_at
    if _opened(view, first) or (len(asked) < 2 and now - first < PATIENCE):
        return
    yield diagnosis(
        "UPST-01",
        f"{view.who} was told to connect the upstream ({len(asked)} times), and the link was never opened.",
        f"Open the connect link yourself: {_link(asked[-1])}; then call the tool again.",
        view=view,
        trace=asked[-1],
        gone_when="the link is opened or the upstream is connected",
        evidence=known_quirks(view, "UPST-01"),
    )


def _opened(view: SeenFlow, first: datetime) -> bool:
    """Tell whether somebody followed a link for this person's upstream, or connected it otherwise, since."""
    for kind in (McpAuthUpstreamConnectionBegun, McpAuthUpstreamConnectionEstablished):
        for at, event in view.around.recent.of_kind(kind):
            is_mine = event.subject_id in (None, "shared", view.flow.subject_id)
            if at >= first and is_mine and event.operation_id in (None, view.flow.operation_id):
                return True
    return False


def _link(trace: Trace) -> str:
    """Return the link of a connect answer, as far as one stands there."""
    detail = rpc_error(trace).get("data")
    if not isinstance(detail, dict):
        return "it stands in the trace"
    return str(detail.get("authUrl") or "it stands in the trace")


def old_form_to_modern_client(view: SeenFlow, now: datetime) -> Iterator[Diagnosis]:  # noqa: ARG001  every rule is asked in the same way
    """UPST-02: -32042 went to a client of the revision that has input_required instead."""
    for trace in mcp_requests(view):
        version = trace.header(b"mcp-protocol-version")
        if error_code(trace) == ELICITATION_REQUIRED and version >= MODERN and not worked_since(view, trace):
            whose = "The upstream" if trace.upstream_status else "The gateway"
            cause = f"{whose} answered -32042, which clients of {version} do not know."
            fix = "Answer with resultType input_required to clients of that revision."
            yield diagnosis("UPST-02", cause, fix, view=view, trace=trace, got="-32042", expected="input_required")
            return


def connection_lost(view: SeenFlow, now: datetime) -> Iterator[Diagnosis]:  # noqa: ARG001
    """UPST-08, UPST-04 and UPST-12: the upstream took its credential back, or it could not be renewed.

    Said of the client that met it and of those that hold a token for the route: an attempt that ended before had none.
    """
    for at, event in view.around.recent.of_kind(McpAuthUpstreamConnectionLost):
        is_mine = event.subject_id in (None, "shared", view.flow.subject_id)
        is_mine = is_mine and event.operation_id in (None, view.flow.operation_id)
        is_met = event.trace_id in view.flow.trace_ids or (view.flow.token_ids and at >= view.flow.started_at)
        if not is_mine or not is_met or event.outcome == "success" or _back(view, at, event):
            continue  # with success it was somebody's wish
        name = event.diagnosis_id if event.diagnosis_id in LOST else "UPST-08"
        cause = (
            event.explanation
            or f"The connection to {event.upstream_server_id} was lost: {event.cause.replace('_', ' ')}."
        )
        yield diagnosis(
            name, cause, event.hint or "Connect it again.", view=view, at=at, gone_when="it is connected again"
        )
        return


def _back(view: SeenFlow, moment: datetime, lost: McpAuthUpstreamConnectionLost) -> bool:
    """Tell whether the connection was made again since."""
    return any(
        at > moment and event.upstream_server_id == lost.upstream_server_id
        for at, event in view.around.recent.of_kind(McpAuthUpstreamConnectionEstablished)
    )


RULES = (
    Rule(
        ("UPST-01",),
        "connect asked for twice, or a minute ago, and no visit to the link",
        link_never_opened,
        Observation.ABSENCE,
    ),
    Rule(("UPST-02",), "error -32042 and the client's revision", old_form_to_modern_client),
    Rule(LOST, "an upstream connection that was lost", connection_lost),
)
