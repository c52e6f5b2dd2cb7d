"""The gateway's upstream side against a real upstream, with everything that it tells."""

from dataclasses import dataclass, field, replace
from typing import Any

import httpx2

from devgw.clock import FrozenClock
from devgw.config.project import Route, TokenExchange
from devgw.events import Bus, Event
from devgw.gateway.completion import Completion
from devgw.gateway.connecting import Begun, Finished, Ticket
from devgw.gateway.upstream import Admitted, UpstreamCredential
from devgw.ids import ClientId, GrantId, OperationId, SubjectId, TokenId, UpstreamServerId
from devgw.outbound.upstream_oauth.building import UpstreamSide, build_upstream_side
from devgw.problems import Problem, Refused
from devgw.problems.upstream import ConnectRequired
from devgw.settings import Settings, UpstreamSettings
from devgw.store.connections import SealedConnections
from devgw.store.database import Database
from devgw.store.migrations import MIGRATIONS
from devgw.store.sealing import Sealer, load_key
from tests.outbound.upstream import Upstream, query_of
from tests.support.heard import Heard

ORIGIN = "http://localhost:9000"
ANNE, BEN = SubjectId("anne"), SubjectId("ben")


def admitted(subject: SubjectId = ANNE) -> Admitted:
    return Admitted(
        TokenId("at:1"), GrantId("g"), ClientId("c"), "Client", subject, "r", "mcp:tools", FrozenClock().now()
    )


@dataclass
class Bench:
    """One upstream side, over one database."""

    upstream: Upstream
    exchange: TokenExchange = field(
        default_factory=lambda: TokenExchange("mcp-token-exchange-x", UpstreamServerId("x"), "Linear")
    )
    upstreams: dict[str, UpstreamSettings] = field(default_factory=dict)
    origin: str = ORIGIN
    clock: FrozenClock = field(default_factory=FrozenClock)
    database: Database = field(default_factory=lambda: Database(None, MIGRATIONS))
    key: bytes = field(default_factory=lambda: load_key(None))

    def __post_init__(self) -> None:
        bus = Bus(self.clock)
        self._heard = Heard(bus)
        sealer = Sealer(self.key)
        self.store = SealedConnections(self.database, sealer)
        settings = Settings(origin=self.origin, upstreams=self.upstreams)
        self.completion = Completion()
        self.side: UpstreamSide = build_upstream_side(
            settings, self.store, sealer, self.clock, bus, seconds=3, completion=self.completion
        )
        self.oauth = self.side.oauth

    def restarted(self, **changes: Any) -> "Bench":
        """Return a new process over the same database."""
        return replace(self, **changes)

    @property
    def route(self) -> Route:
        url = self.upstream.origin + self.upstream.mcp_path
        return Route("/mcp/x", OperationId("op"), "X", url, token_exchange=self.exchange)

    @property
    def events(self) -> list[Event]:
        return self._heard.events

    def names(self) -> list[str]:
        return [event.name for event in self.events if event.name != "mcp_auth_upstream_answered"]

    async def begin(self, subject: SubjectId = ANNE, **more: Any) -> Begun:
        ticket = Ticket(subject, self.exchange.id, self.route.operation_id)
        return await self.oauth.begin(self.route, ticket, **more)

    async def authorized(self, begun: Begun) -> dict[str, str]:
        """Go where the browser goes; return the callback's query."""
        async with httpx2.AsyncClient() as browser:
            answer = await browser.get(begun.url)
        assert answer.status_code == 302, answer.text
        return query_of(answer.headers["location"])

    async def connect(self, subject: SubjectId = ANNE, **more: Any) -> Finished:
        begun = await self.begin(subject, **more)
        return await self.oauth.finish(self.route, await self.authorized(begun), [begun.cookie])

    async def token(self, subject: SubjectId = ANNE) -> str:
        return shown(await self.oauth.obtain(self.route, admitted(subject), ORIGIN))

    async def renewed(self, challenge: str = "", rejected: str | None = None, subject: SubjectId = ANNE) -> str:
        old = rejected and UpstreamCredential(((b"authorization", f"Bearer {rejected}".encode()),))
        return shown(await self.oauth.renew(self.route, admitted(subject), ORIGIN, challenge, old or None))


def shown(credential: UpstreamCredential) -> str:
    ((name, value),) = credential.headers
    assert name == b"authorization"
    return value.decode().removeprefix("Bearer ")


async def refusal(awaitable: Any) -> Problem:
    """Return why something was refused."""
    try:
        await awaitable
    except Refused as refused:
        return refused.problem
    raise AssertionError("it was not refused")


async def connect_required(awaitable: Any) -> ConnectRequired:
    """Return the problem that sends a person to the browser."""
    problem = await refusal(awaitable)
    assert isinstance(problem, ConnectRequired), problem
    return problem
