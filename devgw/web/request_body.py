"""One request's body while it comes in and waits, counted among all that are held at once."""

from devgw.foreign.held import HeldTogether
from devgw.limits import Limits
from devgw.problems import Refused
from devgw.problems.limit import BodyGaveWay
from devgw.web.held_bytes import HeldBytes


class RequestBody(HeldBytes):
    """What was kept of it: all, unless nobody will read it or it gave way to others."""

    __slots__ = ("_among", "_gave_way", "_is_wanted", "size")

    def __init__(self, among: HeldTogether) -> None:
        super().__init__()
        self._among = among
        self._is_wanted = True
        self._gave_way = False
        self.size = 0
        """Bytes that have come, kept or not."""

    def come(self, piece: bytes, limit: int) -> None:
        """Keep a piece that came, unless all together are longer than `limit`."""
        self.size += len(piece)
        if self.size > limit and self._is_wanted:
            self.refuse()
        if not self._is_wanted:
            return
        self.keep(piece)
        if self.size > Limits.BODY_UNCOUNTED_BYTES:
            self._among.note(self, self.size)

    def whole(self) -> bytes:
        """Return all that came; it counts until it is let go of.

        Raises:
            Refused: with `BodyGaveWay`.
        """
        if self._gave_way:
            raise Refused(BodyGaveWay(Limits.BODIES_TOGETHER_BYTES))
        if self.size > Limits.BODY_UNCOUNTED_BYTES and self._is_wanted:
            self._among.note(self, self.size, is_leaving=True)
        return self.take()

    def why_left(self, length: int) -> str:
        """Say what a client left that said it would send `length` bytes, and waits for no answer."""
        if self.size < length:
            return f"The client left when {self.size} of the {length} bytes of its request's body had been read."
        return "The client left before it was answered."

    def refuse(self) -> None:
        """Keep nothing of it: nobody will read it."""
        self._is_wanted = False
        self.take()
        self.let_go()

    def give_way(self) -> None:
        """See `foreign.held.Holder`."""
        self._gave_way = True
        self.refuse()

    def let_go(self) -> None:
        """Count it no more: whoever had it needs it no longer."""
        if self.size > Limits.BODY_UNCOUNTED_BYTES:
            self._among.forget(self)
