"""Refused requests that belong to no flow: preflights, revocations, foreign host names, connecting an upstream."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta

from devgw.diagnosis.exchange import is_preflight, is_revocation
from devgw.diagnosis.rule import GatewayRule, diagnosis
from devgw.diagnosis.rules.cors import not_for_pages
from devgw.diagnosis.surroundings import Surroundings
from devgw.events import Trace
from devgw.events.flow import Diagnosis
from devgw.events.taxonomy import RequestTurnedAway
from devgw.oauth.urls import CONSENT, LOGOUT
from devgw.problems.base import Fault
from devgw.problems.forward_proxy import HandshakeLeft
from devgw.problems.front import HostNotAllowed
from devgw.problems.preflight import NotForPages, PreflightHeadersRefused, PreflightMethodRefused
from devgw.problems.upstream_connection import ConnectionUnknown
from devgw.problems.watched import WatchedHostRefused
from devgw.problems.wrong_path import Meant, PathUnknown

SAID_FOR = timedelta(minutes=2)
SAID_OF_PAGES_FOR = timedelta(minutes=15)
"""A person reads the page, changes something at the upstream or begins again, and asks about it afterwards."""
_CONNECTED = "connected"
_SUSPECTED = HandshakeLeft("").reason
"""What tells by silence alone."""
Words = tuple[str, str, str]
"""Id, cause, fix."""


def strays(around: Surroundings, now: datetime) -> Iterator[Diagnosis]:
    """Yield what the newest stray of each kind gives away, until the same was answered well or its time passed."""
    recent = [trace for trace in around.requests if now - trace.started_at < _said_for(trace)]
    answered = _last_answered(recent)
    for trace in reversed(recent):
        since = max((answered[each] for each in _mended_by(trace) if each in answered), default=None)
        is_over = since is not None and since > trace.started_at
        if _is_good(trace) or is_over or _is_configured_anew(around, trace):
            continue
        words = next((found for rule in _KINDS if (found := rule(trace))), None)
        if words:
            failure_id, cause, fix = words
            minutes = f"{_said_for(trace) // timedelta(minutes=1)} minutes"
            configured = "another configuration is saved" if _lies_in_configuration(trace) else ""
            gone_when = f"{configured or 'the same request is answered well'}, or {minutes} later"
            yield diagnosis(failure_id, cause, fix, trace=trace, gone_when=gone_when, evidence=(_seen(trace),))


def _is_good(trace: Trace) -> bool:
    """Tell whether a request was answered well; a preflight is not where it says what keeps the browser back."""
    return trace.status < 400 and not (trace.problem is not None and is_preflight(trace))


def _lies_in_configuration(trace: Trace) -> bool:
    return trace.problem is not None and trace.problem.fault is Fault.CONFIGURATION


def _is_configured_anew(around: Surroundings, trace: Trace) -> bool:
    """Tell whether the configuration in which a refusal lay holds no more."""
    is_later = around.loaded_at is not None and around.loaded_at > trace.started_at
    return is_later and _lies_in_configuration(trace)


def _said_for(trace: Trace) -> timedelta:
    return SAID_OF_PAGES_FOR if trace.kind == "connect" or _is_own_page(trace) else SAID_FOR


def _last_answered(recent: Iterable[Trace]) -> dict[tuple[str, str], datetime]:
    """Return when each method and path was asked last and answered well."""
    found: dict[tuple[str, str], datetime] = {}
    for trace in recent:
        if _is_good(trace):
            keys = [(trace.method, trace.path)]
            if trace.kind == "connect" and trace.path.endswith("/callback"):
                keys += [(_CONNECTED, trace.path.rpartition("/")[0]), (_CONNECTED, "")]
            found |= {key: max(found.get(key, trace.started_at), trace.started_at) for key in keys}
    return found


def _mended_by(trace: Trace) -> list[tuple[str, str]]:
    """Return what has to be answered well so that a refusal is over: the same request, or the same connection."""
    keys = [(trace.method, trace.path)]
    if isinstance(trace.problem, ConnectionUnknown):
        return [*keys, (_CONNECTED, "")]
    return [*keys, (_CONNECTED, trace.path.rpartition("/")[0])] if trace.kind == "connect" else keys


def _seen(trace: Trace) -> str:
    return f"{trace.method} {trace.path} from {trace.user_agent or 'an unnamed client'} was answered {trace.status}."


def _refused(trace: Trace) -> Words | None:
    """Return what the problem says of a request that belongs to no client's way: it knows its own name."""
    problem, name = trace.problem, trace.diagnosis_id
    return (name, problem.explain(), problem.advise()) if problem is not None and name and _is_stray(trace) else None


