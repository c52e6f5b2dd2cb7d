"""Answers that are under way, by the token that opened them: they end with it, however long they would last.

What has ended is told by `Revocation`, through which every ending before its time passes. A token that only runs out
ends no answer: it was good when the request came (RFC 6750 §3.1 speaks of requests).
"""

from collections.abc import Callable

from devgw.gateway.revocation import Ending
from devgw.gateway.upstream import Admitted


class OpenAnswers:
    """Whom to call when a token ends."""

    def __init__(self) -> None:
        self._open: dict[int, tuple[Admitted, Callable[[], None]]] = {}
        self._last = 0

    def enter(self, admitted: Admitted, end: Callable[[], None]) -> int:
        """Have `end` called once the token or its grant ends; return the number by which the answer leaves again."""
        self._last += 1
        self._open[self._last] = (admitted, end)
        return self._last

    def leave(self, number: int) -> None:
        """Forget an answer that is over."""
        self._open.pop(number, None)

    def end(self, ending: Ending) -> None:
        """End every answer of what has ended."""
        for admitted, end in list(self._open.values()):
            if admitted.grant_id in ending.grants or admitted.token_id in ending.tokens:
                end()
