"""Which headers pass between a client and a watched server: all but those of one hop, of cookies, and of packing.

By the forward proxy, where nothing is served under a name of this machine, cookies pass, too.
"""

from devgw.events.trace import Headers
from devgw.foreign.challenge import bearer_challenge
from devgw.gateway.forwarding import HOP_BY_HOP
from devgw.gateway.watched.origins import WatchedOrigins

_NOT_PROXIED_UP = HOP_BY_HOP | {b"host", b"content-length", b"expect", b"accept-encoding"}
_NOT_PROXIED_DOWN = HOP_BY_HOP | {b"content-length"}
_NOT_UP = _NOT_PROXIED_UP | {b"cookie"}
_NOT_DOWN = HOP_BY_HOP | {
    *(b"set-cookie", b"alt-svc", b"strict-transport-security", b"content-length"),
    *(b"clear-site-data", b"service-worker-allowed", b"nel", b"report-to", b"reporting-endpoints"),
}
"""What a browser would keep, or drop, for all that is served under the name of this machine, whichever the port."""
_LOCAL = frozenset({b"origin", b"referer"})
_NO_PAGE = frozenset({b"application/json", b"text/event-stream"})
SANDBOX = (b"content-security-policy", b"sandbox")
"""For pages: served here, a script of theirs would read what other programs on localhost keep in the browser.

And for all that a browser may take for one: what has no type, or several, or is any kind of XML.
"""


def headers_up(received: Headers, origins: WatchedOrigins) -> Headers:
    """Return a request's headers for the real server: not packed, no cookie, our own origin as the real one."""
    dropped = _NOT_UP if origins.swaps else _NOT_PROXIED_UP
    kept = [
        (name, origins.to_real(value.decode("latin-1")).encode("latin-1") if name in _LOCAL else value)
        for name, value in received
        if name not in dropped
    ]
    return [*kept, (b"accept-encoding", b"identity")]


def headers_down(answered: Headers, origins: WatchedOrigins, name: str) -> Headers:
    """Return an answer's headers for the client: redirects and challenges lead to the ports, and no cookie is set.

    Where no URL is swapped, they are the server's own.
    """
    if not origins.swaps:
        return [pair for pair in answered if pair[0] not in _NOT_PROXIED_DOWN]
    kept = [(key, _swapped(key, value, origins, name)) for key, value in answered if key not in _NOT_DOWN]
    kinds = [value.partition(b";")[0].strip().lower() for key, value in answered if key == b"content-type"]
    return kept if len(kinds) == 1 and kinds[0] in _NO_PAGE else [*kept, SANDBOX]


def metadata_hint(answered: Headers) -> str:
    """Return where a challenge says that the resource's metadata is; empty where it does not."""
    values = [value.decode("latin-1") for key, value in answered if key == b"www-authenticate"]
    challenge = bearer_challenge(values)
    return (challenge.resource_metadata if challenge else None) or ""


def _swapped(key: bytes, value: bytes, origins: WatchedOrigins, name: str) -> bytes:
    text = value.decode("latin-1")
    if key == b"location":
        return origins.to_local(text, name).encode("latin-1")
    if key == b"www-authenticate" and (hint := metadata_hint([(key, value)])):
        return text.replace(hint, origins.to_local(hint, name)).encode("latin-1")
    return value
