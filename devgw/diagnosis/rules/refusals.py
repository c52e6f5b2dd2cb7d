"""Refusals: what the gateway itself said no to, by name, until the client came past it."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from devgw.diagnosis.clients import forget_advice
from devgw.diagnosis.difference import difference_of
from devgw.diagnosis.exchange import is_authorize, is_preflight, is_registration, is_token
from devgw.diagnosis.rule import Rule, diagnosis
from devgw.diagnosis.rules.common import AUTHORIZE, CODE, LOGIN, MCP, TOKEN, came_past, known_quirks
from devgw.diagnosis.rules.registration import registered_anew
from devgw.diagnosis.view import SeenFlow
from devgw.events import Trace
from devgw.events.flow import Diagnosis
from devgw.problems import Problem
from devgw.problems.client_id import RegistrationMissing
from devgw.problems.consent import InteractionRequired
from devgw.problems.endpoint_client import ClientNotTaken, RegisteredOtherwise
from devgw.problems.watched import OriginsExhausted

NOTED = (OriginsExhausted, RegisteredOtherwise)
"""What was noted of a good answer: it is no refusal (`rules.watched`)."""
SECOND_BEST = ("TOK-03", "SESS-04", "REQ-03")
"""Consequences: a doubled callback or a stale page says little where another failure stands beside it."""


SELF_HEALING = ("REG-02", "REG-19", "BEAR-06", "BEAR-10")
"""What good clients mend by themselves at once: they get the time to do so."""
PATIENCE = timedelta(seconds=1)
HEALED_BY_REGISTERING = ("REG-08", "REG-13")
"""Of a client whose document is not taken: it may register instead, under another id."""


def refusals(view: SeenFlow, now: datetime) -> Iterator[Diagnosis]:
    """Yield a diagnosis for each refused request of the flow that was not forgiven since."""
    refused: dict[str, list[Trace]] = {}
    for trace in view.traces:
        name = trace.diagnosis_id
        if name is None or isinstance(trace.problem, NOTED) or _may_ask_by_now(view, trace):
            continue
        if _ended_here(view, trace) or not came_past(view, _stage(trace), trace.started_at):
            refused.setdefault(name, []).append(trace)
    last = {name: found for name, traces in refused.items() if (found := _last(view, name, traces, now))}
    certain = [name for name in last if name not in SECOND_BEST]
    yield from (_made(view, last[name], name) for name in certain or last)


def _may_ask_by_now(view: SeenFlow, trace: Trace) -> bool:
    """Tell whether a page that was not let ask was let since: by another method, or with other headers."""
    return is_preflight(trace) and any(
        each.path == trace.path and each.started_at > trace.started_at and each.problem is None for each in view.traces
    )


def _ended_here(view: SeenFlow, trace: Trace) -> bool:
    """Tell whether the attempt ended with this refusal: it stays its reason, also once a later one gets through."""
    flow, is_forgiven = view.flow, trace.diagnosis_id in (*SELF_HEALING, *HEALED_BY_REGISTERING)
    return flow.after is not None and flow.failure is not None and flow.failure.trace_id == trace.id and not is_forgiven


def _last(view: SeenFlow, name: str, traces: list[Trace], now: datetime) -> Trace | None:
    """Return the last of these refused requests, of those from which the client did not help itself."""
    if name in HEALED_BY_REGISTERING:
        return next((each for each in reversed(traces) if not registered_anew(view, each)), None)
    if name not in SELF_HEALING:
        return traces[-1]
    late = (each for each in reversed(traces) if now - each.started_at >= PATIENCE)
    return next((each for each in late if not registered_anew(view, each)), None)


def _stage(trace: Trace) -> int:
    """Return how far the flow must come for this refusal to be forgiven."""
    if isinstance(trace.problem, InteractionRequired):  # which comes after the authorization was begun
        return LOGIN
    if trace.asked in ("authorize", "callback"):  # at a server that is watched, whose answer the request itself brings
        return CODE
    if is_authorize(trace) or is_registration(trace) or trace.asked == "register":
        return AUTHORIZE
    if is_token(trace) or trace.asked == "token":
        return TOKEN
    return MCP if trace.kind == "mcp" else LOGIN


def _made(view: SeenFlow, trace: Trace, name: str) -> Diagnosis:
    problem = trace.problem
    cause = problem.explain() if problem else trace.explanation or ""
    fix = (problem.advise() if problem else trace.hint) or ""
    is_gone = isinstance(problem, RegistrationMissing) and problem.is_gone
    if is_gone or name == "BEAR-10" or (isinstance(problem, ClientNotTaken) and problem.is_unknown):
        fix = f"{fix} {forget_advice(view.traits)}".strip()
    facts = _facts(trace, problem)
    seen = (_seen(trace), *_keys_seen(view, name, problem))
    return diagnosis(name, cause, fix, view=view, trace=trace, evidence=(*seen, *known_quirks(view, name)), **facts)


def _seen(trace: Trace) -> str:
    return f"{trace.method} {trace.path} was answered {trace.status} ({trace.reason_code or 'refused'})."


def _keys_seen(view: SeenFlow, name: str, problem: Problem | None) -> tuple[str, ...]:
    """Return what the history of signing keys says about the key that the token names, or about the last fetch."""
    facts = problem.facts() if problem else {}
    jwks, url = view.around.jwks, str(facts.get("url", ""))
    if name not in ("IDT-01", "IDT-05", "IDT-08", "IDT-11") or jwks.last(url) is None:
        return ()
    return (jwks.key_sentence(str(facts.get("key_id", "")), url),) if facts.get("key_id") else (jwks.lines()[0],)


_GOT = (
    "got",
    "asked",
    "host",
    "token_resource",
    "callback_host",
    "redirect_uri",
    "client_id",
    "presented_by",
    "key_id",
)
_EXPECTED = ("expected", "nearest", "granted", "requested_resource", "begun_host", "needed", "issued_to", "known")


def _facts(trace: Trace, problem: Problem | None) -> dict[str, Any]:
    """Return got and expected from the problem's facts, and where they were seen."""
    if problem is None:
        return {}
    facts = problem.facts()
    got = next((str(facts[name]) for name in _GOT if facts.get(name)), "")
    expected = next((_text(facts[name]) for name in _EXPECTED if facts.get(name)), "")
    source = {"source": problem.source} if problem.source else {}
    if got == expected:  # it lies in something else, which the cause says
        got = expected = ""
    apart = difference_of(problem)
    marks = {"marks": apart.marks} if apart and (got, expected) == (apart.got, apart.expected) else {}
    return {"got": got, "expected": expected, **marks, "got_from": f"{trace.method} {trace.path}", **source}


