"""The browser's way over HTTP: authorize, callback, consent, and the one place where they meet.

Each step ends in `next_step`, which alone knows what comes next: no session, to the identity provider; not consented,
the consent page; else the code. Steps never name one another. An authorization request is checked under the name by
which the client asked (its issuer stays that one); pages and cookies live on the canonical origin.
"""

from quart import Blueprint, Response, redirect, request

from devgw.gateway.authorization import Destination, SentBack
from devgw.gateway.gateway import Gateway
from devgw.gateway.login import SESSION_COOKIE, Arrival
from devgw.gateway.records import PendingAuthorization
from devgw.ids import ClientId
from devgw.oauth.parameters import Parameters
from devgw.oauth.urls import AUTHORIZE, CALLBACK, CONSENT
from devgw.problems import Refused
from devgw.problems.authorization import ParameterInvalid
from devgw.problems.consent import AccessDenied, InteractionRequired, TransactionFinished
from devgw.problems.login import ProviderRefused
from devgw.web import caller, refusals, serving
from devgw.web.pages import consent_page

blueprint = Blueprint("authorize", __name__)
_YES = frozenset({"approve", "continue"})


@blueprint.get(AUTHORIZE)
@blueprint.get("/authorize")
@blueprint.get(f"{AUTHORIZE}/<path:path>")
async def authorize(path: str | None = None) -> Response:
    """Begin an authorization. The same request may come twice, once without cookies: real clients look first."""
    gateway, urls = serving.gateway(), serving.urls()
    route = gateway.route_of(f"/{path}") if path else None
    if path and route is None:
        raise Refused(ParameterInvalid("path", f"{AUTHORIZE}/{path}", "the path of an MCP route"))
    _note_client(gateway, serving.query())
    pending = await gateway.authorization.begin(
        serving.query(), route, urls, loopback_allowed=not caller.is_page_of_elsewhere()
    )
    _note(pending)
    if urls.origin != serving.canonical_urls().origin:
        return _see(serving.canonical_urls().consent(pending.id), 302)
    return await next_step(gateway, pending)


@blueprint.get(CALLBACK)
async def callback() -> Response:
    """Take the identity provider's answer, open a session, and go on with the authorization it belongs to."""
    gateway, urls = serving.gateway(), serving.urls()
    parameters = serving.query()
    try:
        arrival = await gateway.login.arrive(
            parameters, dict(request.cookies), urls, request.headers.get("User-Agent", "")
        )
    except Refused as refused:
        _note(gateway.login.find_for_error(parameters))
        return _to_client(gateway, refused) or await refusals.as_page(refused.problem)
    _note(arrival.pending)
    response = _see(urls.consent(arrival.pending.id), 303)
    _set_session(response, arrival)
    return response


@blueprint.get(CONSENT)
async def show_setup() -> Response:
    """Show what has to be decided for a pending authorization."""
    gateway = serving.gateway()
    pending = gateway.authorization.find_to_decide(request.args.get("transaction"))
    _note(pending)
    return _again(gateway, pending) if pending.decided_at else await next_step(gateway, pending)


@blueprint.post(CONSENT)
async def decide() -> Response:
    """Take the person's decision: `approve`, `continue`, `cancel` or `switch`."""
    gateway = serving.gateway()
    form = await serving.form("consent")
    pending = gateway.authorization.find_to_decide(form.get("transaction"))
    _note(pending)
    cookie = request.cookies.get(SESSION_COOKIE)
    session = gateway.login.session_of(cookie)
    if session is None or _wants_login(pending):
        return await next_step(gateway, gateway.authorization.find(pending.id))
    question = gateway.consents.question(pending, session, cookie or "", _here(pending))
    gateway.consents.check_form(question, form.get("csrf_token"), form.get("subject"))
    decision = form.require("decision")
    if pending.decided_at:
        return _again(gateway, pending, decision)
    if decision == "switch":
        gateway.ground.revocation.sign_out(session)
        return await _to_login(gateway, gateway.authorization.switch_account(pending))
    if decision == "cancel":
        gateway.consents.deny(question)
        raise SentBack(AccessDenied("consent"), _destination(gateway, pending))
    if decision not in _YES:
        raise Refused(ParameterInvalid("decision", decision, "approve, continue, cancel or switch", "consent"))
    return _see(gateway.consents.approve(question, cookie or ""), 303)


