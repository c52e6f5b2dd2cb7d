"""Whose answer is it? A response belongs to the request whose id it carries, in value and in type.

Two programs on one connection can fall out of step, and then one's answer arrives as the other's: the id is what tells.
Source: JSON-RPC 2.0 §5 ("It MUST be the same as the value of the id member in the Request Object").
"""

from collections.abc import Iterable, Sequence

from devgw.foreign.text import shown_json
from devgw.mcp.message import RequestId
from devgw.mcp.response import Message

_NO_REQUEST = frozenset({None, "server-error"})
"""What errors carry that answer no request in particular: null, and the word of the Python SDK before 2.0."""


class UnansweredIds:
    """The ids of the requests in one HTTP body; each may be answered once."""

    def __init__(self, ids: Iterable[RequestId]) -> None:
        self.ids = tuple(ids)
        self._open = list(self.ids)
        self.is_answered = not self.ids
        """Whether a response has come: to one of them, or an error that names none."""

    def is_own(self, message: Message) -> bool:
        """Tell whether `message` is no response, or one to a request that still waits for it."""
        if not message.is_response:
            return True
        found = message.ids
        if message.is_error and all(each in _NO_REQUEST for each in found):
            self.is_answered = True
            return True
        if len(found) != 1:
            return False
        place = next((at for at, each in enumerate(self._open) if _is_same(each, found[0])), None)
        if place is not None:
            del self._open[place]
            self.is_answered = True
        return place is not None

    def foreign(self, messages: Iterable[Message]) -> str:
        """Return the id of the first of these that answers another's request, or one of these again; empty for none."""
        for message in messages:
            if not self.is_own(message):
                return shown_ids(message.ids) + " again" * self.was_answered(message)
        return ""

    def takes(self, identifier: RequestId | None) -> bool:
        """Tell whether a request with this id still waits for its answer."""
        return identifier is not None and any(_is_same(each, identifier) for each in self._open)

    def was_answered(self, message: Message) -> bool:
        """Tell whether `message`, which is not one's own, answers a request that has its answer."""
        return len(message.ids) == 1 and any(_is_same(each, message.ids[0]) for each in self.ids)

    def is_sure_of(self, message: Message | None) -> bool:
        """Tell whether an answer that has not ended is known to be one's own: its id has come, and it is no request."""
        return (
            message is not None
            and bool({"result", "error"} & message.names)
            and len(message.ids) == 1
            and self.takes(message.ids[0])
        )


def _is_same(asked: RequestId, found: RequestId | None) -> bool:
    """Tell whether two ids are one: 1 is 1.0 (JSON has one kind of number), and never "1"."""
    return isinstance(asked, str) == isinstance(found, str) and asked == found


def shown_ids(ids: Sequence[RequestId | None]) -> str:
    """Return ids as JSON writes them, a few of them and cut short."""
    shown = [shown_json(each[:40] if isinstance(each, str) else each)[:40] for each in ids[:3]]
    return f"id {', '.join(shown)}{', …' if len(ids) > 3 else ''}" if shown else "no id"
