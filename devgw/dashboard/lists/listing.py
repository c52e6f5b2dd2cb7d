"""What one view shows of one table: the rows that match, in an order, with a cursor that stays on its row."""

from bisect import bisect_left
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from devgw.dashboard.filter import Predicate
from devgw.dashboard.lists.table import RowTable

SortKey = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Order:
    """By what rows are sorted; `key` None is the order of arrival, which costs nothing to keep."""

    name: str
    key: SortKey | None = None
    descending: bool = False


class Listing:
    """Rows in display order, and the cursor. `read_id` gives a row's id; `is_shown` hides what is over, by time."""

    def __init__(self, table: RowTable, order: Order, read_id: Callable[[Any], str]) -> None:
        self.table = table
        self.order = order
        self.read_id = read_id
        self.predicate: Predicate | None = None
        self.is_shown: Predicate | None = None
        self.is_past: Predicate | None = None
        """Tells rows that come last in any order but that of arrival, because they are over."""
        self.selected: str | None = None
        self.ghost: Any | None = None
        """The selected row after it was dropped: it stays until the cursor leaves it."""
        self.is_following = True
        self.top = 0
        self.marks: set[str] = set()
        self.hidden: set[str] = set()
        """Titles of columns that the person left out."""
        self._shown: list[Any] = []
        self._ordinals: list[int] = []
        self._index = 0

    # --- rows ---------------------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self._shown) + (self.ghost is not None)

    def row(self, index: int) -> Any:
        """Return the row at display position `index`."""
        if self.ghost is not None:
            if index == self._index:
                return self.ghost
            index -= index > self._index
        return self._shown[-1 - index] if self._is_flipped else self._shown[index]

    @property
    def _is_flipped(self) -> bool:
        """Tell whether the rows are kept in the order of arrival and shown the other way round."""
        return self.order.key is None and self.order.descending

    def rows(self) -> Iterable[Any]:
        """Give all rows in display order."""
        return (self.row(index) for index in range(len(self)))

    def matches(self, row: Any) -> bool:
        """Tell whether `row` belongs here; a mark keeps a row that time would hide."""
        if self.predicate is not None:
            return self.predicate(row)
        return self.is_shown is None or self.is_shown(row) or self.read_id(row) in self.marks

    # --- changes ------------------------------------------------------------------------------------------------------

    def rebuild(self) -> None:
        """Filter and sort everything anew, the cursor staying on its row."""
        before = self._index
        rows = [row for row in self.table if self.matches(row)]
        if self.order.key is not None:
            rows.sort(key=self.order.key, reverse=self.order.descending)
            if self.is_past is not None:
                rows.sort(key=self.is_past)  # stable: within each half the order stays
            self._ordinals = []
        else:
            ordinals = self.table.ordinals
            self._ordinals = [ordinals[self.read_id(row)] for row in rows]
        self._shown, self.ghost = rows, None
        self._settle(before)

    def take(self, changed: Iterable[Any], has_lost: bool) -> None:
        """Follow changes of the table: new or replaced rows, and whether some were dropped."""
        if self.order.key is not None:
            self.rebuild()
            return
        before = self._index
        if has_lost:
            self._drop_lost()
        for row in changed:
            self._place(row)
        self._settle(before)

    def _drop_lost(self) -> None:
        alive = self.table.ordinals
        first = next(iter(alive.values()), self._ordinals[-1] + 1 if self._ordinals else 0)
        count = bisect_left(self._ordinals, first)
        del self._shown[:count], self._ordinals[:count]
        if any(self.read_id(row) not in alive for row in self._shown):
            kept = [row for row in self._shown if self.read_id(row) in alive]
            self._shown, self._ordinals = kept, [alive[self.read_id(row)] for row in kept]

    def _place(self, row: Any) -> None:
        ordinal = self.table.ordinals.get(self.read_id(row))
        if ordinal is None:
            return
        place = bisect_left(self._ordinals, ordinal)
        is_known = place < len(self._ordinals) and self._ordinals[place] == ordinal
        if is_known and self.matches(row):
            self._shown[place] = row
        elif is_known:
            del self._shown[place], self._ordinals[place]
        elif self.matches(row):
            self._shown.insert(place, row)
            self._ordinals.insert(place, ordinal)

    def _settle(self, before: int) -> None:
        """Put the cursor back on its row, and move the view by as much as the row moved."""
        if self.is_following:
            self.ghost = None
            self.newest()
            return
        if self.selected is None:
            self._point(0)
            return
        found = self._find(self.selected, before)
        if found is not None:
            self.ghost, self._index = None, found
        elif self.ghost is None:
            self._lose(before)
        else:
            self._index = min(before, len(self._shown))
        self.top = max(0, self.top + self._index - before)

    def _lose(self, before: int) -> None:
        """Keep the selected row as a ghost where it was dropped from the table; else take the one that stands there."""
        row = self._last
        if self.selected in self.table.rows or row is None:
            self._point(before)
            return
        self.ghost = row
        self._index = min(before, len(self._shown))

    def _find(self, row_id: str, hint: int) -> int | None:
        if self.order.key is None:
            ordinal = self.table.ordinals.get(row_id)
            if ordinal is None:
                return None
            place = bisect_left(self._ordinals, ordinal)
            if place == len(self._ordinals) or self._ordinals[place] != ordinal:
                return None
            return len(self._shown) - 1 - place if self.order.descending else place
        if hint < len(self._shown) and self.read_id(self._shown[hint]) == row_id:
            return hint
        return next((index for index, row in enumerate(self._shown) if self.read_id(row) == row_id), None)

    # --- cursor -------------------------------------------------------------------------------------------------------

    _last: Any | None = None
    """The selected row as it was last seen."""

    @property
    def index(self) -> int:
        """Return the cursor's display position."""
        return self._index

    @property
    def current(self) -> Any | None:
        """Return the row under the cursor, or None where there is none."""
        if not len(self):
            return None
        row = self.row(min(self._index, len(self) - 1))
        self._last = row
        return row

    def newest(self) -> None:
        """Put the cursor on the newest row: the first where the newest come first, else the last."""
        is_last = self.order.key is None and not self.order.descending
        self._point(len(self._shown) - 1 if is_last else 0)
        if not is_last:
            self.top = 0

    def move(self, to: int) -> None:
        """Put the cursor on display position `to`, or as near as there is one; following ends."""
        self.is_following = False
        if self.ghost is not None and to != self._index:
            to -= to > self._index
            self.ghost = None
        self._point(to)

    def select(self, row_id: str) -> bool:
        """Put the cursor on the row called `row_id`; return whether it is shown."""
        found = self._find(row_id, self._index)
        if found is None:
            return False
        self.move(found)
        return True

    def _point(self, index: int) -> None:
        self._index = max(0, min(index, len(self) - 1))
        row = self.current
        self.selected = None if row is None else self.read_id(row)

    def window(self, height: int) -> range:
        """Return the display positions that are shown in `height` lines, the cursor among them."""
        last = max(0, len(self) - height)
        top = min(self.top, last)
        if self._index < top:
            top = self._index
        elif self._index >= top + height:
            top = self._index - height + 1
        self.top = max(0, min(top, last))
        return range(self.top, min(len(self), self.top + height))
