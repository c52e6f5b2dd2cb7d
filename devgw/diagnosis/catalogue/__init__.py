"""Every failure that devgw has a name for, in words: one TOML file per group, read when first asked for.

A file has a `title` and one table per id with `title`, `symptom` (what the developer sees), `cause`, `evidence` (what a
gateway in the middle sees), `fix` (the one change), `sources`, and `unseen` where it cannot be observed here, with the
reason. The first source is the one shown with a diagnosis.
"""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Failure:
    """One failure, in words."""

    id: str
    group: str
    title: str
    symptom: str
    cause: str
    evidence: str
    fix: str
    sources: tuple[str, ...]
    frequent: bool = False
    unseen: str = ""
    """Why it cannot be observed here; empty where it can."""

    @property
    def source(self) -> str:
        """Return the clause or page shown with a diagnosis."""
        return self.sources[0] if self.sources else ""


GROUPS = (
    *("disc", "reg", "ruri", "pkce", "sess", "cons", "tok", "idt", "aud", "bear", "scope", "refr", "revk", "cors"),
    *("host", "proxy", "upst", "conf", "port", "work", "net", "req", "limit", "state"),
)


@cache
def failures() -> dict[str, Failure]:
    """Return all failures by id, in the order of the groups."""
    found: dict[str, Failure] = {}
    for name in GROUPS:
        text = files(__package__).joinpath(f"{name}.toml").read_text(encoding="utf-8")
        table = tomllib.loads(text)
        group = table.pop("title")
        for failure_id, entry in table.items():
            sources = tuple(entry.pop("sources"))
            found[failure_id] = Failure(failure_id, group, sources=sources, **entry)
    return found


def find_failure(failure_id: str) -> Failure | None:
    """Return the failure with this id, in whatever case it is written."""
    return failures().get(failure_id.upper())
