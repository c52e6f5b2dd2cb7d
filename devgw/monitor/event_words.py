"""What each event says, in one sentence; whoever shows it cleans and masks it."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from devgw.events import taxonomy as told
from devgw.events.taxonomy import Event, Outcome
from devgw.events.trace import Trace
from devgw.foreign.dates import standing_of
from devgw.foreign.text import encode_hidden
from devgw.monitor.masking import mask_form, mask_sentence
from devgw.problems.wrong_path import PathUnknown


def sentence(event: Event) -> str:
    """Return what happened, in one sentence; what clients call themselves is in it as it came."""
    tell = _SENTENCES.get(type(event))
    text = tell(event) if tell else event.name.replace("_", " ")
    if not event.reason_code or _needs_no_reason(event):
        return text
    page = f" ({event.diagnosis_id})" if event.diagnosis_id else ""
    return f"{text.rstrip('.')}: {event.reason_code.replace('_', ' ')}{page}"


def _nothing_there(event: told.PathNotFound) -> str:
    problem = event.problem
    return f"{problem.method} {problem.got}" if isinstance(problem, PathUnknown) else "nothing is served there"


def _turned_away(event: told.RequestTurnedAway) -> str:
    if not event.status:
        return f"what came from {event.peer} ended in the handshake of TLS"
    return f"{event.status} for what came from {event.peer}: it was no request that can be answered"


def _needs_no_reason(event: Event) -> bool:
    return isinstance(event, told.DiagnosisMade) or (
        isinstance(event, told.McpRequestRejected) and not event.had_credentials and event.status == 401
    )


def who(event: Event) -> str:
    """Return the client's name, or its id, or `a client`."""
    return event.client_name or event.client_id or "a client"


def _route(event: Event) -> str:
    return event.operation_id or "a route"


def _upstream(event: Event) -> str:
    return event.upstream_server_id or "an upstream"


def _as_id(event: Event) -> str:
    return f" as {event.client_id}" if event.client_id else ""


def _exchanged(event: told.HttpExchanged) -> str:
    trace = event.trace
    return f"{trace.method} {path_of(trace)} → {trace.status or 'no answer'} in {trace.duration_ms:.0f} ms"


def path_of(trace: Trace) -> str:
    """Return path and query of a request, secrets masked, and what would steer a terminal encoded as in a URL."""
    query = mask_form(trace.query.decode("latin-1"))
    return encode_hidden(mask_sentence(trace.path) + (f"?{query}" if query else ""))


def _call(event: told.McpCapabilityInvoked | told.McpCapabilityCompleted) -> str:
    return f"{event.mcp_method} {event.capability}" if event.capability else event.mcp_method


def _completed(event: told.McpCapabilityCompleted) -> str:
    how = "" if event.outcome is Outcome.SUCCESS else f" ({str(event.outcome).replace('_', ' ')})"
    times = f"{event.gateway_ms + event.upstream_ms:.0f} ms, {event.gateway_ms:.1f} of it here"
    return f"{who(event)} {_call(event)} on {_route(event)} → {event.status}{how} in {times}"


def _rejected(event: told.McpRequestRejected) -> str:
    what = event.mcp_method or "a request"
    where = event.operation_id or "an MCP route"
    if not event.had_credentials and event.status == 401:
        return f"{event.status} for {what} on {where}: challenged, no token was shown"
    return f"{event.status} for {what} of {who(event)} on {where}"


def _refreshed(event: told.McpAuthDownstreamTokenRefreshed) -> str:
    again = " (again: nobody had refreshed with the earlier answer)" if event.repeated else ""
    return f"{who(event)} refreshed {event.spent_token_id} → {event.access_token_id}{again}"


def _begun(event: told.McpAuthAuthorizationBegun) -> str:
    return f"{who(event)} asks for {event.scope or 'no scope'} on {event.resource}, back to {event.redirect_uri}"


def _finished(event: told.McpAuthLoginFinished) -> str:
    name = event.email or event.display_name or event.subject_id or "somebody"
    return f"{name} signed in" if event.outcome is Outcome.SUCCESS else "sign-in failed"


