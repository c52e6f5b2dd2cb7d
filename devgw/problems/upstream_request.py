"""What the upstream refused because of what stands in the request: it is no MCP, or does not fit its revision."""

from dataclasses import dataclass
from typing import ClassVar

from devgw.problems.base import ErrorCode, Fault
from devgw.problems.upstream_refusal import UpstreamRefusal


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
        return f"The request is no MCP message: {self.what}. {self._answered}{self._said}."


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
class RequestOffRevision(UpstreamRefusal):
    """A fault that stands in the request itself; that the upstream means it, say its own words."""

    fault: ClassVar = Fault.CLIENT
    error: ClassVar = ErrorCode.INVALID_REQUEST

    def _refused_for(self, fault: str) -> str:
        """Return what stands in the request, and what the upstream said."""
        return f"{fault}. {self._answered}{self._said}."


@dataclass(frozen=True, slots=True)
class RevisionUnknown(RequestOffRevision):
    """`MCP-Protocol-Version` names no revision of MCP that is known here."""

    got: str
    known: tuple[str, ...]

    diagnosis: ClassVar = "REQ-08"
    source: ClassVar = "MCP 2025-11-25 §Protocol Version Header"

    def explain(self) -> str:
        """Say which it names."""
        return self._refused_for(f"MCP-Protocol-Version is {self.got}, which is no revision of MCP that devgw knows")

    def advise(self) -> str:
        """Say which there are."""
        return f"Let the client send the revision on which it and the server agreed: one of {', '.join(self.known)}."


@dataclass(frozen=True, slots=True)
class RevisionUnsupported(RequestOffRevision):
    """`initialize` offers a revision that the upstream does not speak, and it says which it does."""

    got: str
    supported: tuple[str, ...]

    diagnosis: ClassVar = "REQ-10"
    source: ClassVar = "MCP 2025-11-25 §Lifecycle: Version Negotiation, Error Handling"

    def explain(self) -> str:
        """Say both."""
        spoken = ", ".join(self.supported)
        return self._refused_for(
            f"initialize offers revision {self.got or 'without a name'}; {self._replaced} speaks {spoken}"
        )

    def advise(self) -> str:
        """Say what either can do."""
        return (
            f"Let the client offer {self.supported[0]}, or {self._replaced} answer initialize with a revision of its "
            "own: that is how both find one."
        )


@dataclass(frozen=True, slots=True)
class MirrorWrong(RequestOffRevision):
    """A header that mirrors the body contradicts it."""

    difference: str

    diagnosis: ClassVar = "PROXY-06"
    hint: ClassVar = "Send Mcp-Method and Mcp-Name as the body says them; something on the way may have changed one."
    source: ClassVar = "MCP 2026-07-28 basic/transports: Server Validation"

    def explain(self) -> str:
        """Say the difference."""
        return self._refused_for(self.difference)


@dataclass(frozen=True, slots=True)
class EnvelopeMissing(RequestOffRevision):
    """The header names a revision without handshake, and the body does not say what each request says in it."""

    revision: str
    missing: tuple[str, ...]
    """Members of `params._meta`."""

    diagnosis: ClassVar = "REQ-09"
    source: ClassVar = "MCP 2026-07-28 basic/versioning"

    def explain(self) -> str:
        """Say what is missing."""
        lacks = " and ".join(self.missing)
        return self._refused_for(f"MCP-Protocol-Version is {self.revision}, and params._meta lacks {lacks}")

    def advise(self) -> str:
        """Say both ways out."""
        return (
            f"Put {' and '.join(self.missing)} into params._meta of each request, or name the revision that initialize "
            "agreed on in MCP-Protocol-Version."
        )
