"""The endpoints that need no API key in a header: authorize, authenticate, discovery, key set, logout, health."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from quart import Quart, Response, request

from devgw.emulators.reader import read_json
from devgw.emulators.workos.answers import JsonAnswer, plain_error
from devgw.emulators.workos.authenticate import authenticate
from devgw.emulators.workos.authorize import ErrorPage, ErrorRedirect, check, read_query
from devgw.emulators.workos.emulator import Emulator, Happened
from devgw.emulators.workos.sign_in import send_back
from devgw.emulators.workos.travel import json_response, redirect, respond

NOT_FOUND = plain_error(404, "Not Found", "client-id-unknown")


def add_public(app: Quart, emulator: Emulator) -> None:
    """Add the endpoints to `app`."""

    @app.get("/user_management/authorize")
    async def authorize() -> Response:
        return redirect(where_authorize_leads(emulator, request.query_string.decode(errors="replace")))

    @app.post("/user_management/authenticate")
    async def exchange() -> Response:
        return respond(await authenticate(emulator, read_body(await request.get_data(), request.mimetype)))

    @app.get("/user_management/<client_id>/.well-known/openid-configuration")
    async def discovery(client_id: str) -> Response:
        return respond(discovery_document(emulator, client_id))

    @app.get("/sso/jwks/<client_id>")
    async def key_set(client_id: str) -> Response:
        environment = emulator.environments.get(client_id)
        return respond(JsonAnswer(200, await environment.keys.key_set()) if environment else NOT_FOUND)

    @app.get("/user_management/sessions/logout")
    async def logout() -> Response:
        return log_out(emulator, read_query(request.query_string.decode(errors="replace")))

    @app.get("/health")
    async def health() -> Response:
        return json_response(200, {"status": "ok", "emulator": "workos", "client_ids": list(emulator.environments)})


def where_authorize_leads(emulator: Emulator, raw_query: str) -> str:
    """Return the URL to which an authorization request sends the browser."""
    query = read_query(raw_query)
    outcome = check(emulator, query)
    if isinstance(outcome, ErrorPage):
        emulator.observe(Happened("authorize", query.get("client_id", ""), outcome.slug))
        return f"{emulator.origin}/__error/sso/{outcome.slug}?{urlencode(outcome.facts)}"
    if isinstance(outcome, ErrorRedirect):
        emulator.observe(Happened("authorize", query["client_id"], outcome.error))
        return send_back(emulator, outcome)
    emulator.observe(Happened("authorize", outcome.environment.client_id, "ok"))
    return f"{emulator.authkit_origin}/__authkit/bootstrap?{raw_query}"


def read_body(raw: bytes | str, media_type: str) -> Mapping[str, Any]:
    """Return the members of a JSON object or of a form; nothing where it is neither."""
    try:
        text = raw if isinstance(raw, str) else raw.decode()
        if media_type == "application/x-www-form-urlencoded":
            return dict(parse_qsl(text, keep_blank_values=True))
        found = read_json(text) if media_type == "application/json" else None
        # Half of a surrogate pair is good JSON and no text: nothing can be computed from it.
        json.dumps(found, ensure_ascii=False).encode()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def discovery_document(emulator: Emulator, client_id: str) -> JsonAnswer:
    """Return the discovery document with its five members, in their order, or 404."""
    environment = emulator.environments.get(client_id)
    if environment is None:
        return NOT_FOUND
    document = {
        "issuer": environment.issuer(emulator.origin),
        "authorization_endpoint": f"{emulator.origin}/user_management/authorize",
        "token_endpoint": f"{emulator.origin}/user_management/authenticate",
        "response_types_supported": ["code"],
        "jwks_uri": f"{emulator.origin}/sso/jwks/{client_id}",
    }
    return JsonAnswer(200, document)


def log_out(emulator: Emulator, query: Mapping[str, str]) -> Response:
    """End the session, and send the browser where it may go."""
    session_id = query.get("session_id", "")
    if not session_id:
        return respond(plain_error(422, "Validation failed.", "session-id-missing", code="invalid_request_parameters"))
    owner = next((one for one in emulator.environments.values() if session_id in one.sessions.sessions), None)
    if owner is None:
        return respond(plain_error(404, f"Session not found: '{session_id}'.", "session-unknown"))
    owner.sessions.end(session_id)
    emulator.observe(Happened("logout", owner.client_id, "ok"))
    allowed = owner.seed.sign_out_redirects
    wanted = query.get("return_to", "")
    target = wanted if urlsplit(wanted).scheme and wanted in allowed else next(iter(allowed), None)
    return redirect(target or f"{emulator.origin}/__error/user_management/app-homepage-url-not-found")
