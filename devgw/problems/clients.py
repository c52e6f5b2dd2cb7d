"""Why a client is not taken: registration, metadata documents, authentication."""

import re
from dataclasses import dataclass
from typing import ClassVar

from devgw.foreign.text import has_placeholder
from devgw.problems.base import ErrorCode, Problem


@dataclass(frozen=True, slots=True)
class RegistrationUnreadable(Problem):
    """The registration request is not a JSON object, or none that is taken."""

    got: str
    passes: str = ""
    """The id of the limit that it passes, if that is why."""
    wanted: str = ""
    """What should be sent, where it is JSON that is not taken."""

    diagnosis: ClassVar = "REQ-01"
    error: ClassVar = ErrorCode.INVALID_CLIENT_METADATA
    source: ClassVar = "RFC 7591 §3.1; RFC 8259 §4, §8.1"

    @property
    def diagnosis_id(self) -> str | None:
        """Return the limit's id where one is passed."""
        return self.passes or self.diagnosis

    def explain(self) -> str:
        """Say what came instead."""
        return (
            f"The registration is {self.got}."
            if self.wanted
            else (f"The registration is not a JSON object but {self.got}.")
        )

    def advise(self) -> str:
        """Say what to send."""
        if self.wanted:
            return f"Register with {self.wanted}."
        return "POST a JSON object with Content-Type: application/json and at least redirect_uris."


_IN_BRACES = re.compile(r"\{\w+\}")
_BY_MEMBER = {
    "scope": "REG-12",
    "application_type": "REG-07",
    "token_endpoint_auth_method": "REG-15",
    "grant_types": "REQ-02",
    "response_types": "REQ-02",
}


@dataclass(frozen=True, slots=True)
class ClientMetadataInvalid(Problem):
    """A member of the client's metadata has a value that cannot be taken."""

    member: str
    got: str
    expected: str
    is_of_other_type: bool = False
    """Whether it is no value of the member's type, so that nothing was asked for by it."""

    error: ClassVar = ErrorCode.INVALID_CLIENT_METADATA
    source: ClassVar = "RFC 7591 §2"

    @property
    def diagnosis_id(self) -> str:
        """Return which member has a name of its own."""
        return "REQ-01" if self.is_of_other_type else _BY_MEMBER.get(self.member, "REQ-01")

    def explain(self) -> str:
        """Say which member, and what it may be."""
        return f"{self.member} is {self.got}; expected {self.expected}."

    def advise(self) -> str:
        """Say what to write."""
        return f"Register with {self.member}: {self.expected}."


@dataclass(frozen=True, slots=True)
class RedirectUriRefused(Problem):
    """A redirect URI breaks a rule, so that nothing may be registered with it."""

    redirect_uri: str
    rule: str
    instead: str

    error: ClassVar = ErrorCode.INVALID_REDIRECT_URI
    source: ClassVar = "RFC 7591 §5, RFC 8252 §7, MCP authorization: Communication Security"

    @property
    def diagnosis_id(self) -> str:
        """Return which of the two it is."""
        return "CONF-01" if self.has_placeholder else "REG-05"

    @property
    def has_placeholder(self) -> bool:
        """Tell whether a name in braces, which no URI has, stands where a value belongs."""
        return has_placeholder(self.redirect_uri) or _IN_BRACES.search(self.redirect_uri) is not None

    def explain(self) -> str:
        """Say which rule."""
        return f"The redirect URI {self.redirect_uri} {self.rule}."

    def advise(self) -> str:
        """Say what to register."""
        if self.has_placeholder:
            return "Give the variable in it a value where the client is configured; then register."
        return f"Register {self.instead}."


