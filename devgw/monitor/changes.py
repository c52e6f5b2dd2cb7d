"""What changed since a reader looked last: collected when it asks, so that a slow reader costs nothing."""

from dataclasses import dataclass, field

from devgw.monitor.row import Row


@dataclass(slots=True)
class Cursor:
    """How far a reader came."""

    seq: int = 0
    traces: int = 0
    """How many traces had come when it looked."""
    lines: int = 0
    """How many lines had come when it looked."""


@dataclass(slots=True)
class RowChanges:
    """Rows that changed, each as it stands now; ids of those that went; detail that is lost."""

    rows: dict[str, list[Row]] = field(default_factory=dict)
    gone: dict[str, list[str]] = field(default_factory=dict)
    missed_traces: int = 0
    missed_lines: int = 0

    @property
    def missed(self) -> int:
        """Return how many traces and lines this reader never gets."""
        return self.missed_traces + self.missed_lines

    @property
    def is_empty(self) -> bool:
        """Tell whether there is nothing to send."""
        return not self.rows and not self.gone and not self.missed
