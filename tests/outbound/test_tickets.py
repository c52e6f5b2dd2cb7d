"""The links by which a person connects an upstream."""

from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from devgw.clock import FrozenClock
from devgw.gateway.connecting import Ticket
from devgw.ids import OperationId, SubjectId, UpstreamServerId
from devgw.oauth.urls import CanonicalUrls, Urls
from devgw.outbound.upstream_oauth.tickets import LIFETIME, Tickets
from devgw.problems import Refused
from devgw.problems.upstream_connection import ConnectLinkInvalid
from devgw.store.connections import SealedConnections
from devgw.store.database import Database
from devgw.store.migrations import MIGRATIONS
from devgw.store.sealing import Sealer, load_key
from tests.outbound.upstream import query_of

TICKET = Ticket(
    SubjectId("anne"), UpstreamServerId("x"), OperationId("op"), "Anne", "http://localhost:9000/oauth/setup"
)


def sealed_store() -> tuple[Sealer, SealedConnections]:
    sealer = Sealer(load_key(None))
    return sealer, SealedConnections(Database(None, MIGRATIONS), sealer)


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()


@pytest.fixture
def tickets(clock: FrozenClock) -> Tickets:
    return Tickets(*sealed_store(), clock, CanonicalUrls(Urls("http://localhost:9000", "/base")))


def sealed(tickets: Tickets) -> str:
    return query_of(tickets.url(TICKET))["browserTicket"]


def why(tickets: Tickets, text: str, upstream: str = "x") -> str:
    with pytest.raises(Refused) as refused:
        tickets.read(text, upstream)
    assert isinstance(refused.value.problem, ConnectLinkInvalid)
    return refused.value.problem.why


def test_a_link_says_what_it_was_made_for_and_shows_nothing(tickets: Tickets) -> None:
    url = tickets.url(TICKET)
    assert urlsplit(url).path == "/base/auth/connections/x/connect"
    assert query_of(url)["redirect"] == "true"
    assert "anne" not in url.lower()
    assert tickets.read(sealed(tickets), "x") == TICKET


def test_a_link_ends(tickets: Tickets, clock: FrozenClock) -> None:
    text = sealed(tickets)
    clock.travel(LIFETIME - timedelta(seconds=1))
    assert tickets.read(text, "x") == TICKET
    clock.travel(timedelta(seconds=1))
    assert "expired at" in why(tickets, text)


def test_a_link_for_one_upstream_opens_no_other(tickets: Tickets) -> None:
    assert why(tickets, sealed(tickets), "y") == "it is for x"


def test_nobody_else_can_make_or_change_one(tickets: Tickets, clock: FrozenClock) -> None:
    text = sealed(tickets)
    other = Tickets(*sealed_store(), clock, CanonicalUrls(Urls("http://localhost:9000")))
    for forged in ("", "x", text[:-3] + "AAA", sealed(other)):
        assert "not made by this gateway" in why(tickets, forged)


def test_a_link_works_once(tickets: Tickets, clock: FrozenClock) -> None:
    text = sealed(tickets)
    tickets.spend(tickets.read(text, "x"))
    assert why(tickets, text) == f"it was used at {clock.now():%H:%M:%S} UTC, and works once"
    tickets.spend(tickets.read(sealed(tickets), "x"))


def test_of_two_that_opened_a_link_at_once_one_goes_on(tickets: Tickets) -> None:
    text = sealed(tickets)
    first, second = tickets.read(text, "x"), tickets.read(text, "x")
    tickets.spend(first)
    with pytest.raises(Refused):
        tickets.spend(second)
