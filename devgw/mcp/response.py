"""Which request each response in a JSON text answers, read while the text arrives, without building any of it.

An answer is relayed only to whom it belongs, however long it is and wherever its `id` stands; so this finds the members
of the outermost object (or of each object of a batch) and skips what they hold. Whether the rest is good JSON is the
client's to judge. Source: JSON-RPC 2.0 §5, §6.
"""

import re
from dataclasses import dataclass, field
from typing import Any, Final

from devgw.foreign.json import JsonRefused, read_json
from devgw.mcp.message import RequestId

_STRING = rb'"(?:[^"\\]++|\\.)*+"'
_TOKEN = re.compile(rb"[ \t\r\n]*+(?:(" + _STRING + rb')|([{}\[\]:,])|([^\s"{}\[\]:,]++))', re.DOTALL)
_REST_OF_STRING = re.compile(rb'(?:[^"\\]++|\\.)*+', re.DOTALL)
_inside = rb'(?:[^"{}\[\]]++|' + _STRING + rb")*+"
for _ in range(3):  # brackets inside brackets are skipped in one step, four deep; deeper ones one by one
    _inside = rb'(?:[^"{}\[\]]++|' + _STRING + rb"|[{\[]" + _inside + rb"[}\]])*+"
_INSIDE = re.compile(_inside, re.DOTALL)
_NAMES: Final = frozenset({"jsonrpc", "id", "result", "error", "method"})
_OPENINGS, _CLOSINGS = re.compile(rb"[{\[]++"), re.compile(rb"[}\]]++")
_LONG = 1_024
"""A name or scalar that is longer is none of those that matter."""
_SHORT = 65_536
_BEGINNING = re.compile(rb'[ \t\r\n]*\{[ \t\r\n]*(?:"jsonrpc"[ \t\r\n]*:[ \t\r\n]*"2\.0"[ \t\r\n]*,[ \t\r\n]*)?')
_PLAIN_ID = re.compile(
    rb'"id"[ \t\r\n]*:[ \t\r\n]*(0|[1-9]\d{0,14}|"[ !#-\[\]-~]*")[ \t\r\n]*'
    rb'(?:(,[ \t\r\n]*"(?:result|error)"[ \t\r\n]*:)|\}[ \t\r\n]*\Z)'
)
_MOST = 1_000
"""Messages in one text, members of one message, and depth: what has more is no answer, and would cost time."""
_OPENING, _CLOSING, _QUOTE = b"{[", b"}]", ord('"')


class ResponseUnreadable(ValueError):  # noqa: N818  it reads as what happened
    """The text has more parts than any answer; the message says of what."""


class SecondDocument(ResponseUnreadable):
    """A second JSON text begins where the first has ended, so that the whole is none (RFC 8259 §2)."""

    def __init__(self) -> None:
        super().__init__("it is no JSON: Extra data after its end")


@dataclass(slots=True)
class Message:
    """What the outermost members of one message say."""

    names: set[str] = field(default_factory=set)
    ids: list[RequestId | None] = field(default_factory=list)
    """Every `id`, None for one that no request can have; two would be one for each reader."""
    members: int = 0

    @property
    def is_response(self) -> bool:
        """Tell whether it answers a request."""
        return "result" in self.names or ("error" in self.names and "jsonrpc" in self.names)

    @property
    def is_error(self) -> bool:
        """Tell whether it answers with an error alone."""
        return "error" in self.names and "result" not in self.names


