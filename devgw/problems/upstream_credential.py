"""Why what a route sends to say who asks is of no use: a credential, a key, a certificate, a header."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from devgw.foreign.challenge import read_challenges
from devgw.problems.base import ErrorCode, Fault, Problem
from devgw.problems.proxy import BAD_GATEWAY, UpstreamProblem


class Shown(StrEnum):
    """What a route shows its upstream, in words to show."""

    CONNECTION = "the gateway's own credential"
    ASSERTION = "the token that the gateway got for the person's identity assertion"
    HEADER = "the header that a policy of the route sets"
    NOTHING = "nothing"


_RENEWED = {
    Shown.CONNECTION: (
        "Connect this upstream again. Where that was just done, look into its log, which audience, issuer and keys it "
        "checks."
    ),
    Shown.ASSERTION: (
        "Set idJag.resourceAs.resource to the URL that the upstream's own metadata names as its resource, and "
        "idJag.scopes to the scopes that it wants; nobody has to connect anything."
    ),
    Shown.HEADER: "Correct the API key or header that the route's policies set for this upstream.",
}


_ACCOUNTS = {"basic": "Basic", "digest": "Digest", "negotiate": "Negotiate (Kerberos)", "ntlm": "NTLM"}
"""Schemes by which a person's account is shown, and no token (RFC 7617, RFC 7616, RFC 4559)."""
_OF_TOKENS = frozenset({"bearer", "dpop"})
"""Schemes by which a token is shown (RFC 6750, RFC 9449)."""
CHALLENGE_SHOWN = 300
"""Characters of a challenge; of one that is longer nobody says what it lacks."""
_TOKEN_BY_HAND = (
    " Its challenge names no resource_metadata: where no login can be found for that server, attach "
    "set-upstream-api-key-inbound instead, with Authorization, `Bearer ` and a token of its own."
)
_BASIC = "`Basic ` and the base64 of name:password"


def asks_for_no_token(challenge: str) -> bool:
    """Tell whether a challenge asks for something, and not for a token (RFC 6750, RFC 9449)."""
    schemes = {each.scheme for each in read_challenges(challenge)}
    return bool(schemes) and not schemes & _OF_TOKENS


def account_scheme(challenge: str) -> str:
    """Return the scheme of an account, where a challenge asks for that and for no token; else empty.

    Of several it is Basic, which needs one request alone.
    """
    if not asks_for_no_token(challenge):
        return ""
    offered = [_ACCOUNTS[each.scheme] for each in read_challenges(challenge) if each.scheme in _ACCOUNTS]
    return "Basic" if "Basic" in offered else next(iter(offered), "")


def for_account(scheme: str, how: str) -> str:
    """Return what to do where an account is asked for; `how` sets a header, in words."""
    if scheme == "Basic":
        return f"{how}: Authorization, with {_BASIC}."
    return (
        f"Let that server take a key or a token for this path: it asks for {scheme}, which takes several requests, and "
        "neither MCP nor devgw speaks it."
    )


@dataclass(frozen=True, slots=True)
class UpstreamCredentialRefused(UpstreamProblem):
    """The upstream answered 401 to the gateway, which is no fault of the client's token."""

    challenge: str
    beginning: str
    shown: Shown
    is_protected: bool
    """Whether callers of the route have to sign in."""

    source: ClassVar = "RFC 9110 §15.5.2; MCP security best practices: Token Passthrough"

    @property
    def diagnosis_id(self) -> str:
        """Return the id: a credential that is refused, or none that was sent."""
        return "UPST-19" if self.shown is Shown.NOTHING else "UPST-03"

    def explain(self) -> str:
        """Say that the client's own login is not the cause."""
        said = f" It said: “{self.beginning}”." if self.beginning else ""
        if asks_for_no_token(self.challenge):
            said += f" It asks for {self.challenge}, and for no Bearer token."
        what = "a call with no credential: the route has none" if self.shown is Shown.NOTHING else self.shown
        return f"The upstream {self.url} answered 401 to {what}.{said}"

    def advise(self) -> str:
        """Say what to attach, or to renew."""
        if (change := _RENEWED.get(self.shown)) is not None:
            return change
        if scheme := account_scheme(self.challenge):
            return for_account(scheme, "Attach set-upstream-api-key-inbound to the route, which sets a header")
        challenges = list(read_challenges(self.challenge))
        if {each.scheme for each in challenges} == {"dpop"}:
            return (
                "Let that server take bearer tokens or a key for this path: it asks for DPoP alone, a proof with each "
                "request (RFC 9449), which the gateway does not make."
            )
        if not any(each.scheme == "bearer" for each in challenges):
            return "Attach set-upstream-api-key-inbound to the route, with the key or header that the upstream wants."
        is_told = (
            any("resource_metadata" in each.parameters for each in challenges) or len(self.challenge) >= CHALLENGE_SHOWN
        )
        other = "" if is_told else _TOKEN_BY_HAND
        if self.is_protected:
            return f"Attach an mcp-token-exchange-inbound policy to the route, behind its OAuth policy.{other}"
        return (
            "Attach the project's MCP OAuth policy to the route, and an mcp-token-exchange-inbound policy behind it."
            f"{other}"
        )


@dataclass(frozen=True, slots=True)
class ClientCertificateUnusable(UpstreamProblem):
    """The client certificate that the route names cannot be loaded."""

    file: str
    failure: str

    diagnosis: ClassVar = "NET-03"
    fault: ClassVar = Fault.CONFIGURATION
    hint: ClassVar = "Put certificate and key, in PEM, into the file that mtlsCertificate names."

    def explain(self) -> str:
        """Say which file, and why not."""
        return f"mtlsCertificate: {self.file} cannot be used: {self.failure}."


@dataclass(frozen=True, slots=True)
class HeaderUnsendable(Problem):
    """A header that a policy or a credential adds has a character in it that would end the header early."""

    name: str

    diagnosis: ClassVar[str | None] = None
    fault: ClassVar = Fault.CONFIGURATION
    status: ClassVar = BAD_GATEWAY
    code: ClassVar[int] = BAD_GATEWAY
    error: ClassVar = ErrorCode.SERVER_ERROR
    hint: ClassVar = "Put the secret on one line; a value in .env ends with its line, unless it is quoted."
    source: ClassVar = "RFC 9110 §5.5"

    def explain(self) -> str:
        """Say which header, and never its value."""
        return f"The value for the header {self.name} has a line break or another control character in it."
