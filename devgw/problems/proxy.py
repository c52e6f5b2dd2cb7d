"""What went wrong between the gateway and an upstream.

These are answered as JSON-RPC errors whose `code` is the HTTP status a gateway would use.
"""

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import ClassVar
from urllib.parse import urlsplit

from devgw.problems.base import ErrorCode, Fault, Problem

BAD_GATEWAY = 502
GATEWAY_TIMEOUT = 504


@dataclass(frozen=True, slots=True)
class UpstreamProblem(Problem):
    """Something between the gateway and an upstream went wrong."""

    url: str

    fault: ClassVar = Fault.UPSTREAM
    status: ClassVar[int] = BAD_GATEWAY
    code: ClassVar[int] = BAD_GATEWAY
    """What JSON-RPC clients get as `error.code`."""
    error: ClassVar[ErrorCode] = ErrorCode.TEMPORARILY_UNAVAILABLE
    source: ClassVar[str] = "RFC 9110 §15.6.3"


REWRITE_PATTERN = "rewritePattern in config/routes.oas.json"
GIVEN_URL, NAMING_DOCUMENT = "the URL that you gave", "the document that names it"
ASKED_URL = "the URL that the command asks for"
WITHOUT_PROJECT = frozenset({GIVEN_URL, NAMING_DOCUMENT, ASKED_URL})
"""Where a URL stands where there are no files of a project, and so no settings in them."""


@dataclass(frozen=True, slots=True)
class UpstreamNotReached(UpstreamProblem):
    """No connection came about, with the upstream or with the authorization server that protects it."""

    written_in: str = field(default=REWRITE_PATTERN, kw_only=True)
    """Where the URL stands, and so where it would be corrected."""


@dataclass(frozen=True, slots=True)
class UpstreamRefusedConnection(UpstreamNotReached):
    """Nothing listens where the upstream should be."""

    diagnosis: ClassVar = "NET-01"

    def explain(self) -> str:
        """Say where nothing listens."""
        return f"Nothing answers at {self.url}: the connection was refused."

    def advise(self) -> str:
        """Say what to start, or where the URL stands."""
        return f"Start the server that should listen there, or correct {self.written_in}."


@dataclass(frozen=True, slots=True)
class UpstreamNameUnknown(UpstreamNotReached):
    """The upstream's host name does not resolve."""

    host: str
    is_unanswered: bool = field(default=False, kw_only=True)
    """Whether no name server gave an answer, be it no: then nobody knows that the name is wrong."""

    diagnosis: ClassVar = "NET-02"

    @property
    def fault(self) -> Fault:  # type: ignore[override]  # known by who gave no answer
        """Return whose it is: of this machine's network, or of where the name stands."""
        return Fault.MACHINE if self.is_unanswered else Fault.CONFIGURATION

    def explain(self) -> str:
        """Say which name."""
        if self.is_unanswered:
            return f"The host name {self.host} of {self.url} does not resolve: no DNS server answered."
        return f"The host name {self.host} of {self.url} does not resolve."

    def advise(self) -> str:
        """Say where the name stands; localhost is wrong nowhere but on this machine."""
        if self.host == "localhost":
            return "Put the line `127.0.0.1 localhost` back into this machine's hosts file (/etc/hosts)."
        if self.is_unanswered:
            return (
                "Connect this machine to its network or VPN, or mend its DNS. If other names are found from here, "
                f"correct the host in {self.written_in}: container names resolve inside their own network only."
            )
        return (
            f"Correct the host in {self.written_in}; container names resolve inside their own network only, and a "
            "company's names in its network or VPN."
        )


@dataclass(frozen=True, slots=True)
class UpstreamUnreachable(UpstreamNotReached):
    """The upstream cannot be reached, for another reason than a refusal."""

    failure: str

    diagnosis: ClassVar = "NET-07"
    hint: ClassVar = "Check the network, VPN and proxy settings between this machine and that server."

    def explain(self) -> str:
        """Repeat what the system said."""
        return f"{self.url} cannot be reached: {self.failure}."


@dataclass(frozen=True, slots=True)
class ProxyNotReached(UpstreamUnreachable):
    """The proxy that this machine's environment names cannot be reached, so nothing is known of the upstream."""

    fault: ClassVar = Fault.MACHINE

    def advise(self) -> str:
        """Say what to start or to correct."""
        return (
            "Start that proxy, or start devgw again with HTTP_PROXY and HTTPS_PROXY corrected, or with "
            f"{urlsplit(self.url).hostname} in NO_PROXY."
        )


