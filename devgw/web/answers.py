"""How a problem travels from the front and the MCP routes: problem details, a bearer refusal, or a JSON-RPC error.

What the Quart endpoints answer is in `refusals`; nothing here may import Quart, since the data plane does without.
"""

import json
from typing import Any

from devgw.events.taxonomy import FailureOrigin, Outcome
from devgw.gateway.connect_required import answer_connect_required
from devgw.mcp.errors import answer_to, as_events, as_sse_event
from devgw.mcp.message import Messages
from devgw.oauth.description import describe
from devgw.problems import Problem
from devgw.problems.bearer import (
    TokenExpired,
    TokenRevoked,
)
from devgw.problems.capability import CapabilityHidden
from devgw.problems.front import BodyUnreadable, HeaderMismatch
from devgw.problems.limit import BodyTooDeep
from devgw.problems.token_shape import TokenUnknown
from devgw.problems.upstream import ConnectRequired
from devgw.web.recorder import Recording

JSON = (b"content-type", b"application/json")
PROBLEM_JSON = (b"content-type", b"application/problem+json")
NO_STORE = (b"cache-control", b"no-store")


_DENIALS = (CapabilityHidden, HeaderMismatch, BodyUnreadable, BodyTooDeep, TokenExpired, TokenRevoked, TokenUnknown)


def verdict_on(problem: Problem) -> tuple[Outcome, FailureOrigin]:
    """Return how a request that was let in ends with `problem`, and whose fault that is."""
    if isinstance(problem, ConnectRequired):
        return Outcome.CONNECT_REQUIRED, FailureOrigin.of(problem)
    outcome = Outcome.DENIED if isinstance(problem, _DENIALS) else Outcome.FAILURE
    return outcome, FailureOrigin.of(problem)


async def answer_problem(recording: Recording, problem: Problem, *more: tuple[bytes, bytes]) -> None:
    """Answer with RFC 9457 problem details."""
    body = {"type": "about:blank", "title": problem.reason.replace("_", " "), "status": problem.status}
    body |= {"detail": recording.hide(problem.explain()), **_named(recording, problem), "traceId": recording.trace.id}
    await recording.answer(problem.status, [PROBLEM_JSON, NO_STORE, *more], json.dumps(body).encode())


async def answer_bearer(recording: Recording, problem: Problem, challenge: str) -> None:
    """Answer as a resource server does: the challenge in the header, the same and the reason in the body."""
    body = {"error": problem.error, "error_description": recording.hide(describe(problem))}
    body |= {**_named(recording, problem), "trace_id": recording.trace.id}
    headers = [JSON, NO_STORE, (b"www-authenticate", challenge.encode("latin-1", "replace"))]
    await recording.answer(problem.status, headers, json.dumps(body).encode())


async def answer_rpc(recording: Recording, problem: Problem, messages: Messages, revision: str | None) -> None:
    """Answer every request with a JSON-RPC error; what wants no JSON-RPC answer gets problem details."""
    if isinstance(problem, ConnectRequired):
        found = answer_connect_required(problem, messages, revision, _details(recording, problem))
        body = json.dumps(found if messages.is_batch else found[0]).encode() if found else None
    else:
        body = answer_to(messages, *rpc_error(recording, problem))
    if body is None:
        await answer_problem(recording, problem)
        return
    # Why 200, see `mcp.errors`; a header mismatch is 400 by the standard.
    status = problem.status if isinstance(problem, HeaderMismatch) else 200
    await recording.answer(status, [JSON, NO_STORE], body)


def events_of(recording: Recording, problem: Problem, messages: Messages, revision: str | None) -> bytes:
    """Return the same answers as the events that end a stream."""
    if isinstance(problem, ConnectRequired):
        return as_events(answer_connect_required(problem, messages, revision, _details(recording, problem)))
    return as_sse_event(messages, *rpc_error(recording, problem))


def rpc_error(recording: Recording, problem: Problem) -> tuple[int, str, dict[str, Any]]:
    """Return code, message and data of the JSON-RPC error that `problem` comes to."""
    code = getattr(problem, "code", problem.status)
    message = getattr(problem, "message", None) or f"{problem.explain()} {problem.advise()}".strip()
    return code, recording.hide(message), _details(recording, problem)


def _details(recording: Recording, problem: Problem) -> dict[str, Any]:
    """Return what every JSON-RPC error of ours says of itself."""
    explanation = recording.hide(problem.explain())
    return {**_named(recording, problem), "explanation": explanation, "traceId": recording.trace.id}


def _named(recording: Recording, problem: Problem) -> dict[str, str]:
    """Return reason, the one change, and the page in the catalogue where there is one."""
    page = {"diagnosis": problem.diagnosis_id} if problem.diagnosis_id else {}
    return {"reason": problem.reason, "hint": recording.hide(problem.advise()), **page}


def place_of_fault(error: Exception) -> str:
    """Return module and line in which `error` was raised."""
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    if traceback is None:
        return "unknown"
    name = traceback.tb_frame.f_globals.get("__name__", "?")
    return f"{name}:{traceback.tb_lineno}"
