"""What an upstream's refusal means here, by its status and what is known of the route; and answers that are none."""

from dataclasses import dataclass
from typing import ClassVar

from devgw.foreign.dates import read_date
from devgw.problems.base import ErrorCode, Fault
from devgw.problems.proxy import UpstreamProblem

MEDIA_TYPES = ("application/json", "text/event-stream")


@dataclass(frozen=True, slots=True)
class UpstreamRefusal(UpstreamProblem):
    """The upstream answered with a status that says no; its answer goes to the client as it came."""

    status_code: int
    beginning: str
    """The first words of its body, without markup."""

    error: ClassVar = ErrorCode.SERVER_ERROR

    def explain(self) -> str:
        """Repeat what it said."""
        return f"The upstream {self.url} answered {self.status_code}{self._said}."

    @property
    def _said(self) -> str:
        return f": “{self.beginning.rstrip('.')}”" if self.beginning else " without a word"


@dataclass(frozen=True, slots=True)
class UpstreamRefusedCall(UpstreamRefusal):
    """A status whose reason only the upstream knows."""

    diagnosis: ClassVar = "PROXY-20"
    source: ClassVar = "RFC 9110 §15.5"

    def advise(self) -> str:
        """Say where its reason stands."""
        where = "at what it said, and into its own log" if self.beginning else "into the upstream's own log"
        return f"Look {where}: the gateway passed the request on as it came."


@dataclass(frozen=True, slots=True)
class RequestNotMcp(UpstreamRefusal):
    """The upstream refused what is no MCP message; that can be seen in the request."""

    what: str
    """What is wrong with the request, in words."""

    diagnosis: ClassVar = "REQ-07"
    fault: ClassVar = Fault.CLIENT
    error: ClassVar = ErrorCode.INVALID_REQUEST
    hint: ClassVar = "Send one JSON-RPC 2.0 message as the body, with Content-Type: application/json."
    source: ClassVar = "MCP basic/transports: Sending Messages; JSON-RPC 2.0 §4"

    def explain(self) -> str:
        """Say what is wrong, and what the upstream said."""
        return f"The request is no MCP message: {self.what}. The upstream answered {self.status_code}{self._said}."


@dataclass(frozen=True, slots=True)
class UpstreamKeepsSessions(UpstreamRefusal):
    """The upstream wants the session that it began, and the gateway passes no sessions on."""

    diagnosis: ClassVar = "PROXY-12"
    fault: ClassVar = Fault.CONFIGURATION
    source: ClassVar = "MCP 2025-11-25 §Session Management"
    hint: ClassVar = (
        "Write `stateful = true` under [proxy] in devgw.toml and start devgw again; the deployed gateway passes no "
        "sessions on, so for there make the upstream stateless (FastMCP: stateless_http=True)."
    )

    def explain(self) -> str:
        """Say what stops at the gateway."""
        return (
            f"The upstream {self.url} keeps sessions and answered {self.status_code}{self._said}: "
            "the gateway passes Mcp-Session-Id neither up nor down."
        )


@dataclass(frozen=True, slots=True)
class UpstreamForbade(UpstreamRefusal):
    """403, and no wish for another scope."""

    origin: str
    """What the client sent as Origin."""
    has_credential: bool

    diagnosis: ClassVar = "PROXY-18"
    source: ClassVar = "RFC 9110 §15.5.4; MCP 2025-11-25 §Transports, Security Warning"

    def advise(self) -> str:
        """Say what an upstream forbids: an origin, or what the credential may not."""
        if self.origin:
            return f"Add {self.origin} to the origins that the upstream allows, or keep its Origin header from it."
        if self.has_credential:
            return "Let the upstream give the account, or the key, behind its credential the right to this call."
        return (
            "Attach the credential that the upstream wants, if it is one: the route's policies send none. "
            "Else mend what its own words name."
        )


@dataclass(frozen=True, slots=True)
class UpstreamNotFound(UpstreamRefusal):
    """404: nothing is served at the route's URL."""

    diagnosis: ClassVar = "PROXY-13"
    fault: ClassVar = Fault.CONFIGURATION
    source: ClassVar = "RFC 9110 §15.5.5"
    hint: ClassVar = "Correct the path of rewritePattern in config/routes.oas.json: MCP servers often listen at /mcp."


@dataclass(frozen=True, slots=True)
class UpstreamSpeaksLegacySse(UpstreamRefusal):
    """POST is refused and GET gives an event stream: the transport of 2024-11-05."""

    diagnosis: ClassVar = "PROXY-14"
    source: ClassVar = "MCP 2025-11-25 §Transports, Backwards Compatibility"
    hint: ClassVar = (
        "Point rewritePattern at the server's Streamable HTTP endpoint (often /mcp instead of /sse), or update it: the "
        "gateway does not speak the older transport."
    )

    def explain(self) -> str:
        """Say both answers."""
        return (
            f"The upstream {self.url} answered {self.status_code} to POST, and an event stream to GET: it speaks the "
            "HTTP+SSE transport of 2024-11-05."
        )


@dataclass(frozen=True, slots=True)
class UpstreamRefusedMethod(UpstreamRefusal):
    """405: what answers there takes no POST."""

    allow: str

    diagnosis: ClassVar = "PROXY-15"
    fault: ClassVar = Fault.CONFIGURATION
    source: ClassVar = "RFC 9110 §15.5.6"
    hint: ClassVar = "Point rewritePattern at the MCP endpoint itself, which takes POST."

    def explain(self) -> str:
        """Say what it takes."""
        takes = f"; it takes {self.allow}" if self.allow else ""
        return f"The upstream {self.url} answered 405 to POST{takes}{self._said if self.beginning else ''}."


