"""Tables of what runs: one row for each, in as many columns as the terminal has room for."""

import shutil
import sys
from collections.abc import Sequence
from itertools import zip_longest

from devgw.cli.printing import padded, write_line
from devgw.foreign.folding import fold
from devgw.foreign.text import cells, clean

_WIDEST = 40
_NARROWEST = 17
"""What is no longer than this stands in one line: ids, codes and times."""
_LEAST_LAST = 24
"""The last column has the sentences, and gets what the others leave."""
_GAP = 2


def write_table(heads: Sequence[str], rows: Sequence[Sequence[str]], empty: str, spare: Sequence[str] = ()) -> None:
    """Write rows under their heads, each column as wide in terminal cells as it must be, up to a bound.

    On a terminal what is longer goes on below itself, and where there is no room for all columns those of `spare` are
    left out, the first of them first; elsewhere a row is one line, and runs over.
    """
    if not rows:
        write_line(empty)
        return
    table = [[clean(cell) for cell in row] for row in (heads, *rows)]
    if not sys.stdout.isatty():
        _write(table, [min(_WIDEST, width) for width in _widths(table)], folds=False)
        return
    room = shutil.get_terminal_size().columns
    table = _without_spare(table, spare, room)
    _write(table, _shared(_widths(table), room), folds=True)


def _write(table: Sequence[Sequence[str]], widths: Sequence[int], *, folds: bool) -> None:
    for row in table:
        for line in _folded(row, widths) if folds else [row]:
            pairs = zip(line, [*widths[:-1], 0], strict=True)
            write_line((" " * _GAP).join(padded(cell, width) for cell, width in pairs).rstrip())


def _widths(table: Sequence[Sequence[str]]) -> list[int]:
    """Return how many cells the longest of each column takes."""
    return [max(map(cells, column)) for column in zip(*table, strict=True)]


def _without_spare(table: list[list[str]], spare: Sequence[str], room: int) -> list[list[str]]:
    """Return the table without as many of the columns called `spare` as have no room."""
    left_out: set[str] = set()
    for name in spare:
        kept = [index for index, head in enumerate(table[0]) if head not in left_out]
        if _least(_widths([[row[index] for index in kept] for row in table])) <= room:
            break
        left_out.add(name)
    kept = [index for index, head in enumerate(table[0]) if head not in left_out]
    return [[row[index] for index in kept] for row in table]


def _least(widths: Sequence[int]) -> int:
    """Return how many cells a row takes at least."""
    least = [min(width, _NARROWEST) for width in widths[:-1]]
    return sum(least) + min(widths[-1], _LEAST_LAST) + _GAP * len(least)


def _shared(widths: Sequence[int], room: int) -> list[int]:
    """Return the widths where the longest columns give way first, but for the last, which has what is left."""
    last = min(widths[-1], _LEAST_LAST)
    most = _WIDEST
    while most > _NARROWEST and sum(min(width, most) + _GAP for width in widths[:-1]) + last > room:
        most -= 1
    shared = [min(width, most) for width in widths[:-1]]
    return [*shared, max(last, room - sum(shared) - _GAP * len(shared))]


def _folded(row: Sequence[str], widths: Sequence[int]) -> list[tuple[str, ...]]:
    """Return the cells of one row in as many lines as it takes."""
    return list(zip_longest(*(fold(cell, width) for cell, width in zip(row, widths, strict=True)), fillvalue=""))
