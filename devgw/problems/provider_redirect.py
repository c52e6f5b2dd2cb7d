"""Why the identity provider's token endpoint does not redeem a code: it speaks against the gateway's redirect URI."""

from dataclasses import dataclass
from typing import ClassVar

from devgw.problems.base import ErrorCode, Fault, Problem
from devgw.problems.provider_steps import quoted


def add_callback(sent: str) -> str:
    """Return the change: a redirect URI is compared as a string (RFC 9700 §4.1.3)."""
    return (
        f"Add exactly {sent} to the redirect URIs of this client id at the provider (at WorkOS: Redirects; at Entra: "
        "Authentication), and save; then start the connection again."
    )


@dataclass(frozen=True, slots=True)
class ProviderRedirectRefused(Problem):
    """The identity provider's token endpoint speaks against the redirect URI with which the code is redeemed."""

    url: str
    provider_error: str
    description: str
    got: str
    """The redirect URI of the request, which was that of the authorization request too."""
    nearest: str = ""
    """Another one that its words name."""

    diagnosis: ClassVar = "RURI-04"
    fault: ClassVar = Fault.CONFIGURATION
    status: ClassVar = 502
    error: ClassVar = ErrorCode.SERVER_ERROR
    source: ClassVar = "RFC 6749 §4.1.3, §5.2"

    def explain(self) -> str:
        """Repeat what it said, and what was sent."""
        said = quoted(self.provider_error, self.description)
        return f"{self.url} answered {said}. The gateway sent redirect_uri={self.got}, there as with the login."

    def advise(self) -> str:
        """Say what to write at the provider."""
        return add_callback(self.got)
