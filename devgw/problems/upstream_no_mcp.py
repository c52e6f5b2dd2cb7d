"""What came to a call in the place of MCP: a page, nothing, a login for people, or a word of who stands between."""

from dataclasses import dataclass
from typing import ClassVar

from devgw.foreign.intermediary_mark import Intervention
from devgw.foreign.text import clean
from devgw.problems.proxy import REWRITE_PATTERN
from devgw.problems.upstream_refusal import UpstreamRefusal

_NOT_MODIFIED = 304
"""What answers GET and HEAD alone (RFC 9110 §15.4.5)."""


@dataclass(frozen=True, slots=True)
class UpstreamAnswerNotMcp(UpstreamRefusal):
    """The server answered with a page, or anything else that is neither JSON nor an event stream."""

    content_type: str
    holds_message: bool = False
    """Whether it is a message of JSON-RPC all the same."""

    diagnosis: ClassVar = "NET-06"
    source: ClassVar = "MCP basic/transports: Streamable HTTP"

    def explain(self) -> str:
        """Say what came instead."""
        said = self._said if self.beginning else ""
        what = clean(self.content_type, 100) or "no content type"
        if self.status_code == _NOT_MODIFIED:
            return f"{self._answered}, which is of GET alone, to POST: there is no answer in it."
        return f"{self._answered} with {what} where MCP has application/json or text/event-stream{said}."

    def advise(self) -> str:
        """Say what may stand there."""
        if self.status_code == _NOT_MODIFIED:
            return f"Let {self._whose}, or a cache before it, answer each POST anew: 304 answers GET and HEAD alone."
        if self.holds_message:
            return (
                f"Let {self._whose} send it with Content-Type: application/json: it is a message of JSON-RPC, and "
                "clients go by what it is called."
            )
        if self.written_in == REWRITE_PATTERN:
            return (
                "Point rewritePattern at the MCP endpoint itself, or let that name its media type; how the answer "
                "begins is in the trace."
            )
        return (
            f"Open the URL in a browser: a page or a login before {self._whose} may have answered. Join the VPN or "
            "sign in there; or give the URL of the MCP endpoint itself."
        )


@dataclass(frozen=True, slots=True)
class UpstreamGaveNoAnswer(UpstreamRefusal):
    """The server says that all is well, and what it sent answers no request."""

    expected: str
    """The ids that wait; or the request, in words."""

    diagnosis: ClassVar = "PROXY-21"
    source: ClassVar = "MCP 2025-11-25 §Sending Messages to the Server; JSON-RPC 2.0 §5"

    def explain(self) -> str:
        """Say what came."""
        what = f"“{self.beginning}”" if self.beginning else "an empty body"
        return f"{self._answered} with {what}: that is no response to {self.expected}."

    def advise(self) -> str:
        """Say what belongs there."""
        return (
            f"Let {self._whose if self.owner else 'the upstream'} answer each request with `jsonrpc`, its `id`, and "
            f"`result` or `error`; if it is no MCP endpoint, correct {self.written_in}."
        )


@dataclass(frozen=True, slots=True)
class UpstreamWantsLogin(UpstreamRefusal):
    """The server sends a call to a page on which a person would sign in."""

    location: str
    has_credential: bool

    diagnosis: ClassVar = "PROXY-22"
    source: ClassVar = "RFC 9110 §15.4; MCP authorization: servers answer 401"

    def explain(self) -> str:
        """Say where it leads."""
        return f"{self._answered} and leads to {clean(self.location, 200)}, a login page: it wants a login."

    def advise(self) -> str:
        """Say that the URL is right, and what is missing."""
        if self.owner:
            return (
                f"Let {self._replaced} answer 401 with a challenge instead of leading to a login page: that takes a "
                "browser's session, and no MCP client has one."
            )
        if self.has_credential:
            return (
                "Renew the credential that the route sends, its key or its connection: the upstream does not take it."
            )
        return (
            "Leave rewritePattern as it is. Attach what the upstream takes: an API key by "
            "set-upstream-api-key-inbound, or mcp-token-exchange-inbound; or let it answer 401 instead of a page."
        )


_IDS = {
    Intervention.REACHES_NOBODY: "PROXY-26",
    Intervention.KNOWS_NO_ROUTE: "PROXY-13",
    Intervention.FAILS: "PROXY-19",
    Intervention.TURNS_AWAY: "PROXY-27",
    Intervention.SHOWS_NO_ROUTE: "PROXY-27",
    Intervention.CHALLENGES: "PROXY-27",
    Intervention.WANTS_LOGIN: "PROXY-22",
    Intervention.WANTS_KEY: "PROXY-28",
}
_CHANGES = {
    Intervention.REACHES_NOBODY: "Start the server, see that {name} looks for it where it listens, and that {where} "
    "still names it.",
    Intervention.KNOWS_NO_ROUTE: "Correct host and path of {where}, or add them at {name}.",
    Intervention.FAILS: "Look into the log of {name}, and into that of the server behind it.",
    Intervention.TURNS_AWAY: "Let {name} pass the requests of MCP clients: its own log says by which rule it turned "
    "this one away.",
    Intervention.SHOWS_NO_ROUTE: "Compare host, path and method of {where} with the routes of {name}; if the route is "
    "there, sign the request as that wants, or let it do without.",
    Intervention.CHALLENGES: "Let {name} pass requests to this URL without it: no MCP client solves what is for "
    "browsers.",
    Intervention.WANTS_LOGIN: "Let {name} pass requests to this URL without its page, or write a URL that leads past "
    "it into {where}: no MCP client signs in on a page.",
    Intervention.WANTS_KEY: "Send the key that {name} wants, in the header that its words or its documentation name.",
}


@dataclass(frozen=True, slots=True)
class IntermediaryAnswered(UpstreamRefusal):
    """Who stands before the server answered in its place, and so the server said nothing."""

    name: str
    does: Intervention
    mark: str
    """By what it is known, as it stands in the answer."""
    change: str
    """What its maker says to do; empty for the usual."""

    source: ClassVar = "RFC 9110 §3.7"

    @property
    def diagnosis_id(self) -> str:
        """Return the id by what it does."""
        return _IDS[self.does]

    @property
    def has_kept_back(self) -> bool:
        """Tell whether the server behind it saw nothing of the request."""
        return self.does is not Intervention.FAILS

    def explain(self) -> str:
        """Say who it is, and by what that is known."""
        said = self._said if self.beginning else ""
        to = f" to {clean(self.asked, 80)}" if self.asked else ""
        return (
            f"At {self.url} {self.name} answered {self.status_code}{to}, in the place of {self._replaced}{said}. It "
            f"{self.does} ({self.mark})."
        )

    def advise(self) -> str:
        """Say what to change at it."""
        return self.change or _CHANGES[self.does].format(name=self.name, where=self.written_in)
