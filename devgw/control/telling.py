"""Messages with rows as lines; a row that cannot be written is replaced, and the others go."""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from devgw.control.codec import row_to_line, to_line
from devgw.control.messages import Events, Snapshot
from devgw.events.guard import Guard
from devgw.monitor.stand_in import sendable

M = TypeVar("M", Snapshot, Events)


def rows_to_line(message: M, guard: Guard, hide: Callable[[str], str]) -> bytes:
    """Return `message` as one line, whatever its rows hold; `hide` takes out of it what nobody may see."""
    try:
        return to_line(message, hide)
    except Exception as error:  # noqa: BLE001  too deep, too odd: one bad row never spoils a list
        guard.failed("control", "rows", error)
        return to_line(replace(message, rows=sendable(message.rows, row_to_line)), hide)
