"""Bytes of one body that are held back, in order."""

_SMALL = 4_096


class HeldBytes:
    """What was kept, as it came; small pieces are put together, for each object costs more than a few bytes."""

    __slots__ = ("_pieces", "_size")

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def keep(self, piece: bytes) -> None:
        """Hold `piece`, too."""
        self._size += len(piece)
        if self._pieces and len(self._pieces[-1]) < _SMALL:
            piece = self._pieces.pop() + piece
        self._pieces.append(piece)

    def take(self, more: bytes = b"") -> bytes:
        """Return all that was held, and `more` behind it; hold nothing any more."""
        pieces, self._pieces, self._size = self._pieces, [], 0
        if len(pieces) == 1 and not more:
            return pieces[0]
        return b"".join((*pieces, more)) if pieces else more
