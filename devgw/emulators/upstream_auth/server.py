"""The authorization server, on Quart; imported at the first request for it, so that a start costs less."""

from pathlib import Path

from quart import Quart, Response, request
from werkzeug.exceptions import HTTPException

from devgw.emulators.upstream_auth.authorize import Authorizing, page
from devgw.emulators.upstream_auth.clients import register
from devgw.emulators.upstream_auth.controls import add_controls
from devgw.emulators.upstream_auth.faults import SampleFault, SetFaults
from devgw.emulators.upstream_auth.metadata import Metadata
from devgw.emulators.upstream_auth.records import SampleRecords
from devgw.emulators.upstream_auth.token import Redeeming
from devgw.emulators.upstream_auth.wire import OAuthError, html_error, json_answer, json_body
from devgw.foreign.text import on_a_page

BODY_LIMIT = 64 * 1024
OPEN_TO_BROWSERS = ("/.well-known/", "/register", "/token", "/revoke")
"""Where a browser client on another origin may read the answer."""


def create_server(records: SampleRecords, metadata: Metadata, faults: SetFaults) -> Quart:
    """Return everything but the MCP path as a Quart app."""
    app = Quart(__name__, static_folder=None)
    app.jinja_options = {"autoescape": True, "finalize": on_a_page}
    app.config["MAX_CONTENT_LENGTH"] = BODY_LIMIT
    _add_rules_for_all(app)
    _add_documents(app, metadata, faults)
    _add_registration(app, records, faults)
    Authorizing(records, metadata, faults).add_to(app)
    Redeeming(records, metadata, faults).add_to(app)
    add_controls(app, records, faults)
    return app


def _add_rules_for_all(app: Quart) -> None:
    style = Path(__file__).with_name("style.css").read_text("utf-8")

    @app.before_request
    async def read_first() -> Response | None:
        # Hypercorn closes a connection that was answered before its body had come.
        await request.get_data()
        is_preflight = request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers
        return Response("", 204) if is_preflight else None

    @app.after_request
    async def label(response: Response) -> Response:
        response.headers["X-Emulator"] = "devgw sample upstream"
        if request.path.startswith(OPEN_TO_BROWSERS):
            response.headers["Access-Control-Allow-Origin"] = "*"
            response.headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type, MCP-Protocol-Version"
        return response

    @app.errorhandler(HTTPException)
    async def not_here(error: HTTPException) -> Response:
        return json_answer({"error": error.name}, error.code or 500)

    @app.get("/__emulator/style.css")
    async def show_style() -> Response:
        return Response(style, 200, {"Content-Type": "text/css; charset=utf-8"})


def _add_documents(app: Quart, metadata: Metadata, faults: SetFaults) -> None:
    @app.get("/")
    async def about() -> Response:
        return await page("about.html", faults=faults.as_json(), metadata=metadata)

    @app.get("/.well-known/<path:_>")
    @app.get("/metadata/<path:_>")
    async def document(_: str) -> Response:
        if metadata.is_prm_at(request.path):
            is_html = faults.strikes(SampleFault.PRM_HTML)
            return html_error(200) if is_html else json_answer(metadata.protected_resource())
        if not metadata.is_authorization_server_at(request.path):
            return json_answer({"error": "not_found"}, 404)
        if faults.strikes(SampleFault.METADATA_BROKEN):
            return json_answer({"error": "server_error"}, 500)
        is_html = faults.strikes(SampleFault.METADATA_HTML)
        return html_error(200) if is_html else json_answer(metadata.authorization_server())


def _add_registration(app: Quart, records: SampleRecords, faults: SetFaults) -> None:
    @app.post("/register")
    async def register_client() -> Response:
        if faults.is_set(SampleFault.NO_REGISTRATION):
            return json_answer({"error": "not_found"}, 404)
        if faults.strikes(SampleFault.REGISTRATION_REFUSED):
            return html_error(403)
        always_secret = faults.strikes(SampleFault.REGISTRATION_WITH_SECRET)
        try:
            return json_answer(register(records, await json_body(), always_secret=always_secret), 201)
        except OAuthError as refusal:
            return json_answer(refusal.as_json(), refusal.status)
