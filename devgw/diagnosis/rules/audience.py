"""Logins that go round in circles: a good login, and 401 or 403 after it, again."""

from bisect import bisect_right
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from devgw.diagnosis.rule import Rule, diagnosis
from devgw.diagnosis.rules.common import MCP, came_past, known_quirks, mcp_requests
from devgw.diagnosis.view import SeenFlow
from devgw.events import Trace
from devgw.events.flow import Diagnosis
from devgw.events.taxonomy import McpAuthAuthorizationBegun, McpAuthDownstreamTokenIssued
from devgw.problems.bearer import InsufficientScope


def login_loop(view: SeenFlow, now: datetime) -> Iterator[Diagnosis]:  # noqa: ARG001  every rule is asked in the same way
    """AUD-03: at least twice a token was issued and refused right after."""
    rounds = [trace for trace in _refused_after_issue(view) if trace.status == 401]
    if len(rounds) < 2 or came_past(view, MCP, rounds[-1].started_at):
        return
    issued = view.last(McpAuthDownstreamTokenIssued)
    resource = issued[1].resource if issued else ""
    yield diagnosis(
        "AUD-03",
        f"{view.who} signed in {len(rounds)} times, and its token was refused each time ({rounds[-1].reason_code}).",
        f"Its token is for {resource}; use that URL in the client. Signing in again changes nothing."
        if resource
        else "Look at the token that it sends: signing in again changes nothing.",
        view=view,
        trace=rounds[-1],
        got=resource,
        expected=_called(rounds[-1]),
        evidence=known_quirks(view, "AUD-03"),
    )


def _called(trace: Trace) -> str:
    return f"{trace.scheme}://{trace.host}{trace.path}"


def _refused_after_issue(view: SeenFlow) -> Iterator[Trace]:
    """Yield the first refused call with credentials after each token that was issued."""
    moments = [at for at, _ in view.of_kind(McpAuthDownstreamTokenIssued)]
    answered = 0
    for trace in mcp_requests(view):
        issued = bisect_right(moments, trace.started_at)
        if issued == answered:
            continue
        answered = issued
        if trace.status in (401, 403) and trace.header(b"authorization"):
            yield trace


def step_up_loop(view: SeenFlow, now: datetime) -> Iterator[Diagnosis]:  # noqa: ARG001
    """SCOPE-02: 403 insufficient_scope, and an authorization without the scope it named."""
    refused = [
        trace for trace in mcp_requests(view) if trace.status == 403 and isinstance(trace.problem, InsufficientScope)
    ]
    if not refused or came_past(view, MCP, refused[-1].started_at):
        return
    needed = _needed(refused[0])
    for at, event in view.of_kind(McpAuthAuthorizationBegun):
        if at > refused[0].started_at and needed and not set(needed.split()) <= set(event.scope.split()):
            yield diagnosis(
                "SCOPE-02",
                f"The route needs {needed}, but {view.who} authorized again with {event.scope or 'no scope'}.",
                f"Ask for the old and the new scopes together: {needed}.",
                view=view,
                trace=refused[-1],
                got=event.scope,
                expected=needed,
                evidence=known_quirks(view, "SCOPE-02"),
            )
            return


def _needed(trace: Trace) -> str:
    facts: dict[str, Any] = trace.problem.facts() if trace.problem else {}
    return str(facts.get("needed", ""))


RULES = (
    Rule(("AUD-03",), "two tokens issued and each refused at its first call", login_loop),
    Rule(("SCOPE-02",), "403 insufficient_scope and an authorization without that scope", step_up_loop),
)
