"""Holds an answer back until it is known whose it is; what answers another's request goes no further."""

import asyncio
import re
from collections.abc import Iterable
from typing import Protocol

from devgw.foreign.coding import miscoding_of
from devgw.foreign.words import words_of
from devgw.limits import Limits
from devgw.mcp.attribution import UnansweredIds, shown_ids
from devgw.mcp.event_stream import EventReader
from devgw.mcp.response import (
    Message,
    ResponseReader,
    ResponseUnreadable,
    SecondDocument,
    find_plain_id,
    read_responses,
)
from devgw.mcp.well_formed import NOT_ENDED
from devgw.problems import Refused
from devgw.problems.limit import AnswerTooLong
from devgw.problems.upstream_answer import (
    UpstreamAnswerForeign,
    UpstreamAnswerUnreadable,
    UpstreamEncodingUnreadable,
    UpstreamResponseMalformed,
)
from devgw.problems.upstream_no_mcp import UpstreamGaveNoAnswer
from devgw.web.decoding import Decoder
from devgw.web.held_bytes import HeldBytes
from devgw.web.well_formed import EventCheck

_REFUSALS = 400
_RESULT = re.compile(rb'"(?:result|error)"')
_NO_EVENT = "it says text/event-stream, and has no `data:` before its JSON"
_SLICE = 65_536
"""Bytes that are looked at before others get their turn."""
_BLANK, _BEGINNINGS = b" \t\r\n\xef\xbb\xbf", (b"{", b"[")
"""What may stand before JSON, and how its messages begin."""


class MiscodedRefused(Refused):
    """An answer is refused for the coding in which its text stands.

    Args:
        problem: why.
        beginning: of the text, by which it may be told what it says all the same.
    """

    def __init__(self, problem: UpstreamResponseMalformed, beginning: bytes) -> None:
        super().__init__(problem)
        self.beginning = beginning


class Attribution(Protocol):
    """Takes an answer in pieces and gives what may go on."""

    @property
    def held(self) -> int:
        """Return how many bytes of it are held back."""

    async def feed(self, piece: bytes) -> bytes:
        """Take what arrived; return what of all this may go on.

        Raises:
            Refused: with `UpstreamAnswerForeign`, `UpstreamAnswerUnreadable`, or `AnswerTooLong` where nobody knows
                after so many bytes.
        """

    def close(self) -> bytes:
        """Return what was still held, once the answer has ended.

        Raises:
            Refused: with `UpstreamAnswerForeign`, or `UpstreamResponseMalformed` where a stream breaks its event off,
                or has none.
        """


class Unattributed:
    """For what answers no request in particular: everything goes on."""

    held = 0

    async def feed(self, piece: bytes) -> bytes:
        """Return `piece`."""
        return piece

    def close(self) -> bytes:
        """Return nothing: nothing was held."""
        return b""


