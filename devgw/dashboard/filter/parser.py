"""From tokens to one predicate.

either := both ('|' both)*
both   := term+                       blanks mean "and"
term   := ['!' | '-'] (field | ~x | word | '(' either ')')
"""

from collections.abc import Callable
from typing import Any

from devgw.dashboard.filter.fields import Predicate, Vocabulary, condition, nearest, state
from devgw.dashboard.filter.tokens import FilterMistake, Token, tokens

_TILDES = {"~c": ("status", "="), "~m": ("method", ":"), "~u": ("path", "~"), "~d": ("client", ":")}
_DEPTH = 40
"""Deeper nesting is a slip of the finger, not a question."""

__all__ = ["Predicate", "compile_filter"]


def compile_filter(text: str, vocabulary: Vocabulary) -> Predicate | None:
    """Return the predicate that `text` means, None where it is empty.

    Raises:
        FilterMistake: with the column of the caret.
    """
    found = tokens(text)
    if not found:
        return None
    parser = _Parser(found, vocabulary, len(text.rstrip()))
    predicate = parser.either(0)
    if parser.here is not None:
        raise FilterMistake("nothing to close", parser.here.column)
    return predicate


class _Parser:
    def __init__(self, found: list[Token], vocabulary: Vocabulary, end: int) -> None:
        self._tokens, self._vocabulary, self._end, self._place = found, vocabulary, end, 0

    @property
    def here(self) -> Token | None:
        return self._tokens[self._place] if self._place < len(self._tokens) else None

    def _is_at(self, kind: str) -> bool:
        return self.here is not None and self.here.kind == kind

    def _step(self) -> Token:
        token = self._tokens[self._place]
        self._place += 1
        return token

    def either(self, depth: int) -> Predicate:
        parts = [self._both(depth)]
        while self._is_at("|"):
            self._step()
            parts.append(self._both(depth))
        return parts[0] if len(parts) == 1 else lambda row: any(part(row) for part in parts)

    def _both(self, depth: int) -> Predicate:
        parts: list[Predicate] = []
        while self.here is not None and self.here.kind not in {"|", ")"}:
            if self._is_at("&"):
                self._step()
                continue
            parts.append(self._term(depth))
        if not parts:
            raise FilterMistake("something is missing here", self.here.column if self.here else self._end)
        return _all(parts)

    def _term(self, depth: int) -> Predicate:
        if self.here is None:
            raise FilterMistake("something is missing here", self._end)
        token = self._step()
        if depth > _DEPTH:
            raise FilterMistake("nested too deep", token.column)
        readers: dict[str, Callable[[Token, int], Predicate]] = {
            "!": self._negated,
            "(": self._group,
            "field": self._field,
            "tilde": self._tilde,
        }
        return readers.get(token.kind, self._word)(token, depth)

    def _negated(self, _token: Token, depth: int) -> Predicate:
        part = self._term(depth + 1)
        return lambda row: not part(row)

    def _group(self, token: Token, depth: int) -> Predicate:
        part = self.either(depth + 1)
        if not self._is_at(")"):
            raise FilterMistake("this ( is never closed", token.column)
        self._step()
        return part

    def _field(self, token: Token, _depth: int) -> Predicate:
        if token.text == "is":
            return state(self._vocabulary, token)
        known = self._vocabulary.find(token.text, token.column)
        column = token.column + len(token.text) + len(token.operator)
        if token.value is None:
            raise FilterMistake(f"{token.text}{token.operator} needs a value", column)
        return condition(known, token.operator, token.value, column, self._vocabulary.now)

    def _tilde(self, token: Token, _depth: int) -> Predicate:
        if token.text == "~e" and token.value is None:
            return state(self._vocabulary, Token("field", token.column, "is", ":", "error"))
        if token.text not in _TILDES:
            raise FilterMistake(f"no filter {token.text}", token.column, nearest(token.text, [*_TILDES, "~e"]))
        name, operator = _TILDES[token.text]
        if token.value is None:
            raise FilterMistake(f"{token.text} needs a value", token.column + len(token.text))
        known, column = self._vocabulary.find(name, token.column), token.column + len(token.text) + 1
        return condition(known, operator, token.value, column, self._vocabulary.now)

    def _word(self, token: Token, _depth: int) -> Predicate:
        wanted, words = token.text.lower(), self._vocabulary.words
        return lambda row: any(wanted in each.lower() for each in words(row))


def _all(parts: list[Predicate]) -> Predicate:
    if len(parts) == 1:
        return parts[0]
    if len(parts) == 2:
        first, second = parts
        return lambda row: first(row) and second(row)

    def every(row: Any) -> bool:
        return all(part(row) for part in parts)

    return every
