"""What can be asked of a row: fields by kind, states by name, and which texts a bare word searches."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from operator import eq, ge, gt, le, lt, ne
from typing import Any

from devgw.dashboard.filter.tokens import FilterMistake, Token

Predicate = Callable[[Any], bool]
Compare = Callable[[float, float], bool]
_COMPARE: dict[str, Compare] = {"=": eq, "!=": ne, ">": gt, ">=": ge, "<": lt, "<=": le}
_DURATIONS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}
_ALIASES = {"c": "client", "s": "status", "m": "method", "p": "path", "d": "dur", "t": "trace", "f": "flow"}
_SIZES = {"b": 1.0, "k": 1e3, "kb": 1e3, "m": 1e6, "mb": 1e6}


@dataclass(frozen=True, slots=True)
class Field:
    """One field: `kind` is `text`, `status`, `number`, `duration` (seconds) or `size` (bytes).

    `age` and `ttl` are durations too: `read` gives a moment, which is compared with now when a row is tested.
    """

    kind: str
    read: Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Everything that a filter may say about one kind of row."""

    fields: Mapping[str, Field]
    states: Mapping[str, Predicate]
    words: Callable[[Any], Iterable[str]]
    """The texts that a bare word is looked for in."""
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Known values by field, for completion."""
    timed: Mapping[str, Callable[[Any, float], bool]] = field(default_factory=dict)
    """States that depend on the moment."""
    now: Callable[[], float] = lambda: 0.0
    """The moment, as the gateway's clock tells it."""

    def find(self, name: str, column: int) -> Field:
        """Return the field called `name`; its first letters are enough where they are unique."""
        name = name if name in self.fields else _ALIASES.get(name, name)
        if name in self.fields:
            return self.fields[name]
        starting = [each for each in self.fields if each.startswith(name)]
        if len(starting) == 1:
            return self.fields[starting[0]]
        raise FilterMistake(f"no field '{name}'", column, nearest(name, [*self.fields, "is"]))

    def is_begun(self, text: str) -> bool:
        """Tell whether `text` ends in the beginning of a field's name, which is not meant as a word to look for."""
        last = text.rpartition(" ")[2].lstrip("!-(")
        return bool(last) and any(name.startswith(last) for name in (*self.fields, "is"))

    def complete(self, text: str) -> str | None:
        """Return `text` with its last word completed as far as it is certain, or None."""
        head, _, last = text.rpartition(" ")
        sign = last[:1] if last[:1] in {"!", "-", "("} else ""
        stem = last[len(sign) :]
        name, colon, value = stem.partition(":")
        known = [*self.states, *self.timed] if name == "is" else [*self.values.get(name, ())]
        found = common([f"{name}:{v}" for v in known if v.startswith(value)] if colon else _starting(self, stem))
        return f"{head} {sign}{found}".lstrip() if len(found) > len(stem) else None


def _starting(vocabulary: Vocabulary, stem: str) -> list[str]:
    return [f"{name}:" for name in (*vocabulary.fields, "is") if stem and name.startswith(stem)]


def common(texts: list[str]) -> str:
    """Return the longest beginning that all `texts` share."""
    if not texts:
        return ""
    first, last = min(texts), max(texts)
    length = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last)))
    return first[:length]


def nearest(word: str, known: Iterable[str]) -> str:
    """Return what may have been meant, or everything that is known."""
    names = sorted(known)
    close = get_close_matches(word, names, 1)
    return f"did you mean '{close[0]}'?" if close else f"known: {' '.join(names)}"


def state(vocabulary: Vocabulary, token: Token) -> Predicate:
    """Return the predicate of `is:name`."""
    name = token.value or ""
    timed, now = vocabulary.timed.get(name), vocabulary.now
    if timed is not None:
        return lambda row: timed(row, now())
    if name not in vocabulary.states:
        column = token.column + len(token.text) + len(token.operator)
        known = [*vocabulary.states, *vocabulary.timed]
        raise FilterMistake(f"no state '{name}'" if name else "is: needs a state", column, nearest(name, known))
    return vocabulary.states[name]


def condition(known: Field, operator: str, value: str, column: int, now: Callable[[], float]) -> Predicate:
    """Return the predicate of one field, operator and value; `column` is where the value stands."""
    if known.kind in {"age", "ttl"}:
        return _span(known, operator, value, column, now)
    if known.kind == "status":
        return _status(known, operator, value, column)
    if known.kind in {"duration", "size", "number"}:
        units = {"duration": _DURATIONS, "size": _SIZES}.get(known.kind, {})
        wanted = _quantity(value, units, column)
        fallback: Compare = eq if known.kind == "number" else ge
        compare = _COMPARE.get(operator, fallback)
        return lambda row: compare(known.read(row), wanted)
    return _text(known, operator, value, column)


def _span(known: Field, operator: str, value: str, column: int, now: Callable[[], float]) -> Predicate:
    """Return the predicate of a moment that is compared with now."""
    wanted, sign = _quantity(value, _DURATIONS, column), -1.0 if known.kind == "age" else 1.0
    fallback: Compare = le
    compare = _COMPARE.get(operator, fallback)

    def is_within(row: Any) -> bool:
        moment = known.read(row)
        return bool(moment) and compare(sign * (moment - now()), wanted)

    return is_within


def _quantity(value: str, units: Mapping[str, float], column: int) -> float:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([a-z]*)", value.lower())
    if not match or (match[2] and match[2] not in units):
        hint = f"units: {' '.join(units)}" if units else "a plain number"
        raise FilterMistake(f"'{value}' is not a number{' with a unit' if units else ''}", column, hint)
    return float(match[1]) * units.get(match[2], 1.0)


def _status(known: Field, operator: str, value: str, column: int) -> Predicate:
    if re.fullmatch(r"[1-5]xx", value):
        wanted = int(value[0])
        same = operator != "!="
        return lambda row: (known.read(row) // 100 == wanted) is same
    number = _quantity(value, {}, column)
    fallback: Compare = eq
    compare = _COMPARE.get(operator, fallback)
    return lambda row: compare(known.read(row), number)


def _text(known: Field, operator: str, value: str, column: int) -> Predicate:
    read, wanted = known.read, value.lower()
    if operator == "~":
        return _pattern(read, value, column)
    if operator == ":" and "*" in wanted:
        match = re.compile(".*".join(map(re.escape, wanted.split("*"))) + r"\Z", re.DOTALL).match
        return lambda row: match(read(row).lower()) is not None
    if operator == ":":
        return lambda row: wanted in read(row).lower()
    if operator == "=":
        return lambda row: read(row).lower() == wanted
    if operator == "!=":
        return lambda row: read(row).lower() != wanted
    raise FilterMistake("this field is text: use : = != or ~", column - len(operator))


def _pattern(read: Callable[[Any], str], value: str, column: int) -> Predicate:
    try:
        search = re.compile(value, re.IGNORECASE).search
    except re.error as reason:
        raise FilterMistake(f"bad regex: {reason.msg}", column + (reason.pos or 0)) from reason
    return lambda row: search(read(row)) is not None
