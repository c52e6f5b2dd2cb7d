"""How an upstream's answer travels to the client: byte for byte, as it comes, unless the route rewrites it."""

import re

from devgw.events.trace import Headers
from devgw.gateway.capability import AnswerRewriter
from devgw.gateway.forwarding import Forwarding, encoding_of, header_of, headers_down, is_event_stream, is_json
from devgw.gateway.transport import StreamedAnswer
from devgw.limits import Limits
from devgw.mcp.attribution import UnansweredIds
from devgw.problems import Problem, Refused
from devgw.problems.limit import AnswerTooLong
from devgw.web import awaited
from devgw.web.attribution import Attributed, Attribution, Unattributed, check_answered, check_whole
from devgw.web.decoding import decoder_of
from devgw.web.held_bytes import HeldBytes
from devgw.web.recorder import Recording
from devgw.web.well_formed import check_response

WHOLE = Limits.HELD_UNCOUNTED_BYTES
"""A JSON answer up to this length is read whole before it begins, so that one that breaks off can still be an error."""
_SLICE = 131_072
_EVENT_ID = re.compile(rb"^id:", re.MULTILINE)
_EVENT_ENDS = (b"\n\n", b"\r\n\r\n", b"\r\r")


async def relay(
    recording: Recording,
    answer: StreamedAnswer,
    forwarding: Forwarding,
    asked: UnansweredIds | None = None,
    rewriter: AnswerRewriter | None = None,
) -> bool:
    """Send `answer` on, and tell whether it was a stream.

    Args:
        recording: the exchange with the client.
        answer: what the upstream says; its head is there.
        forwarding: what the route does to headers.
        asked: whose answer it must be; None where nobody knows.
        rewriter: what the client may see of it; None where that is everything.

    Raises:
        Refused: with a problem of `problems.proxy` or `problems.limit`, where the upstream breaks off, answers
            another's request, or passes a limit.
    """
    headers = headers_down(forwarding, answer.headers, is_rewritten=rewriter is not None)
    content_type = header_of(headers, b"content-type")
    is_stream, url = is_event_stream(content_type), recording.trace.upstream_url or ""
    recording.wait(awaited.EVENT if is_stream else awaited.BODY)
    if is_stream:
        await _relay_stream(recording, answer, headers, asked, rewriter)
    elif rewriter is not None:
        await _relay_rewritten(recording, answer, headers, asked, rewriter)
    elif asked is None:
        await _relay_held(recording, answer, headers, Unattributed())
    elif answer.is_complete and is_json(content_type) and not encoding_of(headers):
        await _relay_whole(recording, answer, headers, asked)
    else:
        decoder = decoder_of(answer.headers, url, Limits.HELD_BYTES)
        is_certain = is_json(content_type)
        attributed = Attributed(asked, url, is_stream=False, decoder=decoder, is_certain=is_certain)
        await _relay_held(recording, answer, headers, attributed, asked)
    return is_stream


async def read_whole(answer: StreamedAnswer, url: str, most_bytes: int, held: HeldBytes | None = None) -> bytes:
    """Return the body of `answer`; what came before it broke off is in `held`.

    Raises:
        Refused: with `AnswerTooLong`, and as `UpstreamAnswer.read_in_time` does.
    """
    body = HeldBytes() if held is None else held
    while piece := await answer.read_in_time():
        body.keep(piece)
        answer.hold(len(body))
        if len(body) > most_bytes:
            raise Refused(AnswerTooLong(url, most_bytes))
    return body.take()


async def _relay_whole(recording: Recording, answer: StreamedAnswer, headers: Headers, asked: UnansweredIds) -> None:
    """Send on what is there already."""
    body = await answer.read()
    url = recording.trace.upstream_url or ""
    check_whole(asked, body, url)
    check_response(body, url, answer.status)
    check_answered(asked, url, answer.status, body)
    await recording.send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await recording.send({"type": "http.response.body", "body": body})


async def _relay_rewritten(
    recording: Recording,
    answer: StreamedAnswer,
    headers: Headers,
    asked: UnansweredIds | None,
    rewriter: AnswerRewriter,
) -> None:
    url = recording.trace.upstream_url or ""
    body = await read_whole(answer, url, Limits.FILTERED_BYTES)
    if (decoder := decoder_of(answer.headers, url, Limits.FILTERED_BYTES)) is not None:
        body = b"".join(decoder.feed(body))
    if asked is not None:
        check_whole(asked, body, url)
        check_response(body, url, answer.status)
        check_answered(asked, url, answer.status, body)
    body = rewriter.whole(body)
    answer.hold(len(body), is_leaving=True)
    headers.append((b"content-length", b"%d" % len(body)))
    await recording.send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await _send(recording, body, is_last=True)