class TlsFault(StrEnum):
    """Why a handshake came to nothing, as far as the TLS library says."""

    UNTRUSTED = "untrusted"
    OPENED = "opened on the way"
    UNCHAINED = "unchained"
    EXPIRED = "expired"
    OTHER_NAME = "other name"
    PLAIN = "plain http"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class UpstreamTlsFailed(UpstreamNotReached):
    """The TLS handshake with the upstream failed."""

    failure: str
    kind: TlsFault = TlsFault.OTHER

    @property
    def fault(self) -> Fault:  # type: ignore[override]  # where plain HTTP answers it is the URL's scheme
        """Return whose it is."""
        return Fault.CONFIGURATION if self.kind is TlsFault.PLAIN else Fault.UPSTREAM

    @property
    def diagnosis_id(self) -> str:
        """Return the id: where plain HTTP answers, nothing is wrong with certificates."""
        return {TlsFault.PLAIN: "NET-08", TlsFault.UNCHAINED: "NET-11"}.get(self.kind, "NET-03")

    def explain(self) -> str:
        """Repeat what TLS said."""
        return f"The TLS handshake with {self.url} failed: {self.failure}."

    def advise(self) -> str:
        """Say the one change for each cause."""
        has_files = self.written_in not in WITHOUT_PROJECT
        also, either = (" (or `ca_file` in devgw.toml)", ", or `ca_file` in devgw.toml,") if has_files else ("", "")
        return {
            TlsFault.PLAIN: f"That port speaks plain HTTP: write http:// in {self.written_in}.",
            TlsFault.OPENED: _TRUST_WHO_OPENS.format(either=either),
            TlsFault.UNCHAINED: _CHAIN_IT.format(also=also),
            TlsFault.EXPIRED: "Renew the server's certificate; or set this machine's clock, if that is what is wrong.",
            TlsFault.OTHER_NAME: f"Write a host name that the certificate is for into {self.written_in}.",
        }.get(self.kind, _TRUST_IT.format(also=also))


_CHAIN_IT = (
    "Let the server send the intermediate certificates with its own (fullchain.pem). Where a company signed it: set "
    "SSL_CERT_FILE to the PEM file of that authority{also}, and start devgw again."
)
_TRUST_IT = (
    "Set SSL_CERT_FILE to the PEM file of the authority that signed the server's certificate{also}, and start devgw "
    "again."
)
_TRUST_WHO_OPENS = (
    "Set SSL_CERT_FILE{either} to the PEM file of the authority at the chain's end: it is that of a proxy or virus "
    "scanner of this network which opens TLS, or the server's own. Then start devgw again."
)


@dataclass(frozen=True, slots=True)
class UpstreamSpeaksTls(UpstreamNotReached):
    """http was spoken on a port that speaks TLS."""

    diagnosis: ClassVar = "NET-08"
    fault: ClassVar = Fault.CONFIGURATION

    def explain(self) -> str:
        """Say what was tried."""
        return f"{self.url} is a URL with http, and that port speaks TLS."

    def advise(self) -> str:
        """Say the scheme."""
        return f"Write https:// in {self.written_in}."


@dataclass(frozen=True, slots=True)
class UpstreamConnectTimedOut(UpstreamNotReached):
    """The upstream could not be reached in time."""

    seconds: float
    is_setting: bool = field(default=False, kw_only=True)
    """Whether `[proxy] connect_timeout` is the limit; what asks of itself, and not for a client, has its own."""

    diagnosis: ClassVar = "NET-04"
    status: ClassVar[int] = GATEWAY_TIMEOUT
    code: ClassVar[int] = GATEWAY_TIMEOUT

    def explain(self) -> str:
        """Say how long it was tried."""
        return f"No connection to {self.url} within {self.seconds:g} s."

    def advise(self) -> str:
        """Say what to look at, and the limit's name where it has one."""
        limit = "; [proxy] connect_timeout is the limit" if self.is_setting else ""
        return f"Check that the host is up, that no firewall drops packets, and whether it wants a VPN{limit}."


@dataclass(frozen=True, slots=True)
class UpstreamAnswerTimedOut(UpstreamProblem):
    """The upstream took the request and began no answer in time."""

    seconds: float
    is_setting: bool = field(default=False, kw_only=True)
    """Whether `[proxy] response_timeout` is the limit; what asks of itself, and not for a client, has its own."""

    diagnosis: ClassVar = "NET-04"
    status: ClassVar[int] = GATEWAY_TIMEOUT
    code: ClassVar[int] = GATEWAY_TIMEOUT

    def explain(self) -> str:
        """Say how long was waited."""
        return f"{self.url} began no answer within {self.seconds:g} s."

    def advise(self) -> str:
        """Say what would come in time, or where to see why nothing did."""
        if self.is_setting:
            return "Let slow tools stream progress, make them faster, or raise [proxy] response_timeout."
        return "Look into that server's own log for this request; no setting of devgw raises this limit."


@dataclass(frozen=True, slots=True)
class UpstreamClosedEarly(UpstreamProblem):
    """The upstream closed the connection before its answer was complete."""

    received: int
    has_begun: bool

    diagnosis: ClassVar = "NET-05"
    hint: ClassVar = (
        "Look at that server's own log for the moment at which it closed the connection. If nothing is there, it may "
        "end idle connections just as the next request comes: raise its keep-alive timeout."
    )

    def explain(self) -> str:
        """Say how far it came."""
        how = f"after {self.received} bytes of its answer" if self.has_begun else "before it answered"
        return f"{self.url} closed the connection {how}."


def without_project(problem: Problem, written_in: str = GIVEN_URL) -> Problem:
    """Return a problem for whoever gave the URL on a command line: there are no files in which to mend it."""
    if isinstance(problem, UpstreamNotReached):
        problem = replace(problem, written_in=written_in)
    if isinstance(problem, UpstreamConnectTimedOut | UpstreamAnswerTimedOut):
        problem = replace(problem, is_setting=False)
    return problem
