"""What was asked in each session: a stream that is resumed may bring the answer to that, and to nothing else."""

from devgw.limits import Limits
from devgw.mcp.attribution import UnansweredIds
from devgw.mcp.message import RequestId

Session = tuple[str, str, str]
"""The path of a route, who calls it, and the id that its upstream gave."""


class BegunSessions:
    """The sessions that began since this gateway did; of any other nobody here knows what was asked in it.

    Source: MCP 2025-11-25, Streamable HTTP, Resumability and Redelivery.
    """

    def __init__(self) -> None:
        self._streamed: dict[Session, dict[RequestId, None]] = {}
        """The requests that were answered by streams, the newest last: no other answer can come again."""

    def begin(self, session: Session) -> None:
        """Know a session from now on; the oldest is forgotten where there are too many."""
        if session not in self._streamed and len(self._streamed) >= Limits.SESSIONS:
            del self._streamed[next(iter(self._streamed))]
        self._streamed.setdefault(session, {})

    def note(self, session: Session, ids: tuple[RequestId, ...]) -> None:
        """Write down which requests a stream answers, as it begins and as it ends."""
        known = self._streamed.get(session)
        if known is None:
            return
        if any(isinstance(each, str) and len(each) > Limits.SESSION_ID_CHARACTERS for each in ids):
            del self._streamed[session]
            return
        for each in ids:
            known.pop(each, None)
            known[each] = None
        while len(known) > Limits.SESSION_STREAMS:
            del known[next(iter(known))]

    def resumed(self, session: Session) -> UnansweredIds | None:
        """Return whose answers a resumed stream may bring; None where this is not known."""
        known = self._streamed.get(session)
        return None if known is None else UnansweredIds(known)