class Attributed:
    """The answer to a request, in whose own form it is read: JSON, or events; packed or not.

    Args:
        asked: whose answer it must be.
        url: of the upstream.
        is_stream: whether it is events.
        decoder: what unpacks it.
        is_certain: whether it says of itself that it is JSON; if not, it is looked at where it begins like that.
    """

    def __init__(
        self,
        asked: UnansweredIds,
        url: str,
        *,
        is_stream: bool,
        decoder: Decoder | None = None,
        is_certain: bool = True,
    ) -> None:
        self._asked = asked
        self._url = url
        self._decoder = decoder
        self._json = ResponseReader()
        self._events = EventReader()
        self._is_stream = is_stream
        self._is_certain = is_certain
        self._has_begun = False
        self._is_looked_at = True
        self._has_no_event = False
        self._held = HeldBytes()
        self._check_events = EventCheck(url)

    @property
    def held(self) -> int:
        """See `Attribution`."""
        return len(self._held)

    async def feed(self, piece: bytes) -> bytes:
        """See `Attribution`; a packed answer is held until what it unpacks to may go on."""
        if self._decoder is None and len(piece) <= _SLICE:
            known = self._look(piece)
            if self._is_stream and self._is_looked_at:
                self._check_events.look(piece)
            return self._release(piece, known)
        known = 0
        is_packed = self._decoder is not None
        at = 0
        for plain in self._decoder.feed(piece) if self._decoder else _slices(piece):
            good = self._look(plain)
            known = at + good if good else known
            at += len(plain)
            await asyncio.sleep(0)
        return self._release(piece, known if not is_packed else len(piece) * (known == at > 0))

    def close(self) -> bytes:
        """See `Attribution`."""
        for message in (self._events if self._is_stream else self._json).close():
            self._check(message)
        if self._decoder is not None and self._decoder.is_cut and not self._is_stream:
            raise Refused(UpstreamEncodingUnreadable(self._url, self._decoder.encoding, is_broken=True))
        if self._has_no_event or self._events.has_open_response:
            raise Refused(UpstreamResponseMalformed(self._url, _NO_EVENT if self._has_no_event else NOT_ENDED))
        return self._held.take()

    def _look(self, plain: bytes) -> int:
        """Check what ends in `plain`; return how many bytes of it may go on, with everything before."""
        if not self._has_begun and (beginning := plain.lstrip(_BLANK)):
            self._begin(beginning)
        if not self._is_looked_at:
            return len(plain)
        try:
            known, messages = self._events.feed(plain) if self._is_stream else (0, self._json.feed(plain))
        except ResponseUnreadable as error:
            raise Refused(_unreadable(self._url, error)) from error
        for message in messages:
            self._check(message)
        if self._has_no_event:
            return 0
        begun = self._events.message if self._is_stream else self._json.message
        return len(plain) if self._asked.is_sure_of(begun) else known

    def _begin(self, beginning: bytes) -> None:
        """Go by how it begins, where that says more than what it calls itself: no event begins as JSON does."""
        self._has_begun = True
        if self._is_stream or self._is_certain:
            check_coding(beginning, self._url)
        is_json = beginning.startswith(_BEGINNINGS)
        self._is_looked_at = is_json or self._is_stream or self._is_certain
        self._has_no_event = self._is_stream and is_json
        self._is_stream = self._is_stream and not is_json

    def _check(self, message: Message) -> None:
        check(self._asked, message, self._url)

    def _release(self, piece: bytes, known: int) -> bytes:
        """Return what was held and the first `known` bytes of `piece`; hold the rest."""
        released = b""
        if known:
            released, piece = self._held.take(piece[:known]), piece[known:]
        if piece:
            self._held.keep(piece)
        if len(self._held) > Limits.HELD_BYTES:
            raise Refused(AnswerTooLong(self._url, Limits.HELD_BYTES))
        return released


def check_whole(asked: UnansweredIds, text: bytes, url: str) -> None:
    """Refuse a whole JSON text that answers another's request.

    Raises:
        Refused: with `UpstreamAnswerForeign`, `UpstreamAnswerUnreadable` or `UpstreamResponseMalformed`.
    """
    if asked.takes(find_plain_id(text)) and _RESULT.search(text):
        asked.is_answered = True
        return
    try:
        messages = read_responses(text)
    except ResponseUnreadable as error:
        check_coding(text, url)
        raise Refused(_unreadable(url, error)) from error
    for message in messages:
        check(asked, message, url)


def check_coding(beginning: bytes, url: str) -> None:
    """Refuse an answer whose text stands in another coding than it says.

    Raises:
        MiscodedRefused: with `UpstreamResponseMalformed`.
    """
    if miscoded := miscoding_of(beginning):
        raise MiscodedRefused(UpstreamResponseMalformed(url, miscoded), beginning)


def check_answered(asked: UnansweredIds | None, url: str, status: int, content: bytes) -> None:
    """Refuse a success that answers none of the requests, before it begins or at its end.

    Raises:
        Refused: with `UpstreamGaveNoAnswer`.
    """
    if asked is not None and not asked.is_answered and status < _REFUSALS:
        raise Refused(UpstreamGaveNoAnswer(url, status, words_of(content), shown_ids(asked.ids)))


def check(asked: UnansweredIds, message: Message, url: str) -> None:
    """Refuse a message that answers another's request, or one of these a second time.

    Raises:
        Refused: with `UpstreamAnswerForeign`.
    """
    if got := asked.foreign([message]):
        raise Refused(UpstreamAnswerForeign(url, got, shown_ids(asked.ids)))


def _unreadable(url: str, error: ResponseUnreadable) -> UpstreamAnswerUnreadable | UpstreamResponseMalformed:
    kind = UpstreamResponseMalformed if isinstance(error, SecondDocument) else UpstreamAnswerUnreadable
    return kind(url, str(error))


def _slices(piece: bytes) -> Iterable[bytes]:
    return (piece[at : at + _SLICE] for at in range(0, len(piece), _SLICE))
