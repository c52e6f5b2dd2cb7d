"""Who signs people in, as the gateway asks it: WorkOS, or any OIDC provider."""

from dataclasses import dataclass
from typing import Protocol

from devgw.gateway.identity import Identity


@dataclass(frozen=True, slots=True)
class LoginRequest:
    """What the identity provider is asked with."""

    callback: str
    state: str
    nonce: str
    challenge: str | None
    """S256 challenge, where the policy asks for PKCE."""
    prompt: str | None = None
    login_hint: str | None = None


class IdentityProvider(Protocol):
    """The provider where people sign in."""

    def authorize_url(self, request: LoginRequest) -> str:
        """Return the URL of the provider's authorization endpoint with this request."""

    async def redeem(self, code: str, callback: str, verifier: str | None, nonce: str) -> Identity:
        """Exchange the code and return who it stands for.

        Raises:
            Refused: with a problem of `problems.login`.
        """
