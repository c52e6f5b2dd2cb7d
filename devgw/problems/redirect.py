"""Where an upstream sends a request on to, and why that is no answer."""

from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import urlsplit

from devgw.problems.proxy import UpstreamProblem

_CHOICE = 300
_ELSE = " (without a project: give devgw that URL)"
_IN_A_CIRCLE = (
    "Let the upstream answer at this URL itself; what stands before it may wait for a cookie, or for https, which no "
    "redirect brings."
)


@dataclass(frozen=True, slots=True)
class UpstreamRedirected(UpstreamProblem):
    """The upstream answered with a redirect, which the route does not follow."""

    status_code: int
    location: str
    difference: str

    @property
    def diagnosis_id(self) -> str:
        """Return whether it leads anywhere else."""
        return "PROXY-11" if self.location == self.url else "PROXY-01"

    def explain(self) -> str:
        """Say both URLs."""
        if self.location == self.url:
            return f"The upstream {self.url} answered {self.status_code} and leads to itself: that never ends."
        return f"The upstream redirects {self.url} to {self.location} ({self.status_code}; {self.difference})."

    def advise(self) -> str:
        """Say which URL to write, where there is another."""
        if self.location == self.url:
            return _IN_A_CIRCLE
        which = self.location if self._is_moved else f"{self.location}, if that is the MCP endpoint,"
        advice = f"Write {which} as rewritePattern{_ELSE}: beyond its origin a redirect loses the credential."
        return advice if self._is_moved else f"{advice} Else see what it shows: a login, or an error."

    @property
    def _is_moved(self) -> bool:
        """Tell whether it leads to the same path, whatever its slash, by another scheme or host."""
        there = urlsplit(self.location)
        return there.path.rstrip("/") == urlsplit(self.url).path.rstrip("/") and not there.query


@dataclass(frozen=True, slots=True)
class RedirectWantsCredential(UpstreamProblem):
    """Where a redirect led beyond the upstream's origin, a login is wanted, and no credential goes along there."""

    asked: str
    """The route's own upstream."""
    status_code: int

    diagnosis: ClassVar = "PROXY-01"
    source: ClassVar = "RFC 9110 §15.5.2, §15.4"

    def explain(self) -> str:
        """Say who wants it, and that nothing was shown to it."""
        return (
            f"The upstream {self.asked} redirects over another origin to {self.url}, which answered "
            f"{self.status_code}: no credential of the route goes along there."
        )

    def advise(self) -> str:
        """Say which URL to write."""
        return f"Write {self.url} as rewritePattern{_ELSE}, if that server may have the route's credential."


@dataclass(frozen=True, slots=True)
class UpstreamLocationMalformed(UpstreamProblem):
    """The upstream redirects to what is no URL that could be asked."""

    status_code: int
    location: str
    """Cut short, and cleaned."""
    failure: str

    diagnosis: ClassVar = "PROXY-11"
    hint: ClassVar = f"Mend the upstream's redirect, or write the URL that answers itself as rewritePattern{_ELSE}."
    source: ClassVar = "RFC 9110 §10.2.2"

    def explain(self) -> str:
        """Say what it names, and what is wrong with that."""
        return (
            f"The upstream {self.url} answered {self.status_code} with Location: {self.location}, "
            f"which leads nowhere: {self.failure}."
        )


@dataclass(frozen=True, slots=True)
class UpstreamRedirectEmpty(UpstreamProblem):
    """The upstream answers with a redirect that says not where to, or leaves the choice (300)."""

    status_code: int

    diagnosis: ClassVar = "PROXY-11"
    hint: ClassVar = (
        f"Let the upstream answer itself, or name one URL in Location; or write that URL as rewritePattern{_ELSE}."
    )
    source: ClassVar = "RFC 9110 §15.4"

    def explain(self) -> str:
        """Say what it leaves open."""
        if self.status_code == _CHOICE:
            return (
                f"The upstream {self.url} answered 300 and leaves the choice of a URL, which the gateway cannot make."
            )
        return f"The upstream {self.url} answered {self.status_code}, a redirect, without a Location to follow."


@dataclass(frozen=True, slots=True)
class UpstreamRedirectsHere(UpstreamProblem):
    """The upstream sends the call back to this very gateway, which would send it to the upstream again."""

    status_code: int
    location: str

    diagnosis: ClassVar = "PROXY-24"
    hint: ClassVar = (
        f"Let the upstream answer by itself, or write the URL of the MCP server as rewritePattern{_ELSE}: something "
        "before it takes this gateway for its own address."
    )
    source: ClassVar = "RFC 9110 §15.4, §7.6.3"

    def explain(self) -> str:
        """Say where it leads."""
        return (
            f"The upstream {self.url} answered {self.status_code} and leads to {self.location}, which is this gateway: "
            "the call would go round."
        )


@dataclass(frozen=True, slots=True)
class UpstreamTooManyRedirects(UpstreamProblem):
    """Following the upstream's redirects came to no end."""

    hops: int
    is_circle: bool
    """Whether they lead to a URL again that was asked before."""

    @property
    def diagnosis_id(self) -> str:
        """Return whether they lead anywhere."""
        return "PROXY-11" if self.is_circle else "PROXY-01"

    def explain(self) -> str:
        """Say how many were followed."""
        how = "in a circle" if self.is_circle else "without an answer"
        return f"The upstream {self.url} redirected {self.hops} times {how}."

    def advise(self) -> str:
        """Say where the answer is to come from."""
        return _IN_A_CIRCLE if self.is_circle else f"Write the last URL of the chain as rewritePattern{_ELSE}."
