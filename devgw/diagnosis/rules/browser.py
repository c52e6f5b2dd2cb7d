"""The browser's way: sign-in, session, consent, and the redirect back to the client."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

from devgw.diagnosis.difference import explain_difference
from devgw.diagnosis.exchange import (
    is_authorize,
    is_server_metadata,
    is_token,
    query,
    response_header,
    response_json,
)
from devgw.diagnosis.rule import Observation, Rule, diagnosis
from devgw.diagnosis.rules.common import CODE, TOKEN, came_past
from devgw.diagnosis.urls import split_url
from devgw.diagnosis.view import SeenFlow
from devgw.events import Trace
from devgw.events.flow import Diagnosis
from devgw.events.taxonomy import (
    McpAuthAuthorizationBegun,
    McpAuthConsentShown,
    McpAuthLoginBegun,
    McpAuthLoginFinished,
)

SILENT_LOGIN = timedelta(seconds=1)
UNREDEEMED = timedelta(seconds=3)
_UNTIL_TAKEN: dict[str, Any] = {"certain": False, "gone_when": "the client redeems the code"}
"""Clients may look at `iss` (RFC 9207 §2.4), and only those that do stop there."""


def answers(view: SeenFlow) -> Iterator[tuple[Trace, dict[str, str], str]]:
    """Yield each redirect to the client: the exchange, the answer's parameters, and where it led without them."""
    for trace in view.traces:
        location = response_header(trace, b"location")
        sent = _parameters(location)
        if trace.status in (302, 303) and ("code" in sent or "error" in sent) and not _is_to_us(trace, location):
            yield trace, sent, location.partition("?")[0]


def _parameters(location: str) -> dict[str, str]:

    return dict(parse_qsl(split_url(location).query.text))


def _is_to_us(trace: Trace, location: str) -> bool:
    """Tell whether a redirect stays at the gateway instead of going to the client."""
    target = split_url(location)
    asked = split_url(f"{trace.scheme}://{trace.host}")
    same_port = target.effective_port == asked.effective_port
    same_host = target.host_name == asked.host_name or (target.is_loopback and asked.is_loopback)
    return not target.scheme.text or (same_host and same_port)


def answer_without_issuer(view: SeenFlow, now: datetime) -> Iterator[Diagnosis]:  # noqa: ARG001  every rule is asked in the same way
    """DISC-07 and DISC-08: the `iss` of the answer is missing, or is not the issuer that the client read."""
    promised = _promised(view)
    for trace, sent, _ in answers(view):
        if "error" in sent or _was_taken(view, trace) or not promised:
            continue
        issuer, got = str(promised.get("issuer", "")), sent.get("iss", "")
        if not got:
            cause = f"The metadata promises `iss`, but the redirect of {trace.path} carries none."
            fix = f"Add iss={issuer} to it."
            yield diagnosis("DISC-07", cause, fix, view=view, trace=trace, expected=issuer, **_UNTIL_TAKEN)
        elif got != issuer:
            difference = explain_difference(got, issuer, "issuer")
            cause = f"The client read issuer {issuer}, but its answer carries iss={got}."
            fix = _right_endpoint(view, promised) or difference.advice
            yield diagnosis("DISC-08", cause, fix, view=view, trace=trace, difference=difference, **_UNTIL_TAKEN)


def _was_taken(view: SeenFlow, answer: Trace) -> bool:
    """Tell whether the client took an answer, whatever became of the code in it."""
    redeemed = any(is_token(each) and each.started_at > answer.started_at for each in view.traces)
    return redeemed or came_past(view, TOKEN, answer.started_at)


def _right_endpoint(view: SeenFlow, document: dict[str, Any]) -> str:
    """Return what to do where the browser was not sent to the endpoint of the document that was read."""
    endpoint = str(document.get("authorization_endpoint", ""))
    asked = next((each.path for each in reversed(view.traces) if is_authorize(each)), "")
    if not endpoint or asked in ("", split_url(endpoint).path.text):
        return ""
    return f"Let the client send the browser to {endpoint}, as that metadata says; it was sent to {asked}."


def _promised(view: SeenFlow) -> dict[str, Any]:
    """Return the server metadata that this client read last, where that promises `iss`."""
    for trace in reversed(view.traces):
        document = response_json(trace) if is_server_metadata(trace) else {}
        if document.get("authorization_response_iss_parameter_supported") is True:
            return document
    return {}


