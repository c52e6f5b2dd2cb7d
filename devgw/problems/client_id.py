"""Why no client has an id here: what was sent in its place, or how it was lost."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from devgw.foreign.text import has_placeholder, is_no_value
from devgw.problems.base import ErrorCode, Problem

SECRET_PREFIX = "cs_"
ID_LENGTH = 36
"""Characters of every client id that this gateway gives: `dcr:` and 32 hexadecimal digits."""


class ClientIdMistake(StrEnum):
    """What was sent in the place of a client id, where that shows."""

    ENCODED = "percent-encoded once too often"
    OF_THE_GATEWAY = "the gateway's own at the identity provider"
    SECRET = "a client secret"
    LENGTH = "cut or lengthened"


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
class ClientUnknown(Problem):
    """No client has this id here."""

    client_id: str
    looks_registered: bool
    """Whether it begins as an id that this gateway gives out."""
    mistake: ClientIdMistake | None = None

    error: ClassVar = ErrorCode.INVALID_CLIENT
    status: ClassVar = 400
    source: ClassVar = "RFC 6749 §4.1.2.1, §5.2"

    @property
    def diagnosis_id(self) -> str:
        """Return which of the two it is."""
        return "CONF-01" if has_placeholder(self.client_id) or is_no_value(self.client_id) else "REG-02"

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
            return known[0].format(self.client_id)
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
            return known[1]
        return "Let the client forget its stored registration for this server and connect again; it registers anew."
