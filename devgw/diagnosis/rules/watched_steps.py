"""Somebody's server as its client goes through it: the answer to the login, and what a browser hides from a page."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

from devgw.diagnosis.exchange import asked_url, query, response_header, response_json
from devgw.diagnosis.rule import Rule, diagnosis
from devgw.diagnosis.urls import split_url
from devgw.diagnosis.view import SeenFlow
from devgw.events import Trace
from devgw.events.flow import Diagnosis, FlowState, Step, StepState
from devgw.events.trace import CLIENT_LEFT
from devgw.foreign.text import clean
from devgw.oauth.text import unsendable_in

SILENCE = timedelta(seconds=2)
"""After which a client that redeems no code has thrown it away."""
_PROMISE = "authorization_response_iss_parameter_supported"
_CALLBACK, _SERVER, _AUTHORIZE, _TOKEN = "callback", "server metadata", "authorize", "token"
"""What a request to a watched server was for (`Trace.asked`)."""
_METADATA = frozenset({"resource metadata", _SERVER})
_SHOWN = 200
_WANTED = {
    "expires_in": "a number of seconds above 0, or leave it out",
    "access_token": "a string of visible ASCII characters without a space",
}
_PATIENCE = timedelta(seconds=3)
"""After which a client that leaves before an answer has given it up, and was not merely stopped."""
_UNTIL_CALLED: Mapping[str, Any] = {"gone_when": "a call of the client's is answered"}
_PREFLIGHT_FAILS = 300
_REPEAT_STATE = "Let the authorization server repeat `state` as it was sent, with a code and with an error."


def answers_of_the_login(view: SeenFlow, now: datetime) -> Iterator[Diagnosis]:
    """DISC-07, DISC-08, SESS-11: the server's answer went to the client, which made nothing of it."""
    if view.flow.mark(Step.TOKEN).state is not StepState.NOT_REACHED or view.quiet_for(now) < SILENCE:
        return
    answer = next((each for each in reversed(view.traces) if _answer_in(each)), None)
    if answer is None:
        return
    server = next((each for each in reversed(view.traces) if each.asked == _SERVER and _is_read(each)), None)
    if (lost := _state_lost(view, answer)) is not None:
        yield diagnosis("SESS-11", lost, _REPEAT_STATE, view=view, trace=answer, step=Step.CODE)
    if server is not None:
        yield from _issuer_wrong(view, answer, response_json(server))


def _answer_in(trace: Trace) -> dict[str, str]:
    """Return what a server answered to a login, be it at once and without a page; empty where it did not."""
    said = query(trace) if trace.asked == _CALLBACK else {}
    if trace.asked == _AUTHORIZE:
        before, _, answer = response_header(trace, b"location").partition("?")
        asked = query(trace).get("redirect_uri", "").partition("?")[0]
        said = dict(parse_qsl(answer.partition("#")[0])) if before == asked else {}
    return said if {"code", "error"} & said.keys() else {}


def _is_read(trace: Trace) -> bool:
    return trace.status == 200 and not trace.response_body.truncated


def _state_lost(view: SeenFlow, answer: Trace) -> str | None:
    """Return how an answer has not the `state` of its request, as far as that was seen; None where it may have it.

    A client that sent none waits for none, and an empty one is none (RFC 6749 §3.1).
    """
    begun = next((each for each in reversed(view.traces) if each.asked == _AUTHORIZE and _is_until(each, answer)), None)
    given, got = query(begun).get("state") if begun is not None else None, _answer_in(answer).get("state")
    if begun is not None and not given:
        return None
    if got is None:
        return "The authorization server sent the browser back without the `state` that it was given."
    if begun is answer and got != given:
        return "The authorization server sent the browser back with another `state` than it was given."
    return None


def _is_until(trace: Trace, moment: Trace) -> bool:
    return trace.started_at <= moment.started_at


def _issuer_wrong(view: SeenFlow, answer: Trace, document: dict[str, object]) -> Iterator[Diagnosis]:
    """Compare the answer's `iss` with the issuer whose metadata the client read (RFC 9207 §2.4)."""
    issuer, said = str(document.get("issuer", "")), _answer_in(answer).get("iss")
    owner = f"The authorization server at {clean(split_url(issuer).origin, _SHOWN)}"
    if said is None and document.get(_PROMISE) is True:
        cause = f"{owner} says {_PROMISE}, and its answer to the login has no `iss`."
        fix = f"Send iss={clean(issuer, _SHOWN)} with each answer, or take {_PROMISE} out of its metadata."
        yield diagnosis("DISC-07", cause, fix, view=view, trace=answer, step=Step.CODE)
    elif said is not None and said != issuer:
        cause = f"{owner} answered the login with iss={clean(said, _SHOWN)}; its issuer is {clean(issuer, _SHOWN)}."
        fix = f"Let `iss` in the answer be {clean(issuer, _SHOWN)}, letter for letter."
        yield diagnosis("DISC-08", cause, fix, view=view, trace=answer, step=Step.CODE)


def hidden_from_pages(view: SeenFlow, now: datetime) -> Iterator[Diagnosis]:
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


def _went_on(view: SeenFlow, preflight: Trace) -> bool:
    asked = view.last_asked.get(preflight.path)
    return asked is not None and asked >= preflight.started_at


def _is_hidden(trace: Trace) -> bool:
    allowed = response_header(trace, b"access-control-allow-origin")
    return trace.status == 200 and allowed not in {"*", trace.header(b"origin")}


