"""The shape of a view: columns, order, filter vocabulary, detail tabs; and how columns share the width."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from devgw.dashboard.filter import Vocabulary
from devgw.dashboard.lists.listing import Order
from devgw.dashboard.look.glyphs import Glyphs
from devgw.dashboard.look.line import Line, Span, cut, fit, line_cells
from devgw.dashboard.look.sheet import Sheet, Target
from devgw.dashboard.views.scene import Scene
from devgw.foreign.text import cells

Cell = Callable[[Any, Scene], Span | Line]
GUTTER = 2


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `rank` 0 is never left out; where room is short the highest rank goes first, as a whole."""

    title: str
    width: int
    cell: Cell
    key: Callable[[Any], Any] | None = None
    """What it is sorted by; None where sorting makes no sense."""
    right: bool = False
    grows: int = 0
    """Its share of the room that is left."""
    rank: int = 0
    once: bool = False
    """True where rows of one family say it in the first of them alone."""
    unless: str = ""
    """The title of a column beside which this one says nothing new."""


@dataclass(frozen=True, slots=True)
class Tab:
    """One page of a detail: writes what it has to say about a row onto a sheet."""

    title: str
    write: Callable[[Any, Scene, Sheet], None]


@dataclass(frozen=True, slots=True)
class View:
    """One of the dashboard's views."""

    name: str
    title: str
    short: str
    noun: str
    table: str
    """The kind of row it lists."""
    columns: tuple[Column, ...]
    vocabulary: Vocabulary
    order: Order
    tabs: tuple[Tab, ...]
    empty: tuple[str, ...]
    """What would fill it, and how."""
    detail: str = ""
    """The kind of `inspect` that opens a row; empty where the row tells everything."""
    is_problem: Callable[[Any], bool] = lambda _row: False
    is_over: Callable[[Any, float], bool] | None = None
    """Hides rows that time has made uninteresting."""
    family: Callable[[Any], Any] | None = None
    """What rows have in common that stand together in its own order."""
    can_end: Callable[[Any, float], bool] | None = None
    """Tells rows that can be revoked, deleted or signed out: those alone are marked together."""
    is_past: Callable[[Any, float], bool] | None = None
    """Tells rows that are over, and stand behind the others."""
    legend: Callable[[Glyphs], tuple[str, ...]] = lambda _glyphs: ()
    """What the signs and letters of its columns mean, a line each."""
    side: Tab | None = None
    """What stands beside the detail where there is room."""
    ticks: bool = False
    """True where rows change with each second."""
    relations: Callable[[Any], list[tuple[str, Target]]] = lambda _row: []
    """Letter and target of what belongs to a row."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A column with the cells that it was given."""

    column: Column
    width: int


def share(columns: tuple[Column, ...], width: int) -> list[Slot]:
    """Return the columns that fit into `width` cells, each with its share."""
    room = width - GUTTER
    chosen = list(columns)
    while sum(each.width + 1 for each in _without_doubles(chosen)) - 1 > room and any(each.rank for each in chosen):
        highest = max(each.rank for each in chosen)
        chosen = [each for each in chosen if each.rank < highest]
    shown = _without_doubles(chosen)
    spare = max(0, room - (sum(each.width + 1 for each in shown) - 1))
    shares = sum(each.grows for each in shown)
    slots = [Slot(each, each.width + (spare * each.grows // shares if shares else 0)) for each in shown]
    return _fill(slots, room)


def _without_doubles(columns: list[Column]) -> list[Column]:
    titles = {each.title for each in columns}
    return [each for each in columns if each.unless not in titles or not each.unless]


def _fill(slots: list[Slot], room: int) -> list[Slot]:
    """Give what rounding left over to the last column that grows."""
    left = room - (sum(each.width + 1 for each in slots) - 1)
    for place in range(len(slots) - 1, -1, -1):
        if slots[place].column.grows and left > 0:
            slots[place] = Slot(slots[place].column, slots[place].width + left)
            break
    return slots


def title_at(slots: list[Slot], cell: int) -> str:
    """Return the title of the column that stands at a cell of the list; empty where none does."""
    start = GUTTER
    for slot in slots:
        if start <= cell <= start + slot.width:
            return slot.column.title
        start += slot.width + 1
    return ""


def header(slots: list[Slot], order: Order, scene: Scene) -> Line:
    """Return the line of column titles, with the sign of the order."""
    spans: list[Span] = [(" " * GUTTER, "col")]
    for slot in slots:
        title = slot.column.title
        if title == order.name:
            title += scene.glyphs.descending if order.descending else scene.glyphs.ascending
        spans.append((fit(title, slot.width, slot.column.right, "") + " ", "col"))
    return tuple(spans)


def row_line(row: Any, slots: list[Slot], scene: Scene, suffix: str, gutter: str, *, is_next: bool = False) -> Line:
    """Return one row; `suffix` (`@` the cursor's, `*` marked) goes behind each look.

    A row that `is_next` of its family leaves out what the first one says.
    """
    spans: list[Span] = [(gutter, "key" + suffix)]
    for slot in slots:
        cell = ("", "") if is_next and slot.column.once else slot.column.cell(row, scene)
        if cell and isinstance(cell[0], str):
            text, look = cell[0], str(cell[1])
            spans.append((fit(text, slot.width, slot.column.right, scene.glyphs.ellipsis) + " ", look + suffix))
        else:
            spans += _many(cell, slot, suffix)
    return tuple(spans)


def _many(spans: Line, slot: Slot, suffix: str) -> list[Span]:
    kept = cut(spans, slot.width)
    missing = slot.width - line_cells(kept) + 1
    return [*((text, look + suffix) for text, look in kept), (" " * missing, suffix)]


def titles(tabs: tuple[Tab, ...], active: int, room: int) -> Line:
    """Return the line of a detail's tabs."""
    spans: list[Span] = []
    for number, tab in enumerate(tabs):
        spans.append((f"[{tab.title}]", "tab") if number == active else (f" {tab.title} ", ""))
    hint = "[ ] switch"
    used = sum(cells(text) for text, _ in spans)
    return (*spans, ("  " + hint, "dim")) if used + len(hint) + 2 <= room else tuple(spans)
