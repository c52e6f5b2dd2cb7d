"""Why connecting an upstream failed: registration, authorization, and what its token endpoint answered."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from devgw.problems.base import ErrorCode, Fault, Problem
from devgw.problems.upstream import ConnectingProblem


@dataclass(frozen=True, slots=True)
class ResponseIssuerMissing(ConnectingProblem):
    """The authorization response lacks the `iss` that the metadata promises (DISC-07)."""

    issuer: str

    diagnosis: ClassVar = "DISC-07"
    source: ClassVar = "RFC 9207 §2.4"
    hint: ClassVar = "The provider must add `iss` to its redirects, or stop to advertise it."

    def explain(self) -> str:
        """Say what is missing."""
        return f"{self.issuer} promises `iss` in its authorization responses, but this one has none."


@dataclass(frozen=True, slots=True)
class ResponseIssuerMismatch(ConnectingProblem):
    """The authorization response names another issuer: a mix-up (DISC-08)."""

    expected: str
    got: str

    diagnosis: ClassVar = "DISC-08"
    source: ClassVar = "RFC 9207 §2.4"
    hint: ClassVar = "The strings must be identical, slash for slash; the provider mints one of them wrongly."

    def explain(self) -> str:
        """Show both."""
        return f"The authorization was begun at {self.expected!r}, but the response says iss={self.got!r}."


@dataclass(frozen=True, slots=True)
class ConnectStateUnknown(Problem):
    """The callback's state was never issued here, was used, is too old, or belongs to another upstream than today's."""

    why: str
    """`missing`, `unknown`, `spent`, `expired`, or before what it is."""

    diagnosis: ClassVar = "SESS-01"
    source: ClassVar = "RFC 6749 §10.12"
    hint: ClassVar = "Begin the connection again; an answer works once, within ten minutes."

    def explain(self) -> str:
        """Say which."""
        return f"The state of this callback is {self.why}."


@dataclass(frozen=True, slots=True)
class ConnectBrowserForeign(Problem):
    """The browser that came back is not the one that began, or belongs to somebody else."""

    why: str

    diagnosis: ClassVar = "SESS-02"
    status: ClassVar[int] = 403
    error: ClassVar = ErrorCode.ACCESS_DENIED
    source: ClassVar = "MCP Security Best Practices §OAuth State Parameter Validation"
    hint: ClassVar = "Begin and end the connection in one browser window, signed in as yourself, with cookies allowed."

    def explain(self) -> str:
        """Say how that shows."""
        return self.why


@dataclass(frozen=True, slots=True)
class ConnectLinkOfAnother(Problem):
    """A connect link was opened where somebody else is signed in than the person for whom it was made."""

    here: str
    """Who is signed in."""
    there: str
    """Whom the link names."""
    sign_out: str
    """The URL of the page that signs out."""

    diagnosis: ClassVar = "SESS-10"
    status: ClassVar[int] = 403
    error: ClassVar = ErrorCode.ACCESS_DENIED
    source: ClassVar = "MCP 2025-11-25 §Elicitation, URL mode"

    def explain(self) -> str:
        """Say who is here, and whose it is."""
        return f"This browser is signed in as {self.here}; the link is for {self.there}, and connects nobody else."

    def advise(self) -> str:
        """Say how to be the one, or to get a link of one's own."""
        return (
            f"If you are {self.there}, sign out at {self.sign_out} and at the identity provider, and open the link "
            "again. If not, call the tool as yourself: its answer has a link of your own."
        )


@dataclass(frozen=True, slots=True)
class ConnectLinkInvalid(Problem):
    """The link by which a connection is begun is not ours, or too old."""

    why: str

    diagnosis: ClassVar = "REQ-03"
    status: ClassVar[int] = 403
    error: ClassVar = ErrorCode.ACCESS_DENIED
    hint: ClassVar = "Load the page that showed the link again, or call the tool again: both give a fresh one."

    def explain(self) -> str:
        """Say why."""
        return f"This link cannot be used: {self.why}."


@dataclass(frozen=True, slots=True)
class ConnectionUnknown(Problem):
    """There is no upstream connection of this name in the project."""

    connection: str
    known: tuple[str, ...]

    diagnosis: ClassVar = "CONF-09"
    fault: ClassVar = Fault.CONFIGURATION
    status: ClassVar[int] = 404

    def explain(self) -> str:
        """Say which there are."""
        return f"No upstream is called {self.connection!r}; there are {', '.join(self.known) or 'none'}."

    def advise(self) -> str:
        """Say where a link that is right comes from, or what would make one."""
        if self.known:
            return "Take the link from the consent page or from the tool's answer; the name comes from the policy."
        return "Attach an mcp-token-exchange-inbound policy to the route, if its upstream wants a login."


