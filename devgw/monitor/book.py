"""Where the monitor keeps things: books of what changes, rings of what only comes, and one count over all."""

from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


class Count:
    """The number of changes so far: each change of anything kept gets the next one."""

    def __init__(self) -> None:
        self.value = 0

    def up(self) -> int:
        """Count one change and return its number."""
        self.value += 1
        return self.value


@dataclass(slots=True)
class Gone:
    """A row that is no more."""

    seq: int
    kind: str
    id: str


class Graveyard:
    """The ids of rows that went, so that readers can drop them; bounded."""

    def __init__(self, count: Count, kept: int = 10_000) -> None:
        self._count = count
        self._gone: deque[Gone] = deque(maxlen=kept)
        self.floor = 0
        """Who saw less than this must begin again: what went before is no longer known."""

    def bury(self, kind: str, id_: str) -> None:
        """Remember that the row `id_` of `kind` went."""
        if len(self._gone) == self._gone.maxlen:
            self.floor = self._gone[0].seq
        self._gone.append(Gone(self._count.up(), kind, id_))

    def since(self, seq: int) -> dict[str, list[str]]:
        """Return the ids that went after `seq`, by kind."""
        gone: dict[str, list[str]] = {}
        for each in reversed(self._gone):
            if each.seq <= seq:
                break
            gone.setdefault(each.kind, []).append(each.id)
        return gone

    def begin_again(self) -> None:
        """Make every reader take a new snapshot."""
        self._gone.clear()
        self.floor = self._count.up()


class Book(Generic[T]):
    """Things by id that change in place; it knows in which order they changed last."""

    def __init__(self, kind: str, count: Count, graveyard: Graveyard, kept: int) -> None:
        self.kind = kind
        self._count = count
        self._graveyard = graveyard
        self._kept = kept
        self._items: dict[str, T] = {}
        self._changed: OrderedDict[str, int] = OrderedDict()
        self.left: Callable[[T], None] = lambda _item: None
        """Told each thing that is kept no longer, for whoever keeps an index of them."""

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[T]:
        return iter(self._items.values())

    def ids(self) -> list[str]:
        """Return the ids of all things, the longest kept first."""
        return list(self._items)

    def __contains__(self, id_: str) -> bool:
        return id_ in self._items

    def get(self, id_: str | None) -> T | None:
        """Return the thing called `id_`, or None."""
        return self._items.get(id_) if id_ else None

    def put(self, id_: str, item: T) -> T:
        """Keep `item` as changed now; the one that changed longest ago goes where there is no more room."""
        self._items[id_] = item
        self.touch(id_)
        if len(self._items) > self._kept:
            self.drop(next(iter(self._changed)))
        return item

    def touch(self, id_: str) -> None:
        """Note that the thing called `id_` changed; nothing where it is kept no longer."""
        if id_ in self._items:
            self._changed[id_] = self._count.up()
            self._changed.move_to_end(id_)

    def drop(self, id_: str) -> None:
        """Forget the thing called `id_`."""
        item = self._items.pop(id_, None)
        if item is not None:
            del self._changed[id_]
            self._graveyard.bury(self.kind, id_)
            self.left(item)

    def clear(self) -> int:
        """Forget everything; return how much it was. Readers have to begin again."""
        size = len(self._items)
        self._items.clear()
        self._changed.clear()
        return size

    def since(self, seq: int) -> list[tuple[int, T]]:
        """Return what changed after `seq`, with the number of its last change, oldest change first."""
        found: list[tuple[int, T]] = []
        for id_, changed in reversed(self._changed.items()):
            if changed <= seq:
                break
            found.append((changed, self._items[id_]))
        found.reverse()
        return found


class Ring(Generic[T]):
    """Things that only come; the oldest goes when the next one finds no room."""

    def __init__(self, count: Count, kept: int) -> None:
        self._count = count
        self._items: deque[tuple[int, T]] = deque(maxlen=kept)
        self.total = 0
        """How many ever came."""
        self.floor = 0
        """The number of the newest that went."""

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[T]:
        return (item for _, item in self._items)

    def __reversed__(self) -> Iterator[T]:
        return (item for _, item in reversed(self._items))

    @property
    def dropped(self) -> int:
        """Return how many went."""
        return self.total - len(self._items)

    def add(self, item: T) -> T | None:
        """Keep `item`; return the one that had to go for it."""
        gone = self._items[0] if len(self._items) == self._items.maxlen else None
        if gone is not None:
            self.floor = gone[0]
        self._items.append((self._count.up(), item))
        self.total += 1
        return gone[1] if gone is not None else None

    def clear(self) -> int:
        """Forget everything; return how much it was."""
        size = len(self._items)
        if size:
            self.floor = self._items[-1][0]
        self._items.clear()
        return size

    def since(self, seq: int, limit: int) -> list[tuple[int, T]]:
        """Return the newest `limit` things that came after `seq`, oldest first, with their numbers."""
        found: list[tuple[int, T]] = []
        for numbered in reversed(self._items):
            if numbered[0] <= seq or len(found) == limit:
                break
            found.append(numbered)
        found.reverse()
        return found
