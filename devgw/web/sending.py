"""Sends a request to its upstream: the URL, the headers, one more try with a renewed credential, redirects."""

import asyncio
from dataclasses import replace

from devgw.events.trace import Body
from devgw.foreign.challenge import bearer_challenge
from devgw.gateway.forwarding import header_of, headers_up, is_event_stream, read_headers
from devgw.gateway.transport import StreamedAnswer, Timing, UpstreamRequest, UpstreamTransport
from devgw.gateway.upstream import UpstreamCredential, UpstreamCredentials
from devgw.limits import Limits
from devgw.problems import Refused
from devgw.problems.limit import AnswerUnfinished
from devgw.problems.proxy import without_project
from devgw.problems.redirect import UpstreamTooManyRedirects
from devgw.web import awaited
from devgw.web.call import McpCall
from devgw.web.redirect import redirected

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_HOPS = 5
_OK, _REDIRECTED, _UNAUTHORIZED, _FORBIDDEN = 200, 300, 401, 403
_STREAM_KNOWN_NS = 60_000_000_000


class Sender:
    """Sends requests to upstreams until one answer is to be relayed or judged."""

    def __init__(self, client: UpstreamTransport, credentials: UpstreamCredentials) -> None:
        self._client = client
        self._credentials = credentials
        self._streams: dict[str, tuple[bool, int]] = {}
        """By path of the route: whether GET gave an event stream, and when that was asked."""

    async def send(self, call: McpCall, credential: UpstreamCredential, *, wants_identity: bool) -> StreamedAnswer:
        """Return the upstream's answer, after at most one renewal and the redirects that the route follows.

        Raises:
            Refused: where there is no answer, or one that leads nowhere.
        """
        answer = await self._follow(call, _request(call, credential, wants_identity=wants_identity))
        if credential.renewable and not call.is_bare and _is_credential_refused(answer):
            return await self._again(call, answer, credential, wants_identity=wants_identity)
        return answer

    async def _follow(self, call: McpCall, request: UpstreamRequest) -> StreamedAnswer:
        """Send a request, and go where its answer leads as far as the route follows."""
        call.led_to, call.is_bare = "", False
        answer = await self._open(call, request)
        hops, asked = 0, {request.url}
        while answer.status in _REDIRECTS and header_of(answer.headers, b"location"):
            await keep(call, answer)
            request = redirected(call, request, answer)
            hops += 1
            if hops > _HOPS:
                raise Refused(UpstreamTooManyRedirects(call.route.upstream_url, _HOPS, request.url in asked))
            asked.add(request.url)
            call.led_to, call.is_bare = request.url.partition("?")[0], bool(request.led_by)
            answer = await self._open(call, request)
        return answer

    async def offers_event_stream(self, call: McpCall, credential: UpstreamCredential) -> bool:
        """Tell whether an upstream that refused a POST gives an event stream to GET, as servers of 2024-11-05 do.

        It is asked once in a while, each time for a moment; the stream is closed at its head.
        """
        known = self._streams.get(call.route.path)
        now = call.recording.ticks()
        if known is None or now - known[1] > _STREAM_KNOWN_NS:
            known = self._streams[call.route.path] = (await self._gives_event_stream(call, credential), now)
        return known[0]

    async def _gives_event_stream(self, call: McpCall, credential: UpstreamCredential) -> bool:
        posted = _request(call, credential, wants_identity=True)
        headers = [pair for pair in posted.headers if pair[0] not in {b"accept", b"content-type"}]
        request = replace(posted, method="GET", body=b"", headers=[*headers, (b"accept", b"text/event-stream")])
        try:
            async with asyncio.timeout(Limits.STREAM_LOOK_SECONDS):
                answer = await self._client.open(request, Timing())
        except (Refused, TimeoutError):
            return False
        answer.abort()
        return answer.status == _OK and is_event_stream(header_of(answer.headers, b"content-type"))

    async def _again(
        self, call: McpCall, answer: StreamedAnswer, refused: UpstreamCredential, *, wants_identity: bool
    ) -> StreamedAnswer:
        """Renew the credential that the upstream refused, and ask once more."""
        challenge = read_headers(answer.headers).get("www-authenticate", "")
        await keep(call, answer)
        began = call.recording.ticks()
        renewed = await self._credentials.renew(call.route, call.admitted, call.origin, challenge, refused)
        call.recording.phase("credential", began)
        call.trace.notes.append("The upstream answered 401; its credential was renewed and the request sent again.")
        return await self._follow(call, _request(call, renewed, wants_identity=wants_identity))

    async def _open(self, call: McpCall, request: UpstreamRequest) -> StreamedAnswer:
        """Send one request, and write down what became of it."""
        recording, trace = call.recording, call.trace
        trace.upstream_url = request.url
        trace.upstream_status = trace.upstream_body = None
        timing, began = Timing(), recording.wait(awaited.BEGINNING)
        try:
            answer = await self._client.open(request, timing)
        except Refused as refused:
            if call.route.is_given and not request.led_by:
                raise Refused(without_project(refused.problem)) from refused
            raise
        finally:
            ended = recording.ticks()
            trace.upstream_ms += (ended - began) / 1e6
            if timing.connect_began:
                recording.phase("connect", timing.connect_began, timing.connected or ended)
            if timing.sent:
                recording.phase("upstream wait", timing.sent, ended)
        trace.upstream_status = answer.status
        trace.upstream_headers = answer.headers
        return answer


