"""What an OAuth endpoint of somebody's authorization server has against a client's request.

Nobody here decides there: each says what was answered, whose it would be to change something, and what is known beyond
that. Passive watching and the doctor say the same of the same answer (`problems.endpoint_answer` chooses).
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from devgw.foreign.text import clean
from devgw.foreign.urls import without_user
from devgw.problems.base import Fault
from devgw.problems.proxy import UpstreamProblem

SHOWN = 200
"""Characters of the other side's own words, and of its URLs."""
_TOO_OFTEN = 429


class EndpointKind(StrEnum):
    """Which endpoint it is, in words."""

    REGISTRATION = "registration endpoint"
    AUTHORIZATION = "authorization endpoint"
    TOKEN = "token endpoint"
    PUSHED = "pushed authorization request endpoint"


@dataclass(frozen=True, slots=True)
class EndpointRefusal(UpstreamProblem):
    """An endpoint said no, or nothing that a client can use."""

    endpoint: EndpointKind
    owner: str
    """Whose it is, with its host."""
    status_code: int
    """0 where the browser was sent back with an error."""
    error_code: str
    """Of OAuth; empty where it gave none."""
    said: str
    """The beginning of its own words."""

    source: ClassVar = "RFC 6749 §4.1.2.1, §5.2"

    def explain(self) -> str:
        """Repeat what it said."""
        return f"The {self._where} {self._answered}."

    @property
    def _where(self) -> str:
        return f"{self.endpoint} of {self.owner} ({self._at})"

    @property
    def _at(self) -> str:
        return clean(self.url.partition("?")[0], SHOWN)

    @property
    def _answered(self) -> str:
        code = " ".join(filter(None, [str(self.status_code or ""), self.error_code]))
        sent = (
            f"answered {code or 'nothing'}" if self.status_code else f"sent the browser back with {code or 'nothing'}"
        )
        return f"{sent}: “{self.said.rstrip('. ')}”" if self.said else sent

    @property
    def _so_it_says(self) -> str:
        """Return whose words to go by."""
        return f"Go by its words; {self.owner} alone knows more, and its log says it."


@dataclass(frozen=True, slots=True)
class EndpointDead(EndpointRefusal):
    """Nothing takes the request there."""

    is_named: bool = True
    """Whether the server's own metadata names it; else the client assumed it, as revision 2025-03-26 has it."""

    source: ClassVar = "RFC 8414 §2; RFC 7591 §3"

    @property
    def diagnosis_id(self) -> str:
        """Return the id: a registration that there is not, or another endpoint."""
        if self.endpoint is not EndpointKind.REGISTRATION:
            return "DISC-15"
        return "REG-16" if self.is_named else "REG-01"

    def explain(self) -> str:
        """Say who names it."""
        whose = "its metadata names it" if self.is_named else "no metadata names it, and the client assumed it"
        return f"The {self._where} {self._answered}; {whose}."

    def advise(self) -> str:
        """Say what to serve, and how a client does without registration."""
        if self.endpoint is EndpointKind.REGISTRATION:
            named = (
                f"Serve registration (RFC 7591) at {self._at}, or take registration_endpoint out of the metadata of "
                f"{self.owner}"
            )
            first = named if self.is_named else f"Offer registration (RFC 7591) at {self.owner}"
            return f"{first}; until then give the client an id that was registered there by hand."
        member = self.endpoint.replace(" ", "_")
        how = f"correct {member} in the metadata" if self.is_named else f"publish metadata (RFC 8414) with {member}"
        return f"Serve the {self.endpoint} at {self._at}, or {how} of {self.owner}."


@dataclass(frozen=True, slots=True)
class EndpointFailing(EndpointRefusal):
    """It cannot answer now, whatever is asked."""

    wait: str = ""
    """See `foreign.retry_after`."""

    diagnosis: ClassVar = "UPST-13"
    source: ClassVar = "RFC 6749 §4.1.2.1; RFC 9110 §15.6"

    def advise(self) -> str:
        """Say to wait, or where to look."""
        when = f" in {self.wait}" if self.wait else " later"
        if self.status_code == _TOO_OFTEN:
            return f"Try again{when}: it was asked too often."
        return f"Look into the log of {self.owner}, then try again{when}: it says that the fault is its own."


@dataclass(frozen=True, slots=True)
class EndpointAnswersPage(EndpointRefusal):
    """A page, or anything else that is no JSON, came where a client reads JSON."""

    media_type: str = ""
    location: str = ""
    """Where a redirect leads; empty where it is none."""
    miscoded: str = ""
    """In what its body stands, where that is not what it says."""

    diagnosis: ClassVar = "DISC-05"
    source: ClassVar = "RFC 6749 §5.1, §5.2; RFC 7591 §3.2"

    def explain(self) -> str:
        """Say what came."""
        if self.location:
            return f"The {self._where} {self._answered} and leads to {self._led_to}: clients send no form on there."
        if self.miscoded:
            return f"The {self._where} {self._answered}, with a body that is not taken: {self.miscoded}."
        came = (clean(self.media_type, 80) or "no content type") if self.said else "nothing in its body to be read"
        return f"The {self._where} {self._answered}, with {came} where JSON belongs."

    def advise(self) -> str:
        """Say what to do about the page, the redirect, or the bytes."""
        if self.location:
            return (
                f"Let the {self.endpoint} of {self.owner} answer by itself: let its requests past a login, if that is "
                f"what stands at {self._led_to}; else name that URL in the metadata, if it is the endpoint."
            )
        if self.miscoded:
            wanted = "JSON in UTF-8, packed only as its Content-Encoding says"
            return f"Let the {self.endpoint} of {self.owner} write {wanted}."
        return (
            f"Let the {self.endpoint} of {self.owner} answer as JSON; where something before it answered, let that "
            "pass the request. The reason is in its words, or in the log of whoever answered."
        )

    @property
    def _led_to(self) -> str:
        return clean(without_user(self.location.partition("?")[0]), SHOWN)


