"""How the MCP proxy asks for what it shows an upstream: a credential per subject, or the reason why there is none."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from devgw.config.project import Route
from devgw.ids import ClientId, GrantId, SubjectId, TokenId


@dataclass(frozen=True, slots=True)
class Admitted:
    """Who stands behind a request on an MCP route, once its access token was found good."""

    token_id: TokenId
    grant_id: GrantId
    client_id: ClientId
    client_name: str
    subject_id: SubjectId
    resource: str
    scope: str
    expires_at: datetime
    email: str | None = None
    roles: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    claims: Mapping[str, Any] | None = None
    """What the identity provider said of the subject, for access control by another claim than roles and groups."""
    notes: tuple[str, ...] = ()
    """Hints for the trace, such as a token that was obtained under another loopback name."""


@dataclass(frozen=True, slots=True)
class UpstreamCredential:
    """What is added to a request on its way up."""

    headers: tuple[tuple[bytes, bytes], ...]
    renewable: bool = False
    """Whether a 401 from the upstream is worth one `renew` and one more try."""


class UpstreamCredentials(Protocol):
    """Gets and renews what the upstream of a route wants to see."""

    async def obtain(self, route: Route, admitted: Admitted, origin: str) -> UpstreamCredential:
        """Return the credential for this route and subject; `origin` is the one that the client used.

        Raises:
            Refused: with `ConnectRequired` and the URL at which the person connects.
        """

    async def renew(
        self,
        route: Route,
        admitted: Admitted,
        origin: str,
        challenge: str,
        rejected: UpstreamCredential | None = None,
    ) -> UpstreamCredential:
        """Return a fresh credential after the upstream answered 401 with `challenge` (its WWW-Authenticate).

        Call it for 403 too, where the challenge says `insufficient_scope`. `rejected` is what was shown: whoever comes
        second with the same one gets what the first one's refresh brought.

        Raises:
            Refused: with `ConnectRequired`, after the stored one was marked as of no more use.
        """


class NoCredentials:
    """For routes without a token exchange: nothing is added."""

    async def obtain(self, route: Route, admitted: Admitted, origin: str) -> UpstreamCredential:  # noqa: ARG002
        """Return a credential without any header."""
        return UpstreamCredential(())

    async def renew(
        self,
        route: Route,  # noqa: ARG002
        admitted: Admitted,  # noqa: ARG002
        origin: str,  # noqa: ARG002
        challenge: str,  # noqa: ARG002
        rejected: UpstreamCredential | None = None,  # noqa: ARG002
    ) -> UpstreamCredential:
        """Return the same nothing."""
        return UpstreamCredential(())
