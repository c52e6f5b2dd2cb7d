"""HTTP/1.1 as it is taken: a head that can be read in two ways, or speaks another version, is turned away.

It stands on Hypercorn's `H11Protocol` and replaces three of its methods that no release note promises:
`_check_protocol` (called with each head before anything is made of it; Hypercorn's own would go over to HTTP/2 there),
`_create_stream` and `_send_error_response`; it adds to `_send_h11_event`, and looks into the buffer of h11.
`tests/web/test_http1.py` fails where they are gone.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

import h11
from hypercorn.events import Closed, Event, RawData
from hypercorn.protocol.events import Request
from hypercorn.protocol.h11 import STREAM_ID, H11Protocol
from hypercorn.protocol.http_stream import HTTPStream
from hypercorn.typing import ConnectionState, H11SendableEvent

from devgw.events.trace import Headers
from devgw.foreign.text import clean
from devgw.foreign.urls import UrlRefused, read_url, same_origin
from devgw.limits import Limits
from devgw.problems import Problem
from devgw.problems.forward_proxy import ProxyCredentialMissing
from devgw.problems.incoming import (
    ConnectionsExhausted,
    HeadTooLarge,
    ProtocolNotSpoken,
    RequestMalformed,
    TargetTooLong,
    TlsNotSpoken,
    TunnelAsked,
)
from devgw.web.recorder import REASON

_HANDSHAKE = b"\x16\x03"
"""How every TLS connection begins: a record of kind handshake (RFC 8446 §5.1)."""
_SINGLE = frozenset(b"content-type origin mcp-protocol-version mcp-session-id mcp-method mcp-name".split())
"""Headers with one value (RFC 9110 §5.3): of two, one reader takes the first, and another the last or both."""
_LENGTH, _CHUNKED = b"content-length", b"transfer-encoding"
_LOOKED_AT = _SINGLE | {_LENGTH, _CHUNKED}
_MOST_OF_TARGET = 200
_ABSOLUTE = "devgw.absolute"
_MAJOR = b"1."
"""A higher minor version is read as 1.1 (RFC 9110 §2.5)."""


class HeadRefused(Exception):  # noqa: N818  it reads as what happened
    """A request is turned away by its head alone."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.reason)
        self.problem = problem


class RequestReader(h11.Connection):
    """h11's, which skips empty lines before a request: old clients end a body with one (RFC 9112 §2.2)."""

    def next_event(self) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        """Return the next event of the client."""
        buffer = self._receive_buffer
        data = buffer._data  # noqa: SLF001  it shows them nowhere
        if self.their_state is h11.IDLE and data.startswith((b"\r", b"\n")):
            buffer.maybe_extract_at_most(len(data) - len(data.lstrip(b"\r\n")))  # at once: some send nothing else
        return super().next_event()


