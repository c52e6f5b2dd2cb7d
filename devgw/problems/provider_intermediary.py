"""Who answered in the place of the identity provider's token endpoint, and so the provider said nothing."""

from dataclasses import dataclass
from typing import ClassVar

from devgw.foreign.intermediary import Intermediary
from devgw.foreign.intermediary_mark import Intervention
from devgw.problems.base import Fault
from devgw.problems.upstream_no_mcp import IntermediaryAnswered


@dataclass(frozen=True, slots=True)
class ProviderIntermediaryAnswered(IntermediaryAnswered):
    """A firewall, a tunnel or a page for people stands before the provider, on the way from this machine to it."""

    fault: ClassVar = Fault.PROVIDER

    def advise(self) -> str:
        """Say whose requests have to pass: the gateway's, and no client's."""
        if self.does is Intervention.WANTS_LOGIN:
            return "Let the gateway's requests to this URL past that page, or correct browserLogin.tokenUrl."
        return super(ProviderIntermediaryAnswered, self).advise()


def intermediary_of_provider(url: str, status: int, said: str, it: Intermediary) -> ProviderIntermediaryAnswered:
    """Return who answered in the provider's place, and what it does there."""
    return ProviderIntermediaryAnswered(
        *(url, status, said, it.name, it.does, it.mark, it.change),
        owner="the identity provider's token endpoint",
        written_in="browserLogin.tokenUrl",
    )
