"""Connecting an upstream in the browser: the link, the way there, and the way back.

Source: `gateway.md` §3, §6; MCP Security Best Practices §OAuth State Parameter Validation.
"""

from urllib.parse import urlencode

from quart import Blueprint, Response, jsonify, redirect, request

from devgw.config.project import Route
from devgw.gateway.connecting import Begun, Finished, Ticket, UpstreamConnecting, cookie_name_of
from devgw.gateway.login import SESSION_COOKIE
from devgw.gateway.records import Session
from devgw.oauth.urls import CLIENT_DOCUMENT, CONNECTIONS
from devgw.problems import Refused
from devgw.problems.upstream_connection import ConnectBrowserForeign, ConnectionUnknown, ConnectLinkInvalid
from devgw.web import refusals, serving
from devgw.web.pages import page

COOKIE_SECONDS = 600
_PRECONDITION_REQUIRED = 428


def blueprint(upstreams: UpstreamConnecting) -> Blueprint:
    """Return the endpoints by which a person connects an upstream, and our client metadata documents."""
    found = Blueprint("connect", __name__)

    @found.get(f"{CONNECTIONS}/<connection>/connect")
    async def connect(connection: str) -> Response:
        """Begin: 302 to the upstream with `redirect=true`, else 428 with what is needed."""
        route = _route_of(connection)
        ticket = _ticket(upstreams, route)
        session = serving.gateway().login.session_of(request.cookies.get(SESSION_COOKIE))
        _check_person(route, ticket, session)
        _note(route, ticket)
        if request.args.get("redirect") != "true":
            return await _precondition(upstreams, route, ticket)
        if session is None and request.args.get("confirmed") != "true":
            return await _question(route, ticket)
        begun = await upstreams.begin(route, ticket, anew=request.args.get("register") == "anew")
        return _sent(begun)

    @found.get(f"{CONNECTIONS}/<connection>/callback")
    async def callback(connection: str) -> Response:
        """End: take the upstream's answer, and go back to where the person came from."""
        route = _route_of(connection)
        _note(route)
        parameters = serving.query()
        name = cookie_name_of(parameters.get("state", ""))
        try:
            finished = await upstreams.finish(route, parameters, request.cookies.get(name))
        except Refused as refused:
            return await _failed(route, refused)
        response = await _done(route, finished)
        response.delete_cookie(name, path="/")
        return response

    @found.get(f"{CLIENT_DOCUMENT}/<connection>")
    async def document(connection: str) -> Response:
        """Return our own client metadata document towards one upstream."""
        response: Response = jsonify(upstreams.document_of(_route_of(connection)))
        response.headers["Cache-Control"] = "max-age=300"
        return response

    return found


def _route_of(connection: str) -> Route:
    """Return the route that `operationId` names among those with this upstream, else the first of them.

    Raises:
        Refused: with `ConnectionUnknown`.
    """
    routes = [route for route in serving.gateway().project.routes if route.token_exchange]
    named = [route for route in routes if route.token_exchange and route.token_exchange.id == connection]
    wanted = request.args.get("operationId")
    if not named:
        known = tuple(str(route.token_exchange.id) for route in routes if route.token_exchange)
        raise Refused(ConnectionUnknown(connection=connection, known=known))
    return next((route for route in named if route.operation_id == wanted), named[0])


def _ticket(upstreams: UpstreamConnecting, route: Route) -> Ticket:
    """Return what the link says; without one, the person whose browser this is asks for themselves.

    Raises:
        Refused: with `ConnectLinkInvalid`.
    """
    assert route.token_exchange is not None
    sealed = request.args.get("browserTicket")
    if sealed:
        return upstreams.read_ticket(sealed, route.token_exchange.id)
    session = serving.gateway().login.session_of(request.cookies.get(SESSION_COOKIE))
    if session is None:
        raise Refused(ConnectLinkInvalid(why="it carries no ticket, and nobody is signed in in this browser"))
    label = session.email or session.subject_id
    return Ticket(session.subject_id, route.token_exchange.id, route.operation_id, label)


