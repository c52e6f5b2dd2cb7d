"""The token endpoint and what follows a token."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from devgw.diagnosis.exchange import is_authorize, is_token, query, response_json
from devgw.diagnosis.recent import asking_client
from devgw.diagnosis.rule import Rule, diagnosis
from devgw.diagnosis.rules.common import TOKEN, came_past, known_quirks
from devgw.diagnosis.urls import split_url
from devgw.diagnosis.view import SeenFlow
from devgw.events import Trace
from devgw.events.flow import Diagnosis
from devgw.oauth.text import unsendable_in

_TOKEN, _OK = "token", 200
"""What a request is for, where it is one to a token endpoint that is watched."""
_WANTED = {
    "expires_in": "a number of seconds above 0, or leave it out",
    "token_type": 'a string, "Bearer" where no proof of possession is asked for',
    "access_token": "a string of visible ASCII characters without a space",
    "scope": "a string",
}
RESTARTS = 3
RESTART_WINDOW = timedelta(seconds=90)


def answer_of_wrong_shape(view: SeenFlow, now: datetime) -> Iterator[Diagnosis]:  # noqa: ARG001  every rule is asked in the same way
    """TOK-08: a token answer whose members are not what the RFC has there, or of no use."""
    for trace in view.traces:
        if (is_token(trace) or trace.asked == _TOKEN) and trace.status == _OK and trace.problem is None:
            for member, shown in _odd_members(response_json(trace)).items():
                cause = f"The token answer's {member} is {shown}."
                fix = f"Send {member} as {_WANTED[member]} (RFC 6749 §5.1)."
                yield diagnosis("TOK-08", cause, fix, view=view, trace=trace, got=shown)


def _odd_members(answer: Mapping[str, Any]) -> dict[str, str]:
    """Return what is wrong with members of a token answer, in words, by their names; no token is in them."""
    right = {
        "expires_in": type(answer.get("expires_in", 1)) in (int, float),
        "token_type": isinstance(answer.get("token_type"), str),
        "access_token": isinstance(answer.get("access_token"), str),
        "scope": isinstance(answer.get("scope", ""), str),
    }
    odd = {each: type(answer[each]).__name__ if each in answer else "absent" for each in right if not right[each]}
    if right["expires_in"] and answer.get("expires_in", 1) <= 0:
        odd["expires_in"] = f"{answer['expires_in']}: by that the token ended as it was given"
    if right["access_token"] and (unsendable := unsendable_in(answer["access_token"])):
        odd["access_token"] = f"one that no header carries: {unsendable}"
    return odd


def begins_over_and_over(view: SeenFlow, now: datetime) -> Iterator[Diagnosis]:
    """PORT-01: the same client begins the login again and again and redeems nothing."""
    client_id = view.flow.client_id
    if not client_id:  # what others of its kind began would be counted as its own
        return
    own = [each for each in view.traces if is_authorize(each) and asking_client(each) == client_id]
    elsewhere = view.around.requests.authorizations(client_id)
    seen = {each.id: each for each in (*elsewhere, *own) if now - each.started_at < RESTART_WINDOW}
    recent = sorted((each for each in seen.values() if each.status in (200, 302, 303)), key=_moment)
    states = {query(trace).get("state") or query(trace).get("code_challenge", "") for trace in recent}
    if len(states) < RESTARTS or came_past(view, TOKEN, recent[0].started_at):
        return
    port = split_url(query(recent[-1]).get("redirect_uri", "")).port.text
    yield diagnosis(
        "PORT-01",
        f"{view.who} began the login {len(states)} times within {RESTART_WINDOW.seconds} s and redeemed no code.",
        f"Look into its log for why it starts again; something may hold its callback port{f' {port}' if port else ''}, "
        "such as an older process of it: then stop that, and connect once.",
        view=view,
        trace=recent[-1],
        evidence=known_quirks(view, "PORT-01"),
        certain=False,
        gone_when="a code is redeemed",
    )


def _moment(trace: Trace) -> datetime:
    return trace.started_at


def port_of_the_gateway(view: SeenFlow, now: datetime) -> Iterator[Diagnosis]:  # noqa: ARG001
    """PORT-05: the client's callback has the gateway's own port."""
    for trace in view.traces:
        uri = split_url(query(trace).get("redirect_uri", "")) if is_authorize(trace) else None
        own = split_url(f"http://{trace.host}").effective_port
        is_ours = (
            uri is not None
            and uri.is_loopback
            and uri.effective_port == own
            and split_url(f"http://{trace.host}").is_loopback
        )
        if is_ours and uri is not None and not uri.path.text.startswith("/oauth/"):
            yield diagnosis(
                "PORT-05",
                f"The redirect URI's port {own} is the gateway's own: the client cannot listen there.",
                "Give the client another callback port, or start devgw with --port.",
                view=view,
                trace=trace,
                got=uri.origin,
            )
            return


ANSWER = Rule(("TOK-08",), "a token answer", answer_of_wrong_shape)
"""Also of a server that is watched."""
RULES = (
    ANSWER,
    Rule(
        ("PORT-01",),
        f"{RESTARTS} authorization requests within {RESTART_WINDOW.seconds} s, no token request",
        begins_over_and_over,
    ),
    Rule(("PORT-05",), "an authorization request whose redirect URI has the gateway's port", port_of_the_gateway),
)
