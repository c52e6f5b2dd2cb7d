"""Requests by which a gateway looks at itself: answered like any other, and observed by nobody.

The doctor asks the gateway what a client would ask. Were that published, its requests would stand among the traces,
become flows and be diagnosed. Each examination carries a word of its own, made for it and forgotten after it, so that
nobody else can hide behind it.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Final

from devgw.entropy import same, token
from devgw.ids import TraceId

UNSEEN: Final = TraceId("unseen")
"""The trace of all these requests: what is published of it goes nowhere."""
HEADER: Final = "x-devgw-unseen"
_HEADER: Final = HEADER.encode()


class Unseen:
    """The words of the examinations that are under way."""

    __slots__ = ("_words",)

    def __init__(self) -> None:
        self._words: set[str] = set()

    @contextmanager
    def word(self) -> Iterator[str]:
        """Give the word of one examination, good until the block ends."""
        word = token("un_")
        self._words.add(word)
        try:
            yield word
        finally:
            self._words.discard(word)

    def is_meant(self, headers: Iterable[tuple[bytes, bytes]]) -> bool:
        """Tell whether a request carries the word of an examination that is under way."""
        if not self._words:  # nearly always: requests of clients do not pay for this
            return False
        given = next((value.decode("latin-1") for name, value in headers if name == _HEADER), "")
        return any(same(given, word) for word in self._words)
