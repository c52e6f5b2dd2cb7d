"""Why a sign-in at the identity provider did not end in a session."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from devgw.problems.base import ErrorCode, Problem


@dataclass(frozen=True, slots=True)
class StateMissing(Problem):
    """The identity provider's answer carries no state, so that it belongs to no login that began here."""

    has_code: bool

    hint: ClassVar = (
        "Start the login from the MCP client. A login begun at WorkOS (impersonation) cannot be finished here."
    )
    source: ClassVar = "RFC 6749 §4.1.2, §10.12"

    def explain(self) -> str:
        """Say what came."""
        came = "a code but no state" if self.has_code else "neither code nor state"
        return f"The callback got {came}: this login was not begun by the gateway."


@dataclass(frozen=True, slots=True)
class StateUnknown(Problem):
    """The state was never issued here, or the gateway's state directory was cleared since."""

    hint: ClassVar = "Start the connection again in the MCP client."
    source: ClassVar = "RFC 6749 §10.12"

    def explain(self) -> str:
        """Say so."""
        return "The state of the callback was never issued by this gateway, or its state was cleared since."


@dataclass(frozen=True, slots=True)
class StateExpired(Problem):
    """The login took longer than its state lives."""

    begun_at: datetime
    expired_at: datetime

    hint: ClassVar = "Start again, or raise browserLoginOverrides.stateTtlSeconds."
    source: ClassVar = "RFC 6749 §10.12"

    def explain(self) -> str:
        """Say the times."""
        return f"The login began at {self.begun_at:%H:%M:%S} and its state expired at {self.expired_at:%H:%M:%S} UTC."


@dataclass(frozen=True, slots=True)
class StateSpent(Problem):
    """The callback came a second time."""

    spent_at: datetime

    hint: ClassVar = "Go back to the MCP client; if it still waits, start the connection again there."
    source: ClassVar = "RFC 6749 §4.1.2, §10.12"

    def explain(self) -> str:
        """Say when it came first."""
        return f"This callback was already handled at {self.spent_at:%H:%M:%S} UTC; its code works once."


@dataclass(frozen=True, slots=True)
class LoginCookieMissing(Problem):
    """The browser that came back is not the one that left: its login cookie is absent or another's."""

    callback_host: str
    begun_host: str

    status: ClassVar = 403
    source: ClassVar = "RFC 6749 §10.12; RFC 6265 §5.3"

    def explain(self) -> str:
        """Say on which hosts it began and ended."""
        if self.callback_host != self.begun_host:
            return (
                f"The login began on {self.begun_host} and came back on {self.callback_host}: "
                "cookies belong to one host, so the login cookie did not come along."
            )
        return f"The login cookie that was set on {self.begun_host} did not come back with the callback."

    def advise(self) -> str:
        """Say which host to use."""
        if self.callback_host != self.begun_host:
            return (
                f"Register the callback under {self.begun_host} at the identity provider, and use that name everywhere."
            )
        return "Finish the login in the browser window in which it began, with cookies allowed."


@dataclass(frozen=True, slots=True)
class ProviderRefused(Problem):
    """The identity provider sent the browser back with an error."""

    provider_error: str
    description: str

    source: ClassVar = "RFC 6749 §4.1.2.1"
    error: ClassVar = ErrorCode.ACCESS_DENIED

    def explain(self) -> str:
        """Repeat what it said."""
        said = f": {self.description}" if self.description else ""
        return f"The identity provider answered {self.provider_error}{said}."

    def advise(self) -> str:
        """Say what to look at."""
        if self.provider_error == "access_denied":
            return "Connect again and sign in, if that was a mistake."
        return "Look the error up at the identity provider; the gateway's own request is in this flow's trace."


@dataclass(frozen=True, slots=True)
class ProviderUnreachable(Problem):
    """The identity provider could not be asked."""

    url: str
    failure: str

    status: ClassVar = 502
    error: ClassVar = ErrorCode.TEMPORARILY_UNAVAILABLE
    hint: ClassVar = "Check network, DNS, proxy variables and TLS on this machine, then start the connection again."
    source: ClassVar = "RFC 6749 §4.1.2.1"

    def explain(self) -> str:
        """Say how it failed."""
        return f"{self.url} could not be reached: {self.failure}."


@dataclass(frozen=True, slots=True)
class ProviderClientRefused(Problem):
    """The identity provider does not take the gateway's own credentials."""

    url: str
    provider_error: str
    description: str
    client_id: str
    secret_looks: str

    status: ClassVar = 502
    error: ClassVar = ErrorCode.SERVER_ERROR
    source: ClassVar = "RFC 6749 §5.2"

    def explain(self) -> str:
        """Say what was sent, masked, and what came back."""
        return (
            f"The identity provider refused the gateway's credentials ({self.provider_error}: {self.description}). "
            f"Sent client_id {self.client_id} with a secret that {self.secret_looks}."
        )

    def advise(self) -> str:
        """Say what to change."""
        return "Put the client id and the API key of one and the same environment into .env."


