"""Why an authorization request, or a step on the browser's way, is refused."""

from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import urlsplit

from devgw.foreign.text import has_placeholder, is_no_value
from devgw.problems.base import ErrorCode, Problem

CHALLENGE_LENGTH = 43
"""Characters of a SHA-256 in base64url (RFC 7636 §4.2)."""


@dataclass(frozen=True, slots=True)
class ResponseTypeUnsupported(Problem):
    """Only the code flow is offered."""

    got: str

    diagnosis: ClassVar = "REQ-02"
    error: ClassVar = ErrorCode.UNSUPPORTED_RESPONSE_TYPE
    hint: ClassVar = "Send response_type=code."
    source: ClassVar = "OAuth 2.1 §4.1.1"

    def explain(self) -> str:
        """Say what came."""
        return f"response_type is {self.got}; this server knows code alone."


@dataclass(frozen=True, slots=True)
class RedirectUriMismatch(Problem):
    """The redirect URI is none of the client's registered ones."""

    client_id: str
    got: str
    registered: tuple[str, ...]
    nearest: str
    """The registered one that is nearest, with the port of what came where both are loopback: it is ignored there."""
    difference: str
    kinds: tuple[str, ...] = ()
    """In which ways the two differ: kinds of `diagnosis.difference`."""
    kept_copy: str = ""
    """Which copy stands for the client's metadata document, and so says what is registered."""
    to_register: str = ""
    """How a client that goes by a document is made to register instead, where that is known."""
    is_own_callback: bool = False
    """Whether what came is where the identity provider answers the gateway itself."""
    may_be_registered: bool = True
    """Whether what came would be taken at registration."""

    source: ClassVar = "OAuth 2.1 §2.3.1, RFC 8252 §7.3"

    @property
    def diagnosis_id(self) -> str:
        """Return which of the ways it is; several at once, but for host and port, have no name of their own."""
        if "host_alias" in self.kinds and {"port", "host_alias"} >= set(self.kinds):
            return "RURI-02"
        if len(self.kinds) != 1 or (self.kinds[0] in _ANYWHERE and _path(self.got) == _path(self.nearest)):
            return "RURI-12"
        return _BY_URI_DIFFERENCE.get(self.kinds[0], "RURI-12")

    def explain(self) -> str:
        """Say both strings and where they differ."""
        if not self.nearest:
            return f"redirect_uri {self.got} is not registered: this client registered none."
        said = f"redirect_uri {self.got} is not registered for this client. {self.difference}."
        if self.is_own_callback:
            said += " It is the callback at which the identity provider answers the gateway."
        return (
            f"{said} A {self.kept_copy} stands for its document, which may say otherwise." if self.kept_copy else said
        )

    def advise(self) -> str:
        """Say which of the two to change."""
        if self.kinds == ("double_encoding",):
            return f"Encode redirect_uri once, so that {self.nearest} arrives."
        if self.kinds == ("joined",):
            return f"Let the client send one redirect_uri alone: {self.nearest}."
        if self.kinds == ("placeholder",):
            return "Give the variable a value where the client is configured."
        if not self.nearest:
            return f"Register {self.got}." if self.may_be_registered else _OWN_URI
        exactly = f"Let the client send exactly {self.nearest}"
        return f"{exactly}, or {self._other_way()}." if self.may_be_registered else f"{exactly}."

    def _other_way(self) -> str:
        """Return what else would do; who goes by a document can add nothing to what it registered."""
        if self.to_register:
            return f"set gateway.cimdEnabled to false in policies.json and make the client register: {self.to_register}"
        if self.kept_copy:
            return f"make {self.client_id} reachable from this machine"
        return f"{'publish' if self.client_id.startswith(('https://', 'http://')) else 'register'} {self.got}"


def _path(uri: str) -> str:
    try:
        return urlsplit(uri).path
    except ValueError:
        return uri


_OWN_URI = "Register a URI at which the client itself listens, and send that."
_ANYWHERE = frozenset({"case", "one_letter"})
"""Differences of a path that a scheme or a host can have as well."""
_BY_URI_DIFFERENCE = {
    "port": "RURI-01",
    "default_port": "RURI-01",
    "trailing_slash": "RURI-03",
    "path": "RURI-07",
    "one_letter": "RURI-07",
    "case": "RURI-07",
    "path_missing": "RURI-07",
    "double_encoding": "RURI-13",
    "placeholder": "CONF-01",
    "joined": "RURI-15",
}


@dataclass(frozen=True, slots=True)
class ChallengeMissing(Problem):
    """The authorization request has no PKCE challenge."""

    instead: str = ""
    """A name that came, and is this one but for how it is written."""

    diagnosis: ClassVar = "PKCE-03"
    source: ClassVar = "OAuth 2.1 §4.1.1, RFC 7636 §4.3"

    def explain(self) -> str:
        """Say so."""
        came = f", but {self.instead}" if self.instead else ""
        return f"The authorization request has no code_challenge{came}."

    def advise(self) -> str:
        """Say what to send."""
        if self.instead:
            return f"Write code_challenge in the place of {self.instead}: names match letter by letter."
        return "Send code_challenge and code_challenge_method=S256; PKCE is required of every client."


