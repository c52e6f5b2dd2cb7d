"""The ASGI app: the MCP path to the protected resource, everything else to the authorization server."""

from pathlib import Path
from urllib.parse import urlsplit

from quart import Quart, Response, request
from werkzeug.exceptions import HTTPException

from devgw.clock import Clock
from devgw.emulators.upstream.asgi import OpenRequests, Receive, Scope, Send, answer_text, drain
from devgw.emulators.upstream.lazy import MCP_PATH, LazyApp, Loaded
from devgw.emulators.upstream_auth.authorize import Authorizing, page
from devgw.emulators.upstream_auth.breakage import cut_where_marked
from devgw.emulators.upstream_auth.clients import LOOPBACK, register
from devgw.emulators.upstream_auth.controls import add_controls
from devgw.emulators.upstream_auth.faults import Fault, Faults
from devgw.emulators.upstream_auth.metadata import Metadata
from devgw.emulators.upstream_auth.records import Records
from devgw.emulators.upstream_auth.resource import ProtectedResource
from devgw.emulators.upstream_auth.token import Redeeming
from devgw.emulators.upstream_auth.wire import CUT_HEADER, OAuthError, html_error, json_answer

BODY_LIMIT = 64 * 1024
NAME = "devgw-sample-oauth"
INSTRUCTIONS = "A sample server behind OAuth of its own. whoami shows who the token is for; add_note needs notes:write."
OPEN_TO_BROWSERS = ("/.well-known/", "/register", "/token", "/revoke")
"""Where a browser client on another origin may read the answer."""


class UpstreamWithOAuth:
    """The sample upstream with its authorization server, as one ASGI app on one origin."""

    def __init__(self, clock: Clock, origin: str) -> None:
        self.faults = Faults()
        self.records = Records(clock)
        self.metadata = Metadata(origin, self.faults)
        self._mcp = LazyApp(lambda: _load(clock))
        self._resource = ProtectedResource(self._mcp, self.records, self.metadata, self.faults)
        self._site = _create_site(self)
        self._open = OpenRequests()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or live through the host's lifespan, which the MCP server needs."""
        if scope["type"] != "http":
            await self._mcp(scope, receive, send)
        elif not _is_loopback(scope):
            await drain(receive)
            await answer_text(send, 421, "This emulator answers for loopback names alone.\n")
        elif scope["path"].rstrip("/") == MCP_PATH:
            await self._open.hold(self._resource(scope, receive, send))
        else:
            await self._open.hold(self._answer_site(scope, receive, send))

    def close(self) -> None:
        """End every open request and stream at once."""
        self._open.close()
        self._mcp.close()

    async def _answer_site(self, scope: Scope, receive: Receive, send: Send) -> None:
        # Quart's types are hypercorn's TypedDicts, ours are ASGI's plain mappings.
        await self._site(scope, receive, cut_where_marked(send, CUT_HEADER))  # type: ignore[arg-type]


def create_app(clock: Clock, origin: str = "http://localhost:9003") -> UpstreamWithOAuth:
    """Return the sample upstream with OAuth; `origin` is the one it is served at, and its issuer."""
    return UpstreamWithOAuth(clock, origin)


def _load(clock: Clock) -> Loaded:
    # Here and not above: the SDK is imported at the first MCP request with a good token.
    from devgw.emulators.upstream.server import build_app  # noqa: PLC0415

    return build_app(clock, NAME, INSTRUCTIONS)


def _is_loopback(scope: Scope) -> bool:
    host = next((value for name, value in scope["headers"] if name == b"host"), b"").decode("latin-1")
    return urlsplit(f"//{host}").hostname in LOOPBACK


def _create_site(upstream: UpstreamWithOAuth) -> Quart:
    app = Quart(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = BODY_LIMIT
    _add_rules_for_all(app)
    _add_documents(app, upstream.metadata, upstream.faults)
    _add_registration(app, upstream)
    Authorizing(upstream.records, upstream.metadata, upstream.faults).add_to(app)
    Redeeming(upstream.records, upstream.metadata, upstream.faults).add_to(app)
    add_controls(app, upstream.records, upstream.faults)
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


def _add_documents(app: Quart, metadata: Metadata, faults: Faults) -> None:
    @app.get("/")
    async def about() -> Response:
        return await page("about.html", faults=faults.as_json(), metadata=metadata)

    @app.get("/.well-known/<path:_>")
    @app.get("/metadata/<path:_>")
    async def document(_: str) -> Response:
        if metadata.is_prm_at(request.path):
            is_html = faults.strikes(Fault.PRM_HTML)
            return html_error(200) if is_html else json_answer(metadata.protected_resource())
        if not metadata.is_authorization_server_at(request.path):
            return json_answer({"error": "not_found"}, 404)
        if faults.strikes(Fault.METADATA_BROKEN):
            return json_answer({"error": "server_error"}, 500)
        is_html = faults.strikes(Fault.METADATA_HTML)
        return html_error(200) if is_html else json_answer(metadata.authorization_server())


def _add_registration(app: Quart, upstream: UpstreamWithOAuth) -> None:
    faults = upstream.faults

    @app.post("/register")
    async def register_client() -> Response:
        if faults.is_set(Fault.NO_REGISTRATION):
            return json_answer({"error": "not_found"}, 404)
        if faults.strikes(Fault.REGISTRATION_REFUSED):
            return html_error(403)
        always_secret = faults.strikes(Fault.REGISTRATION_WITH_SECRET)
        try:
            asked = await request.get_json(force=True, silent=True)
            return json_answer(register(upstream.records, asked, always_secret=always_secret), 201)
        except OAuthError as refusal:
            return json_answer(refusal.as_json(), refusal.status)
