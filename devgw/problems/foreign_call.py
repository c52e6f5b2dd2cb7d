"""What somebody's MCP server has against a call: with a token that its authorization server just gave, or without one.

Passive watching and the doctor's own login say the same of the same answer.
"""

from dataclasses import dataclass
from typing import ClassVar

from devgw.foreign.text import clean
from devgw.foreign.urls import without_user
from devgw.problems.proxy import UpstreamProblem
from devgw.problems.upstream_status import BY_A_PROXY

_SHOWN = 200


@dataclass(frozen=True, slots=True)
class CallProblem(UpstreamProblem):
    """The MCP server answered a call with a status that says no."""

    owner: str
    """Whose server it is, with its host."""
    asked: str
    """The method of MCP, or of HTTP."""
    status_code: int
    said: str
    """The beginning of its own words, or of its challenge."""

    source: ClassVar = "RFC 9110 §15"

    def explain(self) -> str:
        """Repeat what it said."""
        return f"{self._answered}."

    @property
    def _answered(self) -> str:
        said = f": “{self.said.rstrip('. ')}”" if self.said else ""
        return f"{self.owner[:1].upper()}{self.owner[1:]} answered {self.status_code} to {self.asked}{said}"


@dataclass(frozen=True, slots=True)
class TokenOfAnotherServer(CallProblem):
    """The token is of an authorization server that the MCP server does not name."""

    issuer: str
    """Whose token it is."""
    named: tuple[str, ...]
    """Those that the resource's metadata names."""

    diagnosis: ClassVar = "DISC-16"
    source: ClassVar = "RFC 9728 §2, §7.6"

    def explain(self) -> str:
        """Show both."""
        named = clean(", ".join(self.named), _SHOWN)
        whose = clean(self.issuer, _SHOWN)
        return f"{self._answered}. The token is of {whose}, and the resource's metadata names {named}."

    def advise(self) -> str:
        """Say what must be one."""
        return (
            f"Serve the metadata of {clean(self.named[0], _SHOWN)}, and of no other server, at "
            f"/.well-known/oauth-authorization-server of {self.owner}: clients that read no resource metadata log in "
            f"where that leads. Or let it take the tokens of {clean(self.issuer, _SHOWN)}, and name that in "
            "authorization_servers."
        )


@dataclass(frozen=True, slots=True)
class AudienceForeign(CallProblem):
    """The token is made out to somebody else."""

    audience: tuple[str, ...]
    resource: str

    diagnosis: ClassVar = "AUD-10"
    source: ClassVar = "RFC 8707 §2; RFC 9068 §4"

    def explain(self) -> str:
        """Show both."""
        audience = clean(", ".join(self.audience), _SHOWN)
        return f"{self._answered}. The token's aud is {audience}; the resource is {clean(self.resource, _SHOWN)}."

    def advise(self) -> str:
        """Say who has to write what."""
        return (
            f"Let the authorization server write the `resource` that clients send, {clean(self.resource, _SHOWN)}, "
            f"into `aud` of its tokens; or let {self.owner} take the audience {clean(self.audience[0], _SHOWN)}."
        )


@dataclass(frozen=True, slots=True)
class FreshTokenRefused(CallProblem):
    """A token that was just given is refused."""

    diagnosis: ClassVar = "BEAR-09"
    source: ClassVar = "RFC 6750 §3.1"

    def explain(self) -> str:
        """Say how fresh it is."""
        return f"{self._answered}, with a token that was just given for it; the login itself was in order."

    def advise(self) -> str:
        """Say what to compare."""
        return (
            f"Look into the log of {self.owner}: it does not take the tokens of its own authorization server. Let the "
            "keys, the issuer and the audience that it checks be those of the token."
        )


@dataclass(frozen=True, slots=True)
class OldTokenRefused(CallProblem):
    """A token is refused that ended, or that was not seen to be given."""

    why: str
    """What is known of it, as the end of a sentence."""

    diagnosis: ClassVar = "BEAR-10"
    source: ClassVar = "RFC 6750 §3.1"

    def explain(self) -> str:
        """Say what is known of the token."""
        return f"{self._answered}, with a token that {self.why}."

    def advise(self) -> str:
        """Say what the client does."""
        return "Let the client refresh, or log in again: delete what it keeps for this server if it does neither."