@dataclass(frozen=True, slots=True)
class RedirectNotTaken(EndpointRefusal):
    """The redirect URI is none that the server has for the client."""

    redirect_uri: str = ""
    known: tuple[str, ...] = ()
    """Those that the client registered here before; empty where that was not seen."""

    diagnosis: ClassVar = "RURI-12"
    fault: ClassVar = Fault.CLIENT
    source: ClassVar = "RFC 6749 §3.1.2.4; RFC 8252 §7.3"

    def explain(self) -> str:
        """Show both."""
        asked = f" The redirect URI was {clean(self.redirect_uri, SHOWN)}" if self.redirect_uri else ""
        had = f"; registered are {clean(', '.join(self.known), SHOWN)}" if self.known else ""
        return f"The {self._where} {self._answered}.{asked}{had}{'.' if asked else ''}"

    def advise(self) -> str:
        """Say where it has to be registered."""
        return f"Register exactly that redirect URI at {self.owner}, or let the client send one that is registered."


@dataclass(frozen=True, slots=True)
class LoginAnsweredElsewhere(EndpointRefusal):
    """The answer to a login went to another URI than the one that the request names."""

    redirect_uri: str = ""
    place: str = ""
    """Where it went, without its query."""

    diagnosis: ClassVar = "RURI-16"
    source: ClassVar = "RFC 6749 §4.1.2"

    def explain(self) -> str:
        """Show both."""
        asked, got = clean(self.redirect_uri, SHOWN), clean(self.place, SHOWN)
        return f"The {self._where} sends the answer to this login to {got}; the client waits for it at {asked}."

    def advise(self) -> str:
        """Say where it belongs."""
        return f"Let {self.owner} send the browser to the redirect_uri of the request, to the letter."


@dataclass(frozen=True, slots=True)
class ResourceNotTaken(EndpointRefusal):
    """The server does not take the `resource` that the client names, as MCP asks."""

    resource: str = ""

    diagnosis: ClassVar = "AUD-07"
    source: ClassVar = "RFC 8707 §2"

    def explain(self) -> str:
        """Say which."""
        asked = f" The resource was {clean(self.resource, SHOWN)}." if self.resource else ""
        return f"The {self._where} {self._answered}.{asked}"

    def advise(self) -> str:
        """Say what to allow."""
        what = clean(self.resource, SHOWN) or "the MCP server's URL"
        return f"Let {self.owner} take {what} as `resource`: MCP clients send what the MCP server's metadata names."


@dataclass(frozen=True, slots=True)
class ScopeNotTaken(EndpointRefusal):
    """A scope is not offered, or not to this client."""

    scope: str = ""

    diagnosis: ClassVar = "SCOPE-01"

    def explain(self) -> str:
        """Say which were asked for."""
        asked = f" The scopes were {clean(self.scope, SHOWN)}." if self.scope else ""
        return f"The {self._where} {self._answered}.{asked}"

    def advise(self) -> str:
        """Say where scopes come from."""
        return f"Let scopes_supported and the challenge name only scopes that {self.owner} gives to this client."


@dataclass(frozen=True, slots=True)
class LoginDenied(EndpointRefusal):
    """The login ended with a no, of the person or of a rule of the server's."""

    diagnosis: ClassVar = "CONS-05"
    source: ClassVar = "RFC 6749 §4.1.2.1"

    def advise(self) -> str:
        """Say the two causes."""
        return (
            f"Allow it on the page of {self.owner}; where nobody was asked, lift the rule there that denies this "
            "person or client."
        )


@dataclass(frozen=True, slots=True)
class RequestNotTaken(EndpointRefusal):
    """It refuses, and its words alone say why."""

    diagnosis: ClassVar = "REQ-11"

    def advise(self) -> str:
        """Point to its words."""
        return self._so_it_says


@dataclass(frozen=True, slots=True)
class NothingSentBack(EndpointRefusal):
    """The browser came back with neither code nor error."""

    got: tuple[str, ...] = ()
    """The parameters that came, by name, with what is odd about each."""

    diagnosis: ClassVar = "UPST-22"
    source: ClassVar = "RFC 6749 §4.1.2"

    def explain(self) -> str:
        """Say what came instead."""
        came = f"{clean(', '.join(self.got), SHOWN)} alone" if self.got else "nothing"
        return f"The {self._where} sent the browser back with {came}: neither one code nor an error."

    def advise(self) -> str:
        """Say what belongs there."""
        return f"Let {self.owner} answer by query parameters, with `code` and `state`."
