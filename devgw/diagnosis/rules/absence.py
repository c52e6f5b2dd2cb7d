"""What failed to come: after the last thing seen of a flow, the next one is due in some seconds.

A rule here says nothing while its flow moves, and nothing any more once it has moved: it withdraws itself. Where a
person has to act, the words say that it waits, and the diagnosis is a suspicion.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from devgw.diagnosis.exchange import WELL_KNOWN
from devgw.diagnosis.rule import Observation, Rule, diagnosis
from devgw.diagnosis.rules.common import (
    is_person_with_a_tool,
    known_quirks,
    last_trace,
    seconds,
    wanted_to_call,
    went_on_elsewhere,
)
from devgw.diagnosis.rules.login_page import refused_by_probe
from devgw.diagnosis.rules.metadata import RULES as METADATA_RULES
from devgw.diagnosis.rules.navigation import is_asked_by_no_browser
from devgw.diagnosis.rules.upstream_login import refused_logins
from devgw.diagnosis.urls import split_url
from devgw.diagnosis.view import SeenFlow
from devgw.events.flow import Diagnosis, FlowState, Milestone, Step
from devgw.events.taxonomy import McpAuthConsentShown, McpAuthLoginBegun


@dataclass(frozen=True, slots=True)
class Due:
    """What is due after a milestone, and what to say when it does not come."""

    after: Milestone
    within: float
    """Seconds."""
    name: str
    cause: str
    """May use {who}, {quiet}, {redirect_uri}, {callback}."""
    fix: str
    gone_when: str
    step: Step
    unless: Callable[[SeenFlow], bool] = lambda view: False  # noqa: ARG005  the common case


def _is_beside_the_way(view: SeenFlow) -> bool:
    """Tell whether nobody was on the way here: a person with a tool, or a program that is further than this."""
    flow = view.flow
    has_a_token = flow.let_in_beside is not None and flow.let_in_beside >= (flow.last_at or flow.started_at)
    return has_a_token or is_person_with_a_tool(view) or went_on_elsewhere(view)


def _was_challenged_only(view: SeenFlow) -> bool:
    """Tell whether the flow is a 401 for a message and nothing else: who looks with GET whether we live wants none."""
    return any(trace.status == 401 and trace.method == "POST" for trace in view.traces) and not any(
        WELL_KNOWN in each.path for each in view.traces
    )


def _is_behind_something(view: SeenFlow) -> bool:
    """Tell whether the gateway was asked under a name that is not this machine's: a tunnel or proxy is in between."""
    return any(not split_url(f"http://{host}").is_loopback for host in view.flow.hosts)


def _read_has_faults(view: SeenFlow) -> bool:
    """Tell whether a fault in the metadata explains the silence already."""
    now = view.flow.last_at or view.flow.started_at
    return any(True for rule in METADATA_RULES for _ in rule.check(view, now))


def _not_connected(view: SeenFlow) -> tuple[str, ...]:
    """Return the upstreams without which consent cannot be given, as the page last showed them."""
    shown = view.last(McpAuthConsentShown)
    return shown[1].not_connected if shown else ()


def _is_at_an_error_page(view: SeenFlow) -> bool:
    """Tell whether it is known why the upstream is not connected: its login is an error."""
    return any(
        event.subject_id in (None, "shared", view.flow.subject_id)
        and event.operation_id in (None, view.flow.operation_id)
        for _, event in refused_logins(view.around, view.flow.last_at or view.flow.started_at)
    )


def _ends_elsewhere(view: SeenFlow) -> bool:
    return view.flow.state in (FlowState.FAILED, FlowState.DONE)


