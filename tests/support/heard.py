"""What a bus told, for tests that look at once: `Heard(bus).events`."""

from devgw.events import Bus, Event, Published


class Heard:
    """An observer that remembers; looking at it lets every observer see what was published so far."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._published: list[Published] = []
        bus.listen(self._published.append, "test")

    @property
    def published(self) -> list[Published]:
        """Return what was published, oldest first; the list is the same each time and grows."""
        self._bus.drain()
        return self._published

    @property
    def events(self) -> list[Event]:
        """Return the events, oldest first."""
        return [each.event for each in self.published]
