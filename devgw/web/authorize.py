"""The browser's way over HTTP: authorize, callback, consent, and the one place where they meet.

Each step ends in `next_step`, which alone knows what comes next: no session, to the identity provider; not consented,
the consent page; else the code. Steps never name one another. An authorization request is checked under the name by
which the client asked (its issuer stays that one); pages and cookies live on the canonical origin.
"""

from quart import Blueprint, Response, redirect, request

from devgw.gateway.authorization import Destination, SentBack
from devgw.gateway.gateway import Gateway
from devgw.gateway.records import PendingAuthorization, Session
from devgw.gateway.wrong_path import OF_A_TOKEN
from devgw.ids import ClientId
from devgw.oauth.parameters import Parameters
from devgw.oauth.urls import AUTHORIZE, CALLBACK, CONSENT, PROVE
from devgw.problems import Refused
from devgw.problems.consent import (
    AccessDenied,
    ConsentStale,
    InteractionRequired,
    TransactionFinished,
    TransactionUnknown,
)
from devgw.problems.parameters import ParameterInvalid
from devgw.problems.provider_refusal import ProviderRefused
from devgw.problems.wrong_path import MethodRefused
from devgw.web import browser, caller, dev_login, refusals, serving
from devgw.web.looking import answer_to_look
from devgw.web.pages import consent_page, prove_page
from devgw.web.wrong_path import answer_wrong_path

blueprint = Blueprint("authorize", __name__)
_YES = frozenset({"approve", "continue"})


@blueprint.get(AUTHORIZE)
@blueprint.get("/authorize")
@blueprint.get(f"{AUTHORIZE}/<path:path>")
async def authorize(path: str | None = None) -> Response:
    """Begin an authorization. The same request may come twice, once without cookies: real clients look first."""
    if path and serving.gateway().route_of(f"/{path}") is None:
        return await answer_wrong_path()
    if not request.query_string and (looked := answer_to_look()):  # at the address alone, of no authorization
        return looked
    parameters, by_page = serving.query(), caller.is_page_of_elsewhere()
    parameters.check_lengths()
    _note_client(serving.gateway(), parameters)
    client = await serving.gateway().authorization.who_asks(parameters, by_page_of_elsewhere=by_page)
    gateway, urls = serving.gateway(), serving.urls()  # a save may have come while a document was fetched
    route = gateway.route_of(f"/{path}") if path else None
    if path and route is None:
        return await answer_wrong_path()
    pending = gateway.authorization.begin(client, parameters, route, urls, by_page_of_elsewhere=by_page)
    serving.note_pending(pending)
    if looked := answer_to_look():
        return looked
    if urls.origin != serving.canonical_urls().origin:
        return _see(serving.canonical_urls().consent(pending.id), 302)
    return await next_step(gateway, pending)


@blueprint.get(CALLBACK)
async def callback() -> Response:
    """Take the identity provider's answer, open a session, and go on with the authorization it belongs to."""
    gateway, urls = serving.gateway(), serving.urls()
    parameters = serving.query()
    dev_login.check_is_here()
    if looked := answer_to_look():
        return looked
    try:
        agent = request.headers.get("User-Agent", "")
        arrival = await gateway.login.arrive(parameters, browser.cookies(), urls, agent)
    except Refused as refused:
        serving.note_pending(gateway.login.find_for_error(parameters))
        return await _to_client(gateway, refused) or await refusals.as_page(refused.problem)
    serving.note_pending(arrival.pending)
    response = _see(_onward(gateway, arrival.pending, arrival.page_token), 303)
    browser.forget_cookie(response, arrival.login_cookie_name, browser.path_of(CALLBACK))
    if arrival.session_cookie:
        browser.set_session(response, arrival.session_cookie)
    return response


