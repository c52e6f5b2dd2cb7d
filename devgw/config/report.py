"""Findings as text: for people with line and caret, as JSON, as GitHub annotations, as SARIF."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import Any

from devgw.config.finding import Finding, Severity
from devgw.foreign.text import cells, clean, shown_json

_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}
_SARIF = "https://json.schemastore.org/sarif-2.1.0.json"


def human(findings: Iterable[Finding]) -> str:
    """Return each finding with its line and a caret, and a last line that counts them."""
    found = list(findings)
    return "\n\n".join([*map(one_for_people, found), tally(found)])


def one_for_people(finding: Finding) -> str:
    """Return one finding with its line and a caret below the place."""
    lines = [f"{clean(finding.place)}: {finding.severity.value}: {finding.message} [{finding.code}]"]
    if finding.source_line.strip():
        number = str(finding.line)
        lines += [f"  {number} | {finding.source_line}", f"  {' ' * len(number)} | {caret(finding)}"]
    return "\n".join([*lines, f"  → {finding.fix}"] if finding.fix else lines)


def caret(finding: Finding) -> str:
    """Return the line that goes below the source line; tabs stay tabs, wide characters take two columns."""
    before = finding.source_line[: finding.column - 1]
    marked = finding.source_line[finding.column - 1 : finding.column - 1 + finding.length]
    space = "\t".join(" " * cells(clean(part)) for part in before.split("\t"))
    return space + "^" * max(1, cells(clean(marked)))


def tally(findings: Iterable[Finding]) -> str:
    """Return how many there are of each severity, in words."""
    counts = Counter(each.severity for each in findings)
    parts = [f"{counts[each]} {each.value}{'s' if counts[each] != 1 else ''}" for each in Severity if counts[each]]
    return ", ".join(parts) or "Nothing to find fault with."


def as_json(findings: Iterable[Finding]) -> str:
    """Return an array with one object per finding."""
    return shown_json([asdict(each) for each in findings], indent=2)


def as_github(findings: Iterable[Finding]) -> str:
    """Return workflow commands, which GitHub shows beside the lines of a pull request."""
    return "\n".join(map(_annotation, findings))


def _annotation(finding: Finding) -> str:
    command = {Severity.NOTE: "notice"}.get(finding.severity, finding.severity.value)
    facts = {"file": finding.file, "line": finding.line, "col": finding.column, "title": finding.code}
    facts |= {"endColumn": finding.column + finding.length} if finding.line else {}
    listed = ",".join(f"{name}={_escaped(str(value), ':,')}" for name, value in facts.items() if value)
    return f"::{command} {listed}::{_escaped(f'{finding.message} {finding.fix}'.strip())}"


def _escaped(text: str, more: str = "") -> str:
    text = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    for char in more:
        text = text.replace(char, f"%{ord(char):02X}")
    return text


def as_sarif(findings: Iterable[Finding]) -> str:
    """Return a SARIF 2.1.0 log, which code scanning takes."""
    found = list(findings)
    rules = [{"id": code} for code in sorted({each.code for each in found})]
    driver = {"name": "devgw", "rules": rules}
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": list(map(_result, found))}
    return shown_json({"$schema": _SARIF, "version": "2.1.0", "runs": [run]}, indent=2)


def _result(finding: Finding) -> dict[str, Any]:
    physical: dict[str, Any] = {"artifactLocation": {"uri": finding.file}}
    if finding.line:
        start = {"startLine": finding.line, "startColumn": finding.column}
        physical["region"] = {**start, "endColumn": finding.column + finding.length}
    return {
        "ruleId": finding.code,
        "level": _LEVELS[finding.severity],
        "message": {"text": f"{finding.message} {finding.fix}".strip()},
        "locations": [{"physicalLocation": physical}],
    }


FORMATS: dict[str, Callable[[Iterable[Finding]], str]] = {
    "human": human,
    "json": as_json,
    "github": as_github,
    "sarif": as_sarif,
}
