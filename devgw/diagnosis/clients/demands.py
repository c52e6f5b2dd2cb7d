"""What client families make of a server that is odd in one way, as `demands.toml` has it: measured, or not known."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from devgw.foreign.toml import read_toml

PASSES, REFUSES, NOT_KNOWN = "passes", "refuses", "not known"


@dataclass(frozen=True, slots=True)
class Demands:
    """One client family, and what it was seen to do at servers with one trait each."""

    key: str
    name: str
    version: str
    """Which was tried; empty for none."""
    seen: str
    """When, as a date; empty for never."""
    source: str
    passes: frozenset[str] = frozenset()
    """Traits with which it got through its login, and an SDK to a call."""
    refuses: Mapping[str, str] = field(default_factory=dict)
    """Trait → where it ends, and the words of its refusal."""
    depends: Mapping[str, str] = field(default_factory=dict)
    """Trait → what decides, where that is not seen without a login."""


@dataclass(frozen=True, slots=True)
class ClientVerdict:
    """What one client family makes of one server, as far as that is known."""

    client: str
    version: str
    verdict: str
    """`passes`, `refuses` or `not known`."""
    why: str
    """Where it ends and in which words, or what nobody tried; empty where it passes."""
    trait: str
    source: str
    seen: str


@cache
def demands() -> tuple[Demands, ...]:
    """Return every family, in the order of the table."""
    text = files(__package__).joinpath("demands.toml").read_text(encoding="utf-8")
    return tuple(_family(key, dict(table)) for key, table in read_toml(text).items())


def _family(key: str, table: dict[str, Any]) -> Demands:
    return Demands(key, **{**table, "passes": frozenset(table.get("passes", ()))})


def verdicts(traits: Iterable[str]) -> list[ClientVerdict]:
    """Return what each family makes of a server with these traits, in the order in which a client meets them."""
    met = tuple(filter(None, traits))
    return [_verdict(family, met) for family in demands()]


def _verdict(family: Demands, traits: tuple[str, ...]) -> ClientVerdict:
    """Return the first refusal; else the first trait of which nothing is known."""
    refused = next((each for each in traits if each in family.refuses), "")
    if refused:
        return _said(family, REFUSES, family.refuses[refused], refused)
    open_ = next((each for each in traits if each in family.depends), "")
    if open_:
        return _said(family, NOT_KNOWN, family.depends[open_], open_)
    if not family.seen:
        return _said(family, NOT_KNOWN, "it was not driven here", next(iter(traits), ""))
    untried = next((each for each in traits if each not in family.passes), "")
    if untried:
        return _said(family, NOT_KNOWN, f"it was not tried with a server of this kind ({untried})", untried)
    return _said(family, PASSES)


def _said(family: Demands, verdict: str, why: str = "", trait: str = "") -> ClientVerdict:
    return ClientVerdict(family.name, family.version, verdict, why, trait, family.source, family.seen)