async def _relay_held(
    recording: Recording,
    answer: StreamedAnswer,
    headers: Headers,
    attribution: Attribution,
    asked: UnansweredIds | None = None,
) -> None:
    """Send on what is no stream: from its end, or from where it is longer than anybody waits for."""
    start = {"type": "http.response.start", "status": answer.status, "headers": headers}
    pieces, size, has_begun = [], 0, False
    while piece := await answer.read_in_time():
        recording.wait(awaited.BODY)
        pieces.append(await attribution.feed(piece))
        size += len(pieces[-1])
        answer.hold(attribution.held + len(pieces[-1]), is_leaving=bool(pieces[-1]))
        if size <= WHOLE and not has_begun:
            continue
        if not has_begun:
            await recording.send(start)
        has_begun = True
        released = b"".join(pieces)
        pieces.clear()
        await _send(recording, released)
        answer.hold(attribution.held)
    pieces.append(attribution.close())
    answer.hold(len(pieces[-1]), is_leaving=True)
    if not has_begun:
        url, plain = recording.trace.upstream_url or "", b"" if encoding_of(headers) else b"".join(pieces)
        if asked is not None and is_json(header_of(headers, b"content-type")):
            check_response(plain, url, answer.status)
        check_answered(asked, url, answer.status, plain)
        await recording.send(start)
    await _send(recording, b"".join(pieces), is_last=True)


async def _relay_stream(
    recording: Recording,
    answer: StreamedAnswer,
    headers: Headers,
    asked: UnansweredIds | None,
    rewriter: AnswerRewriter | None,
) -> None:
    """Send events on as they come, each once it is known whose it is."""
    headers = [pair for pair in headers if pair[0] != b"content-length"]  # it may end with an event of ours
    if not header_of(headers, b"x-accel-buffering"):
        headers.append((b"x-accel-buffering", b"no"))
    url = recording.trace.upstream_url or ""
    decoder = decoder_of(answer.headers, url) if asked or rewriter else None
    packed = decoder if rewriter is None else None
    attribution = Unattributed() if asked is None else Attributed(asked, url, is_stream=True, decoder=packed)
    await recording.send({"type": "http.response.start", "status": answer.status, "headers": headers})
    while piece := await answer.read():
        recording.wait(awaited.EVENT)
        for plain in decoder.feed(piece) if decoder and rewriter else (piece,):
            released = await attribution.feed(plain)
            if rewriter is not None:
                released = rewriter.feed(released)
            held = attribution.held + (rewriter.held if rewriter else 0)
            answer.hold(held + len(released), is_leaving=bool(released))
            if released:
                await _send(recording, released)
                answer.hold(held)
    rest = attribution.close()
    if rewriter is not None:
        rest = rewriter.feed(rest) + rewriter.close()
    answer.hold(len(rest), is_leaving=True)
    if not _EVENT_ID.search(recording.trace.response_body.content):  # else the client asks for the rest by it
        check_answered(asked, url, answer.status, rest or recording.trace.response_body.content)
    await _send(recording, rest, is_last=True)


async def _send(recording: Recording, body: bytes, *, is_last: bool = False) -> None:
    """Send a part of the body, in slices: the server copies what it is given, and others would wait for a long one."""
    for at in range(0, len(body) or 1, _SLICE):
        has_more = not is_last or at + _SLICE < len(body)
        await recording.send({"type": "http.response.body", "body": body[at : at + _SLICE], "more_body": has_more})


async def end_broken_stream(recording: Recording, problem: Problem, events: bytes, *, may_resume: bool) -> None:
    """End a stream that the upstream cut: with an error where an event was complete, else by cutting it too.

    Args:
        recording: the exchange whose answer has begun.
        problem: what cut it.
        events: the error, as the events that end the stream; nothing where nobody asked.
        may_resume: whether the client can ask for the rest with `Last-Event-ID`, if the events had ids.
    """
    trace = recording.trace
    is_stream = is_event_stream(header_of(trace.response_headers, b"content-type"))
    is_between_events = not recording.tail or recording.tail.endswith(_EVENT_ENDS)
    if recording.is_over or not is_stream or not is_between_events:
        return
    if may_resume and _EVENT_ID.search(trace.response_body.content):
        trace.notes.append("The stream was cut, but its events have ids: the client may resume it.")
        return
    if not events:
        return
    trace.notes.append(f"The gateway ended the stream with a JSON-RPC error: {problem.reason}.")
    await recording.send({"type": "http.response.body", "body": events})
