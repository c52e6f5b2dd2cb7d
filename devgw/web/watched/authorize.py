"""The browser on its way to the login of the real server, and back through our callback to the client.

Our callback switches the server's own check of the redirect URI off, so it is made here; and the server is asked first
with the client's own, since what it has against that one would not be seen otherwise.

Source: RFC 6749 §4.1; RFC 9207 §2.
"""

from typing import Any

from devgw.entropy import short_id
from devgw.foreign.intermediary import find_before_browsers
from devgw.foreign.urls import is_url
from devgw.gateway.forwarding import read_headers
from devgw.gateway.watched.authorizations import WatchedAuthorization
from devgw.gateway.watched.clients import WatchedClient
from devgw.gateway.watched.parameters import exchanged, read_all, read_once
from devgw.ids import ClientId, TransactionId
from devgw.limits import Limits
from devgw.monitor.flow_moves import FlowMove
from devgw.problems.endpoint import EndpointKind, LoginAnsweredElsewhere
from devgw.problems.endpoint_answer import refusal_at
from devgw.problems.watched import WatchedCallbackLeftOut
from devgw.web.watched.callback import issuers, lead, tell_answer
from devgw.web.watched.sending import WholeAnswer, ask, give
from devgw.web.watched.telling import authorization_server, endpoint_answer, tell, tell_refusal
from devgw.web.watched.watched import WatchedCall

_PAGE = (b"text/html", b"application/xhtml+xml")
_LOOK = ((b"accept", b"text/html,application/xhtml+xml,*/*;q=0.8"), (b"accept-encoding", b"identity"))
_UNCHANGED = (
    "The browser goes on without devgw's callback ({why}): the answer to this login is not seen here, and names the "
    "real server where it names one."
)


async def answer_authorize(call: WatchedCall) -> None:
    """Send the browser to the real server's login: with our callback where the client is known.

    Raises:
        Refused: where the server cannot be asked.
    """
    query = _in_real_urls(call)
    real = f"{call.url.partition('?')[0]}?{query}"
    call.trace.query = query.encode("latin-1")
    client = _known_client(call, query)
    if (pushed := call.watched.authorizations.find_pushed(read_once(query, "request_uri"))) is not None:
        _tell_begun(call, query)
        await lead(call, _lead_on(call, pushed, query))
        return
    looked = await _looked(call, real, query)
    if looked is not None and looked.status >= 400:
        await _refuse(call, real, looked, client)
        return
    why = why_unchanged(call, client, query)
    redirect_uri = read_once(query, "redirect_uri") or ""
    if not why and looked is not None and _is_answered(looked, redirect_uri):
        await _pass_answer(call, looked, redirect_uri)
        return
    if looked is not None and (place := _answered_elsewhere(looked, query)):
        _tell_elsewhere(call, place, redirect_uri)
        await lead(call, real)
        return
    _tell_begun(call, query)
    if client is None or why:
        _leave_out(call, why)
        await lead(call, real)
        return
    await lead(call, _lead_on(call, *with_our_callback(call, client, query)))


async def pass_authorize(call: WatchedCall) -> None:
    """Give a program that looks at the login itself what the server says; its browser does not come by us.

    Raises:
        Refused: where nothing came.
    """
    query = call.target.partition("?")[2]
    client = _known_client(call, query)
    looked = await ask(call, call.body)
    if looked.status >= 400:
        _tell_refused(call, looked, query, client)
    else:
        _tell_begun(call, query)
    await give(call, looked)


def _known_client(call: WatchedCall, query: str) -> WatchedClient | None:
    """Write down whose request it is; return what it registered, where that was seen."""
    issuer = call.watched.legs.issuer_at(call.origin, call.target.partition("?")[0])
    client_id = read_once(query, "client_id") or ""
    client = call.watched.clients.find(issuer, client_id)
    if client_id:
        call.trace.client_id = ClientId(client_id[: Limits.CLIENT_ID_CHARACTERS])
        call.trace.client_name = (client.name or None) if client else None
    return client


