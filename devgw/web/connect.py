"""Connecting an upstream in the browser: the link, the way there, and the way back.

A link is needed whoever is signed in: a session's cookie goes to other ports too, and another port can set one of its
own. So a page that another one leads to asks first, even where the link and the cookie name the same person. Where
nobody is signed in it asks, too, and does not lead to sign-in: one belongs to an authorization that a client began, and
whoever was given the link is the client of the person whom it names.

Source: `gateway.md` §3, §6; MCP Security Best Practices §OAuth State Parameter Validation.
"""

from quart import Blueprint, Response, jsonify, redirect, request

from devgw.config.project import Route
from devgw.entropy import digest, same, token
from devgw.gateway.connecting import Begun, Finished, Ticket, UpstreamConnecting, cookie_name_of
from devgw.gateway.records import Session
from devgw.oauth.urls import CLIENT_DOCUMENT, CONNECTIONS
from devgw.problems import Refused
from devgw.problems.consent import ConsentStale
from devgw.problems.upstream_connection import ConnectBrowserForeign, ConnectionUnknown, ConnectLinkInvalid
from devgw.web import browser, refusals, serving
from devgw.web.pages import page

COOKIE_SECONDS = 600
FORM_COOKIE = "devgw_connect_form"
_PRECONDITION_REQUIRED = 428


def blueprint(upstreams: UpstreamConnecting) -> Blueprint:
    """Return the endpoints by which a person connects an upstream, and our client metadata documents."""
    found = Blueprint("connect", __name__)

    @found.get(f"{CONNECTIONS}/<connection>/connect")
    async def connect(connection: str) -> Response:
        """Begin: 302 to the upstream with `redirect=true`, else 428 with what is needed."""
        route = _route_of(connection)
        ticket = _ticket(upstreams, route)
        sessions = browser.sessions()
        _check_person(route, ticket, sessions)
        _note(route, ticket)
        if request.args.get("redirect") != "true":
            return await _precondition(upstreams, route, ticket)
        if not sessions or browser.is_led_here_by_another_page():
            return await _question(route, ticket)
        return _sent(await upstreams.begin(route, ticket, anew=_is_anew()))

    @found.post(f"{CONNECTIONS}/<connection>/connect")
    async def confirm(connection: str) -> Response:
        """Begin after the page that asked: 303 to the upstream."""
        route = _route_of(connection)
        ticket = _ticket(upstreams, route)
        _check_person(route, ticket, browser.sessions())
        _note(route, ticket)
        await _check_form()
        return _sent(await upstreams.begin(route, ticket, anew=_is_anew()), 303)

    @found.get(f"{CONNECTIONS}/<connection>/callback")
    async def callback(connection: str) -> Response:
        """End: take the upstream's answer, and go back to where the person came from."""
        route = _route_of(connection)
        _note(route)
        parameters = serving.query()
        name = cookie_name_of(parameters.get("state", ""))
        cookies = browser.cookies().get(name, ())
        try:
            finished = await upstreams.finish(route, parameters, cookies)
        except Refused as refused:
            return await _failed(route, refused, upstreams.link_again(route, parameters, cookies))
        response = await _done(route, finished)
        browser.forget_cookie(response, name, browser.path_of(CONNECTIONS))
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
    """Return what the link says.

    Raises:
        Refused: with `ConnectLinkInvalid`.
    """
    assert route.token_exchange is not None
    sealed = request.args.get("browserTicket")
    if not sealed:
        raise Refused(ConnectLinkInvalid(why="it carries no ticket, so it does not say for whom it is"))
    return upstreams.read_ticket(sealed, route.token_exchange.id)


def _is_anew() -> bool:
    """Tell whether the registration that was kept is to be dropped."""
    return request.args.get("register") == "anew"


def _check_person(route: Route, ticket: Ticket, sessions: list[Session]) -> None:
    """Refuse a link that was made for somebody else than who is signed in here.

    Raises:
        Refused: with `ConnectBrowserForeign`.
    """
    assert route.token_exchange is not None
    if not sessions or route.token_exchange.auth_mode == "shared-oauth":
        return
    if all(each.subject_id != ticket.subject_id for each in sessions):
        here, there = sessions[0].email or sessions[0].subject_id, ticket.label or ticket.subject_id
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
            "authUrl": _here(redirect="true") if standing else None,
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
    """Ask whether this is meant: who opened the link cannot be told, or another page did."""
    secret = token("cf_")
    response = await page(
        "connect.html",
        status,
        form_action="'self' http: https:",  # Chrome applies it to where the upstream's authorization leads
        exchange=route.token_exchange,
        route=route,
        ticket=ticket,
        is_signed_in=bool(browser.sessions()),
        action=_here(redirect="true"),
        csrf_token=digest(secret),
    )
    browser.set_cookie(response, FORM_COOKIE, secret, browser.path_of(CONNECTIONS), COOKIE_SECONDS)
    return response


async def _check_form() -> None:
    """Refuse a form that this browser was not just shown by our own page.

    Raises:
        Refused: with `ConsentStale`.
    """
    browser.check_sender()
    shown = (await serving.form("connect")).get("csrf_token", "")
    if not any(same(shown, digest(each)) for each in browser.cookies().get(FORM_COOKIE, ())):
        raise Refused(ConsentStale("its token does not belong to this browser"))


def _sent(begun: Begun, status: int = 302) -> Response:
    """Send the browser on its way, with the cookie that proves it is the same one when it is back."""
    response: Response = redirect(begun.url, status)  # type: ignore[assignment]  # Quart's own union
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    browser.set_cookie(response, begun.cookie_name, begun.cookie, browser.path_of(CONNECTIONS), COOKIE_SECONDS)
    return response


async def _done(route: Route, finished: Finished) -> Response:
    """Go back to where the person came from, or say that all is well."""
    if finished.return_to:
        response: Response = redirect(finished.return_to, 303)  # type: ignore[assignment]  # Quart's own union
        response.headers["Cache-Control"] = "no-store"
        return response
    return await page("connected.html", exchange=route.token_exchange, connection=finished.connection)


async def _failed(route: Route, refused: Refused, again: str | None) -> Response:
    """Say what went wrong, and offer to begin again; a stale registration may be the reason that nobody tells us."""
    refusals.note(refused.problem)
    problem, trace = refused.problem, serving.trace()
    return await page(
        "connect_failed.html",
        problem.status,
        exchange=route.token_exchange,
        problem=problem,
        diagnosis_id=problem.diagnosis_id,
        trace_id=trace.id if trace else None,
        again=f"{again}&register=anew" if again else None,
    )


def _note(route: Route, ticket: Ticket | None = None) -> None:
    """Write into the trace whose connection this is about."""
    trace = serving.trace()
    if trace:
        trace.kind = "connect"
        trace.operation_id = route.operation_id
        trace.subject_id = ticket.subject_id if ticket else trace.subject_id
