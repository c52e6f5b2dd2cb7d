"""Why the gateway has no credential for an upstream MCP server: nobody connected it, or its metadata will not do."""

from dataclasses import dataclass
from typing import ClassVar

from devgw.foreign.text import clean
from devgw.problems.base import ErrorCode, Fault, Problem


@dataclass(frozen=True, slots=True)
class ConnectingProblem(Problem):
    """Something at or about an upstream."""

    fault: ClassVar = Fault.UPSTREAM
    status: ClassVar[int] = 502
    error: ClassVar[ErrorCode] = ErrorCode.SERVER_ERROR


@dataclass(frozen=True, slots=True)
class ConnectRequired(Problem):
    """There is no usable credential for the upstream: a person has to connect it in a browser."""

    state: str
    """`authenticating`, `reconsent_required` or `admin_connect_required`."""
    upstream_server_id: str
    display_name: str
    operation_id: str
    auth_url: str
    auth_profile_id: str
    cause: str = ""
    """Why, in a sentence, where more is known than the state says."""

    diagnosis: ClassVar[str | None] = None
    fault: ClassVar = Fault.UPSTREAM
    status: ClassVar[int] = 428
    error: ClassVar = ErrorCode.LOGIN_REQUIRED
    code: ClassVar[int] = -32042
    source: ClassVar = "MCP 2025-11-25 §URL mode elicitation; gateway.md §6"

    @property
    def message(self) -> str:
        """Return the sentence for the person."""
        return {
            "reconsent_required": f"{self.display_name} authorization must be renewed.",
            "admin_connect_required": (
                f"An administrator must connect {self.display_name} before this service is available."
            ),
        }.get(self.state, f"Connect {self.display_name} to continue.")

    def explain(self) -> str:
        """Say what is missing, and why."""
        return f"{self.message} {self.cause}".strip()

    def advise(self) -> str:
        """Give the link, and say where it stands whole: a screen shows it without its ticket."""
        return (
            f"Open {self.auth_url} in a browser, then try again; the client's answer has the whole link as `authUrl`."
        )

    def payload(self) -> dict[str, str]:
        """Return the members by which clients of the gateway know it."""
        return {
            "state": self.state,
            "upstreamServerId": self.upstream_server_id,
            "operationId": self.operation_id,
            "authUrl": self.auth_url,
            "nextAction": "redirect",
            "authProfileId": self.auth_profile_id,
        }


# --- fetching from it -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AddressForbidden(ConnectingProblem):
    """An upstream's document points at an address to which neither a gateway (SSRF) nor a browser must be sent."""

    url: str
    why: str
    imitates: bool = False
    """Whether the host reads as another one."""
    is_malformed: bool = False
    """Whether it is no URL that could be asked at all."""

    diagnosis: ClassVar = "UPST-10"
    hint: ClassVar = (
        "Let it lead to a public host by https; an upstream that itself runs on this machine or network may name "
        "private and loopback addresses as well, also by http."
    )
    source: ClassVar = "MCP Security Best Practices §SSRF"

    def explain(self) -> str:
        """Say which and why."""
        return f"{clean(self.url, 200)} is not used: {clean(self.why, 200)}."

    def advise(self) -> str:
        """Say what may be named, or whom to ask about a host."""
        if self.is_malformed:
            return "Write an absolute URL with https there, without user and fragment."
        return "Ask the upstream's maker whether its login page really has that host." if self.imitates else self.hint


@dataclass(frozen=True, slots=True)
class MetadataUnreadable(ConnectingProblem):
    """A metadata URL answered something that is no metadata (DISC-05)."""

    url: str
    status_code: int
    got: str
    answer: str
    why: str = ""
    """Why it is not taken, where it is meant as JSON."""
    wanted: str = ""
    """What should stand there instead, where that is so."""
    passes: str = ""
    """The id of the limit that it passes, if that is why."""

    diagnosis: ClassVar = "DISC-05"
    source: ClassVar = "RFC 8414 §3.2; RFC 9728 §3.2; RFC 8259 §4, §8.1"

    @property
    def diagnosis_id(self) -> str | None:
        """Return the limit's id where one is passed."""
        return self.passes or self.diagnosis

    def explain(self) -> str:
        """Say what came instead, and why it is not taken."""
        if self.why:
            return f"{self.url} answered {self.status_code} with {self.got} that is not taken: {self.why}."
        return f"{self.url} answered {self.status_code} with {self.got} instead of a JSON object: {self.answer}"

    def advise(self) -> str:
        """Say what the document has to be, or what stands in its way."""
        if self.why:
            return f"Let {self.url} answer with {self.wanted}."
        return "Let /.well-known/* past the login page, the single-page app or the tunnel's own page."


