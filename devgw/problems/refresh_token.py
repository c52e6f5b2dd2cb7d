"""Why a refresh token brings nothing more."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from devgw.entropy import REFRESH_PREFIX, SECRET_LENGTH
from devgw.problems.base import ErrorCode, Problem

TOKEN_LENGTH = len(REFRESH_PREFIX) + SECRET_LENGTH
"""Characters of every refresh token of this gateway."""
ACCESS_TOKEN = "an access token"
OTHER = "no token of this gateway"


@dataclass(frozen=True, slots=True)
class RefreshTokenUnknown(Problem):
    """No refresh token of this gateway looks like this."""

    kind: str
    """What was presented instead, in words; empty where it begins as a refresh token."""
    contains_known: bool = False
    """Whether it becomes a known one without what stands around it."""
    length: int = TOKEN_LENGTH
    is_of_one_case: bool = False
    """Whether its letters are all small or all capital, as chance throws none."""

    diagnosis: ClassVar = "REFR-09"
    error: ClassVar = ErrorCode.INVALID_GRANT
    source: ClassVar = "RFC 6749 §5.2"

    def explain(self) -> str:
        """Say so, and what it is where that shows."""
        if self.contains_known:
            return "Something else stands around the refresh token; without it it is one that was issued here."
        if self.is_of_one_case:
            return "No such refresh token was issued here: its letters are all small or all capital, and each has both."
        if self.kind == OTHER:
            return f"What was sent as refresh token is none of this gateway: each begins with {REFRESH_PREFIX}."
        if self.kind:
            return f"What was sent as refresh token is {self.kind}."
        if self.length != TOKEN_LENGTH:
            return (
                f"What was sent as refresh token has {self.length} characters; each of this gateway has {TOKEN_LENGTH}."
            )
        return "The refresh token was not issued by this gateway, or so long ago that it was forgotten."

    def advise(self) -> str:
        """Say which token to send, or how to get one."""
        if self.contains_known:
            return "Send the `refresh_token` of the token answer as it stands there, with nothing around it."
        if self.kind == ACCESS_TOKEN:
            return "Send the `refresh_token` of the token answer, not its `access_token`."
        if self.is_of_one_case:
            return "Send it letter by letter as the token answer has it: capital letters and small ones count."
        if self.kind or self.length != TOKEN_LENGTH:
            return "Send the whole `refresh_token` of the newest token answer; without one, authorize again."
        return (
            "Let the client drop that token and authorize again; it must send the whole `refresh_token` as it got it."
        )


@dataclass(frozen=True, slots=True)
class RefreshTokenExpired(Problem):
    """The refresh token's time is over."""

    expired_at: datetime

    diagnosis: ClassVar = "REFR-08"
    error: ClassVar = ErrorCode.INVALID_GRANT
    hint: ClassVar = "Authorize again; the lifetime is gateway.refreshTokenTtlSeconds."
    source: ClassVar = "RFC 6749 §5.2"

    def explain(self) -> str:
        """Say since when."""
        return f"The refresh token expired on {self.expired_at:%Y-%m-%d %H:%M:%S} UTC."


@dataclass(frozen=True, slots=True)
class RefreshTokenReplayed(Problem):
    """A refresh token came again after its successor was used; the grant ends."""

    successor_used_at: datetime
    presented_at: datetime

    diagnosis: ClassVar = "REFR-03"
    error: ClassVar = ErrorCode.INVALID_GRANT
    hint: ClassVar = "Authorize again; keep the newest refresh token alone, and let one process refresh at a time."
    source: ClassVar = "OAuth 2.1 §4.3.1"

    def explain(self) -> str:
        """Say since when its successor was in use."""
        late = (self.presented_at - self.successor_used_at).total_seconds()
        return (
            f"The refresh token came again {late:.0f} s after its successor was used "
            f"(at {self.successor_used_at:%H:%M:%S} UTC); the whole grant is revoked."
        )


@dataclass(frozen=True, slots=True)
class RefreshTokenVoid(Problem):
    """A refresh token that was never used became void, since another answer to the same request is in use."""

    void_since: datetime
    other_used_at: datetime

    diagnosis: ClassVar = "REFR-01"
    error: ClassVar = ErrorCode.INVALID_GRANT
    hint: ClassVar = "Sign in again, which ends the other one too; let all processes of the client share one answer."
    source: ClassVar = "OAuth 2.1 §4.3.1"

    def explain(self) -> str:
        """Say what is in use in its place."""
        return (
            "The refresh token before this one was presented more than once, and of its answers another one is in use "
            f"since {self.other_used_at:%H:%M:%S} UTC; this one is void. The grant goes on with the other."
        )


@dataclass(frozen=True, slots=True)
class GrantRevoked(Problem):
    """What the subject allowed was taken back."""

    revoked_at: datetime
    because: str
    """The cause in one word, as `Revocation` is told it: `refresh_token_replayed`, `revoked_by_user`, …"""

    error: ClassVar = ErrorCode.INVALID_GRANT
    hint: ClassVar = "Authorize again."
    source: ClassVar = "RFC 7009 §2.1"

    @property
    def diagnosis_id(self) -> str:
        """Return which of the two it is."""
        return {"refresh_token_replayed": "REFR-03", "code_replayed": "TOK-03"}.get(self.because, "REFR-08")

    def explain(self) -> str:
        """Say when and why."""
        return f"The grant was revoked at {self.revoked_at:%H:%M:%S} UTC ({self.because.replace('_', ' ')})."


@dataclass(frozen=True, slots=True)
class ScopeExceedsGrant(Problem):
    """A refresh asks for more than was granted."""

    asked: str
    granted: str

    diagnosis: ClassVar = "SCOPE-05"
    error: ClassVar = ErrorCode.INVALID_SCOPE
    hint: ClassVar = "Leave scope out when refreshing; to get more, authorize again."
    source: ClassVar = "RFC 6749 §6"

    def explain(self) -> str:
        """Say both."""
        return f"The refresh asks for {self.asked}; granted is {self.granted}."
