"""Why a client metadata document is not taken."""

from dataclasses import dataclass
from typing import ClassVar

from devgw.problems.base import ErrorCode, Fault, Problem


def _called(url: str, *, is_key_set: bool) -> str:
    """Return what stands at a URL: a document that describes a client, or what its `jwks_uri` names."""
    return f"The key set {url} of a client" if is_key_set else f"The client metadata document {url}"


@dataclass(frozen=True, slots=True)
class ClientDocumentUnreachable(Problem):
    """The client metadata document could not be fetched."""

    url: str
    failure: str
    passes: str = ""
    """The id of the limit that its answer passes, if that is why."""
    is_of_the_network: bool = False
    """Whether it is not reached at all: its name, the connection, or no answer in time."""
    change: str = ""
    """What on this machine makes it reachable, as a sentence, where that is known."""
    to_register: str = ""
    """How this very client is made to register instead, where that is known."""
    is_key_set: bool = False

    diagnosis: ClassVar = "REG-08"
    error: ClassVar = ErrorCode.INVALID_CLIENT
    source: ClassVar = "OAuth Client ID Metadata Document §4, §6"

    @property
    def diagnosis_id(self) -> str | None:
        """Return the limit's id where one is passed."""
        return self.passes or self.diagnosis

    def explain(self) -> str:
        """Say how it failed."""
        return f"{_called(self.url, is_key_set=self.is_key_set)} could not be fetched: {self.failure}."

    def advise(self) -> str:
        """Say how to go on without it."""
        change = self.change or "Make the URL reachable from this machine."
        if self.is_key_set:
            return f"{change} Or give the client its keys as `jwks` instead of `jwks_uri`."
        how = self.to_register or "let it forget this server and connect again, it registers then"
        return f"{change} Else set gateway.cimdEnabled to false in policies.json, and make the client register: {how}."


@dataclass(frozen=True, slots=True)
class ClientDocumentForbidden(Problem):
    """The client metadata document lives where the gateway must not fetch from."""

    url: str
    address: str
    is_asked_by_page: bool = False
    """Whether the address is this machine's, and only who asks is in the way: a page of another site."""

    diagnosis: ClassVar = "REG-08"
    error: ClassVar = ErrorCode.INVALID_CLIENT
    hint: ClassVar = (
        "Publish the document on a public address. For development this machine's loopback does too, where [deployed] "
        "in devgw.toml does not have `strict` or `client_documents`."
    )
    source: ClassVar = "OAuth Client ID Metadata Document §6.5, RFC 6890"

    def explain(self) -> str:
        """Say which address, or who asked."""
        if self.is_asked_by_page:
            return (
                f"{self.url} is on {self.address}, from which nothing is fetched because a page of another site asks."
            )
        return f"The host of {self.url} is {self.address}, a special-use address from which nothing is fetched."

    def advise(self) -> str:
        """Say how it is asked for, or where it may be."""
        if self.is_asked_by_page:
            return "Begin in the client, or open the authorization URL yourself: type or paste it into the browser."
        return self.hint


@dataclass(frozen=True, slots=True)
class ClientDocumentNotPublic(Problem):
    """The client metadata document is on this machine, and devgw was told to read what the deployed gateway can."""

    url: str
    is_key_set: bool = False

    diagnosis: ClassVar = "REG-08"
    error: ClassVar = ErrorCode.INVALID_CLIENT
    hint: ClassVar = (
        "Publish the document on the net over https; or take `strict` and `client_documents` out of [deployed] in "
        "devgw.toml."
    )
    source: ClassVar = "devgw explain deployed"

    def explain(self) -> str:
        """Say where it is, and why that matters here."""
        return (
            _called(self.url, is_key_set=self.is_key_set)
            + " is on this machine, where the deployed gateway cannot read it; devgw.toml says to do as that does."
        )


@dataclass(frozen=True, slots=True)
class ClientDocumentInvalid(Problem):
    """The client metadata document breaks a rule."""

    url: str
    rule: str
    got: str
    expected: str
    passes: str = ""
    """The id of the limit that it passes, if that is why."""
    to_register: str = ""
    """How this very client is made to register instead, where that is known."""
    is_key_set: bool = False
    is_copy: bool = False
    """Whether it is the copy that devgw.toml names, and not what its publisher has."""
    is_of_url: bool = False
    """Whether the URL itself breaks the rule, so that nothing is read there."""
    has_placeholder: bool = False
    """Whether a name stands in it where a value belongs."""

    diagnosis: ClassVar = "REG-09"
    error: ClassVar = ErrorCode.INVALID_CLIENT
    source: ClassVar = "OAuth Client ID Metadata Document §4.1; MCP: Client ID Metadata Documents"

    @property
    def diagnosis_id(self) -> str | None:
        """Return the limit's id where one is passed, and that of a placeholder."""
        return "CONF-01" if self.has_placeholder else self.passes or self.diagnosis

    def explain(self) -> str:
        """Say which rule, with both values."""
        called = _called(self.url, is_key_set=self.is_key_set)
        if self.is_of_url:
            named = "jwks_uri" if self.is_key_set else "client id"
            return f"The {named} {self.url} {self.rule}: {self.got}; expected {self.expected}."
        if self.is_copy:
            called = f"The copy of {self.url} that devgw.toml names"
        return f"{called} {self.rule}: got {self.got}, expected {self.expected}."

    def advise(self) -> str:
        """Say what to publish, or to write into the copy."""
        if self.has_placeholder:
            return "Give the variable in it a value, and publish the document again."
        if self.is_copy:
            return f"Correct that copy: it must have {self.expected}."
        if self.is_of_url:
            named = "jwks_uri, the URL of its key set" if self.is_key_set else "client id, the URL of its document"
            return f"Let the client have another {named}: {self.expected}."
        if not self.to_register:
            return f"Publish the {'key set' if self.is_key_set else 'document'} with {self.expected}."
        return (
            f"Publish the document with {self.expected}. Where it is somebody else's, set gateway.cimdEnabled to false "
            f"in policies.json, and make the client register: {self.to_register}."
        )


@dataclass(frozen=True, slots=True)
class ClientDocumentsDisabled(Problem):
    """A URL came as client id, but the policy has cimdEnabled = false."""

    url: str
    to_register: str = ""
    """How this very client is made to register instead, where that is known."""
    is_key_set: bool = False

    diagnosis: ClassVar = "REG-13"
    fault: ClassVar = Fault.CONFIGURATION
    error: ClassVar = ErrorCode.INVALID_CLIENT
    source: ClassVar = "MCP authorization: Client Registration"

    def explain(self) -> str:
        """Say so."""
        return f"The client id {self.url} is a metadata document, which this gateway's policy does not take."

    def advise(self) -> str:
        """Say how the client is made to register; its id stays a URL as long as it remembers it."""
        how = self.to_register or "let it forget this server and connect again, the metadata offers registration alone"
        return f"Make the client register: {how}."