def policy_blocks_redirect(view: SeenFlow, now: datetime) -> Iterator[Diagnosis]:
    """CONS-01: the consent page's form-action does not allow where the form is led."""
    for trace, _, target in answers(view):
        if trace.method != "POST" or came_past(view, TOKEN, trace.started_at) or view.quiet_for(now) < UNREDEEMED:
            continue
        policy = next((found for page in view.traces if (found := _form_action(page))), "")
        if policy and not _allows(policy, target):
            yield diagnosis(
                "CONS-01",
                f"The consent page allows form-action {policy}; Chromium blocks the redirect to {target}.",
                f"Add {_source(target)} to form-action on the consent page.",
                view=view,
                trace=trace,
                got=policy,
                expected=_source(target),
            )
            return


def _form_action(page: Trace) -> str:
    directives = response_header(page, b"content-security-policy").split(";")
    return next((each.strip()[12:] for each in directives if each.strip().startswith("form-action ")), "")


def _allows(policy: str, target: str) -> bool:
    scheme = split_url(target).scheme.text
    sources = policy.split()
    return (
        _source(target) in sources
        or f"{scheme}:" in sources
        or "*" in sources
        or any(source.endswith(":*") and split_url(target).origin.startswith(source[:-2]) for source in sources)
    )


def _source(target: str) -> str:
    parts = split_url(target)
    return parts.origin if parts.scheme.text in ("http", "https") else f"{parts.scheme.text}:"


def wrong_account(view: SeenFlow, now: datetime) -> Iterator[Diagnosis]:  # noqa: ARG001
    """SESS-07: the provider answered at once, with another person than this client had before."""
    begun, finished = view.last(McpAuthLoginBegun), view.last(McpAuthLoginFinished)
    if begun is None or finished is None or not timedelta() <= finished[0] - begun[0] < SILENT_LOGIN:
        return
    before = _person_before(view, finished[0])
    person = finished[1].email or finished[1].subject_id
    if before and person and before != person:
        yield diagnosis(
            "SESS-07",
            f"Signed in as {person} without being asked; the last login of this client was {before}.",
            "Sign out at the identity provider first, or use the consent page's switch-account link.",
            view=view,
            got=str(person),
            expected=before,
            certain=False,
        )


def _person_before(view: SeenFlow, moment: datetime) -> str | None:
    for at, event in view.around.recent.of_kind(McpAuthLoginFinished):
        if at < moment and event.outcome == "success" and event.client_id == view.flow.client_id:
            return str(event.email or event.subject_id or "")
    return None


def lost_after_login(view: SeenFlow, now: datetime) -> Iterator[Diagnosis]:
    """SESS-06: the login came back, and its authorization request went no further."""
    finished = view.last(McpAuthLoginFinished)
    if finished is None or finished[1].outcome != "success" or now - finished[0] < timedelta(seconds=20):
        return
    moved = came_past(view, CODE, finished[0]) or view.seen_after(McpAuthConsentShown, finished[0])
    if not moved and not view.seen_after(McpAuthAuthorizationBegun, finished[0]) and view.flow.failure is None:
        yield diagnosis(
            "SESS-06",
            "The login finished, but neither a consent page nor a code followed for this request.",
            "Start the connection again from the client; keep the tab until it says that it is done.",
            view=view,
            at=finished[0],
            gone_when="the consent page is shown or a code is issued",
        )


def error_left_open(view: SeenFlow, now: datetime) -> Iterator[Diagnosis]:  # noqa: ARG001
    """SESS-08: a callback with an error, and the same state again with a code."""
    failed: dict[str, Trace] = {}
    for trace in view.traces:
        sent = query(trace) if trace.path.endswith("/callback") else {}
        if "error" in sent and "state" in sent:
            failed[sent["state"]] = trace
        elif "code" in sent and sent.get("state", "") in failed and trace.status < 400:
            yield diagnosis(
                "SESS-08",
                "The state of a login that had ended in an error was taken again with a code.",
                "Spend the state with the error too.",
                view=view,
                trace=trace,
            )


RULES = (
    Rule(("DISC-07", "DISC-08"), "the metadata the client read and the redirect it got", answer_without_issuer),
    Rule(
        ("CONS-01",),
        "the consent page's policy, the redirect after it, 3 s without a token request",
        policy_blocks_redirect,
    ),
    Rule(("SESS-07",), "two logins of one client with different persons, the second within a second", wrong_account),
    Rule(("SESS-06",), "a finished login and 20 s without consent or code", lost_after_login, Observation.ABSENCE),
    Rule(("SESS-08",), "two callbacks with one state, the first an error", error_left_open),
)
