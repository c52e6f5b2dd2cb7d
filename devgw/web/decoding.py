"""Undoes the compression of an answer that has to be read, a little at a time: small things may unpack to gigabytes."""

import zlib
from collections.abc import Iterator

from devgw.events.trace import Headers
from devgw.gateway.forwarding import encoding_of
from devgw.problems import Refused
from devgw.problems.limit import AnswerUnpacksTooLong
from devgw.problems.upstream_answer import UpstreamEncodingUnreadable

_GZIP_OR_DEFLATE = 47
SLICE = 65_536
"""Bytes that come at once, at the most."""
_MOST_MEMBERS = 1_000
"""Of one answer in gzip: each costs a copy of what follows, and an empty one is twenty bytes."""


def decoder_of(headers: Headers, url: str, most_bytes: int | None = None) -> "Decoder | None":
    """Return what reads an answer with these headers; None where it is not packed.

    Raises:
        Refused: with `UpstreamEncodingUnreadable`.
    """
    encoding = encoding_of(headers)
    return Decoder(encoding, url, most_bytes) if encoding else None


class Decoder:
    """Unpacks gzip and deflate, in slices."""

    def __init__(self, encoding: str, url: str, most_bytes: int | None) -> None:
        if encoding not in {"gzip", "x-gzip", "deflate"}:
            raise Refused(UpstreamEncodingUnreadable(url, encoding))
        self.encoding = encoding
        self._url = url
        self._most_bytes = most_bytes
        self._size = 0
        self._members = 1
        self._inflate = zlib.decompressobj(_GZIP_OR_DEFLATE)

    @property
    def is_cut(self) -> bool:
        """Tell whether something came, and its end did not."""
        return self._size > 0 and not self._inflate.eof

    def feed(self, piece: bytes) -> Iterator[bytes]:
        """Give what `piece` comes to, never more than 64 KB at once.

        Raises:
            Refused: with `UpstreamEncodingUnreadable`, or `AnswerUnpacksTooLong` beyond the limit.
        """
        for start in range(0, len(piece), SLICE):
            yield from self._feed(piece[start : start + SLICE])

    def _feed(self, piece: bytes) -> Iterator[bytes]:
        is_full = False
        while piece or is_full:
            if self._inflate.eof:
                self._begin_member()
            plain = self._unpacked(piece)
            piece = self._inflate.unconsumed_tail or self._inflate.unused_data
            is_full = len(plain) == SLICE
            self._size += len(plain)
            if self._most_bytes is not None and self._size > self._most_bytes:
                raise Refused(AnswerUnpacksTooLong(self._url, self._most_bytes))
            if plain:
                yield plain

    def _begin_member(self) -> None:
        """Go on with the member that follows (RFC 1952 §2.2)."""
        self._members += 1
        if self._members > _MOST_MEMBERS:
            raise Refused(UpstreamEncodingUnreadable(self._url, f"{self.encoding} of over {_MOST_MEMBERS:,} members"))
        self._inflate = zlib.decompressobj(_GZIP_OR_DEFLATE)

    def _unpacked(self, piece: bytes) -> bytes:
        try:
            return self._inflate.decompress(piece, SLICE)
        except zlib.error as error:
            raise Refused(UpstreamEncodingUnreadable(self._url, self.encoding, is_broken=True)) from error
