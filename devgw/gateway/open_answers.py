"""Answers that are under way, by what opened them: they end with it, however long they would last.

That is the token, and the connection to the upstream whose credential the request carried.

What has ended is told by `Revocation`, through which every ending before its time passes. A token that only runs out
ends no answer: it was good when the request came (RFC 6750 §3.1 speaks of requests).
"""

from collections.abc import Callable

from devgw.config.project import Route
from devgw.gateway.connection import SHARED
from devgw.gateway.revocation import RevocationReach
from devgw.gateway.upstream import Admitted
from devgw.ids import SubjectId, UpstreamServerId


class OpenAnswers:
    """Whom to call when a token or a connection ends."""

    def __init__(self) -> None:
        self._open: dict[int, tuple[Admitted, Route, Callable[[], None]]] = {}
        self._last = 0

    def enter(self, admitted: Admitted, route: Route, end: Callable[[], None]) -> int:
        """Have `end` called once token, grant or connection ends; return the number by which it leaves again."""
        self._last += 1
        self._open[self._last] = (admitted, route, end)
        return self._last

    def leave(self, number: int) -> None:
        """Forget an answer that is over."""
        self._open.pop(number, None)

    def end(self, ending: RevocationReach) -> None:
        """End every answer of what has ended."""
        for admitted, _, end in list(self._open.values()):
            if admitted.grant_id in ending.grants or admitted.token_id in ending.tokens:
                end()

    def end_connection(self, subject_id: SubjectId, upstream_server_id: UpstreamServerId) -> None:
        """End every answer for which a connection's credential was sent: one person's, or everybody's."""
        for admitted, route, end in list(self._open.values()):
            exchange = route.token_exchange
            if exchange and exchange.id == upstream_server_id and subject_id in (SHARED, admitted.subject_id):
                end()
