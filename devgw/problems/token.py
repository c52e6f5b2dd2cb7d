"""Why the token endpoint does not redeem a code or a refresh token."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from devgw.entropy import CODE_PREFIX, SECRET_LENGTH
from devgw.problems.authorization import name_of_resource_difference
from devgw.problems.base import ErrorCode, Problem

CODE_LENGTH = len(CODE_PREFIX) + SECRET_LENGTH
"""Characters of every code of this gateway."""


@dataclass(frozen=True, slots=True)
class GrantTypeUnsupported(Problem):
    """The grant type is not offered."""

    got: str
    supported: tuple[str, ...]

    diagnosis: ClassVar = "REQ-02"
    error: ClassVar = ErrorCode.UNSUPPORTED_GRANT_TYPE
    source: ClassVar = "RFC 6749 §5.2"

    def explain(self) -> str:
        """Say what is offered."""
        return f"grant_type is {self.got}; this server knows {', '.join(self.supported)}."

    def advise(self) -> str:
        """Name those that there are."""
        return f"Send grant_type={' or grant_type='.join(self.supported)}."


@dataclass(frozen=True, slots=True)
class BearerAtRevocation(Problem):
    """A revocation request authenticates with the token itself."""

    diagnosis: ClassVar = "REVK-04"
    error: ClassVar = ErrorCode.INVALID_CLIENT
    status: ClassVar = 401
    hint: ClassVar = "Send `token` in a form, with the client's own authentication, or client_id alone if it is public."
    source: ClassVar = "RFC 7009 §2.1"

    def explain(self) -> str:
        """Say so."""
        return "The revocation request authenticates with a Bearer token, which names no client."


@dataclass(frozen=True, slots=True)
class CodeUnknown(Problem):
    """No code of this gateway looks like this."""

    decoded_is_known: bool
    """Whether it becomes a known one when percent-decoded once more."""
    contains_known: bool = False
    """Whether it becomes a known one without what stands around it."""
    has_our_form: bool = True
    """Whether it begins as every code of this gateway does."""
    length: int = CODE_LENGTH
    is_of_one_case: bool = False
    """Whether its letters are all small or all capital, as chance throws none."""

    error: ClassVar = ErrorCode.INVALID_GRANT
    source: ClassVar = "RFC 6749 §5.2"

    @property
    def diagnosis_id(self) -> str:
        """Return which of the two it is."""
        return "RURI-11" if self.decoded_is_known else "TOK-03"

    def explain(self) -> str:
        """Say so, and whether it was encoded twice."""
        if self.decoded_is_known:
            return "The code is percent-encoded once too often: decoded, it is one that was issued here."
        if self.contains_known:
            return "Something else stands around the code, be it a blank; without it it is one that was issued here."
        if not self.has_our_form:
            return f"What was sent as code is none of this gateway: each begins with {CODE_PREFIX}."
        if self.length != CODE_LENGTH:
            return f"What was sent as code has {self.length} characters; each of this gateway has {CODE_LENGTH}."
        if self.is_of_one_case:
            return "No such code was issued here: its letters are all small or all capital, and each code has both."
        return "The code was not issued by this gateway, or so long ago that it was forgotten."

    def advise(self) -> str:
        """Say what to do."""
        if self.decoded_is_known:
            return "Decode the redirect's query once, then send the code."
        if self.contains_known:
            return "Send the code as it stands in the redirect, with nothing around it."
        if not self.has_our_form:
            return "Send the value of `code` in the redirect, as it stands there: not its state, nor the whole address."
        if self.length != CODE_LENGTH:
            return "Send the whole value of `code` in the redirect, up to the next &, and nothing behind it."
        return _LETTER_BY_LETTER if self.is_of_one_case else "Authorize again."


_LETTER_BY_LETTER = "Send the code letter by letter as it stands in the redirect: capital letters and small ones count."


@dataclass(frozen=True, slots=True)
class CodeExpired(Problem):
    """The authorization code was presented after its lifetime."""

    expired_at: datetime
    presented_at: datetime

    diagnosis: ClassVar = "TOK-03"
    error: ClassVar = ErrorCode.INVALID_GRANT
    hint: ClassVar = "A code lives 60 seconds: the client must redeem it at once."
    source: ClassVar = "RFC 6749 §4.1.2"

    def explain(self) -> str:
        """Say how late it came."""
        late = self.presented_at - self.expired_at
        return f"The authorization code expired {late.total_seconds():.0f} s ago."


@dataclass(frozen=True, slots=True)
class CodeReplayed(Problem):
    """The authorization code was redeemed before, and what it paid for was used; that is taken back."""

    spent_at: datetime

    diagnosis: ClassVar = "TOK-03"
    error: ClassVar = ErrorCode.INVALID_GRANT
    hint: ClassVar = "Redeem a code once and keep the answer; then authorize again."
    source: ClassVar = "RFC 6749 §4.1.2"

    def explain(self) -> str:
        """Say when it was redeemed first."""
        return (
            f"The authorization code was already redeemed at {self.spent_at:%H:%M:%S} UTC, and its tokens were used; "
            "they are revoked."
        )


@dataclass(frozen=True, slots=True)
class IssuedToAnotherClient(Problem):
    """A code or token is presented by a client to which it was not issued."""

    what: str
    issued_to: str
    presented_by: str

    diagnosis: ClassVar = "TOK-09"
    error: ClassVar = ErrorCode.INVALID_GRANT
    hint: ClassVar = "Send it with the client_id with which it was obtained; a second registration is another client."
    source: ClassVar = "RFC 6749 §4.1.3, §6; RFC 7009 §2.1"

    def explain(self) -> str:
        """Say both clients."""
        return f"The {self.what} was issued to client {self.issued_to}, but {self.presented_by} presents it."


@dataclass(frozen=True, slots=True)
class RedirectUriChanged(Problem):
    """The redirect URI at the token endpoint is not the one of the authorization request."""

    got: str | None
    expected: str
    difference: str

    diagnosis: ClassVar = "RURI-08"
    error: ClassVar = ErrorCode.INVALID_GRANT
    source: ClassVar = "RFC 6749 §4.1.3"

    def explain(self) -> str:
        """Say both strings."""
        return f"redirect_uri is {self.got} here, but was {self.expected} when authorizing. {self.difference}."

    def advise(self) -> str:
        """Say what to send."""
        return f"Send redirect_uri={self.expected}, the string of the authorization request."


@dataclass(frozen=True, slots=True)
class VerifierMissing(Problem):
    """No PKCE verifier came with the code."""

    diagnosis: ClassVar = "PKCE-03"
    error: ClassVar = ErrorCode.INVALID_REQUEST
    hint: ClassVar = "Send the code_verifier whose SHA-256 was the code_challenge."
    source: ClassVar = "RFC 7636 §4.5"

    def explain(self) -> str:
        """Say so."""
        return "The token request has no code_verifier."


@dataclass(frozen=True, slots=True)
class VerifierMalformed(Problem):
    """The PKCE verifier has a length or a character that none may have."""

    length: int
    character: str = ""
    """The first that none may have, as U+000A; empty where all may stand there."""

    diagnosis: ClassVar = "PKCE-04"
    error: ClassVar = ErrorCode.INVALID_REQUEST
    hint: ClassVar = "Send 43 to 128 of the characters A-Z a-z 0-9 - . _ ~."
    source: ClassVar = "RFC 7636 §4.1"

    def explain(self) -> str:
        """Say what none may have, or how long it is."""
        if self.character:
            return f"The code_verifier contains {self.character}, which no verifier may have."
        return f"The code_verifier has {self.length} characters; a verifier has 43 to 128."


@dataclass(frozen=True, slots=True)
class VerifierWrong(Problem):
    """The PKCE verifier does not fit this code's challenge."""

    fits_another_flow: bool
    is_the_challenge: bool

    error: ClassVar = ErrorCode.INVALID_GRANT
    source: ClassVar = "RFC 7636 §4.6"

    @property
    def diagnosis_id(self) -> str:
        """Return which of the ways it is."""
        return "PKCE-02" if self.fits_another_flow else "PKCE-03"

    def explain(self) -> str:
        """Say what it fits instead, where that is known."""
        if self.is_the_challenge:
            return (
                "The code_verifier is the code_challenge itself: it was not hashed for the authorization request, or "
                "the challenge was sent in its place."
            )
        if self.fits_another_flow:
            return "The code_verifier belongs to another authorization of this client: parallel logins overwrote it."
        return "The SHA-256 of code_verifier is not the code_challenge of this authorization."

    def advise(self) -> str:
        """Say what to send, or to keep."""
        if self.is_the_challenge:
            return (
                "Send the base64url form of a random string's SHA-256 as code_challenge, and the string itself as "
                "code_verifier."
            )
        return "Keep one verifier per authorization (by state), and send that one with its code."


