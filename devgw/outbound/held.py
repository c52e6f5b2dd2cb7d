"""How much is held of all upstreams' answers together, until it is known whose each of them is.

Each answer has a limit of its own (`Limits.HELD_BYTES`), and two hundred of them at once would still be gigabytes.
Where all together pass theirs, the one of which most is held gives way: whoever answers briefly pays for nobody else.
"""

from typing import Protocol

from devgw.settings import Limits


class Holder(Protocol):
    """An answer of which something is held."""

    def give_way(self) -> None:
        """End it: what is held of it is wanted for others."""


class HeldAnswers:
    """The bytes that are held of each answer, and of all of them."""

    def __init__(self) -> None:
        self._held: dict[Holder, int] = {}
        self._leaving: dict[Holder, int] = {}
        """What is known and waits for a client that takes its time: to end it would free nothing."""
        self.total = 0

    def note(self, holder: Holder, size: int, *, is_leaving: bool = False) -> None:
        """Write down that `size` bytes are held of an answer; the longest one gives way where that is too much."""
        self.forget(holder)
        if size <= Limits.HELD_UNCOUNTED_BYTES:
            return
        (self._leaving if is_leaving else self._held)[holder] = size
        self.total += size
        while self.total > Limits.HELD_TOGETHER_BYTES and self._held:
            longest = max(self._held, key=self._held.__getitem__)
            self.forget(longest)
            longest.give_way()

    def forget(self, holder: Holder) -> None:
        """Write down that nothing is held of an answer any more."""
        self.total -= self._held.pop(holder, 0) + self._leaving.pop(holder, 0)
