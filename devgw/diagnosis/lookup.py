"""From whatever words a person has to the failures that they may mean: an id, a reason code, an error text, a word."""

import importlib
import inspect
import pkgutil
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.resources import files

import devgw.problems
from devgw.diagnosis.catalogue import GROUPS, Failure, failures
from devgw.foreign.toml import read_toml
from devgw.problems.base import ErrorCode, Problem, reason_of

_ID = re.compile(r"([a-z]{2,6})[\s_-]*(\d{1,3})")
_WRITTEN_ID = re.compile(r"\b[A-Z]{2,6}-\d\d\b")
"""As it stands in what the gateway says: `[RURI-02, trace 4be1]`."""
_NEAR, _NEAR_WORD, _NEAR_SLIP = 0.7, 0.8, 0.6


@dataclass(frozen=True, slots=True)
class Found:
    """What was found."""

    failures: tuple[Failure, ...]
    nearest: str = ""
    """The words that were taken instead of those that mean nothing here; empty where these do."""


def look_up(words: str) -> Found:
    """Return the failures that `words` mean, the likeliest first; of misspelt words, those of the nearest."""
    asked = plain(words)
    if not asked:
        return Found(tuple(failures().values()))
    written = () if _by_ids(asked) else dict.fromkeys(_WRITTEN_ID.findall(words))
    if named := [failures()[each] for each in written if each in failures()]:
        return Found(tuple(named))
    if hits := _meant(asked):
        return Found(hits)
    if (group := _group_of(asked)) and (hits := _meant(group)):
        return Found(hits, group.upper())
    for near in _nearest(asked):
        if hits := _meant(near):
            return Found(hits, near)
    return Found(())


def _group_of(asked: str) -> str:
    """Return the group of an id whose number does not exist; empty where it is no such id."""
    found = _ID.fullmatch(asked)
    return found[1] if found is not None and len(found[2]) == 2 and found[1] in GROUPS else ""


def plain(text: str) -> str:
    """Return words in lower case with one blank between them, whatever stood there: `INVALID-client!`."""
    return " ".join(re.findall(r"[^\W_]+", text.lower()))


def _meant(asked: str) -> tuple[Failure, ...]:
    if by_id := _by_ids(asked):
        return by_id
    if asked in GROUPS:
        return tuple(each for each in failures().values() if each.id.lower().startswith(f"{asked}-"))
    ids = [*_titles().get(asked, ()), *other_words().get(asked, ()), *_of_reason(asked), *_among_these(asked)]
    found = [failures()[each] for each in ids if each in failures()] + _by_text(asked)
    return tuple(dict.fromkeys(found))


def _by_ids(asked: str) -> tuple[Failure, ...]:
    """Return the failures whose ids these are, with a hyphen or without, all of them or none."""
    if _ID.sub("", asked).strip():
        return ()
    ids = [f"{group.upper()}-{int(number):02}" for group, number in _ID.findall(asked)]
    found = [failures()[each] for each in ids if each in failures()]
    return tuple(found) if len(found) == len(ids) else ()


def _among_these(asked: str) -> list[str]:
    """Return the ids of other words that stand among these, the longest first: a line of a log may be asked."""
    within = (each for each in sorted(other_words(), key=len, reverse=True) if f" {each} " in f" {asked} ")
    return [found for each in within for found in other_words()[each]]


def _by_text(asked: str) -> list[Failure]:
    """Return the failures on whose page all these words stand, those first that have them in title, then in symptom."""
    wanted = asked.split()
    hits = [
        each
        for each in failures().values()
        if _has(wanted, each.title, each.symptom, each.cause, each.evidence, each.fix)
    ]
    return sorted(hits, key=lambda each: (not _has(wanted, each.title), not _has(wanted, each.symptom)))


def _has(wanted: Iterable[str], *texts: str) -> bool:
    words = set(plain(" ".join(texts)).split())
    return words.issuperset(wanted)


def _nearest(asked: str) -> list[str]:
    """Return what is written most like it: a whole name, else each word replaced by the nearest that is known."""
    alike = get_close_matches(asked, _names(), n=3, cutoff=_NEAR)
    whole = [each for each in alike if _is_misspelt(asked.split(), each.split())]
    words = [each if each in _vocabulary() else _near_word(each) for each in asked.split()]
    return [*whole, " ".join(words)] if all(words) else whole


def _is_misspelt(asked: list[str], known: list[str]) -> bool:
    """Tell whether these are the same words with slips of the hand, and not others that share letters."""
    pairs = zip(asked, known, strict=False)
    return len(asked) != len(known) or all(get_close_matches(one, [other], cutoff=_NEAR_SLIP) for one, other in pairs)


def _near_word(word: str) -> str:
    return next(iter(get_close_matches(word, sorted(_vocabulary()), n=1, cutoff=_NEAR_WORD)), "")


@cache
def _titles() -> dict[str, tuple[str]]:
    return {plain(each.title): (each.id,) for each in failures().values()}


@cache
def other_words() -> dict[str, tuple[str, ...]]:
    """Return other words for failures, each with the ids that it may mean, the likeliest first."""
    text = files("devgw.diagnosis.catalogue").joinpath("words.toml").read_text(encoding="utf-8")
    return {plain(words): tuple(ids) for words, ids in read_toml(text).items()}


@cache
def reasons() -> dict[str, tuple[str, ...]]:
    """Return every reason code of devgw (`token_missing`), each with the ids that it can come to."""
    return {reason_of(kind): _ids_in(kind) for kind in problem_kinds()}


def _ids_in(kind: type) -> tuple[str, ...]:
    """Return the ids that a kind of problem says, read from where it says them."""
    if isinstance(fixed := getattr(kind, "diagnosis", None), str):
        return (fixed,)
    own, around = inspect.getsource(kind), vars(sys.modules[kind.__module__])
    helpers = (
        around[each] for each in dict.fromkeys(re.findall(r"\b_?[a-z]\w+(?=\()|\b_[A-Z]\w+", own)) if each in around
    )
    said = own + "".join(inspect.getsource(each) if inspect.isfunction(each) else repr(each) for each in helpers)
    return tuple(dict.fromkeys(each for each in re.findall(r"[\"']([A-Z]+-\d\d)[\"']", said) if each in failures()))


def problem_kinds() -> Iterator[type[Problem]]:
    """Yield every kind of problem that there is."""
    for each in pkgutil.iter_modules(devgw.problems.__path__):
        importlib.import_module(f"devgw.problems.{each.name}")
    for kind in Problem.__subclasses__():
        yield from _kinds(kind)


def _kinds(kind: type[Problem]) -> Iterator[type[Problem]]:
    yield kind
    for each in kind.__subclasses__():
        yield from _kinds(each)


def _of_reason(asked: str) -> tuple[str, ...]:
    return reasons().get(asked.replace(" ", "_"), ())


@cache
def _names() -> list[str]:
    ids = (plain(each) for each in failures())
    return [
        *ids,
        *_titles(),
        *(plain(each) for each in reasons()),
        *(plain(each) for each in ErrorCode),
        *other_words(),
    ]


@cache
def _vocabulary() -> frozenset[str]:
    pages = (
        plain(f"{each.title} {each.symptom} {each.cause} {each.evidence} {each.fix}") for each in failures().values()
    )
    return frozenset(word for text in (*pages, *_names()) for word in text.split() if len(word) > 2)