@dataclass(frozen=True, slots=True)
class ClientAuthenticationMissing(Problem):
    """A confidential client came without credentials, or a request without any client id."""

    registered_method: str | None
    got: str
    header: str = ""
    """What is wrong with the Authorization header that came, in words."""

    error: ClassVar = ErrorCode.INVALID_CLIENT
    status: ClassVar = 401
    source: ClassVar = "RFC 6749 §3.2.1"

    @property
    def diagnosis_id(self) -> str:
        """Return which of the two it is: where no client is named, none has registered a method."""
        return "REQ-01" if self.registered_method is None else "TOK-01"

    def explain(self) -> str:
        """Say what is missing."""
        beside = f"; its Authorization header {self.header}" if self.header else ""
        if self.registered_method is None:
            return f"The request names no client: client_id is missing{beside}."
        return (
            f"The client is registered with {self.registered_method}, but the request authenticates with "
            f"{self.got}{beside}."
        )

    def advise(self) -> str:
        """Say how to authenticate."""
        if self.header and self.registered_method in {None, "client_secret_basic"}:
            return "Send `Authorization: Basic`, one space, and the base64 form of client_id:client_secret."
        if self.registered_method is None:
            return "Send client_id in the form, or client credentials in the Authorization header."
        return f"Authenticate with {self.registered_method}, or register again with the method that the client uses."


@dataclass(frozen=True, slots=True)
class ClientAuthenticationTwice(Problem):
    """A request authenticates its client in more than one way."""

    methods: tuple[str, ...]

    diagnosis: ClassVar = "TOK-01"
    error: ClassVar = ErrorCode.INVALID_REQUEST
    source: ClassVar = "RFC 6749 §2.3, §5.2"

    def explain(self) -> str:
        """Say in which."""
        return f"The request authenticates its client in {len(self.methods)} ways: {' and '.join(self.methods)}."

    def advise(self) -> str:
        """Say to use one."""
        return "Use the one method that the client registered, and leave the other out."


@dataclass(frozen=True, slots=True)
class ClientNamedTwice(Problem):
    """The credentials are of one client, and `client_id` names another."""

    client_id: str
    authenticated_id: str
    method: str

    diagnosis: ClassVar = "TOK-01"
    error: ClassVar = ErrorCode.INVALID_CLIENT
    status: ClassVar = 401
    source: ClassVar = "RFC 6749 §2.3.1, RFC 7521 §4.2"

    def explain(self) -> str:
        """Say both."""
        return f"client_id is {self.client_id}, but the credentials ({self.method}) are of {self.authenticated_id}."

    def advise(self) -> str:
        """Say both ways: which of the two is meant, the client alone knows."""
        if self.method == "private_key_jwt":
            return (
                f"Sign an assertion whose sub and iss are {self.client_id}, or send the client_id that it names; "
                "a client that registered with none sends none."
            )
        return (
            f"Send client_id={self.authenticated_id} beside these credentials, or those that {self.client_id} has: a "
            "client that registered with none sends none."
        )


@dataclass(frozen=True, slots=True)
class ClientSecretWrong(Problem):
    """The client's secret is not the one that was issued."""

    client_id: str

    diagnosis: ClassVar = "TOK-01"
    error: ClassVar = ErrorCode.INVALID_CLIENT
    status: ClassVar = 401
    hint: ClassVar = "Use the client_secret of this very registration, or register again."
    source: ClassVar = "RFC 6749 §5.2"

    def explain(self) -> str:
        """Say whose."""
        return f"The client_secret presented for {self.client_id} is not the one that was issued to it."


@dataclass(frozen=True, slots=True)
class ClientAssertionInvalid(Problem):
    """The JWT with which a client authenticates is no good."""

    client_id: str
    claim: str
    got: str
    expected: str

    diagnosis: ClassVar = "TOK-01"
    error: ClassVar = ErrorCode.INVALID_CLIENT
    status: ClassVar = 401
    source: ClassVar = "RFC 7523 §3"

    def explain(self) -> str:
        """Say which check it failed, with both values."""
        return (
            f"The client_assertion of {self.client_id} fails at {self.claim}: got {self.got}, expected {self.expected}."
        )

    def advise(self) -> str:
        """Say what to sign, or to send beside it."""
        if self.claim == "client_assertion_type":
            return f"Send client_assertion_type={self.expected} beside the assertion."
        if self.claim == "form":
            return f"Send as client_assertion {self.expected}."
        if self.claim == "signature":
            return "Sign the assertion with the private half of a key that the client registered or publishes."
        if self.claim == "keys":
            return f"Put {self.expected} into the client's jwks, or where its jwks_uri leads, and sign with it."
        return f"Sign an assertion whose {self.claim} is {self.expected}."