@dataclass(frozen=True, slots=True)
class ProviderCodeRefused(Problem):
    """The identity provider does not redeem the code it gave."""

    url: str
    provider_error: str
    description: str

    status: ClassVar = 502
    error: ClassVar = ErrorCode.SERVER_ERROR
    hint: ClassVar = "Start the connection again; a code works once, for ten minutes, and for one callback."
    source: ClassVar = "RFC 6749 §5.2"

    def explain(self) -> str:
        """Repeat what it said."""
        return f"The identity provider did not redeem the code ({self.provider_error}: {self.description})."


@dataclass(frozen=True, slots=True)
class ProviderAnswerUnreadable(Problem):
    """The identity provider's answer is not what its kind answers."""

    url: str
    status_code: int
    got: str
    expected: str

    status: ClassVar = 502
    error: ClassVar = ErrorCode.SERVER_ERROR
    hint: ClassVar = "Check that the token URL belongs to this provider; its answer is in the trace."
    source: ClassVar = "RFC 6749 §5.1"

    def explain(self) -> str:
        """Say both."""
        return f"{self.url} answered {self.status_code} with {self.got}; expected {self.expected}."


@dataclass(frozen=True, slots=True)
class KeysUnavailable(Problem):
    """The provider's signing keys cannot be had."""

    url: str
    failure: str

    status: ClassVar = 502
    error: ClassVar = ErrorCode.SERVER_ERROR
    hint: ClassVar = "Check that the JWKS URL is that of the same client id and environment, and that it is reachable."
    source: ClassVar = "RFC 7517 §5"

    def explain(self) -> str:
        """Say how it failed."""
        return f"The signing keys at {self.url} cannot be had: {self.failure}."


@dataclass(frozen=True, slots=True)
class SigningKeyUnknown(Problem):
    """The token was signed with a key that the provider does not publish where we look."""

    url: str
    key_id: str
    known: tuple[str, ...]

    status: ClassVar = 502
    error: ClassVar = ErrorCode.SERVER_ERROR
    hint: ClassVar = (
        "Take client id and secret from one environment; these keys belong to another one, or were rotated."
    )
    source: ClassVar = "RFC 7515 §4.1.4"

    def explain(self) -> str:
        """Say which key was wanted and which are there."""
        return f"The token is signed with key {self.key_id}; {self.url} publishes {', '.join(self.known) or 'none'}."


@dataclass(frozen=True, slots=True)
class ProviderTokenInvalid(Problem):
    """A token of the identity provider fails a check."""

    token: str
    """`access token` or `id token`."""
    claim: str
    got: str
    expected: str

    status: ClassVar = 502
    error: ClassVar = ErrorCode.SERVER_ERROR
    source: ClassVar = "OpenID Connect Core §3.1.3.7; RFC 7519 §4.1"

    def explain(self) -> str:
        """Say which, with both values."""
        return f"The provider's {self.token} fails at {self.claim}: got {self.got}, expected {self.expected}."

    def advise(self) -> str:
        """Say what to compare."""
        return {
            "iss": "Configure the issuer that the provider's tokens carry, or the client id of the right environment.",
            "aud": "Use the client id for which the provider mints its tokens.",
            "client_id": "Use the client id for which the provider mints its tokens.",
            "alg": "Let the provider sign with an asymmetric algorithm, such as RS256.",
            "signature": "The keys are not those of this environment; check the client id and the JWKS URL.",
        }.get(self.claim, "Start the login again; if it stays, look at the provider's token settings.")


@dataclass(frozen=True, slots=True)
class ClockSkewed(Problem):
    """The provider's token is not valid at this machine's time."""

    claim: str
    token_time: datetime
    our_time: datetime
    skew_seconds: float | None

    status: ClassVar = 502
    error: ClassVar = ErrorCode.SERVER_ERROR
    hint: ClassVar = "Set this machine's clock (in WSL or a virtual machine after sleep: `hwclock -s`, or restart it)."
    source: ClassVar = "RFC 7519 §4.1.4-§4.1.6"

    def explain(self) -> str:
        """Say the distance."""
        apart = abs((self.token_time - self.our_time).total_seconds())
        measured = (
            f"; the provider's clock is {self.skew_seconds:+.0f} s from ours" if self.skew_seconds is not None else ""
        )
        return f"The provider's token has {self.claim} {apart:.0f} s beyond this machine's time{measured}."
