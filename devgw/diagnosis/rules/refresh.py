"""Refreshing: races, a client that does not, or does not take no for an answer."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from devgw.diagnosis.clients import forget_advice
from devgw.diagnosis.exchange import form, is_token, response_json
from devgw.diagnosis.rule import Observation, Rule, diagnosis
from devgw.diagnosis.rules.common import TOKEN, came_past, is_person_with_a_tool, known_quirks, mcp_requests
from devgw.diagnosis.surroundings import TokenStory
from devgw.diagnosis.view import SeenFlow
from devgw.events import Trace
from devgw.events.flow import Diagnosis
from devgw.events.taxonomy import (
    McpAuthDownstreamTokenIssued,
    McpAuthDownstreamTokenRefreshed,
    McpAuthDownstreamTokenRefused,
)
from devgw.ids import TokenId
from devgw.problems.bearer import TokenExpired
from devgw.problems.refresh_token import GrantRevoked, RefreshTokenReplayed

SAID_FOR = timedelta(minutes=10)
REFRESHES_WITHIN = timedelta(seconds=60)
"""What a client that refreshes needs after its 401 at the most: it does so at once."""
ENDED_FOR_A_REPLAY = (RefreshTokenReplayed, GrantRevoked)


def parallel_refresh(view: SeenFlow, now: datetime) -> Iterator[Diagnosis]:
    """REFR-01: a refresh token again before its successor was used, which was forgiven."""
    before: dict[TokenId, datetime] = {}
    for at, event in view.of_kind(McpAuthDownstreamTokenRefreshed):
        first = before.setdefault(event.spent_token_id, at)
        if event.repeated and now - at < SAID_FOR and not _was_taken_back(view, at):
            apart = f", {(at - first).total_seconds():.1f} s after the first time" if first != at else ""
            yield diagnosis(
                "REFR-01",
                f"A refresh ({event.spent_token_id}) was asked for again{apart}, and nobody had refreshed with the "
                "earlier answer: it was lost or not kept, or two processes refreshed at once.",
                "Let one process of the client refresh at a time; devgw forgave it, other servers revoke the grant.",
                view=view,
                at=at,
                got=event.spent_token_id,
                evidence=known_quirks(view, "REFR-01"),
                gone_when="ten minutes pass without another one",
            )
            return


def _was_taken_back(view: SeenFlow, since: datetime) -> bool:
    """Tell whether the grant was ended for a replay after `since`: then nothing is forgiven any more."""
    refused = view.of_kind(McpAuthDownstreamTokenRefused)
    return any(at > since and isinstance(event.problem, ENDED_FOR_A_REPLAY) for at, event in refused)


def never_refreshes(view: SeenFlow, now: datetime) -> Iterator[Diagnosis]:  # noqa: ARG001  every rule is asked in the same way
    """REFR-05: an expired token again and again, with an unused refresh token beside it."""
    expired = [trace for trace in mcp_requests(view) if isinstance(trace.problem, TokenExpired)]
    if len(expired) < 3 or _tried(view, expired[0].started_at):
        return
    story = view.around.tokens.get(expired[-1].token_id) if expired[-1].token_id else None
    unused = bool(story and story.refresh_token_id)
    yield diagnosis(
        "REFR-05",
        f"{view.who} sent the same token {len(expired)} times{_ago(expired[-1], story)}"
        + (" and holds a refresh token that it never used." if unused else "."),
        "Let the client run the OAuth flow itself; a token in a fixed header is never refreshed.",
        view=view,
        trace=expired[-1],
        got=str(expired[-1].token_id or ""),
    )


def _ago(trace: Trace, story: TokenStory | None) -> str:
    """Return for how long the token had been expired, in words."""
    if story is None or story.expires_at is None:
        return ""
    return f", last {(trace.started_at - story.expires_at).total_seconds():.0f} s after it had expired"


def stopped_after_expiry(view: SeenFlow, now: datetime) -> Iterator[Diagnosis]:
    """REFR-05, suspected: a call with an expired token was refused, and then nothing more came."""
    expired = [trace for trace in mcp_requests(view) if isinstance(trace.problem, TokenExpired)]
    if not expired or is_person_with_a_tool(view):
        return
    last = expired[-1]
    quiet = now - last.started_at
    if quiet < REFRESHES_WITHIN or _tried(view, last.started_at) or came_past(view, TOKEN, last.started_at):
        return
    yield diagnosis(
        "REFR-05",
        f"{view.who} called with a token that had expired, was answered 401 {quiet.total_seconds():.0f} s ago, and has "
        "neither refreshed nor signed in since.",
        "Let the client refresh, or sign in again, when a call is answered 401; if it was closed, nothing is to be "
        "done.",
        view=view,
        trace=last,
        got=str(last.token_id or ""),
        gone_when="it refreshes or signs in again",
    )


def _tried(view: SeenFlow, since: datetime) -> bool:
    """Tell whether a token request came after `since`."""
    return any(is_token(trace) and trace.started_at >= since for trace in view.traces)


def goes_on_after_refusal(view: SeenFlow, now: datetime) -> Iterator[Diagnosis]:  # noqa: ARG001
    """REFR-06: a refused refresh, then MCP calls with the old token, and no new login."""
    refused = [
        (at, event)
        for at, event in view.of_kind(McpAuthDownstreamTokenRefused)
        if event.grant_type == "refresh_token" and event.error == "invalid_grant"
    ]
    if not refused or came_past(view, TOKEN, refused[-1][0]):
        return
    after = [
        trace
        for trace in mcp_requests(view)
        if trace.started_at > refused[-1][0] and trace.status == 401 and _had_token(trace)
    ]
    if len(after) >= 2:
        yield diagnosis(
            "REFR-06",
            f"The refresh was refused for good ({refused[-1][1].reason_code}), and {view.who} goes on.",
            forget_advice(view.traits),
            view=view,
            trace=after[-1],
            source="RFC 6749 §5.2",
        )


def _had_token(trace: Trace) -> bool:
    return bool(trace.header(b"authorization"))


def refresh_without_successor(view: SeenFlow, now: datetime) -> Iterator[Diagnosis]:  # noqa: ARG001
    """REFR-02 and REFR-04: an answer without a refresh token, and an expired token after it without another refresh."""
    expired = [trace for trace in mcp_requests(view) if isinstance(trace.problem, TokenExpired)]
    for trace in view.traces:
        is_answer = is_token(trace) and trace.status == 200 and "refresh_token" not in response_json(trace)
        if not is_answer or not expired or expired[-1].started_at < trace.started_at:
            continue
        is_refresh = form(trace).get("grant_type") == "refresh_token"
        if not _tried(view, expired[-1].started_at):
            name = "REFR-04" if is_refresh else "REFR-02"
            cause = "The token answer had no refresh token, and the access token is expired now."
            fix = (
                "Keep the old refresh token where no new one comes."
                if is_refresh
                else "Ask for a grant that can be refreshed."
            )
            yield diagnosis(name, cause, fix, view=view, trace=trace)
            return


def resource_lost(view: SeenFlow, now: datetime) -> Iterator[Diagnosis]:  # noqa: ARG001
    """AUD-08: the resource after a refresh is not the one before."""
    issued = view.last(McpAuthDownstreamTokenIssued)
    for at, event in view.of_kind(McpAuthDownstreamTokenRefreshed):
        if issued and at > issued[0] and event.resource != issued[1].resource:
            yield diagnosis(
                "AUD-08",
                f"The token was for {issued[1].resource}; after the refresh it is for {event.resource}.",
                f"Send resource={issued[1].resource} in the refresh.",
                view=view,
                at=at,
                got=event.resource,
                expected=issued[1].resource,
            )
            return


RULES = (
    Rule(("REFR-01",), "a refresh token again before its successor was used", parallel_refresh),
    Rule(("REFR-05",), "three requests with an expired token, no token request between", never_refreshes),
    Rule(
        ("REFR-05",),
        "a refused call with an expired token, and 60 s after it no token request",
        stopped_after_expiry,
        Observation.ABSENCE,
    ),
    Rule(("REFR-06",), "a refused refresh and two calls with the old token after it", goes_on_after_refusal),
    Rule(
        ("REFR-02", "REFR-04"),
        "a token answer without a refresh token, and an expired token later",
        refresh_without_successor,
    ),
    Rule(("AUD-08",), "a refresh whose resource is another", resource_lost),
)
