"""Watches the gateway's process: when it ends by itself, its last words are shown and one key starts it again."""

import signal

from devgw.dashboard.acts.running import show_last_words
from devgw.dashboard.child import GatewayChild
from devgw.dashboard.desk import Desk


class ChildWatch:
    """Notices an end once."""

    def __init__(self, desk: Desk, child: GatewayChild | None) -> None:
        self._desk, self._child = desk, child
        self._told: int | None = None

    def look(self) -> bool:
        """Return whether the gateway ended since the last look, and put its last words on the desk."""
        child = self._child
        if child is None or child.ended is None or self._told == child.pid:
            return False
        self._told = child.pid
        show_last_words(self._desk, f"The gateway ended ({how(child.ended)})")
        return True


def how(status: int) -> str:
    """Return in words how a process ended."""
    if status >= 0:
        return f"exit status {status}"
    try:
        return f"by {signal.Signals(-status).name}"
    except ValueError:
        return f"by signal {-status}"
