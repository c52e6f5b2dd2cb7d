"""What a rule is given: one flow, its requests and events, and what surrounds it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from devgw.diagnosis.surroundings import KnownClient, Surroundings
from devgw.events import Event, Published, Trace
from devgw.events.flow import Flow

E = TypeVar("E", bound=Event)


@dataclass(frozen=True, slots=True)
class View:
    """One flow as rules see it. Everything is in order of time, oldest first."""

    flow: Flow
    traces: tuple[Trace, ...]
    events: tuple[Published, ...]
    around: Surroundings

    @classmethod
    def of(cls, flow: Flow, traces: Iterable[Trace], around: Surroundings) -> "View":
        """Return the view of `flow` with its requests and with the events that `around` remembers of it."""
        return cls(flow, tuple(traces), tuple(around.events_of(flow)), around)

    @property
    def client(self) -> KnownClient | None:
        """Return what is known of the flow's client."""
        return self.around.clients.get(self.flow.client_id) if self.flow.client_id else None

    @property
    def who(self) -> str:
        """Return what to call the client in a sentence."""
        return self.flow.client_name or self.flow.user_agent.split("/")[0] or "the client"

    def of_kind(self, kind: type[E]) -> Iterator[tuple[datetime, E]]:
        """Yield the events of one kind with their moments."""
        return ((each.at, each.event) for each in self.events if isinstance(each.event, kind))

    def last(self, kind: type[E]) -> tuple[datetime, E] | None:
        """Return the newest event of a kind with its moment."""
        return max(self.of_kind(kind), key=lambda pair: pair[0], default=None)

    def seen_after(self, kind: type[Event], moment: datetime) -> bool:
        """Tell whether an event of this kind came at `moment` or later."""
        return any(at >= moment for at, _ in self.of_kind(kind))

    def quiet_for(self, now: datetime) -> timedelta:
        """Return for how long nothing was seen of this flow."""
        return now - (self.flow.last_at or self.flow.started_at)
