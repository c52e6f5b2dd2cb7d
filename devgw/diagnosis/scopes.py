"""How two lists of scopes differ: what is asked for beyond what is there, and what is missing."""

import re
from dataclasses import dataclass

from devgw.diagnosis.compare import one_letter_apart


@dataclass(frozen=True, slots=True)
class ScopeDifference:
    """The difference of two space-separated lists of scopes."""

    kinds: tuple[str, ...]
    sentence: str
    advice: str
    marks: tuple[str, str]


def compare_scopes(got: str, expected: str) -> ScopeDifference:
    """Return how the scopes of `got` (asked for, granted) differ from `expected` (grantable, required)."""
    asked, there = got.split(), expected.split()
    if set(asked) == set(there):
        return ScopeDifference((), "Both name the same scopes.", "", ("", ""))
    extra = [scope for scope in asked if scope not in there]
    missing = [scope for scope in there if scope not in asked]
    marks = _marks(got, extra), _marks(expected, missing)
    kind, told, advice = _typo(extra, missing) or ("", "", "")
    if kind:
        return ScopeDifference((kind,), told, advice, marks)
    return _plain(extra, missing, marks)


def _plain(extra: list[str], missing: list[str], marks: tuple[str, str]) -> ScopeDifference:
    told, kinds = [], []
    if extra:
        kinds.append("extra_scope")
        told.append(
            f"{_names(extra)} {'is' if len(extra) == 1 else 'are'} asked for, but not among the scopes there are"
        )
    if missing:
        kinds.append("missing_scope")
        told.append(f"{_names(missing)} {'is' if len(missing) == 1 else 'are'} missing")
    advice = f"Ask without {_names(extra)}." if extra else f"Ask for {_names(missing)} as well."
    return ScopeDifference(tuple(kinds), f"The scopes differ: {'; '.join(told)}.", advice, marks)


def _typo(extra: list[str], missing: list[str]) -> tuple[str, str, str] | None:
    """Return kind, sentence and advice where an extra scope is a missing one, misspelt."""
    if len(extra) == 1 and re.search(r"[,;+]|%20", extra[0]):
        return (
            "separator",
            f"Scopes are separated by blanks, but {extra[0]} uses another sign.",
            "Put one blank between two scopes.",
        )
    for scope in extra:
        for wanted in missing:
            if scope.lower() == wanted.lower():
                return (
                    "case",
                    f"{scope} differs from {wanted} in upper and lower case, which counts.",
                    f"Write {wanted}.",
                )
            if one_letter_apart(scope, wanted):
                return "one_letter", f"{scope} is one character away from {wanted}.", f"Write {wanted}."
    return None


def _names(scopes: list[str]) -> str:
    return ", ".join(scopes)


def _marks(text: str, scopes: list[str]) -> str:
    """Return marks under each of `scopes` in `text`."""
    line = [" "] * len(text)
    for word in re.finditer(r"\S+", text):
        if word[0] in scopes:
            line[word.start() : word.end()] = "^" * len(word[0])
    return "".join(line).rstrip()