class ResponseReader:
    """Takes JSON in pieces and gives the messages in it as they end."""

    def __init__(self) -> None:
        self.message: Message | None = None
        """The one that has begun and not ended."""
        self._depth = 0
        self._has_begun = False
        self._outermost = 1
        """How deep the members of a message stand: 1, or 2 in a batch."""
        self._carried = b""
        self._is_in_string = False
        self._name: bytes | None = None
        self._last = b""
        self._ended: list[Message] = []
        self._count = 0

    def feed(self, piece: bytes) -> list[Message]:
        """Take what arrived; return the messages that ended in it.

        Raises:
            ResponseUnreadable: where there is too much of anything, a second text, or text in another encoding than
                UTF-8, in which a client that guesses might read what is not read here.
        """
        check_encoding(piece)
        piece, self._carried = self._carried + piece if self._carried else piece, b""
        at, end = 0, len(piece)
        while at < end:
            at = self._step(piece, at)
        ended, self._ended = self._ended, []
        return ended

    def close(self) -> list[Message]:
        """Return the messages that are left: one that never ended is judged by what came of it."""
        ended = self.feed(b" ")
        if self.message is not None:
            ended.append(self.message)
        self.__init__()  # type: ignore[misc]
        return ended

    def _step(self, piece: bytes, at: int) -> int:
        """Take one token, or skip what lies deeper; return where the next begins."""
        if self._is_in_string:
            return self._finish_string(piece, at)
        if self._depth > self._outermost or (self._depth == self._outermost and self.message is None):
            return self._skip(piece, at)
        token = _TOKEN.match(piece, at)
        if token is None or (token[3] is not None and token.end() == len(piece)):
            return self._carry(piece, at)
        string, mark, scalar = token.groups()
        if mark is not None:
            self._take_mark(mark)
        else:
            self._take_value(string or scalar)
        return token.end()

    def _skip(self, piece: bytes, at: int) -> int:
        """Skip what stands deeper than a message's members."""
        found = _INSIDE.match(piece, at)
        at = found.end() if found else at
        if at == len(piece):
            return at
        if piece[at] == _QUOTE:
            self._is_in_string = True
            return at + 1
        if run := _OPENINGS.match(piece, at):
            self._depth += len(run[0])
            _check(self._depth, "arrays and objects inside one another")
            return run.end()
        run = _CLOSINGS.match(piece, at, at + self._depth - self._outermost)
        end = run.end() if run else at + 1
        self._depth -= end - at
        return end

    def _finish_string(self, piece: bytes, at: int) -> int:
        found = _REST_OF_STRING.match(piece, at)
        at = found.end() if found else at
        if at == len(piece):
            return at
        if piece[at] == _QUOTE:
            self._is_in_string = False
            return at + 1
        self._carried = piece[at:]  # the first half of an escape
        return len(piece)

    def _carry(self, piece: bytes, at: int) -> int:
        """Keep a token that goes on in the next piece; a long string is none that matters."""
        rest = piece[at:].lstrip(b" \t\r\n")
        if len(rest) <= _LONG:
            self._carried = rest
            return len(piece)
        self._take_value(b"")
        if rest[0] != _QUOTE:
            return len(piece)
        self._is_in_string = True
        return len(piece) - len(rest) + 1

    def _take_mark(self, mark: bytes) -> None:
        if mark in _OPENING:
            self._open(mark)
        elif mark in _CLOSING:
            self._close()
        elif mark == b":" and self._name is None:
            self._name = self._last
        elif mark == b",":
            self._name = None

    def _open(self, mark: bytes) -> None:
        if self._depth == 0:
            if self._has_begun:
                raise SecondDocument
            self._has_begun = True
            self._outermost = 2 if mark == b"[" else 1
        self._depth += 1
        if self.message is not None:
            self._take_value(mark)
        elif self._depth == self._outermost and mark == b"{":
            self.message, self._name = Message(), None

    def _close(self) -> None:
        if self.message is not None and self._depth == self._outermost:
            self._ended.append(self.message)
            self.message = None
            self._count += 1
            _check(self._count, "messages")
        self._depth = max(0, self._depth - 1)

    def _take_value(self, written: bytes) -> None:
        """Take a string or scalar: a member's name, or its value."""
        self._last = written
        if self.message is None or self._name is None:
            return
        self.message.members += 1
        _check(self.message.members, "members")
        name = _scalar(self._name)
        if name in _NAMES:
            self.message.names.add(name)
            if name == "id":
                self.message.ids.append(id_of(_scalar(written)))
        self._name = None


def check_encoding(piece: bytes) -> None:
    """Refuse what is no UTF-8: JSON and event streams never hold a zero byte.

    Raises:
        ResponseUnreadable: where there is one.
    """
    if b"\0" in piece:
        raise ResponseUnreadable("it has zero bytes in it, as UTF-16 has")


def _check(count: int, of_what: str) -> None:
    if count > _MOST:
        raise ResponseUnreadable(f"it has more than {_MOST:,} {of_what}")


def read_responses(text: bytes) -> list[Message]:
    """Return the messages of a whole text; what is short and plain is parsed, which is four times as fast.

    Raises:
        ResponseUnreadable: as `ResponseReader.feed` does.
    """
    try:
        value = read_json(text, most_bytes=_SHORT)
    except JsonRefused:
        reader = ResponseReader()
        return reader.feed(text) + reader.close()
    found = value if isinstance(value, list) else [value]
    return [_message_of(each) for each in found if isinstance(each, dict)]


def find_plain_id(text: bytes) -> RequestId | None:
    """Return the `id` of a text that has one and no other, as its first member or its last; None where a look is due.

    This is what nearly every server writes, and it costs a tenth of parsing.
    """
    at = text.find(b'"id"')
    if at < 0 or b'"id"' in text[at + 4 :] or b"\\u" in text:  # a name may hide behind an escape
        return None
    found = _PLAIN_ID.match(text, at)
    if found is None or (found[2] is not None and _BEGINNING.fullmatch(text, 0, at) is None):
        return None
    return int(found[1]) if found[1][0] != _QUOTE else found[1][1:-1].decode()


def id_of(value: Any) -> RequestId | None:
    """Return `value` where a request may have it as its id; None otherwise."""
    return value if isinstance(value, (str, int, float)) and not isinstance(value, bool) else None


def _message_of(members: dict[str, Any]) -> Message:
    return Message(set(members), [id_of(members["id"])] if "id" in members else [])


def _scalar(written: bytes) -> Any:
    try:
        return read_json(written)
    except JsonRefused:
        return None
