"""Why no client has an id here: what was sent in its place, or how it was lost."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from devgw.foreign.text import has_placeholder, is_no_value
from devgw.ids import TokenId
from devgw.problems.base import ErrorCode, Problem

ID_PREFIX = "dcr:"
ID_LENGTH = 36
"""Characters of every client id that this gateway gives: `dcr:` and 32 hexadecimal digits."""


class ClientIdMistake(StrEnum):
    """What was sent in the place of a client id, where that shows."""

    ENCODED = "percent-encoded once too often"
    OF_THE_GATEWAY = "the gateway's own at the identity provider"
    SECRET = "a client secret"
    LENGTH = "cut or lengthened"
    NEAR = "written otherwise than it was given"


_MISTAKES = {
    ClientIdMistake.ENCODED: (
        "The client id {} is percent-encoded once too often: decoded, it is known here.",
        "Encode client_id once, as every other parameter.",
    ),
    ClientIdMistake.OF_THE_GATEWAY: (
        "The client id {} is the gateway's own at the identity provider, and no MCP client's.",
        "Take the client id out of the MCP client's configuration, so that it registers by itself.",
    ),
    ClientIdMistake.SECRET: (
        "What was sent as client id is a client secret of this gateway.",
        "Send the client_id of the registration's answer as client id, and this as its secret.",
    ),
    ClientIdMistake.LENGTH: (
        f"The client id {{}} is cut or lengthened: those that this gateway gives have {ID_LENGTH} characters.",
        "Send the whole client_id of the registration's answer; where it is lost, register again.",
    ),
    ClientIdMistake.NEAR: (
        "The client id {} is nearly one that is known here: {known}.",
        "Send client_id={known}, letter by letter as the registration's answer has it.",
    ),
}
"""What is said of each, and what mends it."""


_NOT_BEGUN = (
    "The client {} has begun no authorization here; that is where its document is read.",
    "Let the client begin a login at the authorization endpoint, and redeem the code that it brings.",
)
_NOT_READ = (
    "No document is read at the client id {}: it begins neither https:// nor http://.",
    "Let the client take the https URL of its document as its client id, in small letters; or register.",
)


@dataclass(frozen=True, slots=True)
class RegistrationMissing(Problem):
    """No client is registered under this id, or none any more."""

    client_id: str

    error: ClassVar = ErrorCode.INVALID_CLIENT

    @property
    def is_gone(self) -> bool:
        """Tell whether a client keeps an id that means nothing here: it comes back with another one."""
        return True


@dataclass(frozen=True, slots=True)
class ClientExpired(RegistrationMissing):
    """The registration ran out."""

    expired_at: datetime

    diagnosis: ClassVar = "REG-02"
    hint: ClassVar = "Let the client forget its stored registration for this server and connect again."
    source: ClassVar = "RFC 7591 §3.2.1"

    def explain(self) -> str:
        """Say since when."""
        return f"The registration of {self.client_id} expired on {self.expired_at:%Y-%m-%d %H:%M} UTC."


@dataclass(frozen=True, slots=True)
class ClientUnknown(RegistrationMissing):
    """No client has this id here."""

    looks_registered: bool
    """Whether it begins as an id that this gateway gives out."""
    mistake: ClientIdMistake | None = None
    known: str = ""
    """The id that was meant, where what came is nearly that."""

    status: ClassVar = 400
    source: ClassVar = "RFC 6749 §4.1.2.1, §5.2"

    @property
    def diagnosis_id(self) -> str:
        """Return which of the two it is."""
        return "CONF-01" if has_placeholder(self.client_id) or is_no_value(self.client_id) else "REG-02"

    @property
    def is_gone(self) -> bool:
        """Tell whether it is an id by itself: no placeholder, no URL, none that came cut or in the wrong place."""
        return self.diagnosis_id == "REG-02" and self._known is None

    @property
    def _known(self) -> tuple[str, str] | None:
        """Return why an id that is a URL or a slip is not known, and what mends that; None for any other."""
        if self.client_id.startswith(("https://", "http://")):
            return _NOT_BEGUN
        if "://" in self.client_id and not self.looks_registered:
            return _NOT_READ
        return _MISTAKES[self.mistake] if self.mistake else None

    def explain(self) -> str:
        """Say that, and where it may come from."""
        if has_placeholder(self.client_id):
            return f"The client id is {self.client_id}: a placeholder that was never replaced."
        if is_no_value(self.client_id):
            word = "the word that a program writes where a value is missing or is no text"
            return f"The client id is {self.client_id}: {word}."
        if known := self._known:
            return known[0].format(self.client_id, known=self.known)
        if self.looks_registered:
            why = (
                "its registration was deleted, expired, was never used and gave way to newer ones, or went with a "
                "state directory that was cleared"
            )
            return f"The client {self.client_id} is not known here any more: {why}."
        return f"The client {self.client_id} was never registered at this gateway."

    def advise(self) -> str:
        """Say how the client gets an id that is known here."""
        if has_placeholder(self.client_id) or is_no_value(self.client_id):
            return "Give the variable a value where the client is configured, or leave the client id out."
        if known := self._known:
            return known[1].format(known=self.known)
        again = "Let the client forget its stored registration for this server and connect again; it registers anew."
        configured = " An id that stands in its configuration has to be taken out there."
        return again if self.looks_registered else again + configured


@dataclass(frozen=True, slots=True)
class ClientIdOfNobody(Problem):
    """No client has this id, and the code or token that comes with it was issued to one that has another."""

    client_id: str
    what: str
    issued_to: str
    token_id: TokenId

    diagnosis: ClassVar = "TOK-09"
    error: ClassVar = ErrorCode.INVALID_CLIENT
    source: ClassVar = "RFC 6749 §4.1.3, §5.2, §6; RFC 7009 §2.1"

    def explain(self) -> str:
        """Say whose it is."""
        return (
            f"No client {self.client_id} is known at this gateway; the {self.what} that it presents was issued to "
            f"{self.issued_to}."
        )

    def advise(self) -> str:
        """Say which id to send."""
        return f"Send it with client_id={self.issued_to}, with which it was obtained."
