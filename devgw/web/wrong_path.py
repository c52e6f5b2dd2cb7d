"""How a path at which nothing is served is answered: JSON for programs, a page for people, and one event."""

from collections.abc import Iterable
from dataclasses import replace

from quart import Response, jsonify, request
from werkzeug.exceptions import HTTPException

from devgw.events import Outcome, refusal
from devgw.events.taxonomy import PathNotFound
from devgw.gateway.wrong_path import OF_A_TOKEN, explain_joint, explain_path
from devgw.problems import Refused
from devgw.problems.wrong_path import Meant, PathUnknown, SentElsewhere
from devgw.web import refusals, serving

_MOST_BYTES = 65_536
"""Of a form that is looked into: token requests are far shorter."""


async def answer_wrong_path() -> Response:
    """Answer a request for a path that is none with 404, the nearest route and the name of the failure."""
    trace = serving.trace()
    path = trace.path if trace else request.path
    headers = {name.lower(): value.lower() for name, value in request.headers.items()}
    gateway = serving.gateway()
    names = frozenset(serving.query().written)
    form = await names_in_form(headers.get("content-type", ""))
    urls = serving.urls()
    method = headers.get("access-control-request-method", "").upper() if "origin" in headers else ""
    method = method or request.method  # a preflight asks for what would be sent
    problem = explain_joint(method, path, urls) or explain_path(
        method, path, headers, gateway.project, urls, names, form
    )
    pending = gateway.login.find_for_error(serving.query()) if problem.meant is Meant.NOTHING else None
    if pending is not None:
        serving.note_pending(pending)
        problem = replace(problem, meant=Meant.CALLBACK, nearest=serving.canonical_urls().callback)
    if problem.diagnosis_id is not None:
        gateway.ground.bus.publish(
            PathNotFound(
                trace_id=trace.id if trace else None,
                transaction_id=pending.id if pending else None,
                client_id=pending.client_id if pending else None,
                outcome=Outcome.FAILURE,
                **refusal(problem),
            )
        )
    is_read = request.method in {"GET", "HEAD"}
    if "text/html" in headers.get("accept", "") and (is_read or problem.meant is Meant.PAGE):
        return await refusals.as_page(problem)
    refusals.note(problem)
    return _as_json(problem)


def check_not_for_tokens(names: Iterable[str]) -> None:
    """Refuse a token request at an endpoint that is not the token endpoint, by the names of what it sends.

    Raises:
        Refused: with `SentElsewhere`.
    """
    if OF_A_TOKEN.intersection(names):
        endpoint = serving.urls().endpoints(None).token
        raise Refused(SentElsewhere(request.path, "a token request", "token", endpoint))


def check_not_a_registration(sent: object) -> None:
    """Refuse client metadata at an endpoint that registers nobody.

    Raises:
        Refused: with `SentElsewhere`.
    """
    if isinstance(sent, dict) and "redirect_uris" in sent:
        endpoint = serving.urls().endpoints(None).registration
        raise Refused(SentElsewhere(request.path, "a registration", "registration", endpoint))


async def names_in_form(content_type: str) -> frozenset[str]:
    """Return the names in a form; none where the body is no form, or too long to be read for this."""
    if "form-urlencoded" not in content_type or int(request.content_length or 0) > _MOST_BYTES:
        return frozenset()
    try:
        return frozenset(await request.form)
    except HTTPException:
        return frozenset()


def _as_json(problem: PathUnknown) -> Response:
    """Return the refusal for programs; the standards have no `error` for a path that is none."""
    known = {"nearest": problem.nearest} if problem.nearest else {}
    said = {"error_description": refusals.describe(problem), "reason": problem.reason}
    response: Response = jsonify({"error": "not_found", **said, **known, "routes": list(problem.routes)})
    response.status_code = problem.status
    response.headers.update(refusals.NO_STORE)
    return response