# --- discovery --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AuthorizationServerUnknown(ConnectingProblem):
    """The upstream does not say which authorization server protects it, nor is there one at its origin (DISC-09)."""

    upstream_url: str
    tried: tuple[str, ...]

    diagnosis: ClassVar = "DISC-09"
    source: ClassVar = "RFC 9728 §2, §3"

    def explain(self) -> str:
        """List what was tried."""
        return f"{self.upstream_url} names no authorization server. Tried {', '.join(self.tried)}."

    def advise(self) -> str:
        """Say where it would be set."""
        return (
            "Publish protected resource metadata with `authorization_servers`, "
            "or set protectedResourceMetadataUrl in the token exchange policy."
        )


@dataclass(frozen=True, slots=True)
class UpstreamOpen(ConnectingProblem):
    """The upstream answers without a credential and publishes no metadata: there is nothing to connect."""

    upstream_url: str
    policy: str

    diagnosis: ClassVar = "CONF-11"
    fault: ClassVar = Fault.CONFIGURATION
    status: ClassVar[int] = 409
    source: ClassVar = "gateway configuration: token exchange"

    def explain(self) -> str:
        """Say so."""
        return f"{self.upstream_url} answers without a token, so {self.policy} has nothing to get."

    def advise(self) -> str:
        """Say which policy to take off."""
        return f"Take {self.policy} out of policies.inbound of this route, or have the upstream ask for a token."


KEPT = frozenset({401, 403, 407, 421, 451})
"""By which a place refuses to be read: what it has is not known then."""


@dataclass(frozen=True, slots=True)
class AuthorizationServerMetadataMissing(ConnectingProblem):
    """No metadata of the upstream's authorization server was found in any of the places."""

    issuer: str
    tried: tuple[str, ...]
    is_failing: bool = False
    """Whether one of them was answered 429 or 5xx: then the document may be there."""
    kept: str = ""
    """The first of them that was refused, and not said to be absent: then it may be there as well."""

    led: str = ""
    """The first of them that leads elsewhere, which nobody follows."""

    source: ClassVar = "RFC 8414 §3; OpenID Connect Discovery §4"

    @property
    def diagnosis_id(self) -> str:
        """Return which it is: a place that fails, that is kept, that leads elsewhere, or none."""
        if self.is_failing or self.kept:
            return "UPST-13" if self.is_failing else "DISC-20"
        return "DISC-05" if self.led else "DISC-02"

    def explain(self) -> str:
        """List what was tried, in order."""
        tried = ", ".join(self.tried)
        if self.is_failing:
            return f"{self.issuer} cannot give its metadata now. Tried {tried}."
        if self.kept:
            return f"Whether {self.issuer} publishes metadata is not known, for it lets nobody see. Tried {tried}."
        if self.led:
            return f"Whether {self.issuer} publishes metadata is not known: a redirect is not followed. Tried {tried}."
        return f"{self.issuer} publishes no metadata. Tried {tried}."

    def advise(self) -> str:
        """Name the first place."""
        if self.is_failing:
            return "Look into that server's own log, then try again: it says that the fault is its own."
        if self.kept:
            return (
                f"Let everybody read {self.kept}, or answer 404 there if there is none: clients read it before they "
                "log in."
            )
        if self.led:
            return f"Serve the document at {self.led} itself, or answer 404 there if there is none."
        first = self.tried[0].split(" ")[0] if self.tried else self.issuer
        return f"Serve the metadata at {first}; a path of the issuer stands after .well-known."