def _text(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


IDS = """
AUD-01 AUD-02 AUD-05 AUD-06 AUD-07 AUD-09 BEAR-02 BEAR-04 BEAR-05 BEAR-06 BEAR-08 CONF-01 CONF-03 CONF-08 CONF-09
CONF-11 BEAR-11 IDT-35 IDT-36 NET-14 RURI-16 UPST-27
CONF-10 CONS-02 CONS-03 CONS-04 CORS-01 CORS-03 CORS-07 CORS-08
DISC-01 DISC-02 DISC-05 DISC-07 DISC-08 DISC-09 DISC-11 DISC-13 HOST-02 HOST-06 IDT-01 IDT-02
HOST-08 HOST-09 HOST-10 HOST-11
IDT-03 IDT-04 IDT-05 IDT-06 IDT-07 IDT-08 IDT-09 IDT-10 IDT-11 IDT-12 IDT-13 IDT-14 IDT-15
IDT-16 IDT-17 IDT-18 IDT-19 IDT-20 IDT-21 IDT-22 IDT-23 IDT-24 IDT-25 IDT-26 IDT-27 IDT-28 IDT-31 IDT-32 IDT-33 IDT-34
LIMIT-01 LIMIT-02 LIMIT-03 LIMIT-04
LIMIT-05 LIMIT-06 LIMIT-20 LIMIT-21 LIMIT-22 LIMIT-23 LIMIT-24 LIMIT-25 LIMIT-26 LIMIT-27 LIMIT-40 LIMIT-41
LIMIT-42 LIMIT-50 STATE-01 STATE-02 STATE-03 STATE-04 STATE-05
DISC-18
DISC-10 DISC-14 REQ-04 REQ-05 REQ-06 REQ-07 REQ-08 REQ-09 REQ-10 REVK-04 NET-01 NET-02 NET-03 NET-04 NET-05 NET-06
NET-07 NET-08 NET-09 NET-10 PKCE-01 PKCE-02 PKCE-03 PKCE-04
PROXY-01 PROXY-03 PROXY-12 PROXY-13 PROXY-14 PROXY-15 PROXY-16 PROXY-17 PROXY-18 PROXY-19 PROXY-20 PROXY-21
PROXY-22 PROXY-23 PROXY-24 PROXY-25 PROXY-26 PROXY-27 PROXY-28 PROXY-06 PROXY-09 PROXY-10 PROXY-11
REFR-01 REFR-03 REFR-08 REFR-09 REG-01 REG-02 REG-05 REG-07
REG-08 REG-09 REG-12 REG-13 REG-15 REG-21 REQ-01 REQ-02 REQ-03 RURI-01 RURI-02 RURI-03 RURI-04 RURI-07 RURI-08 RURI-09
RURI-10 RURI-11 RURI-12 RURI-13 RURI-15 SCOPE-01 SCOPE-02 SCOPE-04 SCOPE-05 SESS-01 SESS-02 SESS-03 SESS-04 SESS-10
SESS-12 TOK-01 TOK-02 TOK-03
TOK-04 TOK-05 TOK-07 TOK-08 TOK-09 UPST-03 UPST-04 UPST-06 UPST-08 UPST-09 UPST-10 UPST-11 UPST-12
UPST-13 UPST-14 UPST-15 UPST-16 UPST-17 UPST-18 UPST-19 UPST-20 UPST-21 UPST-22 UPST-23 UPST-24
UPST-25 UPST-26 WORK-03 WORK-04
AUD-10 BEAR-09 BEAR-10 CONS-05 DISC-15 DISC-16 DISC-20 NET-11 NET-12 PROXY-04 REFR-10 REG-16 REG-17 REG-18 REG-19 REQ-11
BEAR-01 REQ-12 SCOPE-06 TOK-10
WORK-06 WORK-07
"""
RULES = (Rule(tuple(IDS.split()), "a refused request with its problem", refusals),)
