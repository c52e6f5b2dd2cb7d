"""Why the gateway could not become a client of an upstream's authorization server."""

from dataclasses import dataclass
from typing import ClassVar

from devgw.foreign.text import clean
from devgw.problems.endpoint_status import NOT_YET
from devgw.problems.upstream import ConnectingProblem
from devgw.problems.upstream_error import TOO_MANY, is_passing


def by_hand(policy: str, redirect_uri: str) -> str:
    """Return what to do where no registration comes about, to be followed to the letter."""
    return (
        f"Register a client there by hand, with exactly the redirect URI {redirect_uri}, and write into the options of "
        f'{policy}: "clientRegistration": {{"mode": "manual", "clientId": "its id", "clientSecret": "its secret"}} '
        "(without clientSecret for a public client)."
    )


@dataclass(frozen=True, slots=True)
class RegistrationProblem(ConnectingProblem):
    """The gateway is no client of this authorization server, and what would make it one."""

    url: str
    """The issuer, or its registration endpoint."""
    policy: str
    redirect_uri: str

    def advise(self) -> str:
        """Say how it is done by hand."""
        return by_hand(self.policy, self.redirect_uri)


@dataclass(frozen=True, slots=True)
class RegistrationImpossible(RegistrationProblem):
    """The authorization server offers neither dynamic registration nor client metadata documents."""

    diagnosis: ClassVar = "REG-01"
    source: ClassVar = "MCP 2026-07-28 §Client Registration"

    def explain(self) -> str:
        """Say what it does not offer."""
        return f"{self.url} offers neither dynamic registration nor client metadata documents."


@dataclass(frozen=True, slots=True)
class ClientDocumentUnfit(RegistrationProblem):
    """The authorization server takes client metadata documents alone, and cannot take that of this machine."""

    document_url: str
    upstream_id: str
    why: str

    diagnosis: ClassVar = "UPST-09"
    source: ClassVar = "OAuth Client ID Metadata Document §3, §6"

    def explain(self) -> str:
        """Say which document, and why it will not do."""
        return (
            f"{self.url} registers nobody and takes client metadata documents, but not {self.document_url}: {self.why}."
        )

    def advise(self) -> str:
        """Say the two ways out."""
        return (
            f"{by_hand(self.policy, self.redirect_uri)} Or publish the document under https and name it in devgw.toml: "
            f'[upstreams.{self.upstream_id}] client_metadata_url = "its https URL".'
        )


@dataclass(frozen=True, slots=True)
class RegistrationRefused(RegistrationProblem):
    """The registration endpoint said no."""

    status_code: int
    upstream_error: str
    description: str
    wait: str = ""
    """See `foreign.retry_after`."""

    source: ClassVar = "RFC 7591 §3.2.2"

    @property
    def diagnosis_id(self) -> str:
        """Return the id: what it said no to, or that it cannot answer now."""
        if self.upstream_error == "invalid_redirect_uri":
            return "REG-05"
        return "UPST-13" if is_passing(self.status_code, self.upstream_error) else "UPST-14"

    def explain(self) -> str:
        """Repeat what it said."""
        said = self.description if self.description != self.upstream_error else ""
        said = said or "it said nothing else"
        return f"{self.url} answered {self.status_code} {self.upstream_error}: {said}"

    def advise(self) -> str:
        """Say to wait where that helps, else how it is done by hand."""
        if is_passing(self.status_code, self.upstream_error):
            return later(self.status_code, self.wait)
        return by_hand(self.policy, self.redirect_uri)


@dataclass(frozen=True, slots=True)
class RegistrationIncomplete(RegistrationProblem):
    """The registration endpoint said yes, and left out what the gateway needs in order to be its client."""

    status_code: int
    missing: str
    method: str = ""
    """How the gateway is to authenticate, by that answer."""
    why: str = ""
    """Why its JSON is not taken, where that is what it lacks."""
    wanted: str = ""
    """What it should have answered with, where that is so."""
    passes: str = ""
    """The id of the limit that it passes, if that is why."""

    diagnosis: ClassVar = "UPST-14"
    source: ClassVar = "RFC 7591 §3.2.1"

    @property
    def diagnosis_id(self) -> str | None:
        """Return the limit's id where one is passed."""
        return self.passes or self.diagnosis

    def explain(self) -> str:
        """Say what is missing, or why it is not read."""
        if self.why:
            said = "to the registration, with JSON that is not taken"
            return f"{self.url} answered {self.status_code} {said}: {self.why}."
        how = f", although the gateway is to authenticate by {self.method}" if self.method else ""
        return f"{self.url} answered {self.status_code} to the registration, without a usable `{self.missing}`{how}."

    def advise(self) -> str:
        """Say what to answer with, and how it is done by hand."""
        by_hand_alone = by_hand(self.policy, self.redirect_uri)
        return f"Let that endpoint answer with {self.wanted}. Else: {by_hand_alone}" if self.wanted else by_hand_alone


@dataclass(frozen=True, slots=True)
class RegistrationAltered(RegistrationProblem):
    """The registration endpoint registered other redirect URIs than the one that the gateway will send."""

    got: tuple[str, ...]

    diagnosis: ClassVar = "UPST-25"
    source: ClassVar = "RFC 7591 §3.2.1"

    def explain(self) -> str:
        """Show both."""
        got = ", ".join(clean(each, 200) for each in self.got) or "none"
        return f"{self.url} was asked to register the redirect URI {self.redirect_uri}, and registered {got}."

    def advise(self) -> str:
        """Say what has to be equal, and how to do without."""
        return f"Let that server register the URI as it was sent. Until then: {by_hand(self.policy, self.redirect_uri)}"


def later(status: int, wait: str) -> str:
    """Return what to do about an authorization server that does not answer now."""
    when = f" in {wait}" if wait else ""
    if status == TOO_MANY:
        return f"Ask it again{when}: it was asked too often."
    if status in NOT_YET:
        return f"Try again{when}: {NOT_YET[status]}. If it stays, look at what stands between it and this machine."
    return f"Look into that server's own log, then try again{when}: it says that the fault is its own."