@blueprint.post(CALLBACK)
async def posted_callback() -> Response:
    """Say that the provider answers by a form (`response_mode=form_post`), which no cookie of ours comes along with."""
    gateway, form = serving.gateway(), await serving.form("callback")
    if OF_A_TOKEN & set(form):
        return refusals.as_json(MethodRefused("POST", CALLBACK, ("GET",), serving.urls().endpoints(None).token))
    serving.note_pending(gateway.login.find_for_error(form))
    return await refusals.as_page(gateway.login.turn_away(form))


@blueprint.get(CONSENT)
async def show_setup() -> Response:
    """Show what has to be decided for a pending authorization."""
    gateway, transaction = serving.gateway(), request.args.get("transaction")
    serving.note_pending(gateway.authorization.known(transaction))
    if looked := answer_to_look():
        return looked
    browser.check_opens_page()
    if request.args.get("sign_in") == "again":
        return await _to_login(gateway, gateway.authorization.find(transaction))
    pending = gateway.authorization.find_to_decide(transaction)
    page_token = request.args.get("page_token")
    if pending.decided_at:
        return _again(gateway, pending, page_token)
    return await next_step(gateway, pending, page_token)


@blueprint.post(PROVE)
async def prove() -> Response:
    """Take the key that our page found in the storage of its origin; who has none signs in once more."""
    gateway = serving.gateway()
    form = await serving.form("consent")
    serving.note_pending(gateway.authorization.known(form.get("transaction")))
    pending = gateway.authorization.find(form.get("transaction"))
    browser.check_sender()
    session = gateway.proofs.session_by_key(form.get("browser_key"), browser.sessions())
    if session is None:
        return await _to_login(gateway, pending)
    proven, page_token = gateway.proofs.page_token(pending, session)
    return _see(_onward(gateway, proven, page_token), 303)


@blueprint.post(CONSENT)
async def decide() -> Response:
    """Take the person's decision: `approve`, `continue`, `cancel` or `switch`."""
    gateway = serving.gateway()
    form = await serving.form("consent")
    serving.note_pending(gateway.authorization.known(form.get("transaction")))
    pending = gateway.authorization.find_to_decide(form.get("transaction"))
    browser.check_sender()
    sessions, page_token = browser.sessions(), form.get("csrf_token")
    if not sessions or _wants_login(pending) or pending.begins_anew:
        return await next_step(gateway, gateway.authorization.find(pending.id))
    _check_subject(sessions, form.get("subject"))
    session = gateway.proofs.session_by_page(pending, page_token, sessions)
    if session is None:
        raise Refused(ConsentStale("its token does not belong to this session"))
    question = gateway.consents.question(pending, session, page_token or "", _here(pending, page_token))
    decision = form.require("decision")
    if pending.decided_at:
        return _again(gateway, pending, page_token, decision)
    if decision == "switch":
        gateway.ground.revocation.sign_out(session)
        return await _to_login(gateway, gateway.authorization.switch_account(pending))
    if decision == "cancel":
        gateway.consents.deny(question)
        raise SentBack(AccessDenied("consent"), _destination(gateway, pending), is_by_the_person=True)
    if decision not in _YES:
        raise Refused(ParameterInvalid("decision", decision, "approve, continue, cancel or switch", "consent"))
    return _see(gateway.consents.approve(question), 303)


def _check_subject(sessions: list[Session], person: str | None) -> None:
    """Refuse a form that was shown to somebody who is not signed in here any more."""
    if person and all(each.person != person for each in sessions):
        raise Refused(
            ConsentStale(
                "it was shown to another person: somebody else signed in since, or its page comes from another browser",
                is_of_somebody_else=True,
            )
        )


def _again(
    gateway: Gateway, pending: PendingAuthorization, page_token: str | None, decision: str = "approve"
) -> Response:
    """Answer what came twice: the same yes gets the same redirect as long as its code waits; anything else is over.

    Raises:
        Refused: with `TransactionFinished`.
    """
    session = gateway.proofs.session_by_page(pending, page_token, browser.sessions())
    if session is None or decision not in _YES:
        raise Refused(TransactionFinished(pending.client_name, pending.decided_at or pending.created_at))
    return _see(gateway.consents.repeat(pending, session, page_token or ""), 303)