async def keep(call: McpCall, answer: StreamedAnswer, most_bytes: int = Limits.UNSHOWN_BYTES) -> bytes:
    """Read an answer that the client will not see, or its beginning; keep that in the trace, and return it.

    However it hangs or breaks off: its status is enough, and the trace says what became of the rest.

    Raises:
        Refused: where its status is good and nothing of it came: why that is.
    """
    call.recording.wait(awaited.kept(answer.status))
    pieces, size = [], 0
    try:
        async with asyncio.timeout(Limits.UNSHOWN_SECONDS):
            while size < most_bytes and (piece := await answer.read()):
                pieces.append(piece)
                size += len(piece)
    except (Refused, TimeoutError) as error:
        why = error.problem.explain() if isinstance(error, Refused) else _unended(answer)
        if answer.status < _REDIRECTED and not pieces:
            unfinished = AnswerUnfinished(call.answering_url, Limits.UNSHOWN_SECONDS, 0)
            raise error if isinstance(error, Refused) else Refused(unfinished) from error
        call.trace.notes.append(why)
    answer.abort()
    content = b"".join(pieces)
    call.trace.upstream_body = Body(content[: Limits.UNSHOWN_BYTES], max(answer.received, size))
    return content


def _unended(answer: StreamedAnswer) -> str:
    return f"The body of this {answer.status} did not end within {Limits.UNSHOWN_SECONDS:g} s; the rest was not read."


def _is_credential_refused(answer: StreamedAnswer) -> bool:
    """Tell whether another credential might help: 401, or 403 where the challenge asks for more scope."""
    if answer.status == _FORBIDDEN:
        challenge = bearer_challenge([read_headers(answer.headers).get("www-authenticate", "")])
        return challenge is not None and challenge.error == "insufficient_scope"
    return answer.status == _UNAUTHORIZED


def _request(call: McpCall, credential: UpstreamCredential, *, wants_identity: bool) -> UpstreamRequest:
    """Return the request as the route's first upstream gets it."""
    route, trace = call.route, call.trace
    url = route.upstream_url
    if route.forward_search and trace.query:
        url = f"{url}{'&' if '?' in url else '?'}{trace.query.decode('latin-1')}"
    place = call.place
    headers = headers_up(place.forwarding, trace.request_headers, credential.headers, wants_identity=wants_identity)
    owner = (call.admitted.subject_id, call.admitted.token_id or trace.peer, credential.headers)
    return UpstreamRequest(trace.method, url, headers, call.body, place.certificate, owner)