def _answered(event: told.McpAuthProviderAnswered) -> str:
    what = f"answered {event.status}" if event.status else "did not answer"
    return f"identity provider {what} in {event.duration_ms:.0f} ms" + (f": {event.error}" if event.error else "")


def _probed(event: told.McpAuthProviderProbed) -> str:
    found = "is not taken" if event.is_refused else "is taken"
    return f"the provider was asked without a browser: back to {event.callback_uri} {found}"


def _upstream_answered(event: told.McpAuthUpstreamAnswered) -> str:
    what = f"answered {event.status}" if event.status else f"did not answer ({event.error or 'no reason'})"
    said = f": {event.answer}" if event.answer else ""
    return f"{_upstream(event)}: {event.purpose}, {event.url} {what} in {event.duration_ms:.0f} ms{said}"


def _connection_begun(event: told.McpAuthUpstreamConnectionBegun) -> str:
    scope = f", scope {event.scope} from {event.scope_source}" if event.scope else ""
    mended = f", metadata mended by devgw.toml: {', '.join(event.overlaid)}" if event.overlaid else ""
    return (
        f"{_upstream(event)}: sign-in at {event.authorization_server} begun "
        f"as a client by {event.registered_by}{scope}{mended}"
    )


def _unmatched(event: told.McpCapabilityEntriesUnmatched) -> str:
    names = ", ".join(f"`{entry}`" + (f" (did you mean `{near}`?)" if near else "") for entry, near in event.entries)
    return f"{event.policy} on {_route(event)}: " + (
        f"no such {event.capability_kind} upstream: {names}"
        if names
        else f"every listed {event.capability_kind} exists"
    )


def _keys(event: told.McpAuthJwksFetched) -> str:
    what = f"{len(event.key_ids)} keys" if not event.error else event.error
    return f"keys of the identity provider fetched: {what}"


def _revoked(event: told.McpAuthDownstreamTokenRevoked) -> str:
    return f"{_many(len(event.token_ids), 'token')} of {who(event)} ended ({event.cause.replace('_', ' ')})"


def _stopping(event: told.GatewayStopping) -> str:
    cut = f"; cut off: {', '.join(event.unfinished)}" if event.unfinished else ""
    return f"gateway stops ({event.cause}){cut}"