def _again(gateway: Gateway, pending: PendingAuthorization, decision: str = "approve") -> Response:
    """Answer what came twice: the same yes gets the same redirect as long as its code waits; anything else is over.

    Raises:
        Refused: with `TransactionFinished`.
    """
    cookie = request.cookies.get(SESSION_COOKIE)
    session = gateway.login.session_of(cookie)
    if session is None or decision not in _YES:
        raise Refused(TransactionFinished(pending.client_name, pending.decided_at or pending.created_at))
    return _see(gateway.consents.repeat(pending, session, cookie or ""), 303)


async def next_step(gateway: Gateway, pending: PendingAuthorization) -> Response:
    """Return what this browser has to do next for `pending`: the one dispatcher."""
    cookie = request.cookies.get(SESSION_COOKIE)
    session = gateway.login.session_of(cookie)
    may_ask = pending.prompt != "none"
    if session is None or _wants_login(pending):
        if not may_ask:
            raise SentBack(InteractionRequired("sign-in"), _destination(gateway, pending))
        return await _to_login(gateway, pending)
    question = gateway.consents.question(pending, session, cookie or "", _here(pending))
    if gateway.consents.is_remembered(question):
        return _see(gateway.consents.approve(question, cookie or "", remembered=True), 303)
    if not may_ask:
        raise SentBack(InteractionRequired("consent"), _destination(gateway, pending))
    gateway.consents.show(question)
    return await consent_page(question)


def _wants_login(pending: PendingAuthorization) -> bool:
    """Tell whether the person has yet to say anew who they are, whatever session this browser has."""
    return bool({"login", "select_account"} & set((pending.prompt or "").split()))


async def _to_login(gateway: Gateway, pending: PendingAuthorization) -> Response:
    departure = gateway.login.depart(pending, serving.canonical_urls())
    response = _see(departure.url, 302)
    response.set_cookie(
        departure.cookie_name, departure.cookie_value, httponly=True, samesite="Lax", secure=_is_https(), path="/"
    )
    return response


def _set_session(response: Response, arrival: Arrival) -> None:
    """Set the session cookie (host-only, for as long as the browser runs; the gateway knows when it expires)."""
    response.delete_cookie(arrival.login_cookie_name, path="/")
    if arrival.session_cookie:
        response.set_cookie(
            SESSION_COOKIE, arrival.session_cookie, httponly=True, samesite="Lax", secure=_is_https(), path="/"
        )


def _to_client(gateway: Gateway, refused: Refused) -> Response | None:
    """Return the redirect that tells the client that its login ended with a no; None where a page must say it."""
    pending = gateway.login.find_for_error(serving.query())
    if pending is None or not isinstance(refused.problem, ProviderRefused):
        return None
    return refusals.as_redirect(refused.problem, _destination(gateway, pending))


def _destination(gateway: Gateway, pending: PendingAuthorization) -> Destination:
    client = gateway.clients.known(pending.client_id)
    return Destination(client, pending.redirect_uri, pending.state, pending.issuer)


def _here(pending: PendingAuthorization) -> str:
    return serving.canonical_urls().consent(pending.id)


def _is_https() -> bool:
    return serving.canonical_urls().origin.startswith("https:")


def _see(url: str, status: int) -> Response:
    response: Response = redirect(url, status)  # type: ignore[assignment]  # Quart's own union
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def _note(pending: PendingAuthorization | None) -> None:
    trace = serving.trace()
    if trace and pending:
        trace.kind = "oauth"
        trace.transaction_id = pending.id
        trace.client_id, trace.client_name = pending.client_id, pending.client_name
        trace.operation_id = pending.operation_id


def _note_client(gateway: Gateway, parameters: Parameters) -> None:
    """Write into the trace who asks, before anything can be refused."""
    trace = serving.trace()
    client_id = parameters.first("client_id")
    if trace and client_id:
        client = gateway.ground.store.find_client(ClientId(client_id))
        trace.client_id = ClientId(client_id)
        trace.client_name = client.name if client else None
