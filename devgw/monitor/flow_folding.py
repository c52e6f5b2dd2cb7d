"""What each event means for its flow."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from devgw.events.bus import Published
from devgw.events.flow import Flow, FlowState, Milestone, Step, StepFailure, StepState
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
)
from devgw.monitor.ladder import tell_provider
from devgw.monitor.progress import begin_again, end, fail, finish, note, reach, skip


def fold(flow: Flow, published: Published) -> None:
    """Change `flow` by what happened."""
    event, at = published.event, published.at
    _learn(flow, event)
    folder = _FOLDERS.get(type(event))
    if folder is not None:
        folder(flow, event, at)


def _learn(flow: Flow, event: Event) -> None:
    """Take over who and where, as far as the event knows it."""
    flow.client_id = event.client_id or flow.client_id
    flow.client_name = event.client_name or flow.client_name
    flow.operation_id = event.operation_id or flow.operation_id
    flow.subject_id = event.subject_id or flow.subject_id
    flow.session_id = event.session_id or flow.session_id
    if event.transaction_id and event.transaction_id not in flow.transaction_ids:
        flow.transaction_ids.append(event.transaction_id)


def _failure(step: Step, event: Event, at: datetime, fallback: str) -> StepFailure:
    failure = StepFailure(step, event.reason_code or fallback, event.explanation or "", event.hint or "")
    failure.origin, failure.trace_id, failure.at = event.failure_origin, event.trace_id, at
    return failure


# --- client and authorization ---


def _registered(flow: Flow, event: McpAuthClientRegistered, at: datetime) -> None:
    finish(flow, Step.REGISTER, at)
    flow.registered_by = event.registered_by
    note(flow, at, Milestone.REGISTERED, f"registered as {event.client_name or event.client_id}")


def _client_refused(flow: Flow, event: McpAuthClientRefused, at: datetime) -> None:
    fail(flow, _failure(Step.REGISTER, event, at, "registration_refused"))
    note(flow, at, Milestone.REGISTRATION_REFUSED, flow.failure.explanation if flow.failure else "")


def _authorization_begun(flow: Flow, event: McpAuthAuthorizationBegun, at: datetime) -> None:
    if flow.mark(Step.AUTHORIZE).state in {StepState.DONE, StepState.FAILED}:
        begin_again(flow, Step.AUTHORIZE)
    finish(flow, Step.AUTHORIZE, at)
    flow.redirect_uri, flow.resource, flow.scope, flow.issuer = (
        event.redirect_uri,
        event.resource,
        event.scope,
        event.issuer,
    )
    flow.kept_copy = event.kept_copy
    note(flow, at, Milestone.AUTHORIZATION_BEGUN, "authorization asked for")


def _authorization_refused(flow: Flow, event: McpAuthAuthorizationRefused, at: datetime) -> None:
    flow.redirect_uri, flow.resource = event.redirect_uri or flow.redirect_uri, event.resource or flow.resource
    fail(flow, _failure(Step.AUTHORIZE, event, at, "authorization_refused"))
    note(flow, at, Milestone.AUTHORIZATION_REFUSED, event.explanation or "")


# --- person ---


def _login_begun(flow: Flow, event: McpAuthLoginBegun, at: datetime) -> None:
    reach(flow, Step.LOGIN, at)
    del event
    note(flow, at, Milestone.SENT_TO_IDP, "waiting for the person to sign in")


def _provider_answered(flow: Flow, event: McpAuthProviderAnswered, at: datetime) -> None:
    tell_provider(flow, event, at)


def _login_finished(flow: Flow, event: McpAuthLoginFinished, at: datetime) -> None:
    if event.outcome is Outcome.SUCCESS:
        finish(flow, Step.LOGIN, at)
        finish(flow, Step.CALLBACK, at)
        flow.subject_email = event.email or flow.subject_email
        note(flow, at, Milestone.SIGNED_IN, f"signed in as {event.email or event.subject_id or 'somebody'}")
        return
    reason = event.reason_code or ""
    is_ours = reason.startswith(("state_", "login_cookie"))
    step = Step.LOGIN if reason == "provider_refused" else Step.CALLBACK
    fail(flow, _failure(step, event, at, "login_failed"))
    note(flow, at, Milestone.CALLBACK_REFUSED if is_ours else Milestone.IDP_FAILED, event.explanation or reason)


def _consent_shown(flow: Flow, event: McpAuthConsentShown, at: datetime) -> None:
    del event
    reach(flow, Step.CONSENT, at)
    note(flow, at, Milestone.CONSENT_SHOWN, "waiting for the person's consent")


def _consent_approved(flow: Flow, event: McpAuthConsentApproved, at: datetime) -> None:
    if event.remembered:
        skip(flow, Step.CONSENT)
    else:
        finish(flow, Step.CONSENT, at)
    note(flow, at, Milestone.CONSENT_APPROVED, "consent remembered" if event.remembered else "consent given")


def _consent_denied(flow: Flow, event: McpAuthConsentDenied, at: datetime) -> None:
    fail(flow, _failure(Step.CONSENT, event, at, "access_denied"))
    note(flow, at, Milestone.CONSENT_DENIED, "the person said no")


# --- tokens ---


def _code_issued(flow: Flow, event: McpAuthCodeIssued, at: datetime) -> None:
    finish(flow, Step.CODE, at)
    flow.code_id, flow.redirect_uri = event.code_id, event.redirect_uri
    note(flow, at, Milestone.CODE_SENT, "code sent, waiting for the client to redeem it")


def _token_issued(flow: Flow, event: McpAuthDownstreamTokenIssued, at: datetime) -> None:
    finish(flow, Step.TOKEN, at)
    flow.grant_id = event.grant_id or flow.grant_id
    flow.resource, flow.scope = event.resource, event.scope
    _add_tokens(flow, event)
    note(flow, at, Milestone.TOKEN_ISSUED, "tokens issued, waiting for the first call")


def _add_tokens(flow: Flow, event: McpAuthDownstreamTokenIssued | McpAuthDownstreamTokenRefreshed) -> None:
    flow.token_ids += [
        id_ for id_ in (event.access_token_id, event.refresh_token_id) if id_ and id_ not in flow.token_ids
    ]
    del flow.token_ids[:-100]


def _token_refreshed(flow: Flow, event: McpAuthDownstreamTokenRefreshed, at: datetime) -> None:
    _add_tokens(flow, event)
    words = "401 then refreshed" if flow.needs_attention else "refreshed silently"
    note(flow, at, Milestone.TOKEN_REFRESHED, words)


def _token_refused(flow: Flow, event: McpAuthDownstreamTokenRefused, at: datetime) -> None:
    words = event.explanation or event.error
    if event.grant_type == "refresh_token" or flow.state is FlowState.DONE:
        flow.needs_attention = True
    else:
        fail(flow, _failure(Step.TOKEN, event, at, event.error))
    note(flow, at, Milestone.TOKEN_REFUSED, words)


# --- calls ---


def _accepted(flow: Flow, event: McpRequestAccepted, at: datetime) -> None:
    if flow.state is FlowState.DONE:
        flow.needs_attention = False
        return
    reach(flow, Step.MCP, at)
    flow.grant_id = event.grant_id or flow.grant_id
    note(flow, at, Milestone.MCP_ACCEPTED, f"{event.mcp_method or 'request'} under way")


def _rejected(flow: Flow, event: McpRequestRejected, at: datetime) -> None:
    if not event.had_credentials:
        _challenged(flow, at)
        return
    seen = Milestone.MCP_403 if event.status == 403 else Milestone.MCP_401_WITH_TOKEN
    words = f"{event.status} {(event.reason_code or '').replace('_', ' ')}".strip()
    if flow.state is FlowState.DONE:
        flow.needs_attention = True
    elif flow.mark(Step.TOKEN).state is StepState.DONE or flow.mark(Step.MCP).state is StepState.NOW:
        fail(flow, _failure(Step.MCP, event, at, "rejected"))
    else:
        reach(flow, Step.DISCOVER, at)
    note(flow, at, seen, words)


def _misled(flow: Flow, event: PathNotFound, at: datetime) -> None:
    """Let a flow stop where its client asks for something that is not there; one that got further is only told."""
    if flow.mark(Step.AUTHORIZE).state is StepState.NOT_REACHED:
        fail(flow, _failure(Step.DISCOVER, event, at, "path_unknown"))
        note(flow, at, Milestone.WELL_KNOWN_404, event.explanation or "")


def _challenged(flow: Flow, at: datetime) -> None:
    if flow.mark(Step.DISCOVER).state is StepState.NOT_REACHED:
        reach(flow, Step.DISCOVER, at)
    if flow.state is not FlowState.DONE:
        note(flow, at, Milestone.MCP_401, "challenged, waiting for the client to discover")


def _completed(flow: Flow, event: McpCapabilityCompleted, at: datetime) -> None:
    if flow.state is FlowState.DONE:
        return
    what = f"{event.mcp_method} {event.status}"
    if event.outcome is Outcome.CONNECT_REQUIRED:
        reach(flow, Step.MCP, at)
        note(flow, at, Milestone.CONNECT_REQUIRED, "the upstream has to be connected first")
    elif event.outcome is Outcome.FAILURE:
        fail(flow, _failure(Step.MCP, event, at, "call_failed"))
        note(flow, at, Milestone.MCP_ACCEPTED, event.explanation or what)
    else:
        arrive(flow, at, what)


def arrive(flow: Flow, at: datetime, words: str) -> None:
    """Let the flow have got where it wanted: a call was answered."""
    finish(flow, Step.MCP, at)
    end(flow, FlowState.DONE, at)
    note(flow, at, Milestone.MCP_ACCEPTED, words)


_FOLDERS: dict[type[Event], Callable[[Flow, Any, datetime], None]] = {
    McpAuthClientRegistered: _registered,
    McpAuthClientRefused: _client_refused,
    McpAuthAuthorizationBegun: _authorization_begun,
    McpAuthAuthorizationRefused: _authorization_refused,
    McpAuthLoginBegun: _login_begun,
    McpAuthProviderAnswered: _provider_answered,
    McpAuthLoginFinished: _login_finished,
    McpAuthConsentShown: _consent_shown,
    McpAuthConsentApproved: _consent_approved,
    McpAuthConsentDenied: _consent_denied,
    McpAuthCodeIssued: _code_issued,
    McpAuthDownstreamTokenIssued: _token_issued,
    McpAuthDownstreamTokenRefreshed: _token_refreshed,
    McpAuthDownstreamTokenRefused: _token_refused,
    McpRequestAccepted: _accepted,
    McpRequestRejected: _rejected,
    PathNotFound: _misled,
    McpCapabilityCompleted: _completed,
}
CHANGING = frozenset(_FOLDERS)
"""The kinds of events that mean something to a flow."""
