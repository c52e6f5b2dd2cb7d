"""One point of somebody's server: what its check came to, and the trait that clients meet there."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from devgw.diagnosis.urls import split_url
from devgw.diagnosis.verdicts.check import MOST_SHOWN, Answer, Check, Verdict
from devgw.diagnosis.verdicts.server_seen import SeenServer
from devgw.foreign.text import clean
from devgw.foreign.urls import without_user
from devgw.problems.upstream import AddressForbidden

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


def shown(url: str) -> str:
    """Return a URL as it may be shown: cut, and without its user and query, in which some servers have a key."""
    before, mark, _ = url.partition("?")
    return clean(without_user(before), MOST_SHOWN) + ("?…" if mark else "")


def lacks(document: Mapping[str, Any], member: str) -> str:
    """Return that a document has no string there, in words: it may have something else."""
    if member not in document:
        return f"it has no `{member}`"
    if (said := document[member]) == "":
        return f"its `{member}` is empty"
    return f"its `{member}` is {clean(json.dumps(said, ensure_ascii=False), MOST_SHOWN)}, and no string"


def of_server(seen: SeenServer, name: str, did: str) -> Naming:
    """Return the naming of a check of the MCP server itself."""
    return Naming(f"server.{name}", did, f"the MCP server at {seen.origin}")


def of_resource(seen: SeenServer, name: str, did: str) -> Naming:
    """Return the naming of a check of what the MCP server publishes about itself."""
    return Naming(f"resource.{name}", did, f"the MCP server at {seen.origin}")


def of_issuer(seen: SeenServer, name: str, did: str) -> Naming:
    """Return the naming of a check of the authorization server."""
    return Naming(f"issuer.{name}", did, f"the authorization server at {shown(split_url(seen.issuer).origin)}")


def at_whose(naming: Naming, answer: Answer) -> Naming:
    """Return the naming of a check that got no answer, with this machine to blame where that kept it back."""
    return naming if answer.of_this_machine is None else replace(naming, owner=MACHINE)


def asked_for(answers: Sequence[Answer]) -> str:
    """Return what was done for answers that were looked for at these URLs, in words."""
    asked = [shown(each.url) for each in answers if not _is_unasked(each)]
    return f"asked for {', '.join(asked)}" if asked else f"looked where {shown(answers[0].url)} leads"


def unasked(naming: Naming, answer: Answer) -> Point | None:
    """Return that a URL was not asked, because of where it leads; None where it was."""
    if answer.problem is None or not _is_unasked(answer):
        return None
    naming = replace(naming, did=f"looked where {shown(answer.url.partition('?')[0])} leads")
    return naming.bad(answer.failure, answer.problem.advise(), answer.problem.diagnosis_id or "", "as-unreachable")


def _is_unasked(answer: Answer) -> bool:
    return isinstance(answer.problem, AddressForbidden)
