"""Which headers pass through the gateway, on the way up and on the way down.

Source: RFC 9110 §7.6.1 (hop by hop); `gateway.md` §8; MCP security best practices (Token Passthrough).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from devgw.config.project import HeaderEdits, Route
from devgw.events.trace import Headers
from devgw.gateway.claims import is_claim
from devgw.problems import Refused
from devgw.problems.upstream_credential import HeaderUnsendable

HOP_BY_HOP = frozenset(
    b"connection keep-alive proxy-authenticate proxy-authorization proxy-connection te trailer transfer-encoding "
    b"upgrade http2-settings".split()
)
_NOT_UP = HOP_BY_HOP | {b"host", b"content-length", b"expect", b"authorization", b"cookie"}
# An upstream's challenge speaks of the upstream's own authorization server, of which the client must know nothing; its
# CORS answers are about the gateway's origin as a caller, not about the page that calls the gateway.
_NOT_DOWN = HOP_BY_HOP | {b"set-cookie", b"www-authenticate", b"alt-svc", b"strict-transport-security"}
_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_SESSION = frozenset({b"mcp-session-id"})
_READABLE = frozenset({b"gzip", b"x-gzip", b"deflate", b"identity"})
_ORDINARY_CONNECTION = {b"keep-alive", b"close", b""}


@dataclass(frozen=True, slots=True)
class Forwarding:
    """What a route does to headers, worked out once."""

    dropped_up: frozenset[bytes]
    dropped_down: frozenset[bytes]
    edits: tuple[tuple[tuple[tuple[bytes, bytes, bool], ...], frozenset[bytes]], ...]
    """Per policy: what it sets (name, value, overwrites), and what it removes."""


def forwarding_of(route: Route, *, is_stateful: bool) -> Forwarding:
    """Return what `route` does to headers; without sessions, their ids stop here in both directions."""
    sessions = frozenset() if is_stateful else _SESSION
    return Forwarding(_NOT_UP | sessions, _NOT_DOWN | sessions, tuple(_compiled(each) for each in route.header_edits))


def _compiled(edits: HeaderEdits) -> tuple[tuple[tuple[bytes, bytes, bool], ...], frozenset[bytes]]:
    """Return the edits of one policy as bytes, names in lower case."""
    put = tuple((name.lower().encode(), secret.value.strip().encode(), over) for name, secret, over in edits.set)
    return put, frozenset(name.lower().encode() for name in edits.remove)


def _check_field(name: bytes, value: bytes) -> None:
    """Refuse what would end the header early, and so write another one."""
    if _CONTROL.search(name) or _CONTROL.search(value):
        raise Refused(HeaderUnsendable(name.decode("latin-1")))


def headers_up(
    forwarding: Forwarding,
    received: Iterable[tuple[bytes, bytes]],
    credential: tuple[tuple[bytes, bytes], ...],
    *,
    wants_identity: bool = False,
) -> Headers:
    """Return the headers for the upstream: the client's, edited by the route's policies, then the credential.

    Raises:
        Refused: with `HeaderUnsendable`.
    """
    dropped = forwarding.dropped_up | _named_by_connection(received)
    headers = [
        (name, value if name != b"accept-encoding" else _readable(value))
        for name, value in received
        if name not in dropped and not is_claim(name) and (b"_" not in name or not _is_guise(forwarding, name, dropped))
    ]
    for put, removed in forwarding.edits:
        headers = _edited(headers, put, removed)
    if credential:
        for name, value in credential:
            _check_field(name, value)
        names = {name.lower() for name, _ in credential}
        headers = [pair for pair in headers if pair[0] not in names]
        headers += credential
    if wants_identity:
        headers = [pair for pair in headers if pair[0] != b"accept-encoding"]
        headers.append((b"accept-encoding", b"identity"))
    return headers


def _is_guise(forwarding: Forwarding, name: bytes, dropped: frozenset[bytes]) -> bool:
    """Tell whether upstreams may take a name with underscores for one that is decided here (RFC 3875 §4.1.18)."""
    plain = name.replace(b"_", b"-")
    decided = dropped.union(*(removed.union(each for each, _, _ in put) for put, removed in forwarding.edits))
    return plain in decided


@lru_cache(maxsize=64)
def _readable(accepted: bytes) -> bytes:
    """Return what a client accepts without the codings in which nobody here could tell whose answer it is."""
    kept = [each.strip() for each in accepted.split(b",") if each.partition(b";")[0].strip().lower() in _READABLE]
    return b", ".join(kept) or b"identity"


def _named_by_connection(received: Iterable[tuple[bytes, bytes]]) -> frozenset[bytes]:
    """Return the headers that Connection declares to be for this hop alone."""
    options = [value for name, value in received if name == b"connection"]
    if not options or options == [b"keep-alive"]:
        return frozenset()
    return frozenset(each.strip() for each in b",".join(options).lower().split(b",")) - _ORDINARY_CONNECTION


def _edited(headers: Headers, put: tuple[tuple[bytes, bytes, bool], ...], removed: frozenset[bytes]) -> Headers:
    """Return `headers` after one policy."""
    if removed:
        headers = [pair for pair in headers if pair[0] not in removed]
    for name, value, overwrites in put:
        is_there = any(pair[0] == name for pair in headers)
        if is_there and not overwrites:
            continue
        _check_field(name, value)
        headers = [pair for pair in headers if pair[0] != name] if is_there else headers
        headers.append((name, value))
    return headers


def headers_down(forwarding: Forwarding, answered: Headers, *, is_rewritten: bool = False) -> Headers:
    """Return the headers for the client; a rewritten body has another length and no encoding.

    Of several content types the first goes along, by which the answer was read here: clients may take another.
    """
    dropped = forwarding.dropped_down
    if is_rewritten:
        dropped |= {b"content-length", b"content-encoding"}
    headers = [pair for pair in answered if pair[0] not in dropped and not pair[0].startswith(b"access-control-")]
    types = [pair for pair in headers if pair[0] == b"content-type"]
    return headers if len(types) < 2 else [types[0], *(pair for pair in headers if pair[0] != b"content-type")]


def header_of(headers: Iterable[tuple[bytes, bytes]], wanted: bytes) -> bytes:
    """Return the first value of the header `wanted` (lower case), or nothing."""
    for name, value in headers:
        if name == wanted:
            return value
    return b""


def read_headers(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Return headers by name, in lower case; one that stands several times is a list (RFC 9110 §5.3)."""
    read: dict[str, str] = {}
    for key, value in headers:
        name, text = key.decode("latin-1").lower(), value.decode("latin-1")
        read[name] = f"{read[name]}, {text}" if name in read else text
    return read


def encoding_of(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """Return how a body is packed, in lower case, by every Content-Encoding there is: clients read them as one list.

    `identity` alone says that nothing is done to it (RFC 9110 §8.4.1, §12.5.3).
    """
    found = [value for name, value in headers if name == b"content-encoding" and value]
    if not found:
        return ""
    codings = b", ".join(found).decode("latin-1").lower()
    return "" if {each.strip() for each in codings.split(",")} <= {"", "identity"} else codings


def is_event_stream(content_type: bytes) -> bool:
    """Tell whether an answer is a stream of server-sent events."""
    return content_type[:17].lower() == b"text/event-stream"


def is_json(content_type: bytes) -> bool:
    """Tell whether an answer is JSON, of any flavour."""
    essence = content_type.partition(b";")[0].strip().lower()
    return essence == b"application/json" or essence.endswith(b"+json")
