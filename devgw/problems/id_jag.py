"""Why an identity assertion of another company's identity provider (ID-JAG) was not traded for a token."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from devgw.problems.base import ErrorCode, Fault, Problem


@dataclass(frozen=True, slots=True)
class IdJagInvalid(Problem):
    """The assertion fails a check."""

    claim: str
    """The claim or header at which it fails."""
    got: str
    expected: str

    diagnosis: ClassVar = "IDT-14"
    error: ClassVar = ErrorCode.INVALID_GRANT
    source: ClassVar = "draft-ietf-oauth-identity-assertion-authz-grant §5; RFC 7523 §3"
    hint: ClassVar = "Have the identity provider issue the ID-JAG for this gateway, this client and this MCP route."

    def explain(self) -> str:
        """Say which, with both values."""
        return f"The ID-JAG fails at {self.claim}: got {self.got}, expected {self.expected}."

    def advise(self) -> str:
        """Say what the provider issues, or by which keys it is believed."""
        if self.claim in {"signature", "kid", "alg"}:
            return "Send an ID-JAG signed by a key that the issuer publishes, or correct its jwksUrl in policies.json."
        return self.hint


@dataclass(frozen=True, slots=True)
class IdJagIssuerUntrusted(Problem):
    """The assertion comes from an identity provider that the policy does not trust."""

    issuer: str
    trusted: tuple[str, ...]

    diagnosis: ClassVar = "IDT-14"
    fault: ClassVar = Fault.CONFIGURATION
    error: ClassVar = ErrorCode.INVALID_GRANT
    source: ClassVar = "RFC 7523 §3"
    hint: ClassVar = "Add the issuer with its jwksUrl to idJag.trustedIssuers, character by character."

    def explain(self) -> str:
        """Say which are trusted."""
        return f"The ID-JAG is of {self.issuer!r}; trusted are {', '.join(self.trusted) or 'none'}."


@dataclass(frozen=True, slots=True)
class IdJagReplayed(Problem):
    """The assertion was used before."""

    jti: str
    spent_at: datetime

    diagnosis: ClassVar = "IDT-14"
    error: ClassVar = ErrorCode.INVALID_GRANT
    source: ClassVar = "RFC 7523 §3"
    hint: ClassVar = "An ID-JAG pays once: ask the identity provider for another."

    def explain(self) -> str:
        """Say when it was used."""
        return f"The ID-JAG {self.jti} was redeemed at {self.spent_at:%H:%M:%S} UTC already."
