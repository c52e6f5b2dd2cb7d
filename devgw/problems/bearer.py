"""Why an MCP route does not take an access token."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from devgw.problems.base import ErrorCode, Fault, Problem


@dataclass(frozen=True, slots=True)
class TokenMissing(Problem):
    """The request carries no credentials."""

    beside: tuple[str, ...] = ()
    """Other places of it that are called like one for credentials, in words: `the header X-Api-Key`."""

    diagnosis: ClassVar[str | None] = None
    status: ClassVar = 401
    error: ClassVar = ErrorCode.INVALID_TOKEN
    hint: ClassVar = "Follow resource_metadata in WWW-Authenticate to get a token; an OAuth-aware MCP client does so."
    source: ClassVar = "RFC 6750 §3; MCP authorization: Protected Resource Metadata Discovery"

    def explain(self) -> str:
        """Say so, and what else it has."""
        read = "which is not read here" if len(self.beside) == 1 else "none of which is read here"
        has = f"; it has {' and '.join(self.beside)}, {read}" if self.beside else ""
        return f"The request has no Authorization header{has}."


@dataclass(frozen=True, slots=True)
class TokenMisplaced(TokenMissing):
    """What has the form of this gateway's access tokens came in another place than the Authorization header."""

    place: str = ""
    """In words: `the header X-Api-Key`."""

    diagnosis: ClassVar = "BEAR-11"
    hint: ClassVar = "Send it as `Authorization: Bearer`, one space, the token: no other place is read."
    source: ClassVar = "RFC 6750 §2.1; MCP authorization: Token Requirements"

    def explain(self) -> str:
        """Say where it came."""
        return (
            f"The request has no Authorization header; an access token of this gateway came in another place: "
            f"{self.place}."
        )


@dataclass(frozen=True, slots=True)
class TokenAskedHere(TokenMissing):
    """What was sent to an MCP route is a request for the token endpoint."""

    diagnosis: ClassVar = "TOK-05"
    hint: ClassVar = "Send it to the token_endpoint of the authorization server metadata."
    source: ClassVar = "RFC 6749 §3.2, §4.1.3"

    def explain(self) -> str:
        """Say so."""
        return "What was sent to this MCP route is a token request, and this is not the token endpoint."


@dataclass(frozen=True, slots=True)
class RegistrationAskedHere(TokenMissing):
    """What was sent to an MCP route is client metadata for the registration endpoint."""

    diagnosis: ClassVar = "REG-21"
    hint: ClassVar = "Send it to the registration_endpoint of the authorization server metadata."
    source: ClassVar = "RFC 7591 §3"

    def explain(self) -> str:
        """Say so."""
        return "What was sent to this MCP route is a registration, and this is not the registration endpoint."


@dataclass(frozen=True, slots=True)
class SubjectMissing(Problem):
    """The route lends credentials of its upstream, and nobody signs in on it to whom they could belong."""

    path: str
    upstream: str

    diagnosis: ClassVar = "CONF-03"
    fault: ClassVar = Fault.CONFIGURATION
    status: ClassVar = 401
    error: ClassVar = ErrorCode.INVALID_TOKEN
    source: ClassVar = "gateway contract: upstream credentials belong to a subject"

    def explain(self) -> str:
        """Say what is missing."""
        return (
            f"The route {self.path} exchanges tokens for {self.upstream}, but no MCP OAuth policy is attached to it, "
            "so nobody is known whose credential could be used."
        )

    def advise(self) -> str:
        """Say what to attach."""
        return "Put the name of the project's MCP OAuth policy first in policies.inbound of this route."


class HeaderShape(StrEnum):
    """What an Authorization header holds that is no bearer token, in words to show."""

    OTHER_SCHEME = "another scheme than Bearer"
    NO_SCHEME = "no scheme"
    TAB = "a tab and no space after Bearer"
    EMPTY = "nothing after Bearer"
    MASKED = "a masked (redacted) value"
    PLACEHOLDER = "a placeholder that was never replaced"
    SEVERAL = "more than one value"
    NO_VALUE = "the word that a program writes where a value is missing or is no text"


@dataclass(frozen=True, slots=True)
class TokenMalformed(Problem):
    """The Authorization header holds no bearer token."""

    got: HeaderShape

    status: ClassVar = 401
    error: ClassVar = ErrorCode.INVALID_TOKEN
    source: ClassVar = "RFC 6750 §2.1"

    @property
    def diagnosis_id(self) -> str:
        """Return which of the ways it is."""
        return {
            HeaderShape.PLACEHOLDER: "CONF-01",
            HeaderShape.MASKED: "BEAR-05",
            HeaderShape.OTHER_SCHEME: "BEAR-04",
            HeaderShape.NO_SCHEME: "BEAR-04",
            HeaderShape.TAB: "BEAR-04",
        }.get(self.got, "BEAR-02")

    def explain(self) -> str:
        """Say what came."""
        return f"The Authorization header holds no usable bearer token: {self.got}."

    def advise(self) -> str:
        """Say what to do with the header."""
        if self.got is HeaderShape.PLACEHOLDER:
            return "Give the variable a value, or remove the configured header so that the client signs in here."
        if self.got is HeaderShape.MASKED:
            return "Send the real value; whatever redacts it may do so in views alone."
        if self.got is HeaderShape.TAB:
            return "Write one space between Bearer and the token."
        return "Remove the configured Authorization header, so that the client signs in and sends its access token."


