"""How an upstream's answer travels to the client: byte for byte, as it comes, unless the route rewrites it."""

import re
import zlib
from typing import Any

from devgw.events.trace import Headers
from devgw.gateway.capability import AnswerRewriter
from devgw.gateway.forwarding import Forwarding, header_of, headers_down, is_event_stream
from devgw.gateway.transport import UpstreamAnswer
from devgw.problems import Problem, Refused
from devgw.problems.proxy import UpstreamEncodingUnreadable
from devgw.web.recorder import Recording

WHOLE = 262_144
"""A JSON answer up to this length is read whole before it begins, so that one that breaks off can still be an error."""
_GZIP_OR_DEFLATE = 47
_EVENT_ID = re.compile(rb"^id:", re.MULTILINE)
_EVENT_ENDS = (b"\n\n", b"\r\n\r\n", b"\r\r")


async def relay(recording: Recording, answer: UpstreamAnswer, forwarding: Forwarding, rewriter: Any = None) -> bool:
    """Send `answer` on, and tell whether it was a stream.

    Raises:
        Refused: with a problem of `problems.proxy` where the upstream breaks off.
    """
    headers = headers_down(forwarding, answer.headers, is_rewritten=rewriter is not None)
    is_stream = is_event_stream(header_of(headers, b"content-type"))
    if not is_stream and (answer.is_complete or rewriter is not None or _is_short(answer.headers)):
        await _relay_whole(recording, answer, headers, rewriter)
    else:
        await _relay_stream(recording, answer, headers, rewriter if is_stream else None, is_stream=is_stream)
    return is_stream


async def read_whole(answer: UpstreamAnswer, limit: int | None = None) -> bytes:
    """Return the body of `answer`, or its first `limit` bytes."""
    pieces, size = [], 0
    while piece := await answer.read():
        pieces.append(piece)
        size += len(piece)
        if limit is not None and size >= limit:
            answer.abort()
            break
    return b"".join(pieces) if len(pieces) != 1 else pieces[0]


async def _relay_whole(
    recording: Recording, answer: UpstreamAnswer, headers: Headers, rewriter: AnswerRewriter | None
) -> None:
    body = await read_whole(answer)
    if rewriter is not None:
        body = rewriter.whole(Decoder(answer.headers, recording.trace.upstream_url or "").feed(body))
        headers.append((b"content-length", b"%d" % len(body)))
    await recording.send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await recording.send({"type": "http.response.body", "body": body})


async def _relay_stream(
    recording: Recording,
    answer: UpstreamAnswer,
    headers: Headers,
    rewriter: AnswerRewriter | None,
    *,
    is_stream: bool,
) -> None:
    if is_stream and not header_of(headers, b"x-accel-buffering"):
        headers.append((b"x-accel-buffering", b"no"))
    decoder = Decoder(answer.headers, recording.trace.upstream_url or "") if rewriter else None
    await recording.send({"type": "http.response.start", "status": answer.status, "headers": headers})
    while piece := await answer.read():
        if rewriter is not None:
            piece = rewriter.feed(decoder.feed(piece) if decoder else piece)
        await recording.send({"type": "http.response.body", "body": piece, "more_body": True})
    await recording.send({"type": "http.response.body", "body": rewriter.close() if rewriter else b""})


async def end_broken_stream(recording: Recording, problem: Problem, events: bytes, *, may_resume: bool) -> None:
    """End a stream that the upstream cut: with an error where an event was complete, else by cutting it too.

    Args:
        recording: the exchange whose answer has begun.
        problem: what cut it.
        events: the error, as the events that end the stream.
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
    trace.notes.append(f"The gateway ended the stream with a JSON-RPC error: {problem.reason}.")
    await recording.send({"type": "http.response.body", "body": events})


def _is_short(headers: Headers) -> bool:
    length = header_of(headers, b"content-length")
    return length.isdigit() and int(length) <= WHOLE


class Decoder:
    """Undoes the compression of an answer that has to be read, though none was asked for."""

    def __init__(self, headers: Headers, url: str) -> None:
        self._url = url
        self._encoding = header_of(headers, b"content-encoding").strip().lower().decode("latin-1")
        if self._encoding not in {"", "identity", "gzip", "x-gzip", "deflate"}:
            raise Refused(UpstreamEncodingUnreadable(url, self._encoding))
        self._inflate = zlib.decompressobj(_GZIP_OR_DEFLATE) if self._encoding not in {"", "identity"} else None

    def feed(self, piece: bytes) -> bytes:
        """Return what `piece` comes to.

        Raises:
            Refused: with `UpstreamEncodingUnreadable`.
        """
        if self._inflate is None:
            return piece
        try:
            return self._inflate.decompress(piece)
        except zlib.error as error:
            raise Refused(UpstreamEncodingUnreadable(self._url, f"broken {self._encoding}")) from error