@dataclass(frozen=True, slots=True)
class ResourceNotSent(Problem):
    """The token request names no resource, and devgw was told to ask for it as the deployed gateway does."""

    granted: str

    diagnosis: ClassVar = "REQ-01"
    error: ClassVar = ErrorCode.INVALID_TARGET
    source: ClassVar = "RFC 8707 §2.2; zuplo.com/docs/mcp-gateway/auth/manual-oauth-testing"

    def explain(self) -> str:
        """Say what it would have been, and why it is asked for."""
        return (
            f"The token request has no resource; the grant is for {self.granted}. devgw.toml asks for it as the "
            "deployed gateway does."
        )

    def advise(self) -> str:
        """Say what to send, or what to set."""
        return (
            f"Send resource={self.granted} in the token request too; or take `strict` and `token_resource` out of "
            "[deployed] in devgw.toml."
        )


@dataclass(frozen=True, slots=True)
class ResourceChanged(Problem):
    """The token request names another resource than the authorization."""

    got: str
    granted: str
    difference: str
    kinds: tuple[str, ...] = ()
    """In which ways the two differ: kinds of `diagnosis.difference`."""
    is_another_route: bool = False
    """Whether what it names is a route of this gateway."""

    error: ClassVar = ErrorCode.INVALID_TARGET
    source: ClassVar = "RFC 8707 §2.2"

    @property
    def diagnosis_id(self) -> str:
        """Return which of the ways it is."""
        return name_of_resource_difference(self.kinds, "AUD-06" if self.is_another_route else "AUD-01")

    def explain(self) -> str:
        """Say both strings."""
        return f"The resource {self.got} was not granted; the authorization was for {self.granted}. {self.difference}."

    def advise(self) -> str:
        """Say what to send."""
        other = ", or authorize for the other route" if self.is_another_route else ""
        return f"Send resource={self.granted}{other}."
