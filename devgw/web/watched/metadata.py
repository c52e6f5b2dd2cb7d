"""The documents by which a client finds its way: their origins are met, their endpoints learnt, their URLs swapped.

By the forward proxy nothing is swapped, and the document is given as it came.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from devgw.foreign.urls import is_url, read_url
from devgw.gateway.watched.documents import (
    as_marked,
    mend_resource,
    mend_server,
    needed_urls,
    read_document,
    urls_of,
)
from devgw.gateway.watched.legs import Leg
from devgw.problems.proxy import NAMING_DOCUMENT, UpstreamNameUnknown
from devgw.problems.watched import OriginsExhausted
from devgw.web.watched.sending import ask, give
from devgw.web.watched.watched import WatchedCall


async def answer_metadata(call: WatchedCall) -> None:
    """Give a document as the server has it, but for the origins of its URLs.

    Raises:
        Refused: where nothing came.
    """
    answer = await ask(call, call.body)
    document = read_document(answer.body) if answer.status == 200 else None
    if document is None:
        await give(call, answer)
        return
    await _learn(call, document)
    if not call.watched.origins.swaps:
        await give(call, answer)
        return
    mended = (mend_server if call.leg is Leg.SERVER_METADATA else mend_resource)(document, call.swap)
    await give(call, answer, as_marked(mended.body, answer.body))
    call.trace.notes += [f"Given to the client with {each}." for each in mended.changes]


async def _learn(call: WatchedCall, document: Mapping[str, Any]) -> None:
    """Open the origins that a document names, and remember what its endpoints are for."""
    watched = call.watched
    hosts = {read_url(each).host for each in needed_urls(document) if is_url(each)}
    for refused in await watched.origins.meet(urls_of(document)):
        call.trace.notes.append(f"Left as it is: {refused.explain()}")
        if isinstance(refused, OriginsExhausted):
            call.trace.problem = refused
        if isinstance(refused, UpstreamNameUnknown) and refused.host in hosts:
            call.trace.problem = replace(refused, written_in=NAMING_DOCUMENT)
    if call.leg is Leg.SERVER_METADATA:
        watched.legs.learn_server(document, call.origin)
    else:
        named = document.get("authorization_servers")
        watched.named = tuple(each for each in named if isinstance(each, str)) if isinstance(named, list) else ()
    watched.keep()