_OF_NOBODY = (HostNotAllowed, WatchedHostRefused, NotForPages, PreflightMethodRefused, PreflightHeadersRefused)


def _is_stray(trace: Trace) -> bool:
    """Tell whether it is of no flow: a foreign Host, revoking, connecting, a page on which no login is named."""
    problem = trace.problem
    is_meant = isinstance(problem, PathUnknown) and problem.meant in {Meant.REVOKE, Meant.ENDPOINT}
    is_of_nobody = isinstance(problem, _OF_NOBODY)
    return is_of_nobody or is_meant or is_revocation(trace) or trace.kind == "connect" or _is_own_page(trace)


def _is_own_page(trace: Trace) -> bool:
    """Tell whether it is a page of ours on which no login is named that is known."""
    return trace.path.rstrip("/").endswith((LOGOUT, CONSENT)) and trace.transaction_id is None


def _preflight(trace: Trace) -> Words | None:
    """Return why a page may not call somebody else's server, which says it by its status alone."""
    if not is_preflight(trace) or trace.problem is not None:
        return None
    name = "CORS-02" if trace.status == 401 else "CORS-01"
    cause = f"The preflight for {trace.path} from {trace.header(b'origin')} was answered {trace.status}."
    return name, cause, not_for_pages(trace)


def turned_away(around: Surroundings, now: datetime) -> Iterator[Diagnosis]:
    """Yield why connections were ended before there was a request; the newest of each reason, for two minutes."""
    said: set[tuple[str, bool]] = set()
    for at, event in around.recent.of_kind(RequestTurnedAway):
        if now - at >= SAID_FOR:
            return
        name = event.diagnosis_id
        if name and (name, event.is_aside) not in said:
            said.add((name, event.is_aside))
            yield diagnosis(
                name,
                event.explanation or "",
                event.hint or "",
                at=at,
                gone_when="two minutes passed",
                is_aside=event.is_aside,
                certain=event.reason_code != _SUSPECTED,
                evidence=(
                    f"The connection from {event.peer} was ended{f' ({event.status})' if event.status else ''}.",
                ),
            )


_KINDS: tuple[Callable[[Trace], Words | None], ...] = (_refused, _preflight)

_OF_CONNECTING = (
    *(
        "AUD-01",
        "AUD-07",
        "CONF-09",
        "CONF-11",
        "CONS-03",
        "CONS-04",
        "DISC-01",
        "DISC-02",
        "DISC-05",
        "DISC-07",
        "DISC-08",
    ),
    *(
        "DISC-09",
        "DISC-11",
        "DISC-13",
        "NET-01",
        "NET-02",
        "NET-03",
        "NET-04",
        "NET-05",
        "NET-07",
        "NET-08",
        "NET-09",
        "NET-14",
    ),
    *(
        "PKCE-01",
        "PROXY-23",
        "REG-01",
        "REG-05",
        "REQ-03",
        "SESS-01",
        "SESS-02",
        "SESS-10",
        "TOK-04",
        "TOK-05",
        "TOK-08",
    ),
    *(
        "UPST-06",
        "UPST-09",
        "UPST-10",
        "UPST-13",
        "UPST-14",
        "UPST-15",
        "UPST-16",
        "UPST-17",
        "UPST-20",
        "UPST-21",
        "UPST-22",
        "UPST-25",
        "UPST-27",
    ),
)
TURNED_AWAY = GatewayRule(
    ("HOST-08", "HOST-10", "LIMIT-20", "LIMIT-21", "LIMIT-22", "LIMIT-25", "LIMIT-26", "NET-10"),
    "a connection that was ended before there was a request",
    turned_away,
)
RULES = (
    GatewayRule(
        ("HOST-02", "CORS-01", "CORS-02", "REVK-04", "DISC-10", *_OF_CONNECTING),
        "a refused request that belongs to no flow",
        strays,
    ),
    TURNED_AWAY,
)
