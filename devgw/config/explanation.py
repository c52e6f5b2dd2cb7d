"""The shape of an explanation: addresses, steps, facts, each with its place."""

from dataclasses import dataclass
from enum import StrEnum

from devgw.config.finding import Finding


class From(StrEnum):
    """How a value came to be."""

    WRITTEN = "written"
    DERIVED = "derived"
    DEFAULT = "default"
    DEVGW = "devgw"


@dataclass(frozen=True, slots=True)
class Fact:
    """One value that matters to the route."""

    name: str
    value: str
    origin: From = From.WRITTEN
    file: str = ""
    line: int = 0
    variables: tuple[tuple[str, str], ...] = ()
    """Names of the environment in it, each with where its value comes from."""

    @property
    def place(self) -> str:
        """Return `file:line`, or how the value came to be."""
        where = f"{self.file}:{self.line}" if self.line else ""
        return where if where and self.origin is From.WRITTEN else ", ".join(filter(None, [self.origin.value, where]))


@dataclass(frozen=True, slots=True)
class RouteStep:
    """One policy, or the handler at the end."""

    title: str
    kind: str
    runs_here: bool
    says: str
    facts: tuple[Fact, ...] = ()
    file: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class RouteExplanation:
    """All that is known of a route."""

    path: str
    operation_id: str
    summary: str
    addresses: tuple[Fact, ...]
    steps: tuple[RouteStep, ...]
    findings: tuple[Finding, ...]
    """Those of this route and of the policies on it."""
