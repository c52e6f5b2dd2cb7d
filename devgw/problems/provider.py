"""Why the identity provider's own answers were no good: its token endpoint, its keys, its tokens."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from devgw.problems.base import ErrorCode, Fault, Problem


@dataclass(frozen=True, slots=True)
class ProviderUnreachable(Problem):
    """The identity provider could not be asked."""

    url: str
    failure: str

    diagnosis: ClassVar = "IDT-13"
    fault: ClassVar = Fault.PROVIDER
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

    diagnosis: ClassVar = "TOK-07"
    fault: ClassVar = Fault.CONFIGURATION
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

    fault: ClassVar = Fault.PROVIDER
    status: ClassVar = 502
    error: ClassVar = ErrorCode.SERVER_ERROR
    hint: ClassVar = "Start the connection again; a code works once, for ten minutes, and for one callback."
    source: ClassVar = "RFC 6749 §5.2"

    def explain(self) -> str:
        """Repeat what it said."""
        return f"The identity provider did not redeem the code ({self.provider_error}: {self.description})."


@dataclass(frozen=True, slots=True)
class ProviderFailing(Problem):
    """The identity provider is overloaded or broken; nothing is wrong with the request."""

    url: str
    status_code: int
    description: str

    diagnosis: ClassVar = "IDT-13"
    fault: ClassVar = Fault.PROVIDER
    status: ClassVar = 502
    error: ClassVar = ErrorCode.TEMPORARILY_UNAVAILABLE
    hint: ClassVar = "Wait a moment and start the connection again; the provider's status page may say more."
    source: ClassVar = "RFC 9110 §15.6, RFC 6585 §4"

    def explain(self) -> str:
        """Say what it answered."""
        said = f" ({self.description})" if self.description else ""
        return f"{self.url} answered {self.status_code}{said}: the identity provider itself fails."


@dataclass(frozen=True, slots=True)
class ProviderAnswerUnreadable(Problem):
    """The identity provider's answer is not what its kind answers."""

    url: str
    status_code: int
    got: str
    expected: str

    fault: ClassVar = Fault.PROVIDER
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

    fault: ClassVar = Fault.PROVIDER
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

    diagnosis: ClassVar = "IDT-01"
    fault: ClassVar = Fault.PROVIDER
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

    fault: ClassVar = Fault.PROVIDER
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

    diagnosis: ClassVar = "IDT-07"
    fault: ClassVar = Fault.MACHINE
    status: ClassVar = 502
    error: ClassVar = ErrorCode.SERVER_ERROR
    source: ClassVar = "RFC 7519 §4.1.4-§4.1.6"

    def explain(self) -> str:
        """Say the distance."""
        apart = abs((self.token_time - self.our_time).total_seconds())
        measured = (
            f"; the provider's clock is {self.skew_seconds:+.0f} s from ours" if self.skew_seconds is not None else ""
        )
        return f"The provider's token has {self.claim} {apart:.0f} s beyond this machine's time{measured}."

    def advise(self) -> str:
        """Say whose clock to set, as far as that is known."""
        ours = "Set this machine's clock (in WSL or a virtual machine after sleep: `hwclock -s`, or restart it)."
        if self.skew_seconds is None or abs(self.skew_seconds) < 30:
            return ours
        return f"Compare both clocks with a third: either the provider's is wrong, or this one. {ours}"
