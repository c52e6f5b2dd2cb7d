"""Why a connection or a request's head is turned away before it is a request that anybody could answer."""

from dataclasses import dataclass
from typing import ClassVar

from devgw.problems.base import ErrorCode, Problem


@dataclass(frozen=True, slots=True)
class RequestUnfinished(Problem):
    """The rest of a request did not come in time."""

    part: str
    """`head` or `body`."""
    seconds: float
    """How long it was waited for."""

    diagnosis: ClassVar = "LIMIT-20"
    status: ClassVar = 408
    hint: ClassVar = "Send the whole request; a body has to be as long as its Content-Length says."
    source: ClassVar = "RFC 9110 §15.5.9"

    def explain(self) -> str:
        """Say what is missing."""
        return f"The rest of the request's {self.part} did not come within {self.seconds:.0f} s."


@dataclass(frozen=True, slots=True)
class HeadTooLarge(Problem):
    """The head of a request is longer than it is read, or has too many headers."""

    limit: str

    diagnosis: ClassVar = "LIMIT-21"
    status: ClassVar = 431
    hint: ClassVar = "Send fewer or shorter headers; in a browser, delete the cookies of localhost."
    source: ClassVar = "RFC 6585 §5"

    def explain(self) -> str:
        """Say the limit."""
        return f"The request's head has more than {self.limit}."


@dataclass(frozen=True, slots=True)
class TargetTooLong(Problem):
    """The URL of a request is longer than it is read."""

    limit: int

    diagnosis: ClassVar = "LIMIT-21"
    status: ClassVar = 414
    hint: ClassVar = "Send what is long in a body; in an authorization request, shorten state and scope."
    source: ClassVar = "RFC 9110 §15.5.15"

    def explain(self) -> str:
        """Say the limit."""
        return f"The request's URL is longer than {self.limit:,} bytes."


@dataclass(frozen=True, slots=True)
class RequestMalformed(Problem):
    """What came is no HTTP/1.1 request, or could be read in two ways."""

    what: str

    diagnosis: ClassVar = "LIMIT-25"
    hint: ClassVar = "Send HTTP/1.1 as RFC 9112 has it; a proxy in between may have changed the request."
    source: ClassVar = "RFC 9110 §5.3; RFC 9112 §2.2, §3.2, §6.3"

    def explain(self) -> str:
        """Say what is wrong with it."""
        return f"This is no request of HTTP/1.1, or one that can be read in two ways: {self.what}."


NO_PROXY = (
    "Take this port out of the program's proxy setting (HTTPS_PROXY, HTTP_PROXY, ALL_PROXY or its own), and give it "
    "the URL of an MCP route as the server's."
)


@dataclass(frozen=True, slots=True)
class TunnelAsked(Problem):
    """A program takes the gateway for its proxy, and asks it for a tunnel to another server."""

    target: str

    diagnosis: ClassVar = "HOST-11"
    hint: ClassVar = NO_PROXY
    source: ClassVar = "RFC 9110 §9.3.6"

    def explain(self) -> str:
        """Say to what it wanted to get."""
        return f"CONNECT {self.target} asks for a tunnel, and this is an MCP gateway, no proxy."


@dataclass(frozen=True, slots=True)
class ProtocolNotSpoken(Problem):
    """The client speaks another HTTP from the first byte: HTTP/2, most of the time, which a plain port does not."""

    version: str

    diagnosis: ClassVar = "LIMIT-26"
    status: ClassVar = 505
    hint: ClassVar = "Speak HTTP/1.1 here; what knows HTTP/2 must not take it for granted (prior knowledge)."
    source: ClassVar = "RFC 9110 §15.6.6"

    def explain(self) -> str:
        """Say what is spoken."""
        return f"This port speaks HTTP/1.1; the client began with HTTP/{self.version}."


@dataclass(frozen=True, slots=True)
class ConnectionsExhausted(Problem):
    """So many requests are under way that no other connection is served."""

    limit: int

    diagnosis: ClassVar = "LIMIT-22"
    retry_after: ClassVar[int] = 2
    status: ClassVar = 503
    error: ClassVar = ErrorCode.TEMPORARILY_UNAVAILABLE
    hint: ClassVar = "Close connections that are not needed; Health has the open files, and how more may be opened."
    source: ClassVar = "RFC 9110 §15.6.4"

    def explain(self) -> str:
        """Say the limit."""
        return f"Requests are under way on all {self.limit:,} connections that the gateway keeps."


@dataclass(frozen=True, slots=True)
class RegistrationsTooFrequent(Problem):
    """More clients register in a minute than any person starts."""

    limit: int
    retry_after: int
    """Seconds until the next one is taken."""

    diagnosis: ClassVar = "LIMIT-23"
    status: ClassVar = 429
    error: ClassVar = ErrorCode.TEMPORARILY_UNAVAILABLE
    hint: ClassVar = "Let the client keep the registration that it has; find out what registers again and again."
    source: ClassVar = "RFC 6585 §4"

    def explain(self) -> str:
        """Say the limit."""
        return f"More than {self.limit:,} clients registered within a minute."


@dataclass(frozen=True, slots=True)
class AuthorizationsTooMany(Problem):
    """More authorizations are open than any person has windows."""

    limit: int

    diagnosis: ClassVar = "LIMIT-24"
    retry_after: ClassVar[int] = 60
    status: ClassVar = 503
    error: ClassVar = ErrorCode.TEMPORARILY_UNAVAILABLE
    hint: ClassVar = "Wait until open ones expire; find out what opens the authorization URL again and again."
    source: ClassVar = "RFC 6749 §4.1.2.1"

    def explain(self) -> str:
        """Say the limit."""
        return f"{self.limit:,} authorizations are open already, none of them finished."


@dataclass(frozen=True, slots=True)
class RegistrationNotJson(Problem):
    """A registration came with another content type: a page of any site could send it without being asked."""

    content_type: str

    diagnosis: ClassVar = "LIMIT-27"
    error: ClassVar = ErrorCode.INVALID_CLIENT_METADATA
    hint: ClassVar = "Send the metadata as a JSON object, with Content-Type: application/json."
    source: ClassVar = "RFC 7591 §3.1"

    def explain(self) -> str:
        """Say what came."""
        return f"A registration is application/json; this one is {self.content_type or 'without a content type'}."


@dataclass(frozen=True, slots=True)
class TlsNotSpoken(Problem):
    """A client began a TLS handshake: it uses https where the gateway speaks http."""

    diagnosis: ClassVar = "HOST-08"
    hint: ClassVar = "Write http:// in the client's URL of this gateway, or put something before it that ends TLS."
    source: ClassVar = "RFC 8446 §5.1"

    def explain(self) -> str:
        """Say what came."""
        return "A TLS handshake came to a port that speaks plain http: the client's URL begins with https."
