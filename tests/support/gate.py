"""A front with a real admission over a store in memory, one token, one upstream: `async with gate(url) as gateway:`."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from hypercorn.config import Config

from devgw.clock import Clock, SystemClock
from devgw.config.project import Project, Route
from devgw.entropy import digest, fingerprint, token
from devgw.events import Bus, Event, Published, Trace
from devgw.events.taxonomy import HttpExchanged
from devgw.gateway.admission import Admission
from devgw.gateway.bearer import BearerAdmission
from devgw.gateway.live_tokens import LiveTokens
from devgw.gateway.records import AccessToken, Grant
from devgw.gateway.transport import TransportSettings
from devgw.gateway.upstream import NoCredentials, UpstreamCredentials
from devgw.ids import ClientId, GrantId, OperationId, SubjectId, TokenId
from devgw.outbound.proxy import ProxyClient
from devgw.settings import ProxySettings, Settings
from devgw.store.database import Database
from devgw.store.migrations import MIGRATIONS
from devgw.store.records import RecordStore
from devgw.web.front import Front
from tests.support.heard import Heard
from tests.support.serving import listen, origin_of, serve

PATH = "/mcp/sample"


def route(upstream_url: str, **more: Any) -> Route:
    """Return a protected route in front of `upstream_url`."""
    known: dict[str, Any] = {
        "path": PATH,
        "operation_id": OperationId("sample"),
        "summary": "Sample",
        "upstream_url": upstream_url,
    }
    return Route(**(known | more))


@dataclass
class Generation:
    """What a front serves."""

    project: Project
    admission: Admission
    credentials: UpstreamCredentials = field(default_factory=NoCredentials)


@dataclass
class Gate:
    """A running front, and what it published."""

    origin: str
    front: Front
    token: str
    settings: Settings
    live: LiveTokens
    heard: Heard
    generation: Generation
    exchanged: asyncio.Event
    """Set when an exchange is over."""
    clock: Clock

    @property
    def url(self) -> str:
        """Return the URL of the MCP route."""
        return self.origin + PATH

    @property
    def bearer(self) -> dict[str, str]:
        """Return the header that opens the route."""
        return {"Authorization": f"Bearer {self.token}"}

    def bearer_of(self, who: str) -> dict[str, str]:
        """Return the header that opens the route for another subject."""
        secret = let_in(self.live, self.clock, self.generation.project.routes[0], self.origin, who)
        return {"Authorization": f"Bearer {secret}"}

    @property
    def events(self) -> list[Event]:
        """Return what was published so far."""
        return self.heard.events

    @property
    def traces(self) -> list[Trace]:
        """Return the records of the exchanges that are over, oldest first."""
        return [event.trace for event in self.events if isinstance(event, HttpExchanged)]

    def names(self) -> list[str]:
        """Return the names of the events so far."""
        return [event.name for event in self.events]


async def no_pages(scope: Any, receive: Any, send: Any) -> None:
    """Answer 404 to whatever is no MCP route, and take part in the lifespan."""
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return
    await send({"type": "http.response.start", "status": 404, "headers": [(b"x-path", scope["path"].encode())]})
    await send({"type": "http.response.body", "body": b"no page"})


def let_in(live: LiveTokens, clock: Clock, place: Route, origin: str, who: str = "1") -> str:
    """Issue an access token for `place` to the subject `user_{who}`, and return it."""
    secret, now = token("at_"), clock.now()
    grant = Grant(
        id=GrantId(f"g-{who}"),
        client_id=ClientId("dcr:1"),
        client_name="Test client",
        subject_id=SubjectId(f"user_{who}"),
        session_id=None,
        email="ada@example.com",
        operation_id=place.operation_id,
        resource=origin + place.path,
        scope="mcp:tools",
        issuer=origin,
        created_at=now,
        expires_at=now + timedelta(days=30),
    )
    kept = AccessToken(
        id=TokenId(f"at:{fingerprint(secret)}"),
        digest=digest(secret),
        grant_id=grant.id,
        issued_at=now,
        expires_at=now + timedelta(minutes=15),
    )
    live.add(kept, grant)
    return secret


@asynccontextmanager
async def gate(
    upstream_url: str,
    *,
    clock: Clock | None = None,
    credentials: UpstreamCredentials | None = None,
    settings: Settings | None = None,
    stateful: bool = False,
    timeouts: TransportSettings | None = None,
    pages: Any = no_pages,
    **more: Any,
) -> AsyncIterator[Gate]:
    """Serve a front whose one route leads to `upstream_url`; `more` are fields of the route."""
    clock = clock or SystemClock()
    listener = listen()
    origin = origin_of(listener)
    settings = replace(
        settings or Settings(proxy=ProxySettings(stateful=stateful)), port=int(origin.rpartition(":")[2])
    )
    bus = Bus(clock)
    heard = Heard(bus)
    exchanged = asyncio.Event()

    def hear(published: Published) -> None:
        if isinstance(published.event, HttpExchanged):
            exchanged.set()

    bus.listen(hear)
    place = route(upstream_url, **more)
    store = RecordStore(Database(None, MIGRATIONS))
    live = LiveTokens(store, clock)
    project = Project(root=Path(), oauth=None, routes=(place,))
    generation = Generation(project, BearerAdmission(project, live, store, bus, clock), credentials or NoCredentials())
    client = ProxyClient(clock, timeouts)
    front = Front(settings=settings, clock=clock, bus=bus, pages=pages, client=client)
    front.serve(generation)
    secret = let_in(live, clock, place, origin)
    config = Config()
    config.include_date_header = config.include_server_header = False  # as `web.listening` has it
    async with asyncio.TaskGroup() as tasks, serve(front, on=listener, config=config):
        watching = tasks.create_task(bus.run())
        # The probe of `serve` is no request; what it may have left is not of interest.
        heard.published.clear()
        exchanged.clear()
        try:
            yield Gate(origin, front, secret, settings, live, heard, generation, exchanged, clock)
        finally:
            watching.cancel()
    client.close()
