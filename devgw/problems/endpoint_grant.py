"""What the token endpoint of somebody's authorization server has against a grant, or answers instead of tokens."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from devgw.problems.base import Fault
from devgw.problems.endpoint import EndpointRefusal


class CodeFault(StrEnum):
    """What is known of a code's redemption beyond the server's no; the values are words."""

    UNSEEN = "what its login asked for was not seen, and is not compared"
    NONE = "client, redirect_uri and code_verifier are those of the login"
    SPENT = "this code was redeemed here before"
    OTHER_VERIFIER = "the code_verifier is not the one whose challenge the login began with"
    OTHER_REDIRECT = "the redirect_uri is another than that of the login"
    OTHER_CLIENT = "another client began the login"


_CODES = {
    CodeFault.SPENT: ("TOK-03", "Let the client redeem each code once; start again from the login."),
    CodeFault.OTHER_VERIFIER: ("PKCE-03", "Send the random string whose SHA-256 was the login's code_challenge."),
    CodeFault.OTHER_REDIRECT: ("RURI-08", "Send the very same redirect_uri in both requests."),
    CodeFault.OTHER_CLIENT: ("TOK-09", "Redeem the code with the client id that began the login."),
}


@dataclass(frozen=True, slots=True)
class CodeNotTaken(EndpointRefusal):
    """The code is not redeemed."""

    known: CodeFault = CodeFault.UNSEEN

    source: ClassVar = "RFC 6749 §4.1.3, §5.2; RFC 7636 §4.6"

    @property
    def diagnosis_id(self) -> str:
        """Return the id of what is known; its own where the server alone knows."""
        return _CODES.get(self.known, ("TOK-10", ""))[0]

    def explain(self) -> str:
        """Say what is known of the two requests."""
        return f"The {self._where} {self._answered}; {self.known}."

    def advise(self) -> str:
        """Say what to correct."""
        if self.known in _CODES:
            return _CODES[self.known][1]
        if self.known is CodeFault.UNSEEN:
            return (
                "Compare with its login what the client sent: the code as it came back, and once, the same "
                "redirect_uri, the code_verifier of its code_challenge. Where all fit, look into the log of "
                f"{self.owner}."
            )
        return (
            f"Look into the log of {self.owner}: it does not take a code that it gave itself. Where several processes "
            "answer for it, let them share their codes."
        )


@dataclass(frozen=True, slots=True)
class RefreshNotTaken(EndpointRefusal):
    """The refresh token is not taken."""

    is_spent: bool = False
    """Whether it was exchanged for a newer one before."""

    source: ClassVar = "RFC 6749 §6, §5.2; RFC 9700 §4.14.2"

    @property
    def diagnosis_id(self) -> str:
        """Return the id: one that was spent, or any other."""
        return "REFR-03" if self.is_spent else "REFR-10"

    def explain(self) -> str:
        """Say whether it was spent."""
        spent = "; this refresh token was exchanged for a newer one before" if self.is_spent else ""
        return f"The {self._where} {self._answered}{spent}."

    def advise(self) -> str:
        """Say what the client does then."""
        if self.is_spent:
            return "Let the client use each refresh token once, also where two of its calls need a new one at once."
        return f"Let the client log in again; if that happens often, ask {self.owner} how long its refresh tokens live."


@dataclass(frozen=True, slots=True)
class ErrorUnderSuccess(EndpointRefusal):
    """It says 200 and means an error."""

    diagnosis: ClassVar = "TOK-04"
    source: ClassVar = "RFC 6749 §5.2"

    def advise(self) -> str:
        """Say which status belongs there."""
        return f"Let {self.owner} answer errors with 400, or 401 for invalid_client; clients take 200 for tokens."


@dataclass(frozen=True, slots=True)
class TokensUnfit(EndpointRefusal):
    """It says 200, and what came is no token answer."""

    missing: str = "access_token"

    diagnosis: ClassVar = "TOK-08"
    fault: ClassVar = Fault.UPSTREAM
    source: ClassVar = "RFC 6749 §5.1"

    def explain(self) -> str:
        """Say what it lacks."""
        return f"The {self._where} {self._answered}, without a usable {self.missing}."

    def advise(self) -> str:
        """Say what belongs there."""
        return f"Let {self.owner} answer with access_token and token_type as JSON strings."
