"""What was seen of the agents, as data that the client book reads, and as the table in the README."""

import json
import re
from pathlib import Path
from typing import Any

_TREE = Path(__file__).parents[2]
SEEN = _TREE / "devgw" / "diagnosis" / "clients" / "seen.json"
README = _TREE / "README.md"
SITUATIONS = ("sample", "notes", "refresh", "revocation", "restart", "two at once", "document read")
_BEGINS, _ENDS = "| client | version | seen |", "\n\n"

Seen = dict[str, Any]


def read_seen() -> list[Seen]:
    """Return what was seen before: one object a client, with its newest version and what became of each situation."""
    return list(json.loads(SEEN.read_text(encoding="utf-8"))["seen"]) if SEEN.exists() else []


def merge(before: list[Seen], records: list[dict[str, str]]) -> list[Seen]:
    """Return what is known with the records of a run: of another version, what was seen before is forgotten."""
    known = {each["client"]: each for each in before}
    for each in records:
        own = known.get(each["client"])
        if own is None or own["version"] != each["version"]:
            own = known[each["client"]] = {"client": each["client"], "version": each["version"], "results": {}}
        own["date"] = each["date"]
        own["results"][each["situation"]] = each["seen"]
    return list(known.values())


def write_seen(seen: list[Seen]) -> None:
    """Write it, in order."""
    document = {"source": "python -m tests.agents", "seen": sorted(seen, key=lambda each: each["client"].lower())}
    SEEN.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def table() -> str:
    """Return the table of the README."""
    heads = ["client", "version", "seen", *SITUATIONS]
    rows = [[each["client"], each["version"], each["date"], *map(_sign(each), SITUATIONS)] for each in read_seen()]
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def _sign(seen: Seen) -> Any:
    return lambda situation: {"works": "✓", "failed": "✗"}.get(seen["results"].get(situation, ""), "–")


def write_table() -> None:
    """Put the table into the README, in the place of the one that is there."""
    text = README.read_text(encoding="utf-8")
    README.write_text(text.replace(shown(text), table()), encoding="utf-8")


def shown(readme: str) -> str:
    """Return the table that stands in the README."""
    found = re.search(rf"{re.escape(_BEGINS)}.*?(?={_ENDS})", readme, re.DOTALL)
    assert found is not None, "the README has no table of clients"
    return found[0]
