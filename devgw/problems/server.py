"""Why devgw is not put in front of an MCP server whose URL somebody typed: what was seen there, and what to try."""

from dataclasses import dataclass
from typing import ClassVar

from devgw.foreign.text import clean
from devgw.problems.base import Fault
from devgw.problems.proxy import UpstreamClosedEarly, UpstreamTlsFailed
from devgw.problems.upstream import ConnectingProblem
from devgw.problems.upstream_answer import UpstreamAnswerMalformed
from devgw.problems.upstream_credential import account_scheme, for_account


@dataclass(frozen=True, slots=True)
class ServerNotMcp(ConnectingProblem):
    """Something answers at the URL, and not as an MCP server does."""

    url: str
    status_code: int
    media_type: str
    beginning: str
    """The first words of its body, without markup."""
    tried: tuple[str, ...]
    """Other URLs of its origin, at which there is none either."""
    led_to: str = ""
    """Where a redirect led, which gave the answer; empty where none did."""

    fault: ClassVar = Fault.CONFIGURATION
    source: ClassVar = "MCP basic/transports: Streamable HTTP"
    hint: ClassVar = (
        "Give the URL of the MCP endpoint itself, as the server's documentation has it; if a login page, a firewall "
        "or a company's proxy answered, sign in there, join the VPN, or ask its owner to let you through first."
    )

    @property
    def diagnosis_id(self) -> str:
        """Return the id: nothing there, nothing that takes POST, or something else than MCP."""
        return {404: "PROXY-13", 410: "PROXY-13", 405: "PROXY-15"}.get(self.status_code, "NET-06")

    def explain(self) -> str:
        """Say what came, and where else was looked."""
        said = f" (“{self.beginning.rstrip('.')}”)" if self.beginning else ""
        also = f", nor at {' or '.join(self.tried)}" if self.tried else ""
        came = f"{self.status_code} {self.media_type or 'without a type'}"
        who = f"it redirects to {self.led_to}, which answered" if self.led_to else "it answered"
        if self.diagnosis_id != "NET-06":
            return f"There is no MCP server at {self.url}{also}: {who} {came}{said}."
        return f"No MCP server is seen at {self.url}{also}: {who} {came}{said}; one may be behind that."


@dataclass(frozen=True, slots=True)
class ServerElsewhere(ConnectingProblem):
    """The URL redirects to another origin, where the person did not ask to be led."""

    url: str
    status_code: int
    location: str

    fault: ClassVar = Fault.CONFIGURATION
    source: ClassVar = "RFC 9110 §15.4"

    @property
    def diagnosis_id(self) -> str:
        """Return whether it leads anywhere else."""
        return "PROXY-11" if self.location == self.url else "PROXY-01"

    def explain(self) -> str:
        """Say where it leads."""
        return f"{self.url} answers {self.status_code} and leads to {clean(self.location, 200)}, which is not followed."

    def advise(self) -> str:
        """Say which URL to give."""
        if self.location == self.url:
            return (
                "Look at the server, or at the proxy before it: a redirect to the very URL that was asked never ends."
            )
        return (
            f"If {clean(self.location.partition('?')[0], 200)} is the MCP server, give that URL; if it is a login "
            "page, the server takes a browser's session and no MCP client."
        )


@dataclass(frozen=True, slots=True)
class ServerSpeaksHttp2(ConnectingProblem):
    """HTTP/1.1 came to nothing, and HTTP/2 is agreed to."""

    url: str

    diagnosis: ClassVar = "NET-12"
    source: ClassVar = "RFC 9113 §3.2, §3.3"
    hint: ClassVar = "Let the server, or the edge in front of it, speak HTTP/1.1 too: devgw speaks that alone."

    def explain(self) -> str:
        """Say both."""
        return f"{self.url} does not answer HTTP/1.1, and speaks HTTP/2."


MAY_BE_HTTP2 = (UpstreamAnswerMalformed, UpstreamClosedEarly, UpstreamTlsFailed)
"""What comes of speaking HTTP/1.1 to who speaks HTTP/2 alone."""


@dataclass(frozen=True, slots=True)
class ServerWantsKey(ConnectingProblem):
    """The server refuses a call without a credential, and nothing says where a login is to be had."""

    url: str
    status_code: int
    challenge: str

    diagnosis: ClassVar = "UPST-19"
    fault: ClassVar = Fault.CONFIGURATION
    source: ClassVar = "RFC 9728 §3; MCP 2025-03-26 §Authorization"

    def explain(self) -> str:
        """Say what was asked for, and what is missing."""
        said = f" with the challenge {clean(self.challenge, 200)}" if self.challenge else " without a challenge"
        return (
            f"{self.url} answered {self.status_code}{said}, and neither it nor its origin publishes OAuth metadata: it "
            f"wants {'an account' if account_scheme(self.challenge) else 'a key'}."
        )

    def advise(self) -> str:
        """Say how it is given."""
        if scheme := account_scheme(self.challenge):
            return for_account(scheme, "Give a header with --header")
        return "Give its key as a header: --header 'Authorization: Bearer <the key>', or the name that it wants."


@dataclass(frozen=True, slots=True)
class ServerRefusedKey(ConnectingProblem):
    """The header that was given does not open the server."""

    url: str
    status_code: int
    header: str
    """Its name, or their names."""

    diagnosis: ClassVar = "UPST-03"
    fault: ClassVar = Fault.CONFIGURATION
    source: ClassVar = "RFC 9110 §15.5.2"
    hint: ClassVar = "Correct name or value of --header: some servers want `Authorization: Bearer`, others `X-API-Key`."

    def explain(self) -> str:
        """Say that it was sent."""
        return f"{self.url} answered {self.status_code} although {self.header} was sent."


@dataclass(frozen=True, slots=True)
class ClientIdWanted(ConnectingProblem):
    """The server's authorization server registers nobody by itself."""

    issuer: str
    redirect_uri: str
    why: str
    """In a sentence."""

    diagnosis: ClassVar = "REG-01"
    source: ClassVar = "MCP 2026-07-28 §Client Registration"

    def explain(self) -> str:
        """Say why no client comes about."""
        return self.why

    def advise(self) -> str:
        """Say how to get one, to the letter."""
        return (
            f"Register a client at {clean(self.issuer, 200)} by hand, with exactly the redirect URI "
            f"{self.redirect_uri}, then give its id with --client-id, and with --client-secret-env the name of the "
            "variable that holds its secret, where it has one."
        )