def _in_real_urls(call: WatchedCall) -> str:
    query = call.target.partition("?")[2]
    to_real = call.watched.origins.to_real
    return exchanged(query, {"resource": {each: to_real(each) for each in read_all(query, "resource")}})


def _is_by_reference(query: str) -> bool:
    """Tell whether what is asked stands elsewhere, where it may be taken once (RFC 9126 §4), or is signed."""
    return bool(read_all(query, "request_uri") or read_all(query, "request"))


async def _looked(call: WatchedCall, real: str, query: str) -> WholeAnswer | None:
    """Return what the server says of the request, None where the browser alone can see that."""
    if _is_by_reference(query):
        return None
    looked = await _look(call, real)
    before = find_before_browsers(looked.status, read_headers(looked.headers), looked.body)
    if before is None or not _is_browser(call):
        return looked
    call.trace.notes.append(f"{before.name} {before.does}: what the server says is seen by the browser alone.")
    return None


async def _look(call: WatchedCall, real: str) -> WholeAnswer:
    """Ask the server as a browser would that was never there."""
    agent = [pair for pair in call.trace.request_headers if pair[0] in {b"user-agent", b"accept-language"}]
    return await ask(call, b"", real, headers=[*_LOOK, *agent])


def why_unchanged(call: WatchedCall, client: WatchedClient | None, query: str) -> str:
    """Return why our callback is not put in place of the client's own; empty where it is."""
    if _is_by_reference(query):
        return "the request stands elsewhere, or is signed"
    if client is None:
        return "this client did not register through devgw"
    if client.callback != call.watched.callback:
        return "the server did not register it"
    redirect_uri = read_once(query, "redirect_uri")
    if redirect_uri is None or not client.may_have(redirect_uri):
        return "the redirect URI is none that this client registered"
    if len(read_all(query, "state")) > 1 or read_once(query, "response_mode") not in {None, "query"}:
        return "the answer is wanted in another form than in a query"
    return ""


def _leave_out(call: WatchedCall, why: str) -> None:
    """Write down that the answer to this login is not seen here, and whom it stops that it names the real server."""
    call.trace.notes.append(_UNCHANGED.format(why=why))
    issuer = call.watched.legs.issuer_at(call.origin, call.url.partition("?")[0].removeprefix(call.origin))
    if call.watched.legs.names_itself(issuer):
        call.trace.problem = WatchedCallbackLeftOut(why, issuer)


def _asked(query: str) -> dict[str, str]:
    """Return what the client asked for, as refusals repeat it."""
    return {name: read_once(query, name) or "" for name in ("redirect_uri", "resource", "scope")}


def _registered(client: WatchedClient | None, redirect_uri: str) -> dict[str, Any]:
    """Return what the client registered, and whether the redirect URI is of those, where that was seen."""
    if client is None:
        return {}
    return {"registered": client.redirect_uris, "fits": client.may_have(redirect_uri)}


async def _refuse(call: WatchedCall, real: str, looked: WholeAnswer, client: WatchedClient | None) -> None:
    """Let the browser see the server's own refusal; a program gets it as it is."""
    _tell_refused(call, looked, call.trace.query.decode("latin-1"), client)
    if _is_browser(call):
        await lead(call, real)
    else:
        await give(call, looked)


def _tell_refused(call: WatchedCall, looked: WholeAnswer, query: str, client: WatchedClient | None) -> None:
    """Tell that the server takes no login with what the client asked."""
    redirect_uri = read_once(query, "redirect_uri") or ""
    answer = endpoint_answer(call, looked, **_asked(query), **_registered(client, redirect_uri))
    tell_refusal(call, FlowMove.AUTHORIZATION_REFUSED, refusal_at(answer), redirect_uri=redirect_uri or None)


def _is_browser(call: WatchedCall) -> bool:
    accepted = call.trace.header(b"accept").encode("latin-1")
    return call.trace.header(b"sec-fetch-mode") == "navigate" or any(each in accepted for each in _PAGE)


