"""Why no login comes about at an upstream's authorization server: its error pages, and our redirect URI refused."""

from dataclasses import dataclass
from typing import ClassVar

from devgw.problems.upstream import ConnectingProblem
from devgw.problems.upstream_document import DocumentProblem
from devgw.problems.upstream_error import CLIENT_REFUSED, TOO_MANY, is_passing
from devgw.problems.upstream_registration import later
from devgw.problems.upstream_token import TAKE_THE_RESOURCE

_NOT_THERE = frozenset({404, 405, 410, 501})
_LOOKS_AT_WHO_ASKS = frozenset({401, 403, TOO_MANY})
"""What gates against robots answer too: a browser may see something else."""
_KNOWN = {"invalid_target": "AUD-07", "invalid_scope": "UPST-06"}


@dataclass(frozen=True, slots=True)
class UpstreamLoginRefused(DocumentProblem):
    """The authorization request of a connection gets an error page, asked for once more without a browser."""

    url: str
    """The authorization endpoint, without the request."""
    status_code: int
    upstream_error: str
    """The `error` of its JSON; empty where it has none."""
    beginning: str
    """The first words of what it says, without markup."""
    redirect_uri: str
    scope: str = ""

    source: ClassVar = "RFC 6749 §4.1.2.1"

    @property
    def diagnosis_id(self) -> str:
        """Return the id: out of order, what its `error` refuses, or a page of its own."""
        if is_passing(self.status_code, self.upstream_error):
            return "UPST-13"
        if self.upstream_error in CLIENT_REFUSED:
            return "UPST-15"
        return _KNOWN.get(self.upstream_error, "UPST-23")

    @property
    def is_certain(self) -> bool:
        """Tell whether a browser would be answered the same."""
        return self.status_code not in _LOOKS_AT_WHO_ASKS or bool(self.upstream_error)

    def explain(self) -> str:
        """Say what came."""
        words = f"{self.upstream_error}: {self.beginning}" if self.upstream_error else self.beginning
        said = f": “{words.strip(': .')}”" if words else " without a word"
        return (
            f"The browser was sent to {self.url} and is not back; asked for the same without a browser, that answers "
            f"{self.status_code}{said}."
        )

    def advise(self) -> str:
        """Say what mends it."""
        if is_passing(self.status_code, self.upstream_error):
            return later(self.status_code, "")
        if self.status_code in _NOT_THERE:
            line = 'authorization_endpoint = "<its URL>"'
            mended = self.in_devgw_toml("authorization_server_metadata", line)
            return f"Let the provider publish the URL of its login page as authorization_endpoint, or {mended}"
        if self.upstream_error == "invalid_target":
            return TAKE_THE_RESOURCE
        if self.upstream_error == "invalid_scope":
            return f"It was asked for the scopes `{self.scope}`; set `scopes` in the policy to what it offers."
        asked = f"the redirect URI {self.redirect_uri}"
        return f"Do what its words say, at that server: allow this client {asked}, exactly so; then connect again."


@dataclass(frozen=True, slots=True)
class UpstreamRedirectRefused(ConnectingProblem):
    """The upstream's authorization server speaks against the redirect URI of the gateway's client there."""

    issuer: str
    upstream_error: str
    description: str
    client_id: str
    got: str
    """The redirect URI that was sent, to both of its endpoints."""
    nearest: str = ""
    """Another one that its words name."""

    diagnosis: ClassVar = "UPST-27"
    status: ClassVar[int] = 502
    source: ClassVar = "RFC 6749 §3.1.2.2, §4.1.3, §5.2"

    def explain(self) -> str:
        """Repeat what it said, and what was sent."""
        said = ": ".join(filter(None, (self.upstream_error, self.description.rstrip(". "))))
        return f"{self.issuer} answered {said}. The gateway sent redirect_uri={self.got}."

    def advise(self) -> str:
        """Say the two ways: where the client was made by hand, and where the gateway registered itself."""
        return (
            f"Add exactly {self.got} to the redirect URIs of the client {self.client_id} there, if it was made by "
            "hand; one that the gateway registered is registered anew by the link on the page that says this."
        )
