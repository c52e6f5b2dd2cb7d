"""Where the body of an upstream's answer ends: after a length, after the last chunk, or with the connection.

Each body takes bytes as they come and says what follows its end; bytes behind an end belong to nobody.
Source: RFC 9112 §6.3, §7.1.
"""

import re
from typing import Protocol

from devgw.limits import Limits

FIELDS = re.compile(rb"(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]++:[^\x00-\x08\x0a-\x1f\x7f]*+\r\n)*+")
"""Header lines, whole and nothing else (RFC 9112 §5)."""
_SIZE = re.compile(rb"([0-9A-Fa-f]{1,12})(?:[ \t]*;[^\x00-\x08\x0a-\x1f\x7f]*)?")
_END = b"\r\n"
_USUAL_CHUNKS = 64
"""That may come at one time and are not weighed."""
_TINY = 16
"""Bytes; a chunk of fewer is mostly framing."""


class FramingUnsafe(ValueError):  # noqa: N818  it reads as what happened
    """Two programs could disagree where the answer ends; the message says what is ambiguous."""


class FramingTooLong(ValueError):  # noqa: N818  the same
    """A body comes in far more chunks than its bytes need: each takes as long to read as a large one."""


class BodyFraming(Protocol):
    """The framing of one body."""

    ends_with_connection: bool
    """Whether its end is the end of the connection."""

    def take(self, received: bytes) -> tuple[bytes, bytes | None]:
        """Return the part of the body that stands in `received`, and what follows the end; None while it goes on.

        Raises:
            FramingUnsafe: where it is not framed as it said.
            FramingTooLong: where framing is nearly all of it.
        """


class BodyByLength:
    """A body of so many bytes; none at all has ended at once."""

    __slots__ = ("_left",)
    ends_with_connection = False

    def __init__(self, length: int) -> None:
        self._left = length

    def take(self, received: bytes) -> tuple[bytes, bytes | None]:
        """See `Body`."""
        left, size = self._left, len(received)
        if size < left:
            self._left = left - size
            return received, None
        self._left = 0
        return (received, b"") if size == left else (received[:left], received[left:])


class BodyUntilClose:
    """A body without any length: it lasts as long as the connection."""

    __slots__ = ()
    ends_with_connection = True

    def take(self, received: bytes) -> tuple[bytes, bytes | None]:
        """See `Body`."""
        return received, None


class BodyInChunks:
    """A chunked body; extensions and trailers are read and dropped."""

    __slots__ = ("_closes_chunk", "_in_trailers", "_left", "_pending", "_tiny")
    ends_with_connection = False

    def __init__(self) -> None:
        self._pending = b""
        self._left = 0
        self._closes_chunk = False
        self._in_trailers = False
        self._tiny = 0

    def take(self, received: bytes) -> tuple[bytes, bytes | None]:
        """See `Body`."""
        received = self._pending + received if self._pending else received
        pieces: list[bytes] = []
        at = 0
        while not self._in_trailers:
            step = self._content(received, at, pieces) if self._left else self._line(received, at)
            if step < 0:
                break
            at = step
        rest = self._trailers(received, at) if self._in_trailers else None
        if rest is None:
            self._pending = received[at:] if not self._left else b""
        if len(pieces) == 1:
            return pieces[0], rest
        content = b"".join(pieces)
        if len(pieces) > _USUAL_CHUNKS:
            self._weigh(len(pieces), len(content))
        return content, rest

    def _weigh(self, chunks: int, size: int) -> None:
        """Count the chunks that came at one time beyond those which so many bytes are usually sent in.

        Raises:
            FramingTooLong: where all of them together are too many.
        """
        self._tiny += max(0, chunks - size // _TINY)
        if self._tiny > Limits.TINY_CHUNKS:
            raise FramingTooLong(f"more than {Limits.TINY_CHUNKS:,} chunks of a few bytes")

    def _content(self, received: bytes, at: int, pieces: list[bytes]) -> int:
        """Take what is there of a chunk; return where it ends, -1 where more must come."""
        piece = received[at : at + self._left]
        if piece:
            pieces.append(piece)
        self._left -= len(piece)
        self._closes_chunk = not self._left
        return -1 if self._left else at + len(piece)

    def _line(self, received: bytes, at: int) -> int:
        """Read the end of a chunk and the next one's size; return where its content begins, -1 where more must come."""
        begin = at + 2 if self._closes_chunk else at
        if self._closes_chunk and not _END.startswith(received[at:begin]):
            raise FramingUnsafe("a chunk is longer or shorter than its size")
        end = received.find(_END, begin)
        if end < 0:
            _check_unended(received[begin:])
            return -1
        size = _SIZE.fullmatch(received, begin, end)
        if size is None:
            raise FramingUnsafe(f"a chunk's size is {received[begin : min(end, begin + 20)]!r}")
        self._closes_chunk = False
        self._left = int(size[1], 16)
        self._in_trailers = not self._left
        return end + 2

    def _trailers(self, received: bytes, at: int) -> bytes | None:
        """Return what follows the trailers, None where they go on."""
        if received.startswith(_END, at):
            return received[at + 2 :]
        end = received.find(b"\r\n\r\n", at)
        if (end < 0 and len(received) - at > Limits.ANSWER_HEAD_BYTES) or b"\n\n" in received[at:]:
            raise FramingUnsafe("its trailers have no end")
        if end < 0:
            return None
        if FIELDS.fullmatch(received, at, end + 2) is None:
            raise FramingUnsafe("its trailers are no headers")
        return received[end + 4 :]


def _check_unended(line: bytes) -> None:
    if b"\n" in line:
        raise FramingUnsafe("a chunk's line ends with LF alone")
    if len(line) > Limits.CHUNK_LINE_BYTES:
        raise FramingUnsafe("the line before a chunk has no end")
