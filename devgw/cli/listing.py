"""What the commands share that list one kind of what the gateway knows, or show one of it by its id."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from devgw.cli.joining import opened, run, state_dir_of
from devgw.cli.printing import write_json, write_line
from devgw.cli.tables import write_table
from devgw.clock import wall_time
from devgw.control.client import snapshot_once
from devgw.control.messages import KINDS
from devgw.limits import Limits
from devgw.monitor.row import Row

R = TypeVar("R", bound=Row)
_NAME = 16
"""Cells of a member's name where one row is shown."""


@dataclass(frozen=True, slots=True)
class CliListing(Generic[R]):
    """How one kind is listed."""

    kind: str
    heads: Sequence[str]
    cells: Callable[[R, float], list[str]]
    """One line of the table, at a moment of the gateway's clock."""
    order: Callable[[R], Any]
    empty: str
    spare: Sequence[str] = ()
    """Columns that may be left out, the first of them first."""

    def tell(self, directory: Path, id_: str | None, *, as_json: bool) -> None:
        """Print all of the kind, or one of it."""
        state_dir = state_dir_of(directory)
        if id_ is not None:
            detail = opened(state_dir, self.kind, id_)
            write_json(detail) if as_json else _show(detail)
            return
        found = run(snapshot_once(state_dir, [self.kind]))
        rows: list[Any] = sorted(found.of(self.kind, KINDS[self.kind]), key=self.order)
        if as_json:
            for row in rows:
                write_json(row)
            return
        write_table(self.heads, [self.cells(row, found.now) for row in rows], self.empty, self.spare)
        if len(rows) >= Limits.LISTED_ROWS:
            write_line(f"These are the newest {Limits.LISTED_ROWS:,}.", err=True)


def _show(detail: dict[str, Any]) -> None:
    for name, value in detail.get("row", detail).items():
        shown = ", ".join(map(str, value)) if isinstance(value, list) else value
        write_line(f"{name:<{_NAME}}{shown}")


def clock_time(seconds: float) -> str:
    """Return a moment as a clock on the wall shows it; nothing for none."""
    return f"{wall_time(seconds):%H:%M:%S}" if seconds else ""
