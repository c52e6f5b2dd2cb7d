"""Marks by character under two strings: what differs, and where something is missing."""

from collections.abc import Iterable
from difflib import SequenceMatcher

from devgw.diagnosis.urls import Span

MARK = "^"
"""Stands under a character that differs, or under the place where one is missing."""


def mark(got: str, expected: str, pairs: Iterable[tuple[Span, Span]]) -> tuple[str, str]:
    """Return one line of marks for `got` and one for `expected`, for each pair of spans that differ."""
    under_got: set[int] = set()
    under_expected: set[int] = set()
    for one, other in pairs:
        _mark_pair(one, other, under_got, under_expected)
    return _line(got, under_got), _line(expected, under_expected)


def _mark_pair(one: Span, other: Span, under_one: set[int], under_other: set[int]) -> None:
    """Mark what differs between two spans; spans with little in common are marked whole.

    Where both are equally long they are compared place by place: of two ports the digits that differ are marked.
    """
    if len(one.text) == len(other.text) and _most_are_equal(one.text, other.text):
        places = [place for place, (left, right) in enumerate(zip(one.text, other.text, strict=True)) if left != right]
        under_one.update(one.start + place for place in places)
        under_other.update(other.start + place for place in places)
        return
    matcher = SequenceMatcher(None, one.text, other.text, autojunk=False)
    if matcher.ratio() < 0.5:
        under_one.update(range(one.start, max(one.end, one.start + 1)))
        under_other.update(range(other.start, max(other.end, other.start + 1)))
        return
    for tag, start, end, other_start, other_end in matcher.get_opcodes():
        if tag != "equal":
            under_one.update(range(one.start + start, one.start + max(end, start + 1)))
            under_other.update(range(other.start + other_start, other.start + max(other_end, other_start + 1)))


def _most_are_equal(one: str, other: str) -> bool:
    return 2 * sum(map(str.__eq__, one, other)) >= len(one)


def _line(text: str, places: set[int]) -> str:
    """Return marks at `places`; a place behind the end of `text` shows what is missing there."""
    width = max([len(text), *(place + 1 for place in places)])
    return "".join(MARK if place in places else " " for place in range(width)).rstrip()
