"""What a foreign server's refusal means where its status has one meaning (RFC 9110 §15)."""

from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import urljoin, urlsplit

from devgw.foreign.text import clean
from devgw.foreign.urls import without_user
from devgw.problems.base import Fault
from devgw.problems.upstream_refusal import SHOWN, UpstreamRefusal

MEDIA_TYPES = ("application/json", "text/event-stream")


@dataclass(frozen=True, slots=True)
class UpstreamPathProblem(UpstreamRefusal):
    """Nothing there takes the call: the URL is not that of an MCP endpoint."""

    @property
    def fault(self) -> Fault:  # type: ignore[override]  # known by whose URL it is, not by the kind
        """Return who has to change something: the route's file, or a server that nobody here has configured."""
        return Fault.UPSTREAM if self.owner else Fault.CONFIGURATION


@dataclass(frozen=True, slots=True)
class UpstreamNotFound(UpstreamPathProblem):
    """404 or 410: nothing is served at the URL."""

    diagnosis: ClassVar = "PROXY-13"
    source: ClassVar = "RFC 9110 §15.5.5"

    def advise(self) -> str:
        """Say where the path stands."""
        return (
            f"Correct the path of {self.written_in}, unless its words say otherwise: MCP servers often listen at /mcp."
        )


@dataclass(frozen=True, slots=True)
class UpstreamSpeaksLegacySse(UpstreamRefusal):
    """POST is refused and GET gives an event stream: the transport of 2024-11-05."""

    diagnosis: ClassVar = "PROXY-14"
    source: ClassVar = "MCP 2025-11-25 §Transports, Backwards Compatibility"

    def explain(self) -> str:
        """Say both answers."""
        transport = "it speaks the HTTP+SSE transport of 2024-11-05"
        return f"{self._answered} to POST, and an event stream to GET: {transport}."

    def advise(self) -> str:
        """Say what to point at the newer transport."""
        return (
            f"Correct {self.written_in} to the server's Streamable HTTP endpoint (often /mcp instead of /sse), or "
            "update the server: devgw does not speak the older transport."
        )


@dataclass(frozen=True, slots=True)
class UpstreamRefusedMethod(UpstreamPathProblem):
    """405, or 501: what answers there takes no POST (RFC 9110 §15.5.6, §15.6.2)."""

    allow: str

    diagnosis: ClassVar = "PROXY-15"
    source: ClassVar = "RFC 9110 §15.5.6"

    def explain(self) -> str:
        """Say what it takes."""
        takes = f"; it takes {self.allow}" if self.allow else ""
        post = "" if self.asked else " to POST"
        return f"{self._answered}{post}{takes}{self._said if self.beginning else ''}."

    def advise(self) -> str:
        """Say what to point at."""
        return f"Correct {self.written_in} to the MCP endpoint itself, which takes POST."


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
        said = f" It said{self._said}." if self.beginning else ""
        return f"{self._answered} to {named}{lacks}.{said}"

    def advise(self) -> str:
        """Say what the client has to send."""
        if self.missing:
            return f"Let the client send Accept: {self.expected}."
        return f"{self._in_its_log}: the client accepts what MCP asks for."


@dataclass(frozen=True, slots=True)
class UpstreamRefusedHost(UpstreamRefusal):
    """421: it does not answer to the name under which it is asked."""

    diagnosis: ClassVar = "PROXY-16"
    source: ClassVar = "RFC 9110 §15.5.20"

    @property
    def _host(self) -> str:
        return urlsplit(self.url).netloc.rpartition("@")[2]

    def explain(self) -> str:
        """Say which name."""
        return f"{self._answered}{self._said}: it does not answer to the Host {self._host}."

    def advise(self) -> str:
        """Say the two ways."""
        return f"Add {self._host} to the hosts that the server allows, or use one of those in {self.written_in}."


@dataclass(frozen=True, slots=True)
class UpstreamRateLimited(UpstreamRefusal):
    """429: asked too often."""

    wait: str
    """See `foreign.retry_after`."""

    diagnosis: ClassVar = "PROXY-17"
    source: ClassVar = "RFC 6585 §4; RFC 9110 §10.2.3"

    def advise(self) -> str:
        """Say how long to wait, where it says so."""
        return f"Ask again {_when(self.wait)}: the limit is the server's own, or of what stands before it."


_FAILED = {
    505: "505 says that it does not take this version of HTTP",
    507: "507 says that it has no room left",
    508: "508 says that it went round in a circle",
}
BY_A_PROXY = frozenset({502, 504, *range(520, 531)})
"""What stands before a server says so of it; those from 520 on are Cloudflare's own."""


@dataclass(frozen=True, slots=True)
class UpstreamFailed(UpstreamRefusal):
    """5xx: the server, or what stands in front of it, failed by itself."""

    wait: str
    """See `foreign.retry_after`."""
    speaks_mcp: bool = False
    """Whether it answered by a JSON-RPC error, and so is the server itself."""

    diagnosis: ClassVar = "PROXY-19"
    source: ClassVar = "RFC 9110 §15.6"

    def advise(self) -> str:
        """Say where to look, by status."""
        if self.status_code == 511:
            return "Sign in to the network first (RFC 6585 §6): something on the way answered in the server's place."
        if self.status_code in BY_A_PROXY and not self.speaks_mcp:
            return "Look whether the MCP server behind that address runs: a proxy in front of it answers so."
        if self.status_code == 503:
            return f"Ask again {_when(self.wait)}: 503 says that it is not ready, and its own log why."
        return f"{self._in_its_log}: {_FAILED.get(self.status_code, 'it failed while it answered')}."


def _when(wait: str) -> str:
    return f"in {wait}" if wait else "a little later"


_SAME_METHOD = frozenset({307, 308})
"""After which a call is sent again as it was (RFC 9110 §15.4.8, §15.4.9); by the others POST may become GET."""
_OR_HTTPS = ", or not be told by its proxy that the call came by https (X-Forwarded-Proto)"


@dataclass(frozen=True, slots=True)
class UpstreamRedirectsCall(UpstreamRefusal):
    """A call is sent elsewhere, where clients take no token along."""

    location: str
    is_circle: bool = False
    """Whether it leads to the URL that was asked, query and all."""

    source: ClassVar = "RFC 9110 §15.4"

    @property
    def diagnosis_id(self) -> str:
        """Return whether it leads anywhere."""
        return "PROXY-01" if self.location and not self.is_circle else "PROXY-11"

    def explain(self) -> str:
        """Say where it leads."""
        if self.is_circle:
            then = "that never ends" if self.status_code in _SAME_METHOD else "most clients ask it by GET then"
            return f"{self._answered}, and leads to itself: {then}."
        return f"{self._answered}{f', and leads to {self._target}' if self.location else ', and names no one URL'}."

    def advise(self) -> str:
        """Say which URL to give."""
        if not self.location:
            return f"Let {self._whose} answer itself, or name one URL in Location."
        if self.is_circle:
            return (
                f"Let {self._whose} answer at this URL itself; it may wait for a cookie, which clients do not keep"
                f"{_OR_HTTPS if self.url.startswith('https:') else ''}."
            )
        return f"Give clients {self._target} itself, if that is the MCP server: they send no token along."

    @property
    def _absolute(self) -> str:
        """Return where it leads, as it may be given to a client."""
        try:
            return urljoin(self.url, self.location)
        except ValueError:
            return self.location

    @property
    def _target(self) -> str:
        place, _, asks = self._absolute.partition("?")
        return clean(without_user(place), SHOWN) + ("?…" if asks else "")