DUE: tuple[Due, ...] = (
    Due(
        Milestone.MCP_401,
        30,
        "BEAR-07",
        "{who} was answered 401 with a good challenge {quiet} ago and has asked for no metadata.",
        "Start the login in the client (its Authenticate button); where it has none, it cannot do OAuth.",
        "it reads the metadata",
        Step.DISCOVER,
        lambda view: _is_beside_the_way(view) or not _was_challenged_only(view),
    ),
    Due(
        Milestone.RESOURCE_METADATA,
        10,
        "DISC-12",
        "{who} read the resource metadata {quiet} ago and went no further; what it read is consistent.",
        "Start the login in the client; if it says nothing, read its log.",
        "it goes on",
        Step.DISCOVER,
        lambda view: _is_beside_the_way(view) or not wanted_to_call(view) or _read_has_faults(view),
    ),
    Due(
        Milestone.SERVER_METADATA,
        10,
        "DISC-12",
        "{who} read both metadata documents {quiet} ago and went no further; what it read is consistent.",
        "Start the login in the client; if it says nothing, read its log.",
        "it registers or begins the login",
        Step.DISCOVER,
        lambda view: _is_beside_the_way(view) or not wanted_to_call(view) or _read_has_faults(view),
    ),
    Due(
        Milestone.REGISTERED,
        180,
        "REG-14",
        "{who} registered {quiet} ago, and its login is not begun yet: it may wait for somebody to start it.",
        "Start the login in the client; look into its log for a browser that did not open or a port that is busy.",
        "it begins the login",
        Step.AUTHORIZE,
        lambda view: _is_beside_the_way(view) or not wanted_to_call(view),
    ),
    Due(
        Milestone.SENT_TO_IDP,
        180,
        "SESS-09",
        "The browser is not back yet: it was sent to the identity provider {quiet} ago.",
        "Finish signing in. If the browser shows an error there about the redirect URI, add exactly {callback} at the "
        "provider.",
        "the browser comes back",
        Step.LOGIN,
        lambda view: refused_by_probe(view) is not None or is_asked_by_no_browser(view),
    ),
    Due(
        Milestone.CONSENT_SHOWN,
        180,
        "CONS-04",
        "The person is not back yet: the consent page was shown {quiet} ago and nobody has decided.",
        "Decide on the consent page; if the tab is closed, start again from the client.",
        "somebody decides",
        Step.CONSENT,
        lambda view: bool(_not_connected(view)) or is_asked_by_no_browser(view),
    ),
    Due(
        Milestone.CONSENT_SHOWN,
        180,
        "CONS-02",
        "The person is not back yet: consent cannot be given before {upstreams} is connected; shown {quiet} ago.",
        "Press Connect on the consent page, sign in there, and come back.",
        "the upstream is connected",
        Step.CONSENT,
        lambda view: not _not_connected(view) or _is_at_an_error_page(view) or is_asked_by_no_browser(view),
    ),
    Due(
        Milestone.TOKEN_ISSUED,
        60,
        "PROXY-08",
        "{who} got its token {quiet} ago, and no MCP call has come through what stands in front of {hosts} since.",
        "Look into the log of the tunnel or CDN for a blocked user agent, and into the client's for what it sees.",
        "an MCP call arrives",
        Step.MCP,
        lambda view: not _is_behind_something(view),  # on loopback a login command that ends looks just the same
    ),
)


def overdue(view: SeenFlow, now: datetime) -> Iterator[Diagnosis]:
    """Yield what is overdue after the last thing seen."""
    if _ends_elsewhere(view):
        return
    for due in DUE:
        since = _since_challenged(view, now) if due.after is Milestone.MCP_401 else view.quiet_for(now)
        is_late = since >= timedelta(seconds=due.within)
        if due.after is view.flow.last_seen and is_late and not due.unless(view):
            yield diagnosis(
                due.name,
                due.cause.format_map(_words(view, now)),
                due.fix.format_map(_words(view, now)),
                view=view,
                trace=last_trace(view),
                step=due.step,
                gone_when=due.gone_when,
                evidence=known_quirks(view, due.name),
            )


def _since_challenged(view: SeenFlow, now: datetime) -> timedelta:
    """Return how long ago the client was challenged first: one that tries again and again is not quiet."""
    return now - next((trace.started_at for trace in view.traces if trace.status == 401), now)


def _words(view: SeenFlow, now: datetime) -> dict[str, str]:
    login = view.last(McpAuthLoginBegun)
    who = view.who
    return {
        "who": who[0].upper() + who[1:],
        "quiet": seconds(view, now),
        "hosts": ", ".join(view.flow.hosts),
        "upstreams": ", ".join(_not_connected(view)) or "the upstream",
        "redirect_uri": view.flow.redirect_uri or "its redirect URI",
        "callback": login[1].callback_uri if login else "the gateway's callback",
    }


RULES = (
    Rule(
        tuple(dict.fromkeys(due.name for due in DUE)),
        "the last thing seen of a flow, and "
        + ", ".join(f"{due.within:g} s after {due.after.value.replace('_', ' ')}" for due in DUE),
        overdue,
        Observation.ABSENCE,
    ),
)
