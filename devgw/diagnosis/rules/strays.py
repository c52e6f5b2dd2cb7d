"""Refused requests that belong to no flow: preflights, revocations, foreign host names."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta

from devgw.diagnosis.rule import GatewayRule, diagnosis
from devgw.diagnosis.rules.cors import not_for_pages
from devgw.diagnosis.surroundings import Surroundings
from devgw.events import Trace
from devgw.events.flow import Diagnosis
from devgw.problems.wrong_path import Meant, PathUnknown

SAID_FOR = timedelta(minutes=2)
Words = tuple[str, str, str]
"""Id, cause, fix."""


def strays(around: Surroundings, now: datetime) -> Iterator[Diagnosis]:
    """Yield what the newest stray of each kind gives away, until the same was answered well or two minutes passed."""
    recent = [trace for trace in around.requests if now - trace.started_at < SAID_FOR]
    answered = _last_answered(recent)
    for trace in reversed(recent):
        since = answered.get((trace.method, trace.path))
        if trace.status < 400 or (since is not None and since > trace.started_at):
            continue
        words = next((found for rule in _KINDS if (found := rule(trace))), None)
        if words:
            failure_id, cause, fix = words
            gone_when = "the same request is answered well, or two minutes later"
            yield diagnosis(failure_id, cause, fix, trace=trace, gone_when=gone_when, evidence=(_seen(trace),))


def _last_answered(recent: Iterable[Trace]) -> dict[tuple[str, str], datetime]:
    """Return when each method and path was asked last and answered well."""
    found: dict[tuple[str, str], datetime] = {}
    for trace in recent:
        if trace.status < 400:
            key = trace.method, trace.path
            found[key] = max(found.get(key, trace.started_at), trace.started_at)
    return found


def _seen(trace: Trace) -> str:
    return f"{trace.method} {trace.path} from {trace.user_agent or 'an unnamed client'} was answered {trace.status}."


def _host(trace: Trace) -> Words | None:
    problem = trace.problem
    if trace.status != 421 or problem is None:
        return None
    return problem.diagnosis_id or "HOST-02", problem.explain(), problem.advise()


def _preflight(trace: Trace) -> Words | None:
    if trace.method != "OPTIONS" or not trace.header(b"origin") or trace.status == 421 or trace.problem is not None:
        return None
    name = "CORS-02" if trace.status == 401 else "CORS-01"
    cause = f"The preflight for {trace.path} from {trace.header(b'origin')} was answered {trace.status}."
    return name, cause, not_for_pages(trace)


def _revocation(trace: Trace) -> Words | None:
    problem = trace.problem
    is_revocation = trace.method == "POST" and trace.path.rstrip("/").endswith("/revoke")
    is_meant = isinstance(problem, PathUnknown) and problem.meant is Meant.REVOKE
    if problem is None or not (is_revocation or is_meant):
        return None
    return problem.diagnosis_id or "REVK-04", problem.explain(), problem.advise()


_KINDS: tuple[Callable[[Trace], Words | None], ...] = (_host, _preflight, _revocation)

RULES = (
    GatewayRule(
        ("HOST-02", "CORS-01", "CORS-02", "REVK-04", "DISC-10"),
        "a refused request that belongs to no flow",
        strays,
    ),
)