@dataclass(frozen=True, slots=True)
class TokenInQuery(Problem):
    """The token came in the URL."""

    diagnosis: ClassVar = "BEAR-08"
    status: ClassVar = 400
    hint: ClassVar = "Send the token in the Authorization header; URLs end up in logs."
    source: ClassVar = "OAuth 2.1 §5.2; MCP authorization: Token Requirements"

    def explain(self) -> str:
        """Say so."""
        return "An access token came in the query string."


class TokenChange(StrEnum):
    """What became of an access token of this gateway on its way into the Authorization header, in words to show."""

    OTHER_SCHEME = "behind another scheme than Bearer"
    NO_SCHEME = "without Bearer before it"
    TWICE = "with Bearer before it more than once"
    QUOTED = "in quotation marks"
    ENCODED = "percent-encoded"
    BASIC = "in Basic credentials"
    SEVERAL = "in a list with another value: in one header, or in two"
    SURROUNDED = "with other characters beside it"


@dataclass(frozen=True, slots=True)
class TokenChanged(Problem):
    """An access token of this gateway came, and not in the form in which a bearer token is sent."""

    how: TokenChange

    diagnosis: ClassVar = "BEAR-04"
    status: ClassVar = 401
    error: ClassVar = ErrorCode.INVALID_TOKEN
    hint: ClassVar = "Send it as it was issued: `Authorization: Bearer`, one space, the token, and nothing else."
    source: ClassVar = "RFC 6750 §2.1"

    def explain(self) -> str:
        """Say how it came."""
        return f"The Authorization header holds an access token of this gateway {self.how}."


@dataclass(frozen=True, slots=True)
class TokenExpired(Problem):
    """The access token's time is over."""

    expired_at: datetime
    presented_at: datetime

    diagnosis: ClassVar[str | None] = None
    status: ClassVar = 401
    error: ClassVar = ErrorCode.INVALID_TOKEN
    hint: ClassVar = "Refresh it; clients do so on this answer. The lifetime is gateway.accessTokenTtlSeconds."
    source: ClassVar = "RFC 6750 §3.1"

    def explain(self) -> str:
        """Say how long ago."""
        return f"The access token expired {(self.presented_at - self.expired_at).total_seconds():.0f} s ago."


@dataclass(frozen=True, slots=True)
class TokenRevoked(Problem):
    """The access token was ended before its time."""

    revoked_at: datetime
    because: str

    diagnosis: ClassVar[str | None] = None
    status: ClassVar = 401
    error: ClassVar = ErrorCode.INVALID_TOKEN
    source: ClassVar = "RFC 6750 §3.1, RFC 7009 §2"

    def explain(self) -> str:
        """Say when and why."""
        if self.because == "superseded":
            return (
                f"The access token is void since {self.revoked_at:%H:%M:%S} UTC: the code or refresh token that "
                "brought it was presented again, and brought another."
            )
        return f"The access token was revoked at {self.revoked_at:%H:%M:%S} UTC ({self.because.replace('_', ' ')})."

    def advise(self) -> str:
        """Say what brings another one."""
        return "Refresh, or use the newer one." if self.because == "superseded" else "Sign in again."


@dataclass(frozen=True, slots=True)
class InvalidAudience(Problem):
    """The access token is for another route."""

    token_resource: str
    requested_resource: str

    diagnosis: ClassVar = "AUD-06"
    status: ClassVar = 401
    error: ClassVar = ErrorCode.INVALID_TOKEN
    hint: ClassVar = "Get a token for this route: each token is bound to the one for which it was asked."
    source: ClassVar = "RFC 8707 §2; MCP authorization: Token Handling"

    def explain(self) -> str:
        """Say both routes."""
        return f"The access token is for {self.token_resource}, but was sent to {self.requested_resource}."


@dataclass(frozen=True, slots=True)
class InsufficientScope(Problem):
    """The access token lacks a scope that the route needs."""

    granted: str
    needed: str

    diagnosis: ClassVar = "SCOPE-04"
    status: ClassVar = 403
    error: ClassVar = ErrorCode.INSUFFICIENT_SCOPE
    source: ClassVar = "RFC 6750 §3.1"

    def explain(self) -> str:
        """Say both."""
        return f"The access token has scope {self.granted or 'none'}; this route needs {self.needed}."

    def advise(self) -> str:
        """Say what to ask for."""
        return f"Authorize again with scope={self.needed}."
