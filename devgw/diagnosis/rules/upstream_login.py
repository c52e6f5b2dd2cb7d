"""A person who was sent to an upstream's login and met an error there, of which the browser tells nobody."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from devgw.diagnosis.rule import GatewayRule, diagnosis
from devgw.diagnosis.surroundings import Surroundings
from devgw.events.flow import Diagnosis
from devgw.events.taxonomy import McpAuthUpstreamConnectionBegun, McpAuthUpstreamLoginProbed
from devgw.problems.upstream_login import UpstreamLoginRefused

SAID_FOR = timedelta(minutes=15)
"""A person looks at the page, changes something at that server, and begins again."""
IDS = ("AUD-07", "UPST-06", "UPST-10", "UPST-13", "UPST-15", "UPST-23")
_OF_THE_WAY = (
    "NET-01",
    "NET-02",
    "NET-03",
    "NET-04",
    "NET-05",
    "NET-07",
    "NET-08",
    "NET-09",
    "NET-14",
    "PROXY-23",
    "LIMIT-01",
)


def login_refused_at_upstream(around: Surroundings, now: datetime) -> Iterator[Diagnosis]:
    """Yield the newest error page of each upstream, until the browser is back from there or sent once more."""
    for at, event in refused_logins(around, now):
        problem = event.problem
        name = problem.diagnosis_id if problem else None
        if problem is None or name is None:
            continue
        is_certain = isinstance(problem, UpstreamLoginRefused) and problem.is_certain
        yield diagnosis(
            name,
            problem.explain(),
            problem.advise(),
            at=at,
            certain=is_certain,
            source=problem.source,
            gone_when="the browser comes back from there, or is sent there again",
            evidence=(f"{event.authorization_server} was asked without a browser for the same login.",),
        )


def refused_logins(around: Surroundings, now: datetime) -> Iterator[tuple[datetime, McpAuthUpstreamLoginProbed]]:
    """Yield what was asked of the login to which a browser was sent last, where that is an error and nobody is back."""
    seen: set[tuple[str | None, str | None]] = set()
    for at, event in around.recent.of_kind(McpAuthUpstreamLoginProbed):
        key = (event.upstream_server_id, event.subject_id)
        if now - at > SAID_FOR or key in seen:
            continue
        seen.add(key)
        sent = _sent_at(around, event)
        if event.problem is not None and sent is not None and sent <= at and not _came_back(around, event, sent):
            yield at, event


def _sent_at(around: Surroundings, probed: McpAuthUpstreamLoginProbed) -> datetime | None:
    """Return when a browser was sent to this login last."""
    of_this = (
        at
        for at, event in around.recent.of_kind(McpAuthUpstreamConnectionBegun)
        if (event.upstream_server_id, event.subject_id) == (probed.upstream_server_id, probed.subject_id)
    )
    return next(of_this, None)


def _came_back(around: Surroundings, probed: McpAuthUpstreamLoginProbed, sent: datetime) -> bool:
    """Tell whether a browser came from there since, with whatever answer."""
    ending = f"/{probed.upstream_server_id}/callback"
    return any(
        trace.kind == "connect" and trace.path.endswith(ending) and trace.started_at >= sent
        for trace in around.requests
    )


RULES = (
    GatewayRule(
        (*IDS, *_OF_THE_WAY),
        "a browser at an upstream's login for a second, and an error where the same is asked without it",
        login_refused_at_upstream,
    ),
)
