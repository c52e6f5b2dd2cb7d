"""Somebody's server as its client goes through it: the answer to the login, and what a browser hides from a page."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from devgw.diagnosis.exchange import asked_url, query, response_header, response_json
from devgw.diagnosis.rule import Rule, diagnosis
from devgw.diagnosis.urls import split_url
from devgw.diagnosis.view import View
from devgw.events import Trace
from devgw.events.flow import Diagnosis, FlowState, Step, StepState
from devgw.foreign.text import clean

SILENCE = timedelta(seconds=2)
"""After which a client that redeems no code has thrown it away."""
_PROMISE = "authorization_response_iss_parameter_supported"
_CALLBACK, _SERVER = "callback", "server metadata"
"""What a request to a watched server was for (`Trace.asked`)."""
_METADATA = frozenset({"resource metadata", _SERVER})
_SHOWN = 200
_PREFLIGHT_FAILS = 300


def answers_of_the_login(view: View, now: datetime) -> Iterator[Diagnosis]:
    """DISC-07, DISC-08, SESS-11: the server's answer went to the client, which made nothing of it."""
    if view.flow.mark(Step.TOKEN).state is not StepState.NOT_REACHED or view.quiet_for(now) < SILENCE:
        return
    answer = next((each for each in reversed(view.traces) if each.asked == _CALLBACK), None)
    if answer is None or not {"code", "error"} & query(answer).keys():
        return
    server = next((each for each in reversed(view.traces) if each.asked == _SERVER and _is_read(each)), None)
    if "state" not in query(answer):
        yield _state_lost(view, answer)
    if server is not None:
        yield from _issuer_wrong(view, answer, response_json(server))


def _is_read(trace: Trace) -> bool:
    return trace.status == 200 and not trace.response_body.truncated


def _state_lost(view: View, answer: Trace) -> Diagnosis:
    cause = "The authorization server sent the browser back without the `state` that it was given."
    fix = "Let the authorization server repeat `state` as it was sent, with a code and with an error."
    return diagnosis("SESS-11", cause, fix, view=view, trace=answer, step=Step.CODE)


def _issuer_wrong(view: View, answer: Trace, document: dict[str, object]) -> Iterator[Diagnosis]:
    """Compare the answer's `iss` with the issuer whose metadata the client read (RFC 9207 §2.4)."""
    issuer, said = str(document.get("issuer", "")), query(answer).get("iss")
    owner = f"The authorization server at {clean(split_url(issuer).origin, _SHOWN)}"
    if said is None and document.get(_PROMISE) is True:
        cause = f"{owner} says {_PROMISE}, and its answer to the login has no `iss`."
        fix = f"Send iss={clean(issuer, _SHOWN)} with each answer, or take {_PROMISE} out of its metadata."
        yield diagnosis("DISC-07", cause, fix, view=view, trace=answer, step=Step.CODE)
    elif said is not None and said != issuer:
        cause = f"{owner} answered the login with iss={clean(said, _SHOWN)}; its issuer is {clean(issuer, _SHOWN)}."
        fix = f"Let `iss` in the answer be {clean(issuer, _SHOWN)}, letter for letter."
        yield diagnosis("DISC-08", cause, fix, view=view, trace=answer, step=Step.CODE)


def hidden_from_pages(view: View, now: datetime) -> Iterator[Diagnosis]:
    """CORS-01, CORS-02, CORS-06: a browser keeps a page from what the server answers."""
    if view.flow.state is FlowState.DONE or view.quiet_for(now) < SILENCE:
        return
    asked = [each for each in view.traces if each.header(b"origin")]
    for trace in reversed(asked):
        if trace.method == "OPTIONS" and trace.status >= _PREFLIGHT_FAILS and not _went_on(view, trace):
            yield _preflight_refused(view, trace)
            return
        if trace.method == "GET" and trace.header(b"sec-fetch-mode") and trace.asked in _METADATA and _is_hidden(trace):
            yield _hidden(view, trace)
            return


def _went_on(view: View, preflight: Trace) -> bool:
    asked = view.last_asked.get(preflight.path)
    return asked is not None and asked >= preflight.started_at


def _is_hidden(trace: Trace) -> bool:
    allowed = response_header(trace, b"access-control-allow-origin")
    return trace.status == 200 and allowed not in {"*", trace.header(b"origin")}


def _preflight_refused(view: View, trace: Trace) -> Diagnosis:
    name = "CORS-02" if trace.status == 401 else "CORS-01"
    cause = f"The preflight of {asked_url(trace)} was answered {trace.status}, so that the browser asks no further."
    fix = f"Answer OPTIONS with 204 and the allow headers at {split_url(asked_url(trace)).origin}, without a token."
    return diagnosis(name, cause, fix, view=view, trace=trace, step=Step.DISCOVER)


def _hidden(view: View, trace: Trace) -> Diagnosis:
    allowed = response_header(trace, b"access-control-allow-origin") or "nothing"
    cause = (
        f"{asked_url(trace)} is answered with Access-Control-Allow-Origin: {clean(allowed, _SHOWN)}, so that the "
        f"browser hides it from the page of {clean(trace.header(b'origin'), _SHOWN)}."
    )
    fix = f"Send Access-Control-Allow-Origin: * with the metadata at {split_url(asked_url(trace)).origin}."
    return diagnosis("CORS-06", cause, fix, view=view, trace=trace, step=Step.DISCOVER)


RULES: tuple[Rule, ...] = (
    Rule(("DISC-07", "DISC-08", "SESS-11"), "the answer to the login, and no code redeemed", answers_of_the_login),
    Rule(("CORS-01", "CORS-02", "CORS-06"), "what a page asked of a watched server", hidden_from_pages),
)
