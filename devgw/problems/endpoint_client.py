"""What an endpoint of somebody's authorization server has against a client: its registration, or the client itself."""

from dataclasses import dataclass
from typing import ClassVar

from devgw.foreign.text import clean
from devgw.problems.endpoint import SHOWN, EndpointKind, EndpointRefusal

_UNAUTHORIZED = 401
_OF_METADATA = frozenset({"invalid_client_metadata", "invalid_scope"})
"""RFC 7591 §3.2.2."""


@dataclass(frozen=True, slots=True)
class RegistrationClosed(EndpointRefusal):
    """Only who has a token, or nobody, may register."""

    diagnosis: ClassVar = "REG-17"
    source: ClassVar = "RFC 7591 §3, §3.2.2"

    def advise(self) -> str:
        """Say how a client gets an id all the same."""
        by_hand = "register one there by hand and give the client its id"
        if self.status_code != _UNAUTHORIZED and not self.error_code:
            return f"{self._so_it_says} Until then {by_hand}."
        return (
            f"Open registration at {self.owner} to clients without an initial access token, or register one there by "
            "hand and give the client its id."
        )


@dataclass(frozen=True, slots=True)
class RegistrationNotTaken(EndpointRefusal):
    """The metadata of the client is refused, or what came of it is no registration."""

    missing: str = ""
    """The member that a good answer lacks."""

    source: ClassVar = "RFC 7591 §3.2"

    @property
    def diagnosis_id(self) -> str:
        """Return the id by what is refused."""
        by_code = {"invalid_redirect_uri": "REG-05", "invalid_scope": "REG-12"}
        return by_code.get(self.error_code, "REG-18")

    def explain(self) -> str:
        """Say what was refused, or is missing."""
        lacks = f", without a usable {self.missing}" if self.missing else ""
        return f"The {self._where} {self._answered}{lacks}."

    def advise(self) -> str:
        """Say what a native client must be able to register."""
        if self.missing:
            return f"Let {self.owner} answer 201 with {self.missing} (RFC 7591 §3.2.1)."
        if self.error_code == "invalid_redirect_uri":
            return f"Let {self.owner} take loopback redirect URIs, http on any port (RFC 8252 §7.3)."
        if self.error_code not in _OF_METADATA:
            return self._so_it_says
        return (
            f"Let {self.owner} take public native clients: loopback redirect URIs, token_endpoint_auth_method none, "
            "grant_types authorization_code and refresh_token."
        )


@dataclass(frozen=True, slots=True)
class RegisteredOtherwise(EndpointRefusal):
    """The client is registered, with other redirect URIs than it asked for."""

    asked: tuple[str, ...]
    got: tuple[str, ...]

    diagnosis: ClassVar = "REG-20"
    source: ClassVar = "RFC 7591 §3.2.1"

    def explain(self) -> str:
        """Show both."""
        asked, got = (clean(", ".join(each) or "none", SHOWN) for each in (self.asked, self.got))
        return f"The {self._where} was asked to register the redirect URIs {asked}, and registered {got}."

    def advise(self) -> str:
        """Say what has to be equal."""
        return f"Let {self.owner} register the redirect URIs as they are sent: the client goes on with its own."


@dataclass(frozen=True, slots=True)
class ClientNotTaken(EndpointRefusal):
    """The server does not know the client, or not by these credentials, or does not let it do that."""

    is_refresh: bool = False
    """Whether it was refused over a refresh token."""
    is_new: bool = False
    """Whether it was seen to register there a moment before."""

    diagnosis: ClassVar = "REG-19"
    source: ClassVar = "RFC 6749 §5.2, §4.1.2.1"

    @property
    def is_unknown(self) -> bool:
        """Tell whether another registration helps."""
        return self.error_code != "unauthorized_client" and not self.is_new

    def explain(self) -> str:
        """Repeat what it said, and that the registration is no old one."""
        told = EndpointRefusal.explain(self)
        return f"{told} This client had registered there a moment before." if self.is_new else told

    def advise(self) -> str:
        """Say what the client drops, or what it is to be allowed."""
        if self.is_unknown:
            return (
                f"Let the client forget its registration at {self.owner}, so that it registers anew; or register one "
                "there by hand and give the client its id."
            )
        if self.error_code != "unauthorized_client":
            return (
                f"Let {self.owner} take the client that it registered: each of its processes has to know it at once, "
                "and the client authenticates by the token_endpoint_auth_method of its registration. Another "
                "registration does not help."
            )
        code = " and response_type code" if self.endpoint is not EndpointKind.TOKEN else ""
        grant = "refresh_token" if self.is_refresh else "authorization_code"
        return f"Allow this client grant_type {grant}{code} at {self.owner}."
