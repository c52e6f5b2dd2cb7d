"""The one place that answers a refusal: OAuth JSON, a page, or a redirect to a proven destination.

Source: RFC 6749 §4.1.2.1 and §5.2, RFC 9207 §2, RFC 7591 §3.2.2.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from quart import Response, jsonify, redirect, request

from devgw.events import FailureOrigin
from devgw.gateway.authorization import Destination, SentBack
from devgw.oauth import description
from devgw.problems import Problem, Refused
from devgw.problems.base import ErrorCode
from devgw.problems.client_document import ClientDocumentForbidden, ClientDocumentInvalid, ClientDocumentUnreachable
from devgw.web import caller, serving
from devgw.web.pages import error_page

RETRY_SECONDS = 5
FETCH_FAILURES = (ClientDocumentUnreachable, ClientDocumentForbidden, ClientDocumentInvalid)
NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}


def note(problem: Problem) -> None:
    """Write the reason into this request's trace."""
    if trace := serving.trace():
        trace.refuse(problem, origin=FailureOrigin(trace.failure_origin) if trace.failure_origin else None)


def describe(problem: Problem) -> str:
    """Return `error_description`, with this request's trace id."""
    trace = serving.trace()
    return serving.hide(description.describe(problem, trace.id if trace else ""))


def as_json(problem: Problem, *, authenticate: str | None = None) -> Response:
    """Return the refusal as RFC 6749 §5.2 wants it."""
    note(problem)
    response: Response = jsonify(body_of(problem))
    response.status_code = problem.status
    response.headers.update(NO_STORE)
    seconds = getattr(problem, "retry_after", RETRY_SECONDS if problem.status == 503 else None)
    if seconds:
        response.headers["Retry-After"] = str(seconds)
    if problem.error is ErrorCode.INVALID_CLIENT and (authenticate or problem.status == 401):
        response.status_code = 401
        response.headers["WWW-Authenticate"] = authenticate or 'Basic realm="devgw"'
    return response


def body_of(problem: Problem) -> dict[str, Any]:
    """Return the members of a refusal's JSON: the standard's two, and our reason."""
    if isinstance(problem, FETCH_FAILURES) and caller.is_of_another_origin():
        return {"error": str(problem.error), "error_description": _kept_back(), "reason": "client_document_unusable"}
    return {"error": str(problem.error), "error_description": describe(problem), "reason": problem.reason}


def _kept_back() -> str:
    """Return the same words for every failure to fetch: a page must not learn what answers on this machine."""
    trace = serving.trace()
    where = f"Trace {trace.id}" if trace else "The gateway's trace"
    return f"The client's metadata document or keys cannot be used. {where} says why."


async def as_page(problem: Problem, *, status: int | None = None) -> Response:
    """Return the refusal as a page that says what was wrong, both strings where two differ, and what to change."""
    note(problem)
    return await error_page(problem, status or problem.status)


def as_redirect(problem: Problem, destination: Destination) -> Response:
    """Return the refusal as a redirect with error, error_description, state and iss."""
    note(problem)
    trace = serving.trace()
    if trace:
        trace.client_id, trace.client_name = destination.client.id, destination.client.name
    parameters = {"error": str(problem.error), "error_description": describe(problem), "iss": destination.issuer}
    if destination.state is not None:
        parameters["state"] = destination.state
    return redirect(with_parameters(destination.redirect_uri, parameters), 302)  # type: ignore[return-value]  # Quart's


async def to_client(refused: SentBack) -> Response:
    """Tell the client no: at once where that is safe, else by a link on the page that tells the person."""
    response = as_redirect(refused.problem, refused.destination)
    if refused.is_by_the_person or refused.destination.is_told_at_once:
        return response
    return await error_page(refused.problem, refused.problem.status, onward=response.headers["Location"])


def with_parameters(uri: str, parameters: Mapping[str, str]) -> str:
    """Return `uri` with parameters added to its query, which is kept as it was registered."""
    parts = urlsplit(uri)
    query = "&".join(each for each in (parts.query, urlencode(parameters)) if each)
    return urlunsplit(parts._replace(query=query))


async def answer(refused: Refused) -> Response:
    """Answer a refusal that an endpoint let through: a redirect, JSON for programs, a page for people."""
    if isinstance(refused, SentBack):
        return await to_client(refused)
    if _is_program():
        basic = request.headers.get("Authorization", "").lower().startswith("basic ")
        return as_json(refused.problem, authenticate='Basic realm="devgw"' if basic else None)
    return await as_page(refused.problem)


def _is_program() -> bool:
    """Tell whether a program reads the answer: registration, token, revocation, or whoever asks for JSON alone."""
    path = request.path.rstrip("/")
    if path.endswith(("/register", "/token", "/revoke")) or "/.well-known/" in path:
        return True
    accept = request.headers.get("Accept", "")
    return "application/json" in accept and "text/html" not in accept
