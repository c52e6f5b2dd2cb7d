"""An authorization request that is pushed: with our callback in it, since nobody can put it in afterwards.

By the forward proxy it goes as it came.

Source: RFC 9126 §2.1, §2.2.
"""

from devgw.gateway.watched.documents import read_document
from devgw.gateway.watched.parameters import exchanged, read_all, read_once
from devgw.monitor.flow_moves import FlowMove
from devgw.problems.endpoint_answer import refusal_at
from devgw.web.watched.authorize import why_unchanged, with_our_callback
from devgw.web.watched.sending import ask, give
from devgw.web.watched.telling import endpoint_answer, tell_refusal
from devgw.web.watched.token import know_client
from devgw.web.watched.watched import WatchedCall


async def answer_pushed(call: WatchedCall) -> None:
    """Push the request, and remember the reference by which the browser names it.

    Raises:
        Refused: where nothing came.
    """
    asked, to_real = call.body.decode("latin-1"), call.watched.origins.to_real
    sent = real = exchanged(asked, {"resource": {each: to_real(each) for each in read_all(asked, "resource")}})
    call.show_request(real.encode("latin-1"))
    client, authorization = know_client(call, asked), None
    if client is not None and call.watched.origins.swaps and not why_unchanged(call, client, real):
        authorization, sent = with_our_callback(call, client, real)
    answer = await ask(call, sent.encode("latin-1"))
    reference = (read_document(answer.body) or {}).get("request_uri")
    if not 200 <= answer.status < 300:
        asked_for = {name: read_once(real, name) or "" for name in ("redirect_uri", "resource", "scope")}
        tell_refusal(call, FlowMove.AUTHORIZATION_REFUSED, refusal_at(endpoint_answer(call, answer, **asked_for)))
    elif authorization is not None and isinstance(reference, str):
        call.watched.authorizations.push(reference, authorization)
    await give(call, answer)
