"""From those who publish to those who listen, in order, on the loop's own thread."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from devgw.clock import Clock
from devgw.events.event import Event
from devgw.ids import TraceId

Listener = Callable[["Published"], None]


@dataclass(frozen=True, slots=True)
class Published:
    """An event with its place in the order of things."""

    seq: int
    at: datetime
    event: Event


class Bus:
    """Numbers each event and hands it to every listener, synchronously. Listeners must be quick and never raise."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._listeners: list[Listener] = []
        self.seq = 0
        self.current_trace: Callable[[], TraceId | None] = lambda: None
        """Tells in which request something is published; the web floor sets it, so that no service need carry it."""

    def listen(self, listener: Listener) -> None:
        """Hand every later event to `listener`, after those who came before it."""
        self._listeners.append(listener)

    def publish(self, event: Event) -> None:
        """Number `event` and hand it on. Call it after the commit of what it tells."""
        self.seq += 1
        if event.trace_id is None and (trace_id := self.current_trace()) is not None:
            event = replace(event, trace_id=trace_id)
        published = Published(self.seq, self._clock.now(), event)
        for listener in self._listeners:
            listener(published)
