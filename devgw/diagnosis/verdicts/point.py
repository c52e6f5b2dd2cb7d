"""One point of somebody's server: what its check came to, and the trait that clients meet there."""

from dataclasses import dataclass

from devgw.diagnosis.verdicts.check import Check, Verdict
from devgw.diagnosis.verdicts.server_seen import Seen
from devgw.oauth.resource import origin_of

MACHINE = "this machine"


@dataclass(frozen=True, slots=True)
class Point:
    """A check, and what is odd about the server there, in a word of `clients/demands.toml`."""

    check: Check
    trait: str = ""
    """Empty where there is nothing that any client is known to mind."""


@dataclass(frozen=True, slots=True)
class Naming:
    """What a check is called and what was done for it; points are made of it."""

    name: str
    did: str
    owner: str
    """Whose it would be to change something."""

    def good(self, saw: str, trait: str = "") -> Point:
        """Return that nothing is wrong; a trait may be told all the same."""
        return Point(Check(self.name, Verdict.PASS, self.did, saw), trait)

    def odd(self, saw: str, todo: str, diagnosis_id: str = "", trait: str = "") -> Point:
        """Return that some clients, or some ways, fail."""
        return Point(Check(self.name, Verdict.WARN, self.did, saw, todo, diagnosis_id, fault=self.owner), trait)

    def bad(self, saw: str, todo: str, diagnosis_id: str = "", trait: str = "") -> Point:
        """Return that a standard is broken."""
        return Point(Check(self.name, Verdict.FAIL, self.did, saw, todo, diagnosis_id, fault=self.owner), trait)


def of_server(seen: Seen, name: str, did: str) -> Naming:
    """Return the naming of a check of the MCP server itself."""
    return Naming(f"server.{name}", did, f"the MCP server at {seen.origin}")


def of_resource(seen: Seen, name: str, did: str) -> Naming:
    """Return the naming of a check of what the MCP server publishes about itself."""
    return Naming(f"resource.{name}", did, f"the MCP server at {seen.origin}")


def of_issuer(seen: Seen, name: str, did: str) -> Naming:
    """Return the naming of a check of the authorization server."""
    return Naming(f"issuer.{name}", did, f"the authorization server at {origin_of(seen.issuer)}")