def _location(answer: WholeAnswer) -> str:
    found = next((value for key, value in answer.headers if key == b"location"), b"")
    return found.decode("latin-1") if 300 <= answer.status < 400 else ""


def _is_answered(looked: WholeAnswer, redirect_uri: str) -> bool:
    """Tell whether the server answers at once, without a login: it redirects to the client."""
    location = _location(looked).partition("#")[0]
    return location == redirect_uri or location.startswith((f"{redirect_uri}?", f"{redirect_uri}&"))


def _answered_elsewhere(looked: WholeAnswer, query: str) -> str:
    """Return where the server sends the answer to this request, where that is not to the client; empty else.

    It is this one's answer where it repeats its state.
    """
    location, redirect_uri, state = _location(looked), read_once(query, "redirect_uri"), read_once(query, "state")
    place, _, answer = location.partition("#")[0].partition("?")
    is_answer = bool(read_all(answer, "code") or read_all(answer, "error")) and read_once(answer, "state") == state
    is_led_away = bool(redirect_uri and state and is_url(place)) and not _is_answered(looked, redirect_uri or "")
    return place if is_answer and is_led_away else ""


def _tell_elsewhere(call: WatchedCall, place: str, redirect_uri: str) -> None:
    """Tell that the client waits in vain."""
    endpoint = call.url.partition("?")[0]
    facts = endpoint, EndpointKind.AUTHORIZATION, authorization_server(call, endpoint), 0, "", ""
    problem = LoginAnsweredElsewhere(*facts, redirect_uri=redirect_uri, place=place)
    tell_refusal(call, FlowMove.AUTHORIZATION_REFUSED, problem, redirect_uri=redirect_uri)


async def _pass_answer(call: WatchedCall, looked: WholeAnswer, redirect_uri: str) -> None:
    """Pass an answer that came without a login on to the client: the redirect URI is one of its own."""
    _tell_begun(call, call.trace.query.decode("latin-1"))
    location = _location(looked)
    answer = location[len(redirect_uri) :].lstrip("?&")
    tell_answer(call, answer, redirect_uri, call.url.partition("?")[0])
    head = location[: len(location) - len(answer)]
    await lead(call, head + exchanged(answer, {"iss": issuers(call, answer)}), looked.status)
    call.show_answer(looked.headers)


def with_our_callback(call: WatchedCall, client: WatchedClient, query: str) -> tuple[WatchedAuthorization, str]:
    """Begin an authorization; return it, and what was asked with our callback, and a word of ours for its state."""
    begun, transaction_id = call.watched.authorizations, TransactionId(short_id("t-", 6))
    state, redirect_uri = read_once(query, "state"), read_once(query, "redirect_uri") or ""
    challenge = read_once(query, "code_challenge") if read_once(query, "code_challenge_method") == "S256" else ""
    endpoint = call.url.partition("?")[0]
    authorization = WatchedAuthorization(
        transaction_id, endpoint, client.client_id, redirect_uri, state, call.name, begun.until(), challenge or ""
    )
    word = begun.begin(authorization)
    ours = exchanged(query, {"redirect_uri": call.watched.callback, "state": word})
    return authorization, ours if state is not None else f"{ours}&state={word}"


def _lead_on(call: WatchedCall, authorization: WatchedAuthorization, query: str) -> str:
    """Tell that the person signs in now; return the real login."""
    words = "waiting for the person to sign in at the server"
    tell(call, FlowMove.SENT_TO_PROVIDER, words, transaction_id=authorization.transaction_id)
    call.trace.notes.append("The browser goes on with devgw's own callback, which leads back to the client.")
    return f"{call.url.partition('?')[0]}?{query}"


def _tell_begun(call: WatchedCall, query: str) -> None:
    tell(
        call,
        FlowMove.AUTHORIZATION_BEGUN,
        "authorization asked for",
        redirect_uri=read_once(query, "redirect_uri"),
        resource=read_once(query, "resource"),
        scope=read_once(query, "scope"),
        issuer=call.watched.legs.issuer_at(call.origin, call.target.partition("?")[0]),
    )
