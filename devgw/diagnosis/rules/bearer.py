"""Bearer tokens on MCP routes, and the challenge that answers them."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import chain

from devgw.diagnosis.rule import Rule, diagnosis
from devgw.diagnosis.rules.common import MCP, came_past, mcp_requests
from devgw.diagnosis.view import SeenFlow
from devgw.events.flow import Diagnosis, Milestone
from devgw.events.taxonomy import McpAuthDownstreamTokenIssued, McpAuthDownstreamTokenRefreshed
from devgw.problems.bearer import TokenMissing, TokenRevoked

OFTEN = 2
STUBBORN = 3
"""Calls with one revoked token after which a client is not about to sign in again."""
SAID_FOR = timedelta(minutes=10)
GOES_ON = timedelta(seconds=3)
"""Within which a client that signs in by itself has asked for the metadata."""


def header_lost(view: SeenFlow, now: datetime) -> Iterator[Diagnosis]:  # noqa: ARG001  every rule is asked in the same way
    """BEAR-03: a token was delivered, and the client's next calls have no Authorization header."""
    issued = view.last(McpAuthDownstreamTokenIssued)
    if issued is None or came_past(view, MCP, issued[0]):
        return
    bare = [trace for trace in mcp_requests(view) if trace.started_at > issued[0] and trace.status == 401]
    if len(bare) >= 1 and all(isinstance(trace.problem, TokenMissing) for trace in bare):
        after = (bare[0].started_at - issued[0]).total_seconds()
        yield diagnosis(
            "BEAR-03",
            f"{view.who} got a token, but its call {after:.1f} s later has no Authorization header.",
            "Look whether the client sends it; where it does, something on the way removes it: connect to the final "
            "URL without a redirect, and let the header through.",
            view=view,
            trace=bare[-1],
            expected="Authorization: Bearer …",
            got="(no Authorization header)",
            certain=False,
            gone_when="a call with the token arrives",
        )


def sent_beside(view: SeenFlow, now: datetime) -> Iterator[Diagnosis]:
    """BEAR-11, suspected: a key or token of somebody's where the Authorization header is read, and no login follows."""
    asked = list(mcp_requests(view))
    problem = asked[-1].problem if asked else None
    if view.flow.last_seen is not Milestone.MCP_401 or not isinstance(problem, TokenMissing) or not problem.beside:
        return
    if now - asked[-1].started_at >= GOES_ON:
        where = " and ".join(problem.beside)
        yield diagnosis(
            "BEAR-11",
            f"{view.who} was answered 401 and went no further; its call has no Authorization header, and has {where}.",
            "Let the client sign in by OAuth here; what it is to send by itself belongs into `Authorization: Bearer`.",
            view=view,
            trace=asked[-1],
            got=where,
            expected="Authorization: Bearer …",
            certain=False,
            gone_when="it goes on to sign in",
        )


def revoked_but_accepted(view: SeenFlow, now: datetime) -> Iterator[Diagnosis]:  # noqa: ARG001
    """REVK-01: a token was accepted after its revocation."""
    for trace in mcp_requests(view):
        story = view.around.tokens.get(trace.token_id) if trace.token_id else None
        if story and story.revoked_at and trace.status < 400 and trace.started_at > story.revoked_at:
            cause = f"The token {story.id} was revoked at {story.revoked_at:%H:%M:%S} and accepted afterwards."
            yield diagnosis("REVK-01", cause, "Report this: devgw asks its store each time.", view=view, trace=trace)
            return


def old_token(view: SeenFlow, now: datetime) -> Iterator[Diagnosis]:
    """BEAR-06: a revoked token again and again, be there a newer one or not."""
    refused = [trace for trace in mcp_requests(view) if isinstance(trace.problem, TokenRevoked)]
    if len(refused) < OFTEN or now - refused[-1].started_at > SAID_FOR or came_past(view, MCP, refused[-1].started_at):
        return
    story = view.around.tokens.get(refused[-1].token_id) if refused[-1].token_id else None
    newer = bool(story and story.revoked_at and _newer(view, story.revoked_at, refused[-1].started_at))
    if newer or len(refused) >= STUBBORN:
        which = f"{story.id}, which was revoked ({story.cause})" if story else "a token that was revoked"
        since = "a newer token was issued since" if newer else f"{len(refused)} calls with it were refused"
        mended = "so that it reads the newer token" if newer else "and sign in again in it"
        yield diagnosis(
            "BEAR-06",
            f"{view.who} still sends {which}; {since}.",
            f"Restart that session of the client, {mended}.",
            view=view,
            trace=refused[-1],
            got=story.id if story else "",
        )


def _newer(view: SeenFlow, since: datetime, until: datetime) -> bool:
    """Tell whether this client got another token in between."""
    recent = view.around.recent
    got = chain(recent.of_kind(McpAuthDownstreamTokenIssued), recent.of_kind(McpAuthDownstreamTokenRefreshed))
    return any(since < at < until and event.client_id == view.flow.client_id for at, event in got)


def wrong_revocation(view: SeenFlow, now: datetime) -> Iterator[Diagnosis]:  # noqa: ARG001
    """REVK-04: the token itself as bearer at the revocation endpoint."""
    for trace in view.traces:
        is_revocation = trace.method == "POST" and trace.path.rstrip("/").endswith("/revoke")
        if is_revocation and trace.status >= 400 and trace.header(b"authorization").lower().startswith("bearer "):
            yield diagnosis(
                "REVK-04",
                "The revocation request authenticates with a bearer token.",
                "Send `token` in a form, with the client's own authentication or client_id alone.",
                view=view,
                trace=trace,
                got="Authorization: Bearer",
                expected="token=… in the form",
            )
            return


RULES = (
    Rule(("BEAR-11",), "a 401, a key beside the Authorization header, and nothing after it", sent_beside),
    Rule(("BEAR-03",), "a token that was issued and a call without Authorization after it", header_lost),
    Rule(("REVK-01",), "a good answer to a revoked token", revoked_but_accepted),
    Rule(("BEAR-06",), "two calls with a revoked token after a newer one was issued, or three without", old_token),
    Rule(("REVK-04",), "a refused revocation with a bearer token", wrong_revocation),
)
