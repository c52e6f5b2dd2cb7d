"""The token endpoint and what follows a token."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from devgw.diagnosis.exchange import is_authorize, is_token, query, response_json
from devgw.diagnosis.recent import asking_client
from devgw.diagnosis.rule import Rule, diagnosis
from devgw.diagnosis.rules.common import TOKEN, came_past, known_quirks
from devgw.diagnosis.urls import split_url
from devgw.diagnosis.view import SeenFlow
from devgw.events import Trace
from devgw.events.flow import Diagnosis

RESTARTS = 3
RESTART_WINDOW = timedelta(seconds=90)


def answer_of_wrong_shape(view: SeenFlow, now: datetime) -> Iterator[Diagnosis]:  # noqa: ARG001  every rule is asked in the same way
    """TOK-08: a token answer whose members do not have the RFC's types."""
    for trace in view.traces:
        if not is_token(trace) or trace.status != 200:
            continue
        answer = response_json(trace)
        wrong = {
            "expires_in": isinstance(answer.get("expires_in", 0), int),
            "token_type": isinstance(answer.get("token_type"), str),
            "access_token": isinstance(answer.get("access_token"), str),
            "scope": isinstance(answer.get("scope", ""), str),
        }
        for member, is_right in wrong.items():
            if not is_right:
                shown = type(answer[member]).__name__ if member in answer else "absent"
                cause = f"The token answer's {member} is {shown}."
                fix = f"Send {member} with the type of RFC 6749 §5.1."
                yield diagnosis("TOK-08", cause, fix, view=view, trace=trace, got=shown)


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


RULES = (
    Rule(("TOK-08",), "a token answer", answer_of_wrong_shape),
    Rule(
        ("PORT-01",),
        f"{RESTARTS} authorization requests within {RESTART_WINDOW.seconds} s, no token request",
        begins_over_and_over,
    ),
    Rule(("PORT-05",), "an authorization request whose redirect URI has the gateway's port", port_of_the_gateway),
)