def _many(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"


def _loaded(event: told.ConfigLoaded) -> str:
    changes = f": {'; '.join(event.changes)}" if event.changes else ""
    return f"configuration {event.generation} loaded, {_many(event.routes, 'route')}{changes}"


def _rejected_config(event: told.ConfigRejected) -> str:
    return f"configuration not loaded, generation {event.generation} stays: {'; '.join(event.findings)}"


_HELPER_STATES = {
    "running": "runs again",
    "limited": "runs with a limit",
    "waiting": "failed and is started again",
    "down": "is down",
    "done": "is done now",
}


def _helper(event: told.HelperStateChanged) -> str:
    return f"{event.helper} {_HELPER_STATES.get(event.state, event.state)}"


def _observer_failed(event: told.ObserverFailed) -> str:
    again = f", {event.times} times" if event.times > 1 else ""
    return f"a defect of devgw beside the requests: {event.who} failed on {event.on} ({event.kind}{again})"


def _until(moment: datetime | None) -> str:
    return f", until {moment:%H:%M:%S} UTC" if moment else ""


def _how(event: told.McpAuthClientRegistered) -> str:
    return f"{event.registered_by}, {event.kept_copy}" if event.kept_copy else event.registered_by


_SENTENCES: dict[type[Event], Callable[[Any], str]] = {
    told.HttpExchanged: _exchanged,
    told.McpRequestAccepted: lambda e: f"{who(e)} showed {e.token_id} on {_route(e)}",
    told.McpRequestRejected: _rejected,
    told.McpCapabilityInvoked: lambda e: f"{who(e)} {_call(e)} on {_route(e)}",
    told.McpCapabilityEntriesUnmatched: _unmatched,
    told.McpCapabilityListEmptied: lambda e: f"{e.policy} {'empties' if e.claims else 'shows'} {e.capability_kind}",
    told.McpCapabilityCompleted: _completed,
    told.McpAuthClientRegistered: lambda e: f"{who(e)} registered ({_how(e)}){_as_id(e)}",
    told.McpAuthClientRefused: lambda e: f"{who(e)} not registered ({e.registered_by})",
    told.McpAuthAuthorizationBegun: _begun,
    told.McpAuthAuthorizationRefused: lambda e: f"authorization of {who(e)} refused",
    told.McpAuthLoginBegun: lambda e: f"browser sent to {e.provider_url}, back to {e.callback_uri}",
    told.McpAuthLoginFinished: _finished,
    told.McpAuthSessionEnded: lambda e: f"{e.session_id or 'a session'} ended ({e.cause.replace('_', ' ')})",
    told.McpAuthConsentShown: lambda e: f"consent asked for {who(e)}, redirecting to {e.redirect_host}",
    told.McpAuthConsentApproved: lambda e: f"consent {'remembered' if e.remembered else 'given'} to {who(e)}",
    told.McpAuthConsentDenied: lambda e: f"consent denied to {who(e)}",
    told.McpAuthCodeIssued: lambda e: f"code {e.code_id} sent to {who(e)}{_until(e.expires_at)}",
    told.McpAuthCallbackProbed: lambda e: (
        f"port {e.port}, where a code was sent, {'is' if e.listens_v4 or e.listens_v6 else 'is not'} listened to"
    ),
    told.McpAuthDownstreamTokenIssued: lambda e: f"{who(e)} got {e.access_token_id}{_until(e.access_expires_at)}",
    told.McpAuthDownstreamTokenRefreshed: _refreshed,
    told.McpAuthDownstreamTokenRefused: lambda e: (
        f"{e.grant_type or 'token request'} of {who(e)} refused with {e.error}"
    ),
    told.McpAuthDownstreamTokenValidated: lambda e: f"{e.token_id} used for the first time",
    told.McpAuthDownstreamTokenRevoked: _revoked,
    told.McpAuthDownstreamTokenRestored: lambda e: f"{_many(len(e.token_ids), 'token')} of {who(e)} live again",
    told.McpAuthClientDeleted: lambda e: f"{who(e)} deleted ({e.cause.replace('_', ' ')})",
    told.McpAuthProviderAnswered: _answered,
    told.McpAuthProviderTokenChecked: lambda e: f"{e.token_id} of the identity provider: {e.verdict}",
    told.McpAuthJwksFetched: _keys,
    told.ClockSkewMeasured: lambda e: f"the provider's clock {standing_of(e.skew_seconds)}",
    told.McpAuthUpstreamAnswered: _upstream_answered,
    told.McpAuthUpstreamConnectionBegun: _connection_begun,
    told.McpAuthProviderProbed: _probed,
    told.McpAuthUpstreamLoginProbed: lambda e: f"{_upstream(e)}: its login page was looked at without a browser",
    told.McpAuthUpstreamConnectionEstablished: lambda e: f"{_upstream(e)}: connected{_until(e.expires_at)}",
    told.McpAuthUpstreamConnectionRefreshed: lambda e: f"{_upstream(e)}: credential renewed{_until(e.expires_at)}",
    told.McpAuthUpstreamConnectionLost: lambda e: f"{_upstream(e)}: connection lost ({e.cause.replace('_', ' ')})",
    told.ConfigLoaded: _loaded,
    told.ConfigRejected: _rejected_config,
    told.GatewayStarted: lambda e: f"gateway answers at {e.origin}, sign-in by {e.provider}",
    told.GatewayStopping: _stopping,
    told.HelperStateChanged: _helper,
    told.WatchedStepTaken: lambda e: f"{who(e)}: {e.words}",
    told.RequestTurnedAway: _turned_away,
    told.PathNotFound: _nothing_there,
    told.FaultMet: lambda e: f"a defect of devgw in {e.where}: {e.kind}",
    told.ObserverFailed: _observer_failed,
    told.ObserverSetAside: lambda e: f"{e.who} is set aside until the next start: it {e.cause}",
    told.EventsLost: lambda e: f"{_many(e.lost, 'event')} came faster than they could be observed, and are not shown",
    told.DiagnosisMade: lambda e: f"{e.diagnosis_id} {e.title}",
    told.DiagnosisWithdrawn: lambda e: f"{e.diagnosis_id} no longer holds",
}
