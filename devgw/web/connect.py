"""Connecting an upstream in the browser: the link, the way there, and the way back.

A link is needed whoever is signed in, and connects in the browser of the person whom it names alone (`connect_link`). A
page that another one leads to asks first, all the same: at the upstream the browser may be signed in as anybody.

Source: `gateway.md` §3, §6; MCP Security Best Practices §OAuth State Parameter Validation.
"""

from quart import Blueprint, Response, jsonify, redirect, request

from devgw.config.project import Route
from devgw.entropy import digest, same, token
from devgw.gateway.connecting import Begun, Finished, Ticket, UpstreamConnecting, cookie_name_of
from devgw.oauth.urls import CLIENT_DOCUMENT, CONNECTIONS, SCRIPT
from devgw.problems import Refused
from devgw.problems.consent import ConsentStale
from devgw.problems.upstream_connection import ConnectionUnknown
from devgw.web import browser, refusals, serving
from devgw.web.connect_link import OpenedLink, find_out_who, is_done, open_link
from devgw.web.looking import answer_to_look
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
        opened = open_link(upstreams, _route_of(connection))
        _note(opened.route, opened.ticket)
        if request.args.get("redirect") != "true":
            return await _precondition(upstreams, opened)
        return await _next(upstreams, opened)

    @found.post(f"{CONNECTIONS}/<connection>/connect")
    async def confirm(connection: str) -> Response:
        """Begin after the page that asked: 303 to the upstream."""
        opened = open_link(upstreams, _route_of(connection))
        _note(opened.route, opened.ticket)
        await _check_form()
        return await _begin(upstreams, opened, 303)

    @found.get(f"{CONNECTIONS}/<connection>/callback")
    async def callback(connection: str) -> Response:
        """End: take the upstream's answer, and go back to where the person came from."""
        route = _route_of(connection)
        _note(route)
        if looked := answer_to_look():
            return looked
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


async def _next(upstreams: UpstreamConnecting, opened: OpenedLink) -> Response:
    """Return what comes after a link that was opened: sign in, the page that asks, or the upstream."""
    if looked := answer_to_look():
        return looked
    if not browser.sessions():
        return await find_out_who(upstreams, opened)
    if browser.is_led_here_by_another_page():
        return await _question(opened)
    return await _begin(upstreams, opened, 302)


async def _begin(upstreams: UpstreamConnecting, opened: OpenedLink, status: int) -> Response:
    """Send the person to the upstream, once this browser has shown to be theirs."""
    if opened.person is None:
        return await find_out_who(upstreams, opened)
    begun = await upstreams.begin(opened.route, opened.ticket, anew=opened.drops_registration)
    is_done(opened)
    return _sent(begun, status)


async def _precondition(upstreams: UpstreamConnecting, opened: OpenedLink) -> Response:
    """Return 428: a page for a person, the payload for a program."""
    route, ticket = opened.route, opened.ticket
    standing = upstreams.state_of(route, ticket.subject_id, ticket.label, ticket.return_to)
    if "text/html" in request.headers.get("Accept", ""):
        return await _question(opened, _PRECONDITION_REQUIRED)
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


async def _question(opened: OpenedLink, status: int = 200) -> Response:
    """Ask whether this is meant: another page than ours may have opened the link."""
    secret, route = token("cf_"), opened.route
    response = await page(
        "connect.html",
        status,
        form_action="'self' http: https:",  # Chrome applies it to where the upstream's authorization leads
        exchange=route.token_exchange,
        route=route,
        ticket=opened.ticket,
        browser_key=serving.gateway().proofs.browser_key(opened.person) if opened.person else "",
        script=serving.urls().at(SCRIPT),
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


def _sent(begun: Begun, status: int) -> Response:
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
