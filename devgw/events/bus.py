"""From those who decide to those who watch, with a wall between them.

Publishing numbers an event and puts it into the journal: no observer runs there, so none can hold up a request or spoil
what was committed. Observers are called later, in order, each guarded, by the one task that runs `run`.
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace

from devgw.clock import Clock
from devgw.events.event import Event
from devgw.events.fitness import SLOW_NS, Fitness
from devgw.events.guard import Guard
from devgw.events.journal import Journal, Published
from devgw.events.running import EventsLost
from devgw.events.unseen import UNSEEN
from devgw.ids import TraceId
from devgw.limits import Limits

__all__ = ["Bus", "Listener", "Published"]

Listener = Callable[[Published], None]

PAUSE_SECONDS = 0.005
"""Between two rounds of observing: what is published in between is observed in one go."""
_AT_ONCE = 16
"""Events that are observed before requests come in between."""


class Bus:
    """Numbers each event and keeps it until it was observed.

    Attributes:
        seq: the number of the newest event.
        guard: called with by observers who consist of several.
        fitness: who of them was set aside.
        current_trace: tells in which request something is published; the web floor sets it, so that no service need
            carry it.
    """

    def __init__(self, clock: Clock, kept: int = Limits.JOURNAL_EVENTS) -> None:
        self._clock = clock
        self._journal = Journal(kept)
        self._kept = kept
        self._observers: list[tuple[str, Listener]] = []
        self._sleeper: asyncio.Future[None] | None = None
        self._is_observing = False
        self._lost = 0
        self.seq = 0
        self.guard = Guard(clock, self.publish)
        self.fitness = Fitness(clock, self.publish)
        self.current_trace: Callable[[], TraceId | None] = lambda: None

    # --- deciding ---

    def publish(self, event: Event) -> None:
        """Number `event` and keep it for the observers. Call it after the commit of what it tells; it never fails.

        What is told of an `UNSEEN` request is dropped.
        """
        if event.trace_id is None and (trace_id := self.current_trace()) is not None:
            event = replace(event, trace_id=trace_id)
        if event.trace_id == UNSEEN:
            return
        self.seq += 1
        self._journal.add(Published(self.seq, self._clock.now(), event))
        if self._sleeper is not None:
            self._wake()

    def _wake(self) -> None:
        sleeper, self._sleeper = self._sleeper, None
        if sleeper is not None and not sleeper.done():
            sleeper.set_result(None)

    # --- watching ---

    def listen(self, listener: Listener, name: str = "") -> None:
        """Let `listener` observe every event from now on, after those who came before it.

        Args:
            listener: may fail; that is told as `observer_failed` and concerns nobody else. It is called on, since it is
                the only one that does its work; but one that is slow again and again holds up requests, and is not.
            name: what it is called there.
        """
        self._observers.append((name or getattr(listener, "__qualname__", type(listener).__name__), listener))

    async def run(self) -> None:
        """Let the observers see what is published, soon after, until cancelled."""
        while True:
            if not self._journal:
                self._sleeper = asyncio.get_running_loop().create_future()
                await self._sleeper
            seen = self._observe(_AT_ONCE)
            await asyncio.sleep(0 if seen == _AT_ONCE else PAUSE_SECONDS)

    @property
    def is_behind(self) -> bool:
        """Tell whether something is published that the observers have not seen yet."""
        return bool(self._journal)

    def drain(self) -> None:
        """Let the observers see now what was published so far: for whoever looks at once."""
        left = self._kept
        while left > 0 and (seen := self._observe(_AT_ONCE)):
            left -= seen

    def _observe(self, most: int) -> int:
        """Show the oldest events to every observer; return how many they were, 0 where somebody is at it already."""
        if self._is_observing:
            return 0
        self._is_observing = True
        try:
            self.fitness.begin(self._clock.ticks())
            taken = self._journal.take(most)
            for published in taken:
                self._show(published)
        finally:
            self._is_observing = False
        if self._journal.lost != self._lost:
            self._tell_loss()
        return len(taken)

    def _show(self, published: Published) -> None:
        began = self._clock.ticks()
        for observer in self._observers:
            name, listener = observer
            try:
                listener(published)
            except BaseException as error:  # noqa: BLE001  whatever an observer does, the others see the event too
                self.guard.failed(name, published.event.name, error)
            ended = self._clock.ticks()
            if ended - began >= SLOW_NS:
                self._was_slow(observer, began, ended)
            began = ended

    def _was_slow(self, observer: tuple[str, Listener], began: int, ended: int) -> None:
        who = f"observer {observer[0]}"
        self.fitness.note_time(who, began, ended)
        if who in self.fitness.set_aside:
            self._observers = [each for each in self._observers if each is not observer]

    def _tell_loss(self) -> None:
        lost, self._lost = self._journal.lost - self._lost, self._journal.lost
        self.publish(EventsLost(lost=lost, total=self._lost))
