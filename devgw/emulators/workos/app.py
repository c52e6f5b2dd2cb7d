"""The ASGI app: which path leads where, and what every answer carries."""

import asyncio
from email.utils import format_datetime
from urllib.parse import urlsplit

from quart import Quart, Response, request
from werkzeug.exceptions import HTTPException

from devgw import entropy
from devgw.emulators.workos.answers import plain_error
from devgw.emulators.workos.api import add_api
from devgw.emulators.workos.controls import add_controls
from devgw.emulators.workos.emulator import Emulator
from devgw.emulators.workos.faults import AnswerFault, SlowFault
from devgw.emulators.workos.pages import add_pages
from devgw.emulators.workos.public import add_public
from devgw.emulators.workos.travel import json_response, respond
from devgw.foreign.text import on_a_page

LABEL = "devgw WorkOS emulator"
_BODY_LIMIT = 64 * 1024
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def create_app(emulator: Emulator) -> Quart:
    """Return the ASGI app that answers for `emulator`."""
    app = Quart(__name__, static_folder=None)
    app.jinja_options = {"autoescape": True, "finalize": on_a_page}
    app.config["MAX_CONTENT_LENGTH"] = _BODY_LIMIT
    app.url_map.strict_slashes = True
    _add_rules_for_all(app, emulator)
    add_public(app, emulator)
    add_api(app, emulator)
    add_pages(app, emulator)
    add_controls(app, emulator)
    return app


def _add_rules_for_all(app: Quart, emulator: Emulator) -> None:
    hosts = _LOOPBACK | {urlsplit(origin).hostname for origin in (emulator.origin, emulator.authkit_origin)}

    @app.before_request
    async def go_wrong() -> Response | None:
        # The body is read before any answer: Hypercorn closes a connection whose request body nobody took.
        await request.get_data()
        if urlsplit(f"//{request.host}").hostname not in hosts:
            return respond(plain_error(421, f"The emulator does not answer for {request.host}.", "host-unknown"))
        for slow in emulator.faults.take(SlowFault, _concerns_this_request):
            await asyncio.sleep(slow.seconds)
        for fault in emulator.faults.take(AnswerFault, _concerns_this_request)[-1:]:
            headers = {"X-Emulator-Reason": "fault", **fault.headers}
            return json_response(fault.status, fault.body, headers)
        return None

    @app.after_request
    async def label(response: Response) -> Response:
        response.headers["X-Emulator"] = LABEL
        response.headers["X-Request-Id"] = "req_" + entropy.ulid(int(emulator.clock.now().timestamp() * 1000))
        response.headers.setdefault("Date", format_datetime(emulator.clock.now(), usegmt=True))
        response.headers.setdefault("Cache-Control", "no-store")
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    @app.errorhandler(HTTPException)
    async def not_here(error: HTTPException) -> Response:
        status = 404 if error.code == 405 else error.code or 500
        return respond(plain_error(status, "Not Found" if status == 404 else error.name, f"http-{error.code}"))


def _concerns_this_request(fault: AnswerFault | SlowFault) -> bool:
    return not request.path.startswith("/__emulator/") and fault.concerns(request.method, request.path)
