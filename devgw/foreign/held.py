"""How much of what came from outside is held at once, of all that is under way: answers of upstreams, requests.

Each of them has a limit of its own, and two hundred at once would still be gigabytes. Where all together pass theirs,
the one of which most is held gives way: whoever sends little pays for nobody else.
"""

from typing import Protocol


class Holder(Protocol):
    """A body of which something is held."""

    def give_way(self) -> None:
        """Let go of what is held: it is wanted for others."""


class HeldTogether:
    """The bytes that are held of each body, and of all of them.

    Args:
        most: bytes of all together.
        uncounted: bytes of one that never gives way.
    """

    def __init__(self, most: int, uncounted: int) -> None:
        self._most = most
        self._uncounted = uncounted
        self._held: dict[Holder, int] = {}
        self._leaving: dict[Holder, int] = {}
        """What is whole and waits for who takes it: to end it would free nothing."""
        self.total = 0

    def note(self, holder: Holder, size: int, *, is_leaving: bool = False) -> None:
        """Write down that `size` bytes are held of a body; the longest one gives way where that is too much."""
        self.forget(holder)
        if size <= self._uncounted:
            return
        (self._leaving if is_leaving else self._held)[holder] = size
        self.total += size
        while self.total > self._most and self._held:
            longest = max(self._held, key=self._held.__getitem__)
            self.forget(longest)
            longest.give_way()

    def forget(self, holder: Holder) -> None:
        """Write down that nothing is held of a body any more."""
        if not self.total:
            return
        self.total -= self._held.pop(holder, 0) + self._leaving.pop(holder, 0)
