"""The messages in a stream of server-sent events, read while it arrives. Source: HTML, Server-sent events, §9.2.6."""

import re

from devgw.mcp.response import Message, ResponseReader, check_encoding

_LINE_END = re.compile(rb"[\r\n]")
_DATA = b"data:"
_BOM = b"\xef\xbb\xbf"


class EventReader:
    """Takes an event stream in pieces; says where events end, and which messages ended with them."""

    def __init__(self) -> None:
        self._responses = ResponseReader()
        self._carried = _BOM[:0]
        self._is_in_line = False
        self._is_data = False
        self._has_data = False
        self._is_empty = True
        self._closed_by_cr = False
        self._after_cr = False
        self._is_first = True
        self.has_open_response = False
        """Whether a response has come in an event that no blank line has ended: it counts for nothing."""

    @property
    def message(self) -> Message | None:
        """Return the message that has begun and not ended."""
        return self._responses.message

    def feed(self, piece: bytes) -> tuple[int, list[Message]]:
        """Take what arrived.

        Returns:
            How many bytes of `piece` belong to events that have ended (0 where none ended in it), and the messages
            that ended.

        Raises:
            ResponseUnreadable: as `ResponseReader.feed` does.
        """
        check_encoding(piece)
        before = len(self._carried)
        received, self._carried = self._carried + piece if before else piece, b""
        messages: list[Message] = []
        at = ended = 0
        while at < len(received):
            at, is_end = self._line(received, at, messages)
            if is_end:
                ended = at
        return max(0, ended - before), messages

    def close(self) -> list[Message]:
        """Return the messages of an event that the stream's end cut off."""
        return self._responses.close()

    def _line(self, received: bytes, at: int, messages: list[Message]) -> tuple[int, bool]:
        """Take one line, or what is there of it; return where the next begins, and whether an event ended."""
        if self._after_cr:
            self._after_cr = False
            if received[at] == 0x0A:
                return at + 1, self._closed_by_cr
        found = _LINE_END.search(received, at)
        end = found.start() if found else len(received)
        if not self._is_in_line:
            if found is None and self._is_undecided(received[at:]):
                self._carried = received[at:]
                return len(received), False
            at = self._begin_line(received, at, end)
        if self._is_data and at < end:
            ended = self._responses.feed(received[at:end])
            self.has_open_response |= any(each.is_response for each in ended)
            messages += ended
        if found is None:
            return end, False
        return end + 1, self._end_line(messages, is_cr=found[0] == b"\r")

    def _is_undecided(self, line: bytes) -> bool:
        """Tell whether more must come before it is known which field this line is."""
        if self._is_first and _BOM.startswith(line[:3]):
            line = line[3:]
        return _DATA.startswith(line)

    def _begin_line(self, received: bytes, at: int, end: int) -> int:
        """Find out which field the line is; return where its value begins."""
        if self._is_first:
            self._is_first = False
            at += 3 * received.startswith(_BOM, at)
        line = received[at : min(end, at + 5)]
        self._is_in_line, self._is_empty = True, at == end
        self._is_data = line == _DATA or (line == b"data" and end - at == 4)
        self._has_data = self._has_data or self._is_data
        return at + len(line)

    def _end_line(self, messages: list[Message], *, is_cr: bool) -> bool:
        """End a line; tell whether an event ended with it."""
        self._after_cr, self._is_in_line = is_cr, False
        if self._is_data:
            messages += self._responses.feed(b"\n")
        is_end = self._is_empty
        self.has_open_response &= not is_end
        if is_end and self._has_data:
            messages += self._responses.close()
            self._has_data = False
        self._closed_by_cr = is_end and is_cr
        return is_end
