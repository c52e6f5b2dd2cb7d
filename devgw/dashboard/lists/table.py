"""The rows of one kind, oldest first, the oldest dropped when there are too many."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

_SLACK = 512
"""How far a table may grow beyond its capacity before the surplus goes in one sweep: dropping one by one is slow."""


class RowTable:
    """Rows by id. Each gets an ordinal when it first arrives, so that a place in the order is found by bisection."""

    def __init__(self, capacity: int = 10_000) -> None:
        self.capacity = capacity
        self.rows: dict[str, Any] = {}
        self.ordinals: dict[str, int] = {}
        self.version = 0
        """Counts the changes."""
        self._next = 0

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def is_full(self) -> bool:
        """Tell whether there may have been more than it keeps."""
        return len(self.rows) >= self.capacity

    def __iter__(self) -> Iterator[Any]:
        return iter(self.rows.values())

    def find(self, row_id: str) -> Any | None:
        """Return the row called `row_id`, or None."""
        return self.rows.get(row_id)

    def put(self, row_id: str, row: Any) -> bool:
        """Keep `row`; return whether it is new."""
        is_new = row_id not in self.rows
        if is_new:
            self.ordinals[row_id] = self._next
            self._next += 1
        self.rows[row_id] = row
        self.version += 1
        return is_new

    def forget(self, row_ids: Iterable[str]) -> None:
        """Drop the rows called `row_ids`."""
        for row_id in row_ids:
            if self.rows.pop(row_id, None) is not None:
                del self.ordinals[row_id]
                self.version += 1

    def clear(self) -> None:
        """Drop everything."""
        self.rows.clear()
        self.ordinals.clear()
        self.version += 1

    def trim(self) -> list[str]:
        """Drop the oldest rows where there are too many, and return their ids."""
        surplus = len(self.rows) - self.capacity
        if surplus < _SLACK:
            return []
        dropped = list(islice(self.rows, surplus))
        self.forget(dropped)
        return dropped
