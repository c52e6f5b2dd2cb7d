"""Messages with rows as lines; a row that cannot be written is replaced, and the others go."""

from dataclasses import replace
from typing import TypeVar

from devgw.control.codec import row_to_line, to_text
from devgw.control.messages import Events, Snapshot
from devgw.events.guard import Guard
from devgw.monitor.stand_in import sendable

M = TypeVar("M", Snapshot, Events)


def rows_to_text(message: M, guard: Guard) -> str:
    """Return `message` as one line of text, whatever its rows hold."""
    try:
        return to_text(message)
    except Exception as error:  # noqa: BLE001  too deep, too odd: one bad row never spoils a list
        guard.failed("control", "rows", error)
        return to_text(replace(message, rows=sendable(message.rows, row_to_line)))