@dataclass(frozen=True, slots=True)
class ChallengeMethodUnsupported(Problem):
    """The PKCE method is not S256; one that is absent means plain."""

    got: str | None

    diagnosis: ClassVar = "PKCE-03"
    hint: ClassVar = "Send code_challenge_method=S256."
    source: ClassVar = "RFC 7636 §4.2, §4.3"

    def explain(self) -> str:
        """Say what came."""
        shown = f"is {self.got}" if self.got else "is missing, which means plain"
        return f"code_challenge_method {shown}; only S256 is taken."


@dataclass(frozen=True, slots=True)
class ChallengeMalformed(Problem):
    """The PKCE challenge cannot be a SHA-256 in base64url."""

    length: int
    character: str | None

    diagnosis: ClassVar = "PKCE-04"
    hint: ClassVar = (
        f"Send the base64url form of the verifier's SHA-256, without padding: {CHALLENGE_LENGTH} characters."
    )
    source: ClassVar = "RFC 7636 §4.2"

    def explain(self) -> str:
        """Say what is wrong with it."""
        if self.character:
            return f"The code_challenge contains {self.character!r}, which is no base64url character."
        return f"The code_challenge has {self.length} characters; an S256 challenge has {CHALLENGE_LENGTH}."


@dataclass(frozen=True, slots=True)
class ScopeUnsupported(Problem):
    """A scope was asked for that is not offered."""

    asked: str
    unsupported: tuple[str, ...]
    supported: tuple[str, ...]

    diagnosis: ClassVar = "SCOPE-01"
    error: ClassVar = ErrorCode.INVALID_SCOPE
    source: ClassVar = "RFC 6749 §3.3"

    def explain(self) -> str:
        """Say which are too many."""
        return f"The scope {' '.join(self.unsupported)} is not offered; this server knows {' '.join(self.supported)}."

    def advise(self) -> str:
        """Say what to ask for."""
        return f"Ask for scope={' '.join(self.supported)}, or leave scope out."


@dataclass(frozen=True, slots=True)
class ResourceMissing(Problem):
    """It cannot be told which route is meant."""

    choices: tuple[str, ...]

    diagnosis: ClassVar = "TOK-02"
    error: ClassVar = ErrorCode.INVALID_TARGET
    source: ClassVar = "RFC 8707 §2; MCP authorization: Resource Parameter"

    def explain(self) -> str:
        """Say that several are possible."""
        return f"The authorization request has no resource, and this gateway serves {len(self.choices)} MCP routes."

    def advise(self) -> str:
        """Say what to send."""
        return f"Send resource={self.choices[0]} (or another route's URL)." if self.choices else "Send resource."


@dataclass(frozen=True, slots=True)
class ResourceUnknown(Problem):
    """The resource names no route of this gateway."""

    got: str
    nearest: str
    difference: str
    kinds: tuple[str, ...] = ()
    """In which ways the two differ: kinds of `diagnosis.difference`."""
    is_another_route: bool = False
    """Whether it is a route of this gateway, but not the one whose authorization endpoint was asked."""
    choices: tuple[str, ...] = ()
    """The routes, where none is nearer than the others."""

    error: ClassVar = ErrorCode.INVALID_TARGET
    source: ClassVar = "RFC 8707 §2"

    @property
    def diagnosis_id(self) -> str:
        """Return which of the ways it is."""
        return name_of_resource_difference(self.kinds, "AUD-01")

    def explain(self) -> str:
        """Say both strings and where they differ."""
        if self.is_another_route:
            return f"The resource {self.got} is another MCP route than {self.nearest}, the one asked here."
        if self.choices:
            return f"The resource {self.got} is no MCP route here; this gateway serves {', '.join(self.choices)}."
        if not self.nearest:
            return f"The resource {self.got} is no MCP route; this gateway serves none."
        return f"The resource {self.got} is no MCP route here; the nearest is {self.nearest}. {self.difference}."

    def advise(self) -> str:
        """Say what to send."""
        if self.choices:
            return f"Send resource={' or resource='.join(self.choices)}, as the resource metadata of that route says."
        return f"Send resource={self.nearest}, as the protected resource metadata says." if self.nearest else ""


def name_of_resource_difference(kinds: tuple[str, ...], else_: str) -> str:
    """Return the id for two resources that differ in one way that has a name; else `else_`."""
    names = {"trailing_slash": "AUD-02", "path_missing": "AUD-05", "host_alias": "HOST-06", "placeholder": "CONF-01"}
    return names.get(kinds[0], else_) if len(kinds) == 1 else else_


@dataclass(frozen=True, slots=True)
class ResourceMalformed(Problem):
    """The resource is no absolute URI, or has a fragment."""

    got: str
    rule: str
    decoded: str = ""
    """What it is when percent-decoded once more, where that is an absolute URI."""

    error: ClassVar = ErrorCode.INVALID_TARGET
    source: ClassVar = "RFC 8707 §2"

    @property
    def diagnosis_id(self) -> str:
        """Return which of the two it is."""
        return "CONF-01" if has_placeholder(self.got) or is_no_value(self.got) else "AUD-01"

    def explain(self) -> str:
        """Say which rule."""
        return f"The resource {self.got} {self.rule}."

    def advise(self) -> str:
        """Say which URL to send."""
        if self.decoded:
            return f"Encode resource once, so that {self.decoded} arrives."
        return "Send the route's URL as the protected resource metadata gives it."
