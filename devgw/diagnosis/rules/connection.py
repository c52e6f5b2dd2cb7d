"""A connection to an upstream that came to nothing: its requests are a browser's, and belong to no client's flow."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from devgw.diagnosis.exchange import connection_asked
from devgw.diagnosis.rule import GatewayRule, diagnosis
from devgw.diagnosis.rules.refusals import IDS
from devgw.diagnosis.surroundings import Surroundings
from devgw.events import Trace
from devgw.events.flow import Diagnosis
from devgw.problems.upstream_connection import ConnectionUnknown

SAID_FOR = timedelta(minutes=10)


def connection_failed(around: Surroundings, now: datetime) -> Iterator[Diagnosis]:
    """Yield why each upstream was not connected, where the newest request about it was refused."""
    newest: dict[str, Trace] = {}
    went_well = False
    for trace in around.requests.connections():
        if now - trace.started_at > SAID_FOR:
            break
        is_first = connection_asked(trace) not in newest
        newest.setdefault(connection_asked(trace), trace)
        if is_first and trace.problem is not None and not (went_well and isinstance(trace.problem, ConnectionUnknown)):
            yield from _made(trace)
        went_well = went_well or trace.status < 400


def _made(trace: Trace) -> Iterator[Diagnosis]:
    problem = trace.problem
    name = problem.diagnosis_id if problem else None
    if problem and name:
        yield diagnosis(
            name,
            problem.explain(),
            problem.advise(),
            trace=trace,
            evidence=(f"{trace.method} {trace.path} was answered {trace.status} ({problem.reason}).",),
            gone_when="it is connected, or ten minutes later",
            source=problem.source,
        )


RULES = (GatewayRule(tuple(IDS.split()), "a refused request of a connection's way", connection_failed),)
"""What it can say is what any refusal can be."""
