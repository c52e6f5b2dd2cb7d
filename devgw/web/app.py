"""The Quart app: everything that a person or an OAuth client touches."""

from collections.abc import Iterable, Mapping
from typing import Any

from quart import Blueprint, Quart, Response, jsonify, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from devgw.events.taxonomy import FailureOrigin, FaultMet, Outcome
from devgw.foreign.client_setup import CLAUDE_CODE, CLIENT_SETUPS
from devgw.foreign.shell import server_names
from devgw.foreign.text import on_a_page
from devgw.gateway.wrong_path import OF_A_TOKEN, OF_AN_AUTHORIZATION
from devgw.oauth.description import error_description
from devgw.oauth.redirect_uri import in_ascii
from devgw.oauth.urls import REGISTRY, SCRIPT, STYLE
from devgw.problems import Problem, Refused
from devgw.problems.preflight import NotForPages
from devgw.problems.wrong_path import Meant, MethodRefused, PathUnknown
from devgw.web import authorize, dev_login, logout, metadata, refusals, register, registry, serving, token
from devgw.web.answers import place_of_fault
from devgw.web.pages import page, short, shown_host
from devgw.web.patience import until_writable
from devgw.web.wrong_path import answer_wrong_path, names_in_form


def create_app(served: serving.Serving, more: Iterable[Blueprint] = ()) -> Quart:
    """Return the app that serves whatever generation `served` holds at each request."""
    app = Quart(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = 1024 * 1024
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False  # preflights are answered in front
    app.url_map.strict_slashes = False
    app.jinja_options = {"autoescape": True, "finalize": on_a_page}
    app.jinja_env.filters |= {"short": short, "host": shown_host, "in_ascii": in_ascii, "hidden": serving.hide}
    serving.keep(app, served)
    for each in (metadata, register, authorize, dev_login, logout, token):
        app.register_blueprint(each.blueprint)
    for blueprint in more:
        app.register_blueprint(blueprint)
    app.before_request(_route_page)
    app.before_request(_check_method)
    app.before_request(until_writable)
    app.register_error_handler(Refused, refusals.answer)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _fault)
    app.add_url_rule(STYLE, view_func=_style)
    app.add_url_rule(SCRIPT, view_func=_script)
    app.add_url_rule("/", view_func=_front_page)
    return app


async def _check_method() -> None:
    """Refuse a method that Quart would take for one that it resembles: methods are case-sensitive (RFC 9110 §9.1)."""
    if request.url_rule is not None and _method() != request.method:
        raise MethodNotAllowed(request.url_rule.methods)


def _method() -> str:
    """Return the method as it was written; the framework's own is in capitals."""
    return str(request.scope.get("method"))


async def _style() -> Response:
    """Return the style sheet of every page."""
    return _static("style.css", "text/css")


async def _script() -> Response:
    """Return the one script of our pages."""
    return _static("browser.js", "text/javascript")


def _static(name: str, media_type: str) -> Response:
    from importlib.resources import files  # noqa: PLC0415  a page is rare, the import is not free

    content = files("devgw.web").joinpath("static", name).read_bytes()
    headers = {"Cache-Control": "max-age=3600", "X-Content-Type-Options": "nosniff"}
    return Response(content, content_type=f"{media_type}; charset=utf-8", headers=headers)


async def _front_page() -> Response:
    """Say what this is and where to connect, to people and to programs: the first URL that anybody opens."""
    urls = serving.urls()
    project = serving.gateway().project
    if request.accept_mimetypes.best_match(["application/json", "text/html"]) == "text/html":
        found = [(route, urls.resource(route)) for route in project.routes]
        names = server_names(route.operation_id for route in project.routes)
        routes = [(route, url, CLAUDE_CODE.adding(name, url)) for (route, url), name in zip(found, names, strict=True)]
        callback = "" if serving.gateway().login.is_dev_login else serving.canonical_urls().callback
        return await page("front.html", routes=routes, callback=callback)
    return jsonify(
        {
            "name": "devgw",
            "mcp_urls": [urls.resource(route) for route in project.routes],
            "authorization_server": urls.server_metadata(None),
            "callback": serving.canonical_urls().callback,
        }
    )


async def _route_page() -> Response | None:
    """Say what the URL of an MCP route is for, and how a client is given it, where the front sends a browser here.

    GET of a page is refused with 405 where the route takes no GET, and with 406 where it gives an event stream alone.
    """
    scope: Mapping[str, Any] = request.scope
    route = scope.get("devgw.route")
    if route is None:
        return None
    url, methods = serving.urls().resource(route), str(scope["devgw.methods"])
    if set(request.args) >= OF_AN_AUTHORIZATION:
        endpoint = serving.urls().endpoints(route).authorization
        return await refusals.as_page(PathUnknown(request.method, url, Meant.AUTHORIZE, endpoint, (url,)))
    name = server_names([route.operation_id])[0]
    commands = [(each.name, each.adding(name, url)) for each in CLIENT_SETUPS if each.add]
    others = [each for each in CLIENT_SETUPS if not each.add]
    takes_get = request.method in methods.split(", ")
    response = await page(
        "route.html", 406 if takes_get else 405, route=route, url=url, commands=commands, others=others
    )
    if not takes_get:
        response.headers["Allow"] = methods
    return response


async def _http_error(error: HTTPException) -> Response:
    """Answer what Quart refuses as JSON; an OAuth client must never get HTML where it expects JSON."""
    status = error.code or 500
    path = request.path
    if status == 404 or (status == 405 and path == "/"):  # the origin is where many look for the MCP server itself
        return await answer_wrong_path()
    if status == 405:
        return await _refuse_method(path, error)
    response: Response = jsonify(
        {
            "error": "invalid_request",
            "error_description": error_description(f"{request.method} {path}: {error.description or error.name}"),
        }
    )
    response.status_code = status
    return response


async def _refuse_method(path: str, error: HTTPException) -> Response:
    """Answer a method that an endpoint does not take; a token request is told where it belongs."""
    if path.startswith(f"{REGISTRY}/") or path == REGISTRY:
        return await registry.nothing()
    taken = sorted(getattr(error, "valid_methods", None) or ())
    response = refusals.as_json(await _why_refused(path, [each for each in taken if each != "HEAD"]))
    response.headers["Allow"] = ", ".join(taken)
    return response


async def _why_refused(path: str, taken: Iterable[str]) -> Problem:
    asked, headers = _method(), request.headers
    if asked == "OPTIONS" and "Origin" in headers and "Access-Control-Request-Method" in headers:
        return NotForPages(path, headers["Origin"])
    is_for_tokens = OF_A_TOKEN & await names_in_form(headers.get("Content-Type", "").lower())
    belongs_to = serving.urls().endpoints(None).token if is_for_tokens else ""
    return MethodRefused(asked, path, tuple(taken), belongs_to)


async def _fault(error: Exception) -> Response:
    """Answer a defect of ours: 500 with the trace id and nothing else; the event says where."""
    trace = serving.trace()
    trace_id = trace.id if trace else None
    where = place_of_fault(error)
    serving.gateway().ground.bus.publish(
        FaultMet(
            trace_id=trace_id,
            where=where,
            kind=type(error).__name__,
            outcome=Outcome.FAILURE,
            failure_origin=FailureOrigin.GATEWAY,
            reason_code="fault",
            explanation=f"{type(error).__name__} at {where} while answering {request.method} {request.path}",
            hint="This is a defect of devgw: report it with this trace.",
        )
    )
    response: Response = jsonify(
        {"error": "server_error", "error_description": f"devgw met a defect of its own [trace {trace_id}]"}
    )
    response.status_code = 500
    return response
