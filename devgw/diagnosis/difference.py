"""The one explanation of how two strings differ that should have been the same.

Nearly every failure of OAuth on a developer's machine is two strings one character apart. This is the only place that
says how: in words, with marks by character, and which of the two is the one to change.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from devgw.diagnosis.advice import SUBJECTS, advise
from devgw.diagnosis.compare import Part, compare
from devgw.diagnosis.marks import mark
from devgw.diagnosis.scopes import compare_scopes
from devgw.diagnosis.urls import Span, UrlParts, split_url
from devgw.foreign.text import has_placeholder
from devgw.problems import Problem
from devgw.problems.provider_redirect import ProviderRedirectRefused
from devgw.problems.provider_refusal import ProviderAnswerForeign, ProviderRefused
from devgw.problems.upstream_login import UpstreamRedirectRefused


@dataclass(frozen=True, slots=True)
class Difference:
    """How `got` differs from `expected`."""

    got: str
    expected: str
    subject: str
    """A key of `advice.SUBJECTS`, or `scope`."""
    kinds: tuple[str, ...]
    """Every kind of difference, from the left to the right; empty where there is none."""
    sentence: str
    """What differs, in one sentence."""
    advice: str
    """The one change that mends it; empty where there is nothing to change."""
    marks: tuple[str, str]
    """Marks (`^`) to be printed under `got` and under `expected` in a fixed-width face."""

    @property
    def kind(self) -> str:
        """Return `none`, the one kind of difference, or `several`."""
        if not self.kinds:
            return "none"
        return self.kinds[0] if len(self.kinds) == 1 else "several"

    def lines(self) -> list[str]:
        """Return both strings with their marks, for a fixed-width face."""
        pairs = zip((self.got, self.expected), self.marks, strict=True)
        return [line for text, marks in pairs for line in (text, marks) if line]


def explain_difference(got: str, expected: str, kind: str) -> Difference:
    """Return how `got` differs from `expected`.

    Args:
        got: what arrived, was sent or was found.
        expected: what it is measured against: what is registered, advertised or configured.
        kind: what the two are: `redirect_uri` (a client's), `callback_uri` (the gateway's own at the identity
            provider), `token_redirect_uri`, `issuer`, `resource` (asked for), `published_resource`, `origin`, `scope`
            (both space-separated), `attempt` (what two attempts of one client said) or `url`.
    """
    if kind == "scope":
        return _scope_difference(got, expected)
    subject = kind if kind in SUBJECTS else "url"
    if got == expected:
        noun = SUBJECTS[subject].noun
        return Difference(got, expected, subject, (), f"Both {noun}s are the same string.", "", ("", ""))
    raw = _around(got, expected)
    one, other = split_url(got), split_url(expected)
    parts = [raw] if raw else list(compare(one, other))
    if not parts:
        parts = [Part("spelling", "they are written differently", Span(0, got), Span(0, expected))]
    return _difference(subject, parts, one, other, (got, expected))


def explain_nearest(got: str, candidates: Iterable[str], kind: str) -> Difference | None:
    """Return how `got` differs from the candidate that is nearest to it; None where there is no candidate."""
    found = [explain_difference(got, candidate, kind) for candidate in candidates]
    return min(found, key=_distance, default=None)


def difference_of(problem: Problem) -> Difference | None:
    """Return the marked difference of a refusal that knows what came and what was expected; else None."""
    facts = problem.facts()
    got = facts.get("got") or facts.get("callback_host")
    expected = facts.get("nearest") or facts.get("begun_host")
    if not isinstance(got, str) or not isinstance(expected, str) or not expected or got == expected:
        return None
    return explain_difference(got, expected, _kind_of(problem, facts))


def _kind_of(problem: Problem, facts: Mapping[str, Any]) -> str:
    if facts.get("claim") == "iss" or isinstance(problem, ProviderAnswerForeign):
        return "issuer"
    if isinstance(problem, ProviderRefused | ProviderRedirectRefused | UpstreamRedirectRefused):
        return "callback_uri"
    if "begun_host" in facts:
        return "origin"
    return "resource" if problem.error == "invalid_target" else "redirect_uri"


def _distance(difference: Difference) -> tuple[int, int]:
    """Return how far apart the two are: first by kinds of difference, then by marked characters."""
    strange = sum(3 if kind in ("host", "path") else 1 for kind in difference.kinds)
    return strange, sum(line.count("^") for line in difference.marks)


def _around(got: str, expected: str) -> Part | None:
    """Return what is wrong with a value as a whole: blanks, quotes, a placeholder that was never replaced."""
    whole = Span(0, got), Span(0, expected)
    if has_placeholder(got) or has_placeholder(expected):
        return Part("placeholder", "one of the two still holds a placeholder that was never replaced", *whole)
    if got.split() == expected.split() or got.strip() == expected.strip():
        return Part("whitespace", "one of the two has a blank or a line break too many", *whole)
    if got.strip("\"' ") == expected.strip("\"' "):
        return Part("quotes", "one of the two has a quotation mark before or behind it", *whole)
    return None


def _difference(subject: str, parts: list[Part], one: UrlParts, other: UrlParts, both: tuple[str, str]) -> Difference:
    """Put the parts into a sentence, marks and an advice."""
    words = SUBJECTS[subject]
    sides = {"got": words.got, "expected": words.expected}
    values = {"got": words.value_got, "expected": words.value_expected}
    told = [part.words.format_map(values if "value that" in part.words else sides) for part in parts]
    kinds = tuple(dict.fromkeys(part.kind for part in parts))
    kind = kinds[0] if len(kinds) == 1 else "several"
    marks = mark(*both, [(part.got, part.expected) for part in parts])
    return Difference(
        *both, subject, kinds, _sentence(words.noun, told), advise(subject, kind, _facts(one, other, both)), marks
    )


def _sentence(noun: str, told: list[str]) -> str:
    """Return `Only this differs: …` or `The redirect URIs differ in 2 places: …; …`."""
    if len(told) == 1:
        return f"The {noun} differs in one place: {told[0]}."
    return f"The {noun} differs in {len(told)} places: {'; '.join(told)}."


def _facts(one: UrlParts, other: UrlParts, both: tuple[str, str]) -> dict[str, str]:
    return {
        "got": both[0],
        "expected": both[1],
        "got_scheme": one.scheme.text,
        "expected_scheme": other.scheme.text,
        "expected_host": other.host.text,
        "expected_port": other.effective_port or "(none)",
    }


def _scope_difference(got: str, expected: str) -> Difference:
    found = compare_scopes(got, expected)
    return Difference(got, expected, "scope", found.kinds, found.sentence, found.advice, found.marks)
