"""What either step of cross-app access refuses: the provider's exchange, or the grant at the upstream's."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from devgw.problems.upstream_error import CLIENT_REFUSED, is_passing
from devgw.problems.upstream_registration import later
from devgw.problems.upstream_token import TokenRequestRefused


class Leg(StrEnum):
    """The two steps, by the option that describes them."""

    PROVIDER = "idJag.idp"
    UPSTREAM = "idJag.resourceAs"


@dataclass(frozen=True, slots=True)
class CrossAppRefused(TokenRequestRefused):
    """One of the two token endpoints of cross-app access said no, in OAuth's own words."""

    leg: Leg = Leg.PROVIDER

    source: ClassVar = "draft-ietf-oauth-identity-assertion-authz-grant §4.3, §4.4; RFC 6749 §5.2"

    @property
    def diagnosis_id(self) -> str:
        """Return the id of what it refused."""
        if is_passing(self.status_code, self.upstream_error):
            return "UPST-13"
        if self.upstream_error in CLIENT_REFUSED:
            return "UPST-15"
        return {"invalid_target": "AUD-07", "invalid_scope": "UPST-06"}.get(self.upstream_error, "UPST-26")

    def advise(self) -> str:
        """Say which option, or which setting of that server, decides it; nobody has anything to connect."""
        if is_passing(self.status_code, self.upstream_error):
            return later(self.status_code, self.retry_after)
        if self.upstream_error in CLIENT_REFUSED:
            return f"Correct id, secret and method in {self.leg}.clientAuth, as that server has them; then save."
        if self.upstream_error == "invalid_target":
            return "Set idJag.resourceAs.audience and idJag.resourceAs.resource as that server calls them; then save."
        if self.upstream_error == "invalid_scope":
            return "Set idJag.scopes to what that server offers; then save."
        if self.leg is Leg.UPSTREAM:
            return (
                "Let that server take assertions of the identity provider for this client, and set "
                "idJag.resourceAs.audience to its own issuer; then save."
            )
        return (
            "Sign in again through the MCP client, if the identity token is old; else let the identity provider allow "
            "this client to exchange it for that audience."
        )
