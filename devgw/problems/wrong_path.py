"""Why a path is answered with 404: nothing is served there, and what was meant."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from devgw.problems.base import Problem


class Meant(StrEnum):
    """What a request to a path that is none was for, as far as its method, its headers and the path tell."""

    MCP = "the URL of an MCP server"
    METADATA = "the metadata of an MCP server"
    TOKEN = "token"
    REGISTER = "register"
    AUTHORIZE = "authorize"
    REVOKE = "revoke"
    ENDPOINT = "such"
    """Of OAuth, that other servers have and the gateway has not: introspection, userinfo, PAR."""
    CALLBACK = "callback"
    """The identity provider's answer to a login of ours."""
    PAGE = "page"
    """Of the gateway's own, for browsers: one that was open when the base path moved asks for it there."""
    DOCUMENT = "metadata document"
    """Of a route that is served; another form of its address than the standard's."""
    NAME = "document of such a name"
    """Metadata that is served under the name that was meant."""
    NOTHING = "nothing of ours"


_OF_A_ROUTE = frozenset({Meant.MCP, Meant.METADATA})
_OF_CALLBACK = "Register {} at the provider, and let it send the browser to the redirect_uri that it is asked for."
_OF_ENDPOINT = "Use {}, as the authorization server metadata says it."
_OF_NONE = "Take the endpoints from the authorization server metadata, {}; what it does not name is not offered."
_ELSEWHERE = {
    Meant.PAGE: "The base path is another one than when this page was opened: begin again from the client.",
    Meant.NAME: "The name is the standard's, letter by letter (RFC 9728 §3.1, RFC 8414 §3.1).",
    Meant.DOCUMENT: "The well-known segment goes between host and path (RFC 9728 §3.1, RFC 8414 §3.1).",
}
"""What the gateway has, at another path, and what to do about it."""


@dataclass(frozen=True, slots=True)
class PathUnknown(Problem):
    """Nothing is served at the path that was asked for."""

    method: str
    got: str
    """The URL that was asked for, without its query; of metadata: the URL of the server that it would describe."""
    meant: Meant
    nearest: str
    """The URL that was probably meant; empty where it cannot be told."""
    routes: tuple[str, ...]
    """The URLs of all MCP routes."""
    difference: str = ""
    is_of_a_person: bool = False
    """Whether a page is wanted: somebody looks around with a browser, and no client is on its way."""

    status: ClassVar = 404
    source: ClassVar = "RFC 9110 §15.5.5; MCP basic/transports: the MCP endpoint"

    @property
    def diagnosis_id(self) -> str | None:
        """Return which of the ways it is; None for a path that nobody takes for one of ours."""
        if self.meant is Meant.NAME:
            return None if self.is_of_a_person else "DISC-18"
        if self.meant in {Meant.NOTHING, *_ELSEWHERE}:
            return None
        if self.meant is Meant.CALLBACK:
            return "IDT-31"
        return "DISC-14" if self.meant in _OF_A_ROUTE else "DISC-10"

    def explain(self) -> str:
        """Say what is not there, and what is."""
        if self.meant in _ELSEWHERE:
            there = f"; it is {self.nearest}" if self.nearest else ""
            of = "" if self.meant is Meant.NAME else " of the gateway"
            return f"{self.method} {self.got}: no {self.meant}{of} is served at this path{there}."
        if self.meant is Meant.CALLBACK:
            return f"The identity provider sent the browser to {self.got}; it was asked for {self.nearest}."
        if self.meant not in _OF_A_ROUTE:
            what = f"no {self.meant} endpoint" if self.meant is not Meant.NOTHING else "nothing"
            return f"{self.method} {self.got}: there is {what} at this path."
        if self.nearest:
            apart = f" {self.difference}." if self.difference else ""
            return f"No MCP route is served at {self.got}; the nearest is {self.nearest}.{apart}"
        served = f"it serves {', '.join(self.routes)}" if self.routes else "it serves none yet"
        return f"No MCP route of this gateway is served at {self.got}; {served}."

    def advise(self) -> str:
        """Say which URL to use."""
        if self.meant is Meant.NOTHING:
            return f"MCP clients connect to {' or '.join(self.routes)}." if self.routes else ""
        if self.meant in _ELSEWHERE:
            first = f"Ask for {self.nearest}. " if self.meant is not Meant.PAGE and self.nearest else ""
            return first + _ELSEWHERE[self.meant]
        if self.meant not in _OF_A_ROUTE:
            words = {Meant.CALLBACK: _OF_CALLBACK, Meant.ENDPOINT: _OF_NONE}.get(self.meant, _OF_ENDPOINT)
            return words.format(self.nearest)
        if self.nearest:
            return f"Use {self.nearest} as the server's URL in the client."
        if self.routes:
            return f"Use one of these as the server's URL in the client: {', '.join(self.routes)}."
        return "Add an operation with McpProxyHandler to config/routes.oas.json (`devgw init` writes an example)."


