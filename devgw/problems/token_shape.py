"""A bearer token that nobody here knows: what it seems to be, and what to send in its place."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from devgw.problems.base import ErrorCode, Problem


class TokenShape(StrEnum):
    """What a token that is not known here seems to be, by its shape alone, in words to show."""

    OURS = "an access token of this gateway that was forgotten"
    CUT = "an access token of this gateway that was cut off or changed on its way: it has another length"
    ONE_CASE = "an access token of this gateway whose letters were all made small or all made capital"
    REFRESH_TOKEN = "a refresh token of this gateway"
    PROVIDER_KEY = "an API key of the identity provider"
    JWT = "a JWT, perhaps of the identity provider"
    SERVICE_TOKEN = "an access token of another service"
    CODE = "an authorization code of this gateway"
    CLIENT_ID = "a client id of this gateway"
    CLIENT_SECRET = "a client secret of this gateway"
    UNKNOWN = "nothing of ours"


_SIGN_IN = "Remove the token from the client's configuration, so that it signs in here and sends what it gets."
_OF_A_CLIENT = "Let the client sign in, and send the access_token of the token answer: who it is, is no token."
_INSTEAD = {
    TokenShape.REFRESH_TOKEN: "Send the access token, not the refresh token.",
    TokenShape.CODE: "Redeem the code at the token endpoint, and send the access token that it gives.",
    TokenShape.ONE_CASE: "Send the access token as the token answer has it: capital letters and small ones count.",
    TokenShape.CUT: "Send the access token whole, as the token answer has it, or let the client sign in again.",
    TokenShape.OURS: (
        "Let the client sign in again; a state directory that was cleared, or --ephemeral, forgets tokens."
    ),
    TokenShape.CLIENT_ID: _OF_A_CLIENT,
    TokenShape.CLIENT_SECRET: _OF_A_CLIENT,
}
"""What to send in the place of each."""


@dataclass(frozen=True, slots=True)
class TokenUnknown(Problem):
    """No live token of this gateway looks like this."""

    looks: TokenShape

    status: ClassVar = 401
    error: ClassVar = ErrorCode.INVALID_TOKEN
    source: ClassVar = "RFC 6750 §3.1"

    @property
    def diagnosis_id(self) -> str:
        """Return which of the ways it is."""
        return "BEAR-06" if self.looks is TokenShape.OURS else "BEAR-04"

    def explain(self) -> str:
        """Say what it looks like."""
        return f"The bearer token is not known here; it looks like {self.looks}."

    def advise(self) -> str:
        """Say which token to send."""
        return _INSTEAD.get(self.looks, _SIGN_IN)
