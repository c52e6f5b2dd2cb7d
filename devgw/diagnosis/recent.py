"""What happened lately, found by what rules ask for, so that none of them has to look at all of it."""

from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from devgw.diagnosis.exchange import (
    is_authorize,
    is_registration,
    is_resource_metadata,
    is_server_metadata,
    is_token,
    query,
    registration_shape,
)
from devgw.events import Event, Published, Trace
from devgw.ids import TraceId

T = TypeVar("T")
E = TypeVar("E", bound=Event)
Key = object
"""An id, a type, or a tuple that says what kind of shelf it is."""


class Shelves(Generic[T]):
    """Things in order of time on shelves by key; what goes is always the oldest."""

    def __init__(self) -> None:
        self._shelves: dict[Key, deque[T]] = {}

    def add(self, keys: Iterable[Key], thing: T) -> None:
        """Put `thing` behind what stands there."""
        for key in keys:
            self._shelves.setdefault(key, deque()).append(thing)

    def forget(self, keys: Iterable[Key]) -> None:
        """Take the oldest thing away from each shelf."""
        for key in keys:
            shelf = self._shelves[key]
            shelf.popleft()
            if not shelf:
                del self._shelves[key]

    def on(self, key: Key) -> Iterator[T]:
        """Yield what stands there, the newest first."""
        return reversed(self._shelves.get(key, ()))


class RecentEvents:
    """The latest events, by request, login and grant, and by kind."""

    def __init__(self, kept: int) -> None:
        self._kept = kept
        self._events: deque[Published] = deque()
        self._shelves: Shelves[Published] = Shelves()

    def add(self, published: Published) -> None:
        """Remember one event; the oldest goes where there is no more room."""
        if len(self._events) == self._kept:
            self._shelves.forget(_places(self._events.popleft().event))
        self._events.append(published)
        self._shelves.add(_places(published.event), published)

    def about(self, keys: Iterable[Key]) -> list[Published]:
        """Return the events of these requests, logins and grants (by their ids), oldest first."""
        found = {each.seq: each for key in keys for each in self._shelves.on(key)}
        return [found[seq] for seq in sorted(found)]

    def of_kind(self, kind: type[E]) -> Iterator[tuple[datetime, E]]:
        """Yield the events of exactly this kind with their moments, the newest first."""
        return ((each.at, each.event) for each in self._shelves.on(kind) if isinstance(each.event, kind))


def _places(event: Event) -> list[Key]:
    """Return under what an event is found."""
    ids = (event.trace_id, event.transaction_id, event.grant_id)
    return [type(event), *dict.fromkeys(each for each in ids if each)]


@dataclass(frozen=True, slots=True)
class Registration:
    """A registration, and its shape: name and redirect URIs without their ports."""

    trace: Trace
    shape: tuple[str, ...]


class RecentRequests:
    """The latest requests that are no MCP calls, by who asked and for what."""

    def __init__(self, kept: int) -> None:
        self._kept = kept
        self._traces: OrderedDict[TraceId, tuple[Trace, list[Key], list[Key]]] = OrderedDict()
        self._shelves: Shelves[Trace] = Shelves()
        self._registrations: Shelves[Registration] = Shelves()

    def __iter__(self) -> Iterator[Trace]:
        """Yield all of them, oldest first."""
        return (trace for trace, _, _ in self._traces.values())

    def add(self, trace: Trace) -> None:
        """Remember one request; the oldest goes where there is no more room."""
        if len(self._traces) == self._kept:
            _, keys, shapes = self._traces.popitem(last=False)[1]
            self._shelves.forget(keys)
            self._registrations.forget(shapes)
        keys, shape = _shelves_of(trace), registration_shape(trace) if _is_registration(trace) else None
        shapes = ["all", shape] if shape is not None else []
        self._traces[trace.id] = trace, keys, shapes
        self._shelves.add(keys, trace)
        if shape is not None:
            self._registrations.add(shapes, Registration(trace, shape))

    def on_the_way(self, user_agent: str) -> Iterator[Trace]:
        """Yield what the program with this user agent asked on its way to a token, the newest first."""
        return self._shelves.on(("way", user_agent))

    def authorizations(self, client_id: str = "") -> Iterator[Trace]:
        """Yield the authorization requests, of one client where one is named, the newest first."""
        return self._shelves.on(("authorize", client_id))

    def registrations(self, shape: tuple[str, ...] | None = None) -> Iterator[Registration]:
        """Yield the registrations, of one shape where one is given, the newest first."""
        return self._registrations.on("all" if shape is None else shape)


def _is_registration(trace: Trace) -> bool:
    return is_registration(trace) or trace.asked == "register"


def asking_client(trace: Trace) -> str:
    """Return the id of the client whose authorization request this is."""
    return trace.client_id or query(trace).get("client_id", "")


def _shelves_of(trace: Trace) -> list[Key]:
    """Return under what a request is found."""
    if is_authorize(trace):
        return [*dict.fromkeys([("authorize", ""), ("authorize", asking_client(trace))])]
    is_metadata = is_resource_metadata(trace) or is_server_metadata(trace)
    return [("way", trace.user_agent)] if is_metadata or is_token(trace) or is_registration(trace) else []
