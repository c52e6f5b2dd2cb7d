"""Plain http to what is not watched: sent on by the proxy, and nothing of it is written down."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from devgw.clock import Clock
from devgw.foreign.held import HeldTogether
from devgw.foreign.urls import UrlRefused, read_url
from devgw.gateway.forwarding import HOP_BY_HOP
from devgw.gateway.transport import StreamedAnswer, Timing, UpstreamRequest, UpstreamTransport
from devgw.limits import Limits
from devgw.problems import Refused
from devgw.problems.front import RequestTooLarge
from devgw.problems.incoming import RequestMalformed
from devgw.problems.proxy import ASKED_URL, UpstreamNotReached
from devgw.web.answers import answer_problem
from devgw.web.recorder import BodyTooLarge, BodyUnfinished, ClientLeft, Receive, Recording, Scope, Send
from devgw.web.watched.port import live, target_in

_NOT_UP = HOP_BY_HOP | {b"host", b"content-length", b"expect"}


class Unwatched:
    """An ASGI app that sends each request to the server that it names."""

    def __init__(self, client: UpstreamTransport, clock: Clock, bodies: HeldTogether, most_bytes: int) -> None:
        self._client = client
        self._clock = clock
        self._bodies = bodies
        self._most_bytes = most_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "lifespan":
            await live(receive, send)
            return
        recording = Recording(scope, receive, send, clock=self._clock, limit=0, bodies=self._bodies)
        try:
            await self._answer(scope, recording)
        except (ClientLeft, BodyUnfinished):
            recording.is_over = True
        except Refused as refused:
            await recording.drain(Limits.OAUTH_BODY_BYTES)
            if not recording.has_begun:
                await answer_problem(recording, refused.problem)
        finally:
            recording.body.let_go()

    async def _answer(self, scope: Mapping[str, Any], recording: Recording) -> None:
        trace = recording.trace
        try:
            body = await recording.read_body(self._most_bytes)
        except BodyTooLarge:
            raise Refused(RequestTooLarge(self._most_bytes, is_passed_on=True)) from None
        url = _origin_of(trace.header(b"host")) + target_in(scope)
        headers = [pair for pair in trace.request_headers if pair[0] not in _NOT_UP]
        answer = await self._opened(UpstreamRequest(trace.method, url, headers, body, owner=trace.peer))
        try:
            await _give(recording, answer)
        finally:
            answer.abort()

    async def _opened(self, request: UpstreamRequest) -> StreamedAnswer:
        try:
            return await self._client.open(request, Timing())
        except Refused as refused:
            if isinstance(refused.problem, UpstreamNotReached):
                raise Refused(replace(refused.problem, written_in=ASKED_URL)) from refused
            raise


def _origin_of(host: str) -> str:
    """Return the origin of a Host header.

    Raises:
        Refused: where it names no host, or is missing.
    """
    try:
        return read_url(f"http://{host}").origin
    except UrlRefused as refused:
        raise Refused(RequestMalformed(f"its Host leads nowhere: {refused}")) from refused


async def _give(recording: Recording, answer: StreamedAnswer) -> None:
    headers = [pair for pair in answer.headers if pair[0] not in HOP_BY_HOP]
    await recording.send({"type": "http.response.start", "status": answer.status, "headers": headers})
    while piece := await answer.read():
        await recording.send({"type": "http.response.body", "body": piece, "more_body": True})
    await recording.send({"type": "http.response.body", "body": b""})