@dataclass(frozen=True, slots=True)
class CallForbidden(CallProblem):
    """The token is taken, and the call is not allowed with it."""

    scope: str = ""
    """What the challenge asks for."""
    page: str = ""
    """The Origin that was sent; empty for none."""
    has_token: bool = True

    diagnosis: ClassVar = "SCOPE-06"
    source: ClassVar = "RFC 6750 §3.1; MCP authorization: Scope Challenge Handling"

    def explain(self) -> str:
        """Say what it wants."""
        wants = f" It asks for the scope {clean(self.scope, _SHOWN)}." if self.scope else ""
        page = f" The request is of a page of {clean(self.page, _SHOWN)}." if self.page else ""
        return f"{self._answered}, {'with' if self.has_token else 'without'} a token.{wants}{page}"

    def advise(self) -> str:
        """Say the change that follows from what is known."""
        if self.scope:
            return f"Let the client log in for the scope {clean(self.scope, _SHOWN)} beside those that it has."
        if self.page:
            return f"Allow pages of {clean(self.page, _SHOWN)} at {self.owner}, or call from a program."
        return (
            f"Give this account or client the right at {self.owner}; where scopes decide, name the missing one in a "
            "challenge with insufficient_scope, so that clients ask for it."
        )


@dataclass(frozen=True, slots=True)
class CallNotAdmitted(CallProblem):
    """A call without a token is answered 403, by which no client knows that it may log in."""

    diagnosis: ClassVar = "PROXY-20"
    source: ClassVar = "RFC 6750 §3.1; RFC 9110 §15.5.4"

    def explain(self) -> str:
        """Say that no token was there to be refused."""
        return f"{self._answered}, without a token."

    def advise(self) -> str:
        """Say what either of the two may do."""
        return (
            f"Let {self.owner} answer 401 with a challenge if a login is to help; else a firewall, or a list of hosts "
            "or addresses before it, turns the client away."
        )


_MEANINGS: dict[int, tuple[str, str]] = {
    400: ("PROXY-20", "Go by its words, and look into the log of {owner}."),
    404: ("PROXY-13", "Give the URL of the MCP endpoint of {owner}: they often listen at /mcp."),
    405: (
        "PROXY-15",
        "Give the URL of its Streamable HTTP endpoint: what answers at this path of {owner} takes no POST.",
    ),
    406: ("PROXY-03", "Let the client send Accept: application/json, text/event-stream."),
    421: ("PROXY-16", "Add the name in the URL to the hosts that {owner} allows."),
    429: ("PROXY-17", "Wait as long as it says: it was asked too often."),
}
_FAILS = 500


@dataclass(frozen=True, slots=True)
class CallNotTaken(CallProblem):
    """A status that has nothing to do with the token."""

    has_session: bool = False

    @property
    def diagnosis_id(self) -> str:
        """Return the id by the status."""
        if self._is_lost_session:
            return "PROXY-04"
        return "PROXY-19" if self.status_code >= _FAILS else _MEANINGS.get(self.status_code, _MEANINGS[400])[0]

    def advise(self) -> str:
        """Say the change for each."""
        if self._is_lost_session:
            return "Let the client initialize anew: the session that it names is not known there any more."
        if self.status_code in BY_A_PROXY:
            return f"Look whether {self.owner} runs: a proxy in front of it answered in its place."
        if self.status_code >= _FAILS:
            return f"Look into the log of {self.owner}: it failed while it answered."
        return _MEANINGS.get(self.status_code, _MEANINGS[400])[1].format(owner=self.owner)

    @property
    def _is_lost_session(self) -> bool:
        return self.has_session and self.status_code == 404


@dataclass(frozen=True, slots=True)
class NoMcpInAnswer(CallProblem):
    """It says 200, and what came is no MCP: a page of login, as of a portal before the server."""

    media_type: str
    is_empty: bool = False

    diagnosis: ClassVar = "NET-06"
    source: ClassVar = "MCP basic/transports: Streamable HTTP"

    def explain(self) -> str:
        """Say what came."""
        if self.is_empty:
            return f"{self._answered}, with an empty body: that is no response."
        named = clean(self.media_type, 80) or "no content-type"
        return f"{self._answered}, with {named}, which is neither JSON nor an event stream."

    def advise(self) -> str:
        """Say what may stand before it."""
        if self.is_empty:
            return f"Let {self.owner} answer each request with a JSON-RPC response."
        return (
            f"Open the URL in a browser: a login page or proxy before {self.owner} may have answered. Join the VPN, or "
            "sign in there."
        )


@dataclass(frozen=True, slots=True)
class CallRedirected(CallProblem):
    """A call is sent elsewhere, where clients take no token along."""

    location: str

    diagnosis: ClassVar = "PROXY-01"
    source: ClassVar = "RFC 9110 §15.4"

    def explain(self) -> str:
        """Say where it leads."""
        return f"{self._answered}, and leads to {self._target or 'nowhere'}."

    def advise(self) -> str:
        """Say which URL to give."""
        where = self._target or "the final URL"
        return f"Give clients {where} itself, if that is the MCP server: they send no token along."

    @property
    def _target(self) -> str:
        return clean(without_user(self.location.partition("?")[0]), _SHOWN)
