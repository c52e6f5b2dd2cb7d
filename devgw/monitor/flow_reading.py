"""What events and requests are to their flow: what was seen of it, in which words, and what it learns from that."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from devgw.events.flow import Flow
from devgw.events.taxonomy import (
    Event,
    McpAuthAuthorizationBegun,
    McpAuthAuthorizationRefused,
    McpAuthClientRefused,
    McpAuthClientRegistered,
    McpAuthCodeIssued,
    McpAuthConsentApproved,
    McpAuthConsentDenied,
    McpAuthConsentShown,
    McpAuthDownstreamTokenIssued,
    McpAuthDownstreamTokenRefreshed,
    McpAuthDownstreamTokenRefused,
    McpAuthLoginBegun,
    McpAuthLoginFinished,
    McpAuthProviderAnswered,
    McpCapabilityCompleted,
    McpRequestAccepted,
    McpRequestRejected,
    Outcome,
    PathNotFound,
    WatchedStepTaken,
)
from devgw.events.trace import CLIENT_LEFT, Trace
from devgw.monitor.asked import METADATA, Purpose
from devgw.monitor.flow_moves import FlowMove, move
from devgw.monitor.ladder import tell_provider
from devgw.problems.front import MethodNotOffered
from devgw.problems.login import CALLBACK_REFUSALS
from devgw.problems.provider_refusal import ProviderRefused
from devgw.problems.wrong_path import Meant, PathUnknown

Told = tuple[FlowMove, str]
"""What was seen, and the words for the list."""
_OF_EVERY_EVENT = ("client_id", "client_name", "operation_id", "subject_id", "session_id")
_LEARNT: dict[type[Event], tuple[str, ...]] = {
    McpAuthClientRegistered: ("registered_by",),
    McpAuthAuthorizationBegun: ("redirect_uri", "resource", "scope", "issuer"),
    McpAuthAuthorizationRefused: ("redirect_uri", "resource"),
    McpAuthCodeIssued: ("code_id", "redirect_uri"),
    McpAuthDownstreamTokenIssued: ("grant_id", "resource", "scope"),
    McpRequestAccepted: ("grant_id",),
    WatchedStepTaken: ("registered_by", "redirect_uri", "resource", "scope", "issuer", "code_id", "grant_id"),
}
_MOST_TOKENS = 100


def fold(flow: Flow, event: Event, at: datetime) -> None:
    """Change `flow` by what happened."""
    _learn(flow, event)
    if isinstance(event, McpAuthProviderAnswered):
        tell_provider(flow, event, at)
    elif (told := _TOLD.get(type(event))) is not None and not isinstance(event.problem, MethodNotOffered):
        move(flow, *told(event, flow), at=at, event=event)


def conclude(flow: Flow, trace: Trace, asked: Purpose, at: datetime) -> None:
    """Draw from a request what no event tells."""
    told = _of_request(trace, asked)
    if told is not None:
        move(flow, *told, at=at)


def _of_request(trace: Trace, asked: Purpose) -> Told | None:
    if trace.method == "OPTIONS":
        return FlowMove.PREFLIGHT, "preflight answered, waiting for the request"
    if asked in METADATA:
        return _discovered(trace, asked)
    is_good = 200 <= trace.status < 300 and trace.outcome == Outcome.SUCCESS  # on a route for everybody without a token
    if asked is Purpose.MCP and is_good:
        return FlowMove.CALL_ANSWERED, f"{trace.mcp_method or trace.method} {trace.status}"
    return None


def _discovered(trace: Trace, asked: Purpose) -> Told:
    if trace.status >= 400:
        return FlowMove.METADATA_MISSING, f"{trace.status} for {trace.path}"
    if asked is Purpose.SERVER_METADATA:
        return FlowMove.SERVER_METADATA, "metadata read, waiting for registration or authorization"
    return FlowMove.RESOURCE_METADATA, "resource metadata read, waiting for the server's metadata"


def _learn(flow: Flow, event: Event) -> None:
    """Take over who and where, as far as the event knows it."""
    for name in (*_OF_EVERY_EVENT, *_LEARNT.get(type(event), ())):
        setattr(flow, name, getattr(event, name) or getattr(flow, name))
    if event.transaction_id and event.transaction_id not in flow.transaction_ids:
        flow.transaction_ids.append(event.transaction_id)
    match event:
        case McpAuthClientRegistered() | McpAuthAuthorizationBegun():
            flow.kept_copy = event.kept_copy
        case McpAuthLoginFinished():
            flow.subject_email = event.email or flow.subject_email
        case McpAuthDownstreamTokenIssued() | McpAuthDownstreamTokenRefreshed():
            issued = (event.access_token_id, event.refresh_token_id)
            flow.token_ids += [each for each in issued if each and each not in flow.token_ids]
            del flow.token_ids[:-_MOST_TOKENS]


def _login_finished(event: McpAuthLoginFinished, _flow: Flow) -> Told:
    if event.outcome is Outcome.SUCCESS:
        return FlowMove.SIGNED_IN, f"signed in as {event.email or event.subject_id or 'somebody'}"
    said = event.explanation or event.reason_code or ""
    if isinstance(event.problem, CALLBACK_REFUSALS):
        return FlowMove.CALLBACK_REFUSED, said
    return (FlowMove.REFUSED_AT_PROVIDER if isinstance(event.problem, ProviderRefused) else FlowMove.LOGIN_FAILED), said


def _approved(event: McpAuthConsentApproved, _flow: Flow) -> Told:
    if event.remembered:
        return FlowMove.CONSENT_REMEMBERED, "consent remembered"
    return FlowMove.CONSENT_GIVEN, "consent given"


def _token_refused(event: McpAuthDownstreamTokenRefused, _flow: Flow) -> Told:
    is_refresh = event.grant_type == "refresh_token"
    return FlowMove.REFRESH_REFUSED if is_refresh else FlowMove.TOKEN_REFUSED, event.explanation or event.error


def _rejected(event: McpRequestRejected, _flow: Flow) -> Told:
    if not event.had_credentials:
        return FlowMove.CHALLENGED, "challenged, waiting for the client to discover"
    words = f"{event.status} {(event.reason_code or '').replace('_', ' ')}".strip()
    return FlowMove.CALL_FORBIDDEN if event.status == 403 else FlowMove.CALL_REFUSED, words


def _path_missed(event: PathNotFound, _flow: Flow) -> Told:
    is_callback = isinstance(event.problem, PathUnknown) and event.problem.meant is Meant.CALLBACK
    return FlowMove.CALLBACK_REFUSED if is_callback else FlowMove.PATH_MISSED, event.explanation or ""


def _completed(event: McpCapabilityCompleted, _flow: Flow) -> Told:
    what = f"{event.mcp_method} {event.status}"
    if event.outcome is Outcome.CONNECT_REQUIRED:
        return FlowMove.CONNECT_REQUIRED, "the upstream has to be connected first"
    if event.outcome is Outcome.FAILURE:
        return FlowMove.CALL_FAILED, event.explanation or what
    if event.status == CLIENT_LEFT:
        return FlowMove.CALL_BEGUN, f"{event.mcp_method}: the client left before it was answered"
    return FlowMove.CALL_ANSWERED, what


_TOLD: dict[type[Event], Callable[[Any, Flow], Told]] = {
    McpAuthClientRegistered: lambda e, _: (FlowMove.REGISTERED, f"registered as {e.client_name or e.client_id}"),
    McpAuthClientRefused: lambda e, _: (FlowMove.REGISTRATION_REFUSED, e.explanation or ""),
    McpAuthAuthorizationBegun: lambda *_: (FlowMove.AUTHORIZATION_BEGUN, "authorization asked for"),
    McpAuthAuthorizationRefused: lambda e, _: (FlowMove.AUTHORIZATION_REFUSED, e.explanation or ""),
    McpAuthLoginBegun: lambda *_: (FlowMove.SENT_TO_PROVIDER, "waiting for the person to sign in"),
    McpAuthLoginFinished: _login_finished,
    McpAuthConsentShown: lambda *_: (FlowMove.CONSENT_SHOWN, "waiting for the person's consent"),
    McpAuthConsentApproved: _approved,
    McpAuthConsentDenied: lambda *_: (FlowMove.CONSENT_DENIED, "the person said no"),
    McpAuthCodeIssued: lambda *_: (FlowMove.CODE_SENT, "code sent, waiting for the client to redeem it"),
    McpAuthDownstreamTokenIssued: lambda *_: (FlowMove.TOKEN_ISSUED, "tokens issued, waiting for the first call"),
    McpAuthDownstreamTokenRefreshed: lambda _, flow: (
        FlowMove.TOKEN_REFRESHED,
        "401 then refreshed" if flow.needs_attention else "refreshed silently",
    ),
    McpAuthDownstreamTokenRefused: _token_refused,
    McpRequestAccepted: lambda e, _: (FlowMove.CALL_BEGUN, f"{e.mcp_method or 'request'} under way"),
    McpRequestRejected: _rejected,
    PathNotFound: _path_missed,
    McpCapabilityCompleted: _completed,
    WatchedStepTaken: lambda e, _: (FlowMove(e.step), e.words),
}
CHANGING = frozenset(_TOLD) | {McpAuthProviderAnswered}
"""The kinds of events that mean something to a flow."""