def _check_person(route: Route, ticket: Ticket, session: Session | None) -> None:
    """Refuse a link that was made for somebody else than the one who is signed in here.

    Raises:
        Refused: with `ConnectBrowserForeign`.
    """
    assert route.token_exchange is not None
    shared = route.token_exchange.auth_mode == "shared-oauth"
    if session is not None and session.subject_id != ticket.subject_id and not shared:
        here, there = session.email or session.subject_id, ticket.label or ticket.subject_id
        raise Refused(ConnectBrowserForeign(why=f"This browser is signed in as {here}; the link is for {there}."))


async def _precondition(upstreams: UpstreamConnecting, route: Route, ticket: Ticket) -> Response:
    """Return 428: a page for a person, the payload for a program."""
    standing = upstreams.state_of(route, ticket.subject_id, ticket.label, ticket.return_to)
    if "text/html" in request.headers.get("Accept", ""):
        return await _question(route, ticket, _PRECONDITION_REQUIRED)
    assert route.token_exchange is not None
    response: Response = jsonify(
        {
            "state": standing.state if standing else "connected",
            "upstreamServerId": route.token_exchange.id,
            "operationId": route.operation_id,
            "authUrl": standing.connect_url if standing else None,
            "nextAction": "redirect",
            "authProfileId": f"{route.token_exchange.id}:{route.token_exchange.auth_mode}",
        }
    )
    response.status_code = _PRECONDITION_REQUIRED
    response.headers["Cache-Control"] = "no-store"
    return response


def _here(**changes: str) -> str:
    """Return this request's URL with other parameters."""
    return serving.urls().at(request.path, **{**request.args.to_dict(), **changes})


async def _question(route: Route, ticket: Ticket, status: int = 200) -> Response:
    """Ask a browser in which nobody is signed in whether this is meant."""
    onward = _here(redirect="true", confirmed="true")
    return await page("connect.html", status, exchange=route.token_exchange, route=route, ticket=ticket, onward=onward)


def _sent(begun: Begun) -> Response:
    """Send the browser on its way, with the cookie that proves it is the same one when it is back."""
    response: Response = redirect(begun.url, 302)  # type: ignore[assignment]  # Quart's own union
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.set_cookie(
        begun.cookie_name,
        begun.cookie,
        max_age=COOKIE_SECONDS,
        httponly=True,
        samesite="Lax",
        secure=serving.canonical_urls().origin.startswith("https:"),
        path="/",
    )
    return response


async def _done(route: Route, finished: Finished) -> Response:
    """Go back to where the person came from, or say that all is well."""
    if finished.return_to:
        response: Response = redirect(finished.return_to, 303)  # type: ignore[assignment]  # Quart's own union
        response.headers["Cache-Control"] = "no-store"
        return response
    return await page("connected.html", exchange=route.token_exchange, connection=finished.connection)


async def _failed(route: Route, refused: Refused) -> Response:
    """Say what went wrong, and offer to begin again; a stale registration may be the reason that nobody tells us."""
    refusals.note(refused.problem)
    again = f"connect?{urlencode({'operationId': route.operation_id, 'redirect': 'true', 'register': 'anew'})}"
    signed_in = serving.gateway().login.session_of(request.cookies.get(SESSION_COOKIE)) is not None
    problem = refused.problem
    return await page(
        "connect_failed.html",
        problem.status,
        exchange=route.token_exchange,
        problem=problem,
        again=again if signed_in else None,
    )


def _note(route: Route, ticket: Ticket | None = None) -> None:
    """Write into the trace whose connection this is about."""
    trace = serving.trace()
    if trace:
        trace.kind = "connect"
        trace.operation_id = route.operation_id
        trace.subject_id = ticket.subject_id if ticket else trace.subject_id
