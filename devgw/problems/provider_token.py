"""Why a token of the identity provider is not believed: a claim of it, its signature, its times."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar

from devgw.foreign.dates import standing_of
from devgw.problems.base import ErrorCode, Fault, Problem


class Flaw(StrEnum):
    """What is wrong with a claim."""

    WRONG = "wrong"
    """It is there, well formed, and says something else."""
    ABSENT = "absent"
    MALFORMED = "malformed"
    TOO_LONG = "too long"
    """Of the token as a whole: it passes `Limits.TOKEN_BYTES`."""
    TOO_DEEP = "too deep"
    OF_ANOTHER_KEY = "of another key"
    """Of the algorithm: it is a good one, and the key is published for another."""


_BY_FLAW = {Flaw.ABSENT: "IDT-15", Flaw.MALFORMED: "IDT-15", Flaw.TOO_LONG: "LIMIT-01", Flaw.TOO_DEEP: "LIMIT-05"} | {
    Flaw.OF_ANOTHER_KEY: "IDT-09"
}
_BY_CLAIM = {
    "alg": "IDT-09",
    "form": "IDT-10",
    "crit": "IDT-10",
    "signature": "IDT-11",
    "aud": "IDT-16",
    "azp": "IDT-16",
    "client_id": "IDT-16",
    "nonce": "IDT-17",
    "at_hash": "IDT-18",
    "sub": "IDT-18",
}
_WORKOS_PATH = "/user_management/"
_NO_ID_TOKEN = "Ask the provider for a signed JWT as id_token of this client: what came in its place is none."
_ENCRYPTED = "Ask the provider for a signed JWT: switch the encryption of ID tokens off for this client there."
_CHANGES = {
    "WORK-07": (
        "Take client id and secret from one WorkOS environment; where it has several applications, use the client id "
        "that its issuer names."
    ),
    "IDT-06": "Set requestedAccessTokenVersion to 2 in the app's manifest at Entra.",
    "IDT-09": "Let the provider sign with an asymmetric algorithm, such as RS256.",
    "IDT-10": "Ask the provider for a signed JWT; some give one only where browserLogin.audience is set.",
    "IDT-11": (
        "Start the login again: a provider that was started anew has new keys. If it stays, the keys at the JWKS URL "
        "are not those that sign; compare jwksUrl with the provider's discovery document."
    ),
    "IDT-17": "Let the provider return the request's nonce in its id token, and start the login again.",
    "IDT-18": "Start the login again; if it stays, something between provider and gateway mixes answers.",
    "LIMIT-01": "Let the provider put less into its tokens: groups and roles by reference.",
    "LIMIT-05": "Let the provider put flatter claims into its tokens.",
}


@dataclass(frozen=True, slots=True)
class ProviderTokenInvalid(Problem):
    """A token of the identity provider fails a check."""

    token: str
    """`access token` or `id token`."""
    claim: str
    got: str
    expected: str
    flaw: Flaw = Flaw.WRONG
    nearest: str = ""
    """What it is compared with letter by letter, where it is a string that has to be the same."""
    also: tuple[str, ...] = ()
    """What would be taken as well."""

    fault: ClassVar = Fault.PROVIDER
    status: ClassVar = 502
    error: ClassVar = ErrorCode.SERVER_ERROR
    source: ClassVar = "OpenID Connect Core §3.1.3.7; RFC 7519 §4.1"

    @property
    def diagnosis_id(self) -> str:
        """Return the name by claim and flaw; by the issuers themselves where these differ."""
        if self.claim == "nonce":
            return "IDT-17"
        if self.flaw is not Flaw.WRONG:
            return _BY_FLAW[self.flaw]
        if self.claim == "iss":
            return _name_of_issuers(self.got, self.expected)
        if self.claim == "aud" and self.expected.startswith("client_") and not self.got.startswith("client_"):
            return "AUD-09"
        return _BY_CLAIM.get(self.claim, "IDT-15")

    def explain(self) -> str:
        """Say which, with both values."""
        what = f"The provider's {self.token} fails at {self.claim}"
        if self.flaw is Flaw.ABSENT:
            return f"{what}: it has none; expected {self.expected}."
        wanted = " or ".join((self.expected, *self.also))
        return f"{what}: got {self.got}, expected {wanted}."

    def advise(self) -> str:
        """Say what to change, and where."""
        name = self.diagnosis_id
        if self.flaw is Flaw.OF_ANOTHER_KEY:
            return (
                f"Let the provider sign with {self.expected}, or publish this key with alg {self.got} or without one."
            )
        if name == "IDT-15":
            return f"Let the provider put `{self.claim}` into its {self.token}s: {self.expected}."
        if name == "IDT-16":
            return f"Sign in with the client id for which the provider makes its tokens; configured is {self.expected}."
        if name == "AUD-09":
            return (
                f"Let WorkOS make the login's token with {self.expected} as its audience, or with none: a JWT "
                "template, or a resource that the login names, sets another."
            )
        if name == "IDT-10":
            return self._of_form
        return change_issuer(self.got) if self.claim == "iss" else _CHANGES.get(name, _CHANGES["IDT-18"])

    @property
    def _of_form(self) -> str:
        """Return what to do about a text that is no JWT which can be read here."""
        if self.claim == "crit":
            return f"Let the provider leave `crit` out of the headers of its {self.token}s (RFC 7515 §4.1.11)."
        if self.expected.startswith("a signed JWT with"):
            return f"Let the provider give {self.expected}."
        if self.token == "id token":
            return _ENCRYPTED if "JWE" in self.got else _NO_ID_TOKEN
        return _CHANGES["IDT-10"]


def _name_of_issuers(got: str, expected: str) -> str:
    """Return the name of what two issuers differ in."""
    if got.startswith("https://sts.windows.net/"):
        return "IDT-06"
    if _WORKOS_PATH in got and _WORKOS_PATH in expected:
        same_place = got.partition(_WORKOS_PATH)[0] in {each.partition(_WORKOS_PATH)[0] for each in expected.split()}
        return "WORK-07" if same_place else "IDT-02"
    bases = (
        "https://api.workos.com",
        *(each.partition(_WORKOS_PATH)[0] for each in expected.split() if _WORKOS_PATH in each),
    )
    return "IDT-03" if got.startswith(bases) else "IDT-02"


def change_issuer(got: str) -> str:
    """Return a change that `devgw check` accepts: an issuer in plain http is taken on this machine alone."""
    if got.startswith("https://sts.windows.net/"):
        return _CHANGES["IDT-06"]
    if _WORKOS_PATH in got:
        return _CHANGES["WORK-07"]
    is_local = got.startswith(("http://localhost", "http://127.0.0.1", "http://[::1]"))
    if got.startswith("https://") or is_local:
        return f"If that is your provider, configure oidc.issuer = {got}; else let it use the configured one."
    return "Let the provider call itself by an https URL, or by the loopback URL that is configured as oidc.issuer."


SET_THE_CLOCK = (
    "Compare both clocks with a third, and set the one that is wrong; this machine's in WSL or a virtual machine after "
    "sleep: `sudo hwclock -s`, or restart it."
)


def _side(apart: timedelta) -> str:
    """Return on which side of a moment another lies, and by how much."""
    seconds = apart.total_seconds()
    return f"{abs(seconds):.0f} s {'beyond' if seconds >= 0 else 'before'}"


@dataclass(frozen=True, slots=True)
class ClockSkewed(Problem):
    """The provider's clock is not ours: the answer's own `Date` and the token's `iat` say so alike."""

    claim: str
    token_time: datetime
    our_time: datetime
    skew_seconds: float

    diagnosis: ClassVar = "IDT-07"
    fault: ClassVar = Fault.MACHINE
    status: ClassVar = 502
    error: ClassVar = ErrorCode.SERVER_ERROR
    source: ClassVar = "RFC 7519 §4.1.4-§4.1.6"

    def explain(self) -> str:
        """Say the distance."""
        apart = _side(self.token_time - self.our_time)
        return (
            f"The provider's token has {self.claim} {apart} this machine's time; the provider's clock "
            f"{standing_of(self.skew_seconds)}, by its answer's Date and by the token's iat."
        )

    def advise(self) -> str:
        """Say which clocks to compare."""
        return SET_THE_CLOCK


