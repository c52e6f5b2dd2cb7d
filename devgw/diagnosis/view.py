"""What a rule is given: one flow, its requests and events, and what surrounds it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import TypeVar

from devgw.diagnosis.clients.recognise import Traits, name_for
from devgw.diagnosis.exchange import error_code
from devgw.diagnosis.surroundings import KnownClient, Surroundings
from devgw.events import Event, Published, Trace
from devgw.events.flow import Flow
from devgw.events.taxonomy import Outcome, WatchedStepTaken

E = TypeVar("E", bound=Event)


@dataclass(frozen=True)
class SeenFlow:
    """One flow as rules see it. Everything is in order of time, oldest first; what several rules ask is found once."""

    flow: Flow
    traces: tuple[Trace, ...]
    events: tuple[Published, ...]
    around: Surroundings

    @classmethod
    def of(cls, flow: Flow, traces: Iterable[Trace], around: Surroundings) -> "SeenFlow":
        """Return the view of `flow` with its requests and with the events that `around` remembers of it."""
        return cls(flow, tuple(traces), tuple(around.events_of(flow)), around)

    @property
    def client(self) -> KnownClient | None:
        """Return what is known of the flow's client."""
        return self.around.clients.get(self.flow.client_id) if self.flow.client_id else None

    @property
    def who(self) -> str:
        """Return what to call the client in a sentence."""
        return name_for(self.traits) or "the client"

    @property
    def traits(self) -> Traits:
        """Return what was seen of the flow's client."""
        flow, known = self.flow, self.client
        uris = known.redirect_uris if known else tuple(filter(None, [flow.redirect_uri]))
        return Traits(flow.client_id or "", uris, flow.client_name or "", flow.user_agent, flow.client_info)

    def of_kind(self, kind: type[E]) -> Iterator[tuple[datetime, E]]:
        """Yield the events of one kind with their moments."""
        return ((each.at, each.event) for each in self.events if isinstance(each.event, kind))

    def last(self, kind: type[E]) -> tuple[datetime, E] | None:
        """Return the newest event of a kind with its moment."""
        return max(self.of_kind(kind), key=lambda pair: pair[0], default=None)

    def seen_after(self, kind: type[Event], moment: datetime) -> bool:
        """Tell whether an event of this kind came at `moment` or later."""
        return any(at >= moment for at, _ in self.of_kind(kind))

    @cached_property
    def last_good_call(self) -> datetime | None:
        """Return when an MCP call was last answered well: with a token, or on a route for everybody."""
        good = (each for each in self.traces if each.kind == "mcp" and each.method != "OPTIONS")
        return max((each.started_at for each in good if each.status < 400 and each.problem is None), default=None)

    @cached_property
    def last_successes(self) -> dict[type[Event], datetime]:
        """Return when an event of each kind came last that tells a success."""
        return {type(each.event): each.at for each in self.events if each.event.outcome == "success"}

    @cached_property
    def last_steps(self) -> dict[str, datetime]:
        """Return when each step was last taken at a server that is only watched."""
        taken = self.of_kind(WatchedStepTaken)
        return {each.step: at for at, each in taken if each.outcome not in {Outcome.DENIED, Outcome.FAILURE}}

    @cached_property
    def last_worked(self) -> dict[str, datetime]:
        """Return when a message to each MCP path (without a slash at its end) was last answered well."""
        found: dict[str, datetime] = {}
        for each in self.traces:
            is_good = each.kind == "mcp" and each.method == "POST" and each.status in (200, 202)
            if is_good and each.problem is None and error_code(each) is None:
                path = each.path.rstrip("/")
                found[path] = max(found.get(path, each.started_at), each.started_at)
        return found

    @cached_property
    def last_asked(self) -> dict[str, datetime]:
        """Return when each path was asked last otherwise than by a preflight."""
        found: dict[str, datetime] = {}
        for each in self.traces:
            if each.method != "OPTIONS":
                found[each.path] = max(found.get(each.path, each.started_at), each.started_at)
        return found

    def quiet_for(self, now: datetime) -> timedelta:
        """Return for how long nothing was seen of this flow."""
        return now - (self.flow.last_at or self.flow.started_at)
