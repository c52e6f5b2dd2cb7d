"""How a client is told that a person must connect an upstream: in the form that its revision understands.

2025-11-25 has an error for it (-32042). 2026-07-28 has none; there a server asks for input (`input_required`) and the
client calls again, where it can open URLs at all. Everybody else gets words with the link in them: for a tool call as
the tool's own error, since that is what a model reads.

Source: MCP 2025-11-25 §Elicitation (URL mode); MCP 2026-07-28 §Multi Round-Trip Requests; `failures.json` UPST-01, -02.
"""

from collections.abc import Mapping
from typing import Any

from devgw.departure import Departure
from devgw.mcp.message import Messages
from devgw.mcp.revision import META_CAPABILITIES, is_modern, meta_of
from devgw.problems.upstream import ConnectRequired

WITH_URL_ELICITATION = "2025-11-25"
"""The one revision that knows -32042."""
CONNECT_ERRORS = Departure(
    name="connect-errors",
    here="That an upstream must be connected is said as the client's MCP revision has it: error -32042 in 2025-11-25, "
    "`input_required` in 2026-07-28, a tool error with the link in the others.",
    deployed="Every client gets the JSON-RPC error -32042 with the link in its data.",
    why="Only one revision knows -32042; other clients show a number, and the link is lost.",
    source="https://zuplo.com/docs/mcp-gateway/auth/upstream-oauth",
    setting="[deployed]\nconnect_errors = true",
    is_made=lambda settings: not settings.deployed.connect_errors,
)
_MAY_ASK = frozenset({"tools/call", "prompts/get", "resources/read"})
"""The requests whose answer may be `input_required`."""
_HTTP_PRECONDITION_REQUIRED = 428
"""The code for 2026-07-28, which forbids new ones around -32000."""


def answer_connect_required(
    problem: ConnectRequired, messages: Messages, revision: str | None, details: Mapping[str, Any] | None = None
) -> list[dict[str, Any]]:
    """Return the answer to each request among `messages`; `details` are added to the data of an error."""
    wanting = [item for item in messages.items if isinstance(item.get("method"), str) and _has_id(item)]
    return [_answer(problem, item, revision, dict(details or {})) for item in wanting]


def elicitation(problem: ConnectRequired) -> dict[str, str]:
    """Return the URL elicitation as 2025-11-25 has it."""
    return {"elicitationId": f"{problem.operation_id}:{problem.auth_profile_id}", **_url_mode(problem)}


def _has_id(message: Mapping[str, Any]) -> bool:
    """Tell whether a message wants an answer."""
    return isinstance(message.get("id"), (str, int, float)) and not isinstance(message["id"], bool)


def _url_mode(problem: ConnectRequired) -> dict[str, str]:
    """Return what both revisions say of a URL that a person is to open."""
    return {"mode": "url", "url": problem.auth_url, "message": problem.message}


def _answer(
    problem: ConnectRequired, message: Mapping[str, Any], revision: str | None, details: dict[str, Any]
) -> dict[str, Any]:
    """Return the answer to one request."""
    modern = is_modern(revision)
    envelope = {"jsonrpc": "2.0", "id": message["id"]}
    if modern and _can_open_urls(message) and not _was_asked(problem, message):
        return {**envelope, "result": _input_required(problem, message)}
    if message["method"] == "tools/call" and revision != WITH_URL_ELICITATION:
        return {**envelope, "result": _tool_error(problem, modern=modern)}
    error = {
        "code": _HTTP_PRECONDITION_REQUIRED if modern else problem.code,
        "message": _words(problem),
        "data": {**details, **problem.payload(), "elicitations": [elicitation(problem)]},
    }
    return {**envelope, "error": error}


def _words(problem: ConnectRequired) -> str:
    """Return a text that carries the link."""
    return f"{problem.explain()} {problem.advise()}"


def _parameters(message: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a request's params, or empty ones."""
    found = message.get("params")
    return found if isinstance(found, Mapping) else {}


def _can_open_urls(message: Mapping[str, Any]) -> bool:
    """Tell whether the client declared that it can ask a person to open a URL, on a request that may be asked back."""
    capabilities = meta_of(_parameters(message)).get(META_CAPABILITIES)
    elicitations = capabilities.get("elicitation") if isinstance(capabilities, Mapping) else None
    return message["method"] in _MAY_ASK and isinstance(elicitations, Mapping) and "url" in elicitations


def _request_key(problem: ConnectRequired) -> str:
    """Return under which key the person's answer will come back."""
    return f"devgw-connect-{problem.upstream_server_id}"


def _was_asked(problem: ConnectRequired, message: Mapping[str, Any]) -> bool:
    """Tell whether the client asked already: it agreed but did not finish, or declined. Asking again would loop."""
    responses = _parameters(message).get("inputResponses")
    return isinstance(responses, Mapping) and _request_key(problem) in responses


def _input_required(problem: ConnectRequired, message: Mapping[str, Any]) -> dict[str, Any]:
    """Return the result that asks the client to open the link and call again.

    The upstream's own `requestState`, of an earlier round, goes back as it came: it is not ours to change.
    """
    request = {"method": "elicitation/create", "params": _url_mode(problem)}
    result: dict[str, Any] = {"resultType": "input_required", "inputRequests": {_request_key(problem): request}}
    state = _parameters(message).get("requestState")
    return {**result, "requestState": state} if isinstance(state, str) else result


def _tool_error(problem: ConnectRequired, *, modern: bool) -> dict[str, Any]:
    """Return a tool's answer that says what to do; a model that reads it can tell its person."""
    result: dict[str, Any] = {
        "content": [{"type": "text", "text": _words(problem)}],
        "isError": True,
        "_meta": {"devgw/connectRequired": problem.payload()},
    }
    return {"resultType": "complete", **result} if modern else result
