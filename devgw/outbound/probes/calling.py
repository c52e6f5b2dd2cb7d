"""Asks an upstream over the transport of the gateway's own calls, so that what fails there has the same name here."""

import json
import zlib
from dataclasses import dataclass
from typing import Any

from devgw.clock import Clock
from devgw.diagnosis.verdicts import Answer
from devgw.events.trace import Headers
from devgw.events.unseen import HEADER
from devgw.gateway.forwarding import encoding_of, header_of, is_event_stream, read_headers
from devgw.gateway.transport import StreamedAnswer, Timing, TransportSettings, UpstreamRequest
from devgw.limits import Limits
from devgw.oauth.discovery import without_query
from devgw.oauth.resource import origin_of
from devgw.outbound.proxy import ProxyClient
from devgw.problems import Refused
from devgw.problems.upstream_answer import UpstreamEncodingUnreadable

_PACKED = frozenset({"gzip", "x-gzip", "deflate"})
_GZIP_OR_DEFLATE = 47
_MARKS = (b'"result"', b'"error"')
_BLANKS = (b"\n\n", b"\n\r\n")


@dataclass(frozen=True, slots=True)
class Caller:
    """Calls one route's upstream as the proxy would; close it in the end."""

    client: ProxyClient
    certificate: str | None
    """The PEM file of the route's client certificate."""
    word: str = ""
    told: frozenset[str] = frozenset()
    """See `probes.asking.Asker`."""

    async def ask(self, method: str, url: str, headers: Headers, message: Any = None) -> Answer:
        """Return what `url` answers to a message, or to none. Reads no more than `Limits.ANSWER_BYTES`."""
        body = b"" if message is None else json.dumps(message).encode()
        return await self.send(
            method, url, [*headers, (b"content-type", b"application/json")] if body else headers, body
        )

    async def send(self, method: str, url: str, headers: Headers, body: bytes) -> Answer:
        """Return what `url` answers to these very bytes."""
        sent = [*headers]
        if self.word and origin_of(url) in self.told:
            sent.append((HEADER.encode(), self.word.encode()))
        request = UpstreamRequest(method, url, sent, body, self.certificate, owner=("doctor", method, len(body)))
        try:
            answer = await self.client.open(request, Timing())
            try:
                return await _read(url, answer)
            finally:
                answer.abort()
        except Refused as refused:
            failure = refused.problem.explain().rstrip(".")
            return Answer(url, failure=failure, problem=refused.problem)

    def close(self) -> None:
        """Close what is kept open."""
        self.client.close()


def caller(clock: Clock, seconds: float, certificate: str | None, word: str, told: frozenset[str]) -> Caller:
    """Return who calls, with so many seconds for each step."""
    limits = TransportSettings(seconds, seconds, silence_timeout=seconds, whole_timeout=seconds)
    return Caller(ProxyClient(clock, limits), certificate, word, told)


async def _read(url: str, answer: StreamedAnswer) -> Answer:
    """Return an answer with its body up to the limit; of an event stream, up to the response: it may never end.

    Raises:
        Refused: with what the transport refuses, or `UpstreamEncodingUnreadable`.
    """
    is_stream = is_event_stream(header_of(answer.headers, b"content-type"))
    content = b""
    try:
        while piece := await answer.read_in_time():
            content += piece
            if len(content) > Limits.ANSWER_BYTES or (is_stream and _has_response(content)):
                break
    except Refused:
        if not (is_stream and content):
            raise
    part = content[: Limits.ANSWER_BYTES]
    return Answer(
        url,
        answer.status,
        read_headers(answer.headers),
        _unpacked(url, encoding_of(answer.headers), part, is_whole=not is_stream),
    )


def _has_response(events: bytes) -> bool:
    """Tell whether an event with a response in it has ended; in one look, for an upstream may write anything here."""
    begins = [at for mark in _MARKS if (at := events.find(mark)) >= 0]
    return bool(begins) and any(events.find(blank, min(begins)) >= 0 for blank in _BLANKS)


def _unpacked(url: str, encoding: str, content: bytes, *, is_whole: bool) -> bytes:
    if not encoding or not content:
        return content
    if encoding not in _PACKED:
        raise Refused(UpstreamEncodingUnreadable(without_query(url), encoding))
    try:
        inflate = zlib.decompressobj(_GZIP_OR_DEFLATE)
        plain = inflate.decompress(content, Limits.ANSWER_BYTES)
    except zlib.error as error:
        raise Refused(UpstreamEncodingUnreadable(without_query(url), encoding, is_broken=True)) from error
    if is_whole and not inflate.eof and len(plain) < Limits.ANSWER_BYTES:
        raise Refused(UpstreamEncodingUnreadable(without_query(url), encoding, is_broken=True))
    return plain
