"""A foreign server's refusal of a call, whoever made it, and the refusals whose reason the server alone knows."""

from dataclasses import dataclass, field
from typing import ClassVar

from devgw.foreign.text import clean
from devgw.problems.base import ErrorCode
from devgw.problems.proxy import REWRITE_PATTERN, UpstreamProblem

SHOWN = 200
"""Characters of a foreign value in a sentence."""


@dataclass(frozen=True, slots=True)
class UpstreamRefusal(UpstreamProblem):
    """A server answered a call with a status that says no."""

    status_code: int
    beginning: str
    """The first of its own words, without markup; or of its challenge."""
    owner: str = field(default="", kw_only=True)
    """Whose answer it is, in words; empty for a route's upstream."""
    asked: str = field(default="", kw_only=True)
    """The method of MCP, or of HTTP; empty where that says nothing."""
    written_in: str = field(default=REWRITE_PATTERN, kw_only=True)
    """Where the URL stands."""

    error: ClassVar = ErrorCode.SERVER_ERROR
    source: ClassVar = "RFC 9110 §15"

    def explain(self) -> str:
        """Repeat what it said."""
        return f"{self._answered}{self._said}."

    @property
    def _whose(self) -> str:
        return self.owner or f"the upstream {self.url}"

    @property
    def _replaced(self) -> str:
        if not self.owner:
            return "the upstream"
        return self.owner if self.owner.startswith("the ") else "the server"

    @property
    def _answered(self) -> str:
        to = f" to {clean(self.asked, 80)}" if self.asked else ""
        whose = f"The {self._whose[4:]}" if self._whose.startswith("the ") else self._whose
        return f"{whose} answered {self.status_code}{to}"

    @property
    def _said(self) -> str:
        return f": “{self.beginning.rstrip('. ')}”" if self.beginning else " without a word"

    @property
    def _in_its_log(self) -> str:
        """Return where its reason stands."""
        where = "at its words, and into the log" if self.beginning else "into the log"
        return f"Look {where} of {self._whose}"


_CALL = {
    400: "it finds the request wrong",
    402: "a payment is missing",
    407: "a proxy on the way wants a login of its own (Proxy-Authorization)",
    408: "it waited for the request longer than it does",
    411: "it wants a Content-Length, and takes no chunks",
    412: "it says that a condition in the request's head does not hold",
    413: "the body is longer than it takes",
    414: "the URL is longer than it takes",
    415: "it does not take the Content-Type or Content-Encoding of the body",
    417: "it does not do what the Expect header asks",
    425: "it wants the call once more, after the handshake of TLS and not within it",
    426: "it wants another protocol, which its Upgrade header names",
    428: "it wants a condition in the request's head, such as If-Match",
    431: "the head is longer than it takes, all headers together or one of them",
    451: "it may not answer for legal reasons",
}
"""What a status says by its definition, where that is more than its own words (RFC 9110 §15.5; RFC 6585; RFC 8470)."""


@dataclass(frozen=True, slots=True)
class UpstreamRefusedCall(UpstreamRefusal):
    """A status whose reason only the server knows."""

    diagnosis: ClassVar = "PROXY-20"
    source: ClassVar = "RFC 9110 §15.5"

    def advise(self) -> str:
        """Say where its reason stands, and what the status alone says."""
        meant = _CALL.get(self.status_code)
        return (
            f"{self._in_its_log}: {f'{self.status_code} says that {meant}' if meant else 'it alone knows the reason'}."
        )


@dataclass(frozen=True, slots=True)
class UpstreamForgotSession(UpstreamRefusal):
    """404 to a call that names a session."""

    diagnosis: ClassVar = "PROXY-04"
    source: ClassVar = "MCP 2025-11-25 §Session Management"
    hint: ClassVar = "Let the client initialize anew: the session that it names is not known there any more."


@dataclass(frozen=True, slots=True)
class UpstreamForbade(UpstreamRefusal):
    """403, and nothing says that a scope is missing."""

    origin: str
    """Of a page, as the client sent it."""
    credential: str
    """What was sent to say who asks, in words; empty for nothing."""
    is_login: bool = False
    """Whether that is the token of a login."""

    source: ClassVar = "RFC 9110 §15.5.4; MCP 2025-11-25 §Transports, Security Warning"

    @property
    def diagnosis_id(self) -> str:
        """Return the id: a token of a login is refused, or whoever asks."""
        return "SCOPE-06" if self.is_login else "PROXY-18"

    def explain(self) -> str:
        """Repeat what it said, and what went along."""
        went = f"with {self.credential}" if self.credential else "without a credential"
        page = f" The request is of a page of {clean(self.origin, SHOWN)}." if self.origin else ""
        return f"{self._answered}{self._said}. The call went {went}.{page}"

    def advise(self) -> str:
        """Say what may be meant, as far as the request tells: which it is, only its words can say."""
        if self.owner and (self.origin or self.is_login):
            return f"{'Go by its words' if self.beginning else 'It does not say why'}. {self._of_a_client}"
        if self.origin:
            what = f"Add {self.origin} to the origins that {self._whose} allows, if it is that"
        elif self.credential:
            what = f"Give the account or client behind {self.credential} the right to this call, if it is that"
        elif self.written_in == REWRITE_PATTERN:
            what = (
                "Attach the credential that the upstream wants, if it is that: the route's policies send none "
                "(set-upstream-api-key-inbound)"
            )
        else:
            what = "Send the key that it wants, if it is that; where a login is to help, it has to answer 401"
        return f"{what}; else {'go by its words' if self.beginning else 'look into its log: it does not say why'}."

    @property
    def _of_a_client(self) -> str:
        """Return what may be meant of a client that is watched."""
        if self.origin:
            return f"Allow pages of {self.origin} at {self._whose}, if it is that, or call from a program."
        return (
            f"Give this account or client the right at {self._whose}, if it is that; where scopes decide, name the "
            "missing one in a challenge with insufficient_scope, so that clients ask for it."
        )


@dataclass(frozen=True, slots=True)
class UpstreamWantsScope(UpstreamRefusal):
    """403 with a challenge of insufficient_scope."""

    scope: str

    diagnosis: ClassVar = "SCOPE-06"
    source: ClassVar = "RFC 6750 §3.1; MCP authorization: Scope Challenge Handling"

    def explain(self) -> str:
        """Say what it wants."""
        wants = f" It asks for the scope {clean(self.scope, SHOWN)}." if self.scope else " It does not name the scope."
        return f"{self._answered}{self._said}.{wants}"

    def advise(self) -> str:
        """Say what to log in for, or what to name."""
        if self.scope:
            return f"Let the client log in for the scope {clean(self.scope, SHOWN)} beside those that it has."
        return f"Let {self._whose} name the missing scope in its challenge, so that clients ask for it."