async def next_step(gateway: Gateway, pending: PendingAuthorization, page_token: str | None = None) -> Response:
    """Return what this browser has to do next for `pending`: the one dispatcher.

    Raises:
        SentBack: with `InteractionRequired`, where the client wanted no page and one has to be shown.
        Refused: with `SessionCookieLost`.
    """
    session = gateway.proofs.session_by_page(pending, page_token, browser.sessions())
    may_ask = pending.prompt != "none"
    if session is None or _wants_login(pending):
        return await prove_or_sign_in(gateway, pending)
    question = gateway.consents.question(pending, session, page_token or "", _here(pending, page_token))
    if gateway.consents.is_remembered(question):
        return _see(gateway.consents.approve(question, remembered=True), 303)
    if not may_ask:
        raise SentBack(InteractionRequired("consent"), _destination(gateway, pending))
    gateway.consents.show(question)
    return await consent_page(question, gateway.proofs.browser_key(session))


async def prove_or_sign_in(gateway: Gateway, pending: PendingAuthorization) -> Response:
    """Let a browser with a session show its key, and any other go to sign in."""
    if _wants_login(pending) or not (browser.sessions() and browser.has_shown_itself()):
        return await _to_login(gateway, pending)
    return await prove_page(pending)


def _wants_login(pending: PendingAuthorization) -> bool:
    """Tell whether the person has yet to say anew who they are, whatever session this browser has."""
    return bool({"login", "select_account"} & set((pending.prompt or "").split()))


async def _to_login(gateway: Gateway, pending: PendingAuthorization) -> Response:
    if pending.prompt == "none":
        raise SentBack(InteractionRequired("sign-in"), _destination(gateway, pending))
    departure = gateway.login.depart(pending, serving.canonical_urls())
    response = _see(departure.url, 302)
    browser.set_cookie(response, departure.cookie_name, departure.cookie_value, browser.path_of(CALLBACK))
    return response


async def _to_client(gateway: Gateway, refused: Refused) -> Response | None:
    """Return what tells the client that its login ended with a no; None where that is the gateway's own matter."""
    pending = gateway.login.find_for_error(serving.query())
    if pending is None or pending.connect_link or not isinstance(refused.problem, ProviderRefused):
        return None
    return await refusals.to_client(SentBack(refused.problem, _destination(gateway, pending)))


def _destination(gateway: Gateway, pending: PendingAuthorization) -> Destination:
    client = gateway.clients.known(pending.client_id)
    return Destination(client, pending.redirect_uri, pending.state, pending.issuer)


def _onward(gateway: Gateway, pending: PendingAuthorization, page_token: str | None) -> str:
    """Return where a browser that has shown whose it is goes on: at the connect link, else on the consent page."""
    if pending.connect_link is None:
        return _here(pending, page_token)
    route = gateway.project.route_called(pending.operation_id)
    if route is None or route.token_exchange is None:
        raise Refused(TransactionUnknown())
    proof = {"transaction": pending.id, "page_token": page_token or ""}
    asked = {"operationId": pending.operation_id, "redirect": "true"}
    return serving.canonical_urls().connect(route.token_exchange.id, **asked, **proof)


def _here(pending: PendingAuthorization, page_token: str | None) -> str:
    return serving.canonical_urls().consent(pending.id, page_token)


def _see(url: str, status: int) -> Response:
    response: Response = redirect(url, status)  # type: ignore[assignment]  # Quart's own union
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def _note_client(gateway: Gateway, parameters: Parameters) -> None:
    """Write into the trace who asks, before anything can be refused."""
    trace = serving.trace()
    client_id = parameters.first("client_id")
    if trace and client_id:
        client = gateway.ground.store.find_client(ClientId(client_id))
        trace.client_id = ClientId(client_id)
        trace.client_name = client.name if client else None