def _preflight_refused(view: SeenFlow, trace: Trace) -> Diagnosis:
    name = "CORS-02" if trace.status == 401 else "CORS-01"
    cause = f"The preflight of {asked_url(trace)} was answered {trace.status}, so that the browser asks no further."
    fix = f"Answer OPTIONS with 204 and the allow headers at {split_url(asked_url(trace)).origin}, without a token."
    return diagnosis(name, cause, fix, view=view, trace=trace, step=Step.DISCOVER)


def _hidden(view: SeenFlow, trace: Trace) -> Diagnosis:
    allowed = response_header(trace, b"access-control-allow-origin") or "nothing"
    cause = (
        f"{asked_url(trace)} is answered with Access-Control-Allow-Origin: {clean(allowed, _SHOWN)}, so that the "
        f"browser hides it from the page of {clean(trace.header(b'origin'), _SHOWN)}."
    )
    fix = f"Send Access-Control-Allow-Origin: * with the metadata at {split_url(asked_url(trace)).origin}."
    return diagnosis("CORS-06", cause, fix, view=view, trace=trace, step=Step.DISCOVER)


def tokens_of_another_kind(view: SeenFlow, now: datetime) -> Iterator[Diagnosis]:
    """TOK-08: tokens came that a strict client does not take for bearer tokens, and it made no call with them."""
    if view.quiet_for(now) < SILENCE:
        return
    given = next((each for each in reversed(view.traces) if each.asked == _TOKEN and _is_read(each)), None)
    if given is None or any(each.kind == "mcp" and each.started_at > given.started_at for each in view.traces):
        return
    document = response_json(given)
    kind = document.get("token_type")
    if "access_token" not in document or (isinstance(kind, str) and kind.lower() == "bearer"):
        return
    said = f"token_type {clean(str(kind), _SHOWN)}" if kind is not None else "no token_type"
    cause = f"{asked_url(given)} gave an access token with {said}, and no call came with it."
    fix = f"Answer with token_type Bearer (RFC 6749 §5.1) at {split_url(asked_url(given)).origin}."
    yield diagnosis("TOK-08", cause, fix, view=view, trace=given, step=Step.TOKEN, gone_when="the client calls")


def tokens_of_no_use(view: SeenFlow, now: datetime) -> Iterator[Diagnosis]:
    """TOK-08: tokens came that have ended by their own answer, or that no header carries; no call was answered well.

    A client that goes on with them has no trouble. Seconds as a string are taken by every client.
    """
    given = next((each for each in reversed(view.traces) if each.asked == _TOKEN and _is_read(each)), None)
    if given is None or given.problem is not None or _may_be_used(view, given, now):
        return
    for member, shown in _of_no_use(response_json(given)).items():
        cause = f"{asked_url(given)} answered with {member} that is {shown}."
        fix = f"Send {member} as {_WANTED[member]} (RFC 6749 §5.1) at {split_url(asked_url(given)).origin}."
        yield diagnosis("TOK-08", cause, fix, view=view, trace=given, step=Step.TOKEN, got=shown, **_UNTIL_CALLED)


def _may_be_used(view: SeenFlow, given: Trace, now: datetime) -> bool:
    """Tell whether a call after the tokens was answered well, or may still come."""
    if view.last_good_call is not None and view.last_good_call > given.started_at:
        return True
    has_called = any(each.kind == "mcp" and each.started_at > given.started_at for each in view.traces)
    return not has_called and view.quiet_for(now) < SILENCE


def _of_no_use(answer: Mapping[str, Any]) -> dict[str, str]:
    """Return what is wrong with members of a token answer, in words, by their names; no token is in them."""
    odd, lives, access = {}, answer.get("expires_in"), answer.get("access_token")
    if isinstance(access, str) and (unsendable := unsendable_in(access)):
        odd["access_token"] = f"one that no header carries: {unsendable}"
    if lives is not None and not _is_ahead(lives):
        odd["expires_in"] = f"{clean(json.dumps(lives), 40)}, which is no time to come"
    return odd


def _is_ahead(lives: Any) -> bool:
    """Tell whether a lifetime is one: a number above 0, be it in a string."""
    try:
        return not isinstance(lives, bool) and (float(lives) if isinstance(lives, str) else lives) > 0
    except (TypeError, ValueError):
        return False


def left_before_an_answer(view: SeenFlow, now: datetime) -> Iterator[Diagnosis]:
    """NET-04: the client gave a step of its login up, to which the server had not answered."""
    if view.flow.state is FlowState.DONE or view.quiet_for(now) < SILENCE or not view.traces:
        return
    last = max(view.traces, key=lambda each: each.started_at)
    waited = timedelta(milliseconds=last.duration_ms)
    if last.status != CLIENT_LEFT or last.kind == "mcp" or waited < _PATIENCE:
        return
    cause = f"{asked_url(last)} had not answered after {waited.total_seconds():.0f} s, when the client gave up."
    fix = f"Look into the log of {split_url(asked_url(last)).origin}: it does not answer this request in time."
    yield diagnosis("NET-04", cause, fix, view=view, trace=last, gone_when="the client goes on")


RULES: tuple[Rule, ...] = (
    Rule(("TOK-08",), "tokens that have ended, or that no header carries", tokens_of_no_use),
    Rule(("TOK-08",), "tokens that are none of bearers, and no call", tokens_of_another_kind),
    Rule(("NET-04",), "an answer that a client did not wait for", left_before_an_answer),
    Rule(("DISC-07", "DISC-08", "SESS-11"), "the answer to the login, and no code redeemed", answers_of_the_login),
    Rule(("CORS-01", "CORS-02", "CORS-06"), "what a page asked of a watched server", hidden_from_pages),
)
