"""The answer to a login: it comes to our callback, and goes on to the client with the client's own state.

Source: RFC 6749 §4.1.2; RFC 9207 §2.
"""

from urllib.parse import parse_qsl

from devgw.gateway.watched.authorizations import with_answer
from devgw.gateway.watched.parameters import read_all, read_once
from devgw.gateway.watched.tokens import token_id
from devgw.ids import ClientId
from devgw.monitor.flow_moves import FlowMove
from devgw.problems import Refused
from devgw.problems.endpoint import EndpointKind
from devgw.problems.endpoint_answer import EndpointAnswer, refusal_at
from devgw.problems.watched import WatchedCallbackUnknown
from devgw.web.answers import NO_STORE
from devgw.web.watched.telling import authorization_server, is_new_client, said_to, tell, tell_refusal
from devgw.web.watched.watched import WatchedCall


async def answer_callback(call: WatchedCall) -> None:
    """Send the browser on to the client with what the server answered.

    Raises:
        Refused: with `WatchedCallbackUnknown`.
    """
    query = call.target.partition("?")[2]
    states = read_all(query, "state")
    found = call.watched.authorizations.finish(states[0] if states else None)
    if found is None:
        raise Refused(WatchedCallbackUnknown())
    call.name = found.name
    call.trace.client_id, call.trace.transaction_id = ClientId(found.client_id), found.transaction_id
    if code := read_once(query, "code"):
        call.watched.authorizations.keep_code(code, found)
    tell_answer(call, query, found.redirect_uri, found.endpoint)
    await lead(call, with_answer(found.redirect_uri, query, found.state, issuers(call, query)))


def issuers(call: WatchedCall, answer: str) -> dict[str, str]:
    """Return what each `iss` of an answer becomes for the client."""
    return {each: call.swap(each) for each in read_all(answer, "iss")}


async def lead(call: WatchedCall, url: str, status: int = 302) -> None:
    """Lead the browser to a URL."""
    await call.recording.answer(status, [(b"location", url.encode("latin-1", "replace")), NO_STORE])


def _sent_back(call: WatchedCall, answer: str, redirect_uri: str, endpoint: str) -> EndpointAnswer:
    """Return an error that came by the browser."""
    return EndpointAnswer(
        EndpointKind.AUTHORIZATION,
        authorization_server(call, endpoint),
        endpoint,
        0,
        error_code=said_to(call, read_once(answer, "error") or ""),
        said=said_to(call, read_once(answer, "error_description") or ""),
        redirect_uri=redirect_uri,
        sent_back=_names(answer),
        is_new_client=is_new_client(call, endpoint),
    )


def _names(answer: str) -> tuple[str, ...]:
    """Return the parameters of an answer by name, those that say nothing or come again with a word of it."""
    found: dict[str, list[str]] = {}
    for name, value in parse_qsl(answer, keep_blank_values=True):
        found.setdefault(name, []).append(value)
    odd = {name: "twice or more" if len(values) > 1 else "" if values[0] else "empty" for name, values in found.items()}
    return tuple(f"{name} ({word})" if word else name for name, word in odd.items())


def tell_answer(call: WatchedCall, answer: str, redirect_uri: str, endpoint: str) -> None:
    """Tell that a code, or an error, of the authorization endpoint went to the client."""
    error, code = read_once(answer, "error"), read_once(answer, "code")
    if error is not None or not code:
        seen = FlowMove.CONSENT_DENIED if error == "access_denied" else FlowMove.AUTHORIZATION_REFUSED
        tell_refusal(
            call, seen, refusal_at(_sent_back(call, answer, redirect_uri, endpoint)), redirect_uri=redirect_uri
        )
        return
    words = "code sent, waiting for the client to redeem it"
    tell(call, FlowMove.CODE_SENT, words, redirect_uri=redirect_uri, code_id=token_id("code", code))
