"""What browsers are told about calls from other origins. No cookie ever travels with them, so `*` will do.

The authorize endpoint and the pages get none of this (OAuth 2.1 §3.1).
"""

from devgw.departure import Departure
from devgw.events.trace import Headers
from devgw.gateway.forwarding import header_of

CORS_POLICIES = Departure(
    name="cors-policies",
    here="A route's `corsPolicy` is checked and not run: pages of this machine may call every MCP route.",
    deployed='A route answers other origins as its `corsPolicy` says; the documented MCP routes have "none".',
    why="Clients in a browser, such as the MCP Inspector, run on another port of the same machine.",
    source="https://zuplo.com/docs/mcp-gateway/code-config/mcp-proxy-handler",
    cannot="No setting runs a CORS policy: try a client that is a web page with the deployed gateway.",
)
EXPOSED = b"WWW-Authenticate, Mcp-Session-Id, MCP-Protocol-Version, Retry-After, Last-Event-ID"
ANSWER_HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", EXPOSED),
)
"""What an answer to a page of another origin carries."""
_USUAL_HEADERS = b"Authorization, Content-Type, Accept, MCP-Protocol-Version, Mcp-Session-Id, Last-Event-ID"
_MAX_AGE = b"600"


def is_preflight(method: str, headers: Headers) -> bool:
    """Tell whether a request is a browser asking whether it may send another one."""
    return (
        method == "OPTIONS"
        and bool(header_of(headers, b"origin"))
        and bool(header_of(headers, b"access-control-request-method"))
    )


def preflight_answer(headers: Headers, methods: bytes) -> Headers:
    """Return the headers of the answer to a preflight.

    The headers asked for are allowed as they are asked: a server may invent any `Mcp-Param-*`, and `*` would not cover
    Authorization. A local network request is allowed where the browser asks for it.
    """
    answer = [
        (b"access-control-allow-origin", b"*"),
        (b"access-control-allow-methods", methods),
        (b"access-control-allow-headers", header_of(headers, b"access-control-request-headers") or _USUAL_HEADERS),
        (b"access-control-max-age", _MAX_AGE),
        (b"vary", b"Origin, Access-Control-Request-Method, Access-Control-Request-Headers"),
    ]
    if header_of(headers, b"access-control-request-private-network") == b"true":
        answer.append((b"access-control-allow-private-network", b"true"))
    return answer
