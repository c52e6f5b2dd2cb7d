"""A request sent to the real server, and an answer given back: whole where it is read here, else as it comes."""

from dataclasses import dataclass, replace

from devgw.events.trace import Headers
from devgw.gateway.forwarding import encoding_of
from devgw.gateway.transport import StreamedAnswer, Timing, UpstreamRequest
from devgw.gateway.watched.headers import headers_down, headers_up
from devgw.gateway.watched.legs import Leg
from devgw.limits import Limits
from devgw.problems import Refused
from devgw.problems.proxy import GIVEN_URL, NAMING_DOCUMENT, without_project
from devgw.problems.server import MAY_BE_HTTP2, ServerSpeaksHttp2
from devgw.web import awaited
from devgw.web.decoding import Decoder
from devgw.web.held_bytes import HeldBytes
from devgw.web.recorder import REASON
from devgw.web.relay import read_whole
from devgw.web.watched.watched import WatchedCall

_PACKED = frozenset({"gzip", "x-gzip", "deflate"})
_REWRITTEN = frozenset({Leg.RESOURCE_METADATA, Leg.SERVER_METADATA})
"""Documents that are given with other URLs, and so are longer or shorter than the server says."""
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, slots=True)
class WholeAnswer:
    """An answer that was read to its end."""

    status: int
    headers: Headers
    body: bytes
    reason: bytes = b""


async def send(
    call: WatchedCall, body: bytes, url: str | None = None, *, headers: Headers | None = None
) -> StreamedAnswer:
    """Return the real server's answer as soon as its head is there.

    Args:
        call: what the client asked.
        body: what is sent.
        url: another one than the client's own, of the same origin.
        headers: instead of the client's own.

    Raises:
        Refused: where nothing came.
    """
    watched, trace = call.watched, call.trace
    up = headers_up(trace.request_headers, watched.origins) if headers is None else headers
    authorization = trace.header(b"authorization")
    if watched.origins.swaps and authorization and not watched.bearers.may_go(authorization, call.origin):
        up = [pair for pair in up if pair[0] != b"authorization"]
        trace.notes.append(f"The bearer token is for another origin and did not go to {call.origin}.")
    request = UpstreamRequest(
        trace.method,
        url or call.url,
        up,
        body,
        owner=call.owner,
        led_by="" if watched.origins.is_named(call.origin) else watched.led_by,
    )
    trace.upstream_url = (url or call.url).partition("?")[0]
    timing, began = Timing(), call.recording.wait(awaited.SERVER)
    answer = await _opened(call, request, timing)
    call.recording.phase("upstream wait", began)
    trace.upstream_ms += (call.recording.ticks() - began) / 1e6
    trace.upstream_status, trace.upstream_headers = answer.status, answer.headers
    return answer


async def _opened(call: WatchedCall, request: UpstreamRequest, timing: Timing) -> StreamedAnswer:
    """Return an answer; where none came, the advice is of a server that no file of a project names."""
    try:
        return await call.watched.client.open(request, timing)
    except Refused as refused:
        is_given = call.origin == call.watched.origins.origin
        problem = without_project(refused.problem, GIVEN_URL if is_given else NAMING_DOCUMENT)
        if isinstance(problem, MAY_BE_HTTP2) and await call.watched.speaks_http2(call.origin):
            problem = ServerSpeaksHttp2(call.origin)
        raise Refused(problem) from refused


async def ask(call: WatchedCall, body: bytes, url: str | None = None, *, headers: Headers | None = None) -> WholeAnswer:
    """Return the real server's whole answer.

    Raises:
        Refused: where nothing came, or more than is read.
    """
    answer, held = await send(call, body, url, headers=headers), HeldBytes()
    try:
        content = await read_whole(answer, call.url.partition("?")[0], Limits.ANSWER_BYTES, held)
        return _unpacked(call, WholeAnswer(answer.status, answer.headers, content, answer.reason))
    except Refused:
        call.cut = answer.status, answer.headers, held.take()
        raise
    finally:
        answer.abort()


async def give_cut(call: WatchedCall) -> None:
    """Give what came of an answer that was cut off, if anything did: its head, and the beginning of its body."""
    if call.cut is None or call.recording.has_begun:
        return
    status, answered, body = call.cut
    headers = headers_down(answered, call.watched.origins, call.name) + _length(answered)
    await call.recording.send({"type": "http.response.start", "status": status, "headers": headers})
    await call.recording.send({"type": "http.response.body", "body": body, "more_body": True})


def _length(headers: Headers) -> Headers:
    """Return how long the body is said to be, so that one that is cut shows as it was cut."""
    return [pair for pair in headers if pair[0] == b"content-length"]


def _unpacked(call: WatchedCall, answer: WholeAnswer) -> WholeAnswer:
    """Return an answer that was packed although nobody asked for that, as it can be read; as it came where it cannot.

    Raises:
        Refused: where it unpacks to more than is read.
    """
    encoding = encoding_of(answer.headers)
    if encoding not in _PACKED:
        return answer
    decoder = Decoder(encoding, call.url.partition("?")[0], Limits.ANSWER_BYTES)
    headers = [pair for pair in answer.headers if pair[0] != b"content-encoding"]
    return replace(answer, headers=headers, body=b"".join(decoder.feed(answer.body)))


async def give(call: WatchedCall, answer: WholeAnswer, body: bytes | None = None) -> None:
    """Give an answer back, with another body where one is given."""
    content = answer.body if body is None else body
    headers = headers_down(answer.headers, call.watched.origins, call.name)
    await call.recording.answer(answer.status, headers, content, answer.reason)
    call.show_answer(answer.headers, answer.body)


async def give_as_it_comes(call: WatchedCall, answer: StreamedAnswer) -> None:
    """Give an answer back piece by piece, and note where a redirect leads.

    Raises:
        Refused: where it breaks off.
    """
    recording, origins = call.recording, call.watched.origins
    headers = headers_down(answer.headers, origins, call.name)
    if not (origins.swaps and call.leg in _REWRITTEN):  # of what GET is given nobody knows the length by HEAD
        headers += _length(answer.headers)
    start = {"type": "http.response.start", "status": answer.status, "headers": headers, REASON: answer.reason}
    await recording.send(start)
    recording.wait(awaited.EVENT if recording.is_streaming else awaited.BODY)
    while piece := await answer.read():
        await recording.send({"type": "http.response.body", "body": piece, "more_body": True})
    await recording.send({"type": "http.response.body", "body": b""})
    call.show_answer(answer.headers)
    if answer.status in _REDIRECTS:
        call.trace.notes.append("The redirect was given to the client, which follows it or not.")
