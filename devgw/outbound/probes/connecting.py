"""Whether an upstream could be connected: the way of connecting itself, up to the first step that changes something."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from devgw.clock import Clock
from devgw.config.project import Route, TokenExchange
from devgw.entropy import token
from devgw.events import Bus
from devgw.events.unseen import HEADER
from devgw.gateway.connection import ConnectionStore
from devgw.ids import SubjectId
from devgw.oauth.resource import origin_of
from devgw.oauth.urls import Urls
from devgw.outbound.guard import check_page
from devgw.outbound.probes.asking import Asker
from devgw.outbound.upstream_oauth.discovering import Discovering
from devgw.outbound.upstream_oauth.fetching import Errand, FetchedAnswer, Fetching, errand_for
from devgw.outbound.upstream_oauth.registering import Registering
from devgw.outbound.upstream_oauth.token_requests import Credentials, TokenRequests
from devgw.problems import Refused
from devgw.problems.upstream_token import TokenAnswerUnreadable, TokenRequestRefused
from devgw.settings import Settings

NOBODY = SubjectId("devgw-doctor")
_NO_ENDPOINT = frozenset({"TOK-05", "UPST-13"})


class WouldRegister(Exception):  # noqa: N818  it reads as what happened
    """The next step would register the gateway: as far as can be seen without that, connecting works."""


class Onlooker(Fetching):
    """Asks what connecting asks, and stops where it would change something."""

    def __init__(self, asker: Asker, bus: Bus, seconds: float) -> None:
        super().__init__(asker.clock, bus, seconds=seconds)
        self._asker = asker

    async def ask(
        self,
        errand: Errand,
        purpose: str,
        url: str,
        *,
        document: Any = None,
        headers: Mapping[str, str] | None = None,
        configured: bool = False,
    ) -> FetchedAnswer:
        """Return the answer as `Fetching` does.

        Raises:
            Refused: as `Fetching.ask` does.
            WouldRegister: where the request is a registration.
        """
        if purpose == "registration":  # a GET shows whether anything is there, and registers nobody
            await super().ask(errand, purpose, url, headers=headers, configured=configured)
            raise WouldRegister
        asked = dict(headers or {})
        if self._asker.word and origin_of(url) in self._asker.told:
            asked[HEADER] = self._asker.word
        return await super().ask(errand, purpose, url, document=document, headers=asked, configured=configured)


@dataclass(frozen=True, slots=True)
class ConnectingWay:
    """Where and how an upstream would be connected."""

    issuer: str
    registers: bool
    """Whether the gateway would register itself there first."""


@dataclass(frozen=True, slots=True)
class Ways:
    """How the gateway would connect its upstreams."""

    asker: Asker
    settings: Settings
    urls: Urls
    store: ConnectionStore
    seconds: float

    async def look(self, route: Route) -> ConnectingWay:
        """Walk the way to a route's connection and return where and how it would be made.

        Raises:
            Refused: with what connecting would refuse.
        """
        exchange = route.token_exchange
        assert exchange is not None
        clock: Clock = self.asker.clock
        fetching = Onlooker(self.asker, Bus(clock), self.seconds)
        discovering = Discovering(fetching, self.settings.upstreams)
        errand = await errand_for(route, NOBODY)
        found = await discovering.discover(route, errand, await discovering.probe(route, errand))
        check_page(found.server.authorization_endpoint, local_allowed=errand.local_allowed)
        await self._check_token_endpoint(fetching, errand, found.server.token_endpoint)
        registering = Registering(fetching, self.store, clock, self.settings.upstreams)
        ours = (self.urls.connected(exchange.id), self.urls.client_document(exchange.id))
        try:
            await registering.client_for(exchange, found.server, *ours, errand)
        except WouldRegister:
            return ConnectingWay(found.server.issuer, registers=True)
        return ConnectingWay(found.server.issuer, registers=False)

    async def _check_token_endpoint(self, fetching: Fetching, errand: Errand, endpoint: str) -> None:
        """Ask the token endpoint with a code and a client that nobody has: what is there says no in OAuth's form.

        Raises:
            Refused: where nothing is there, or what is there is no token endpoint, or is out of order.
        """
        if origin_of(endpoint) in self.asker.told:
            return
        requests = TokenRequests(fetching, self.asker.clock)
        asked = {"grant_type": "authorization_code", "code": "no-code", "code_verifier": token("")}
        asked["redirect_uri"] = self.urls.callback
        try:
            await requests.ask(errand, "token", endpoint, Credentials(NOBODY, "none"), asked)
        except Refused as refused:
            is_answer = isinstance(refused.problem, (TokenRequestRefused, TokenAnswerUnreadable))
            if not is_answer or refused.problem.diagnosis_id in _NO_ENDPOINT:
                raise

    def connected(self, exchange: TokenExchange) -> int:
        """Return how many people, or the administrator, have connected this upstream."""
        return len(self.store.connections(exchange.id))
