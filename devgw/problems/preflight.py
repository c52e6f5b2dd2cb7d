"""Why a browser does not let a page send the request for which it asked (Fetch §4.8, CORS-preflight fetch)."""

from dataclasses import dataclass
from typing import ClassVar

from devgw.foreign.text import clean
from devgw.problems.base import Fault, Problem

_SHOWN = 300


@dataclass(frozen=True, slots=True)
class PreflightNotAllowed(Problem):
    """A page may not call an MCP route by the route's own CORS policy, which devgw was told to run."""

    origin: str
    policy: str

    diagnosis: ClassVar = "CORS-01"
    status: ClassVar = 404
    source: ClassVar = "zuplo.com/docs/articles/cors; devgw explain deployed"

    def explain(self) -> str:
        """Say which policy keeps which page out."""
        page = clean(self.origin, _SHOWN)
        return (
            f'A page of {page} asked whether it may call this route; its corsPolicy "{self.policy}" does not '
            "let it, and devgw.toml says to do as the deployed gateway does."
        )

    def advise(self) -> str:
        """Say how to let it."""
        return (
            f'Give the route a corsPolicy that names {self.origin}, or "anything-goes"; or take `strict` and '
            "`cors_policies` out of [deployed] in devgw.toml."
        )


@dataclass(frozen=True, slots=True)
class NotForPages(Problem):
    """A page asks whether it may call an endpoint that is for no page's scripts."""

    path: str
    origin: str

    diagnosis: ClassVar = "CORS-01"
    status: ClassVar = 405
    source: ClassVar = "Fetch Standard §3.3 (HTTP CORS protocol)"

    def explain(self) -> str:
        """Say which page asked for what."""
        page = clean(self.origin, _SHOWN)
        return f"A page of {page} asked whether it may call {self.path}, which answers no preflight."

    def advise(self) -> str:
        """Say what the page has to leave."""
        return f"Let the page not ask {self.path}: it is not for pages, so the browser stops before it asks."


@dataclass(frozen=True, slots=True)
class PreflightMethodRefused(Problem):
    """A page asks whether it may send a request by a method that is not taken there."""

    method: str
    path: str
    taken: tuple[str, ...]
    policy: str = ""
    """The route's own CORS policy, where that decides."""

    diagnosis: ClassVar = "CORS-08"
    source: ClassVar = "Fetch Standard §3.3.3, §4.8 (Access-Control-Allow-Methods)"

    def explain(self) -> str:
        """Say which method, and what is taken."""
        method = clean(self.method, _SHOWN)
        who = f'the corsPolicy "{self.policy}" lets pages send' if self.policy else "taken there is"
        taken = " and ".join(self.taken) or "nothing"
        return f"A page asked whether it may send {method} to {self.path}; {who} {taken}, so the browser sends nothing."

    def advise(self) -> str:
        """Say by which method to send it, or where it is allowed."""
        if self.policy:
            return f"Add {clean(self.method, _SHOWN)} to allowedMethods of the corsPolicy {self.policy}."
        return f"Let the page send its request by {' or '.join(self.taken)}, as the endpoint takes it."


@dataclass(frozen=True, slots=True)
class PreflightHeadersRefused(Problem):
    """A page asks whether it may send headers that its route's CORS policy does not allow."""

    headers: tuple[str, ...]
    path: str
    policy: str

    diagnosis: ClassVar = "CORS-03"
    fault: ClassVar = Fault.CONFIGURATION
    source: ClassVar = "Fetch Standard §3.3.3, §4.8 (Access-Control-Allow-Headers)"

    def explain(self) -> str:
        """Say which are missing."""
        named = clean(", ".join(self.headers), _SHOWN)
        return (
            f'A page asked whether it may send {named} to {self.path}; the corsPolicy "{self.policy}" does not allow '
            "it, so the browser sends nothing."
        )

    def advise(self) -> str:
        """Say where to add them."""
        return f"Add {clean(', '.join(self.headers), _SHOWN)} to allowedHeaders of the corsPolicy {self.policy}."
