"""Why connecting an upstream failed: registration, authorization, and what its token endpoint answered."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from devgw.problems.base import ErrorCode, Fault, Problem
from devgw.problems.upstream import UpstreamProblem

# --- registration and authorization -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RegistrationImpossible(UpstreamProblem):
    """There is no way by which the gateway could become a client of this authorization server (UPST-09, REG-01)."""

    issuer: str
    why: str

    source: ClassVar = "MCP 2026-07-28 §Client Registration"
    hint: ClassVar = (
        'Register a client by hand at the provider and set clientRegistration to {"mode": "manual", "clientId": …}.'
    )

    def explain(self) -> str:
        """Say why not."""
        return f"The gateway cannot register at {self.issuer}: {self.why}."


@dataclass(frozen=True, slots=True)
class RegistrationRefused(UpstreamProblem):
    """The registration endpoint said no."""

    url: str
    status_code: int
    upstream_error: str
    description: str

    source: ClassVar = "RFC 7591 §3.2.2"
    hint: ClassVar = "Register a client by hand at the provider and set clientRegistration to manual."

    def explain(self) -> str:
        """Repeat what it said."""
        return f"{self.url} answered {self.status_code} {self.upstream_error}: {self.description}"


@dataclass(frozen=True, slots=True)
class AuthorizationRefused(UpstreamProblem):
    """The upstream's authorization server sent the browser back with an error (UPST-06)."""

    issuer: str
    upstream_error: str
    description: str
    scope: str
    scope_source: str

    status: ClassVar[int] = 403
    error: ClassVar = ErrorCode.ACCESS_DENIED
    source: ClassVar = "RFC 6749 §4.1.2.1"

    def explain(self) -> str:
        """Repeat what it said."""
        return f"{self.issuer} answered {self.upstream_error}: {self.description.rstrip('.') or 'no description'}."

    def advise(self) -> str:
        """Say what to change, for the errors that have one cause."""
        if self.upstream_error == "invalid_scope":
            return f"The scopes `{self.scope}` came from {self.scope_source}; set `scopes` in the policy explicitly."
        return "Connect again, if that was a mistake."


@dataclass(frozen=True, slots=True)
class ResponseIssuerMissing(UpstreamProblem):
    """The authorization response lacks the `iss` that the metadata promises (DISC-07)."""

    issuer: str

    diagnosis: ClassVar = "DISC-07"
    source: ClassVar = "RFC 9207 §2.4"
    hint: ClassVar = "The provider must add `iss` to its redirects, or stop to advertise it."

    def explain(self) -> str:
        """Say what is missing."""
        return f"{self.issuer} promises `iss` in its authorization responses, but this one has none."


@dataclass(frozen=True, slots=True)
class ResponseIssuerMismatch(UpstreamProblem):
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
    """The callback's state was never issued here, was used, or is too old."""

    why: str
    """`missing`, `unknown`, `spent` or `expired`."""

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

    diagnosis: ClassVar = "CONF-03"
    fault: ClassVar = Fault.CONFIGURATION
    status: ClassVar[int] = 404

    def explain(self) -> str:
        """Say which there are."""
        return f"No upstream is called {self.connection!r}; there are {', '.join(self.known) or 'none'}."


# --- tokens -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TokenRequestRefused(UpstreamProblem):
    """The token endpoint said no, in OAuth's own words (UPST-08)."""

    url: str
    status_code: int
    upstream_error: str
    description: str

    source: ClassVar = "RFC 6749 §5.2"

    def explain(self) -> str:
        """Repeat what it said."""
        said = f": {self.description}" if self.description else ""
        return f"{self.url} answered {self.status_code} {self.upstream_error}{said}"

    def advise(self) -> str:
        """Say what the error means for a connection."""
        return {
            "invalid_grant": "Connect again: the upstream no longer takes this code or refresh token.",
            "invalid_client": "Connect again to register anew, or correct clientRegistration (id, secret, method).",
            "invalid_target": "The upstream does not know this resource; compare it with the route's rewritePattern.",
            "invalid_scope": "Set `scopes` in the policy to what the upstream offers.",
        }.get(self.upstream_error, "The upstream's own answer is in the trace.")

    @property
    def is_final(self) -> bool:
        """Tell whether asking again with the same tokens and client can never work."""
        return self.upstream_error in {"invalid_grant", "invalid_client", "unauthorized_client"}


@dataclass(frozen=True, slots=True)
class RefreshAnswerLost(UpstreamProblem):
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
class TokenAnswerUnreadable(UpstreamProblem):
    """The token endpoint answered neither a token nor an error in OAuth's form."""

    url: str
    status_code: int
    got: str
    answer: str
    """What it said, with anything like a secret cut out."""

    source: ClassVar = "RFC 6749 §5.1, §5.2"
    hint: ClassVar = "Check that token_endpoint in the provider's metadata is its token endpoint, and not a page."

    def explain(self) -> str:
        """Say what came instead."""
        return f"{self.url} answered {self.status_code} with {self.got}: {self.answer}"


@dataclass(frozen=True, slots=True)
class ScopeStillInsufficient(UpstreamProblem):
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
class IdentityAssertionMissing(UpstreamProblem):
    """Cross-app access needs an identity token of the signed-in person, and none is held."""

    subject_id: str
    provider: str

    diagnosis: ClassVar = "UPST-11"
    fault: ClassVar = Fault.CONFIGURATION
    status: ClassVar[int] = 403
    error: ClassVar = ErrorCode.LOGIN_REQUIRED
    source: ClassVar = "draft-ietf-oauth-identity-assertion-authz-grant §4"
    hint: ClassVar = (
        "Sign in again through the MCP client. WorkOS's user_management/authenticate gives no id_token: "
        "id-jag needs an identity provider that does."
    )

    def explain(self) -> str:
        """Say for whom."""
        return f"No identity token of {self.subject_id} from {self.provider} is held, so none can be exchanged."
