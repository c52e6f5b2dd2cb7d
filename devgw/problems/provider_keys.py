"""Why the identity provider's keys do not tell whether a token is good."""

from dataclasses import dataclass
from typing import ClassVar

from devgw.problems.base import ErrorCode, Fault, Problem

_NOT_FOUND, _REFUSALS = (404, 410), 400


@dataclass(frozen=True, slots=True)
class KeysUnavailable(Problem):
    """The provider's signing keys cannot be had."""

    url: str
    failure: str
    status_code: int | None = None
    """What the URL answered, None where nothing came."""
    is_empty: bool = False
    """Whether it is a key set, with no key in it that can verify a signature."""
    change: str = ""
    """The one change, where it is known by what came, or why nothing did."""
    passes: str = ""
    """The id of the limit that it passes, if that is why."""

    fault: ClassVar = Fault.PROVIDER
    status: ClassVar = 502
    error: ClassVar = ErrorCode.SERVER_ERROR
    source: ClassVar = "RFC 7517 §5"

    @property
    def diagnosis_id(self) -> str:
        """Return whether there is no such key set, or it cannot be fetched."""
        if self.is_empty or self.passes:
            return self.passes or "IDT-01"
        return "IDT-05" if self.status_code in _NOT_FOUND or self._is_other_document else "IDT-08"

    @property
    def _is_other_document(self) -> bool:
        return self.status_code is not None and self.status_code < _REFUSALS

    def explain(self) -> str:
        """Say how it failed."""
        return f"The signing keys at {self.url} cannot be had: {self.failure}."

    def advise(self) -> str:
        """Say what to look at."""
        if self.change:
            return self.change
        if self.is_empty:
            return "Let the provider publish the key with which it signs there, for signatures (`use` is `sig`)."
        if self.status_code in _NOT_FOUND:
            return (
                "There is no key set under this URL. At WorkOS the client id is mistyped or of another environment: "
                "take client id and API key from one environment; elsewhere use the provider's jwks_uri as jwksUrl."
            )
        if self._is_other_document:
            return "Use the provider's jwks_uri as jwksUrl: what answers under this URL is not its key set."
        if self.status_code is not None:
            return "Ask the URL with curl: what answers there is not the provider's key set, or is out of order."
        return "Make the URL reachable from this machine: DNS, CA bundle, proxy variables."


@dataclass(frozen=True, slots=True)
class PrivateKeyPublished(Problem):
    """Among the published keys is a private one, with which whoever reads it signs as the provider does."""

    url: str
    private: str
    """Which key it is, and what it has that only its owner may have."""

    diagnosis: ClassVar = "IDT-36"
    fault: ClassVar = Fault.PROVIDER
    status: ClassVar = 502
    error: ClassVar = ErrorCode.SERVER_ERROR
    source: ClassVar = "RFC 7517 §9.2"

    def explain(self) -> str:
        """Say whose key is open to everybody."""
        return (
            f"A private key is published at {self.url}: {self.private}. Everybody who reads it can use it as its owner "
            "does."
        )

    def advise(self) -> str:
        """Say what makes it worthless."""
        return (
            f"Let whoever keeps {self.url} rotate the key: sign with a new one, publish its public half alone, and "
            "take this one out. Trust nothing that is signed with it."
        )


@dataclass(frozen=True, slots=True)
class SigningKeyUnknown(Problem):
    """The token was signed with a key that the provider does not publish where we look."""

    url: str
    key_id: str | None
    known: tuple[str, ...]

    diagnosis: ClassVar = "IDT-01"
    fault: ClassVar = Fault.PROVIDER
    status: ClassVar = 502
    error: ClassVar = ErrorCode.SERVER_ERROR
    source: ClassVar = "RFC 7515 §4.1.4"

    def explain(self) -> str:
        """Say which key was wanted and which are there."""
        there = ", ".join(self.known) or "none"
        if self.key_id is None:
            return (
                f"The token names no key (no kid), and which of those at {self.url} it means cannot be told: {there}."
            )
        return f"The token is signed with key {self.key_id}; {self.url} was asked just now and publishes {there}."

    def advise(self) -> str:
        """Say what to compare."""
        if self.key_id is None:
            return "Let the provider put the kid of its key into the header of its tokens."
        return (
            "Take client id and secret from one environment, and the JWKS URL from the same provider: these keys are "
            "another one's, or the provider does not publish the key with which it signs."
        )


@dataclass(frozen=True, slots=True)
class KeysAskedJustNow(Problem):
    """A key is not among those held, and the key set was asked for too short a while ago to ask again."""

    url: str
    key_id: str | None
    known: tuple[str, ...]
    asked_seconds_ago: float
    again_in_seconds: float
    unfit_for: str = ""
    """The token's algorithm, where a key of this id is held and is for another."""

    diagnosis: ClassVar = "IDT-26"
    fault: ClassVar = Fault.PROVIDER
    status: ClassVar = 502
    error: ClassVar = ErrorCode.TEMPORARILY_UNAVAILABLE
    source: ClassVar = "OpenID Connect Core §10.1.1"

    def explain(self) -> str:
        """Say when it was asked, and what was there then."""
        if self.unfit_for:
            return (
                f"The token is signed with {self.unfit_for}, for which the key {self.key_id or '(no kid)'} is none as "
                f"{self.url} published it when it was asked {self.asked_seconds_ago:.0f} s ago. "
                "It is not asked more often than once in 10 s."
            )
        return (
            f"The token is signed with key {self.key_id or '(no kid)'}, which {self.url} did not publish when it was "
            f"asked {self.asked_seconds_ago:.0f} s ago (there: {', '.join(self.known) or 'none'}). "
            "It is not asked more often than once in 10 s."
        )

    def advise(self) -> str:
        """Say when it is worth while to try again."""
        seconds = max(1, round(self.again_in_seconds + 0.5))
        return f"Start the connection again in {seconds} s: the keys are asked for then."