# --- tokens -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RefreshAnswerLost(ConnectingProblem):
    """The token endpoint refuses a refresh token for good, after the answer to an earlier refresh with it was lost."""

    begun_at: datetime
    because: str
    refusal: str
    was_ended: bool
    """Whether it was lost because devgw was ended."""

    diagnosis: ClassVar = "UPST-12"
    fault: ClassVar = Fault.GATEWAY
    source: ClassVar = "RFC 6749 §6, §10.4"
    hint: ClassVar = "Connect again; let devgw stop by itself (Ctrl-C, SIGTERM) while a refresh is under way."

    def explain(self) -> str:
        """Say what was lost and why, and what came of it."""
        return (
            f"The answer to the refresh of {self.begun_at:%Y-%m-%d %H:%M:%S} UTC was lost: {self.because.rstrip('.')}. "
            f"If it held another refresh token, the old one died with it: {self.refusal}"
        )

    def advise(self) -> str:
        """Say how to go on, and how to avoid it where that is possible."""
        return self.hint if self.was_ended else "Connect again."


@dataclass(frozen=True, slots=True)
class UpstreamTokenNotRenewable(ConnectingProblem):
    """The upstream refuses the access token, and gave no refresh token with it."""

    display_name: str

    diagnosis: ClassVar = "UPST-04"
    source: ClassVar = "RFC 6749 §6; SEP-2207"
    hint: ClassVar = "Connect it again; with `offline_access` among the policy's `scopes` many servers give one."

    def explain(self) -> str:
        """Say what is missing."""
        return f"{self.display_name} refuses the access token that it gave, and gave no refresh token with it."


@dataclass(frozen=True, slots=True)
class AuthorizationServerChanged(ConnectingProblem):
    """The upstream names another authorization server than the one whose token is held."""

    display_name: str
    issuer: str

    diagnosis: ClassVar = "UPST-20"
    source: ClassVar = "SEP-2352; RFC 9728 §7.6"
    hint: ClassVar = "Connect it again, at the authorization server that it names now."

    def explain(self) -> str:
        """Say whose token is of no use any more."""
        return f"{self.display_name} no longer names {self.issuer}, whose token is held: it has another server now."


@dataclass(frozen=True, slots=True)
class ScopeStillInsufficient(ConnectingProblem):
    """The upstream asks for scopes that were granted already: to ask the person again would go round in circles."""

    display_name: str
    asked: str
    granted: str

    diagnosis: ClassVar = "SCOPE-02"
    status: ClassVar[int] = 403
    error: ClassVar = ErrorCode.INSUFFICIENT_SCOPE
    source: ClassVar = "MCP 2026-07-28 §Step-Up Authorization Flow"
    hint: ClassVar = (
        "The person may lack the right itself at the upstream, or its server wants a scope that it does not name."
    )

    def explain(self) -> str:
        """Show both."""
        return (
            f"{self.display_name} asks for the scope `{self.asked}`, but the credential has `{self.granted}` already."
        )


@dataclass(frozen=True, slots=True)
class ScopeNotGranted(ConnectingProblem):
    """The upstream asks for scopes for which its authorization server was asked already, and which it did not grant."""

    display_name: str
    missing: str
    granted: str
    auth_url: str

    diagnosis: ClassVar = "UPST-18"
    status: ClassVar[int] = 403
    error: ClassVar = ErrorCode.INSUFFICIENT_SCOPE
    source: ClassVar = "MCP 2026-07-28 §Step-Up Authorization Flow; RFC 6749 §3.3"

    def explain(self) -> str:
        """Say what was asked for, and what came."""
        granted = f"`{self.granted}`" if self.granted else "nothing"
        return (
            f"{self.display_name} asks for the scope `{self.missing}`. The person was sent to agree to it, and the "
            f"authorization server granted {granted}."
        )

    def advise(self) -> str:
        """Say who has to grant it, and the link for then."""
        return (
            f"Let that authorization server grant `{self.missing}` to this client, then connect again: {self.auth_url}"
        )


@dataclass(frozen=True, slots=True)
class IdentityAssertionMissing(ConnectingProblem):
    """Cross-app access needs an identity token of the signed-in person, and none is held."""

    subject_id: str
    provider: str

    diagnosis: ClassVar = "UPST-11"
    fault: ClassVar = Fault.CONFIGURATION
    status: ClassVar[int] = 403
    error: ClassVar = ErrorCode.LOGIN_REQUIRED
    source: ClassVar = "draft-ietf-oauth-identity-assertion-authz-grant §4"
    hint: ClassVar = (
        "Where WorkOS signs people in, write `authMode`: `user-oauth` for this upstream: it never gives an id_token. "
        "Where another provider does, sign in again through the MCP client."
    )

    def explain(self) -> str:
        """Say for whom."""
        return f"No identity token of {self.subject_id} from {self.provider} is held, so none can be exchanged."
