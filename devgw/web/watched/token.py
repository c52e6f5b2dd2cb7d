"""The token endpoint, and others that take a form: `resource` in real URLs, our callback for codes that came to it.

The answer is the server's own, letter for letter.

Source: RFC 6749 §4.1.3, §5, §6; RFC 8707 §2.2; RFC 9126 §2.1.
"""

from base64 import b64decode
from binascii import Error
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote_plus

from devgw.foreign.urls import same_origin
from devgw.gateway.watched.authorizations import WatchedCode
from devgw.gateway.watched.clients import WatchedClient
from devgw.gateway.watched.documents import read_document
from devgw.gateway.watched.legs import Leg
from devgw.gateway.watched.parameters import exchanged, read_all, read_once
from devgw.gateway.watched.tokens import token_id
from devgw.ids import ClientId
from devgw.limits import Limits
from devgw.monitor.flow_moves import FlowMove
from devgw.oauth.pkce import verifies
from devgw.oauth.token_answer import A_CENTURY
from devgw.problems.endpoint_answer import refusal_at
from devgw.problems.endpoint_grant import CodeFault, RefreshNotTaken
from devgw.web.watched.sending import WholeAnswer, ask, give
from devgw.web.watched.telling import endpoint_answer, tell, tell_refusal
from devgw.web.watched.watched import WatchedCall


async def answer_form(call: WatchedCall) -> None:
    """Send a form on, and tell what came of it where it asked for tokens.

    Raises:
        Refused: where nothing came.
    """
    asked = call.body.decode("latin-1")
    to_real = call.watched.origins.to_real
    real = exchanged(asked, {"resource": {each: to_real(each) for each in read_all(asked, "resource")}})
    call.show_request(real.encode("latin-1"))
    code = read_once(asked, "code") or ""
    known = call.watched.authorizations.find_code(code) if code else None
    sent = real if known is None else exchanged(real, {"redirect_uri": call.watched.callback})
    answer = await ask(call, sent.encode("latin-1"))
    if call.leg is Leg.TOKEN:
        call.trace.transaction_id = known.authorization.transaction_id if known else None
        know_client(call, asked)
        _tell(call, real, answer, known)
    await give(call, answer)


def know_client(call: WatchedCall, asked: str) -> WatchedClient | None:
    """Write down whose request this is, with the name under which it registered; return it where it did so here."""
    client_id = _client_id(call, asked)[: Limits.CLIENT_ID_CHARACTERS]
    issuer = call.watched.legs.issuer_at(call.origin, call.target.partition("?")[0])
    client = call.watched.clients.find(issuer, client_id)
    call.trace.client_id = ClientId(client_id) or None
    call.trace.client_name = (client.name or None) if client else None
    return client


def _client_id(call: WatchedCall, form: str) -> str:
    """Return the client that a token request names, in the form or by Basic (RFC 6749 §2.3.1)."""
    scheme, _, value = call.trace.header(b"authorization").partition(" ")
    if scheme.lower() == "basic":
        try:
            return unquote_plus(b64decode(value).decode("latin-1").partition(":")[0])
        except (Error, ValueError):
            return ""
    return read_once(form, "client_id") or ""


def _tell(call: WatchedCall, form: str, answer: WholeAnswer, known: WatchedCode | None) -> None:
    spent = read_once(form, "refresh_token")
    is_refresh = read_once(form, "grant_type") == "refresh_token"
    document = read_document(answer.body) or {}
    access = document.get("access_token")
    if not 200 <= answer.status < 300 or not isinstance(access, str):
        asked_for = {"resource": read_once(form, "resource") or "", "scope": read_once(form, "scope") or ""}
        fault = CodeFault.UNSEEN if known is None else _fault_of(call, form, known)
        is_spent = spent is not None and call.watched.tokens.is_spent(spent)
        told = endpoint_answer(call, answer, is_refresh=is_refresh, is_spent=is_spent, code=fault, **asked_for)
        problem = refusal_at(told)
        if spent is not None and isinstance(problem, RefreshNotTaken):
            call.watched.tokens.end(spent)
        tell_refusal(call, FlowMove.REFRESH_REFUSED if is_refresh else FlowMove.TOKEN_REFUSED, problem)
        return
    if known is not None:
        known.is_spent = True
    _tell_issued(call, form, document, access, spent if is_refresh else None)


def _fault_of(call: WatchedCall, form: str, known: WatchedCode) -> CodeFault:
    """Return in what a redemption differs from the login that gave its code."""
    begun = known.authorization
    if known.is_spent:
        return CodeFault.SPENT
    if str(call.trace.client_id or "") != begun.client_id:
        return CodeFault.OTHER_CLIENT
    if read_once(form, "redirect_uri") != begun.redirect_uri:
        return CodeFault.OTHER_REDIRECT
    verifier = read_once(form, "code_verifier") or ""
    if begun.challenge and not (verifier.isascii() and verifies(verifier, begun.challenge)):
        return CodeFault.OTHER_VERIFIER
    return CodeFault.NONE


def _unnamed_issuer(call: WatchedCall) -> str:
    """Return whose endpoint this is; empty where the resource names it, by its issuer or by its origin."""
    issuer = call.watched.legs.issuer_at(call.origin, call.target.partition("?")[0])
    named = call.watched.named
    is_named = any(each.rstrip("/") == issuer.rstrip("/") or same_origin(each, call.origin) for each in named)
    return "" if is_named else issuer


def _end(call: WatchedCall, lives: object) -> datetime | None:
    """Return when an access token ends, by the seconds in its answer."""
    if not isinstance(lives, int | float) or isinstance(lives, bool) or not 0 < lives < A_CENTURY:
        return None
    return call.watched.clock.now() + timedelta(seconds=lives)


def _tell_issued(call: WatchedCall, form: str, document: dict[str, Any], access: str, spent: str | None) -> None:
    tokens, trace = call.watched.tokens, call.trace
    refresh = document.get("refresh_token")
    new = [access, *([refresh] if isinstance(refresh, str) else [])]
    ends = _end(call, document.get("expires_in"))
    if spent is None:
        holder = tokens.issue(new, trace.client_id, trace.client_name, _unnamed_issuer(call), ends)
        seen, words = FlowMove.TOKEN_ISSUED, "tokens issued, waiting for the first call"
    else:
        holder = tokens.renew(spent, new, trace.client_id, ends)
        seen, words = FlowMove.TOKEN_REFRESHED, "refreshed"
    trace.grant_id = holder.grant_id
    tell(
        call,
        seen,
        words,
        client_name=holder.client_name,
        resource=read_once(form, "resource"),
        access_token_id=token_id("at", access),
        refresh_token_id=token_id("rt", refresh) if isinstance(refresh, str) else None,
    )
