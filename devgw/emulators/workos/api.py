"""The management endpoints, behind `Authorization: Bearer sk_…`: users, redirect URIs, organizations, sessions."""

from collections.abc import Callable
from typing import Any, NewType

from quart import Quart, Response, request

from devgw.emulators.workos.answers import JsonAnswer, plain_error
from devgw.emulators.workos.emulator import Emulator
from devgw.emulators.workos.environment import WorkosEnvironment
from devgw.emulators.workos.public import read_body
from devgw.emulators.workos.redirects import why_it_cannot_be_registered
from devgw.emulators.workos.travel import respond

Asked = NewType("Asked", dict[str, Any])
"""Path, query or body members of a request."""
Handler = Callable[[WorkosEnvironment, Asked], JsonAnswer]

UNAUTHORIZED = plain_error(401, "Unauthorized", "api-key-unknown")


def add_api(app: Quart, emulator: Emulator) -> None:
    """Add the endpoints to `app`."""
    for rule, method, handler in (
        ("/user_management/users", "GET", list_users),
        ("/user_management/users/<user_id>", "GET", read_user),
        ("/user_management/redirect_uris", "GET", list_redirect_uris),
        ("/user_management/redirect_uris", "POST", add_redirect_uri),
        ("/user_management/redirect_uris/<redirect_id>", "DELETE", drop_redirect_uri),
        ("/organizations", "GET", list_organizations),
        ("/organizations/<organization_id>", "GET", read_organization),
        ("/user_management/sessions/revoke", "POST", revoke_session),
    ):
        app.add_url_rule(rule, handler.__name__, _with_key(emulator, handler), methods=[method])


def _with_key(emulator: Emulator, handler: Handler) -> Callable[..., Any]:
    async def handle(**path: str) -> Response:
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        environment = emulator.environment_of_key(key.strip()) if scheme.lower() == "bearer" else None
        if environment is None:
            return respond(UNAUTHORIZED)
        body = read_body(await request.get_data(), request.mimetype)
        return respond(handler(environment, Asked({**request.args.to_dict(), **body, **path})))

    return handle


def list_users(environment: WorkosEnvironment, asked: Asked) -> JsonAnswer:
    """Answer `GET /user_management/users`."""
    wanted = asked.get("email")
    return _page([environment.user_as_json(one) for one in environment.personas if wanted in (None, one.email)], asked)


def read_user(environment: WorkosEnvironment, asked: Asked) -> JsonAnswer:
    """Answer `GET /user_management/users/{id}`."""
    persona = next((one for one in environment.personas if one.id == asked["user_id"]), None)
    return JsonAnswer(200, environment.user_as_json(persona)) if persona else _not_found("User", asked["user_id"])


def list_redirect_uris(environment: WorkosEnvironment, asked: Asked) -> JsonAnswer:
    """Answer `GET /user_management/redirect_uris`: the newest first."""
    return _page([known.as_json() for known in reversed(environment.redirect_uris)], asked)


def add_redirect_uri(environment: WorkosEnvironment, asked: Asked) -> JsonAnswer:
    """Answer `POST /user_management/redirect_uris`."""
    uri = asked.get("uri")
    if not isinstance(uri, str) or not uri:
        return plain_error(422, "Validation failed.", "uri-missing", code="invalid_request_parameters")
    if any(known.uri == uri for known in environment.redirect_uris):
        return plain_error(422, f"Redirect URI '{uri}' already exists.", "uri-registered-before")
    if reason := why_it_cannot_be_registered(uri, environment.seed.mode):
        return plain_error(422, f"Redirect URI '{uri}' is invalid. {reason}", "uri-invalid")
    return JsonAnswer(201, environment.register(uri).as_json())


def drop_redirect_uri(environment: WorkosEnvironment, asked: Asked) -> JsonAnswer:
    """Answer `DELETE /user_management/redirect_uris/{id}`."""
    known = next((one for one in environment.redirect_uris if one.id == asked["redirect_id"]), None)
    if known is None:
        return _not_found("RedirectUri", asked["redirect_id"])
    environment.redirect_uris.remove(known)
    return JsonAnswer(204, None)


def list_organizations(environment: WorkosEnvironment, asked: Asked) -> JsonAnswer:
    """Answer `GET /organizations`."""
    return _page([environment.organization_as_json(one) for one in environment.seed.organizations], asked)


def read_organization(environment: WorkosEnvironment, asked: Asked) -> JsonAnswer:
    """Answer `GET /organizations/{id}`."""
    found = environment.organization(asked["organization_id"])
    if found is None:
        return _not_found("Organization", asked["organization_id"])
    return JsonAnswer(200, environment.organization_as_json(found))


def revoke_session(environment: WorkosEnvironment, asked: Asked) -> JsonAnswer:
    """Answer `POST /user_management/sessions/revoke`."""
    session_id = str(asked.get("session_id", ""))
    return JsonAnswer(200, {}) if environment.sessions.end(session_id) else _not_found("Session", session_id)


def _not_found(kind: str, wanted: str) -> JsonAnswer:
    return plain_error(404, f"{kind} not found: '{wanted}'.", f"{kind.lower()}-unknown", code="entity_not_found")


def _page(found: list[dict[str, Any]], asked: Asked) -> JsonAnswer:
    """Return one page of a list, with the cursors of WorkOS."""
    try:
        limit = int(asked.get("limit", 10))
    except ValueError:
        limit = 0
    if not 1 <= limit <= 100:
        return plain_error(422, "Validation failed.", "limit-invalid", code="invalid_request_parameters")
    start = next((place + 1 for place, one in enumerate(found) if one["id"] == asked.get("after")), 0)
    shown = found[start : start + limit]
    after = shown[-1]["id"] if found[start + limit :] else None
    return JsonAnswer(
        200,
        {
            "object": "list",
            "data": shown,
            "list_metadata": {"before": shown[0]["id"] if start and shown else None, "after": after},
        },
    )