class Http1(H11Protocol):
    """One connection's protocol."""

    hear: Callable[[Problem, str], None] | None = None
    """Is told why the client at an address was turned away."""
    surplus_of: int | None = None
    """The limit where this connection is beyond it: whatever it asks is refused."""
    method = b""
    """Of the request that came last."""
    headers: Headers
    """Of the same; h11 makes each pair anew for who walks through its own."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.connection = RequestReader(h11.SERVER, max_incomplete_event_size=self.config.h11_max_incomplete_size)

    async def handle(self, event: Event) -> None:
        """Take what came; turn away what cannot be a request."""
        if isinstance(event, RawData) and not self.method and event.data.startswith(_HANDSHAKE):
            await self.turn_away(TlsNotSpoken())
            return
        try:
            await super().handle(event)
        except HeadRefused as refused:
            await self.turn_away(refused.problem)

    async def _send_h11_event(self, event: H11SendableEvent) -> None:
        """Write an event; a status with the words that were said beside it, since clients repeat them."""
        if isinstance(event, h11.Response) and self.stream is not None:
            reason = getattr(self.stream, "response", {}).get(REASON, b"")
            if reason:
                event = h11.Response(status_code=event.status_code, headers=list(event.headers), reason=reason)
        await super()._send_h11_event(event)

    async def turn_away(self, problem: Problem) -> None:
        """Answer with problem details, where no answer has begun, and end the connection."""
        if self.hear is not None:
            self.hear(problem, "{}:{}".format(*(self.client or ("", 0))))
        if self.connection.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            headers, body = _written(problem)
            await self._send_h11_event(h11.Response(status_code=problem.status, headers=headers))
            if self.method != b"HEAD":
                await self._send_h11_event(h11.Data(data=body))
            await self._send_h11_event(h11.EndOfMessage())
        await self.send(Closed())

    async def _check_protocol(self, event: h11.Request) -> None:
        self.method, self.headers = event.method, list(event.headers)
        if self.surplus_of is not None:
            raise HeadRefused(ConnectionsExhausted(self.surplus_of))
        if (problem := _find_problem(event, self.headers)) is not None:
            raise HeadRefused(problem)

    async def _create_stream(self, request: h11.Request) -> None:
        """Begin an exchange in HTTP; an offer of another protocol is ignored, as a server may (RFC 9110 §7.8).

        Hypercorn's own would go over to WebSocket, where nothing ends a connection that waits.
        """
        given = self.app, self.config, self.context, self.task_group, self.ssl, self.client, self.server
        self.stream = HTTPStream(*given, self.stream_send, STREAM_ID)
        await self.stream.handle(
            Request(
                stream_id=STREAM_ID,
                headers=self.headers,
                http_version=request.http_version.decode("ascii"),
                method=request.method.decode("ascii"),
                raw_path=_in_origin_form(request),
                state=_state_of(request, self.connection_state),
            )
        )
        self.keep_alive_requests += 1
        await self.context.mark_request()

    async def _send_error_response(self, status_code: int) -> None:
        """Answer for what h11 could not read; the caller ends the connection."""
        problem: Problem = RequestMalformed("its head or its framing breaks the rules")
        if status_code == HeadTooLarge.status:
            problem = HeadTooLarge(f"{Limits.HEAD_BYTES:,} bytes")
        await self.turn_away(problem)


def _written(problem: Problem) -> tuple[list[tuple[bytes, bytes]], bytes]:
    """Return headers and body of RFC 9457 problem details; there is no trace yet that they could name."""
    members = {
        "type": "about:blank",
        "title": problem.reason.replace("_", " "),
        "status": problem.status,
        "detail": problem.explain(),
        "reason": problem.reason,
        "hint": problem.advise(),
        "diagnosis": problem.diagnosis_id,
    }
    body = json.dumps(members).encode()
    headers = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", b"%d" % len(body)),
        (b"cache-control", b"no-store"),
        (b"connection", b"close"),
    ]
    if isinstance(problem, ConnectionsExhausted):
        headers.append((b"retry-after", b"%d" % problem.retry_after))
    if isinstance(problem, ProxyCredentialMissing):
        headers.append((b"proxy-authenticate", b'Basic realm="devgw"'))
    return headers, body


def _find_problem(request: h11.Request, headers: Headers) -> Problem | None:
    """Return why a head is no request of ours. On the hot path."""
    if not request.http_version.startswith(_MAJOR):
        return ProtocolNotSpoken(request.http_version.decode("ascii").removesuffix(".0"))
    if len(request.target) > Limits.URL_BYTES:
        return TargetTooLong(Limits.URL_BYTES)
    if (problem := find_header_problem(request.http_version, headers)) is not None:
        return problem
    return None if request.target.startswith(b"/") else _find_target_problem(request)


def find_header_problem(version: bytes, headers: Headers) -> Problem | None:
    """Return what is wrong with the headers. Source: RFC 9110 §5.3; RFC 9112 §6.1, §6.3."""
    if len(headers) > Limits.HEADERS:
        return HeadTooLarge(f"{Limits.HEADERS} headers")
    size, met = 0, set[bytes]()
    for name, value in headers:
        size += len(name) + len(value)
        if name in _LOOKED_AT:
            if name in met:
                return RequestMalformed(f"it has the header {name.decode('ascii')} more than once")
            met.add(name)
    if size > Limits.HEAD_BYTES:
        return HeadTooLarge(f"{Limits.HEAD_BYTES:,} bytes")
    if _CHUNKED in met and (_LENGTH in met or version == b"1.0"):
        return RequestMalformed("it gives the length of its body in two ways, or in one that its version does not have")
    return None


def _find_target_problem(request: h11.Request) -> Problem | None:
    """Return what is wrong with a target that is no path. Source: RFC 9112 §3.2."""
    if request.target == b"*" and request.method == b"OPTIONS":
        return None
    if request.method == b"CONNECT":
        return TunnelAsked(clean(request.target.decode("latin-1"), _MOST_OF_TARGET))
    scheme, authority, _ = split_absolute(request.target)
    if scheme not in {b"http", b"https"} or not authority:
        return RequestMalformed("its target is neither a path nor an http URL")
    try:
        origin = _origin(scheme, authority)
    except UrlRefused as refused:
        return RequestMalformed(f"its target leads nowhere: {refused}")
    hosts = [value for name, value in request.headers if name == b"host"]
    if any(not same_origin(f"{scheme.decode()}://{each.decode('latin-1')}", origin) for each in hosts):
        return RequestMalformed("its target names another host than its Host header")
    return None


def _origin(scheme: bytes, authority: bytes) -> str:
    """Return the origin of an absolute target; a user that is named there is no part of it (RFC 9110 §4.2.4, §4.3).

    Raises:
        UrlRefused: where it names no host.
    """
    return read_url(f"{scheme.decode()}://{authority.rpartition(b'@')[2].decode('latin-1')}").origin


def split_absolute(target: bytes) -> tuple[bytes, bytes, bytes]:
    """Return scheme, authority and the rest of an absolute URL."""
    scheme, _, rest = target.partition(b"://")
    end = min((at for at in (rest.find(b"/"), rest.find(b"?")) if at >= 0), default=len(rest))
    return scheme.lower(), rest[:end], rest[end:]


def _in_origin_form(request: h11.Request) -> bytes:
    """Return a target's path and query, where it is a whole URL (RFC 9112 §3.2.2: MUST be taken).

    One without a path asks OPTIONS of the whole server (RFC 9112 §3.2.4).
    """
    target = request.target
    if target.startswith((b"/", b"*")):
        return target
    rest = split_absolute(target)[2]
    if not rest and request.method == b"OPTIONS":
        return b"*"
    return rest if rest.startswith(b"/") else b"/" + rest


def _state_of(request: h11.Request, state: ConnectionState) -> ConnectionState:
    """Return what the application gets beside the request; of its target the scope holds the path alone."""
    return state if request.target.startswith((b"/", b"*")) else ConnectionState({**state, _ABSOLUTE: True})


def is_absolute(scope: Mapping[str, Any]) -> bool:
    """Tell whether the target of a request was a whole URL (RFC 9112 §3.2.2)."""
    return _ABSOLUTE in scope.get("state", ())