@dataclass(frozen=True, slots=True)
class UpstreamNotAcceptable(UpstreamRefusal):
    """406, though or because of what Accept names."""

    got: str
    """The client's Accept header."""
    missing: tuple[str, ...]

    source: ClassVar = "MCP 2025-11-25 §Sending Messages to the Server"

    @property
    def diagnosis_id(self) -> str:
        """Return the id: where Accept is whole, it is no matter of media types."""
        return "PROXY-03" if self.missing else "PROXY-20"

    @property
    def expected(self) -> str:
        """Return what Accept would have to say."""
        return ", ".join(MEDIA_TYPES) if self.missing else ""

    def explain(self) -> str:
        """Say what is missing."""
        named = f"Accept: {self.got}" if self.got else "a request without Accept"
        lacks = f", which lacks {' and '.join(self.missing)}" if self.missing else ", which names both media types"
        return f"The upstream {self.url} answered 406 to {named}{lacks}."

    def advise(self) -> str:
        """Say what the client has to send."""
        if self.missing:
            return f"Let the client send Accept: {self.expected}."
        return "Look at what the upstream said, and into its own log: the client accepts what MCP asks for."


@dataclass(frozen=True, slots=True)
class UpstreamRefusedHost(UpstreamRefusal):
    """421: the upstream does not answer to the name under which the gateway asks it."""

    host: str

    diagnosis: ClassVar = "PROXY-16"
    source: ClassVar = "RFC 9110 §15.5.20"

    def explain(self) -> str:
        """Say which name."""
        return f"The upstream {self.url} answered 421{self._said}: it does not answer to the Host {self.host}."

    def advise(self) -> str:
        """Say the two ways."""
        return f"Add {self.host} to the hosts that the upstream allows, or use one of those in rewritePattern."


@dataclass(frozen=True, slots=True)
class UpstreamRateLimited(UpstreamRefusal):
    """429: asked too often."""

    retry_after: str

    diagnosis: ClassVar = "PROXY-17"
    source: ClassVar = "RFC 6585 §4; RFC 9110 §10.2.3"

    def advise(self) -> str:
        """Say how long to wait, where it says so."""
        return f"Ask again {_when(self.retry_after)}; the limit is the upstream's own."


BY_A_PROXY = frozenset({502, 504, *range(520, 531)})
"""What stands before a server says so of it; those from 520 on are Cloudflare's own."""


@dataclass(frozen=True, slots=True)
class UpstreamFailed(UpstreamRefusal):
    """5xx: the upstream, or what stands in front of it, failed by itself."""

    retry_after: str

    diagnosis: ClassVar = "PROXY-19"
    source: ClassVar = "RFC 9110 §15.6"

    def advise(self) -> str:
        """Say where to look, by status."""
        if self.status_code == 511:
            return "Sign in to the network first (RFC 6585 §6): something on the way answered in the upstream's place."
        if self.status_code in BY_A_PROXY:
            return "Look whether the MCP server behind that address runs: a proxy in front of it answered in its place."
        if self.status_code == 503:
            return f"Ask again {_when(self.retry_after)}: the upstream says that it is not ready."
        return "Look into the upstream's own log: it failed while it answered."


def _when(retry_after: str) -> str:
    if not retry_after:
        return "a little later"
    if retry_after.isdigit():
        return f"in {retry_after} s"
    return f"after {retry_after}" if read_date(retry_after) else "a little later"


@dataclass(frozen=True, slots=True)
class UpstreamGaveNoAnswer(UpstreamProblem):
    """The upstream says that all is well, and what it sent answers no request."""

    status_code: int
    got: str
    """How the body begins."""
    expected: str
    """The ids that wait."""

    diagnosis: ClassVar = "PROXY-21"
    source: ClassVar = "MCP 2025-11-25 §Sending Messages to the Server; JSON-RPC 2.0 §5"
    hint: ClassVar = (
        "Let the upstream answer each request with `jsonrpc`, its `id`, and `result` or `error`; if it is no MCP "
        "endpoint, correct rewritePattern."
    )

    def explain(self) -> str:
        """Say what came."""
        what = f"“{self.got}”" if self.got else "an empty body"
        return (
            f"The upstream {self.url} answered {self.status_code} with {what}: that is no response to {self.expected}."
        )


@dataclass(frozen=True, slots=True)
class UpstreamWantsLogin(UpstreamProblem):
    """The upstream sends the gateway to a page on which a person would sign in."""

    status_code: int
    location: str
    has_credential: bool

    diagnosis: ClassVar = "PROXY-22"
    source: ClassVar = "RFC 9110 §15.4; MCP authorization: servers answer 401"

    def explain(self) -> str:
        """Say where it leads."""
        return f"The upstream {self.url} wants a login: it answered {self.status_code} and leads to {self.location}."

    def advise(self) -> str:
        """Say that the URL is right, and what is missing."""
        if self.has_credential:
            return (
                "Renew the credential that the route sends, its key or its connection: the upstream does not take it."
            )
        return (
            "Leave rewritePattern as it is. Attach what the upstream takes: an API key by "
            "set-upstream-api-key-inbound, or mcp-token-exchange-inbound; or let it answer 401 instead of a page."
        )
