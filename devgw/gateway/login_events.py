"""What is told of a login: that it began, whom it signed in, why it failed."""

from typing import Any

from devgw.events import Outcome, refusal
from devgw.events.taxonomy import McpAuthLoginBegun, McpAuthLoginFinished
from devgw.gateway.records import PendingAuthorization, Session
from devgw.problems import Problem


def login_begun(pending: PendingAuthorization, url: str, callback: str) -> McpAuthLoginBegun:
    """Return the event of a browser that is sent to the provider's `url`."""
    return McpAuthLoginBegun(**_links(pending), provider_url=url.partition("?")[0], callback_uri=callback)


def login_finished(pending: PendingAuthorization, session: Session) -> McpAuthLoginFinished:
    """Return the event of a person who is signed in."""
    return McpAuthLoginFinished(
        **_links(pending),
        session_id=session.id,
        subject_id=session.subject_id,
        email=session.email,
        display_name=session.display_name,
        session_expires_at=session.expires_at,
        user_agent=session.user_agent,
    )


def login_failed(pending: PendingAuthorization | None, problem: Problem) -> McpAuthLoginFinished:
    """Return the event of a login that brought nobody; `pending` is None where it is nobody's."""
    outcome = Outcome.DENIED if problem.error == "access_denied" else Outcome.FAILURE
    return McpAuthLoginFinished(**_links(pending), outcome=outcome, **refusal(problem))


def _links(pending: PendingAuthorization | None) -> dict[str, Any]:
    """Return whose login it is, as every event says it; nothing where it is nobody's."""
    if pending is None:
        return {}
    if pending.connect_link:  # no client asked for it
        return {"transaction_id": pending.id, "operation_id": pending.operation_id}
    return {
        "transaction_id": pending.id,
        "client_id": pending.client_id,
        "client_name": pending.client_name,
        "operation_id": pending.operation_id,
    }