@dataclass(frozen=True, slots=True)
class TokenUntimely(Problem):
    """The provider's token is not valid now, and no clock explains it."""

    token: str
    claim: str
    token_time: datetime
    our_time: datetime
    issued_at: datetime | None
    skew_seconds: float | None

    diagnosis: ClassVar = "IDT-19"
    fault: ClassVar = Fault.PROVIDER
    status: ClassVar = 502
    error: ClassVar = ErrorCode.SERVER_ERROR
    source: ClassVar = "RFC 7519 §4.1.4-§4.1.6"

    def explain(self) -> str:
        """Say the distance, when it was issued, and what is known of the clocks."""
        apart = self.token_time - self.our_time
        if self.claim == "exp":
            said = f"The provider's {self.token} expired {abs(apart.total_seconds()):.0f} s ago"
        else:
            said = f"The provider's {self.token} has {self.claim} {_side(apart)} this machine's time"
        age = f", and was issued {_span(self.our_time - self.issued_at)}" if self.issued_at else ""
        return f"{said}{age}. {self._clocks()}"

    def _clocks(self) -> str:
        if self.skew_seconds is None:
            return "The provider's answer has no Date, so that the clocks cannot be compared."
        if abs(self.skew_seconds) < 5:
            return "Both clocks agree."
        return f"The provider's clock {standing_of(self.skew_seconds)} by its Date, which does not explain it."

    def advise(self) -> str:
        """Say what to look at."""
        if self.claim == "exp":
            return "Let the provider issue a new token for each login (no cached one), with a lifetime above a minute."
        return f"Let the provider issue tokens whose {self.claim} is not in the future."


def _span(age: timedelta) -> str:
    seconds = age.total_seconds()
    return f"{seconds:.0f} s ago" if seconds >= 0 else f"{-seconds:.0f} s in the future"
