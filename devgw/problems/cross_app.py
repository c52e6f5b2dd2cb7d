"""What either step of cross-app access refuses: the provider's exchange, or the grant at the upstream's."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from devgw.problems.base import Fault
from devgw.problems.upstream_error import CLIENT_REFUSED, is_passing
from devgw.problems.upstream_registration import later
from devgw.problems.upstream_token import TokenAnswerUnreadable, TokenRequestRefused

_TOO_MANY = 429
_BY_ERROR = {
    "invalid_target": (
        "Set idJag.resourceAs.audience and idJag.resourceAs.resource as that server calls them; then save."
    ),
    "invalid_scope": "Set idJag.scopes to what that server offers; then save.",
    "unsupported_grant_type": "Let that server offer {grant} to this client, or correct {leg}.tokenUrl; then save.",
}


class CrossAppLeg(StrEnum):
    """The two steps, by the option that describes them."""

    PROVIDER = "idJag.idp"
    UPSTREAM = "idJag.resourceAs"

    @property
    def fault(self) -> Fault:
        """Return whose answer it is."""
        return Fault.PROVIDER if self is CrossAppLeg.PROVIDER else Fault.UPSTREAM

    def named(self, diagnosis_id: str, status: int) -> str:
        """Return the id of a refusal at this step: what is told of an upstream's server is not told of the provider."""
        if self is CrossAppLeg.UPSTREAM:
            return diagnosis_id
        passing = "IDT-34" if status == _TOO_MANY else "IDT-25"
        of_provider = {"UPST-13": passing, "UPST-15": "TOK-07", "UPST-16": "UPST-26", "UPST-06": "UPST-26"}
        return of_provider.get(diagnosis_id, diagnosis_id)


@dataclass(frozen=True, slots=True)
class CrossAppRefused(TokenRequestRefused):
    """One of the two token endpoints of cross-app access said no, in OAuth's own words."""

    leg: CrossAppLeg = CrossAppLeg.PROVIDER

    source: ClassVar = "draft-ietf-oauth-identity-assertion-authz-grant §4.3, §4.4; RFC 6749 §5.2"

    @property
    def fault(self) -> Fault:  # type: ignore[override]  # known by the step
        """Return whose answer it is."""
        return self.leg.fault

    @property
    def diagnosis_id(self) -> str:
        """Return the id of what it refused."""
        return self.leg.named(self._kind, self.status_code)

    @property
    def _kind(self) -> str:
        if is_passing(self.status_code, self.upstream_error):
            return "UPST-13"
        if self.upstream_error in CLIENT_REFUSED:
            return "UPST-15"
        return {"invalid_target": "AUD-07", "invalid_scope": "UPST-06"}.get(self.upstream_error, "UPST-26")

    def advise(self) -> str:
        """Say which option, or which setting of that server, decides it; nobody has anything to connect."""
        if is_passing(self.status_code, self.upstream_error):
            return later(self.status_code, self.wait)
        if self.upstream_error in CLIENT_REFUSED:
            return f"Correct id, secret and method in {self.leg}.clientAuth, as that server has them; then save."
        if known := _BY_ERROR.get(self.upstream_error):
            grant = (
                "token exchange (RFC 8693)" if self.leg is CrossAppLeg.PROVIDER else "the jwt-bearer grant (RFC 7523)"
            )
            return known.format(grant=grant, leg=self.leg)
        if self.leg is CrossAppLeg.UPSTREAM:
            return (
                "Let that server take assertions of the identity provider for this client, and set "
                "idJag.resourceAs.audience to its own issuer; then save."
            )
        return (
            "Sign in again through the MCP client, if the identity token is old; else let the identity provider allow "
            "this client to exchange it for that audience."
        )


@dataclass(frozen=True, slots=True)
class CrossAppAnswerUnreadable(TokenAnswerUnreadable):
    """One of the two token endpoints of cross-app access answered neither a token nor an error in OAuth's form."""

    leg: CrossAppLeg = CrossAppLeg.PROVIDER

    @property
    def fault(self) -> Fault:  # type: ignore[override]  # known by the step
        """Return whose answer it is."""
        return self.leg.fault

    @property
    def diagnosis_id(self) -> str:
        """Return the id of what came."""
        return self.leg.named(self.kind, self.status_code)
