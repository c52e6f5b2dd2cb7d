"""What browsers are told about calls from other origins. No cookie ever travels with them, so `*` will do.

The authorize endpoint and the pages get none of this (OAuth 2.1 §3.1).
"""

import re

from devgw.config.project import CorsPolicy
from devgw.departure import Departure
from devgw.events.taxonomy import Outcome
from devgw.events.trace import Headers, Trace
from devgw.gateway.forwarding import header_of
from devgw.limits import Limits
from devgw.problems import Refused
from devgw.problems.preflight import PreflightHeadersRefused, PreflightMethodRefused, PreflightNotAllowed
from devgw.web.recorder import Recording

CORS_POLICIES = Departure(
    name="cors-policies",
    here="A route's `corsPolicy` is checked and not run: pages of this machine may call every MCP route.",
    deployed='A route answers pages of other origins as its `corsPolicy` says; "none", as the documented MCP routes '
    "have it, answers no preflight and sends no CORS header.",
    why="Clients in a browser, such as the MCP Inspector, run on another port of the same machine.",
    source="https://zuplo.com/docs/articles/cors",
    setting="[deployed]\ncors_policies = true",
    is_made=lambda settings: not settings.deployed.cors_policies,
)
EXPOSED = b"WWW-Authenticate, Mcp-Session-Id, MCP-Protocol-Version, Retry-After, Last-Event-ID"
ANSWER_HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", EXPOSED),
)
"""What an answer to a page of another origin carries."""
_USUAL_HEADERS = b"Authorization, Content-Type, Accept, MCP-Protocol-Version, Mcp-Session-Id, Last-Event-ID"
_MAX_AGE = b"600"
_SECRET = "authorization"
"""What `*` does not allow (Fetch §4.8)."""
_ALWAYS = frozenset({"GET", "HEAD", "POST"})
"""Methods that a browser sends whatever a preflight says (Fetch §2.2.1)."""
_QUIET = frozenset({"DELETE"})
"""By what pages end a session with an MCP server that may have kept one: they go on without an answer."""


def by_policy(policy: CorsPolicy | None, caller: str, *, asks: bool) -> tuple[tuple[bytes, bytes], ...]:
    """Return the CORS headers of an answer to a page of `caller`, as the route's own policy has them.

    Args:
        policy: the route's; None where it lets no page in.
        caller: the page's origin.
        asks: whether it is the answer to a preflight.

    Raises:
        Refused: with `PreflightNotAllowed`.
    """
    if policy is None or not any(_fits(pattern, caller.lower()) for pattern in policy.origins):
        if asks:
            raise Refused(PreflightNotAllowed(caller, policy.name if policy else "none"))
        return ()
    found = [(b"access-control-allow-origin", caller), (b"vary", "Origin")]
    found += [(b"access-control-expose-headers", ", ".join(policy.exposed))]
    found += [(b"access-control-allow-credentials", "true" if policy.allows_credentials else "")]
    if asks:
        found += [(b"access-control-allow-methods", ", ".join(policy.methods))]
        found += [(b"access-control-allow-headers", ", ".join(policy.headers))]
        found += [(b"access-control-max-age", "" if policy.max_age is None else str(policy.max_age))]
    return tuple((name, value.encode("latin-1", "replace")) for name, value in found if value)


def _fits(pattern: str, caller: str) -> bool:
    """Tell whether an origin is meant: `*` is any, `*.` one label."""
    if pattern == "*":
        return True
    return re.fullmatch(re.escape(pattern).replace(r"\*\.", r"[^./:]+\."), caller) is not None


def is_preflight(method: str, headers: Headers) -> bool:
    """Tell whether a request is a browser asking whether it may send another one."""
    return (
        method == "OPTIONS"
        and bool(header_of(headers, b"origin"))
        and bool(header_of(headers, b"access-control-request-method"))
    )


def _preflight_headers(headers: Headers, methods: bytes) -> Headers:
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


def note_unmet(trace: Trace, methods: tuple[str, ...], policy: CorsPolicy | None = None) -> None:
    """Write down of a preflight why the browser sends nothing after it, whatever its status says.

    Args:
        trace: of the preflight.
        methods: those that are taken there.
        policy: the route's own, where that decides what pages may do.
    """
    name = policy.name if policy else ""
    method = trace.header(b"access-control-request-method")
    is_quiet = trace.kind == "mcp" and policy is None and method in _QUIET
    if not (is_quiet or method in _ALWAYS or method in methods or (policy and "*" in methods)):
        trace.refuse(PreflightMethodRefused(method, trace.path, methods, name), Outcome.DENIED)
    elif policy and (missing := _missing(trace, policy)):
        trace.refuse(PreflightHeadersRefused(missing, trace.path, name), Outcome.DENIED)


def _missing(trace: Trace, policy: CorsPolicy) -> tuple[str, ...]:
    """Return the headers that a page wants to send and the policy does not allow."""
    allowed = {each.lower() for each in policy.headers}
    asked = [each.strip() for each in trace.header(b"access-control-request-headers").split(",")]
    any_of = allowed if "*" not in allowed else {*allowed, *(each.lower() for each in asked if each.lower() != _SECRET)}
    return tuple(each for each in asked if each and each.lower() not in any_of)


async def answer_preflight(recording: Recording, taken: tuple[str, ...], methods: bytes) -> None:
    """Let a page of any origin call with these methods, and note where the place takes another one alone."""
    note_unmet(recording.trace, taken)
    recording.extra_headers = ()
    await recording.drain(Limits.OAUTH_BODY_BYTES)
    headers = _preflight_headers(recording.trace.request_headers, methods)
    await recording.send({"type": "http.response.start", "status": 204, "headers": headers})
    await recording.send({"type": "http.response.body", "body": b""})
