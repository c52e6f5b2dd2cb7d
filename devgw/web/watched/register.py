"""A registration: with our callback beside the client's own, and where the server refuses that, as the client sent it.

Source: RFC 7591 §3.
"""

from devgw.gateway.watched.clients import WatchedClient
from devgw.gateway.watched.documents import read_document
from devgw.gateway.watched.registration import registered_client, with_callback, without_callback
from devgw.ids import ClientId
from devgw.monitor.flow_moves import FlowMove
from devgw.problems.endpoint_answer import refusal_at
from devgw.problems.endpoint_client import RegisteredOtherwise
from devgw.web.watched.sending import WholeAnswer, ask, give
from devgw.web.watched.telling import endpoint_answer, tell, tell_refusal
from devgw.web.watched.watched import WatchedCall

_WITHOUT = (
    "The server refused our callback beside the client's own: the browser goes on without us, so that the answer to "
    "the login is not seen here, and a client that checks `iss` refuses it, since it names the real server."
)


async def answer_register(call: WatchedCall) -> None:
    """Register the client, remember it, and tell.

    Raises:
        Refused: where nothing came.
    """
    callback = call.watched.callback
    asked = with_callback(call.body, callback) if callback else None
    answer = await ask(call, asked or call.body)
    if asked is not None and 400 <= answer.status < 500:
        asked, answer = None, await ask(call, call.body)
        if answer.status < 300:
            call.trace.notes.append(_WITHOUT)
    if not (200 <= answer.status < 300 and _remember(call, answer, callback if asked else "")):
        tell_refusal(call, FlowMove.REGISTRATION_REFUSED, refusal_at(endpoint_answer(call, answer)))
    await give(call, answer, without_callback(answer.body, callback) if asked else None)
    call.show_answer(answer.headers, without_callback(answer.body, callback) if asked else answer.body)


def _note_altered(call: WatchedCall, answer: WholeAnswer, client: WatchedClient, callback: str) -> None:
    """Write down that other redirect URIs were registered than were asked for; an answer without any says nothing."""
    document = read_document(answer.body) or {}
    taken = document.get("redirect_uris")
    if not isinstance(taken, list):
        return
    got = tuple(each for each in taken if isinstance(each, str) and each != callback)
    if not set(client.redirect_uris) <= set(got):
        facts = endpoint_answer(call, answer).facts
        call.trace.problem = RegisteredOtherwise(*facts, asked=client.redirect_uris, got=got)


def _remember(call: WatchedCall, answer: WholeAnswer, callback: str) -> bool:
    """Remember who was registered, and tell; return whether the answer says who."""
    watched = call.watched
    issuer = watched.legs.issuer_at(call.origin, call.target.partition("?")[0])
    client = registered_client(issuer, call.body, answer.body, callback)
    if client is None:
        return False
    watched.clients.add(client, watched.clock.now())
    _note_altered(call, answer, client, callback)
    watched.keep()
    words = f"registered as {client.name or client.client_id}"
    client_id = ClientId(client.client_id)
    tell(call, FlowMove.REGISTERED, words, client_id=client_id, client_name=client.name or None, registered_by="dcr")
    return True