@dataclass(frozen=True, slots=True)
class RouteUnprotected(Problem):
    """A document that leads to a login was asked for, of a route that asks for no token: clients look of habit."""

    path: str
    document: str
    """What it would be, in words."""

    diagnosis: ClassVar[str | None] = None
    status: ClassVar = 404
    hint: ClassVar = "Call it without a token: no login is needed, and none leads to a token for it."
    source: ClassVar = "RFC 9728 §1, §3; RFC 8414 §3"

    def explain(self) -> str:
        """Say which route."""
        return f"There is no {self.document} here: {self.path} asks for no token."


@dataclass(frozen=True, slots=True)
class RootFormUnclear(Problem):
    """The metadata of a protected resource was asked for at the root, where there are several, or none."""

    count: int
    """How many routes there are."""

    diagnosis: ClassVar[str | None] = None
    status: ClassVar = 404
    hint: ClassVar = "Ask for the document of one route, with its path behind the well-known segment (RFC 9728 §3.1)."
    source: ClassVar = "RFC 9728 §3.1"

    def explain(self) -> str:
        """Say how many there are."""
        return (
            "There is no protected resource metadata here: the root form is for one route alone, and there are "
            f"{self.count}."
        )


@dataclass(frozen=True, slots=True)
class ParametersInPath(PathUnknown):
    """An endpoint is asked with its parameters in the path, since no `?` stands before them."""

    joint: str = ""
    """What stands in its place: `&`, or a `?` that was percent-encoded."""

    source: ClassVar = "RFC 6749 §3.1, RFC 3986 §3.4"

    @property
    def diagnosis_id(self) -> str:
        """Return that the parameters were changed on their way."""
        return "REQ-04"

    def explain(self) -> str:
        """Say what stands before them."""
        what = "the ? before them was percent-encoded" if self.joint == "?" else f"{self.joint} stands where ? belongs"
        return f"{self.method} {self.got} has its parameters in the path: {what}."

    def advise(self) -> str:
        """Say how to write them."""
        return f"Ask {self.nearest} with a bare ? before the first parameter, and & before each other."


@dataclass(frozen=True, slots=True)
class SentElsewhere(Problem):
    """What was sent to one endpoint is what another one takes."""

    path: str
    what: str
    """`a token request` or `a registration`."""
    endpoint: str
    """How the endpoint is called that takes it: token, or registration."""
    belongs_to: str

    source: ClassVar = "RFC 6749 §3.2; RFC 7591 §3; RFC 7009 §2.1"

    @property
    def diagnosis_id(self) -> str:
        """Return which of the two it is."""
        return "TOK-05" if self.endpoint == "token" else "REG-21"

    def explain(self) -> str:
        """Say what it is."""
        return f"What was sent to {self.path} is {self.what}, and this is not the {self.endpoint} endpoint."

    def advise(self) -> str:
        """Say which endpoint takes it."""
        return f"Send it to {self.belongs_to}, as the authorization server metadata says it."


@dataclass(frozen=True, slots=True)
class MethodRefused(Problem):
    """An endpoint was asked by a method that it does not take."""

    method: str
    path: str
    taken: tuple[str, ...]
    """The methods that it takes."""
    belongs_to: str = ""
    """The token endpoint, where what was sent is a request for it."""

    status: ClassVar = 405
    source: ClassVar = "RFC 6749 §3.2; RFC 7591 §3; RFC 9110 §15.5.6"

    @property
    def diagnosis_id(self) -> str | None:
        """Return its name; None for HEAD and OPTIONS, by which programs look what is there: no client means them."""
        if self.belongs_to:
            return "TOK-05"
        return None if self.method in {"HEAD", "OPTIONS"} else "REQ-06"

    def explain(self) -> str:
        """Say what it takes."""
        if self.belongs_to:
            return f"{self.method} {self.path}: what was sent is a token request, and this is not the token endpoint."
        return f"{self.method} {self.path}: this endpoint takes {' and '.join(self.taken)} alone."

    def advise(self) -> str:
        """Say which method to use, or which endpoint."""
        if self.belongs_to:
            return f"Send it to {self.belongs_to}, as the authorization server metadata says it."
        on_the_way = "; a redirect on the way may have turned it into a GET" if self.method == "GET" else ""
        return f"Send the request by {' or '.join(self.taken)}{on_the_way}."
